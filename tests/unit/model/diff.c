/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/diff.c: export and back, changes, and their one line each. */
#include <stdlib.h>
#include <string.h>

#include "helpers.h"
#include "model/yaml.h"

/* All lines, each ended. */
static void lines(const struct raceway_model *before, const struct raceway_model *after, char *buf,
		  size_t size)
{
	json_auto_t *changes = raceway_model_diff(before, after);
	json_t *change;
	size_t used = 0, i;

	buf[0] = '\0';
	json_array_foreach (changes, i, change) {
		char line[700];

		used += (size_t)snprintf(buf + used, size - used, "%s\n",
					 raceway_change_format(change, line, sizeof(line)));
		cr_assert_lt(used, size);
	}
}

Test(diff, lines)
{
	struct raceway_model *before = raceway_test_model(raceway_test_base);
	struct raceway_model *after = raceway_model_clone(before);
	json_auto_t *document = raceway_test_yaml(
		"schema: 1\n"
		"segments: [{name: new}, {name: lan, uplink: up0, switching: vepa}]\n"
		"servers: [{name: a, port: [srv2]}, {name: b}]\n"
		"profiles:\n"
		"- name: web1\n"
		"  vnics: [{name: eth0, segment: lan, rx_cir: 4gbit, rx_pir: 8gbit, rx_pbs: 1m,\n"
		"           trunk: on, mtu: 9000, description: two words}]\n"
		"- {name: web3, vnics: [{name: eth0, segment: new}]}\n");
	char text[2048];

	cr_assert_eq(raceway_model_apply(after, document, false, NULL), 0);
	raceway_model_delete(after, raceway_kind_find("vnic"), "spare/eth0", NULL);
	lines(before, after, text, sizeof(text));
	cr_expect_str_eq(text,
			 "~ segment lan vlan 100 -> none\n"
			 "~ segment lan switching veb -> vepa\n"
			 "+ segment new\n"
			 "~ server a port srv1 -> srv2\n"
			 "~ server b port srv2 -> none\n"
			 "~ profile web1 server a -> none\n"
			 "+ profile web3\n"
			 "- vnic spare/eth0\n"
			 "~ vnic web1/eth0 mac 02:00:00:00:00:01 -> 02:6c:87:a0:3c:6f\n"
			 "~ vnic web1/eth0 mtu 1500 -> 9000\n"
			 "~ vnic web1/eth0 tx-cir 3gbit -> none\n"
			 "~ vnic web1/eth0 rx-pbs none -> 1m\n"
			 "~ vnic web1/eth0 trunk off -> on\n"
			 "~ vnic web1/eth0 description none -> \"two words\"\n"
			 "+ vnic web3/eth0\n",
			 "%s", text);
	raceway_model_free(before);
	raceway_model_free(after);
}

/* Clones and documents that say the same differently are no change. */
Test(diff, nothing_to_do)
{
	struct raceway_model *before = raceway_test_model(raceway_test_base);
	struct raceway_model *after = raceway_model_clone(before);
	json_auto_t *document = raceway_test_yaml(
		"schema: 1\n"
		"ports: [{name: srv1, dev: eth1, role: fabric, rate: 10000mbit, mode: native}]\n"
		"segments: [{name: lan, uplink: up0, vlan: '0x64', switching: veb}]\n"
		"profiles: [{name: box, server: local, vnics: [{name: eth0, segment: lan,\n"
		"  mac: '02:00:00:00:00:03', mtu: '1500', tx_cir: 0, spoofcheck: on}]}]\n");
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	char text[2048];

	lines(before, after, text, sizeof(text));
	cr_expect_str_eq(text, "");
	cr_assert_eq(raceway_model_apply(after, document, false, &err), 0, "%s", err.message);
	lines(before, after, text, sizeof(text));
	cr_expect_str_eq(text, "");
	raceway_model_free(before);
	raceway_model_free(after);
}

Test(diff, change_as_json)
{
	struct raceway_model *before = raceway_test_model(raceway_test_base);
	struct raceway_model *after = raceway_model_clone(before);
	json_auto_t *doc = json_pack("{s:s}", "rx_pir", "9gbit");
	json_auto_t *changes = NULL;
	char *text;

	raceway_model_write(after, raceway_kind_find("vnic"), "web1/eth0", doc, RACEWAY_PATCH,
			    NULL);
	raceway_model_delete(after, raceway_kind_find("segment"), "flat", NULL);
	changes = raceway_model_diff(before, after);
	text = json_dumps(changes, JSON_COMPACT);
	cr_expect_str_eq(
		text,
		"[{\"op\":\"del\",\"kind\":\"segment\",\"name\":\"flat\",\"field\":null,"
		"\"from\":{\"number\":2,\"uplink\":\"up0\",\"untagged\":true},\"to\":null},"
		"{\"op\":\"change\",\"kind\":\"vnic\",\"name\":\"web1/eth0\","
		"\"field\":\"rx-pir\",\"from\":8000000000,\"to\":9000000000}]",
		"%s", text);
	free(text);
	raceway_model_free(before);
	raceway_model_free(after);
}

Test(diff, export_document)
{
	struct raceway_model *model = raceway_test_model(
		"schema: 1\n"
		"ports: [{name: up0, dev: eth0, role: uplink}]\n"
		"segments: [{name: lan, uplink: up0}]\n"
		"profiles:\n"
		"- {name: b, vnics: [{name: eth1, segment: lan, mac: '02:00:00:00:00:02'},\n"
		"   {name: eth0, segment: lan, mac: '02:00:00:00:00:01', trunk: on}]}\n"
		"- {name: a, server: local}\n");
	json_auto_t *document = raceway_model_export(model);
	char *text = json_dumps(document, JSON_COMPACT);

	/* sorted, without the numbers of the maps, local only if there is something to say */
	cr_expect_str_eq(
		text,
		"{\"schema\":1,"
		"\"ports\":[{\"name\":\"up0\",\"dev\":\"eth0\",\"role\":\"uplink\"}],"
		"\"segments\":[{\"name\":\"lan\",\"number\":1,\"uplink\":\"up0\"}],"
		"\"servers\":[],\"pools\":[],\"sans\":[],\"volumes\":[],\"portals\":[],"
		"\"templates\":[],"
		"\"profiles\":[{\"name\":\"a\",\"server\":\"local\",\"vnics\":[],\"vhbas\":[]},"
		"{\"name\":\"b\",\"vnics\":["
		"{\"name\":\"eth0\",\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:01\","
		"\"trunk\":true},"
		"{\"name\":\"eth1\",\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:02\"}],"
		"\"vhbas\":[]}]}",
		"%s", text);
	free(text);
	raceway_model_free(model);
}

/* export | apply changes nothing, by way of YAML, on this machine and on a new one. */
Test(diff, export_yaml_apply)
{
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	struct raceway_model *same = raceway_model_clone(model), *fresh = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *patch = json_pack("{s:s,s:s,s:s,s:I,s:b}", "description",
				       "y: [#] 'off' \xc3\xa9", "netns", "010", "ifname", "null",
				       "tx_pir", (json_int_t)123456789, "spoofcheck", 0);
	json_auto_t *me = json_pack("{s:s}", "description", "me");
	json_auto_t *document = NULL;
	json_auto_t *back = NULL;
	char text[2048], *yaml = NULL;
	size_t size = 0;
	FILE *file;

	cr_assert_eq(raceway_model_write(model, raceway_kind_find("vnic"), "box/eth0", patch,
					 RACEWAY_PATCH, &err),
		     0, "%s", err.message);
	cr_assert_eq(raceway_model_write(model, raceway_kind_find("server"), "local", me,
					 RACEWAY_PATCH, &err),
		     0, "%s", err.message);
	raceway_model_free(same);
	same = raceway_model_clone(model);
	document = raceway_model_export(model);
	file = open_memstream(&yaml, &size);
	cr_assert_eq(raceway_yaml_write(file, document), 0);
	fclose(file);
	cr_assert_eq(raceway_yaml_parse(yaml, size, "export", &back, &err), 0, "%s\n%s",
		     err.message, yaml);
	cr_expect(json_equal(document, back), "%s", yaml);

	cr_assert_eq(raceway_model_apply(same, back, true, &err), 0, "%s", err.message);
	lines(model, same, text, sizeof(text));
	cr_expect_str_eq(text, "");
	cr_assert_eq(raceway_model_apply(fresh, back, true, &err), 0, "%s", err.message);
	lines(model, fresh, text, sizeof(text));
	cr_expect_str_eq(text, "");
	free(yaml);
	raceway_model_free(model);
	raceway_model_free(same);
	raceway_model_free(fresh);
}

Test(diff, not_a_change)
{
	json_auto_t *nonsense = json_pack("{s:s}", "op", "dance");
	char line[64];

	cr_expect_str_eq(raceway_change_format(nonsense, line, sizeof(line)), "? unknown change");
}
