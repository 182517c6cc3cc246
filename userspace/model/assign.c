/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Raceway gives when nobody does: the lowest free number, a MAC or port name of a pool or made
 * from the name, and for volumes a number that none had before. */
#include <assert.h>
#include <errno.h>
#include <raceway/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "model/internal.h"
#include "model/pool.h"
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
	json_t *taken;	 /* set of MACs, port names and ids, and of what is reserved */
	json_t *last;	 /* pool -> what it gave last */
	struct raceway_pool *pools;
	size_t pool_count;
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

static bool is_needed(const struct raceway_kind *kind, const json_t *doc)
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

static int note_pools(struct raceway_assigner *a)
{
	const json_t *all = raceway_model_all(a->model, raceway_kind_find("pool"));
	const char *name;
	json_t *doc, *reserved;
	size_t i;

	a->pools = calloc(json_object_size(all) + 1, sizeof(*a->pools));
	if (!a->pools)
		return -ENOMEM;
	json_object_foreach ((json_t *)all, name, doc) {
		raceway_pool_get(a->model, name, &a->pools[a->pool_count++]);
		json_array_foreach (json_object_get(doc, "reservations"), i, reserved)
			json_object_set_new(a->taken, json_string_value(reserved), json_true());
	}
	return 0;
}

static void free_assigner(struct raceway_assigner **assigner)
{
	if (!*assigner)
		return;
	json_decref((*assigner)->taken);
	json_decref((*assigner)->last);
	free((*assigner)->pools);
	free(*assigner);
	*assigner = NULL;
}

static struct raceway_assigner *new_assigner(const struct raceway_model *model,
					     const struct raceway_kind *kind)
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
	a->last = json_object();
	json_object_foreach ((json_t *)raceway_model_all(model, kind), name, doc)
		note(a, doc);
	note_freed(a, model);
	if (note_pools(a) < 0)
		free_assigner(&a);
	return a;
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

/* What is in a pool is for the pool to give. */
static bool is_spoken_for(const struct raceway_assigner *a, const char *word, const char *identity)
{
	if (json_object_get(a->taken, identity))
		return true;
	for (size_t i = 0; i < a->pool_count; i++)
		if (strcmp(a->pools[i].type, word) == 0 &&
		    raceway_pool_holds(&a->pools[i], identity))
			return true;
	return false;
}

static void pick(struct raceway_assigner *a, const char *word, const char *name,
		 const char *(*make)(uint64_t, const char *, char *), json_t *doc)
{
	char text[RACEWAY_UNIT_TEXT];
	uint64_t salt = a->salt;

	if (!assigned(a->kind, word) || json_object_get(doc, word))
		return;
	while (is_spoken_for(a, word, make(salt, name, text)))
		salt++;
	json_object_set_new(doc, word, json_string(text));
}

/* The next of the pool behind the one that it gave last: what was released lately comes last. */
static int give(struct raceway_assigner *a, const char *object, const struct raceway_pool *pool,
		const char *word, json_t *doc, struct raceway_error *err)
{
	const char *last = json_string_value(json_object_get(a->last, pool->name));
	uint64_t size = raceway_pool_size(pool), at = pool->from, value;
	char text[RACEWAY_UNIT_TEXT], first[RACEWAY_UNIT_TEXT];

	if (!last)
		last = json_string_value(json_object_get(pool->doc, "last"));
	if (raceway_pool_holds(pool, last) && raceway_identity_parse(last, &value))
		at = value == pool->to ? pool->from : value + 1;
	for (uint64_t n = 0; n < size; n++) {
		value = pool->from + (at - pool->from + n) % size;
		if (json_object_get(a->taken, raceway_identity_format(pool->type, value, text)))
			continue;
		json_object_set_new(doc, word, json_string(text));
		json_object_set_new(a->last, pool->name, json_string(text));
		return 0;
	}
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "pool",
				 "pool %.63s has no %s left: all %llu from %s to %s are in use or "
				 "reserved; make it larger by pool set %.63s to LAST",
				 pool->name, word, (unsigned long long)size,
				 raceway_identity_format(pool->type, pool->from, first),
				 raceway_identity_format(pool->type, pool->to, text), pool->name);
}

/* The pool that the document names for the identity, or NULL: also if it is none that could be,
 * which is for the cross checks to say. */
static const struct raceway_pool *pool_for(const struct raceway_assigner *a, const char *word,
					   const json_t *doc)
{
	for (size_t i = 0; i < raceway_pool_word_count; i++) {
		const struct raceway_pool_word *w = &raceway_pool_words[i];
		const char *name;

		if (strcmp(w->kind, a->kind->name) != 0 || strcmp(w->identity, word) != 0)
			continue;
		name = raceway_model_text(a->kind, doc, w->pool);
		for (size_t k = 0; name && k < a->pool_count; k++)
			if (strcmp(a->pools[k].name, name) == 0 &&
			    strcmp(a->pools[k].type, w->type) == 0)
				return &a->pools[k];
	}
	return NULL;
}

/* An identity from the pool that the document names, if it has none and names one. */
static int give_from_pool(struct raceway_assigner *a, const char *object, const char *word,
			  json_t *doc, struct raceway_error *err)
{
	const struct raceway_pool *pool;

	if (!assigned(a->kind, word) || json_object_get(doc, word))
		return 0;
	pool = pool_for(a, word, doc);
	return pool ? give(a, object, pool, word, doc, err) : 0;
}

/* The vHBAs of a profile are ports of one node. */
static int pick_wwnn(struct raceway_assigner *a, const char *object, const char *name, json_t *doc,
		     struct raceway_error *err)
{
	const json_t *vhbas = raceway_model_all(a->model, a->kind);
	const struct raceway_pool *pool = pool_for(a, "wwnn", doc);
	size_t length = strcspn(name, "/");
	char profile[RACEWAY_MODEL_NAME];
	const char *sibling;
	json_t *other;

	if (!assigned(a->kind, "wwnn") || json_object_get(doc, "wwnn"))
		return 0;
	json_object_foreach ((json_t *)vhbas, sibling, other) {
		json_t *wwnn = json_object_get(other, "wwnn");

		if (wwnn && strcmp(sibling, name) && !strncmp(sibling, name, length + 1) &&
		    (!pool || raceway_pool_holds(pool, json_string_value(wwnn)))) {
			json_object_set(doc, "wwnn", wwnn);
			return 0;
		}
	}
	if (pool)
		return give(a, object, pool, "wwnn", doc, err);
	snprintf(profile, sizeof(profile), "%.*s", (int)length, name);
	pick(a, "wwnn", profile, make_wwn, doc);
	return 0;
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

/* *ret_doc: a new document with everything assigned. */
static int fill(struct raceway_assigner *a, const char *object, const char *name, const json_t *doc,
		json_t **ret_doc, struct raceway_error *err)
{
	json_auto_t *filled = json_copy((json_t *)doc);
	int r = 0;

	if (a->number && !json_object_get(filled, "number"))
		r = pick_number(a, object, filled, err);
	if (r == 0)
		r = give_from_pool(a, object, "mac", filled, err);
	if (r == 0)
		r = give_from_pool(a, object, "wwpn", filled, err);
	if (r < 0)
		return r;
	pick(a, "mac", name, make_mac, filled);
	pick(a, "wwpn", name, make_wwn, filled);
	pick(a, "id", name, make_id, filled);
	r = pick_wwnn(a, object, name, filled, err);
	if (r < 0)
		return r;
	note(a, filled);
	*ret_doc = json_incref(filled);
	return 0;
}

/* Where the pools go on next time. */
static void note_last(const struct raceway_assigner *a, struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("pool");
	const char *name;
	json_t *last;

	json_object_foreach (a->last, name, last) {
		json_t *doc = json_copy((json_t *)raceway_model_get(model, kind, name));

		json_object_set(doc, "last", last);
		raceway_model_put(model, kind, name, doc);
	}
}

void raceway_model_name(json_t *named, const struct raceway_kind *kind, const char *name)
{
	if (!named)
		return;
	if (!json_object_get(named, kind->name))
		json_object_set_new(named, kind->name, json_object());
	json_object_set_new(json_object_get(named, kind->name), name, json_true());
}

int raceway_model_assign(struct raceway_model *model, const struct raceway_kind *kind,
			 const json_t *names, struct raceway_error *err)
{
	struct raceway_assigner *a __attribute__((cleanup(free_assigner))) = NULL;
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)names, name, value) {
		const json_t *doc = raceway_model_get(model, kind, name);
		char object[RACEWAY_MODEL_NAME];
		json_t *filled = NULL;
		int r;

		if (!doc || !is_needed(kind, doc))
			continue;
		if (!a)
			a = new_assigner(model, kind);
		if (!a)
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
						 "out of memory");
		raceway_model_object(kind, name, object);
		r = fill(a, object, name, doc, &filled, err);
		if (r < 0)
			return r;
		raceway_model_put(model, kind, name, filled);
	}
	if (a)
		note_last(a, model);
	return 0;
}
