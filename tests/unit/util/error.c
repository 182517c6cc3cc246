/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/util/error.c: the first error wins, statuses by fault, and nothing in a message that
 * could break a line or a JSON string. */
#include "util/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(error, set_and_format)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	char buf[512];

	cr_expect_eq(raceway_error_set(&err, RACEWAY_FAULT_INVALID, "vnic web1/eth0", "rx-cir",
				       "rx-cir %s is above rx-pir %s", "2gbit", "1gbit"),
		     -EINVAL);
	cr_expect_eq(err.fault, RACEWAY_FAULT_INVALID);
	cr_expect_str_eq(err.object, "vnic web1/eth0");
	cr_expect_str_eq(err.field, "rx-cir");
	cr_expect_str_eq(err.message, "rx-cir 2gbit is above rx-pir 1gbit");
	cr_expect_str_eq(raceway_error_format(&err, buf, sizeof(buf)),
			 "vnic web1/eth0: rx-cir 2gbit is above rx-pir 1gbit");
}

Test(error, first_wins)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	raceway_error_set(&err, RACEWAY_FAULT_CANNOT, "a", "b", "first");
	cr_expect_eq(raceway_error_set(&err, RACEWAY_FAULT_NOT_FOUND, "c", "d", "second"), -ENOENT);
	cr_expect_eq(err.fault, RACEWAY_FAULT_CANNOT);
	cr_expect_str_eq(err.object, "a");
	cr_expect_str_eq(err.field, "b");
	cr_expect_str_eq(err.message, "first");
}

Test(error, null_parts)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	char buf[512];

	cr_expect_eq(raceway_error_set(NULL, RACEWAY_FAULT_SYSTEM, NULL, NULL, "x"), -EIO);
	cr_expect_eq(raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, NULL, NULL, "no space"), -EIO);
	cr_expect_str_eq(raceway_error_format(&err, buf, sizeof(buf)), "no space");
}

Test(error, statuses)
{
	static const struct {
		enum raceway_fault fault;
		int error, exit_status;
		unsigned int http_status;
	} cases[] = {
		{ RACEWAY_FAULT_SYNTAX, -EINVAL, 2, 400 },
		{ RACEWAY_FAULT_INVALID, -EINVAL, 1, 409 },
		{ RACEWAY_FAULT_NOT_FOUND, -ENOENT, 1, 404 },
		{ RACEWAY_FAULT_REFUSED, -EPERM, 1, 409 },
		{ RACEWAY_FAULT_FORBIDDEN, -EPERM, 1, 403 },
		{ RACEWAY_FAULT_CANNOT, -EOPNOTSUPP, 3, 501 },
		{ RACEWAY_FAULT_SYSTEM, -EIO, 1, 500 },
	};

	cr_expect_eq(raceway_error_exit_status(RACEWAY_FAULT_NONE), 0);
	cr_expect_eq(raceway_error_http_status(RACEWAY_FAULT_NONE), 200);
	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_eq(raceway_error_set(NULL, cases[i].fault, "", "", "x"), cases[i].error,
			     "fault %d", cases[i].fault);
		cr_expect_eq(raceway_error_exit_status(cases[i].fault), cases[i].exit_status,
			     "fault %d", cases[i].fault);
		cr_expect_eq(raceway_error_http_status(cases[i].fault), cases[i].http_status,
			     "fault %d", cases[i].fault);
	}
}

Test(error, nothing_unprintable)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a\nb\tc\x1b[31m\x7f", "a?b?c?[31m?" },
		{ "caf\xc3\xa9 \xe2\x82\xac", NULL },
		{ "\xff\xc3", "??" },
		{ "\xc2\x9b", "??" },
		{ "\xc0\xaf", "??" },
		{ "\xed\xa0\x80", "???" },
		{ "\xf0\x9f\x98\x80", NULL },
		{ "\xf4\x90\x80\x80", "????" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

		raceway_error_set(&err, RACEWAY_FAULT_INVALID, cases[i].text, cases[i].text, "%s",
				  cases[i].text);
		cr_expect_str_eq(err.message, cases[i].want ? cases[i].want : cases[i].text);
		cr_expect_str_eq(err.object, err.message);
		cr_expect_str_eq(err.field, err.message);
	}
}

/* A cut in the middle of a character must not leave half of it: JSON would refuse the string. */
Test(error, cut_text_stays_utf8)
{
	for (size_t shift = 0; shift < 3; shift++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		char text[601] = "ab";
		json_t *string;

		for (size_t i = shift; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\xe2\x82\xac", 4);
		raceway_error_set(&err, RACEWAY_FAULT_INVALID, text, text, "%s", text);
		string = json_pack("[s, s, s]", err.object, err.field, err.message);
		cr_expect(string, "shift %zu", shift);
		cr_expect_eq(strlen(err.message), sizeof(err.message) - 1);
		json_decref(string);
	}
}
