/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Raceway gives when nobody does: the lowest free number, and a MAC made from the name. */
#include <assert.h>
#include <raceway/limits.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "util/units.h"

#define CHOICES 4		  /* two of 1,000,000 names meet once in 70 */
#define NUMBERS RACEWAY_VNICS_MAX /* the widest range of all kinds */

struct raceway_assigner {
	const struct raceway_kind *kind;
	const struct raceway_attr *number, *mac; /* NULL: the kind has none */
	uint64_t salt;
	uint64_t lowest; /* no number below is free */
	json_t *macs;	 /* set */
	uint8_t used[NUMBERS / 8];
};

static const struct raceway_attr *assigned(const struct raceway_kind *kind, const char *word)
{
	const struct raceway_attr *attr = raceway_attr_find(kind, word);

	return attr && (attr->flags & RACEWAY_ATTR_ASSIGNED) && !attr->later ? attr : NULL;
}

bool raceway_assigner_needed(const struct raceway_kind *kind, const json_t *doc)
{
	return (assigned(kind, "number") && !json_object_get(doc, "number")) ||
	       (assigned(kind, "mac") && !json_object_get(doc, "mac"));
}

static void note(struct raceway_assigner *a, const json_t *doc)
{
	json_int_t number = json_integer_value(json_object_get(doc, "number"));
	const char *mac = json_string_value(json_object_get(doc, "mac"));

	if (number > 0 && number < NUMBERS)
		a->used[number / 8] |= (uint8_t)(1U << number % 8);
	if (mac)
		json_object_set_new(a->macs, mac, json_true());
}

/* Numbers that this change has freed stay taken until the next. */
static void note_freed(struct raceway_assigner *a, const struct raceway_model *model)
{
	size_t length = strlen(a->kind->name);
	const char *object;
	json_t *value;

	json_object_foreach (model->touched, object, value) {
		json_int_t number = json_integer_value(value);

		if (!strncmp(object, a->kind->name, length) && object[length] == ' ' &&
		    number > 0 && number < NUMBERS)
			a->used[number / 8] |= (uint8_t)(1U << number % 8);
	}
}

struct raceway_assigner *raceway_assigner_new(const struct raceway_model *model,
					      const struct raceway_kind *kind, const char *writing)
{
	struct raceway_assigner *a = calloc(1, sizeof(*a));
	const char *name;
	json_t *doc;

	if (!a)
		return NULL;
	a->kind = kind;
	a->number = assigned(kind, "number");
	a->mac = assigned(kind, "mac");
	a->salt = model->salt;
	a->lowest = a->number ? a->number->min : 0;
	a->macs = json_object();
	json_object_foreach ((json_t *)raceway_model_all(model, kind), name, doc) {
		if (!writing || strcmp(name, writing))
			note(a, doc);
	}
	note_freed(a, model);
	return a;
}

void raceway_assigner_free(struct raceway_assigner **assigner)
{
	if (!*assigner)
		return;
	json_decref((*assigner)->macs);
	free(*assigner);
	*assigner = NULL;
}

static int pick_number(struct raceway_assigner *a, const char *object, json_t *doc,
		       struct raceway_error *err)
{
	uint64_t n = a->lowest;

	assert(a->number->max < NUMBERS);
	while (n <= a->number->max && (a->used[n / 8] & 1U << n % 8))
		n++;
	a->lowest = n;
	if (n > a->number->max)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "number",
					 "no number is free: all of %llu to %llu are in use",
					 (unsigned long long)a->number->min,
					 (unsigned long long)a->number->max);
	json_object_set_new(doc, "number", json_integer((json_int_t)n));
	return 0;
}

/* FNV-1a, then the finaliser of splitmix64: names that differ little differ everywhere. */
static uint64_t hash(uint64_t salt, const char *name)
{
	uint64_t h = 0xcbf29ce484222325ULL ^ salt;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3ULL;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ h >> 27) * 0x94d049bb133111ebULL;
	return h ^ h >> 31;
}

/* The first choice for a name has `salt` as it is, the next ones count it up. */
static const char *make_mac(uint64_t salt, const char *name, char text[RACEWAY_UNIT_TEXT])
{
	uint64_t h = hash(salt, name);
	uint8_t mac[6];

	memcpy(mac, &h, sizeof(mac));
	mac[0] = 0x02; /* locally administered, one station (IEEE 802) */
	return raceway_format_mac(mac, text);
}

static void pick_mac(struct raceway_assigner *a, const char *name, json_t *doc)
{
	char text[RACEWAY_UNIT_TEXT];
	uint64_t salt = a->salt;

	while (json_object_get(a->macs, make_mac(salt, name, text)))
		salt++;
	json_object_set_new(doc, "mac", json_string(text));
}

bool raceway_assigned_mac(uint64_t salt, const char *name, const char *mac)
{
	char text[RACEWAY_UNIT_TEXT];

	for (uint64_t i = 0; i < CHOICES; i++)
		if (!strcmp(make_mac(salt + i, name, text), mac))
			return true;
	return false;
}

int raceway_assigner_fill(struct raceway_assigner *a, const char *object, const char *name,
			  const json_t *doc, json_t **ret_doc, struct raceway_error *err)
{
	json_auto_t *filled = json_copy((json_t *)doc);
	int r = 0;

	if (a->number && !json_object_get(filled, "number"))
		r = pick_number(a, object, filled, err);
	if (r < 0)
		return r;
	if (a->mac && !json_object_get(filled, "mac"))
		pick_mac(a, name, filled);
	note(a, filled);
	*ret_doc = json_incref(filled);
	return 0;
}
