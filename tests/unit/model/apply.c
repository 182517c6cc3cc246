/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/apply.c: whole documents, all of it or nothing. */
#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define SYNTAX RACEWAY_FAULT_SYNTAX
#define INVALID RACEWAY_FAULT_INVALID
#define CANNOT RACEWAY_FAULT_CANNOT
#define KEYS                                                                                       \
	" is no key of a document; there are: schema ports segments servers pools acls sans "      \
	"volumes portals partitions templates profiles gids"

static int apply(struct raceway_model *model, const char *yaml, bool prune,
		 struct raceway_error *err)
{
	json_auto_t *document = raceway_test_yaml(yaml);

	return raceway_model_apply(model, document, prune, err);
}

/* Everything before the mistake is right, and must not be there afterwards. */
Test(apply, refusals_change_nothing)
{
	static const struct {
		const char *yaml;
		struct raceway_test_error want;
	} cases[] = {
		{ "[]",
		  { SYNTAX, "", "",
		    "the document must be an object with schema, ports, segments, servers, "
		    "profiles" } },
		{ "segments: []",
		  { INVALID, "", "schema", "schema is missing; this version reads schema: 1" } },
		{ "schema: 2",
		  { INVALID, "", "schema",
		    "schema is not 1, the only one that this version reads" } },
		{ "schema: '1'",
		  { INVALID, "", "schema",
		    "schema is not 1, the only one that this version reads" } },
		{ "{schema: 1, segment: []}", { SYNTAX, "", "segment", "\"segment\"" KEYS } },
		{ "{schema: 1, vnics: []}", { SYNTAX, "", "vnics", "\"vnics\"" KEYS } },
		{ "{schema: 1, segments: {}}",
		  { SYNTAX, "", "segments", "segments must be a list of objects with name" } },
		{ "{schema: 1, segments: [{name: x}, y]}",
		  { SYNTAX, "segments[1]", "", "must be an object with name" } },
		{ "{schema: 1, segments: [{name: x}, {number: 7}]}",
		  { INVALID, "segments[1]", "name", "name is missing" } },
		{ "{schema: 1, profiles: [{name: x, vnics: [{segment: lan}]}]}",
		  { INVALID, "x vnics[0]", "name", "name is missing" } },
		{ "{schema: 1, segments: [{name: x}, {name: x}]}",
		  { INVALID, "segment x", "name", "is in the document twice" } },
		{ "{schema: 1, profiles: [{name: x, vnics: [{name: a, segment: lan}, {name: x/a, "
		  "segment: lan}]}]}",
		  { INVALID, "vnic x/a", "name", "is in the document twice" } },
		{ "{schema: 1, segments: [{name: x}, {name: y, colour: red}]}",
		  { SYNTAX, "segment y", "colour",
		    "\"colour\" is no word of a segment; there are: number uplink vlan untagged "
		    "switching description" } },
		{ "{schema: 1, segments: [{name: x}, {name: y, vlan: 5000}]}",
		  { INVALID, "segment y", "vlan", "vlan 5000 is out of range, 1 to 4094" } },
		{ "{schema: 1, profiles: [{name: x, vnics: [{name: a, segment: lan, rx_cir: 2gbit, "
		  "rx_pir: 1gbit}]}]}",
		  { INVALID, "vnic x/a", "rx-cir", "rx-cir 2gbit is above rx-pir 1gbit" } },
		{ "{schema: 1, profiles: [{name: x, vnics: [{name: y/a, segment: lan}]}]}",
		  { INVALID, "vnic x/y/a", "name",
		    "\"x/y/a\" is no name: it is PARENT/NAME, each 1 to 63 letters, digits, "
		    "\".\", \"_\" or \"-\", the first a letter or digit" } },
		{ "{schema: 1, segments: [{name: x}], acls: [{name: y}]}",
		  { CANNOT, "", "acls", "acls: not yet: there are no access lists" } },
		{ "{schema: 1, profiles: [{name: x, vhbas: [{name: y}]}]}",
		  { INVALID, "vhba x/y", "san", "san is missing" } },
	};
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	char *before = raceway_test_dump(model), *after;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		int r = apply(model, cases[i].yaml, true, &err);

		raceway_test_expect(cases[i].yaml, r, &err, &cases[i].want);
		after = raceway_test_dump(model);
		cr_expect_str_eq(before, after, "%s", cases[i].yaml);
		free(after);
	}
	free(before);
	raceway_model_free(model);
}

static char *stored(const struct raceway_model *model, const char *kind, const char *name)
{
	const json_t *doc = raceway_model_get(model, raceway_kind_find(kind), name);

	return doc ? json_dumps(doc, JSON_COMPACT) : strdup("none");
}

static void expect_stored(const struct raceway_model *model, const char *kind, const char *name,
			  const char *want)
{
	char *text = stored(model, kind, name);

	cr_expect_str_eq(text, want, "%s %s: %s", kind, name, text);
	free(text);
}

Test(apply, exactly_so_and_the_others_alone)
{
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(apply(model,
			   "schema: 1\n"
			   "acls: []\n"
			   "pools:\n"
			   "segments: [{name: lan, uplink: up0, vlan: 7}, {name: new}]\n"
			   "profiles:\n"
			   "- name: web1\n"
			   "  vhbas: []\n"
			   "  vnics:\n"
			   "  - {name: eth0, segment: lan}\n"
			   "  - {name: web1/eth1, segment: new, spoofcheck: off, tx-pir: 1gbit}\n",
			   false, &err),
		     0, "%s: %s", err.object, err.message);
	/* absent attributes are back at their defaults, the MAC too; numbers are kept */
	expect_stored(model, "vnic", "web1/eth0",
		      "{\"segment\":\"lan\",\"number\":1,\"mac\":\"02:6c:87:a0:3c:6f\"}");
	expect_stored(model, "segment", "lan", "{\"number\":1,\"uplink\":\"up0\",\"vlan\":7}");
	expect_stored(model, "segment", "new", "{\"number\":4}");
	expect_stored(model, "profile", "web1", "{}");
	/* what the document does not name */
	expect_stored(model, "profile", "box", "{\"server\":\"local\"}");
	expect_stored(model, "vnic", "web2/eth0",
		      "{\"segment\":\"lan\",\"mac\":\"02:00:00:00:00:02\",\"number\":2}");
	cr_expect(raceway_model_get(model, raceway_kind_find("vnic"), "web1/eth1"));
	cr_expect_eq(raceway_model_check(model, &raceway_test_world, &err), 0, "%s", err.message);
	raceway_model_free(model);
}

Test(apply, prune)
{
	static const char document[] = "schema: 1\n"
				       "segments: [{name: priv}]\n"
				       "profiles:\n"
				       "- {name: spare, vnics: [{name: eth1, segment: priv}]}\n";
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *doc = json_pack("{s:s}", "description", "me");
	char *text;

	raceway_model_write(model, raceway_kind_find("server"), "local", doc, RACEWAY_PATCH, NULL);
	cr_assert_eq(apply(model, document, true, &err), 0, "%s: %s", err.object, err.message);
	text = raceway_test_dump(model);
	/* also the vNIC that its profile no longer lists; local stays, as bare as new */
	cr_expect(strstr(text, "\"ports\":{}"), "%s", text);
	cr_expect(strstr(text, "\"segments\":{\"priv\":{\"number\":3}}"), "%s", text);
	cr_expect(strstr(text, "\"servers\":{\"local\":{}}"), "%s", text);
	cr_expect(strstr(text, "\"profiles\":{\"spare\":{}}"), "%s", text);
	cr_expect_not(raceway_model_get(model, raceway_kind_find("vnic"), "spare/eth0"));
	cr_expect_eq(json_object_size(raceway_model_all(model, raceway_kind_find("vnic"))), 1);
	cr_expect_eq(raceway_model_check(model, &raceway_test_world, &err), 0, "%s", err.message);
	free(text);
	raceway_model_free(model);
}

/* What prune took away is still referred to: the check finds it. */
Test(apply, prune_of_what_is_in_use)
{
	static const struct raceway_test_error want = {
		RACEWAY_FAULT_REFUSED, "segment lan", "uplink",
		"uplink up0 is not in the document, so prune would remove it: add port up0 to "
		"the document"
	};
	struct raceway_model *base = raceway_test_model(raceway_test_base);
	struct raceway_model *model = raceway_model_clone(base);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	int r;

	cr_assert_eq(apply(model, "{schema: 1, segments: [{name: lan, uplink: up0, vlan: 1}]}",
			   true, &err),
		     0);
	r = raceway_model_check(model, &raceway_test_world, &err);
	raceway_test_expect("prune", r, &err, &want);
	raceway_model_free(base);
	raceway_model_free(model);
}

/* Numbers that the document gives come first, wherever they stand in it. */
Test(apply, given_numbers_before_assigned)
{
	struct raceway_model *model = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(apply(model,
			   "{schema: 1, segments: [{name: z}, {name: a}, {name: b, number: 1}, "
			   "{name: 10}]}",
			   false, &err),
		     0);
	expect_stored(model, "segment", "b", "{\"number\":1}");
	expect_stored(model, "segment", "z", "{\"number\":2}");
	expect_stored(model, "segment", "a", "{\"number\":3}");
	expect_stored(model, "segment", "10", "{\"number\":4}");
	cr_expect_eq(raceway_model_check(model, NULL, &err), 0, "%s", err.message);
	raceway_model_free(model);
}

Test(apply, no_profile_of_its_own)
{
	struct raceway_model *model = raceway_model_new();
	char *text;

	/* a nested list does not end up in the profile */
	cr_assert_eq(apply(model, "{schema: 1, profiles: [{name: p, vnics: [], vhbas: []}]}", false,
			   NULL),
		     0);
	text = stored(model, "profile", "p");
	cr_expect_str_eq(text, "{}");
	free(text);
	raceway_model_free(model);
}
