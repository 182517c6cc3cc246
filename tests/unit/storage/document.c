/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/storage/document.c: what the engine is told of a model. */
#include "storage/document.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scene.h"

static void expect(const json_t *object, const char *text)
{
	char *got = json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	cr_expect_str_eq(got, text, "%s", got);
	free(got);
}

static const json_t *list(const json_t *document, const char *key)
{
	return json_object_get(document, key);
}

Test(document, whole)
{
	struct raceway_model *model = scene_model(scene_base);
	json_auto_t *document = raceway_storage_document(model, "iqn.2026-11.local.raceway:n");

	expect(list(document, "target"), "\"iqn.2026-11.local.raceway:n\"");
	expect(list(document, "sans"),
	       "[{\"name\":\"array\",\"portal\":\"10.9.9.9\",\"target\":\"iqn.2001-01.example:a\","
	       "\"type\":\"iscsi\"},{\"name\":\"none\",\"type\":\"null\"},"
	       "{\"name\":\"pool\",\"path\":\"/srv/pool\",\"type\":\"pool\"}]");
	json_object_del(json_array_get(list(document, "volumes"), 3), "id");
	expect(json_array_get(list(document, "volumes"), 3),
	       "{\"name\":\"pool/data\",\"size\":2147483648}");
	json_object_del(json_array_get(list(document, "volumes"), 0), "id");
	expect(json_array_get(list(document, "volumes"), 0),
	       "{\"dev\":\"7\",\"name\":\"array/a7\"}");
	expect(list(document, "portals"), "[{\"address\":\"127.0.0.1:3999\",\"group\":1,\"name\":"
					  "\"p1\",\"transport\":\"iscsi\"}]");
	scene_free(model);
}

Test(document, ids_are_there)
{
	struct raceway_model *model = scene_model(scene_base);
	json_auto_t *document = raceway_storage_document(model, "iqn.2026-11.local.raceway:n");
	json_t *volume;
	size_t i;

	json_array_foreach (list(document, "volumes"), i, volume)
		cr_expect_eq(json_string_length(json_object_get(volume, "id")), 16);
	scene_free(model);
}

Test(document, vhbas)
{
	struct raceway_model *model = scene_model(scene_base);
	json_auto_t *document = raceway_storage_document(model, "iqn.2026-11.local.raceway:n");
	const json_t *vhbas = list(document, "vhbas");

	cr_assert_eq(json_array_size(vhbas), 3, "who is bound to no server is not served");
	expect(json_array_get(vhbas, 0),
	       "{\"auth\":\"location\",\"initiator\":\"naa.3000000000000003\",\"local\":false,"
	       "\"luns\":[],\"macs\":[\"02:00:00:00:00:03\",\"02:00:00:00:00:04\"],"
	       "\"name\":\"far/h0\",\"san\":\"none\",\"weight\":1,\"wwnn\":\"3000000000000033\","
	       "\"wwpn\":\"3000000000000003\"}");
	expect(json_array_get(vhbas, 1),
	       "{\"auth\":\"location\",\"cir\":1000000000,\"initiator\":\"iqn.2026-01.x:me\","
	       "\"iops_cir\":100,\"iops_pir\":200,\"local\":true,\"luns\":[{\"lun\":0,\"ro\":false,"
	       "\"volume\":\"pool/boot\"},{\"lun\":5,\"ro\":true,\"volume\":\"pool/data\"}],"
	       "\"macs\":[\"02:00:00:00:00:01\"],\"name\":\"web1/h0\",\"pir\":2000000000,"
	       "\"san\":\"pool\",\"weight\":7,\"wwnn\":\"3000000000000011\","
	       "\"wwpn\":\"3000000000000001\"}");
	expect(json_array_get(vhbas, 2),
	       "{\"auth\":\"chap\",\"chap\":\"u\",\"initiator\":\"naa.3000000000000002\","
	       "\"local\":true,\"luns\":[{\"lun\":1,\"ro\":true,\"volume\":\"pool/data\"}],"
	       "\"mutual_chap\":\"t\",\"mutual_secret_file\":\"/etc/t\",\"name\":\"web2/h0\","
	       "\"san\":\"pool\",\"secret_file\":\"/etc/s\",\"weight\":1,"
	       "\"wwnn\":\"3000000000000022\",\"wwpn\":\"3000000000000002\"}");
	scene_free(model);
}

/* The engine takes 64 for one vHBA; its own profile's come first. */
Test(document, a_server_with_many_vnics)
{
	struct raceway_model *model = scene_model(scene_base);
	json_auto_t *document = NULL;
	const json_t *macs;

	for (int i = 0; i < 80; i++) {
		char name[32], doc[80];

		snprintf(name, sizeof(name), "far2/e%d", i);
		snprintf(doc, sizeof(doc), "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:01:%02x\"}",
			 i);
		scene_add(model, "vnic", name, doc);
	}
	scene_add(model, "vnic", "far/z", "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:02:00\"}");
	document = raceway_storage_document(model, "iqn.2026-11.local.raceway:n");
	macs = json_object_get(json_array_get(list(document, "vhbas"), 0), "macs");
	cr_expect_eq(json_array_size(macs), 64);
	expect(json_array_get(macs, 0), "\"02:00:00:00:00:03\"");
	expect(json_array_get(macs, 1), "\"02:00:00:00:02:00\"");
	scene_free(model);
}

/* What is described only, or not of storage, is nothing new to the engine. */
Test(document, only_what_matters)
{
	struct raceway_model *model = scene_model(scene_base), *next = raceway_model_clone(model);
	json_auto_t *before = raceway_storage_document(model, "iqn.2026-11.local.raceway:n");
	json_auto_t *after = NULL;

	scene_set(next, "volume", "pool/boot", "{\"description\":\"the first\"}");
	scene_set(next, "vnic", "web1/eth0", "{\"tx_pir\":1000000000}");
	scene_set(next, "vhba", "web1/h0", "{\"description\":\"x\"}");
	after = raceway_storage_document(next, "iqn.2026-11.local.raceway:n");
	cr_expect(json_equal(before, after));
	scene_set(next, "vnic", "web1/eth0", "{\"mac\":\"02:00:00:00:00:77\"}");
	json_decref(after);
	after = raceway_storage_document(next, "iqn.2026-11.local.raceway:n");
	cr_expect(!json_equal(before, after), "its address is by what its location is known");
	scene_free(next);
	scene_free(model);
}
