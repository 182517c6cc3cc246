/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A whole document into the model: every object that it names becomes exactly so, then the
 * others go if asked, then what is still without a number or MAC gets one. All on a copy. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"

#define KNOWN_KEYS 240

struct apply {
	struct raceway_model *model; /* the copy */
	json_t *named;		     /* kind -> object of the names in the document, in its order */
	json_t *listed;		     /* profiles whose vNICs or vHBAs the document says */
	struct raceway_error *err;
};

static bool is_top_level(const struct raceway_kind *kind)
{
	return !raceway_kind_nested(kind);
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

/* Whether objects of the kind have a list of `nested` in them. */
static bool is_list_of(const struct raceway_kind *nested, const struct raceway_kind *kind)
{
	return raceway_kind_nested(nested) && strcmp(nested->parent, kind->name) == 0;
}

static int apply_nested(struct apply *a, const struct raceway_kind *kind, const char *name,
			const char *object, const json_t *element)
{
	for (const struct raceway_kind *k = raceway_kinds; k < raceway_kinds + raceway_kind_count;
	     k++) {
		const json_t *list;
		int r;

		if (!is_list_of(k, kind))
			continue;
		if (!k->of && json_is_array(json_object_get(element, k->plural)))
			json_object_set_new(a->listed, name, json_true());
		r = get_list(a, k, element, object, &list);
		if (r == 0 && list)
			r = apply_list(a, k, name, list);
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_one(struct apply *a, const struct raceway_kind *kind, const char *name,
		     const json_t *element)
{
	json_t *named = json_object_get(a->named, kind->name);
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
	for (size_t i = 0; i < raceway_kind_count; i++)
		if (is_list_of(&raceway_kinds[i], kind))
			json_object_del(own, raceway_kinds[i].plural);
	r = raceway_model_normalise(a->model, kind, object, name, own, RACEWAY_PUT, &normal,
				    a->err);
	if (r < 0)
		return r;
	raceway_model_put(a->model, kind, name, json_incref(normal));
	return apply_nested(a, kind, name, object, element);
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

/* Whether the object is what a profile of the document has from its template: whoever wants it to
 * go takes it out of the template, or deletes it. */
static bool is_from_template(struct apply *a, const struct raceway_kind *kind, const char *name)
{
	const struct raceway_kind *profile = raceway_kind_find("profile"),
				  *pattern = raceway_kind_pattern(kind);
	char text[RACEWAY_MODEL_NAME];
	const char *member = strchr(name, '/'), *from;

	if (!pattern)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)(member - name), name);
	from = raceway_model_text(profile, raceway_model_get(a->model, profile, text), "from");
	if (!from || !json_object_get(json_object_get(a->named, profile->name), text))
		return false;
	snprintf(text, sizeof(text), "%.63s%.64s", from, member);
	return json_object_get(json_object_get(a->named, pattern->name), text);
}

static void prune(struct apply *a, const struct raceway_kind *kind)
{
	json_t *named = json_object_get(a->named, kind->name);
	json_auto_t *names = raceway_model_names(a->model, kind);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);

		if (json_object_get(named, text) || is_from_template(a, kind, text))
			continue;
		if (strcmp(kind->name, "server") == 0 && strcmp(text, RACEWAY_MODEL_LOCAL) == 0)
			raceway_model_put(a->model, kind, text, json_object());
		else
			raceway_model_drop(a->model, kind, text);
	}
}

static int apply_document(struct apply *a, const json_t *document, bool prune_others)
{
	int r = check_keys(a, document);

	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		const json_t *list = NULL;

		json_object_set_new(a->named, kind->name, json_object());
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
	if (r == 0)
		r = raceway_template_sync(a->model, NULL, NULL, a->listed, a->named, a->err);
	/* last, so that what the document gives or keeps is taken already */
	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++)
		r = raceway_model_assign(a->model, &raceway_kinds[i],
					 json_object_get(a->named, raceway_kinds[i].name), a->err);
	return r;
}

int raceway_model_apply(struct raceway_model *model, const json_t *document, bool prune_others,
			struct raceway_error *err)
{
	json_auto_t *named = json_object();
	json_auto_t *listed = json_object();
	struct apply a = {
		.model = raceway_model_dup(model), .named = named, .listed = listed, .err = err
	};
	int r;

	if (!a.model)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	r = apply_document(&a, document, prune_others);
	if (r == 0)
		raceway_model_move(model, a.model);
	raceway_model_free(a.model);
	return r;
}
