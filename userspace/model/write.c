/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writing one object: what came in becomes a normalised document, or an error and no change. */
#include <stdio.h>
#include <string.h>

#include "model/internal.h"
#include "model/template.h"

#define KNOWN_WORDS 240

struct write {
	const struct raceway_kind *kind;
	const char *object, *name;
	const struct raceway_model *model;
	const json_t *old;     /* NULL: the object is new */
	const json_t *pattern; /* what it follows; NULL: nothing */
	enum raceway_write how;
	json_t *seen; /* words that the input has named; null: taken away */
	json_t *doc;  /* in the making */
	struct raceway_error *err;
};

/* The words that would have been right. Returns buf. */
static char *known_words(const struct raceway_kind *kind, char buf[KNOWN_WORDS])
{
	size_t used = 0;

	buf[0] = '\0';
	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++) {
		if (a->later || (a->flags & RACEWAY_ATTR_INTERNAL) ||
		    (kind->of && (a->flags & RACEWAY_ATTR_OWN)))
			continue;
		used += (size_t)snprintf(buf + used, KNOWN_WORDS - used, " %s", a->word);
		if (used >= KNOWN_WORDS)
			break;
	}
	return buf;
}

static int unknown(struct write *w, const char *key)
{
	const struct raceway_kind *nested = raceway_kind_find(key);
	char words[KNOWN_WORDS];

	if (nested && nested->parent && strcmp(nested->parent, w->kind->name) == 0)
		return raceway_error_set(
			w->err, RACEWAY_FAULT_SYNTAX, w->object, key,
			"%s are written one by one, as /v1/%s/%s/NAME, or by apply", key,
			nested->plural, w->object + strlen(w->kind->name) + 1);
	return raceway_error_set(w->err, RACEWAY_FAULT_SYNTAX, w->object, key,
				 "\"%.40s\" is no word of a %s%s; there are:%s", key,
				 w->kind->of ? "template's " : "", raceway_kind_word(w->kind),
				 known_words(w->kind, words));
}

static bool is_default(const struct raceway_attr *attr, const json_t *value)
{
	json_auto_t *normal = NULL;

	if (json_is_false(value) && attr->type == RACEWAY_TYPE_FLAG)
		return true;
	if (json_is_array(value))
		return json_array_size(value) == 0;
	if (json_is_string(value) && json_string_length(value) == 0)
		return true;
	return attr->default_text &&
	       raceway_value_parse(attr, "", attr->default_text, &normal, NULL) == 0 &&
	       json_equal(value, normal);
}

/* Nobody's word any more: the pattern's, if there is one. */
static void take_away(struct write *w, const char *key)
{
	json_t *value = json_object_get(w->pattern, key);

	if (value)
		json_object_set(w->doc, key, value);
	else
		json_object_del(w->doc, key);
}

/* One key of the input into w->doc. */
static int take(struct write *w, const char *key, const json_t *value)
{
	const struct raceway_attr *attr = raceway_attr_find(w->kind, key);
	json_auto_t *normal = NULL;
	char normal_key[RACEWAY_MODEL_KEY];
	int r;

	if (!attr || (attr->flags & RACEWAY_ATTR_INTERNAL))
		return unknown(w, key);
	if (json_object_get(w->seen, attr->word))
		return raceway_error_set(w->err, RACEWAY_FAULT_SYNTAX, w->object, attr->word,
					 "%s is given twice", attr->word);
	json_object_set_new(w->seen, attr->word, json_is_null(value) ? json_null() : json_true());
	raceway_attr_key(attr, normal_key, sizeof(normal_key));
	if (json_is_null(value)) {
		take_away(w, normal_key);
		return 0;
	}
	r = raceway_value_check(attr, w->object, value, &normal, w->err);
	if (r < 0)
		return r;
	if (is_default(attr, normal))
		json_object_del(w->doc, normal_key);
	else
		json_object_set(w->doc, normal_key, normal);
	return 0;
}

/* Two words that take each other's place, else a `set` could never change from one to the other. */
static void replace(struct write *w, const char *kind, const char *one, const char *other)
{
	bool first = json_object_get(w->seen, one), second = json_object_get(w->seen, other);

	if (strcmp(w->kind->name, kind) != 0 || w->how != RACEWAY_PATCH || first == second)
		return;
	json_object_del(w->doc, first ? other : one);
}

/* Of what Raceway gave, not of what somebody did: that is gone where a document does not say it.
 * Numbers cannot be told apart, and stay; so does what no document can say. */
static bool is_kept(const struct write *w, const struct raceway_attr *attr, const json_t *value)
{
	char profile[RACEWAY_MODEL_NAME];
	const char *text = json_string_value(value);

	if (!value || (attr->flags & RACEWAY_ATTR_INTERNAL))
		return value;
	if (!(attr->flags & RACEWAY_ATTR_ASSIGNED))
		return false;
	if (attr->type == RACEWAY_TYPE_MAC)
		return raceway_assigned_mac(w->model->salt, w->name, text);
	snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(w->name, "/"), w->name);
	return attr->type != RACEWAY_TYPE_WWN ||
	       raceway_assigned_wwn(w->model->salt, w->name, text) ||
	       raceway_assigned_wwn(w->model->salt, profile, text);
}

/* What the document begins with, before the input. */
static void begin(struct write *w)
{
	char key[RACEWAY_MODEL_KEY];

	if (w->how == RACEWAY_PATCH)
		w->doc = json_copy((json_t *)w->old);
	else
		w->doc = w->pattern ? json_copy((json_t *)w->pattern) : json_object();
	if (w->how == RACEWAY_PATCH || !w->old)
		return;
	for (const struct raceway_attr *a = w->kind->attrs;
	     a < w->kind->attrs + w->kind->attr_count; a++) {
		json_t *value = json_object_get(w->old, raceway_attr_key(a, key, sizeof(key)));

		if (is_kept(w, a, value))
			json_object_set(w->doc, key, value);
	}
}

/* Of a follower: what it has by itself, and not from its template. What no document can say (a
 * word that is absent and has no default) cannot be. */
static void note_overrides(struct write *w)
{
	json_auto_t *own = json_array();
	char key[RACEWAY_MODEL_KEY];

	json_object_del(w->doc, "overrides");
	if (!w->pattern)
		return;
	for (const struct raceway_attr *a = w->kind->attrs;
	     a < w->kind->attrs + w->kind->attr_count; a++) {
		const json_t *seen = json_object_get(w->seen, a->word);
		bool is_own = seen ? json_is_true(seen)
				   : w->how == RACEWAY_PATCH && raceway_overrides(w->old, a->word);

		if (a->flags & (RACEWAY_ATTR_OWN | RACEWAY_ATTR_INTERNAL))
			continue;
		raceway_attr_key(a, key, sizeof(key));
		if (is_own && (json_object_get(w->doc, key) || a->default_text))
			json_array_append_new(own, json_string(a->word));
	}
	if (json_array_size(own))
		json_object_set(w->doc, "overrides", own);
}

/* Required and create-only words, and the keys in the tables' order. */
static int finish(struct write *w, json_t **ret_doc)
{
	json_auto_t *sorted = json_object();
	char key[RACEWAY_MODEL_KEY];
	const json_t *old;

	for (const struct raceway_attr *a = w->kind->attrs;
	     a < w->kind->attrs + w->kind->attr_count; a++) {
		json_t *value = json_object_get(w->doc, raceway_attr_key(a, key, sizeof(key)));

		if (!value && (a->flags & RACEWAY_ATTR_REQUIRED))
			return raceway_error_set(w->err, RACEWAY_FAULT_INVALID, w->object, a->word,
						 "%s is missing", a->word);
		old = json_object_get(w->old, key);
		if (w->old && (a->flags & RACEWAY_ATTR_CREATE_ONLY) && value != old &&
		    !json_equal(value, old))
			return raceway_error_set(w->err, RACEWAY_FAULT_REFUSED, w->object, a->word,
						 "%s cannot be changed; delete and add anew",
						 a->word);
		if (value)
			json_object_set(sorted, key, value);
	}
	*ret_doc = json_incref(sorted);
	return 0;
}

/* "name" and "schema" in the input only have to be right. True if it was one of them. */
static int take_frame(struct write *w, const char *name, const char *key, const json_t *value)
{
	const char *slash = strchr(name, '/'), *text = json_string_value(value);

	if (strcmp(key, "schema") == 0) {
		if (json_is_integer(value) && json_integer_value(value) == 1)
			return 1;
		return raceway_error_set(w->err, RACEWAY_FAULT_INVALID, w->object, "schema",
					 "schema must be 1");
	}
	if (strcmp(key, "name") != 0)
		return 0;
	if (text && (strcmp(text, name) == 0 || (slash && strcmp(text, slash + 1) == 0)))
		return 1;
	return raceway_error_set(w->err, RACEWAY_FAULT_INVALID, w->object, "name",
				 "name cannot be changed; delete and add anew");
}

int raceway_model_normalise(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char *object, const char *name, const json_t *doc,
			    enum raceway_write how, json_t **ret_doc, struct raceway_error *err)
{
	json_auto_t *seen = json_object();
	json_auto_t *making = NULL;
	json_auto_t *normal = NULL;
	struct write w = {
		.kind = kind,
		.object = object,
		.name = name,
		.model = model,
		.old = raceway_model_get(model, kind, name),
		.pattern = raceway_template_pattern(model, kind, name),
		.how = how,
		.seen = seen,
		.err = err,
	};
	const char *key;
	json_t *value;
	int r;

	if (!json_is_object(doc))
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "",
					 "must be a JSON object of words and values");
	begin(&w);
	making = w.doc;
	json_object_foreach ((json_t *)doc, key, value) {
		r = take_frame(&w, name, key, value);
		if (r == 0)
			r = take(&w, key, value);
		if (r < 0)
			return r;
	}
	replace(&w, "segment", "vlan", "untagged");
	replace(&w, "template", "updating", "initial");
	note_overrides(&w);
	raceway_model_settle_identities(model, kind, w.old, w.doc, seen);
	r = finish(&w, &normal);
	if (r == 0)
		r = raceway_model_rules(kind, object, name, normal, err);
	if (r == 0)
		*ret_doc = json_incref(normal);
	return r;
}

int raceway_model_nameable(const struct raceway_model *model, const struct raceway_kind *kind,
			   const char *object, const char *name, struct raceway_error *err)
{
	const char *slash = strchr(name, '/');
	char parent[RACEWAY_MODEL_NAME];

	if (!raceway_name_valid(kind, name))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, "name",
					 "\"%.130s\" is no name: %s1 to 63 letters, digits, \".\", "
					 "\"_\" or \"-\", the first a letter or digit",
					 name, kind->parent ? "it is PARENT/NAME, each " : "");
	if (!kind->parent)
		return 0;
	snprintf(parent, sizeof(parent), "%.*s", (int)(slash - name), name);
	if (raceway_model_get(model, raceway_kind_find(kind->parent), parent))
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "name",
				 "%s %s does not exist", kind->parent, parent);
}

/* Puts the document and all that follows from it. */
static int put_all(struct raceway_model *model, const struct raceway_kind *kind, const char *name,
		   json_t *doc, struct raceway_error *err)
{
	json_auto_t *named = json_object();
	int r = 0;

	raceway_model_put(model, kind, name, json_incref(doc));
	raceway_model_name(named, kind, name);
	if (kind->of || strcmp(kind->name, "profile") == 0 || strcmp(kind->name, "template") == 0)
		r = raceway_template_sync(model, kind, name, NULL, named, err);
	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++)
		r = raceway_model_assign(model, &raceway_kinds[i],
					 json_object_get(named, raceway_kinds[i].name), err);
	return r;
}

int raceway_model_write(struct raceway_model *model, const struct raceway_kind *kind,
			const char *name, const json_t *doc, enum raceway_write how,
			struct raceway_error *err)
{
	struct raceway_model *copy;
	char object[RACEWAY_MODEL_NAME];
	json_auto_t *normal = NULL;
	const json_t *old;
	int r;

	kind = raceway_template_kind(model, kind, name);
	raceway_model_object(kind, name, object);
	if (kind->later)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, "", "%s", kind->later);
	r = raceway_model_nameable(model, kind, object, name, err);
	if (r < 0)
		return r;
	old = raceway_model_get(model, kind, name);
	if (how == RACEWAY_ADD && old)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "", "already exists");
	if (how == RACEWAY_PATCH && !old)
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "",
					 "does not exist");
	r = raceway_model_normalise(model, kind, object, name, doc, how, &normal, err);
	if (r < 0)
		return r;
	copy = raceway_model_dup(model);
	if (!copy)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "", "out of memory");
	r = put_all(copy, kind, name, normal, err);
	if (r == 0)
		raceway_model_move(model, copy);
	raceway_model_free(copy);
	return r;
}
