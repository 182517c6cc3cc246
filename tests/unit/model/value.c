/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/value.c: words and JSON to their one normal form, or the right refusal. */
#include <stdlib.h>
#include <string.h>

#include "helpers.h"
#include "model/schema.h"

#define OK RACEWAY_FAULT_NONE
#define SYNTAX RACEWAY_FAULT_SYNTAX
#define INVALID RACEWAY_FAULT_INVALID
#define CANNOT RACEWAY_FAULT_CANNOT
#define RATE_HINT " is not a rate, as 10gbit, 500mbit, 64kbps or a number of bit/s"

struct value_case {
	const char *kind, *word;
	const char *input;  /* a word, or JSON */
	const char *output; /* JSON; NULL: an error */
	enum raceway_fault fault;
	const char *message;
};

static void run(const struct value_case *c, bool json)
{
	const struct raceway_attr *attr = raceway_attr_find(raceway_kind_find(c->kind), c->word);
	struct raceway_error err = { .fault = OK };
	struct raceway_test_error want = { .fault = c->fault, .message = c->message };
	json_auto_t *value = NULL;
	json_auto_t *input =
		json ? json_loads(c->input, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL) : NULL;
	char *text;
	int r;

	cr_assert(attr, "%s %s", c->kind, c->word);
	cr_assert(input || !json, "%s", c->input);
	if (json)
		r = raceway_value_check(attr, "vnic a/b", input, &value, &err);
	else
		r = raceway_value_parse(attr, "vnic a/b", c->input, &value, &err);
	if (c->fault != OK) {
		want.object = "vnic a/b";
		want.field = attr->word;
	}
	raceway_test_expect(c->input ? c->input : "flag", r, &err, &want);
	text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	if (c->output)
		cr_expect_str_eq(text, c->output, "%s: %s", c->input, text);
	else
		cr_expect_null(value, "%s wrote its output", c->input);
	free(text);
}

Test(value, words)
{
	static const struct value_case cases[] = {
		{ "segment", "vlan", "100", "100", OK, NULL },
		/* out of range is understood: exit 1, not 2 */
		{ "segment", "vlan", "5000", "5000", OK, NULL },
		{ "segment", "vlan", "99999999999999999999", "9223372036854775807", OK, NULL },
		{ "segment", "vlan", "x", NULL, SYNTAX, "vlan \"x\" is not a number" },
		{ "segment", "vlan", "", NULL, SYNTAX, "vlan \"\" is not a number" },
		{ "segment", "vlan", "-1", NULL, SYNTAX, "vlan \"-1\" is not a number" },
		{ "segment", "untagged", NULL, "true", OK, NULL },
		{ "segment", "untagged", "yes", NULL, SYNTAX,
		  "untagged \"yes\" is not true or false" },
		{ "segment", "uplink", "up0", "\"up0\"", OK, NULL },
		{ "segment", "uplink", "\xff", NULL, SYNTAX, "uplink \"?\" is not text" },
		{ "vnic", "tx-cir", "1.5gbit", "1500000000", OK, NULL },
		{ "vnic", "tx-cir", "fast", NULL, SYNTAX, "tx-cir \"fast\"" RATE_HINT },
		{ "vnic", "tx-cbs", "64k", "65536", OK, NULL },
		{ "vnic", "tx-cbs", "64kbit", NULL, SYNTAX,
		  "tx-cbs \"64kbit\" is not a size, as 64k, 1m or a number of bytes" },
		{ "vnic", "mac", "02:AB:00:00:00:0F", "\"02:ab:00:00:00:0f\"", OK, NULL },
		{ "vnic", "mac", "ff:ff:ff:ff:ff:ff", "\"ff:ff:ff:ff:ff:ff\"", OK, NULL },
		{ "vnic", "mac", "02:ab", NULL, SYNTAX,
		  "mac \"02:ab\" is not a MAC address, as 02:00:00:00:00:01" },
		{ "vnic", "trunk", "on", "true", OK, NULL },
		{ "vnic", "trunk", "yes", NULL, SYNTAX, "trunk \"yes\" is not on or off" },
		{ "vnic", "kind", "veth", "\"veth\"", OK, NULL },
		{ "vnic", "kind", "tap", NULL, CANNOT, "kind tap: not yet; use veth" },
		{ "vnic", "kind", "wire", NULL, SYNTAX, "kind \"wire\" is not veth" },
		{ "vnic", "acl", "x", NULL, CANNOT, "acl: not yet: there are no access lists" },
		{ "port", "role", "up", NULL, SYNTAX, "role \"up\" is not uplink or fabric" },
		{ "port", "attach", "libxdp", "\"libxdp\"", OK, NULL },
		{ "server", "port", "srv1", "[\"srv1\"]", OK, NULL },
		{ "server", "port", "srv1,srv2", "[\"srv1\",\"srv2\"]", OK, NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		run(&cases[i], false);
}

#define NO_NAME                                                                                    \
	" is no name: 1 to 63 letters, digits, \".\", \"_\" or \"-\", the first a letter or digit"
#define NO_IFNAME                                                                                  \
	" is no interface name: 1 to 15 characters without space, slash, colon or percent sign"

Test(value, json)
{
	static const struct value_case cases[] = {
		{ "segment", "vlan", "1", "1", OK, NULL },
		{ "segment", "vlan", "4094", "4094", OK, NULL },
		{ "segment", "vlan", "\"4094\"", "4094", OK, NULL },
		{ "segment", "vlan", "1e2", "100", OK, NULL },
		{ "segment", "vlan", "0", NULL, INVALID, "vlan 0 is out of range, 1 to 4094" },
		{ "segment", "vlan", "4095", NULL, INVALID,
		  "vlan 4095 is out of range, 1 to 4094" },
		{ "segment", "vlan", "-1", NULL, INVALID, "vlan -1 is out of range, 1 to 4094" },
		{ "segment", "vlan", "1.5", NULL, SYNTAX, "vlan must be a number" },
		{ "segment", "vlan", "1e300", NULL, SYNTAX, "vlan must be a number" },
		{ "segment", "vlan", "[]", NULL, SYNTAX, "vlan must be a number" },
		{ "segment", "vlan", "{}", NULL, SYNTAX, "vlan must be a number" },
		{ "segment", "vlan", "true", NULL, SYNTAX, "vlan must be a number" },
		{ "segment", "vlan", "\"x\"", NULL, SYNTAX, "vlan \"x\" is not a number" },
		{ "segment", "number", "4095", NULL, INVALID,
		  "number 4095 is out of range, 1 to 4094" },
		{ "segment", "untagged", "true", "true", OK, NULL },
		{ "segment", "untagged", "\"x\"", NULL, SYNTAX, "untagged must be true or false" },
		{ "segment", "uplink", "10", "\"10\"", OK, NULL },
		{ "segment", "uplink", "\"a/b\"", NULL, INVALID, "uplink \"a/b\"" NO_NAME },
		{ "segment", "uplink", "\"a\\nb\"", NULL, INVALID, "uplink \"a?b\"" NO_NAME },
		{ "segment", "uplink", "\"a\\u0000b\"", NULL, SYNTAX, "uplink must be text" },
		{ "segment", "switching", "\"vepa\"", "\"vepa\"", OK, NULL },
		{ "segment", "switching", "\"hub\"", NULL, INVALID,
		  "switching \"hub\" is not veb or vepa or private" },
		{ "segment", "description", "\"two words\"", "\"two words\"", OK, NULL },
		{ "segment", "description", "\"a\\tb\"", NULL, INVALID,
		  "description has a control character; it must be one line of text" },
		{ "segment", "description", "true", NULL, SYNTAX, "description must be text" },
		{ "vnic", "tx-cir", "1000", "1000", OK, NULL },
		{ "vnic", "tx-cir", "0", "0", OK, NULL },
		{ "vnic", "tx-cir", "\"400gbit\"", "400000000000", OK, NULL },
		{ "vnic", "tx-cir", "999", NULL, INVALID,
		  "tx-cir 999bit is out of range, 1kbit to 400gbit" },
		{ "vnic", "tx-pir", "0", NULL, INVALID,
		  "tx-pir 0bit is out of range, 1kbit to 400gbit" },
		{ "vnic", "tx-pir", "\"400000000001\"", NULL, INVALID,
		  "tx-pir 400000000001bit is out of range, 1kbit to 400gbit" },
		{ "vnic", "tx-pir", "\"fast\"", NULL, SYNTAX, "tx-pir \"fast\"" RATE_HINT },
		{ "vnic", "tx-pbs", "\"5g\"", NULL, INVALID, "tx-pbs 5g is out of range, 1 to 4g" },
		{ "vnic", "mtu", "67", NULL, INVALID, "mtu 67 is out of range, 68 to 9216" },
		{ "vnic", "mtu", "9217", NULL, INVALID, "mtu 9217 is out of range, 68 to 9216" },
		{ "vnic", "class", "7", "7", OK, NULL },
		{ "vnic", "class", "8", NULL, INVALID, "class 8 is out of range, 0 to 7" },
		{ "vnic", "mac", "\"02:00:00:00:00:0A\"", "\"02:00:00:00:00:0a\"", OK, NULL },
		{ "vnic", "mac", "\"01:00:5e:00:00:01\"", NULL, INVALID,
		  "mac 01:00:5e:00:00:01 is a group address; one of a station has an even first "
		  "byte, as 02:00:00:00:00:01" },
		{ "vnic", "mac", "\"ff:ff:ff:ff:ff:ff\"", NULL, INVALID,
		  "mac ff:ff:ff:ff:ff:ff is a group address; one of a station has an even first "
		  "byte, as 02:00:00:00:00:01" },
		{ "vnic", "mac", "\"00:00:00:00:00:00\"", NULL, INVALID,
		  "mac 00:00:00:00:00:00 is no address of a station" },
		{ "vnic", "ifname", "\"a23456789012345\"", "\"a23456789012345\"", OK, NULL },
		{ "vnic", "ifname", "\"a234567890123456\"", NULL, INVALID,
		  "ifname \"a234567890123456\"" NO_IFNAME },
		{ "vnic", "ifname", "\"a/b\"", NULL, INVALID, "ifname \"a/b\"" NO_IFNAME },
		{ "vnic", "netns", "\"../x\"", NULL, INVALID, "netns \"../x\"" NO_NAME },
		{ "vnic", "spoofcheck", "\"off\"", "false", OK, NULL },
		{ "vnic", "spoofcheck", "false", "false", OK, NULL },
		{ "vnic", "spoofcheck", "1", NULL, SYNTAX, "spoofcheck must be on or off" },
		{ "vnic", "kind", "\"vf\"", NULL, CANNOT, "kind vf: not yet; use veth" },
		{ "vnic", "rdma", "\"off\"", NULL, CANNOT,
		  "rdma: not yet: RoCE is neither guarded nor partitioned" },
		{ "vnic", "weight", "1", "1", OK, NULL },
		{ "vnic", "weight", "\"1000\"", "1000", OK, NULL },
		{ "vnic", "weight", "0", NULL, INVALID, "weight 0 is out of range, 1 to 1000" },
		{ "vnic", "weight", "1001", NULL, INVALID,
		  "weight 1001 is out of range, 1 to 1000" },
		{ "server", "port", "[\"a\", \"b\"]", "[\"a\",\"b\"]", OK, NULL },
		{ "server", "port", "\"a\"", "[\"a\"]", OK, NULL },
		{ "server", "port", "[]", "[]", OK, NULL },
		{ "server", "port", "[\"a\", \"a\"]", NULL, INVALID, "port names a twice" },
		{ "server", "port", "[\"a/b\"]", NULL, INVALID, "port \"a/b\"" NO_NAME },
		{ "server", "port", "[[\"a\"]]", NULL, SYNTAX, "port must be text" },
		{ "server", "port", "{}", NULL, SYNTAX, "port must be a list of names" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		run(&cases[i], true);
}

Test(value, text_length)
{
	const struct raceway_attr *attr =
		raceway_attr_find(raceway_kind_find("vnic"), "description");
	struct raceway_error err = { .fault = OK };
	char text[257];
	json_t *value = NULL, *input;

	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	input = json_string(text);
	cr_expect_eq(raceway_value_check(attr, "", input, &value, &err), 0);
	json_decref(value);
	json_decref(input);
	text[255] = 'x';
	text[256] = '\0';
	input = json_string(text);
	cr_expect_lt(raceway_value_check(attr, "", input, &value, &err), 0);
	cr_expect_str_eq(err.message, "description has 256 bytes, at most 255 are allowed");
	json_decref(input);
}
