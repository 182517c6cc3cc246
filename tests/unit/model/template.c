/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/template.c: profiles made from templates, what follows an edit, what does not. */
#include "model/template.h"

#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define INVALID RACEWAY_FAULT_INVALID
#define REFUSED RACEWAY_FAULT_REFUSED
#define SYNTAX RACEWAY_FAULT_SYNTAX
#define ADD RACEWAY_ADD
#define PUT RACEWAY_PUT
#define PATCH RACEWAY_PATCH

static const char base[] =
	"schema: 1\n"
	"segments: [{name: lan}, {name: other}]\n"
	"sans: [{name: n, type: 'null'}]\n"
	"pools: [{name: m, type: mac, from: '02:00:00:00:00:01', to: '02:00:00:00:00:06'}]\n"
	"templates:\n"
	"- name: gold\n"
	"  updating: true\n"
	"  vnics: [{name: a, segment: lan, pool: m, tx_pir: 1gbit}, {name: b, segment: lan}]\n"
	"  vhbas: [{name: h, san: n}]\n"
	"- name: tin\n"
	"  vnics: [{name: a, segment: lan, mtu: 1400}, {name: b, segment: lan}]\n"
	"profiles:\n"
	"- {name: g1, from: gold}\n"
	"- {name: g2, from: gold}\n"
	"- {name: t1, from: tin}\n"
	"- {name: none}\n";

static const struct raceway_kind *kind(const char *name)
{
	return raceway_kind_find(name);
}

static int write_json(struct raceway_model *model, const char *kind_name, const char *name,
		      enum raceway_write how, const char *json, struct raceway_error *err)
{
	json_auto_t *doc = json_loads(json, 0, NULL);
	int r;

	cr_assert(doc, "%s", json);
	r = raceway_model_write(model, kind(kind_name), name, doc, how, err);
	return r < 0 ? r : raceway_model_check(model, NULL, err);
}

/* Each write is a change of its own, as in the daemon. Returns the model in the place of `model`.
 */
static struct raceway_model *changed(struct raceway_model *model, const char *kind_name,
				     const char *name, enum raceway_write how, const char *json)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *clone = raceway_model_clone(model);

	cr_assert_eq(write_json(clone, kind_name, name, how, json, &err), 0, "%s: %s", err.object,
		     err.message);
	raceway_model_free(model);
	return clone;
}

#define right(model, ...) (model = changed(model, __VA_ARGS__))

static void wrong(struct raceway_model *model, const char *kind_name, const char *name,
		  enum raceway_write how, const char *json, struct raceway_test_error want)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *clone = raceway_model_clone(model);

	raceway_test_expect(json, write_json(clone, kind_name, name, how, json, &err), &err, &want);
	raceway_model_free(clone);
}

static int drop(struct raceway_model *model, const char *kind_name, const char *name,
		struct raceway_error *err)
{
	return raceway_model_delete(model, kind(kind_name), name, err);
}

static char *word(const struct raceway_model *model, const char *kind_name, const char *name,
		  const char *key, char buf[64])
{
	json_t *value = json_object_get(raceway_model_get(model, kind(kind_name), name), key);
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;

	snprintf(buf, 64, "%s", text ? text : "none");
	free(text);
	return buf;
}

static void expect(const struct raceway_model *model, const char *kind_name, const char *name,
		   const char *key, const char *want)
{
	char buf[64];

	cr_expect_str_eq(word(model, kind_name, name, key, buf), want, "%s %s %s: %s", kind_name,
			 name, key, buf);
}

static bool exists(const struct raceway_model *model, const char *kind_name, const char *name)
{
	return raceway_model_get(model, kind(kind_name), name);
}

Test(template, makes_profiles_with_identities)
{
	struct raceway_model *model = raceway_test_model(base);
	char one[64], other[64];

	expect(model, "vnic", "g1/a", "mac", "\"02:00:00:00:00:01\"");
	expect(model, "vnic", "g2/a", "mac", "\"02:00:00:00:00:02\"");
	expect(model, "vnic", "g2/a", "tx_pir", "1000000000");
	cr_expect_str_neq(word(model, "vnic", "g1/b", "mac", one),
			  word(model, "vnic", "g2/b", "mac", other));
	cr_expect_str_neq(word(model, "vhba", "g1/h", "wwpn", one),
			  word(model, "vhba", "g2/h", "wwpn", other));
	expect(model, "vnic", "t1/a", "mtu", "1400");
	cr_expect_not(exists(model, "vnic", "none/a"));
	cr_expect_not(exists(model, "vnic", "gold/a"), "a template has no vNICs of the data path");
	expect(model, "template-vnic", "gold/a", "mac", "none");
	expect(model, "template-vnic", "gold/a", "number", "none");

	right(model, "profile", "g3", ADD, "{\"from\": \"gold\"}");
	expect(model, "vnic", "g3/a", "mac", "\"02:00:00:00:00:03\"");
	cr_expect(exists(model, "vhba", "g3/h"));
	/* a name that is neither's gets what there is of everything */
	right(model, "profile", "g4", ADD, "{\"from\": \"gold\"}");
	right(model, "profile", "g5", ADD, "{\"from\": \"gold\"}");
	right(model, "profile", "g6", ADD, "{\"from\": \"gold\"}");
	wrong(model, "profile", "g7", ADD, "{\"from\": \"gold\"}",
	      (struct raceway_test_error){
		      REFUSED, "vnic g7/a", "pool",
		      "pool m has no mac left: all 6 from 02:00:00:00:00:01 to 02:00:00:00:00:06 "
		      "are in use or reserved; make it larger by pool set m to LAST" });
	raceway_model_free(model);
}

Test(template, updating_is_followed)
{
	struct raceway_model *model = raceway_test_model(base);
	char before[64], after[64];

	word(model, "vnic", "g1/a", "mac", before);
	right(model, "vnic", "g1/a", PATCH, "{\"tx_pir\": 2000000000, \"netns\": \"x\"}");
	expect(model, "vnic", "g1/a", "overrides", "[\"tx-pir\"]");
	expect(model, "vnic", "g2/a", "overrides", "none");

	/* what the edit does not name, and what was set on the profile, stays */
	right(model, "vnic", "gold/a", PATCH, "{\"tx_pir\": 3000000000, \"mtu\": 1400}");
	expect(model, "vnic", "g1/a", "tx_pir", "2000000000");
	expect(model, "vnic", "g1/a", "mtu", "1400");
	expect(model, "vnic", "g1/a", "netns", "\"x\"");
	expect(model, "vnic", "g2/a", "tx_pir", "3000000000");
	cr_expect_str_eq(word(model, "vnic", "g1/a", "mac", after), before);
	right(model, "vnic", "gold/a", PATCH, "{\"mtu\": null}");
	expect(model, "vnic", "g2/a", "mtu", "none");

	/* the same value as the template's is an own word too, if somebody said it */
	right(model, "vnic", "g2/a", PATCH, "{\"tx_pir\": \"3gbit\", \"mtu\": 1500}");
	expect(model, "vnic", "g2/a", "overrides", "[\"mtu\",\"tx-pir\"]");
	right(model, "vnic", "gold/a", PATCH, "{\"tx_pir\": \"4gbit\", \"mtu\": 9000}");
	expect(model, "vnic", "g2/a", "tx_pir", "3000000000");
	expect(model, "vnic", "g2/a", "mtu", "none");
	expect(model, "vnic", "g1/a", "mtu", "9000");

	/* taken away: the template's again */
	right(model, "vnic", "g2/a", PATCH, "{\"tx_pir\": null}");
	expect(model, "vnic", "g2/a", "tx_pir", "4000000000");
	expect(model, "vnic", "g2/a", "overrides", "[\"mtu\"]");

	/* exactly so: what is not said is the template's */
	right(model, "vnic", "g2/a", PUT, "{\"weight\": 7}");
	expect(model, "vnic", "g2/a", "overrides", "[\"weight\"]");
	expect(model, "vnic", "g2/a", "mtu", "9000");
	expect(model, "vnic", "g2/a", "mac", "\"02:00:00:00:00:02\"");
	raceway_model_free(model);
}

Test(template, members_come_and_go)
{
	static const struct raceway_test_error held = {
		REFUSED, "vnic g1/a", "",
		"the template that profile g1 follows has it; let the profile go first, by profile "
		"set g1 from \"\""
	};
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *model = raceway_test_model(base), *next;

	right(model, "vnic", "g1/own", ADD, "{\"segment\": \"other\"}");
	right(model, "vnic", "gold/c", ADD, "{\"segment\": \"lan\", \"pool\": \"m\"}");
	expect(model, "vnic", "g1/c", "mac", "\"02:00:00:00:00:03\"");
	expect(model, "vnic", "g2/c", "mac", "\"02:00:00:00:00:04\"");
	cr_expect_not(exists(model, "vnic", "t1/c"));
	raceway_test_expect("del", drop(model, "vnic", "g1/a", &err), &err, &held);
	next = raceway_model_clone(model);
	cr_assert_eq(drop(next, "vnic", "gold/a", NULL), 0);
	cr_expect_not(exists(next, "vnic", "g1/a"));
	cr_expect_not(exists(next, "vnic", "g2/a"));
	cr_expect(exists(next, "vnic", "g1/own"));
	cr_expect(exists(next, "vnic", "g1/b"));
	cr_assert_eq(drop(next, "vhba", "gold/h", NULL), 0);
	cr_expect_not(exists(next, "vhba", "g2/h"));
	raceway_model_free(next);

	/* initial: copies, which go their own way */
	right(model, "vnic", "tin/a", PATCH, "{\"mtu\": 1300}");
	right(model, "vnic", "tin/c", ADD, "{\"segment\": \"lan\"}");
	expect(model, "vnic", "t1/a", "mtu", "1400");
	cr_expect_not(exists(model, "vnic", "t1/c"));
	cr_expect_eq(drop(model, "vnic", "tin/b", NULL), 0);
	cr_expect(exists(model, "vnic", "t1/b"));
	cr_expect_eq(drop(model, "vnic", "t1/b", NULL), 0);
	right(model, "vnic", "t1/a", PATCH, "{\"mtu\": 1200}");
	expect(model, "vnic", "t1/a", "overrides", "none");
	raceway_model_free(model);
}

Test(template, linking_resets_nothing)
{
	struct raceway_model *model = raceway_test_model(base);

	/* let go: all stays, nothing is followed, and it may be deleted */
	right(model, "vnic", "g1/a", PATCH, "{\"mtu\": 1400}");
	right(model, "profile", "g1", PATCH, "{\"from\": null}");
	expect(model, "vnic", "g1/a", "overrides", "none");
	expect(model, "vnic", "g1/a", "mtu", "1400");
	right(model, "vnic", "gold/a", PATCH, "{\"tx_pir\": \"3gbit\"}");
	expect(model, "vnic", "g1/a", "tx_pir", "1000000000");
	cr_expect_eq(drop(model, "vnic", "g1/b", NULL), 0);

	/* followed again: what differs is its own, what is missing is made */
	right(model, "profile", "g1", PATCH, "{\"from\": \"gold\"}");
	expect(model, "vnic", "g1/a", "overrides", "[\"mtu\",\"tx-pir\"]");
	expect(model, "vnic", "g1/a", "mac", "\"02:00:00:00:00:01\"");
	cr_expect(exists(model, "vnic", "g1/b"));

	/* an initial template that becomes updating, and back */
	right(model, "vnic", "t1/a", PATCH, "{\"mtu\": 1200}");
	right(model, "template", "tin", PATCH, "{\"updating\": true}");
	expect(model, "vnic", "t1/a", "overrides", "[\"mtu\"]");
	right(model, "vnic", "tin/a", PATCH, "{\"mtu\": 1300, \"weight\": 3}");
	expect(model, "vnic", "t1/a", "mtu", "1200");
	expect(model, "vnic", "t1/a", "weight", "3");
	right(model, "template", "tin", PATCH, "{\"initial\": true}");
	expect(model, "template", "tin", "updating", "none");
	expect(model, "vnic", "t1/a", "overrides", "none");
	right(model, "vnic", "tin/a", PATCH, "{\"weight\": 4}");
	expect(model, "vnic", "t1/a", "weight", "3");

	/* another template: its members besides what is there */
	right(model, "vnic", "tin/z", ADD, "{\"segment\": \"other\"}");
	right(model, "profile", "g2", PATCH, "{\"from\": \"tin\"}");
	cr_expect(exists(model, "vnic", "g2/z"));
	expect(model, "vnic", "g2/a", "overrides", "none");
	expect(model, "vnic", "g2/a", "mtu", "none");

	/* from one that is followed to another: what only the first had is free */
	right(model, "profile", "g3", ADD, "{\"from\": \"gold\"}");
	right(model, "vhba", "g3/h", PATCH, "{\"weight\": 3}");
	right(model, "template", "tin", PATCH, "{\"updating\": true}");
	right(model, "profile", "g3", PATCH, "{\"from\": \"tin\"}");
	expect(model, "vhba", "g3/h", "overrides", "none");
	expect(model, "vhba", "g3/h", "weight", "3");
	expect(model, "vnic", "g3/a", "overrides", "[\"pool\",\"mtu\",\"tx-pir\",\"weight\"]");
	raceway_model_free(model);
}

Test(template, refusals)
{
	static const struct {
		const char *kind, *name;
		enum raceway_write how;
		const char *json;
		struct raceway_test_error want;
	} cases[] = {
		{ "vnic",
		  "gold/x",
		  ADD,
		  "{\"segment\": \"lan\", \"mac\": \"02:00:00:00:00:09\"}",
		  { SYNTAX, "vnic gold/x", "mac",
		    "\"mac\" is no word of a template's vnic; there are: segment pool mtu kind "
		    "tx-cir tx-pir tx-cbs tx-pbs rx-cir rx-pir rx-cbs rx-pbs weight class "
		    "spoofcheck trunk state description" } },
		{ "vhba",
		  "gold/h",
		  PATCH,
		  "{\"luns\": []}",
		  { SYNTAX, "vhba gold/h", "luns",
		    "\"luns\" is no word of a template's vhba; there are: san pool wwnn-pool "
		    "transport auth chap secret-file mutual-chap mutual-secret-file cir pir "
		    "iops-cir iops-pir weight description" } },
		{ "vnic",
		  "gold/x",
		  ADD,
		  "{\"mtu\": 1400}",
		  { INVALID, "vnic gold/x", "segment", "segment is missing" } },
		{ "vnic",
		  "gold/a",
		  ADD,
		  "{\"segment\": \"lan\"}",
		  { REFUSED, "vnic gold/a", "", "already exists" } },
		{ "vnic",
		  "gold/a",
		  PATCH,
		  "{\"tx_cir\": \"2gbit\"}",
		  { INVALID, "vnic gold/a", "tx-cir", "tx-cir 2gbit is above tx-pir 1gbit" } },
		{ "template",
		  "t1",
		  ADD,
		  "{}",
		  { REFUSED, "template t1", "name",
		    "a profile is called t1; templates and profiles share their names" } },
		{ "profile",
		  "tin",
		  ADD,
		  "{}",
		  { REFUSED, "profile tin", "name",
		    "a template is called tin; templates and profiles share their names" } },
		{ "profile",
		  "x",
		  ADD,
		  "{\"from\": \"silver\"}",
		  { REFUSED, "profile x", "from",
		    "from silver does not exist; there are: gold, tin" } },
		{ "template",
		  "x",
		  ADD,
		  "{\"updating\": true, \"initial\": true}",
		  { INVALID, "template x", "initial", "updating and initial exclude each other" } },
		{ "vnic",
		  "gold/x",
		  ADD,
		  "{\"segment\": \"lan\", \"pool\": \"q\"}",
		  { REFUSED, "vnic gold/x", "pool", "pool q does not exist; there are: m" } },
		{ "vnic",
		  "g1/a",
		  PATCH,
		  "{\"overrides\": []}",
		  { SYNTAX, "vnic g1/a", "overrides",
		    "\"overrides\" is no word of a vnic; there are: segment mac pool mtu ifname "
		    "netns kind tx-cir tx-pir tx-cbs tx-pbs rx-cir rx-pir rx-cbs rx-pbs weight "
		    "class spoofcheck trunk state description" } },
	};
	static const struct {
		const char *kind, *name;
		struct raceway_test_error want;
	} deletions[] = {
		{ "template",
		  "gold",
		  { REFUSED, "template gold", "", "in use by profile g1 and 1 more" } },
		{ "template", "tin", { REFUSED, "template tin", "", "in use by profile t1" } },
		{ "segment",
		  "lan",
		  { REFUSED, "segment lan", "", "in use by vnic g1/a and 9 more" } },
		{ "vnic",
		  "gold/q",
		  { RACEWAY_FAULT_NOT_FOUND, "vnic gold/q", "", "does not exist" } },
	};
	struct raceway_model *model = raceway_test_model(base);

	for (size_t i = 0; i < COUNT(cases); i++)
		wrong(model, cases[i].kind, cases[i].name, cases[i].how, cases[i].json,
		      cases[i].want);
	for (size_t i = 0; i < COUNT(deletions); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

		raceway_test_expect(deletions[i].name,
				    drop(model, deletions[i].kind, deletions[i].name, &err), &err,
				    &deletions[i].want);
	}
	/* an edit that a follower's own words cannot take is refused, and nothing is changed */
	right(model, "vnic", "g2/a", PATCH, "{\"tx_pir\": \"500mbit\"}");
	wrong(model, "vnic", "gold/a", PATCH, "{\"tx_cir\": \"800mbit\"}",
	      (struct raceway_test_error){ INVALID, "vnic g2/a", "tx-cir",
					   "tx-cir 800mbit is above tx-pir 500mbit" });
	raceway_model_free(model);
}

static json_t *changes_of(struct raceway_model *model, const json_t *document, bool prune)
{
	struct raceway_model *other = raceway_model_clone(model);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_t *changes;

	cr_assert_eq(raceway_model_apply(other, document, prune, &err), 0, "%s: %s", err.object,
		     err.message);
	cr_expect_eq(raceway_model_check(other, NULL, &err), 0, "%s: %s", err.object, err.message);
	changes = raceway_model_diff(model, other);
	raceway_model_free(other);
	return changes;
}

Test(template, documents)
{
	struct raceway_model *model = raceway_test_model(base), *fresh = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *document = NULL;
	json_auto_t *again = NULL;
	json_auto_t *same = NULL;
	json_auto_t *base_again = NULL;
	json_auto_t *base_document = raceway_test_yaml(base);
	json_t *profile, *vnic;
	char *text;

	right(model, "vnic", "g1/a", PATCH, "{\"mtu\": 1500, \"tx_pir\": \"2gbit\"}");
	cr_expect_eq(drop(model, "vnic", "t1/b", NULL), 0);
	document = raceway_model_export(model);
	profile = json_array_get(json_object_get(document, "profiles"), 0);
	vnic = json_array_get(json_object_get(profile, "vnics"), 0);
	text = json_dumps(vnic, JSON_COMPACT);
	/* what follows is not said, so that a new template is followed by the document too */
	cr_expect_str_eq(text,
			 "{\"name\":\"a\",\"mac\":\"02:00:00:00:00:01\",\"mtu\":1500,"
			 "\"tx_pir\":2000000000}",
			 "%s", text);
	free(text);
	same = changes_of(model, document, true);
	text = json_dumps(same, JSON_COMPACT);
	cr_expect_eq(json_array_size(same), 0, "%s", text);
	free(text);
	cr_assert_eq(raceway_model_apply(fresh, document, true, &err), 0, "%s: %s", err.object,
		     err.message);
	again = raceway_model_export(fresh);
	cr_expect(json_equal(document, again), "on a new machine");
	expect(fresh, "vnic", "g1/a", "overrides", "[\"mtu\",\"tx-pir\"]");
	cr_expect_not(exists(fresh, "vnic", "t1/b"),
		      "an initial one adds nothing to what is listed");

	/* a document that lists no members keeps the template's, identities too */
	cr_expect_eq(drop(model, "vnic", "t1/a", NULL), 0);
	right(model, "vnic", "t1/a", ADD, "{\"segment\": \"lan\", \"mtu\": 1400}");
	base_again = changes_of(model, base_document, true);
	text = json_dumps(base_again, JSON_COMPACT);
	cr_expect_eq(json_array_size(base_again), 0, "%s", text);
	free(text);
	raceway_model_free(model);
	raceway_model_free(fresh);
}

/* A template's edit in a document reaches the followers, in one change. */
Test(template, edited_in_a_document)
{
	static const char yaml[] =
		"{schema: 1, templates: [{name: gold, updating: true, vnics: [{name: a, segment: "
		"lan, pool: m, tx_pir: 1gbit, mtu: 1400}, {name: n, segment: other}]}]}";
	struct raceway_model *model = raceway_test_model(base);
	json_auto_t *document = raceway_test_yaml(yaml);
	json_auto_t *changes = changes_of(model, document, false);
	static const char *const want[] = {
		"+ vnic g1/n",
		"+ vnic g2/n",
		"~ vnic g1/a mtu 1500 -> 1400",
		"~ vnic g2/a mtu 1500 -> 1400",
		"+ vnic gold/n",
		"~ vnic gold/a mtu 1500 -> 1400",
	};
	json_t *change;
	char line[300];
	size_t i, k;

	cr_expect_eq(json_array_size(changes), COUNT(want));
	json_array_foreach (changes, i, change) {
		bool found = false;

		raceway_change_format(change, line, sizeof(line));
		for (k = 0; k < COUNT(want); k++)
			found |= !strcmp(want[k], line);
		cr_expect(found, "%s", line);
	}
	raceway_model_free(model);
}

Test(template, drift)
{
	struct raceway_model *model = raceway_test_model(base);
	json_auto_t *none = NULL;
	json_auto_t *drift = NULL;
	json_auto_t *own = NULL;
	char *text;

	none = raceway_template_drift(model, "t1");
	cr_expect_eq(json_array_size(none), 0);
	right(model, "vnic", "t1/a", PATCH, "{\"mtu\": 1200, \"netns\": \"x\"}");
	right(model, "vnic", "t1/own", ADD, "{\"segment\": \"lan\"}");
	cr_expect_eq(drop(model, "vnic", "t1/b", NULL), 0);
	drift = raceway_template_drift(model, "t1");
	text = json_dumps(drift, JSON_COMPACT);
	cr_expect_str_eq(text,
			 "[\"~ vnic t1/a mtu 1400 -> 1200\",\"- vnic t1/b\",\"+ vnic t1/own\"]",
			 "%s", text);
	free(text);
	right(model, "vnic", "g1/a", PATCH, "{\"tx_pir\": \"2gbit\"}");
	own = raceway_template_drift(model, "g1");
	text = json_dumps(own, JSON_COMPACT);
	cr_expect_str_eq(text, "[\"~ vnic g1/a tx-pir 1gbit -> 2gbit\"]", "%s", text);
	free(text);
	raceway_model_free(model);
}
