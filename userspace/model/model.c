/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model as a container: making, cloning, looking up, putting and dropping documents. */
#include "model/model.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "model/template.h"

static size_t position(const struct raceway_kind *kind)
{
	size_t index = (size_t)(kind - raceway_kinds);

	assert(index < raceway_kind_count && index < RACEWAY_MODEL_KINDS);
	return index;
}

struct raceway_model *raceway_model_new(void)
{
	struct raceway_model *model = calloc(1, sizeof(*model));

	if (!model)
		return NULL;
	for (size_t i = 0; i < raceway_kind_count; i++)
		model->objects[position(&raceway_kinds[i])] = json_object();
	model->touched = json_object();
	raceway_model_put(model, raceway_kind_find("server"), RACEWAY_MODEL_LOCAL, json_object());
	json_object_clear(model->touched);
	return model;
}

/* Takes the reference `touched`: what differs from `origin`. */
static struct raceway_model *share(const struct raceway_model *model, json_t *const *origin,
				   json_t *touched)
{
	struct raceway_model *copy = calloc(1, sizeof(*copy));

	if (!copy) {
		json_decref(touched);
		return NULL;
	}
	for (size_t i = 0; i < RACEWAY_MODEL_KINDS; i++) {
		copy->objects[i] = json_incref(model->objects[i]);
		copy->origin[i] = json_incref(origin[i]);
	}
	copy->touched = touched;
	copy->salt = model->salt;
	return copy;
}

struct raceway_model *raceway_model_clone(const struct raceway_model *model)
{
	return share(model, model->objects, json_object());
}

struct raceway_model *raceway_model_dup(const struct raceway_model *model)
{
	return share(model, model->origin, json_copy(model->touched));
}

static void release(struct raceway_model *model)
{
	for (size_t i = 0; i < RACEWAY_MODEL_KINDS; i++) {
		json_decref(model->objects[i]);
		json_decref(model->origin[i]);
		model->objects[i] = model->origin[i] = NULL;
	}
	json_decref(model->touched);
	model->touched = NULL;
}

void raceway_model_move(struct raceway_model *to, struct raceway_model *from)
{
	release(to);
	*to = *from;
	*from = (struct raceway_model){ .touched = NULL };
}

void raceway_model_free(struct raceway_model *model)
{
	if (!model)
		return;
	release(model);
	free(model);
}

void raceway_model_set_salt(struct raceway_model *model, uint64_t salt)
{
	model->salt = salt;
}

uint64_t raceway_model_salt(const struct raceway_model *model)
{
	return model->salt;
}

char *raceway_model_object(const struct raceway_kind *kind, const char *name,
			   char buf[RACEWAY_MODEL_NAME])
{
	snprintf(buf, RACEWAY_MODEL_NAME, "%s %s", raceway_kind_word(kind), name);
	return buf;
}

bool raceway_model_touched(const struct raceway_model *model, const char *kind, const char *name)
{
	char object[RACEWAY_MODEL_NAME];

	snprintf(object, sizeof(object), "%s %s", kind, name);
	return json_object_get(model->touched, object);
}

/* The kind's documents, this model's own. */
static json_t *writable(struct raceway_model *model, const struct raceway_kind *kind)
{
	json_t **objects = &model->objects[position(kind)];
	json_t *copy;

	if ((*objects)->refcount > 1) {
		copy = json_copy(*objects);
		json_decref(*objects);
		*objects = copy;
	}
	return *objects;
}

/* Before the change: what it was like is remembered. */
static void touch(struct raceway_model *model, const struct raceway_kind *kind, const char *name)
{
	json_t *old = json_object_get(model->objects[position(kind)], name);
	char object[RACEWAY_MODEL_NAME];

	raceway_model_object(kind, name, object);
	if (!json_object_get(model->touched, object))
		json_object_set_new(model->touched, object, old ? json_incref(old) : json_true());
}

const json_t *raceway_model_before(const struct raceway_model *model, const char *kind,
				   const char *name)
{
	char object[RACEWAY_MODEL_NAME];
	const json_t *old;

	snprintf(object, sizeof(object), "%s %s", kind, name);
	old = json_object_get(model->touched, object);
	return json_is_object(old) ? old : NULL;
}

void raceway_model_put(struct raceway_model *model, const struct raceway_kind *kind,
		       const char *name, json_t *doc)
{
	const json_t *old = raceway_model_get(model, kind, name);

	if (old && (old == doc || json_equal(old, doc))) {
		json_decref(doc);
		return;
	}
	touch(model, kind, name);
	json_object_set_new(writable(model, kind), name, doc);
}

void raceway_model_drop(struct raceway_model *model, const struct raceway_kind *kind,
			const char *name)
{
	json_t *number = !strcmp(kind->name, "vnic")
				 ? json_object_get(raceway_model_get(model, kind, name), "number")
				 : NULL;
	char object[RACEWAY_MODEL_NAME];

	touch(model, kind, name); /* first: `name` may be the key that goes */
	if (number)
		json_object_set(model->touched, raceway_model_object(kind, name, object), number);
	json_object_del(writable(model, kind), name);
}

const json_t *raceway_model_get(const struct raceway_model *model, const struct raceway_kind *kind,
				const char *name)
{
	return json_object_get(model->objects[position(kind)], name);
}

const json_t *raceway_model_all(const struct raceway_model *model, const struct raceway_kind *kind)
{
	return model->objects[position(kind)];
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted names of the kind, those that begin with "parent/" or (NULL) all. */
static json_t *sorted_names(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char *parent)
{
	json_t *objects = model->objects[position(kind)], *names = json_array(), *doc;
	size_t count = json_object_size(objects), n = 0, length = parent ? strlen(parent) : 0;
	const char **sorted = calloc(count + 1, sizeof(*sorted)), *name;

	if (!sorted || !names) {
		free(sorted);
		json_decref(names);
		return NULL;
	}
	json_object_foreach (objects, name, doc)
		if (!parent || (strncmp(name, parent, length) == 0 && name[length] == '/'))
			sorted[n++] = name;
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(names, json_string(sorted[i]));
	free(sorted);
	return names;
}

json_t *raceway_model_names(const struct raceway_model *model, const struct raceway_kind *kind)
{
	return sorted_names(model, kind, NULL);
}

json_t *raceway_model_members(const struct raceway_model *model, const struct raceway_kind *kind,
			      const char *parent)
{
	return sorted_names(model, kind, parent);
}

int raceway_model_restore(struct raceway_model *model, const struct raceway_kind *kind,
			  const char *name, const json_t *doc, struct raceway_error *err)
{
	char object[RACEWAY_MODEL_NAME];
	json_t *value;
	const char *key;

	raceway_model_object(kind, name, object);
	if (!raceway_name_valid(kind, name) || !json_is_object(doc))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, "",
					 "is not an object as this version stores it");
	json_object_foreach ((json_t *)doc, key, value) {
		const struct raceway_attr *attr = raceway_attr_find(kind, key);
		json_auto_t *normal = NULL;
		int r;

		if (!attr)
			return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, key,
						 "%.60s is not known to this version", key);
		r = raceway_value_check(attr, object, value, &normal, err);
		if (r < 0)
			return r;
	}
	raceway_model_put(model, kind, name, json_incref((json_t *)doc));
	return 0;
}

void raceway_model_become(struct raceway_model *model, const struct raceway_model *other)
{
	model->salt = other->salt;
	for (size_t i = 0; i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		json_auto_t *names = raceway_model_names(model, kind);
		json_t *entry, *doc;
		const char *name;
		size_t n;

		json_array_foreach (names, n, entry)
			if (!raceway_model_get(other, kind, json_string_value(entry)))
				raceway_model_drop(model, kind, json_string_value(entry));
		json_object_foreach ((json_t *)raceway_model_all(other, kind), name, doc)
			raceway_model_put(model, kind, name, json_incref(doc));
	}
}

const char *raceway_model_reference(const json_t *item)
{
	return json_string_value(json_is_object(item) ? json_object_get(item, "volume") : item);
}

/* How many attributes of all objects are `name`; *ret_first: one of those objects. */
static size_t count_references(const struct raceway_model *model, const struct raceway_kind *kind,
			       const char *name, char ret_first[RACEWAY_MODEL_NAME])
{
	const char *referrer;
	json_t *doc, *item;
	size_t count = 0, i;

	for (const struct raceway_kind *k = raceway_kinds; k < raceway_kinds + raceway_kind_count;
	     k++) {
		for (const struct raceway_attr *a = k->attrs; a < k->attrs + k->attr_count; a++) {
			char key[RACEWAY_MODEL_KEY];

			if (!a->ref || strcmp(a->ref, kind->name) != 0)
				continue;
			raceway_attr_key(a, key, sizeof(key));
			json_object_foreach (model->objects[position(k)], referrer, doc) {
				json_t *value = json_object_get(doc, key);
				const char *text = json_string_value(value);
				bool hit = text && strcmp(text, name) == 0;

				json_array_foreach (value, i, item)
					hit |= strcmp(raceway_model_reference(item), name) == 0;
				if (hit && count++ == 0)
					raceway_model_object(k, referrer, ret_first);
			}
		}
	}
	return count;
}

/* Members of a profile count as references: they go first. */
static size_t count_members(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char *name, char ret_first[RACEWAY_MODEL_NAME])
{
	size_t count = 0, length = strlen(name);

	for (size_t i = 0; i < raceway_kind_count; i++) {
		const char *member;
		json_t *doc;

		if (!raceway_kinds[i].parent || strcmp(raceway_kinds[i].parent, kind->name) != 0)
			continue;
		json_object_foreach (model->objects[i], member, doc)
			if (strncmp(member, name, length) == 0 && member[length] == '/' &&
			    count++ == 0)
				raceway_model_object(&raceway_kinds[i], member, ret_first);
	}
	return count;
}

int raceway_model_delete(struct raceway_model *model, const struct raceway_kind *kind,
			 const char *name, struct raceway_error *err)
{
	char object[RACEWAY_MODEL_NAME], first[RACEWAY_MODEL_NAME], more[32] = "";
	size_t references;

	kind = raceway_template_kind(model, kind, name);
	raceway_model_object(kind, name, object);
	if (kind->later)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, "", "%s", kind->later);
	if (!raceway_model_get(model, kind, name))
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "",
					 "does not exist");
	if (strcmp(object, "server " RACEWAY_MODEL_LOCAL) == 0)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "is this machine and always there");
	if (raceway_template_pattern(model, kind, name))
		return raceway_error_set(
			err, RACEWAY_FAULT_REFUSED, object, "",
			"the template that profile %.*s follows has it; let the profile go first, "
			"by profile set %.*s from \"\"",
			(int)strcspn(name, "/"), name, (int)strcspn(name, "/"), name);
	references = count_references(model, kind, name, first);
	if (!references)
		references = count_members(model, kind, name, first);
	if (references > 1)
		snprintf(more, sizeof(more), " and %zu more", references - 1);
	if (references)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "", "in use by %s%s",
					 first, more);
	raceway_model_drop(model, kind, name);
	return kind->of ? raceway_template_sync(model, kind, name, NULL, NULL, err) : 0;
}
