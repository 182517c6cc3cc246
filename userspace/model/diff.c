/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document of `export`, the difference of two models, and a change as one line. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "model/template.h"
#include "util/cleanup.h"
#include "util/units.h"

/* What a document says of the attribute, a new reference; NULL: nothing. A follower says only
 * what it has by itself, and that even if it is the default. */
static json_t *exported(const struct raceway_attr *attr, const json_t *doc, bool follows)
{
	char key[RACEWAY_MODEL_KEY];
	json_t *value = json_object_get(doc, raceway_attr_key(attr, key, sizeof(key)));
	bool own = follows && raceway_overrides(doc, attr->word);

	if ((attr->flags & RACEWAY_ATTR_INTERNAL) ||
	    (follows && !own && !(attr->flags & RACEWAY_ATTR_OWN)))
		return NULL;
	if (!value && own && attr->default_text)
		(void)raceway_value_parse(attr, "", attr->default_text, &value, NULL);
	else
		json_incref(value);
	return value;
}

/* "name", as it is in its list, and what is for users to see. */
static json_t *export_object(const struct raceway_kind *kind, const char *name, const json_t *doc,
			     bool follows)
{
	json_t *out = json_object();
	char key[RACEWAY_MODEL_KEY];

	if (name)
		json_object_set_new(out, "name", json_string(name));
	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++) {
		json_t *value = exported(a, doc, follows);

		if (value)
			json_object_set_new(out, raceway_attr_key(a, key, sizeof(key)), value);
	}
	return out;
}

/* Members of a nested kind to the lists of their parents, which are in `parents` by name. */
static void export_nested(const struct raceway_model *model, const struct raceway_kind *kind,
			  json_t *parents)
{
	json_auto_t *names = raceway_model_names(model, kind);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *full = json_string_value(name), *slash = strchr(full, '/');
		char parent[RACEWAY_MODEL_NAME];

		snprintf(parent, sizeof(parent), "%.*s", (int)(slash - full), full);
		json_array_append_new(
			json_object_get(json_object_get(parents, parent), kind->plural),
			export_object(kind, slash + 1, raceway_model_get(model, kind, full),
				      raceway_template_pattern(model, kind, full)));
	}
}

/* Whether objects of `kind` have a list of `nested` in them. */
static bool is_list_of(const struct raceway_kind *nested, const struct raceway_kind *kind)
{
	return raceway_kind_nested(nested) && strcmp(nested->parent, kind->name) == 0;
}

static json_t *export_kind(const struct raceway_model *model, const struct raceway_kind *kind,
			   json_t *by_name)
{
	json_auto_t *names = raceway_model_names(model, kind);
	json_t *list = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		const json_t *doc = raceway_model_get(model, kind, text);
		json_t *out;

		if (strcmp(kind->name, "server") == 0 && strcmp(text, RACEWAY_MODEL_LOCAL) == 0 &&
		    json_object_size(doc) == 0)
			continue;
		out = export_object(kind, text, doc, false);
		for (size_t k = 0; k < raceway_kind_count; k++)
			if (is_list_of(&raceway_kinds[k], kind))
				json_object_set_new(out, raceway_kinds[k].plural, json_array());
		json_object_set(by_name, text, out);
		json_array_append_new(list, out);
	}
	return list;
}

json_t *raceway_model_export(const struct raceway_model *model)
{
	json_t *document = json_object();

	json_object_set_new(document, "schema", json_integer(1));
	for (size_t i = 0; i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		json_auto_t *by_name = json_object();

		if (kind->later || raceway_kind_nested(kind))
			continue;
		json_object_set_new(document, kind->plural, export_kind(model, kind, by_name));
		for (size_t k = 0; k < raceway_kind_count; k++)
			if (is_list_of(&raceway_kinds[k], kind))
				export_nested(model, &raceway_kinds[k], by_name);
	}
	return document;
}

static void add_change(json_t *changes, const char *op, const struct raceway_kind *kind,
		       const char *name, const json_t *before, const json_t *after)
{
	json_t *change = json_object();

	json_object_set_new(change, "op", json_string(op));
	json_object_set_new(change, "kind", json_string(raceway_kind_word(kind)));
	json_object_set_new(change, "name", json_string(name));
	json_object_set_new(change, "field", json_null());
	json_object_set_new(change, "from",
			    before ? export_object(kind, NULL, before, false) : json_null());
	json_object_set_new(change, "to",
			    after ? export_object(kind, NULL, after, false) : json_null());
	json_array_append_new(changes, change);
}

static bool is_compared(const struct raceway_attr *attr, bool own)
{
	if (!own && (attr->flags & RACEWAY_ATTR_OWN))
		return false;
	return !(attr->flags & RACEWAY_ATTR_INTERNAL) || (attr->flags & RACEWAY_ATTR_TOLD);
}

void raceway_diff_fields(json_t *changes, const struct raceway_kind *kind, const char *name,
			 const json_t *before, const json_t *after, bool own)
{
	char key[RACEWAY_MODEL_KEY];

	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++) {
		json_t *from, *to, *change;

		raceway_attr_key(a, key, sizeof(key));
		from = json_object_get(before, key);
		to = json_object_get(after, key);
		if (from == to || json_equal(from, to) || !is_compared(a, own))
			continue;
		change = json_object();
		json_object_set_new(change, "op", json_string("change"));
		json_object_set_new(change, "kind", json_string(raceway_kind_word(kind)));
		json_object_set_new(change, "name", json_string(name));
		json_object_set_new(change, "field", json_string(a->word));
		json_object_set_new(change, "from", from ? json_incref(from) : json_null());
		json_object_set_new(change, "to", to ? json_incref(to) : json_null());
		json_array_append_new(changes, change);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every name of the kind that `touched` has, of the other kinds with that word too. */
static void collect_touched(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char **names, size_t *count)
{
	const char *word = raceway_kind_word(kind), *object;
	size_t length = strlen(word);
	json_t *value;

	json_object_foreach (model->touched, object, value)
		if (strncmp(object, word, length) == 0 && object[length] == ' ')
			names[(*count)++] = object + length + 1;
}

static void collect_all(const json_t *before, const json_t *after, const char **names,
			size_t *count)
{
	const char *name;
	json_t *doc;

	json_object_foreach ((json_t *)after, name, doc)
		names[(*count)++] = name;
	json_object_foreach ((json_t *)before, name, doc)
		if (!json_object_get(after, name))
			names[(*count)++] = name;
}

const char **raceway_model_differing(const struct raceway_model *before,
				     const struct raceway_model *after,
				     const struct raceway_kind *kind, size_t *ret_count)
{
	const json_t *old = before ? raceway_model_all(before, kind) : NULL;
	const json_t *new = raceway_model_all(after, kind);
	bool known = old && after->origin[kind - raceway_kinds] == old;
	size_t most = known ? json_object_size(after->touched)
			    : json_object_size(old) + json_object_size(new);
	const char **names = calloc(most + 1, sizeof(*names));
	size_t count = 0, kept = 0;

	if (!names)
		return NULL;
	if (known)
		collect_touched(after, kind, names, &count);
	else
		collect_all(old, new, names, &count);
	for (size_t i = 0; i < count; i++)
		if (json_object_get(old, names[i]) != json_object_get(new, names[i]))
			names[kept++] = names[i];
	qsort(names, kept, sizeof(*names), by_text);
	*ret_count = kept;
	return names;
}

static int diff_kind(json_t *changes, const struct raceway_kind *kind,
		     const struct raceway_model *before, const struct raceway_model *after)
{
	RACEWAY_FREE const char **names = NULL;
	size_t count;

	names = raceway_model_differing(before, after, kind, &count);
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		if (!raceway_model_get(after, kind, names[i]))
			add_change(changes, "del", kind, names[i],
				   raceway_model_get(before, kind, names[i]), NULL);
	for (size_t i = 0; i < count; i++) {
		const json_t *old = raceway_model_get(before, kind, names[i]);
		const json_t *doc = raceway_model_get(after, kind, names[i]);

		if (old && doc)
			raceway_diff_fields(changes, kind, names[i], old, doc, true);
		else if (doc)
			add_change(changes, "add", kind, names[i], NULL, doc);
	}
	return 0;
}

json_t *raceway_model_diff(const struct raceway_model *before, const struct raceway_model *after)
{
	json_t *changes = json_array();

	for (size_t i = 0; i < raceway_kind_count; i++) {
		if (before->objects[i] == after->objects[i])
			continue;
		if (diff_kind(changes, &raceway_kinds[i], before, after)) {
			json_decref(changes);
			return NULL;
		}
	}
	return changes;
}

static void format_list(const json_t *list, char *buf, size_t size)
{
	size_t used = 0, i;
	json_t *item;

	buf[0] = '\0';
	json_array_foreach (list, i, item) {
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "," : "",
					 json_string_value(item));
		if (used >= size)
			return;
	}
}

char *raceway_value_format(const struct raceway_attr *attr, const json_t *value, char *buf,
			   size_t size)
{
	const char *text = json_string_value(value);
	char number[RACEWAY_UNIT_TEXT];
	uint64_t n = (uint64_t)json_integer_value(value);

	if (!value || json_is_null(value)) {
		/* a default of 0 is a rate that is not there */
		text = attr->default_text && attr->type != RACEWAY_TYPE_RATE ? attr->default_text
									     : "none";
		snprintf(buf, size, "%s", text);
	} else if (text) {
		snprintf(buf, size, strchr(text, ' ') ? "\"%s\"" : "%s", text);
	} else if (json_is_boolean(value)) {
		snprintf(buf, size, "%s", json_is_true(value) ? "on" : "off");
	} else if (attr->type == RACEWAY_TYPE_LUNS) {
		raceway_luns_format(value, buf, size);
	} else if (json_is_array(value)) {
		format_list(value, buf, size);
	} else if (attr->type == RACEWAY_TYPE_RATE) {
		snprintf(buf, size, "%s", raceway_format_rate(n, number));
	} else if (attr->type == RACEWAY_TYPE_SIZE) {
		snprintf(buf, size, "%s", raceway_format_size(n, number));
	} else {
		snprintf(buf, size, "%llu", (unsigned long long)n);
	}
	return buf;
}

char *raceway_change_format(const json_t *change, char *buf, size_t size)
{
	const char *op = json_string_value(json_object_get(change, "op"));
	const char *kind_name = json_string_value(json_object_get(change, "kind"));
	const char *name = json_string_value(json_object_get(change, "name"));
	const char *field = json_string_value(json_object_get(change, "field"));
	const struct raceway_kind *kind = kind_name ? raceway_kind_find(kind_name) : NULL;
	const struct raceway_attr *attr = kind && field ? raceway_attr_find(kind, field) : NULL;
	char from[300], to[300];

	if (!op || !kind || !name)
		snprintf(buf, size, "? unknown change");
	else if (attr)
		snprintf(buf, size, "~ %s %s %s %s -> %s", kind_name, name, attr->word,
			 raceway_value_format(attr, json_object_get(change, "from"), from,
					      sizeof(from)),
			 raceway_value_format(attr, json_object_get(change, "to"), to, sizeof(to)));
	else
		snprintf(buf, size, "%c %s %s",
			 strcmp(op, "add") == 0	  ? '+'
			 : strcmp(op, "del") == 0 ? '-'
						  : '~',
			 kind_name, name);
	return buf;
}
