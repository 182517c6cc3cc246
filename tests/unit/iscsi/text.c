/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/iscsi/text.c: pairs, numbers and binary values, and what must be refused. */
#include "iscsi/text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(literal) (literal), sizeof(literal) - 1

static struct raceway_text text_of(const char *data, size_t bytes)
{
	struct raceway_text text = { .limit = 65536 };

	raceway_text_append(&text, data, bytes);
	return text;
}

Test(text, pairs)
{
	struct raceway_text text = text_of(TEXT("A=1\0Key=a=b\0Empty=\0\0\0"));
	struct raceway_pair pairs[4];
	size_t count = 0;

	cr_assert_eq(raceway_text_pairs(&text, pairs, 4, &count), 0);
	cr_assert_eq(count, 3);
	cr_expect_str_eq(pairs[0].key, "A");
	cr_expect_str_eq(pairs[0].value, "1");
	cr_expect_str_eq(pairs[1].key, "Key");
	cr_expect_str_eq(pairs[1].value, "a=b");
	cr_expect_str_eq(pairs[2].key, "Empty");
	cr_expect_str_eq(pairs[2].value, "");
	raceway_text_free(&text);
}

Test(text, no_pairs)
{
	struct raceway_text text = text_of("", 0);
	size_t count = 9;

	cr_expect_eq(raceway_text_pairs(&text, NULL, 0, &count), 0);
	cr_expect_eq(count, 0);
}

Test(text, bad_pairs)
{
	static const struct {
		char data[80];
		size_t bytes;
		int result;
	} cases[] = {
		{ TEXT("A=1"), -EINVAL },
		{ TEXT("A=1\0B"), -EINVAL },
		{ TEXT("A\0"), -EINVAL },
		{ TEXT("=1\0"), -EINVAL },
		{ TEXT("A=1\0B=2\0C=3\0"), -E2BIG },
		/* A key of 63 characters is the longest. */
		{ TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1\0"),
		  -EINVAL },
		{ TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1\0"), 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct raceway_text text = text_of(cases[i].data, cases[i].bytes);
		struct raceway_pair pairs[2];
		size_t count = 9;

		cr_expect_eq(raceway_text_pairs(&text, pairs, 2, &count), cases[i].result,
			     "case %zu", i);
		cr_expect_eq(count, cases[i].result ? 9 : 1, "case %zu", i);
		raceway_text_free(&text);
	}
}

Test(text, numbers)
{
	static const struct {
		const char text[24];
		int result;
		uint32_t value;
	} cases[] = {
		{ "0", 0, 0 },
		{ "262144", 0, 262144 },
		{ "4294967295", 0, 0xffffffff },
		{ .text = "4294967296", .result = -EINVAL },
		{ "0x40000", 0, 0x40000 },
		{ "0Xff", 0, 255 },
		{ "0xFF", 0, 255 },
		{ "0xffffffff", 0, 0xffffffff },
		{ .text = "0x100000000", .result = -EINVAL },
		{ .text = "", .result = -EINVAL },
		{ .text = "0x", .result = -EINVAL },
		{ .text = "1a", .result = -EINVAL },
		{ .text = "-1", .result = -EINVAL },
		{ .text = "+1", .result = -EINVAL },
		{ .text = " 1", .result = -EINVAL },
		{ .text = "1 ", .result = -EINVAL },
		{ .text = "0x1g", .result = -EINVAL },
		{ .text = "99999999999999999999", .result = -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t value = 77;

		cr_expect_eq(raceway_text_number(cases[i].text, &value), cases[i].result, "\"%s\"",
			     cases[i].text);
		cr_expect_eq(value, cases[i].result ? 77 : cases[i].value, "\"%s\"", cases[i].text);
	}
}

Test(text, booleans)
{
	bool yes = false;

	cr_expect_eq(raceway_text_boolean("Yes", &yes), 0);
	cr_expect(yes);
	cr_expect_eq(raceway_text_boolean("yes", &yes), -EINVAL);
	cr_expect_eq(raceway_text_boolean("Yes ", &yes), -EINVAL);
	cr_expect_eq(raceway_text_boolean("", &yes), -EINVAL);
	cr_expect(yes);
	cr_expect_eq(raceway_text_boolean("No", &yes), 0);
	cr_expect_not(yes);
}

Test(text, binary)
{
	static const struct {
		const char text[24];
		int result;
		uint8_t value[8];
		size_t bytes;
	} cases[] = {
		{ "0x00ff10", 0, { 0x00, 0xff, 0x10 }, 3 },
		{ "0XAbCd", 0, { 0xab, 0xcd }, 2 },
		{ "0bAP8Q", 0, { 0x00, 0xff, 0x10 }, 3 },
		{ "0bq80=", 0, { 0xab, 0xcd }, 2 },
		{ "0Bqw==", 0, { 0xab }, 1 },
		{ "0b+/+/", 0, { 0xfb, 0xff, 0xbf }, 3 },
		{ "0x0102030405060708", 0, { 1, 2, 3, 4, 5, 6, 7, 8 }, 8 },
		{ .text = "0x010203040506070809", .result = -E2BIG },
		{ .text = "0bAQIDBAUGBwgJ", .result = -E2BIG },
		{ .text = "0x", .result = -EINVAL },
		{ .text = "0x123", .result = -EINVAL },
		{ .text = "0x1g", .result = -EINVAL },
		{ .text = "0b", .result = -EINVAL },
		{ .text = "0bAP8", .result = -EINVAL },
		{ .text = "0bA===", .result = -EINVAL },
		{ .text = "0bA=8Q", .result = -EINVAL },
		{ .text = "0b====", .result = -EINVAL },
		{ .text = "0bAP8 ", .result = -EINVAL },
		{ .text = "00ff10", .result = -EINVAL },
		{ .text = "", .result = -EINVAL },
		{ .text = "0", .result = -EINVAL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t value[8] = { 0 };
		size_t bytes = 99;

		cr_expect_eq(raceway_text_binary(cases[i].text, value, sizeof(value), &bytes),
			     cases[i].result, "\"%s\"", cases[i].text);
		cr_expect_eq(bytes, cases[i].result ? 99 : cases[i].bytes, "\"%s\"", cases[i].text);
		if (!cases[i].result)
			cr_expect_arr_eq(value, cases[i].value, cases[i].bytes, "\"%s\"",
					 cases[i].text);
	}
}

Test(text, lists)
{
	const char *list = "one,,two,three", *item;
	size_t length;

	length = raceway_text_item(&list, &item);
	cr_expect(raceway_text_is(item, length, "one"));
	cr_expect_not(raceway_text_is(item, length, "on"));
	cr_expect_not(raceway_text_is(item, length, "ones"));
	length = raceway_text_item(&list, &item);
	cr_expect(raceway_text_is(item, length, "two"));
	length = raceway_text_item(&list, &item);
	cr_expect(raceway_text_is(item, length, "three"));
	cr_expect_eq(raceway_text_item(&list, &item), 0);
}

Test(text, writes)
{
	static const uint8_t bytes[] = { 0x00, 0x9f, 0xff };
	struct raceway_text text = { .limit = 1000 };

	raceway_text_add(&text, "Key", "value");
	raceway_text_add_number(&text, "N", 4294967295U);
	raceway_text_add_hex(&text, "X", bytes, sizeof(bytes));
	cr_expect_not(text.failed);
	cr_assert_eq(text.bytes, sizeof("Key=value\0N=4294967295\0X=0x009fff"));
	cr_expect_arr_eq(text.data, "Key=value\0N=4294967295\0X=0x009fff", text.bytes);
	raceway_text_free(&text);
}

Test(text, limit)
{
	struct raceway_text text = { .limit = 8 };

	raceway_text_add(&text, "A", "12345");
	cr_expect_not(text.failed);
	raceway_text_add(&text, "A", "");
	cr_expect(text.failed);
	cr_expect_eq(text.bytes, 8);
	raceway_text_clear(&text);
	cr_expect_not(text.failed);
	raceway_text_append(&text, "123456789", 9);
	cr_expect(text.failed);
	/* Once something is missing nothing follows it. */
	raceway_text_append(&text, "1", 1);
	cr_expect_eq(text.bytes, 0);
	raceway_text_free(&text);
}
