/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Raceway gives when nobody does: the lowest free number, a MAC or port name made from the
 * name, and for volumes a number that none had before. */
#include <assert.h>
#include <raceway/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "model/internal.h"
#include "util/san.h"
#include "util/units.h"

#define CHOICES 4		  /* two of 1,000,000 names meet once in 70 */
#define NUMBERS RACEWAY_VNICS_MAX /* the widest range of all kinds */

struct raceway_assigner {
	const struct raceway_model *model;
	const struct raceway_kind *kind;
	const struct raceway_attr *number; /* NULL: the kind has none */
	uint64_t salt;
	uint64_t lowest; /* no number below is free */
	json_t *taken;	 /* set of MACs, port names and ids */
	uint8_t used[NUMBERS / 8];
};

/* Words whose value must not be taken by another object of the kind. */
static const char *const unique_words[] = { "mac", "wwpn", "wwnn", "id" };

enum { UNIQUE = sizeof(unique_words) / sizeof(unique_words[0]) };

static const struct raceway_attr *assigned(const struct raceway_kind *kind, const char *word)
{
	const struct raceway_attr *attr = raceway_attr_find(kind, word);

	return attr && (attr->flags & RACEWAY_ATTR_ASSIGNED) && !attr->later ? attr : NULL;
}

bool raceway_assigner_needed(const struct raceway_kind *kind, const json_t *doc)
{
	bool needed = assigned(kind, "number") && !json_object_get(doc, "number");

	for (size_t i = 0; i < UNIQUE; i++)
		needed |= assigned(kind, unique_words[i]) && !json_object_get(doc, unique_words[i]);
	return needed;
}

static void note(struct raceway_assigner *a, const json_t *doc)
{
	json_int_t number = json_integer_value(json_object_get(doc, "number"));

	if (number > 0 && number < NUMBERS)
		a->used[number / 8] |= (uint8_t)(1U << number % 8);
	for (size_t i = 0; i < UNIQUE; i++) {
		const char *text = json_string_value(json_object_get(doc, unique_words[i]));

		if (text)
			json_object_set_new(a->taken, text, json_true());
	}
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
	a->model = model;
	a->kind = kind;
	a->number = assigned(kind, "number");
	a->salt = model->salt;
	a->lowest = a->number ? a->number->min : 0;
	a->taken = json_object();
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
	json_decref((*assigner)->taken);
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

/* NAA 3, locally assigned (SPC-4 7.8.6.6.4); the rest follows from the name. */
static const char *make_wwn(uint64_t salt, const char *name, char text[RACEWAY_UNIT_TEXT])
{
	return raceway_format_wwn(3ULL << 60 | hash(salt, name) >> 4, text);
}

/* NAA 3 too, and new even for a name that was there before: initiators must not take another
 * volume for the one that they knew. */
static const char *make_id(uint64_t salt, const char *name, char text[RACEWAY_UNIT_TEXT])
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return make_wwn(salt, name, text);
	return raceway_format_wwn(3ULL << 60 | random >> 4, text);
}

static void pick(struct raceway_assigner *a, const char *word, const char *name,
		 const char *(*make)(uint64_t, const char *, char *), json_t *doc)
{
	char text[RACEWAY_UNIT_TEXT];
	uint64_t salt = a->salt;

	if (!assigned(a->kind, word) || json_object_get(doc, word))
		return;
	while (json_object_get(a->taken, make(salt, name, text)))
		salt++;
	json_object_set_new(doc, word, json_string(text));
}

/* The vHBAs of a profile are ports of one node. */
static void pick_wwnn(struct raceway_assigner *a, const char *name, json_t *doc)
{
	const json_t *vhbas = raceway_model_all(a->model, a->kind);
	size_t length = strcspn(name, "/");
	char profile[RACEWAY_MODEL_NAME];
	const char *sibling;
	json_t *other;

	if (!assigned(a->kind, "wwnn") || json_object_get(doc, "wwnn"))
		return;
	json_object_foreach ((json_t *)vhbas, sibling, other) {
		json_t *wwnn = json_object_get(other, "wwnn");

		if (wwnn && strcmp(sibling, name) && !strncmp(sibling, name, length + 1)) {
			json_object_set(doc, "wwnn", wwnn);
			return;
		}
	}
	snprintf(profile, sizeof(profile), "%.*s", (int)length, name);
	pick(a, "wwnn", profile, make_wwn, doc);
}

bool raceway_assigned_mac(uint64_t salt, const char *name, const char *mac)
{
	char text[RACEWAY_UNIT_TEXT];

	for (uint64_t i = 0; i < CHOICES; i++)
		if (!strcmp(make_mac(salt + i, name, text), mac))
			return true;
	return false;
}

bool raceway_assigned_wwn(uint64_t salt, const char *name, const char *wwn)
{
	char text[RACEWAY_UNIT_TEXT];

	for (uint64_t i = 0; i < CHOICES; i++)
		if (!strcmp(make_wwn(salt + i, name, text), wwn))
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
	pick(a, "mac", name, make_mac, filled);
	pick(a, "wwpn", name, make_wwn, filled);
	pick(a, "id", name, make_id, filled);
	pick_wwnn(a, name, filled);
	note(a, filled);
	*ret_doc = json_incref(filled);
	return 0;
}
