/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pools of identities: ranges and who has what of them, the rules that one pool has by itself,
 * reserve and release. Giving out is assign.c's. */
#include "model/pool.h"

#include <stdio.h>
#include <string.h>

#include "model/internal.h"
#include "util/san.h"

#define MAC_BYTES 6

const struct raceway_pool_word raceway_pool_words[] = {
	{ "vnic", "mac", "pool", "mac" },
	{ "vhba", "wwpn", "pool", "wwpn" },
	{ "vhba", "wwnn", "wwnn-pool", "wwnn" },
};
const size_t raceway_pool_word_count = sizeof(raceway_pool_words) / sizeof(raceway_pool_words[0]);

bool raceway_identity_parse(const char *text, uint64_t *ret_value)
{
	uint8_t mac[MAC_BYTES];
	uint64_t value = 0;

	if (raceway_parse_mac(text, mac) != 0)
		return raceway_parse_wwn(text, ret_value) == 0;
	for (int i = 0; i < MAC_BYTES; i++)
		value = value << 8 | mac[i];
	*ret_value = value;
	return true;
}

const char *raceway_identity_format(const char *type, uint64_t value, char buf[RACEWAY_UNIT_TEXT])
{
	uint8_t mac[MAC_BYTES];

	if (strcmp(type, "mac") != 0)
		return raceway_format_wwn(value, buf);
	for (int i = MAC_BYTES - 1; i >= 0; i--, value >>= 8)
		mac[i] = (uint8_t)value;
	return raceway_format_mac(mac, buf);
}

/* Texts that are no identities count as 0, for the rules to refuse. */
static void read_pool(const struct raceway_kind *kind, const char *name, const json_t *doc,
		      struct raceway_pool *ret_pool)
{
	const char *from = raceway_model_text(kind, doc, "from"),
		   *to = raceway_model_text(kind, doc, "to");

	*ret_pool = (struct raceway_pool){ .name = name,
					   .type = raceway_model_text(kind, doc, "type"),
					   .doc = doc };
	(void)raceway_identity_parse(from, &ret_pool->from);
	(void)raceway_identity_parse(to, &ret_pool->to);
}

bool raceway_pool_get(const struct raceway_model *model, const char *name,
		      struct raceway_pool *ret_pool)
{
	const struct raceway_kind *kind = raceway_kind_find("pool");
	const json_t *doc = name ? raceway_model_get(model, kind, name) : NULL;

	if (doc)
		read_pool(kind, name, doc, ret_pool);
	return doc;
}

uint64_t raceway_pool_size(const struct raceway_pool *pool)
{
	return pool->to - pool->from + 1;
}

bool raceway_pool_holds(const struct raceway_pool *pool, const char *identity)
{
	uint64_t value;

	return identity && raceway_identity_parse(identity, &value) && value >= pool->from &&
	       value <= pool->to;
}

json_t *raceway_pool_holders(const struct raceway_model *model, const struct raceway_pool *pool)
{
	json_t *holders = json_object(), *doc;

	for (size_t i = 0; i < raceway_pool_word_count; i++) {
		const struct raceway_pool_word *w = &raceway_pool_words[i];
		const struct raceway_kind *kind = raceway_kind_find(w->kind);
		char object[RACEWAY_MODEL_NAME];
		const char *name;

		if (strcmp(w->type, pool->type) != 0)
			continue;
		json_object_foreach ((json_t *)raceway_model_all(model, kind), name, doc) {
			const char *value = raceway_model_text(kind, doc, w->identity);

			if (raceway_pool_holds(pool, value) && !json_object_get(holders, value))
				json_object_set_new(
					holders, value,
					json_string(raceway_model_object(kind, name, object)));
		}
	}
	return holders;
}

void raceway_model_settle_identities(const struct raceway_model *model,
				     const struct raceway_kind *kind, const json_t *old,
				     json_t *doc, const json_t *seen)
{
	char identity[RACEWAY_MODEL_KEY], key[RACEWAY_MODEL_KEY];
	struct raceway_pool pool;

	for (size_t i = 0; i < raceway_pool_word_count; i++) {
		const struct raceway_pool_word *w = &raceway_pool_words[i];
		json_t *had;

		if (strcmp(w->kind, kind->name) != 0 || json_object_get(seen, w->identity))
			continue;
		raceway_attr_key(raceway_attr_find(kind, w->identity), identity, sizeof(identity));
		raceway_attr_key(raceway_attr_find(kind, w->pool), key, sizeof(key));
		if (!raceway_pool_get(model, json_string_value(json_object_get(doc, key)), &pool) ||
		    strcmp(pool.type, w->type) != 0 ||
		    raceway_pool_holds(&pool, json_string_value(json_object_get(doc, identity))))
			continue;
		had = json_object_get(old, identity);
		if (raceway_pool_holds(&pool, json_string_value(had)))
			json_object_set(doc, identity, had);
		else
			json_object_del(doc, identity);
	}
}

/* --- the rules of one pool --- */

#define REFUSE(field, ...) raceway_error_set(err, RACEWAY_FAULT_INVALID, object, field, __VA_ARGS__)

/* Whether the text, which is canonical, is one of the type. */
static bool is_of_type(const char *type, const char *identity)
{
	return (strchr(identity, ':') != NULL) == (strcmp(type, "mac") == 0);
}

int raceway_pool_rules(const struct raceway_kind *kind, const char *object, const json_t *doc,
		       struct raceway_error *err)
{
	static const char *const ends[] = { "from", "to" };
	const char *type = raceway_model_text(kind, doc, "type"), *text;
	struct raceway_pool pool;
	json_t *reserved;
	size_t i;

	for (i = 0; i < 2; i++) {
		text = raceway_model_text(kind, doc, ends[i]);
		if (!is_of_type(type, text))
			return REFUSE(ends[i], "%s %s is not of type %s", ends[i], text, type);
	}
	read_pool(kind, "", doc, &pool);
	if (pool.from > pool.to)
		return REFUSE("to", "to %s is before from %s", text,
			      raceway_model_text(kind, doc, "from"));
	if (raceway_pool_size(&pool) > RACEWAY_POOL_MAX || raceway_pool_size(&pool) == 0)
		return REFUSE("to",
			      "from %s to %s are more than %llu identities, the most of one pool",
			      raceway_model_text(kind, doc, "from"), text, RACEWAY_POOL_MAX);
	json_array_foreach (json_object_get(doc, "reservations"), i, reserved) {
		const char *value = json_string_value(reserved);

		if (!is_of_type(type, value) || !raceway_pool_holds(&pool, value))
			return REFUSE("reservations",
				      "%s is reserved and not in %s to %s; release it first", value,
				      raceway_model_text(kind, doc, "from"), text);
	}
	return 0;
}

/* --- reserve and release --- */

/* The pool, and the value in its canonical form. */
static int begin(const struct raceway_model *model, const char *name, const json_t *value,
		 char object[RACEWAY_MODEL_NAME], struct raceway_pool *ret_pool,
		 json_t **ret_identity, struct raceway_error *err)
{
	static const struct raceway_attr attr = { .word = "value", .type = RACEWAY_TYPE_IDENTITY };
	json_auto_t *identity = NULL;
	const char *text;
	int r;

	raceway_model_object(raceway_kind_find("pool"), name, object);
	if (!raceway_pool_get(model, name, ret_pool))
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "",
					 "does not exist");
	if (!value)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "value",
					 "value is missing");
	r = raceway_value_check(&attr, object, value, &identity, err);
	if (r < 0)
		return r;
	text = json_string_value(identity);
	if (!is_of_type(ret_pool->type, text) || !raceway_pool_holds(ret_pool, text))
		return REFUSE("value", "%s is not in it: it has %s to %s", text,
			      json_string_value(json_object_get(ret_pool->doc, "from")),
			      json_string_value(json_object_get(ret_pool->doc, "to")));
	*ret_identity = json_incref(identity);
	return 0;
}

static int write_reservations(struct raceway_model *model, const char *name, json_t *list,
			      struct raceway_error *err)
{
	json_auto_t *patch = json_pack("{s:o}", "reservations", list);

	return raceway_model_write(model, raceway_kind_find("pool"), name, patch, RACEWAY_PATCH,
				   err);
}

int raceway_pool_reserve(struct raceway_model *model, const char *name, const json_t *value,
			 struct raceway_error *err)
{
	char object[RACEWAY_MODEL_NAME];
	json_auto_t *identity = NULL;
	struct raceway_pool pool;
	json_t *list, *item = NULL;
	size_t i;
	int r = begin(model, name, value, object, &pool, &identity, err);

	if (r < 0)
		return r;
	list = json_copy(json_object_get(pool.doc, "reservations"));
	if (!list)
		list = json_array();
	/* sorted: text of one type sorts as its numbers do */
	json_array_foreach (list, i, item)
		if (strcmp(json_string_value(item), json_string_value(identity)) >= 0)
			break;
	if (item && i < json_array_size(list) && json_equal(item, identity)) {
		json_decref(list);
		return 0; /* it is what was asked for */
	}
	json_array_insert(list, i, identity);
	return write_reservations(model, name, list, err);
}

int raceway_pool_release(struct raceway_model *model, const char *name, const json_t *value,
			 struct raceway_error *err)
{
	char object[RACEWAY_MODEL_NAME];
	json_auto_t *holders = NULL;
	json_auto_t *identity = NULL;
	struct raceway_pool pool;
	const json_t *reserved, *holder;
	json_t *item;
	size_t i;
	int r = begin(model, name, value, object, &pool, &identity, err);

	if (r < 0)
		return r;
	holders = raceway_pool_holders(model, &pool);
	holder = json_object_get(holders, json_string_value(identity));
	if (holder)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "value",
					 "%s is in use by %s; it is free when that is deleted",
					 json_string_value(identity), json_string_value(holder));
	reserved = json_object_get(pool.doc, "reservations");
	json_array_foreach (reserved, i, item)
		if (json_equal(item, identity)) {
			json_t *list = json_copy((json_t *)reserved);

			json_array_remove(list, i);
			return write_reservations(model, name, list, err);
		}
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "value", "%s is not reserved",
				 json_string_value(identity));
}
