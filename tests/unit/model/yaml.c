/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/yaml.c and yaml_write.c: the plain subset, and what must not get in. */
#include "model/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "helpers.h"

Test(yaml, reads)
{
	static const struct {
		const char *yaml, *json;
	} cases[] = {
		{ "a: 1", "{\"a\":1}" },
		{ "---\na: 1\n...\n", "{\"a\":1}" },
		{ "[1, -5, 0, -0, 010, 0x10, 1.5, 1e3, 9223372036854775807, 9223372036854775808]",
		  "[1,-5,0,\"-0\",\"010\",\"0x10\",\"1.5\",\"1e3\",9223372036854775807,"
		  "\"9223372036854775808\"]" },
		{ "[true, False, on, off, yes, no, y]",
		  "[true,false,\"on\",\"off\",\"yes\",\"no\",\"y\"]" },
		{ "a:\nb: ~\nc: null\nd: ''", "{\"a\":null,\"b\":null,\"c\":null,\"d\":\"\"}" },
		{ "['1', \"true\", '~']", "[\"1\",\"true\",\"~\"]" },
		{ "- 02:00:00:00:00:01\n- 10:20\n- 2026-11-01",
		  "[\"02:00:00:00:00:01\",\"10:20\",\"2026-11-01\"]" },
		{ "a: 1gbit # comment\nb: {c: [d, e]}",
		  "{\"a\":\"1gbit\",\"b\":{\"c\":[\"d\",\"e\"]}}" },
		{ "a: |\n  two\n  lines\n", "{\"a\":\"two\\nlines\\n\"}" },
		{ "{\"a\": [1, \"b\\u00e9\"], \"c\": {}}", "{\"a\":[1,\"b\xc3\xa9\"],\"c\":{}}" },
		{ "<<: 1", "{\"<<\":1}" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		json_auto_t *document = raceway_test_yaml(cases[i].yaml);
		char *text = json_dumps(document, JSON_COMPACT);

		cr_expect_str_eq(text, cases[i].json, "%s: %s", cases[i].yaml, text);
		free(text);
	}
}

Test(yaml, refuses)
{
	static const struct {
		const char *yaml;
		size_t size; /* 0: to the end */
		const char *message;
	} cases[] = {
		{ "", 0, "there is no document in it" },
		{ "# nothing\n", 0, "there is no document in it" },
		{ "~", 0, "there is no document in it" },
		{ "a: 1\nb: 2\na: 3", 0, "line 3, column 1: \"a\" is there twice" },
		{ "a: {b: 1, b: 1}", 0, "line 1, column 11: \"b\" is there twice" },
		{ "a: &x 1", 0, "line 1, column 4: anchors are not understood" },
		{ "a: &x [1]", 0, "line 1, column 4: tags and anchors are not understood" },
		{ "a: &x {b: 1}", 0, "line 1, column 4: tags and anchors are not understood" },
		{ "&x a: 1", 0, "line 1, column 1: tags and anchors are not understood" },
		{ "a: *x", 0, "line 1, column 4: aliases are not understood" },
		{ "a: !!int 1", 0, "line 1, column 4: tags are not understood" },
		{ "a: !foo [1]", 0, "line 1, column 4: tags and anchors are not understood" },
		{ "? [a]\n: 1", 0, "line 1, column 3: a key must be a plain word" },
		{ "a: 1\n---\nb: 2", 0, "line 2, column 1: more than one document" },
		{ "a: [1", 0, "line 2, column 1: did not find expected ',' or ']'" },
		{ "a: 1\n\tb: 2", 0,
		  "line 2, column 1: found a tab character that violates indentation" },
		{ "a: \"\\0\"", 0, "line 1, column 4: a zero byte inside of a text" },
		{ "\"\\0\": 1", 0, "line 1, column 1: a zero byte inside of a key" },
		{ "a: \x01", 0, "byte 3: control characters are not allowed" },
		{ "a: \xff", 0, "byte 3: invalid leading UTF-8 octet" },
		{ "a: b\0c", 6, "byte 4: control characters are not allowed" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_test_error want = { RACEWAY_FAULT_SYNTAX, "file.yaml", "",
						   cases[i].message };
		json_t *document = NULL;
		int r = raceway_yaml_parse(cases[i].yaml,
					   cases[i].size ? cases[i].size : strlen(cases[i].yaml),
					   "file.yaml", &document, &err);

		raceway_test_expect(cases[i].yaml, r, &err, &want);
		cr_expect_null(document, "%s", cases[i].yaml);
	}
}

Test(yaml, bounded)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	char deep[4 * RACEWAY_YAML_DEPTH] = "";
	json_t *document = NULL;

	for (unsigned int i = 0; i < RACEWAY_YAML_DEPTH; i++) {
		deep[i] = '[';
		deep[2 * RACEWAY_YAML_DEPTH - 1 - i] = ']';
	}
	cr_expect_eq(raceway_yaml_parse(deep, strlen(deep), "x", &document, &err), 0, "%s",
		     err.message);
	json_decref(document);
	document = NULL;
	memset(deep, '[', RACEWAY_YAML_DEPTH + 1);
	memset(deep + RACEWAY_YAML_DEPTH + 1, ']', RACEWAY_YAML_DEPTH + 1);
	cr_expect_lt(raceway_yaml_parse(deep, strlen(deep), "x", &document, &err), 0);
	cr_expect_str_eq(err.message, "line 1, column 17: nested too deeply");
	/* the size is judged before the first byte is read */
	err.fault = RACEWAY_FAULT_NONE;
	cr_expect_lt(raceway_yaml_parse("", RACEWAY_YAML_MAX + 1, "x", &document, &err), 0);
	cr_expect_str_eq(err.message, "has 67108865 bytes, at most 67108864 are read");
	cr_expect_null(document);
}

/* Ten thousand brackets and the laughing bomb end at once, in no memory to speak of. */
Test(yaml, bombs, .timeout = 5)
{
	static char brackets[1 << 20];
	static const char aliases[] = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n";
	json_t *document = NULL;

	memset(brackets, '[', sizeof(brackets));
	cr_expect_lt(raceway_yaml_parse(brackets, sizeof(brackets), "x", &document, NULL), 0);
	memset(brackets, '{', sizeof(brackets));
	cr_expect_lt(raceway_yaml_parse(brackets, sizeof(brackets), "x", &document, NULL), 0);
	cr_expect_lt(raceway_yaml_parse(aliases, strlen(aliases), "x", &document, NULL), 0);
	cr_expect_null(document);
}

static char *to_yaml(const json_t *document, int *ret_result)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	*ret_result = raceway_yaml_write(file, document);
	fclose(file);
	return text;
}

Test(yaml, writes)
{
	json_auto_t *document =
		json_pack("{s:i, s:[{s:s, s:s, s:I}], s:b, s:n, s:[], s:{}}", "schema", 1, "ports",
			  "name", "up0", "mac", "02:00:00:00:00:01", "rate",
			  (json_int_t)10000000000, "trunk", 1, "nothing", "list", "map");
	int r;
	char *text = to_yaml(document, &r);

	cr_assert_eq(r, 0);
	cr_expect_str_eq(text,
			 "schema: 1\n"
			 "ports:\n"
			 "- name: up0\n"
			 "  mac: \"02:00:00:00:00:01\"\n"
			 "  rate: 10000000000\n"
			 "trunk: true\n"
			 "nothing: null\n"
			 "list: []\n"
			 "map: {}\n",
			 "%s", text);
	free(text);
}

/* Whatever text there is comes back, as value and as key. */
Test(yaml, round_trip)
{
	static const char *const texts[] = {
		"plain",
		"two words",
		"",
		" ",
		"on",
		"Off",
		"YES",
		"n",
		"null",
		"~",
		"true",
		"1",
		"-1",
		"010",
		"0x10",
		"1.5",
		"1e3",
		".5",
		".inf",
		"12:30",
		"2026-11-01",
		"a: b",
		"a #b",
		"#a",
		"- a",
		"[a]",
		"{a}",
		"*a",
		"&a",
		"!a",
		"|",
		">",
		"%a",
		"@a",
		"`a`",
		"\"",
		"'",
		"\\",
		"a\nb",
		"a\tb",
		"\x7f",
		"caf\xc3\xa9",
		"\xf0\x9f\x98\x80",
		"trailing ",
		"/a/b",
		"---",
		"...",
		"=",
		"<<",
		"?",
		":",
		"a:",
		"\xc2\x85",
		"\xe2\x80\xa8",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		json_auto_t *document = json_pack("{s:s, s:{s:[s]}}", "a", texts[i], "b",
						  texts[i][0] ? texts[i] : "x", texts[i]);
		json_auto_t *back = NULL;
		int r;
		char *text = to_yaml(document, &r);

		cr_expect_eq(r, 0, "\"%s\"", texts[i]);
		cr_expect_eq(raceway_yaml_parse(text, strlen(text), "x", &back, &err), 0, "%s\n%s",
			     err.message, text);
		cr_expect(json_equal(document, back), "\"%s\" came back otherwise:\n%s", texts[i],
			  text);
		free(text);
	}
}

Test(yaml, does_not_write)
{
	json_auto_t *real = json_pack("[f]", 1.5);
	json_auto_t *nul = json_pack("[s#]", "a\0b", 3);
	json_auto_t *deep = json_array();
	int r;

	for (unsigned int i = 0; i < RACEWAY_YAML_DEPTH; i++) {
		json_t *outer = json_array();

		json_array_append_new(outer, deep);
		deep = outer;
	}
	free(to_yaml(real, &r));
	cr_expect_eq(r, -EINVAL, "the reader would make text of it");
	free(to_yaml(nul, &r));
	cr_expect_eq(r, -EINVAL);
	free(to_yaml(deep, &r));
	cr_expect_eq(r, -EINVAL, "the reader would refuse it");
}

Test(yaml, full_disk)
{
	json_auto_t *document = json_pack("{s:i}", "schema", 1);
	FILE *file = fopen("/dev/full", "w");

	cr_assert(file);
	cr_expect_eq(raceway_yaml_write(file, document), -EIO);
	fclose(file);
}
