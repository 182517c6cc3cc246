/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cross checks of pools and templates: ranges apart from each other, identities in the pool that
 * they come from, each of a pool's given once and none that is reserved; names that are of a
 * profile or of a template. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/check.h"
#include "model/pool.h"
#include "util/cleanup.h"

/* An identity of a pool that some object has. */
struct held {
	uint64_t value;
	const struct raceway_pool *pool;
	const char *name, *text;
	bool touched;
};

static int fail(struct raceway_check *c, const char *kind, const char *name, const char *field,
		const char *message)
{
	char object[RACEWAY_MODEL_NAME];

	raceway_model_object(raceway_kind_find(kind), name, object);
	return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED, object, field, "%s", message);
}

#define FAIL(c, kind, name, field, ...)                                                            \
	({                                                                                         \
		char message_[300];                                                                \
		snprintf(message_, sizeof(message_), __VA_ARGS__);                                 \
		fail(c, kind, name, field, message_);                                              \
	})

static int by_range(const void *a, const void *b)
{
	const struct raceway_pool *one = a, *two = b;
	int order = strcmp(one->type, two->type);

	if (order)
		return order;
	if (one->from != two->from)
		return one->from < two->from ? -1 : 1;
	return strcmp(one->name, two->name);
}

static bool is_touched(const struct raceway_check *c, const struct raceway_pool *pool)
{
	return raceway_model_touched(c->model, "pool", pool->name);
}

/* All pools, by type and range. */
static int gather(struct raceway_check *c, struct raceway_pool **ret_pools, size_t *ret_count)
{
	const json_t *all = raceway_model_all(c->model, raceway_kind_find("pool"));
	struct raceway_pool *pools = calloc(json_object_size(all) + 1, sizeof(*pools));
	const char *name;
	size_t count = 0;
	json_t *doc;

	if (!pools)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	json_object_foreach ((json_t *)all, name, doc)
		raceway_pool_get(c->model, name, &pools[count++]);
	qsort(pools, count, sizeof(*pools), by_range);
	*ret_pools = pools;
	*ret_count = count;
	return 0;
}

static int check_overlaps(struct raceway_check *c, const struct raceway_pool *pools, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct raceway_pool *one = &pools[i - 1], *two = &pools[i], *swap;

		if (strcmp(one->type, two->type) != 0 || two->from > one->to)
			continue;
		if (is_touched(c, one) && !is_touched(c, two)) {
			swap = one;
			one = two;
			two = swap;
		}
		return FAIL(c, "pool", two->name, "from", "overlaps pool %.63s, %s to %s",
			    one->name, json_string_value(json_object_get(one->doc, "from")),
			    json_string_value(json_object_get(one->doc, "to")));
	}
	return 0;
}

/* What is wrong with the pool that the object names: its type, or that it does not hold what the
 * object has. */
static bool is_wrong(struct raceway_check *c, const struct raceway_kind *kind,
		     const struct raceway_pool_word *w, const json_t *doc,
		     struct raceway_pool *ret_pool)
{
	const char *name = raceway_model_text(kind, doc, w->pool);

	if (!raceway_pool_get(c->model, name, ret_pool))
		return false;
	return strcmp(ret_pool->type, w->type) != 0 ||
	       (!kind->of &&
		!raceway_pool_holds(ret_pool, raceway_model_text(kind, doc, w->identity)));
}

/* Who was changed is to blame: the object, or the pool. */
static int fail_member(struct raceway_check *c, const struct raceway_kind *kind,
		       const struct raceway_pool_word *w, const char *name)
{
	const json_t *doc = raceway_model_get(c->model, kind, name);
	const char *from, *to, *identity;
	struct raceway_pool pool;

	(void)is_wrong(c, kind, w, doc, &pool);
	if (strcmp(pool.type, w->type) != 0)
		return FAIL(c, kind->name, name, w->pool, "%s %.63s is of type %s, not %s", w->pool,
			    pool.name, pool.type, w->type);
	identity = raceway_model_text(kind, doc, w->identity);
	from = json_string_value(json_object_get(pool.doc, "from"));
	to = json_string_value(json_object_get(pool.doc, "to"));
	if (!raceway_model_touched(c->model, w->kind, name))
		return FAIL(c, "pool", pool.name, "to",
			    "%s %s, which %s %.127s has from it, would not be in %s to %s",
			    w->identity, identity, w->kind, name, from, to);
	return FAIL(c, w->kind, name, w->identity, "%s %s is not in pool %.63s, %s to %s",
		    w->identity, identity, pool.name, from, to);
}

/* The first by name that is wrong is told; nothing is sorted for that. */
static int check_members(struct raceway_check *c, const struct raceway_kind *kind,
			 const struct raceway_pool_word *w)
{
	const char *name, *first = NULL;
	struct raceway_pool pool;
	json_t *doc;

	json_object_foreach ((json_t *)raceway_model_all(c->model, kind), name, doc)
		if ((!first || strcmp(name, first) < 0) && is_wrong(c, kind, w, doc, &pool))
			first = name;
	return first ? fail_member(c, kind, w, first) : 0;
}

static int by_value(const void *a, const void *b)
{
	const struct held *one = a, *two = b;

	if (one->value != two->value)
		return one->value < two->value ? -1 : 1;
	if (one->touched != two->touched)
		return one->touched ? 1 : -1;
	return strcmp(one->name, two->name);
}

/* Whether two vHBAs are ports of one node, which have its name both. */
static bool is_shared(const struct raceway_pool_word *w, const struct held *one,
		      const struct held *two)
{
	size_t length = strcspn(one->name, "/") + 1;

	return strcmp(w->identity, "wwnn") == 0 && strncmp(one->name, two->name, length) == 0;
}

/* Whether a pool's document keeps the identity back. */
static bool is_reserved(const struct raceway_pool *pool, const char *text)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(pool->doc, "reservations"), i, item)
		if (strcmp(json_string_value(item), text) == 0)
			return true;
	return false;
}

static int check_one(struct raceway_check *c, const struct raceway_pool_word *w,
		     const struct held *h)
{
	if (!is_reserved(h->pool, h->text))
		return 0;
	if (h->touched)
		return FAIL(c, w->kind, h->name, w->identity,
			    "%s %s is reserved in pool %.63s; release it first", w->identity,
			    h->text, h->pool->name);
	return FAIL(c, "pool", h->pool->name, "reservations", "%s is in use by %s %.127s", h->text,
		    w->kind, h->name);
}

/* For bsearch: a value and a range. */
static int compare_range(const void *key, const void *element)
{
	uint64_t value = *(const uint64_t *)key;
	const struct raceway_pool *pool = element;

	if (value < pool->from)
		return -1;
	return value > pool->to;
}

/* What objects have of the pools of the word's type; `pools` are these, apart and by range. */
static int check_held(struct raceway_check *c, const struct raceway_pool_word *w,
		      const struct raceway_pool *pools, size_t pool_count)
{
	const json_t *all = raceway_model_all(c->model, raceway_kind_find(w->kind));
	RACEWAY_FREE struct held *held = calloc(json_object_size(all) + 1, sizeof(*held));
	const char *name;
	size_t count = 0;
	json_t *doc;
	int r = 0;

	if (!held)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	json_object_foreach ((json_t *)all, name, doc) {
		struct held h = { .name = name,
				  .text = json_string_value(json_object_get(doc, w->identity)) };

		if (!h.text || !raceway_identity_parse(h.text, &h.value))
			continue;
		h.pool = bsearch(&h.value, pools, pool_count, sizeof(*pools), compare_range);
		if (!h.pool)
			continue;
		h.touched = raceway_model_touched(c->model, w->kind, name);
		held[count++] = h;
	}
	qsort(held, count, sizeof(*held), by_value);
	for (size_t i = 0; r == 0 && i < count; i++) {
		const struct held *h = &held[i];

		if (i && h->value == h[-1].value && !is_shared(w, &h[-1], h))
			return FAIL(c, w->kind, h->name, w->identity,
				    "%s %s of pool %.63s is already that of %s %.127s", w->identity,
				    h->text, h->pool->name, w->kind, h[-1].name);
		r = check_one(c, w, h);
	}
	return r;
}

static int check_names(struct raceway_check *c)
{
	json_auto_t *names = raceway_model_names(c->model, raceway_kind_find("template"));
	json_t *item;
	size_t i;

	json_array_foreach (names, i, item) {
		const char *name = json_string_value(item);
		bool profile = raceway_model_touched(c->model, "profile", name);

		if (raceway_model_get(c->model, c->profile, name))
			return FAIL(c, profile ? "profile" : "template", name, "name",
				    "a %s is called %s; templates and profiles share their names",
				    profile ? "template" : "profile", name);
	}
	return 0;
}

int raceway_check_pools(struct raceway_check *c)
{
	RACEWAY_FREE struct raceway_pool *pools = NULL;
	size_t count = 0;
	int r = check_names(c);

	if (r == 0)
		r = gather(c, &pools, &count);
	if (r < 0 || count == 0)
		return r;
	r = check_overlaps(c, pools, count);
	for (size_t i = 0; r == 0 && i < raceway_pool_word_count; i++) {
		const struct raceway_pool_word *w = &raceway_pool_words[i];
		const struct raceway_kind *kind = raceway_kind_find(w->kind);
		size_t first = 0, end;

		while (first < count && strcmp(pools[first].type, w->type) != 0)
			first++;
		for (end = first; end < count && strcmp(pools[end].type, w->type) == 0;)
			end++;
		/* templates first: what is wrong in one is wrong in all who follow it */
		r = check_members(c, raceway_kind_pattern(kind), w);
		if (r == 0)
			r = check_members(c, kind, w);
		if (r == 0 && end > first)
			r = check_held(c, w, &pools[first], end - first);
	}
	return r;
}
