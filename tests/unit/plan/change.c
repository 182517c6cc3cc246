/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is wanted after a change, made from what was wanted before, is what the whole would be;
 * and what is not checked after a change would have passed. Random changes decide. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "../include/random.h"
#include "model/internal.h"
#include "plan/want.h"

#define CHANGES 3000

static uint64_t speed(void *context, const char *dev)
{
	return 10000000000ULL;
}

static const struct raceway_world world = { .speed_bps = speed, .max_vnics = 64 };
static const char base[] =
	"{\"schema\":1,\"ports\":[{\"name\":\"u\",\"dev\":\"eth0\",\"role\":\"uplink\"},"
	"{\"name\":\"f\",\"dev\":\"eth1\",\"role\":\"fabric\"},"
	"{\"name\":\"g\",\"dev\":\"eth2\",\"role\":\"fabric\"}],"
	"\"segments\":[{\"name\":\"lan\",\"uplink\":\"u\"},{\"name\":\"priv\"}],"
	"\"servers\":[{\"name\":\"s\",\"port\":[\"f\"]},{\"name\":\"t\",\"port\":[\"g\"]}],"
	"\"profiles\":[{\"name\":\"a\",\"server\":\"s\"},{\"name\":\"b\",\"server\":\"local\"},"
	"{\"name\":\"c\"}]}";

/* What a change may say; %u is a small number. */
static const struct {
	const char *kind, *name, *doc;
} changes[] = {
	{ "vnic", "%c/n%u", "{\"tx_pir\":%u00000000}" },
	{ "vnic", "%c/n%u", "{\"rx_cir\":%u000000000}" },
	{ "vnic", "%c/n%u", "{\"tx_pir\":900000000,\"tx_pbs\":%u0000000}" },
	{ "vnic", "%c/n%u", "{\"weight\":%u}" },
	{ "vnic", "%c/n%u", "{\"class\":%u}" },
	{ "vnic", "%c/n%u", "{\"mtu\":%u00}" },
	{ "vnic", "%c/n%u", "{\"mac\":\"02:00:00:00:00:0%u\"}" },
	{ "vnic", "%c/n%u", "{\"ifname\":\"if%u\"}" },
	{ "vnic", "%c/n%u", "{\"state\":\"down\",\"weight\":%u}" },
	{ "vnic", "%c/n%u", "{\"state\":\"up\",\"weight\":%u}" },
	{ "vnic", "%c/n%u", "{\"segment\":\"priv\",\"weight\":%u}" },
	{ "vnic", "%c/n%u", "{\"segment\":\"lan\",\"description\":\"%u\"}" },
	{ "vnic", "%c/n%u", "{\"spoofcheck\":\"off\",\"weight\":%u}" },
	{ "vnic", "%c/n%u", NULL },
	{ "segment", "lan", "{\"vlan\":%u}" },
	{ "segment", "priv", "{\"number\":%u0}" },
	{ "port", "f", "{\"rate\":\"%ugbit\"}" },
	{ "profile", "c", "{\"server\":\"t\",\"description\":\"%u\"}" },
	{ "profile", "a", "{\"server\":null,\"description\":\"%u\"}" },
	{ "profile", "a", "{\"server\":\"s\",\"description\":\"%u\"}" },
	{ "server", "s", "{\"port\":null,\"description\":\"%u\"}" },
	{ "server", "s", "{\"port\":[\"f\"],\"description\":\"%u\"}" },
};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
/* False: the change is none that can be made. */
static bool random_change(struct dice *dice, struct raceway_model *model)
{
	size_t which = dice_between(dice, 0, sizeof(changes) / sizeof(changes[0]) - 1);
	/* mostly of vNICs */
	size_t c = dice_between(dice, 0, 3) ? which % 14 : which;
	const struct raceway_kind *kind = raceway_kind_find(changes[c].kind);
	char name[32], doc[96];
	json_auto_t *json = NULL;

	snprintf(name, sizeof(name), changes[c].name, (char)('a' + dice_between(dice, 0, 2)),
		 (unsigned int)dice_between(dice, 0, 6));
	if (!changes[c].doc)
		return raceway_model_delete(model, kind, name, NULL) == 0;
	snprintf(doc, sizeof(doc), changes[c].doc, (unsigned int)dice_between(dice, 1, 9));
	json = json_loads(doc, 0, NULL);
	cr_assert(json, "%s", doc);
	if (!raceway_model_get(model, kind, name))
		json_object_set_new(json, "segment", json_string("lan"));
	return raceway_model_write(model, kind, name, json,
				   raceway_model_get(model, kind, name) ? RACEWAY_PATCH
									: RACEWAY_ADD,
				   NULL) == 0;
}
#pragma GCC diagnostic pop

static void expect_same(const struct raceway_want *one, const struct raceway_want *other, int round)
{
	cr_assert_eq(one->vnic_count, other->vnic_count, "change %d", round);
	cr_assert_eq(one->port_count, other->port_count, "change %d", round);
	cr_assert_eq(one->segment_count, other->segment_count, "change %d", round);
	cr_assert_arr_eq(one->ports, other->ports, one->port_count * sizeof(*one->ports),
			 "change %d", round);
	cr_assert_arr_eq(one->segments, other->segments,
			 one->segment_count * sizeof(*one->segments), "change %d", round);
	for (size_t i = 0; i < one->vnic_count; i++)
		cr_assert_arr_eq(&one->vnics[i], &other->vnics[i], sizeof(*one->vnics),
				 "change %d: %s", round, one->vnics[i].dp.name);
}

/* The difference as it is known is the one that all objects show, and leads back. */
static void expect_difference(const struct raceway_model *model, const struct raceway_model *next,
			      int round)
{
	struct raceway_model *other = raceway_model_clone(next);
	json_auto_t *known = raceway_model_diff(model, next);
	json_auto_t *seen = raceway_model_diff(model, other);
	json_auto_t *back = raceway_model_back(model, next);

	cr_assert(json_equal(known, seen), "change %d", round);
	cr_assert_eq(raceway_model_go_back(other, back, NULL), 0, "change %d", round);
	for (size_t i = 0; i < raceway_kind_count; i++)
		cr_assert(json_equal(raceway_model_all(other, &raceway_kinds[i]),
				     raceway_model_all(model, &raceway_kinds[i])),
			  "change %d: %s", round, raceway_kinds[i].plural);
	raceway_model_free(other);
}

Test(change, is_what_the_whole_would_be)
{
	struct raceway_model *model = raceway_model_new(), *next;
	struct raceway_want want = { 0 }, changed = { 0 }, whole = { 0 };
	struct dice dice = { .state = 1 };
	int unchecked = 0, refused = 0, taken = 0;
	json_auto_t *document = json_loads(base, 0, NULL);

	cr_assert_eq(raceway_model_apply(model, document, false, NULL), 0);
	cr_assert_eq(raceway_want_build(model, &world, true, &want, NULL), 0);
	for (int i = 0; i < CHANGES; i++) {
		struct raceway_error err = { 0 }, all = { 0 };
		int ret, both;

		next = raceway_model_clone(model);
		if (!random_change(&dice, next)) {
			raceway_model_free(next);
			continue;
		}
		expect_difference(model, next, i);
		ret = raceway_model_check(next, &world, &err);
		cr_assert_eq(ret, raceway_model_check_all(next, &world, &all), "change %d: %s", i,
			     all.message);
		cr_assert_str_eq(err.message, all.message);
		unchecked += raceway_model_differs_alone(next);
		refused += ret < 0;
		if (ret == 0) {
			ret = raceway_want_change(&want, next, &world, true, &changed, NULL);
			both = raceway_want_build(next, &world, true, &whole, NULL);
			cr_assert_eq(ret, both, "change %d", i);
		}
		if (ret == 0) {
			expect_same(&changed, &whole, i);
			raceway_want_free(&whole);
			raceway_want_free(&want);
			raceway_model_free(model);
			want = changed;
			model = next;
			taken++;
		} else {
			raceway_model_free(next);
		}
	}
	/* all ways were gone */
	cr_expect_gt(unchecked, 300, "%d", unchecked);
	cr_expect_gt(refused, 20, "%d", refused);
	cr_expect_gt(taken, 1000, "%d", taken);
	raceway_want_free(&want);
	raceway_model_free(model);
}
