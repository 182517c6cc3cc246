/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rules that one object has by itself, without looking at any other. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"
#include "util/units.h"

struct rule {
	const struct raceway_kind *kind;
	const char *object, *name;
	const json_t *doc;
	struct raceway_error *err;
};

static uint64_t number(const struct rule *r, const char *word)
{
	return raceway_model_u64(r->kind, r->doc, word);
}

static bool text_is(const struct rule *r, const char *word, const char *text)
{
	const char *value = raceway_model_text(r->kind, r->doc, word);

	return value && strcmp(value, text) == 0;
}

#define REFUSE(rule, field, ...)                                                                   \
	raceway_error_set((rule)->err, RACEWAY_FAULT_INVALID, (rule)->object, field, __VA_ARGS__)

static int port_rules(const struct rule *r)
{
	if (raceway_model_text(r->kind, r->doc, "native-segment") && !text_is(r, "role", "fabric"))
		return REFUSE(r, "native-segment",
			      "native-segment is for role fabric; on an uplink it is the segment "
			      "that says uplink %s untagged",
			      r->name);
	return 0;
}

static int segment_rules(const struct rule *r)
{
	bool untagged = raceway_model_bool(r->kind, r->doc, "untagged");
	uint64_t vlan = number(r, "vlan");

	if (vlan && untagged)
		return REFUSE(r, "untagged", "vlan %llu and untagged exclude each other",
			      (unsigned long long)vlan);
	if (raceway_model_text(r->kind, r->doc, "uplink"))
		return 0;
	if (vlan)
		return REFUSE(r, "vlan", "vlan %llu needs an uplink", (unsigned long long)vlan);
	if (untagged)
		return REFUSE(r, "untagged", "untagged needs an uplink");
	if (text_is(r, "switching", "vepa"))
		return REFUSE(r, "switching",
			      "switching vepa needs an uplink with a switch that sends back");
	return 0;
}

static int server_rules(const struct rule *r)
{
	if (strcmp(r->name, RACEWAY_MODEL_LOCAL) == 0 && json_object_get(r->doc, "port"))
		return REFUSE(r, "port", "local is this machine and is wired to no port");
	if (json_array_size(json_object_get(r->doc, "port")) > 1)
		return raceway_error_set(
			r->err, RACEWAY_FAULT_CANNOT, r->object, "port",
			"more than one port: not yet: its vNICs would all be behind "
			"%s; give one",
			json_string_value(json_array_get(json_object_get(r->doc, "port"), 0)));
	return 0;
}

/* A burst must hold `frames` whole frames, or none would ever pass as this colour. */
static int burst_holds(const struct rule *r, const char *word, uint64_t bytes, unsigned int frames)
{
	uint64_t least = frames * raceway_model_frame(r->doc);
	char text[2][RACEWAY_UNIT_TEXT];

	if (!bytes || bytes >= least)
		return 0;
	return REFUSE(r, word, "%s %s is too small: mtu %llu needs at least %s", word,
		      raceway_format_size(bytes, text[0]), (unsigned long long)number(r, "mtu"),
		      raceway_format_size(least, text[1]));
}

/* What a peak burst has above the committed one must hold two frames, or the rate between the
 * guarantee and the peak could not be used. */
static int excess_holds(const struct rule *r, const char *const words[4], uint64_t cbs,
			uint64_t pbs)
{
	uint64_t least = cbs + 2 * raceway_model_frame(r->doc);
	char text[3][RACEWAY_UNIT_TEXT];

	if (!cbs || !pbs || pbs >= least)
		return 0;
	return REFUSE(r, words[3],
		      "%s %s is too small: with %s %s and mtu %llu it must be at least %s",
		      words[3], raceway_format_size(pbs, text[0]), words[2],
		      raceway_format_size(cbs, text[1]), (unsigned long long)number(r, "mtu"),
		      raceway_format_size(least, text[2]));
}

/* `words`: cir, pir, cbs, pbs of one direction. */
static int rate_rules(const struct rule *r, const char *const words[4])
{
	uint64_t cir = number(r, words[0]), pir = number(r, words[1]);
	uint64_t cbs = number(r, words[2]), pbs = number(r, words[3]);
	char text[2][RACEWAY_UNIT_TEXT];
	int result;

	if (pir && cir > pir)
		return REFUSE(r, words[0], "%s %s is above %s %s", words[0],
			      raceway_format_rate(cir, text[0]), words[1],
			      raceway_format_rate(pir, text[1]));
	if (cbs && !cir)
		return REFUSE(r, words[2], "%s needs %s, the rate it belongs to", words[2],
			      words[0]);
	if (pbs && !pir)
		return REFUSE(r, words[3], "%s needs %s, the rate it belongs to", words[3],
			      words[1]);
	if (pbs && cbs > pbs)
		return REFUSE(r, words[2], "%s %s is above %s %s", words[2],
			      raceway_format_size(cbs, text[0]), words[3],
			      raceway_format_size(pbs, text[1]));
	/* A GSO packet is two frames at least, and judged as a whole. */
	result = burst_holds(r, words[2], cbs, pir == cir ? 2 : 1);
	if (result == 0)
		result = burst_holds(r, words[3], pbs, cir && pir > cir ? 3 : 2);
	if (result == 0 && pir > cir)
		result = excess_holds(r, words, cbs, pbs);
	return result;
}

static int vnic_rules(const struct rule *r)
{
	static const char *const tx[] = { "tx-cir", "tx-pir", "tx-cbs", "tx-pbs" };
	static const char *const rx[] = { "rx-cir", "rx-pir", "rx-cbs", "rx-pbs" };
	int result = rate_rules(r, tx);

	return result < 0 ? result : rate_rules(r, rx);
}

static int pool_rules(const struct rule *r)
{
	return raceway_pool_rules(r->kind, r->object, r->doc, r->err);
}

static int template_rules(const struct rule *r)
{
	if (raceway_model_bool(r->kind, r->doc, "updating") &&
	    raceway_model_bool(r->kind, r->doc, "initial"))
		return REFUSE(r, "initial", "updating and initial exclude each other");
	return 0;
}

int raceway_model_rules(const struct raceway_kind *kind, const char *object, const char *name,
			const json_t *doc, struct raceway_error *err)
{
	static const struct {
		const char *kind;
		int (*check)(const struct rule *rule);
	} table[] = {
		{ "port", port_rules },	    { "segment", segment_rules },
		{ "server", server_rules }, { "vnic", vnic_rules },
		{ "pool", pool_rules },	    { "template", template_rules },
	};
	struct rule rule = { .kind = kind, .object = object, .name = name, .doc = doc, .err = err };

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].kind, raceway_kind_word(kind)) == 0)
			return table[i].check(&rule);
	}
	return raceway_storage_rules(kind, object, doc, err);
}
