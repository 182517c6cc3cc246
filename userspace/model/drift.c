/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How profiles compare with their templates: the drift that people see, and which of a change's
 * differences are nothing but the template's. */
#include <string.h>

#include "model/internal.h"
#include "model/template.h"

#define LINE 700

static void add_member(json_t *changes, const char *op, const char *kind, const char *name)
{
	json_array_append_new(changes,
			      json_pack("{s:s, s:s, s:s}", "op", op, "kind", kind, "name", name));
}

/* Of the members of one kind, into changes. */
static void drift_of(const struct raceway_model *model, const struct raceway_kind *pattern,
		     const char *template, const char *profile, json_t *changes)
{
	const struct raceway_kind *kind = raceway_kind_find(pattern->of);
	json_auto_t *theirs = raceway_model_members(model, pattern, template);
	json_auto_t *its_own = raceway_model_members(model, kind, profile);
	char other[RACEWAY_MODEL_NAME];
	json_t *item;
	size_t i;

	json_array_foreach (theirs, i, item) {
		const char *name = json_string_value(item);
		const json_t *doc = raceway_model_get(
			model, kind, raceway_model_join(other, profile, strchr(name, '/') + 1));

		if (doc)
			raceway_diff_fields(changes, kind, other,
					    raceway_model_get(model, pattern, name), doc, false);
		else
			add_member(changes, "del", kind->name, other);
	}
	json_array_foreach (its_own, i, item) {
		const char *name = json_string_value(item);

		if (!raceway_model_get(model, pattern,
				       raceway_model_join(other, template, strchr(name, '/') + 1)))
			add_member(changes, "add", kind->name, name);
	}
}

json_t *raceway_template_drift(const struct raceway_model *model, const char *profile)
{
	json_auto_t *changes = json_array();
	json_t *lines = json_array(), *change;
	const char *template;
	char line[LINE];
	size_t i;

	if (!raceway_template_of(model, profile, &template))
		return lines;
	for (const struct raceway_kind *k = raceway_kinds + raceway_kind_known;
	     k < raceway_kinds + raceway_kind_count; k++)
		drift_of(model, k, template, profile, changes);
	json_array_foreach (changes, i, change)
		json_array_append_new(
			lines, json_string(raceway_change_format(change, line, sizeof(line))));
	return lines;
}

/* --- what is the template's --- */

/* The member of the template that the profile's member was made from, whether it follows or not;
 * NULL: there is none. */
static const json_t *origin(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char *name)
{
	const struct raceway_kind *pattern = raceway_kind_pattern(kind);
	char text[RACEWAY_MODEL_NAME];
	const char *template;

	if (!pattern)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "/"), name);
	if (!raceway_template_of(model, text, &template))
		return NULL;
	return raceway_model_get(model, pattern,
				 raceway_model_join(text, template, strchr(name, '/') + 1));
}

static bool is_same(const json_t *one, const json_t *other)
{
	return one == other || json_equal(one, other) || (json_is_null(one) && !other);
}

/* An added member without the words that it has as the template has them. */
static void add_rest(json_t *rest, const json_t *change, const json_t *from)
{
	json_t *left = json_copy((json_t *)change), *to = json_copy(json_object_get(change, "to"));
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)from, key, value)
		if (is_same(value, json_object_get(to, key)))
			json_object_del(to, key);
	json_object_set_new(left, "to", to);
	json_array_append_new(rest, left);
}

/* A change of each word that is in one of the two lists of overrides. */
static void add_words(json_t *rest, const json_t *change)
{
	static const char *const sides[] = { "from", "to" };

	for (int side = 0; side < 2; side++) {
		const json_t *other = json_object_get(change, sides[!side]);
		json_t *word, *item, *left;
		size_t i, k;

		json_array_foreach (json_object_get(change, sides[side]), i, word) {
			bool both = false;

			json_array_foreach (other, k, item)
				both |= json_equal(item, word);
			if (both)
				continue;
			left = json_copy((json_t *)change);
			json_object_set(left, "field", word);
			json_array_append_new(rest, left);
		}
	}
}

json_t *raceway_template_rest(const struct raceway_model *model, const json_t *changes)
{
	json_t *rest = json_array(), *change;
	char key[RACEWAY_MODEL_KEY];
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *name = json_string_value(json_object_get(change, "name"));
		const char *field = json_string_value(json_object_get(change, "field"));
		const struct raceway_kind *kind =
			raceway_kind_find(json_string_value(json_object_get(change, "kind")));
		const json_t *from = origin(model, kind, name);
		const struct raceway_attr *attr = field ? raceway_attr_find(kind, field) : NULL;

		if (attr && strcmp(field, "overrides") == 0)
			add_words(rest, change);
		else if (from && json_is_object(json_object_get(change, "to")))
			add_rest(rest, change, from);
		else if (!from || !attr || !raceway_template_pattern(model, kind, name) ||
			 raceway_overrides(raceway_model_get(model, kind, name), field) ||
			 !is_same(json_object_get(change, "to"),
				  json_object_get(from, raceway_attr_key(attr, key, sizeof(key)))))
			json_array_append(rest, change);
	}
	return rest;
}
