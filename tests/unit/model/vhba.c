/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vHBAs: their names, rules and maps, and what is assigned to them. */
#include "san.h"

Test(vhba, vhba_identities)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba", "web1/n", ADD, "{\"san\":\"pool\"}", { .fault = NONE } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"nowhere\"}",
		  { REFUSED, "vhba web1/n", "san",
		    "san nowhere does not exist; there are: array, none, other, pool" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"wwpn\":\"3000000000000002\"}",
		  { REFUSED, "vhba web1/n", "wwpn",
		    "wwpn 3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"wwpn\":\"3000000000000002\"}",
		  { REFUSED, "vhba web1/h0", "wwpn",
		    "wwpn 3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"wwpn\":\"0000000000000000\"}",
		  { INVALID, "vhba web1/n", "wwpn",
		    "wwpn 0000000000000000 is no name of a port or node" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"initiator\":\"NAA.3000000000000002\"}",
		  { REFUSED, "vhba web1/n", "initiator",
		    "initiator naa.3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web2/h1",
		  PATCH,
		  "{\"initiator\":\"naa.3000000000000001\"}",
		  { REFUSED, "vhba web2/h1", "initiator",
		    "initiator naa.3000000000000001 is already that of vhba web1/h0" } },
		{ "vhba", "web2/h1", PATCH, "{\"wwnn\":\"3000000000000009\"}", { .fault = NONE } },
		{ "vhba",
		  "web2/h1",
		  PATCH,
		  "{\"wwnn\":\"30:00:00:00:00:00:00:0a\"}",
		  { REFUSED, "vhba web2/h1", "wwnn",
		    "wwnn 300000000000000a is already that of vhba web1/h0, of another profile" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"initiator\":\"me\"}",
		  { SYNTAX, "vhba web1/n", "initiator",
		    "initiator \"me\" is not an iSCSI name, as iqn.2026-11.local.raceway:x or "
		    "naa.3000000000000001" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"pool\":\"w\"}",
		  { REFUSED, "vhba web1/n", "pool",
		    "pool w does not exist; there is no pool yet" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"transport\":\"iser\"}",
		  { CANNOT, "vhba web1/n", "transport", "transport iser: not yet; use iscsi" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(vhba, vhba_rules)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"pir\":\"500mbit\"}",
		  { INVALID, "vhba web1/h0", "cir", "cir 1gbit is above pir 500mbit" } },
		{ "vhba", "web1/h0", PATCH, "{\"pir\":\"1gbit\"}", { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"iops_cir\":1001,\"iops_pir\":1000}",
		  { INVALID, "vhba web1/h0", "iops-cir", "iops-cir 1001 is above iops-pir 1000" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"iops_cir\":1000,\"iops_pir\":1000}",
		  { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"weight\":0}",
		  { INVALID, "vhba web1/h0", "weight", "weight 0 is out of range, 1 to 1000" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"auth\":\"chap\"}",
		  { INVALID, "vhba web1/h0", "auth", "auth chap needs chap and secret-file" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"auth\":null,\"chap\":\"u\"}",
		  { INVALID, "vhba web1/h0", "secret-file",
		    "secret-file is missing: chap needs the file with its secret" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "secret-file",
		    "secret-file needs chap, the user whose secret it is" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"chap\":\"u\",\"secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "auth",
		    "auth none asks for no CHAP; leave chap out, or take it away by chap \"\" "
		    "secret-file \"\"" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\",\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "mutual-chap",
		    "mutual-chap needs chap: a target proves itself only to an initiator that "
		    "does" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\"}",
		  { INVALID, "vhba web2/h0", "mutual-secret-file",
		    "mutual-secret-file is missing: mutual-chap needs the file with its secret" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web2/h0", "mutual-secret-file",
		    "mutual-secret-file needs mutual-chap, the user whose secret it is" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"u\",\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web2/h0", "mutual-chap",
		    "mutual-chap and chap are the same user; the target must prove itself by "
		    "another" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\",\"mutual_secret_file\":\"/s\"}",
		  { .fault = NONE } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"chap\":null,\"secret_file\":null}",
		  { .fault = NONE } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

#define LUNS(list) "{\"luns\":[" list "]}"

Test(vhba, luns)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":16383,\"volume\":\"pool/boot\"}"),
		  { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":16384,\"volume\":\"pool/boot\"}"),
		  { INVALID, "vhba web1/h0", "lun", "lun 16384 is out of range, 0 to 16383" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"volume\":\"pool/boot\"}"),
		  { INVALID, "vhba web1/h0", "lun", "luns: lun is missing" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0}"),
		  { INVALID, "vhba web1/h0", "volume", "luns: volume is missing" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"boot\"}"),
		  { INVALID, "vhba web1/h0", "volume",
		    "luns: volume is no name of one: that is SAN/NAME" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"pool/boot\",\"ro\":\"yes\"}"),
		  { SYNTAX, "vhba web1/h0", "ro", "luns: ro must be true or false" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"pool/boot\",\"size\":1}"),
		  { SYNTAX, "vhba web1/h0", "size",
		    "\"size\" is no word of a LUN; there are: lun volume ro shared" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("7"),
		  { SYNTAX, "vhba web1/h0", "luns",
		    "luns: each must be an object with lun and volume" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"luns\":{}}",
		  { SYNTAX, "vhba web1/h0", "luns", "luns: must be a list of LUNs" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\"},{\"lun\":1,\"volume\":\"pool/disk\"}"),
		  { REFUSED, "vhba web1/h0", "lun", "lun 1 is already volume pool/boot" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\"},{\"lun\":2,\"volume\":\"pool/boot\"}"),
		  { REFUSED, "vhba web1/h0", "volume", "volume pool/boot is already lun 1" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/nothing\"}"),
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume pool/nothing does not exist; there are: array/a0, none/n, other/x, "
		    "pool/boot, pool/data, ..." } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"other/x\"}"),
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume other/x is not on san pool, the vHBA's" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"san\":\"other\"}",
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume pool/boot is not on san other, the vHBA's" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/frozen\"}"),
		  { REFUSED, "vhba web1/h0", "ro",
		    "volume pool/frozen is read-only: map it with ro" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/frozen\",\"ro\":true}"),
		  { .fault = NONE } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/data\"}"),
		  { REFUSED, "vhba web2/h0", "shared",
		    "volume pool/data is mapped to vhba web1/h0 too: both maps must say "
		    "shared" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\",\"shared\":true}"),
		  { REFUSED, "vhba web2/h0", "shared",
		    "volume pool/boot is mapped to vhba web1/h0 too: both maps must say "
		    "shared" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(vhba, what_is_assigned)
{
	struct raceway_model *model = raceway_test_model(base);
	const char *wwpn = text_of(model, "vhba", "web2/h1", "wwpn"),
		   *wwnn = text_of(model, "vhba", "web2/h1", "wwnn"),
		   *id = text_of(model, "volume", "pool/boot", "id");
	char initiator[RACEWAY_ISCSI_NAME_TEXT], first_id[32], first[32];
	json_auto_t *doc = json_pack("{s:s}", "san", "array");
	json_auto_t *volume = json_pack("{s:s}", "size", "1g");
	json_auto_t *given = json_pack("{s:s}", "wwpn", "5000000000000001");
	struct raceway_error err = { .fault = NONE };

	cr_expect_eq(strlen(wwpn), 16);
	cr_expect_eq(wwpn[0], '3', "locally assigned");
	cr_expect_str_eq(wwnn, text_of(model, "vhba", "web2/h0", "wwnn"), "one node");
	cr_expect_str_neq(wwnn, text_of(model, "vhba", "web1/h0", "wwnn"), "two nodes");
	cr_expect_str_neq(wwnn, wwpn);
	cr_expect_str_neq(id, text_of(model, "volume", "pool/data", "id"));
	raceway_vhba_initiator(raceway_model_get(model, kind("vhba"), "web2/h1"), initiator);
	cr_expect_eq(strncmp(initiator, "naa.", 4), 0);
	cr_expect_str_eq(initiator + 4, wwpn);
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web2/h1")),
			 "location");
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web2/h0")),
			 "chap");
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web1/h0")),
			 "none");
	/* kept by PUT if Raceway gave it, gone if somebody did, the same after being away */
	snprintf(first, sizeof(first), "%s", wwpn);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", given, PATCH, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), "5000000000000001");
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	cr_assert_eq(raceway_model_delete(model, kind("vhba"), "web2/h1", &err), 0);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, ADD, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	/* a volume of the same name is another volume */
	snprintf(first_id, sizeof(first_id), "%s", text_of(model, "volume", "other/x", "id"));
	cr_assert_eq(raceway_model_write(model, kind("volume"), "other/x", volume, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "volume", "other/x", "id"), first_id);
	cr_assert_eq(raceway_model_delete(model, kind("volume"), "other/x", &err), 0);
	cr_assert_eq(raceway_model_write(model, kind("volume"), "other/x", volume, ADD, &err), 0);
	cr_expect_str_neq(text_of(model, "volume", "other/x", "id"), first_id);
	raceway_model_free(model);
}

Test(vhba, map_and_unmap)
{
	struct raceway_model *model = raceway_test_model(base);
	struct raceway_error err = { .fault = NONE };
	json_auto_t *one = json_pack("{s:i, s:s, s:b}", "lun", 1, "volume", "pool/disk", "ro", 1);
	json_auto_t *taken = json_pack("{s:i, s:s}", "lun", 1, "volume", "pool/frozen");
	json_auto_t *number = json_integer(1);
	const json_t *doc;
	char *text;

	cr_assert_eq(raceway_vhba_map(model, "web1/h0", one, &err), 0, "%s", err.message);
	doc = raceway_model_get(model, kind("vhba"), "web1/h0");
	text = json_dumps(json_object_get(doc, "luns"), JSON_COMPACT);
	cr_expect_str_eq(text, "[{\"lun\":0,\"volume\":\"pool/boot\"},"
			       "{\"lun\":1,\"volume\":\"pool/disk\",\"ro\":true},"
			       "{\"lun\":3,\"volume\":\"pool/data\",\"shared\":true}]");
	free(text);
	cr_expect_lt(raceway_vhba_map(model, "web1/h0", taken, &err), 0);
	cr_expect_str_eq(err.message, "lun 1 is already volume pool/disk");
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_eq(raceway_vhba_unmap(model, "web1/h0", number, &err), 0);
	cr_expect_eq(json_array_size(json_object_get(
			     raceway_model_get(model, kind("vhba"), "web1/h0"), "luns")),
		     2);
	cr_expect_lt(raceway_vhba_unmap(model, "web1/h0", number, &err), 0);
	cr_expect_str_eq(err.message, "lun 1 is not mapped");
	cr_expect_eq(err.fault, NOT_FOUND);
	err.fault = NONE;
	cr_expect_lt(raceway_vhba_map(model, "web1/x", one, &err), 0);
	cr_expect_eq(err.fault, NOT_FOUND);
	raceway_model_free(model);
}

Test(vhba, export_and_changes)
{
	struct raceway_model *model = raceway_test_model(base), *same = raceway_model_clone(model),
			     *next;
	json_auto_t *document = raceway_model_export(model);
	json_auto_t *map = json_pack("{s:i, s:s, s:b}", "lun", 9, "volume", "pool/frozen", "ro", 1);
	json_auto_t *changes = NULL;
	struct raceway_error err = { .fault = NONE };
	char *text, line[512];

	text = json_dumps(json_object_get(document, "sans"), JSON_COMPACT);
	cr_expect_str_eq(
		text,
		"[{\"name\":\"array\",\"type\":\"iscsi\",\"portal\":\"array.example\","
		"\"target\":\"iqn.2001-01.example:a\"},{\"name\":\"none\",\"type\":\"null\"},"
		"{\"name\":\"other\",\"type\":\"pool\",\"path\":\"/srv/other\"},"
		"{\"name\":\"pool\",\"type\":\"pool\",\"path\":\"/srv/pool\"}]",
		"%s", text);
	free(text);
	text = json_dumps(json_array_get(json_object_get(document, "volumes"), 6), JSON_COMPACT);
	cr_expect_str_eq(text, "{\"name\":\"pool/frozen\",\"size\":1073741824,\"ro\":true}", "%s",
			 text);
	free(text);
	text = json_dumps(json_object_get(document, "portals"), JSON_COMPACT);
	cr_expect_str_eq(text,
			 "[{\"name\":\"p1\",\"address\":\"10.0.0.1:3260\"},"
			 "{\"name\":\"p2\",\"address\":\"10.0.0.2:3261\",\"netns\":\"blue\"}]",
			 "%s", text);
	free(text);
	text = json_dumps(
		json_object_get(json_array_get(json_object_get(document, "profiles"), 0), "vhbas"),
		JSON_COMPACT);
	cr_expect_not_null(strstr(text, "\"name\":\"h0\",\"san\":\"pool\","
					"\"wwpn\":\"3000000000000001\""),
			   "%s", text);
	cr_expect_not_null(strstr(text, "\"luns\":[{\"lun\":0,\"volume\":\"pool/boot\"},{\"lun\":3,"
					"\"volume\":\"pool/data\",\"shared\":true}]"),
			   "%s", text);
	free(text);

	cr_assert_eq(raceway_model_apply(same, document, true, &err), 0, "%s", err.message);
	changes = raceway_model_diff(model, same);
	cr_expect_eq(json_array_size(changes), 0);
	json_decref(changes);
	next = raceway_model_clone(model);
	raceway_vhba_map(next, "web1/h0", map, &err);
	changes = raceway_model_diff(model, next);
	cr_assert_eq(json_array_size(changes), 1);
	cr_expect_str_eq(
		raceway_change_format(json_array_get(changes, 0), line, sizeof(line)),
		"~ vhba web1/h0 luns 0 pool/boot, 3 pool/data shared -> 0 pool/boot, 3 pool/data "
		"shared, 9 pool/frozen ro",
		"%s", line);
	raceway_model_free(next);
	raceway_model_free(same);
	raceway_model_free(model);
}
