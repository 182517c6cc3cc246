/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/{write,rules}.c: what one object becomes, and what it may not be. */
#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define SYNTAX RACEWAY_FAULT_SYNTAX
#define INVALID RACEWAY_FAULT_INVALID
#define MISSING RACEWAY_FAULT_NOT_FOUND
#define REFUSED RACEWAY_FAULT_REFUSED
#define CANNOT RACEWAY_FAULT_CANNOT
#define ADD RACEWAY_ADD
#define PUT RACEWAY_PUT
#define PATCH RACEWAY_PATCH
#define VNIC_WORDS                                                                                 \
	"segment mac pool mtu ifname netns kind tx-cir tx-pir tx-cbs tx-pbs rx-cir rx-pir rx-cbs " \
	"rx-pbs weight class spoofcheck trunk state description"

Test(write, refusals)
{
	static const struct raceway_test_write cases[] = {
		{ "segment",
		  "x",
		  ADD,
		  "{\"colour\": 1}",
		  { SYNTAX, "segment x", "colour",
		    "\"colour\" is no word of a segment; there are: number uplink vlan untagged "
		    "switching description" } },
		{ "vnic",
		  "box/e",
		  ADD,
		  "{\"segment\": \"lan\", \"tx_pri\": 1}",
		  { SYNTAX, "vnic box/e", "tx_pri",
		    "\"tx_pri\" is no word of a vnic; there are: " VNIC_WORDS } },
		/* internal: neither input nor output */
		{ "port",
		  "up0",
		  PATCH,
		  "{\"number\": 1}",
		  { SYNTAX, "port up0", "number",
		    "\"number\" is no word of a port; there are: dev role rate mode attach host "
		    "native-segment description" } },
		{ "profile",
		  "box",
		  PATCH,
		  "{\"vnics\": []}",
		  { SYNTAX, "profile box", "vnics",
		    "vnics are written one by one, as /v1/vnics/box/NAME, or by apply" } },
		{ "segment",
		  "x",
		  ADD,
		  "[]",
		  { SYNTAX, "segment x", "", "must be a JSON object of words and values" } },
		{ "vnic",
		  "box/e",
		  ADD,
		  "{\"segment\": \"lan\", \"tx_cir\": 1000, \"tx-cir\": 1000}",
		  { SYNTAX, "vnic box/e", "tx-cir", "tx-cir is given twice" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"schema\": 2}",
		  { INVALID, "segment x", "schema", "schema must be 1" } },
		{ "segment",
		  "lan",
		  PATCH,
		  "{\"name\": \"wan\"}",
		  { INVALID, "segment lan", "name",
		    "name cannot be changed; delete and add anew" } },
		{ "segment", "lan", ADD, "{}", { REFUSED, "segment lan", "", "already exists" } },
		{ "server", "local", ADD, "{}", { REFUSED, "server local", "", "already exists" } },
		{ "segment", "x", PATCH, "{}", { MISSING, "segment x", "", "does not exist" } },
		{ "segment",
		  "a/b",
		  ADD,
		  "{}",
		  { INVALID, "segment a/b", "name",
		    "\"a/b\" is no name: 1 to 63 letters, digits, \".\", \"_\" or \"-\", the "
		    "first a letter or digit" } },
		{ "segment",
		  "a\x1b",
		  PUT,
		  "{}",
		  { INVALID, "segment a?", "name",
		    "\"a?\" is no name: 1 to 63 letters, digits, \".\", \"_\" or \"-\", the first "
		    "a letter or digit" } },
		{ "vnic",
		  "eth0",
		  ADD,
		  "{\"segment\": \"lan\"}",
		  { INVALID, "vnic eth0", "name",
		    "\"eth0\" is no name: it is PARENT/NAME, each 1 to 63 letters, digits, \".\", "
		    "\"_\" or \"-\", the first a letter or digit" } },
		{ "vnic",
		  "nobody/eth0",
		  ADD,
		  "{\"segment\": \"lan\"}",
		  { MISSING, "vnic nobody/eth0", "name", "profile nobody does not exist" } },
		{ "port",
		  "x",
		  ADD,
		  "{\"dev\": \"eth3\"}",
		  { INVALID, "port x", "role", "role is missing" } },
		{ "port",
		  "up0",
		  PATCH,
		  "{\"dev\": null}",
		  { INVALID, "port up0", "dev", "dev is missing" } },
		{ "vnic",
		  "box/e",
		  ADD,
		  "{}",
		  { INVALID, "vnic box/e", "segment", "segment is missing" } },
		{ "acl",
		  "x",
		  ADD,
		  "{}",
		  { CANNOT, "acl x", "", "not yet: there are no access lists" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"acl\": \"x\"}",
		  { CANNOT, "vnic box/eth0", "acl", "acl: not yet: there are no access lists" } },
		{ "port",
		  "up0",
		  PATCH,
		  "{\"trust\": \"pcp\"}",
		  { CANNOT, "port up0", "trust", "trust: not yet: DCB settings are not managed" } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
}

Test(write, rules_of_one_object)
{
	static const struct raceway_test_write cases[] = {
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"rx_cir\": \"2gbit\", \"rx_pir\": \"1gbit\"}",
		  { INVALID, "vnic box/eth0", "rx-cir", "rx-cir 2gbit is above rx-pir 1gbit" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"2gbit\", \"tx_pir\": \"1999999999\"}",
		  { INVALID, "vnic box/eth0", "tx-cir",
		    "tx-cir 2gbit is above tx-pir 1999999999bit" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"2gbit\", \"tx_pir\": \"2gbit\"}",
		  { .fault = 0 } },
		/* only what is named changes: the rate from before still counts */
		{ "vnic",
		  "web1/eth0",
		  PATCH,
		  "{\"rx_pir\": \"1gbit\"}",
		  { INVALID, "vnic web1/eth0", "rx-cir", "rx-cir 4gbit is above rx-pir 1gbit" } },
		{ "vnic", "web1/eth0", PATCH, "{\"rx_pir\": null}", { .fault = 0 } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cbs\": 65536}",
		  { INVALID, "vnic box/eth0", "tx-cbs",
		    "tx-cbs needs tx-cir, the rate it belongs to" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"rx_pbs\": 65536, \"rx_cir\": 1000}",
		  { INVALID, "vnic box/eth0", "rx-pbs",
		    "rx-pbs needs rx-pir, the rate it belongs to" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"1mbit\", \"tx_pir\": \"1mbit\", \"tx_cbs\": \"64k\", \"tx_pbs\": "
		  "\"32k\"}",
		  { INVALID, "vnic box/eth0", "tx-cbs", "tx-cbs 64k is above tx-pbs 32k" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_pir\": \"1mbit\", \"tx_pbs\": 3035}",
		  { INVALID, "vnic box/eth0", "tx-pbs",
		    "tx-pbs 3035 is too small: mtu 1500 needs at least 3036" } },
		/* one for the guarantee, two for what is above it, or the peak is never reached */
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"1mbit\", \"tx_pir\": \"2mbit\", \"tx_pbs\": 4553}",
		  { INVALID, "vnic box/eth0", "tx-pbs",
		    "tx-pbs 4553 is too small: mtu 1500 needs at least 4554" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"1mbit\", \"tx_pir\": \"2mbit\", \"tx_pbs\": \"64k\", "
		  "\"tx_cbs\": \"64k\"}",
		  { INVALID, "vnic box/eth0", "tx-pbs",
		    "tx-pbs 64k is too small: with tx-cbs 64k and mtu 1500 it must be at least "
		    "68572" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"1mbit\", \"tx_pir\": \"1mbit\", \"tx_cbs\": 3035}",
		  { INVALID, "vnic box/eth0", "tx-cbs",
		    "tx-cbs 3035 is too small: mtu 1500 needs at least 3036" } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_pir\": \"1mbit\", \"tx_pbs\": 3036}",
		  { .fault = 0 } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"rx_cir\": \"1mbit\", \"rx_cbs\": 1517}",
		  { INVALID, "vnic box/eth0", "rx-cbs",
		    "rx-cbs 1517 is too small: mtu 1500 needs at least 1518" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up0\", \"vlan\": 5, \"untagged\": true}",
		  { INVALID, "segment x", "untagged", "vlan 5 and untagged exclude each other" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"vlan\": 5}",
		  { INVALID, "segment x", "vlan", "vlan 5 needs an uplink" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"untagged\": true}",
		  { INVALID, "segment x", "untagged", "untagged needs an uplink" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"switching\": \"vepa\"}",
		  { INVALID, "segment x", "switching",
		    "switching vepa needs an uplink with a switch that sends back" } },
		{ "segment", "priv", PATCH, "{\"switching\": \"private\"}", { .fault = 0 } },
		{ "port",
		  "up0",
		  PATCH,
		  "{\"native_segment\": \"lan\"}",
		  { INVALID, "port up0", "native-segment",
		    "native-segment is for role fabric; on an uplink it is the segment that says "
		    "uplink up0 untagged" } },
		{ "port", "srv1", PATCH, "{\"native_segment\": \"lan\"}", { .fault = 0 } },
		{ "server",
		  "local",
		  PUT,
		  "{\"port\": [\"srv1\"]}",
		  { INVALID, "server local", "port",
		    "local is this machine and is wired to no port" } },
		{ "server", "local", PUT, "{\"description\": \"me\"}", { .fault = 0 } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
}

/* What a write leaves in the store. */
Test(write, normal_form)
{
	static const struct {
		const char *kind, *name;
		enum raceway_write how;
		const char *doc, *stored;
	} cases[] = {
		/* a default is not stored, whoever wrote it */
		{ "segment", "x", ADD, "{\"switching\": \"veb\", \"number\": \"0x10\"}",
		  "{\"number\":16}" },
		{ "vnic", "box/eth0", PATCH,
		  "{\"mtu\": \"1500\", \"spoofcheck\": \"on\", \"trunk\": \"off\", \"class\": 0, "
		  "\"tx_cir\": 0, \"kind\": \"veth\", \"state\": \"up\", \"description\": \"\"}",
		  "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:03\",\"number\":3}" },
		/* in the tables' order */
		{ "vnic", "box/eth0", PATCH,
		  "{\"trunk\": true, \"rx_cir\": \"1gbit\", \"mtu\": 900}",
		  "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:03\",\"mtu\":900,"
		  "\"rx_cir\":1000000000,\"trunk\":true,\"number\":3}" },
		{ "vnic", "web1/eth0", PATCH, "{\"rx-pir\": null, \"tx_cir\": \"0\"}",
		  "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:01\",\"rx_cir\":4000000000,"
		  "\"number\":1}" },
		/* PUT: exactly so, with the MAC that its name gives; the number is kept */
		{ "vnic", "web1/eth0", PUT, "{\"name\": \"eth0\", \"segment\": \"priv\"}",
		  "{\"segment\":\"priv\",\"number\":1,\"mac\":\"02:6c:87:a0:3c:6f\"}" },
		{ "vnic", "web1/eth0", PATCH, "{\"mac\": null}",
		  "{\"segment\":\"lan\",\"tx_cir\":3000000000,\"rx_cir\":4000000000,"
		  "\"rx_pir\":8000000000,\"number\":1,\"mac\":\"02:6c:87:a0:3c:6f\"}" },
		{ "segment", "lan", PUT, "{\"schema\": 1, \"name\": \"lan\"}", "{\"number\":1}" },
		{ "segment", "lan", PUT, "{\"number\": 9}", "{\"number\":9}" },
		{ "profile", "box", PUT, "{}", "{}" },
		/* one takes the other's place, else `set` could never go from one to the other */
		{ "segment", "lan", PATCH, "{\"untagged\": true}",
		  "{\"number\":1,\"uplink\":\"up0\",\"untagged\":true}" },
		{ "segment", "flat", PATCH, "{\"vlan\": 8}",
		  "{\"number\":2,\"uplink\":\"up0\",\"vlan\":8}" },
		{ "segment", "flat", PATCH, "{\"untagged\": false}",
		  "{\"number\":2,\"uplink\":\"up0\"}" },
		{ "port", "x", ADD, "{\"dev\": \"eth3\", \"role\": \"uplink\", \"host\": \"keep\"}",
		  "{\"dev\":\"eth3\",\"role\":\"uplink\",\"host\":\"keep\",\"number\":4}" },
		{ "server", "a", PATCH, "{\"port\": []}", "{}" },
	};
	struct raceway_model *base = raceway_test_model(raceway_test_base);

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct raceway_kind *kind = raceway_kind_find(cases[i].kind);
		struct raceway_model *model = raceway_model_clone(base);
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		json_auto_t *doc = json_loads(cases[i].doc, 0, NULL);
		char *text;

		cr_assert_eq(
			raceway_model_write(model, kind, cases[i].name, doc, cases[i].how, &err), 0,
			"%s: %s", cases[i].doc, err.message);
		text = json_dumps(raceway_model_get(model, kind, cases[i].name), JSON_COMPACT);
		cr_expect_str_eq(text, cases[i].stored, "%s %s: %s", cases[i].name, cases[i].doc,
				 text);
		free(text);
		raceway_model_free(model);
	}
	raceway_model_free(base);
}

static int del(struct raceway_model *model, const char *kind, const char *name,
	       struct raceway_error *err)
{
	return raceway_model_delete(model, raceway_kind_find(kind), name, err);
}

Test(write, delete_what_is_in_use)
{
	static const struct {
		const char *kind, *name;
		struct raceway_test_error want;
	} cases[] = {
		{ "port", "up0", { REFUSED, "port up0", "", "in use by segment lan and 1 more" } },
		{ "port", "srv1", { REFUSED, "port srv1", "", "in use by server a" } },
		{ "segment",
		  "lan",
		  { REFUSED, "segment lan", "", "in use by vnic web1/eth0 and 2 more" } },
		{ "segment", "priv", { REFUSED, "segment priv", "", "in use by vnic spare/eth0" } },
		{ "server", "a", { REFUSED, "server a", "", "in use by profile web1" } },
		{ "server",
		  "local",
		  { REFUSED, "server local", "", "is this machine and always there" } },
		{ "segment", "x", { MISSING, "segment x", "", "does not exist" } },
		{ "vnic", "web1/eth9", { MISSING, "vnic web1/eth9", "", "does not exist" } },
		{ "acl", "x", { CANNOT, "acl x", "", "not yet: there are no access lists" } },
		{ "segment", "flat", { .fault = 0 } },
	};
	struct raceway_model *base = raceway_test_model(raceway_test_base);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_model *model = raceway_model_clone(base);
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		char *before = raceway_test_dump(model), *after;
		int r = del(model, cases[i].kind, cases[i].name, &err);

		after = raceway_test_dump(model);
		raceway_test_expect(cases[i].name, r, &err, &cases[i].want);
		cr_expect_eq(strcmp(before, after) == 0, r < 0, "%s", cases[i].name);
		free(before);
		free(after);
		raceway_model_free(model);
	}
	raceway_model_free(base);
}

/* A profile goes after its vNICs; those of one whose name begins the same do not hold it. */
Test(write, delete_profile)
{
	struct raceway_model *base = raceway_test_model(raceway_test_base);
	struct raceway_model *model = raceway_model_clone(base);
	const struct raceway_kind *vnic = raceway_kind_find("vnic");
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *doc = json_pack("{s:s}", "segment", "lan");
	json_auto_t *empty = json_object();
	static const struct raceway_test_error in_use = { RACEWAY_FAULT_REFUSED, "profile web", "",
							  "in use by vnic web/eth0 and 1 more" };

	raceway_model_write(model, raceway_kind_find("profile"), "web", empty, ADD, NULL);
	raceway_model_write(model, vnic, "web/eth0", doc, ADD, NULL);
	raceway_model_write(model, vnic, "web/eth1", doc, ADD, NULL);
	cr_expect_eq(json_object_size(raceway_model_all(model, vnic)), 6);
	raceway_test_expect("members", del(model, "profile", "web", &err), &err, &in_use);
	cr_expect_eq(json_object_size(raceway_model_all(model, vnic)), 6);
	err = (struct raceway_error){ .fault = RACEWAY_FAULT_NONE };
	cr_expect_eq(del(model, "vnic", "web/eth0", NULL), 0);
	cr_expect_eq(del(model, "vnic", "web/eth1", NULL), 0);
	cr_expect_eq(del(model, "profile", "web", &err), 0, "%s", err.message);
	cr_expect_not(raceway_model_get(model, raceway_kind_find("profile"), "web"));
	cr_expect_eq(raceway_model_check(model, &raceway_test_world, &err), 0, "%s", err.message);
	raceway_model_free(model);
	raceway_model_free(base);
}
