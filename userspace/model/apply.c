/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A whole document into the model: every object that it names becomes exactly so, then the
 * others go if asked, then what is still without a number or MAC gets one. All on a copy. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

#define KNOWN_KEYS 240

struct apply {
	struct raceway_model *model; /* the copy */
	json_t *named; /* plural -> object of the names in the document, in its order */
	struct raceway_error *err;
};

static bool is_top_level(const struct raceway_kind *kind)
{
	return !kind->parent || strcmp(kind->parent, "profile") != 0;
}

static int check_keys(struct apply *a, const json_t *document)
{
	const json_t *schema = json_object_get(document, "schema");
	char keys[KNOWN_KEYS] = "";
	size_t used = 0;
	json_t *value;
	const char *key;

	if (!json_is_object(document))
		return raceway_error_set(a->err, RACEWAY_FAULT_SYNTAX, "", "",
					 "the document must be an object with schema, ports, "
					 "segments, servers, profiles");
	if (!schema)
		return raceway_error_set(a->err, RACEWAY_FAULT_INVALID, "", "schema",
					 "schema is missing; this version reads schema: 1");
	if (!json_is_integer(schema) || json_integer_value(schema) != 1)
		return raceway_error_set(a->err, RACEWAY_FAULT_INVALID, "", "schema",
					 "schema is not 1, the only one that this version reads");
	for (size_t i = 0; i < raceway_kind_count && used < sizeof(keys); i++) {
		if (is_top_level(&raceway_kinds[i]))
			used += (size_t)snprintf(keys + used, sizeof(keys) - used, " %s",
						 raceway_kinds[i].plural);
	}
	json_object_foreach ((json_t *)document, key, value) {
		const struct raceway_kind *kind = raceway_kind_find(key);

		if (strcmp(key, "schema") == 0)
			continue;
		if (!kind || !is_top_level(kind) || strcmp(kind->plural, key) != 0)
			return raceway_error_set(a->err, RACEWAY_FAULT_SYNTAX, "", key,
						 "\"%.40s\" is no key of a document; there are: "
						 "schema%s",
						 key, keys);
	}
	return 0;
}

/* The list of a kind at *ret_list, NULL if there is nothing in it. */
static int get_list(struct apply *a, const struct raceway_kind *kind, const json_t *from,
		    const char *object, const json_t **ret_list)
{
	const json_t *list = json_object_get(from, kind->plural);

	*ret_list = NULL;
	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return raceway_error_set(a->err, RACEWAY_FAULT_SYNTAX, object, kind->plural,
					 "%s must be a list of objects with name", kind->plural);
	if (json_array_size(list) == 0)
		return 0;
	if (kind->later)
		return raceway_error_set(a->err, RACEWAY_FAULT_CANNOT, object, kind->plural,
					 "%s: %s", kind->plural, kind->later);
	*ret_list = list;
	return 0;
}

/* The full name of a list's element at `name`. `parent` is NULL at the top. */
static int element_name(struct apply *a, const struct raceway_kind *kind, const char *parent,
			size_t index, const json_t *element, char name[RACEWAY_MODEL_NAME])
{
	const json_t *value = json_object_get(element, "name");
	size_t length = parent ? strlen(parent) : 0;
	char where[RACEWAY_MODEL_NAME];
	const char *text = json_string_value(value);

	snprintf(where, sizeof(where), "%s%s%s[%zu]", parent ? parent : "", parent ? " " : "",
		 kind->plural, index);
	if (!json_is_object(element))
		return raceway_error_set(a->err, RACEWAY_FAULT_SYNTAX, where, "",
					 "must be an object with name");
	if (json_is_integer(value))
		snprintf(name, RACEWAY_MODEL_NAME, "%s%s%lld", parent ? parent : "",
			 parent ? "/" : "", (long long)json_integer_value(value));
	else if (!text || strlen(text) != json_string_length(value) || strlen(text) > 127)
		return raceway_error_set(a->err, RACEWAY_FAULT_INVALID, where, "name",
					 text ? "name is no name" : "name is missing");
	else if (!parent || (strncmp(text, parent, length) == 0 && text[length] == '/'))
		snprintf(name, RACEWAY_MODEL_NAME, "%s", text);
	else
		snprintf(name, RACEWAY_MODEL_NAME, "%s/%s", parent, text);
	return 0;
}

static int apply_list(struct apply *a, const struct raceway_kind *kind, const char *parent,
		      const json_t *list);

static int apply_nested(struct apply *a, const char *profile, const char *object,
			const json_t *element)
{
	for (size_t i = 0; i < raceway_kind_count; i++) {
		const json_t *list;
		int r;

		if (is_top_level(&raceway_kinds[i]))
			continue;
		r = get_list(a, &raceway_kinds[i], element, object, &list);
		if (r == 0 && list)
			r = apply_list(a, &raceway_kinds[i], profile, list);
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_one(struct apply *a, const struct raceway_kind *kind, const char *name,
		     const json_t *element)
{
	json_t *named = json_object_get(a->named, kind->plural);
	json_auto_t *own = json_copy((json_t *)element);
	json_auto_t *normal = NULL;
	char object[RACEWAY_MODEL_NAME];
	int r;

	raceway_model_object(kind, name, object);
	r = raceway_model_nameable(a->model, kind, object, name, a->err);
	if (r < 0)
		return r;
	if (json_object_get(named, name))
		return raceway_error_set(a->err, RACEWAY_FAULT_INVALID, object, "name",
					 "is in the document twice");
	json_object_set_new(named, name, json_true());
	json_object_del(own, "name");
	if (strcmp(kind->name, "profile") == 0) {
		json_object_del(own, "vnics");
		json_object_del(own, "vhbas");
	}
	r = raceway_model_normalise(a->model, kind, object, name, own, RACEWAY_PUT, &normal,
				    a->err);
	if (r < 0)
		return r;
	raceway_model_put(a->model, kind, name, json_incref(normal));
	return strcmp(kind->name, "profile") == 0 ? apply_nested(a, name, object, element) : 0;
}

static int apply_list(struct apply *a, const struct raceway_kind *kind, const char *parent,
		      const json_t *list)
{
	char name[RACEWAY_MODEL_NAME];
	json_t *element;
	size_t i;
	int r;

	json_array_foreach (list, i, element) {
		r = element_name(a, kind, parent, i, element, name);
		if (r == 0)
			r = apply_one(a, kind, name, element);
		if (r < 0)
			return r;
	}
	return 0;
}

static void prune(struct apply *a, const struct raceway_kind *kind)
{
	json_t *named = json_object_get(a->named, kind->plural);
	json_auto_t *names = raceway_model_names(a->model, kind);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);

		if (json_object_get(named, text))
			continue;
		if (strcmp(kind->name, "server") == 0 && strcmp(text, RACEWAY_MODEL_LOCAL) == 0)
			raceway_model_put(a->model, kind, text, json_object());
		else
			raceway_model_drop(a->model, kind, text);
	}
}

/* Last, so that numbers which the document gives or keeps are taken already. */
static int assign(struct apply *a, const struct raceway_kind *kind)
{
	struct raceway_assigner *assigner __attribute__((cleanup(raceway_assigner_free))) = NULL;
	json_t *named = json_object_get(a->named, kind->plural), *value;
	const char *name;

	json_object_foreach (named, name, value) {
		const json_t *doc = raceway_model_get(a->model, kind, name);
		char object[RACEWAY_MODEL_NAME];
		json_t *filled = NULL;
		int r;

		if (!raceway_assigner_needed(kind, doc))
			continue;
		if (!assigner)
			assigner = raceway_assigner_new(a->model, kind, NULL);
		if (!assigner)
			return raceway_error_set(a->err, RACEWAY_FAULT_SYSTEM, "", "",
						 "out of memory");
		raceway_model_object(kind, name, object);
		r = raceway_assigner_fill(assigner, object, name, doc, &filled, a->err);
		if (r < 0)
			return r;
		raceway_model_put(a->model, kind, name, filled);
	}
	return 0;
}

static int apply_document(struct apply *a, const json_t *document, bool prune_others)
{
	int r = check_keys(a, document);

	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		const json_t *list = NULL;

		json_object_set_new(a->named, kind->plural, json_object());
		if (is_top_level(kind))
			r = get_list(a, kind, document, "", &list);
	}
	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++) {
		const json_t *list = json_object_get(document, raceway_kinds[i].plural);

		if (is_top_level(&raceway_kinds[i]) && json_is_array(list))
			r = apply_list(a, &raceway_kinds[i], NULL, list);
	}
	for (size_t i = 0; r == 0 && prune_others && i < raceway_kind_count; i++)
		prune(a, &raceway_kinds[i]);
	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++)
		r = assign(a, &raceway_kinds[i]);
	return r;
}

int raceway_model_apply(struct raceway_model *model, const json_t *document, bool prune_others,
			struct raceway_error *err)
{
	json_auto_t *named = json_object();
	struct apply a = { .model = raceway_model_dup(model), .named = named, .err = err };
	int r;

	if (!a.model)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	r = apply_document(&a, document, prune_others);
	if (r == 0)
		raceway_model_move(model, a.model);
	raceway_model_free(a.model);
	return r;
}
