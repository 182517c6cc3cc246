/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/pool.c, check_pools.c and what assign.c gives: each identity once, in turn, and
 * never one that is reserved. */
#include "model/pool.h"

#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define INVALID RACEWAY_FAULT_INVALID
#define REFUSED RACEWAY_FAULT_REFUSED
#define SYNTAX RACEWAY_FAULT_SYNTAX
#define NOT_FOUND RACEWAY_FAULT_NOT_FOUND
#define ADD RACEWAY_ADD
#define PUT RACEWAY_PUT
#define PATCH RACEWAY_PATCH

/* web1/a and web1/b have :01 and :02 of m; nobody has any of spare. */
static const char base[] = "schema: 1\n"
			   "segments: [{name: lan}, {name: other}]\n"
			   "sans: [{name: n, type: 'null'}]\n"
			   "pools:\n"
			   "- {name: m, type: mac, from: '02:00:00:00:00:01', to: 02-x}\n"
			   "- {name: spare, type: mac, from: '02:00:00:00:01:00', to: 02-y}\n"
			   "- {name: p, type: wwpn, from: '5000000000000001', to: "
			   "'5000000000000003'}\n"
			   "- {name: w, type: wwnn, from: '2000000000000001', to: "
			   "'2000000000000002'}\n"
			   "profiles:\n"
			   "- name: web1\n"
			   "  vnics: [{name: a, segment: lan, pool: m}, {name: b, segment: lan, "
			   "pool: m}]\n"
			   "- {name: web2}\n"
			   "- {name: web3}\n";

/* YAML of base with the ends of the two pools. */
static const char *text(void)
{
	static char yaml[sizeof(base) + 64];
	const char *x = strstr(base, "02-x"), *y = strstr(base, "02-y");

	snprintf(yaml, sizeof(yaml), "%.*s'02:00:00:00:00:04'%.*s'02:00:00:00:01:ff'%s",
		 (int)(x - base), base, (int)(y - x - 4), x + 4, y + 4);
	return yaml;
}

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

static void right(struct raceway_model *model, const char *kind_name, const char *name,
		  enum raceway_write how, const char *json)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(write_json(model, kind_name, name, how, json, &err), 0, "%s: %s", err.object,
		     err.message);
}

static void wrong(struct raceway_model *model, const char *kind_name, const char *name,
		  enum raceway_write how, const char *json, struct raceway_test_error want)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *clone = raceway_model_clone(model);
	int r = write_json(clone, kind_name, name, how, json, &err);

	raceway_test_expect(json, r, &err, &want);
	raceway_model_free(clone);
}

static void expect(const struct raceway_model *model, const char *kind_name, const char *name,
		   const char *word, const char *want)
{
	const char *value = raceway_model_text(
		kind(kind_name), raceway_model_get(model, kind(kind_name), name), word);

	cr_expect_str_eq(value ? value : "none", want, "%s %s %s", kind_name, name, word);
}

static void drop(struct raceway_model *model, const char *kind_name, const char *name)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(raceway_model_delete(model, kind(kind_name), name, &err), 0, "%s: %s",
		     err.object, err.message);
}

#define VNIC "{\"segment\": \"lan\", \"pool\": \"m\"}"

Test(pool, in_turn_and_released_last)
{
	struct raceway_model *model = raceway_test_model(text());

	expect(model, "vnic", "web1/a", "mac", "02:00:00:00:00:01");
	expect(model, "vnic", "web1/b", "mac", "02:00:00:00:00:02");
	drop(model, "vnic", "web1/a");
	right(model, "vnic", "web1/c", ADD, VNIC);
	expect(model, "vnic", "web1/c", "mac", "02:00:00:00:00:03");
	right(model, "vnic", "web1/d", ADD, VNIC);
	expect(model, "vnic", "web1/d", "mac", "02:00:00:00:00:04");
	right(model, "vnic", "web1/e", ADD, VNIC);
	expect(model, "vnic", "web1/e", "mac", "02:00:00:00:00:01");
	wrong(model, "vnic", "web1/f", ADD, VNIC,
	      (struct raceway_test_error){
		      REFUSED, "vnic web1/f", "pool",
		      "pool m has no mac left: all 4 from 02:00:00:00:00:01 to 02:00:00:00:00:04 "
		      "are in use or reserved; make it larger by pool set m to LAST" });
	right(model, "pool", "m", PATCH, "{\"to\": \"02:00:00:00:00:05\"}");
	right(model, "vnic", "web1/f", ADD, VNIC);
	expect(model, "vnic", "web1/f", "mac", "02:00:00:00:00:05");
	raceway_model_free(model);
}

Test(pool, kept_for_life)
{
	struct raceway_model *model = raceway_test_model(text());

	right(model, "vnic", "web1/b", PATCH, "{\"mtu\": 1400}");
	right(model, "vnic", "web1/b", PUT, "{\"segment\": \"other\", \"pool\": \"m\"}");
	expect(model, "vnic", "web1/b", "mac", "02:00:00:00:00:02");
	right(model, "vnic", "web1/b", PATCH, "{\"pool\": \"spare\"}");
	expect(model, "vnic", "web1/b", "mac", "02:00:00:00:01:00");
	right(model, "vnic", "web1/b", PATCH, "{\"pool\": \"m\"}");
	expect(model, "vnic", "web1/b", "mac", "02:00:00:00:00:03");
	right(model, "vnic", "web1/b", PATCH, "{\"pool\": null}");
	expect(model, "vnic", "web1/b", "mac", "02:00:00:00:00:03");
	right(model, "vnic", "web1/b", PUT, "{\"segment\": \"lan\"}");
	cr_expect_str_neq(raceway_model_text(kind("vnic"),
					     raceway_model_get(model, kind("vnic"), "web1/b"),
					     "mac"),
			  "02:00:00:00:00:03", "a document without pool has the name's MAC");
	/* null: a new one */
	right(model, "vnic", "web1/a", PATCH, "{\"mac\": null}");
	expect(model, "vnic", "web1/a", "mac", "02:00:00:00:00:04");
	raceway_model_free(model);
}

Test(pool, given_by_hand)
{
	struct raceway_model *model = raceway_test_model(text());

	right(model, "vnic", "web2/x", ADD,
	      "{\"segment\": \"other\", \"pool\": \"m\", \"mac\": \"02:00:00:00:00:04\"}");
	right(model, "vnic", "web2/y", ADD,
	      "{\"segment\": \"other\", \"mac\": \"02:00:00:00:00:03\"}");
	wrong(model, "vnic", "web2/z", ADD, VNIC,
	      (struct raceway_test_error){
		      REFUSED, "vnic web2/z", "pool",
		      "pool m has no mac left: all 4 from 02:00:00:00:00:01 to 02:00:00:00:00:04 "
		      "are in use or reserved; make it larger by pool set m to LAST" });
	wrong(model, "vnic", "web1/z", ADD,
	      "{\"segment\": \"other\", \"mac\": \"02:00:00:00:00:01\"}",
	      (struct raceway_test_error){
		      REFUSED, "vnic web1/z", "mac",
		      "mac 02:00:00:00:00:01 of pool m is already that of vnic web1/a" });
	wrong(model, "vnic", "web2/z", ADD,
	      "{\"segment\": \"other\", \"pool\": \"m\", \"mac\": \"02:00:00:00:00:01\"}",
	      (struct raceway_test_error){
		      REFUSED, "vnic web2/z", "mac",
		      "mac 02:00:00:00:00:01 of pool m is already that of vnic web1/a" });
	wrong(model, "vnic", "web2/z", ADD,
	      "{\"segment\": \"other\", \"mac\": \"02:00:00:00:00:01\"}",
	      (struct raceway_test_error){
		      REFUSED, "vnic web2/z", "mac",
		      "mac 02:00:00:00:00:01 of pool m is already that of vnic web1/a" });
	wrong(model, "vnic", "web2/z", ADD,
	      "{\"segment\": \"lan\", \"pool\": \"m\", \"mac\": \"02:00:00:00:00:05\"}",
	      (struct raceway_test_error){ REFUSED, "vnic web2/z", "mac",
					   "mac 02:00:00:00:00:05 is not in pool m, "
					   "02:00:00:00:00:01 to 02:00:00:00:00:04" });
	wrong(model, "vnic", "web2/z", ADD, "{\"segment\": \"lan\", \"pool\": \"p\"}",
	      (struct raceway_test_error){ REFUSED, "vnic web2/z", "pool",
					   "pool p is of type wwpn, not mac" });
	wrong(model, "vnic", "web2/z", ADD, "{\"segment\": \"lan\", \"pool\": \"q\"}",
	      (struct raceway_test_error){ REFUSED, "vnic web2/z", "pool",
					   "pool q does not exist; there are: m, p, spare, w" });
	raceway_model_free(model);
}

Test(pool, port_and_node_names)
{
	struct raceway_model *model = raceway_test_model(text());

	right(model, "vhba", "web1/z", ADD, "{\"san\": \"n\"}");
	right(model, "vhba", "web1/h", ADD,
	      "{\"san\": \"n\", \"pool\": \"p\", \"wwnn-pool\": \"w\"}");
	right(model, "vhba", "web1/i", ADD,
	      "{\"san\": \"n\", \"pool\": \"p\", \"wwnn_pool\": \"w\"}");
	right(model, "vhba", "web2/h", ADD,
	      "{\"san\": \"n\", \"pool\": \"p\", \"wwnn_pool\": \"w\"}");
	expect(model, "vhba", "web1/h", "wwnn", "2000000000000001");
	expect(model, "vhba", "web1/i", "wwpn", "5000000000000002");
	expect(model, "vhba", "web1/i", "wwnn", "2000000000000001");
	expect(model, "vhba", "web2/h", "wwpn", "5000000000000003");
	expect(model, "vhba", "web2/h", "wwnn", "2000000000000002");
	right(model, "vhba", "web3/h", ADD, "{\"san\": \"n\"}");
	wrong(model, "vhba", "web3/h", PATCH, "{\"wwnn_pool\": \"w\"}",
	      (struct raceway_test_error){
		      REFUSED, "vhba web3/h", "pool",
		      "pool w has no wwnn left: all 2 from 2000000000000001 to 2000000000000002 "
		      "are "
		      "in use or reserved; make it larger by pool set w to LAST" });
	wrong(model, "vhba", "web3/h", PATCH, "{\"wwnn_pool\": \"p\"}",
	      (struct raceway_test_error){ REFUSED, "vhba web3/h", "wwnn-pool",
					   "wwnn-pool p is of type wwpn, not wwnn" });
	raceway_model_free(model);
}

static int reserve(struct raceway_model *model, const char *name, const char *value, bool release,
		   struct raceway_error *err)
{
	json_auto_t *json = json_string(value);
	int r = release ? raceway_pool_release(model, name, json, err)
			: raceway_pool_reserve(model, name, json, err);

	return r < 0 ? r : raceway_model_check(model, NULL, err);
}

Test(pool, reserve_and_release)
{
	static const struct {
		const char *name, *value;
		bool release;
		struct raceway_test_error want;
	} cases[] = {
		{ "m",
		  "02:00:00:00:00:01",
		  false,
		  { REFUSED, "pool m", "reservations",
		    "02:00:00:00:00:01 is in use by vnic web1/a" } },
		{ "m",
		  "02:00:00:00:00:01",
		  true,
		  { REFUSED, "pool m", "value",
		    "02:00:00:00:00:01 is in use by vnic web1/a; it is free when that is "
		    "deleted" } },
		{ "m",
		  "02:00:00:00:00:04",
		  true,
		  { REFUSED, "pool m", "value", "02:00:00:00:00:04 is not reserved" } },
		{ "m",
		  "02:00:00:00:00:05",
		  false,
		  { INVALID, "pool m", "value",
		    "02:00:00:00:00:05 is not in it: it has 02:00:00:00:00:01 to "
		    "02:00:00:00:00:04" } },
		{ "m",
		  "5000000000000001",
		  false,
		  { INVALID, "pool m", "value",
		    "5000000000000001 is not in it: it has 02:00:00:00:00:01 to "
		    "02:00:00:00:00:04" } },
		{ "m",
		  "five",
		  false,
		  { SYNTAX, "pool m", "value",
		    "value \"five\" is not a MAC address or a port or node name of 16 hexadecimal "
		    "digits" } },
		{ "q", "02:00:00:00:00:04", false, { NOT_FOUND, "pool q", "", "does not exist" } },
	};
	struct raceway_model *model = raceway_test_model(text());

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_model *clone = raceway_model_clone(model);

		raceway_test_expect(
			cases[i].value,
			reserve(clone, cases[i].name, cases[i].value, cases[i].release, &err), &err,
			&cases[i].want);
		raceway_model_free(clone);
	}
	cr_expect_eq(reserve(model, "m", "02:00:00:00:00:04", false, NULL), 0);
	cr_expect_eq(reserve(model, "m", "02:00:00:00:00:03", false, NULL), 0);
	cr_expect_eq(reserve(model, "m", "02:00:00:00:00:03", false, NULL), 0, "it is so already");
	wrong(model, "vnic", "web1/c", ADD, VNIC,
	      (struct raceway_test_error){
		      REFUSED, "vnic web1/c", "pool",
		      "pool m has no mac left: all 4 from 02:00:00:00:00:01 to 02:00:00:00:00:04 "
		      "are in use or reserved; make it larger by pool set m to LAST" });
	wrong(model, "vnic", "web1/c", ADD,
	      "{\"segment\": \"lan\", \"mac\": \"02:00:00:00:00:03\"}",
	      (struct raceway_test_error){
		      REFUSED, "vnic web1/c", "mac",
		      "mac 02:00:00:00:00:03 is reserved in pool m; release it first" });
	wrong(model, "pool", "m", PATCH, "{\"to\": \"02:00:00:00:00:03\"}",
	      (struct raceway_test_error){
		      INVALID, "pool m", "reservations",
		      "02:00:00:00:00:04 is reserved and not in "
		      "02:00:00:00:00:01 to 02:00:00:00:00:03; release it first" });
	cr_expect_eq(reserve(model, "m", "02:00:00:00:00:04", true, NULL), 0);
	right(model, "vnic", "web1/c", ADD, VNIC);
	expect(model, "vnic", "web1/c", "mac", "02:00:00:00:00:04");
	raceway_model_free(model);
}

Test(pool, refusals)
{
	static const struct raceway_test_write cases[] = {
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"02:00:00:00:00:09\",\"to\":\"02:00:00:00:00:08\"}",
		  { INVALID, "pool x", "to",
		    "to 02:00:00:00:00:08 is before from 02:00:00:00:00:09" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"02:00:00:00:02:00\",\"to\":\"02:00:01:00:02:00\"}",
		  { INVALID, "pool x", "to",
		    "from 02:00:00:00:02:00 to 02:00:01:00:02:00 are more than 16777216 "
		    "identities, the most of one pool" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"02:00:00:00:02:00\",\"to\":\"02:00:01:00:01:ff\"}",
		  { RACEWAY_FAULT_NONE, NULL, NULL, NULL } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"wwpn\",\"from\":\"0000000000000001\",\"to\":\"ffffffffffffffff\"}",
		  { INVALID, "pool x", "to",
		    "from 0000000000000001 to ffffffffffffffff are more than 16777216 "
		    "identities, the most of one pool" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"wwpn\",\"from\":\"02:00:00:00:02:00\",\"to\":\"02:00:00:00:02:01\"}",
		  { INVALID, "pool x", "from", "from 02:00:00:00:02:00 is not of type wwpn" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"02:00:00:00:02:00\",\"to\":\"5000000000000001\"}",
		  { INVALID, "pool x", "to", "to 5000000000000001 is not of type mac" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"03:00:00:00:02:00\",\"to\":\"03:00:00:00:02:01\"}",
		  { INVALID, "pool x", "from",
		    "from 03:00:00:00:02:00 is a group address; one of a station has an even "
		    "first byte, as 02:00:00:00:00:01" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"wwnn\",\"from\":\"0000000000000000\",\"to\":\"0000000000000001\"}",
		  { INVALID, "pool x", "from",
		    "from 0000000000000000 is no name of a port or node" } },
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"mac\",\"from\":\"02:00:00:00:00:04\",\"to\":\"02:00:00:00:00:20\"}",
		  { REFUSED, "pool x", "from",
		    "overlaps pool m, 02:00:00:00:00:01 to 02:00:00:00:00:04" } },
		{ "pool",
		  "m",
		  PATCH,
		  "{\"to\":\"02:00:00:00:01:00\"}",
		  { REFUSED, "pool m", "from",
		    "overlaps pool spare, 02:00:00:00:01:00 to 02:00:00:00:01:ff" } },
		{ "pool",
		  "m",
		  PATCH,
		  "{\"to\":\"02:00:00:00:00:01\"}",
		  { REFUSED, "pool m", "to",
		    "mac 02:00:00:00:00:02, which vnic web1/b has from it, would not be in "
		    "02:00:00:00:00:01 to 02:00:00:00:00:01" } },
		{ "pool",
		  "m",
		  PATCH,
		  "{\"type\":\"wwpn\"}",
		  { REFUSED, "pool m", "type", "type cannot be changed; delete and add anew" } },
		{ "pool",
		  "m",
		  PATCH,
		  "{\"last\":\"02:00:00:00:00:01\"}",
		  { SYNTAX, "pool m", "last",
		    "\"last\" is no word of a pool; there are: type from to reservations "
		    "description" } },
		/* the same number in another type is another identity */
		{ "pool",
		  "x",
		  ADD,
		  "{\"type\":\"wwnn\",\"from\":\"5000000000000001\",\"to\":\"5000000000000002\"}",
		  { RACEWAY_FAULT_NONE, NULL, NULL, NULL } },
	};
	struct raceway_model *model = raceway_test_model(text());
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	static const struct raceway_test_error in_use = { REFUSED, "pool m", "",
							  "in use by vnic web1/a and 1 more" };

	raceway_test_writes(text(), cases, COUNT(cases));
	raceway_test_expect("del", raceway_model_delete(model, kind("pool"), "m", &err), &err,
			    &in_use);
	drop(model, "pool", "spare");
	raceway_model_free(model);
}

/* The name's MAC is not one of a pool, which might give it another day. */
Test(pool, names_make_none_of_a_pool)
{
	struct raceway_model *model = raceway_test_model(text());
	char made[32], pool[160];

	right(model, "vnic", "web2/x", ADD, "{\"segment\": \"lan\"}");
	snprintf(made, sizeof(made), "%s",
		 raceway_model_text(kind("vnic"), raceway_model_get(model, kind("vnic"), "web2/x"),
				    "mac"));
	drop(model, "vnic", "web2/x");
	snprintf(pool, sizeof(pool), "{\"type\": \"mac\", \"from\": \"%s\", \"to\": \"%s\"}", made,
		 made);
	right(model, "pool", "trap", ADD, pool);
	right(model, "vnic", "web2/x", ADD, "{\"segment\": \"lan\"}");
	cr_expect_str_neq(raceway_model_text(kind("vnic"),
					     raceway_model_get(model, kind("vnic"), "web2/x"),
					     "mac"),
			  made);
	raceway_model_free(model);
}

Test(pool, export_carries_all)
{
	struct raceway_model *model = raceway_test_model(text()), *fresh = raceway_model_new();
	struct raceway_model *same = raceway_model_clone(model);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *document = NULL;
	json_auto_t *again = NULL;
	json_auto_t *changes = NULL;

	cr_expect_eq(reserve(model, "m", "02:00:00:00:00:03", false, NULL), 0);
	raceway_model_free(same);
	same = raceway_model_clone(model);
	document = raceway_model_export(model);
	cr_assert_eq(raceway_model_apply(same, document, true, &err), 0, "%s", err.message);
	changes = raceway_model_diff(model, same);
	cr_expect_eq(json_array_size(changes), 0);
	cr_assert_eq(raceway_model_apply(fresh, document, true, &err), 0, "%s", err.message);
	cr_expect_eq(raceway_model_check(fresh, NULL, &err), 0, "%s", err.message);
	again = raceway_model_export(fresh);
	cr_expect(json_equal(document, again));
	right(fresh, "vnic", "web1/c", ADD, VNIC);
	expect(fresh, "vnic", "web1/c", "mac", "02:00:00:00:00:04");
	raceway_model_free(same);
	raceway_model_free(fresh);
	raceway_model_free(model);
}

/* All or nothing: what a refused change would have given is free for the next. */
Test(pool, a_refused_change_takes_nothing)
{
	struct raceway_model *model = raceway_test_model(text());
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *document = raceway_test_yaml(
		"{schema: 1, profiles: [{name: web2, vnics: [{name: a, segment: lan, pool: m}, "
		"{name: b, segment: lan, pool: m}, {name: c, segment: lan, pool: m}]}]}");
	char *before = raceway_test_dump(model), *after;

	cr_expect_lt(raceway_model_apply(model, document, false, &err), 0);
	cr_expect_str_eq(err.object, "vnic web2/c", "%s", err.object);
	after = raceway_test_dump(model);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	raceway_model_free(model);
}
