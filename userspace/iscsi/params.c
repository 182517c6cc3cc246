/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Negotiates by the table of keys: one function for each way in which an outcome is found. */
#include "iscsi/params.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct key {
	const char *name;
	enum raceway_param_kind kind;
	uint32_t least, most, otherwise, ours;
	bool not_in_discovery;
};

static const struct key table[RACEWAY_PARAM_COUNT] = {
#define KEY(name, text, kind, least, most, otherwise, ours, irrelevant, section)                   \
	[RACEWAY_PARAM_##name] = {                                                                 \
		text, RACEWAY_PARAM_##kind, least, most, otherwise, ours, irrelevant,              \
	},
	RACEWAY_PARAMS(KEY)
#undef KEY
};
static_assert(RACEWAY_PARAM_COUNT <= 32, "the keys that were seen are bits of a word");

void raceway_params_begin(struct raceway_params *params)
{
	*params = (struct raceway_params){ 0 };
	for (size_t i = 0; i < RACEWAY_PARAM_COUNT; i++) {
		params->value[i] = table[i].otherwise;
		params->ours[i] = table[i].ours;
	}
}

static void number(struct raceway_params *params, size_t i, const char *value,
		   struct raceway_text *answer)
{
	const struct key *key = &table[i];
	uint32_t theirs, ours = params->ours[i];

	if (raceway_text_number(value, &theirs) || theirs < key->least || theirs > key->most) {
		raceway_text_add(answer, key->name, "Reject");
		return;
	}
	if (key->kind == RACEWAY_PARAM_DECLARE) {
		params->value[i] = theirs;
		return;
	}
	if (key->kind == RACEWAY_PARAM_LOWER ? theirs < ours : theirs > ours)
		ours = theirs;
	params->value[i] = ours;
	raceway_text_add_number(answer, key->name, ours);
}

static void boolean(struct raceway_params *params, size_t i, const char *value,
		    struct raceway_text *answer)
{
	bool yes, ours = params->ours[i];

	if (raceway_text_boolean(value, &yes)) {
		raceway_text_add(answer, table[i].name, "Reject");
		return;
	}
	yes = table[i].kind == RACEWAY_PARAM_AND ? yes && ours : yes || ours;
	params->value[i] = yes;
	raceway_text_add(answer, table[i].name, yes ? "Yes" : "No");
}

/* The values that the target takes, by their number. */
static void list(struct raceway_params *params, size_t i, const char *value,
		 const char *const words[], size_t count, struct raceway_text *answer)
{
	const char *item;
	size_t length;

	while ((length = raceway_text_item(&value, &item))) {
		for (size_t n = 0; n < count && n <= params->ours[i]; n++) {
			if (!raceway_text_is(item, length, words[n]))
				continue;
			params->value[i] = (uint32_t)n;
			raceway_text_add(answer, table[i].name, words[n]);
			return;
		}
	}
	raceway_text_add(answer, table[i].name, "Reject");
}

static void settle(struct raceway_params *params, size_t i, const char *value,
		   struct raceway_text *answer)
{
	static const char *const digests[] = { "None", "CRC32C" };
	static const char *const reports[] = { "RFC3720" };

	switch (table[i].kind) {
	case RACEWAY_PARAM_LOWER:
	case RACEWAY_PARAM_HIGHER:
	case RACEWAY_PARAM_DECLARE:
		number(params, i, value, answer);
		break;
	case RACEWAY_PARAM_AND:
	case RACEWAY_PARAM_OR:
		boolean(params, i, value, answer);
		break;
	case RACEWAY_PARAM_DIGEST:
		list(params, i, value, digests, 2, answer);
		break;
	case RACEWAY_PARAM_REPORT:
		list(params, i, value, reports, 1, answer);
		break;
	case RACEWAY_PARAM_NO:
		raceway_text_add(answer, table[i].name, "No");
		break;
	case RACEWAY_PARAM_REJECT:
		raceway_text_add(answer, table[i].name, "Reject");
		break;
	}
}

static size_t find(const char *key)
{
	size_t i = 0;

	while (i < RACEWAY_PARAM_COUNT && strcmp(table[i].name, key))
		i++;
	return i;
}

bool raceway_params_has(const char *key)
{
	return find(key) < RACEWAY_PARAM_COUNT;
}

int raceway_params_offer(struct raceway_params *params, const char *key, const char *value,
			 bool login, struct raceway_text *answer)
{
	size_t i = find(key);

	assert(i < RACEWAY_PARAM_COUNT);
	if (!login && table[i].kind != RACEWAY_PARAM_DECLARE) {
		raceway_text_add(answer, key, "Reject");
		return 0;
	}
	if (login && params->seen & 1U << i)
		return -EPROTO;
	params->seen |= 1U << i;
	if (params->discovery && table[i].not_in_discovery)
		raceway_text_add(answer, key, "Irrelevant");
	else
		settle(params, i, value, answer);
	return 0;
}

void raceway_params_end(struct raceway_params *params)
{
	if (params->value[RACEWAY_PARAM_FIRST_BURST] > params->value[RACEWAY_PARAM_MAX_BURST])
		params->value[RACEWAY_PARAM_FIRST_BURST] = params->value[RACEWAY_PARAM_MAX_BURST];
}
