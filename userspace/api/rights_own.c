/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which part of a difference the caller answers for, and which comes from a template. */
#include <stdio.h>
#include <string.h>

#include "api/rights.h"
#include "util/cleanup.h"

#define NAME 160 /* of a member: two names of 63 and a slash */

/* What the template of its profile says of the new vNIC or vHBA; NULL: there is none. */
static const json_t *pattern_of(const struct raceway_model *model, const json_t *change)
{
	const char *word = json_string_value(json_object_get(change, "kind"));
	const char *name = json_string_value(json_object_get(change, "name"));
	const struct raceway_kind *kind = raceway_kind_find(word);
	const struct raceway_kind *pattern = kind ? raceway_kind_pattern(kind) : NULL;
	const char *slash = strchr(name, '/'), *from;
	const json_t *profile;
	char text[NAME];

	if (!pattern || !slash)
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)(slash - name), name);
	profile = raceway_model_get(model, raceway_kind_find("profile"), text);
	from = json_string_value(json_object_get(profile, "from"));
	if (!from)
		return NULL;
	snprintf(text, sizeof(text), "%s%s", from, slash);
	return raceway_model_get(model, pattern, text);
}

/* The change without the words that are the pattern's. */
static json_t *without(const json_t *change, const json_t *pattern)
{
	json_t *rest = json_copy((json_t *)change), *to;
	const char *key;
	json_t *value;

	to = json_copy(json_object_get(change, "to"));
	json_object_foreach (json_object_get(change, "to"), key, value)
		if (json_equal(value, json_object_get(pattern, key)))
			json_object_del(to, key);
	json_object_set_new(rest, "to", to);
	return rest;
}

json_t *raceway_rights_own(const struct raceway_model *after, json_t *changes)
{
	json_t *own = json_array(), *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *op = json_string_value(json_object_get(change, "op"));
		const json_t *pattern = strcmp(op, "add") ? NULL : pattern_of(after, change);

		if (json_array_append_new(own, pattern ? without(change, pattern)
						       : json_incref(change)) < 0) {
			json_decref(own);
			return NULL;
		}
	}
	return own;
}
