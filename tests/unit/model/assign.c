/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/assign.c: the lowest free numbers, MACs from names, each once. */
#include <raceway/limits.h>
#include <stdlib.h>
#include <string.h>

#include "helpers.h"
#include "util/units.h"

static const struct raceway_kind *kind(const char *name)
{
	return raceway_kind_find(name);
}

static int put(struct raceway_model *model, const char *kind_name, const char *name,
	       const char *text, struct raceway_error *err)
{
	json_auto_t *doc = json_loads(text, 0, NULL);

	cr_assert(doc);
	return raceway_model_write(model, kind(kind_name), name, doc, RACEWAY_PUT, err);
}

static uint64_t number(const struct raceway_model *model, const char *kind_name, const char *name)
{
	return raceway_model_u64(kind(kind_name), raceway_model_get(model, kind(kind_name), name),
				 "number");
}

static const char *mac(const struct raceway_model *model, const char *name)
{
	return raceway_model_text(kind("vnic"), raceway_model_get(model, kind("vnic"), name),
				  "mac");
}

Test(assign, lowest_free_number)
{
	struct raceway_model *model = raceway_test_model(raceway_test_base), *next;

	cr_expect_eq(number(model, "port", "up0"), 1);
	cr_expect_eq(number(model, "port", "srv2"), 3);
	cr_expect_eq(number(model, "segment", "priv"), 3);
	cr_expect_eq(number(model, "vnic", "spare/eth0"), 4);
	put(model, "segment", "a", "{\"number\": 5}", NULL);
	put(model, "segment", "b", "{}", NULL);
	put(model, "segment", "c", "{}", NULL);
	cr_expect_eq(number(model, "segment", "b"), 4);
	cr_expect_eq(number(model, "segment", "c"), 6);
	raceway_model_delete(model, kind("vnic"), "web2/eth0", NULL);
	put(model, "vnic", "box/new", "{\"segment\": \"lan\"}", NULL);
	cr_expect_eq(number(model, "vnic", "box/new"), 5, "freed by the same change");
	raceway_model_delete(model, kind("vnic"), "box/new", NULL);
	next = raceway_model_clone(model);
	put(next, "vnic", "box/newer", "{\"segment\": \"lan\"}", NULL);
	cr_expect_eq(number(next, "vnic", "box/newer"), 2);
	raceway_model_free(next);
	raceway_model_free(model);
}

Test(assign, no_number_left)
{
	struct raceway_model *model = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	static const struct raceway_test_error want = {
		RACEWAY_FAULT_REFUSED, "segment one-more", "number",
		"no number is free: all of 1 to 4094 are in use"
	};
	json_auto_t *document = json_pack("{s:i}", "schema", 1);
	json_t *list = json_array();
	char name[16];

	for (int i = 0; i < RACEWAY_SEGMENT_MAX; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		json_array_append_new(list, json_pack("{s:s}", "name", name));
	}
	json_object_set_new(document, "segments", list);
	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s", err.message);
	cr_expect_eq(number(model, "segment", "s0"), 1);
	cr_expect_eq(number(model, "segment", "s4093"), 4094);
	raceway_test_expect("full", put(model, "segment", "one-more", "{}", &err), &err, &want);
	cr_expect_eq(json_object_size(raceway_model_all(model, kind("segment"))), 4094);
	raceway_model_delete(model, kind("segment"), "s6", NULL);
	cr_expect_eq(put(model, "segment", "one-more", "{}", NULL), 0);
	cr_expect_eq(number(model, "segment", "one-more"), 7);
	raceway_model_free(model);
}

Test(assign, mac_from_the_name)
{
	struct raceway_model *one = raceway_test_model(raceway_test_base);
	struct raceway_model *two = raceway_model_clone(one), *three = raceway_model_clone(one);
	uint8_t bytes[6];
	char taken[96];

	put(one, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	put(one, "vnic", "box/y", "{\"segment\": \"lan\"}", NULL);
	put(two, "vnic", "box/y", "{\"segment\": \"lan\"}", NULL);
	cr_assert_eq(raceway_parse_mac(mac(one, "box/x"), bytes), 0);
	cr_expect_eq(bytes[0], 0x02, "locally administered, unicast: %s", mac(one, "box/x"));
	cr_expect_str_neq(mac(one, "box/x"), mac(one, "box/y"));
	cr_expect_str_eq(mac(one, "box/y"), mac(two, "box/y"), "it depends on the name alone");

	/* another salt, another MAC */
	raceway_model_set_salt(three, 77);
	put(three, "vnic", "box/y", "{\"segment\": \"lan\"}", NULL);
	cr_expect_str_neq(mac(three, "box/y"), mac(one, "box/y"));

	/* the MAC of a name is taken, in another segment even: the next one */
	raceway_model_delete(two, kind("vnic"), "box/y", NULL);
	snprintf(taken, sizeof(taken), "{\"segment\": \"priv\", \"mac\": \"%s\"}",
		 mac(one, "box/y"));
	put(two, "vnic", "box/z", taken, NULL);
	put(two, "vnic", "box/y", "{\"segment\": \"lan\"}", NULL);
	cr_expect_str_neq(mac(two, "box/y"), mac(one, "box/y"));
	raceway_model_free(one);
	raceway_model_free(two);
	raceway_model_free(three);
}

Test(assign, kept_by_put_and_patch)
{
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	char before[32];

	put(model, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	snprintf(before, sizeof(before), "%s", mac(model, "box/x"));
	put(model, "vnic", "box/x", "{\"segment\": \"priv\", \"mtu\": 1400}", NULL);
	cr_expect_str_eq(mac(model, "box/x"), before);
	cr_expect_eq(number(model, "vnic", "box/x"), 5);
	raceway_model_free(model);
}

/* A document that does not name the MAC keeps the one that the name gives, whatever was before. */
Test(assign, a_given_mac_goes_with_its_word)
{
	static const char given[] = "{\"segment\": \"lan\", \"mac\": \"02:00:00:00:00:99\"}";
	struct raceway_model *model = raceway_test_model(raceway_test_base);
	char made[32], second[32], taken[96];

	put(model, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	snprintf(made, sizeof(made), "%s", mac(model, "box/x"));
	put(model, "vnic", "box/x", given, NULL);
	cr_expect_str_eq(mac(model, "box/x"), "02:00:00:00:00:99");
	put(model, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	cr_expect_str_eq(mac(model, "box/x"), made);

	/* second choice, because another has the first: kept, though the first is free again */
	raceway_model_delete(model, raceway_kind_find("vnic"), "box/x", NULL);
	snprintf(taken, sizeof(taken), "{\"segment\": \"priv\", \"mac\": \"%s\"}", made);
	put(model, "vnic", "box/z", taken, NULL);
	put(model, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	snprintf(second, sizeof(second), "%s", mac(model, "box/x"));
	cr_expect_str_neq(second, made);
	raceway_model_delete(model, raceway_kind_find("vnic"), "box/z", NULL);
	put(model, "vnic", "box/x", "{\"segment\": \"lan\"}", NULL);
	cr_expect_str_eq(mac(model, "box/x"), second);
	raceway_model_free(model);
}
