/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANs, volumes, portals: their rules, and what changes of them. */
#include "san.h"

Test(storage, sans)
{
	static const struct raceway_test_write cases[] = {
		{ "san", "x", ADD, "{\"type\":\"null\"}", { .fault = NONE } },
		{ "san", "x", ADD, "{\"type\":\"pool\",\"path\":\"/srv/x\"}", { .fault = NONE } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\"}",
		  { INVALID, "san x", "path", "path is missing: a SAN of type pool needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"srv/x\"}",
		  { INVALID, "san x", "path", "path srv/x must be absolute, beginning with /" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"iscsi\",\"portal\":\"a\"}",
		  { INVALID, "san x", "target",
		    "target is missing: a SAN of type iscsi needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"iscsi\",\"target\":\"iqn.2001-01.a:b\"}",
		  { INVALID, "san x", "portal",
		    "portal is missing: a SAN of type iscsi needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"null\",\"path\":\"/srv/x\"}",
		  { INVALID, "san x", "path", "path is for type pool, not for type null" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"/srv/x\",\"portal\":\"a\"}",
		  { INVALID, "san x", "portal", "portal is for type iscsi, not for type pool" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"fc\"}",
		  { CANNOT, "san x", "type", "type fc: not yet; use pool or iscsi or null" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"null\",\"host\":\"host0\"}",
		  { CANNOT, "san x", "host", "host: not yet: there is no Fibre Channel" } },
		{ "san",
		  "pool",
		  PATCH,
		  "{\"type\":\"null\"}",
		  { REFUSED, "san pool", "type", "type cannot be changed; delete and add anew" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"/srv/pool//\"}",
		  { REFUSED, "san x", "path", "path /srv/pool is already that of san pool" } },
		{ "san",
		  "pool",
		  PATCH,
		  "{\"path\":\"/srv/elsewhere\"}",
		  { REFUSED, "san pool", "path",
		    "path cannot be changed while volume pool/boot is mapped" } },
		{ "san", "other", PATCH, "{\"path\":\"/srv/elsewhere\"}", { .fault = NONE } },
		{ "san", "array", PATCH, "{\"portal\":\"b.example:3261\"}", { .fault = NONE } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, volumes)
{
	static const struct raceway_test_write cases[] = {
		{ "volume", "pool/n", ADD, "{\"size\":\"512\"}", { .fault = NONE } },
		{ "volume", "pool/n", ADD, "{\"dev\":\"/dev/sdc\"}", { .fault = NONE } },
		{ "volume", "array/a16383", ADD, "{\"dev\":\"16383\"}", { .fault = NONE } },
		{ "volume", "pool/data", PATCH, "{\"size\":\"3g\"}", { .fault = NONE } },
		{ "volume",
		  "pool/data",
		  PATCH,
		  "{\"size\":\"1g\"}",
		  { REFUSED, "volume pool/data", "size",
		    "size 1g is smaller than 2g, which it has; a volume can only grow" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{}",
		  { REFUSED, "volume pool/n", "size", "size is missing, or dev of what exists" } },
		{ "volume",
		  "none/m",
		  ADD,
		  "{}",
		  { REFUSED, "volume none/m", "size", "size is missing" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":\"1g\",\"dev\":\"/dev/sdc\"}",
		  { INVALID, "volume pool/n", "dev",
		    "size and dev exclude each other: size makes a new volume, dev names one that "
		    "exists" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":1000}",
		  { INVALID, "volume pool/n", "size", "size 1000 is no multiple of 512" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":0}",
		  { INVALID, "volume pool/n", "size", "size 0 is out of range, 512 to 1024t" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"dev\":\"sdc\"}",
		  { REFUSED, "volume pool/n", "dev",
		    "dev sdc must be a block device's absolute path" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"dev\":\"/dev/sdb\"}",
		  { REFUSED, "volume pool/n", "dev",
		    "dev /dev/sdb is already that of volume pool/disk" } },
		{ "volume",
		  "other/n",
		  ADD,
		  "{\"dev\":\"/dev/sdb\"}",
		  { REFUSED, "volume other/n", "dev",
		    "dev /dev/sdb is already that of volume pool/disk" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"0\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev 0 is already that of volume array/a0" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"16384\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev 16384 must be the number of a LUN of the array, 0 to 16383" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev /dev/sdc must be the number of a LUN of the array, 0 to 16383" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"size\":\"1g\"}",
		  { REFUSED, "volume array/b", "size",
		    "a volume of an array (san array is of type iscsi) is named by dev, the number "
		    "of its LUN there" } },
		{ "volume",
		  "none/m",
		  ADD,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume none/m", "dev",
		    "dev is not for a SAN of type null, which keeps nothing; give size" } },
		{ "volume",
		  "pool/disk",
		  PATCH,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume pool/disk", "dev",
		    "dev cannot be changed; delete and add anew" } },
		{ "volume",
		  "nowhere/n",
		  ADD,
		  "{\"size\":\"1g\"}",
		  { NOT_FOUND, "volume nowhere/n", "name", "san nowhere does not exist" } },
		{ "volume",
		  "pool/boot",
		  PATCH,
		  "{\"ro\":true}",
		  { REFUSED, "vhba web1/h0", "ro",
		    "volume pool/boot is read-only: map it with ro" } },
		{ "volume",
		  "pool/boot",
		  PATCH,
		  "{\"id\":\"3000000000000009\"}",
		  { SYNTAX, "volume pool/boot", "id",
		    "\"id\" is no word of a volume; there are: size dev ro description" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, portals)
{
	static const struct raceway_test_write cases[] = {
		{ "portal", "x", ADD, "{\"address\":\"[2001:db8::1]\"}", { .fault = NONE } },
		{ "portal", "x", ADD, "{\"address\":\"10.0.0.1:3261\"}", { .fault = NONE } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.2:3261\",\"netns\":\"red\"}",
		  { .fault = NONE } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1:3260\"}",
		  { REFUSED, "portal x", "address",
		    "address 10.0.0.1:3260 is already that of portal p1" } },
		{ "portal",
		  "p1",
		  PATCH,
		  "{\"address\":\"10.0.0.2:3261\",\"netns\":\"blue\"}",
		  { REFUSED, "portal p1", "address",
		    "address 10.0.0.2:3261 is already that of portal p2" } },
		{ "portal",
		  "x",
		  ADD,
		  "{}",
		  { INVALID, "portal x", "address", "address is missing" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1:70000\"}",
		  { INVALID, "portal x", "address",
		    "address 10.0.0.1:70000: the port is out of range, 1 to 65535" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"0.0.0.0\"}",
		  { INVALID, "portal x", "address",
		    "address 0.0.0.0:3260 is not that of one station; initiators are told to come "
		    "to it" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"ff02::1\"}",
		  { INVALID, "portal x", "address",
		    "address [ff02::1]:3260 is not that of one station; initiators are told to "
		    "come to it" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1\",\"transport\":\"srp\"}",
		  { CANNOT, "portal x", "transport", "transport srp: not yet; use iscsi" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.9\",\"segment\":\"lan\"}",
		  { CANNOT, "portal x", "segment",
		    "segment: not yet: a portal is at an address of this machine" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

/* What the machine says about a directory is asked once, when the path is new. */
static int dir_check(void *context, const char *path)
{
	++*(int *)context;
	return strcmp(path, "/srv/gone") == 0 ? -2 : strcmp(path, "/srv/file") == 0 ? -20 : 0;
}

Test(storage, path_must_be_a_directory)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model);
	int asked = 0;
	const struct raceway_world world = { .dir_check = dir_check, .context = &asked };
	json_auto_t *gone = json_pack("{s:s}", "path", "/srv/gone");
	json_auto_t *file = json_pack("{s:s}", "path", "/srv/file");
	struct raceway_error err = { .fault = NONE };

	cr_expect_eq(raceway_model_check(next, &world, &err), 0);
	cr_expect_eq(asked, 0, "it was not changed");
	cr_assert_eq(raceway_model_write(next, kind("san"), "other", gone, PATCH, &err), 0);
	cr_expect_lt(raceway_model_check(next, &world, &err), 0);
	cr_expect_str_eq(err.message, "path /srv/gone: there is no such directory");
	cr_expect_str_eq(err.object, "san other");
	err.fault = NONE;
	cr_assert_eq(raceway_model_write(next, kind("san"), "other", file, PATCH, &err), 0);
	cr_expect_lt(raceway_model_check(next, &world, &err), 0);
	cr_expect_str_eq(err.message, "path /srv/file: Not a directory");
	raceway_model_free(next);
	raceway_model_free(model);
}

Test(storage, in_use)
{
	static const struct {
		const char *kind, *name, *message;
	} cases[] = {
		{ "san", "pool", "in use by vhba web1/h0 and 1 more" },
		{ "san", "none", "in use by volume none/n" },
		{ "volume", "pool/data", "in use by vhba web1/h0 and 1 more" },
		{ "volume", "pool/boot", "in use by vhba web1/h0" },
		{ "profile", "web1", "in use by vhba web1/h0" },
	};
	struct raceway_model *model = raceway_test_model(base);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = NONE };

		cr_expect_lt(raceway_model_delete(model, kind(cases[i].kind), cases[i].name, &err),
			     0);
		cr_expect_str_eq(err.message, cases[i].message, "%s: %s", cases[i].name,
				 err.message);
	}
	cr_expect_eq(raceway_model_delete(model, kind("volume"), "none/n", NULL), 0);
	cr_expect_eq(raceway_model_delete(model, kind("san"), "none", NULL), 0);
	raceway_model_free(model);
}

Test(storage, copies)
{
	struct raceway_model *model = raceway_test_model(base);
	struct raceway_error err = { .fault = NONE };
	json_auto_t *put = json_pack("{s:s}", "size", "1g");
	char name[RACEWAY_VOLUME_NAME] = "";

	cr_assert_eq(raceway_volume_copy(model, "pool/boot", "snap", true, name, &err), 0);
	cr_expect_str_eq(name, "pool/snap");
	cr_expect_str_eq(text_of(model, "volume", "pool/snap", "origin"), "pool/boot");
	cr_expect(raceway_model_bool(kind("volume"),
				     raceway_model_get(model, kind("volume"), "pool/snap"), "ro"));
	cr_expect_eq(raceway_model_u64(kind("volume"),
				       raceway_model_get(model, kind("volume"), "pool/snap"),
				       "size"),
		     1 << 30);
	cr_expect_str_neq(text_of(model, "volume", "pool/snap", "id"),
			  text_of(model, "volume", "pool/boot", "id"));
	cr_assert_eq(raceway_volume_copy(model, "pool/snap", "pool/copy", false, name, &err), 0);
	cr_expect_str_eq(name, "pool/copy");
	cr_expect_null(json_object_get(raceway_model_get(model, kind("volume"), name), "ro"));
	/* a document does not know where a volume came from, and does not forget it */
	cr_assert_eq(raceway_model_write(model, kind("volume"), "pool/snap", put, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "volume", "pool/snap", "origin"), "pool/boot");

	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "snap", true, name, &err), 0);
	cr_expect_str_eq(err.message, "already exists");
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "other/y", false, name, &err), 0);
	cr_expect_str_eq(err.message, "a copy is made on the same SAN: other/y is not on pool");
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/disk", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "none/n", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "../y", false, name, &err), 0);
	cr_expect_eq(err.fault, INVALID);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/none", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, NOT_FOUND);
	raceway_model_free(model);
}

/* A document that leaves a volume out that is mapped says what is missing. */
Test(storage, prune)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model);
	json_auto_t *document = raceway_model_export(model);
	struct raceway_error err = { .fault = NONE };

	json_array_clear(json_object_get(document, "volumes"));
	cr_assert_eq(raceway_model_apply(next, document, true, &err), 0, "%s", err.message);
	cr_expect_lt(raceway_model_check(next, NULL, &err), 0);
	cr_expect_str_eq(err.message,
			 "volume pool/boot is not in the document, so prune would "
			 "remove it: add volume pool/boot to the document",
			 "%s", err.message);
	raceway_model_free(next);
	raceway_model_free(model);
}

/* Volumes that are deleted before their files are. */
Test(storage, going)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model),
			     *noted;
	struct raceway_error err = { .fault = NONE };
	json_auto_t *going = NULL;
	json_auto_t *back = NULL;
	char *before, *after;

	cr_assert_eq(raceway_model_delete(next, kind("volume"), "other/x", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("san"), "other", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("volume"), "pool/disk", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("volume"), "none/n", &err), 0);
	going = raceway_volumes_going(model, next);
	cr_expect_eq(json_object_size(going), 3);
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "none/n"), "going")),
		"none", "there is no file");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "pool/disk"), "going")),
		"none", "a device is left alone");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "other/x"), "going")),
		"/srv/other", "with the SAN it goes too");
	before = raceway_test_dump(next);
	noted = raceway_volumes_note(next, going);
	cr_expect_not_null(raceway_model_get(noted, kind("volume"), "other/x"));
	back = raceway_volumes_unnote(noted);
	cr_expect(json_equal(back, going));
	after = raceway_test_dump(noted);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	raceway_model_free(noted);
	raceway_model_free(next);
	raceway_model_free(model);
}

/* Two servers at one port, as behind a leaf switch: fine, but where a frame came from is no proof.
 */
Test(storage, a_shared_port_is_no_proof)
{
	static const char scene[] =
		"{\"schema\":1,\"ports\":[{\"name\":\"f\",\"dev\":\"eth1\",\"role\":\"fabric\"}],"
		"\"servers\":[{\"name\":\"a\",\"port\":[\"f\"]},{\"name\":\"b\"%s}],"
		"\"sans\":[{\"name\":\"n\",\"type\":\"null\"}],"
		"\"profiles\":[{\"name\":\"p\",\"server\":\"a\",\"vhbas\":[{\"name\":\"h\","
		"\"san\":\"n\",\"auth\":\"%s\"}]}]}";
	static const struct {
		const char *port, *auth;
		bool right;
	} cases[] = { { "", "location", true },
		      { ",\"port\":[\"f\"]", "none", true },
		      { ",\"port\":[\"f\"]", "location", false } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_model *model = raceway_model_new();
		struct raceway_error err = { .fault = NONE };
		json_auto_t *document = NULL;
		char text[512];

		snprintf(text, sizeof(text), scene, cases[i].port, cases[i].auth);
		document = json_loads(text, 0, NULL);
		cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s",
			     err.message);
		cr_expect_eq(raceway_model_check(model, NULL, &err) == 0, cases[i].right, "%s",
			     err.message);
		cr_expect_str_eq(err.message,
				 cases[i].right
					 ? ""
					 : "auth location proves nothing here: server b is at "
					   "port f too, as a is; use chap");
		raceway_model_free(model);
	}
}
