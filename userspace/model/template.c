/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Templates: what follows from them for the profiles that are made from them. A word of a
 * follower is its own if it is in `overrides`; every other one is the template's. */
#include "model/template.h"

#include <stdio.h>
#include <string.h>

#include "model/internal.h"

#define OVERRIDES "overrides"

const struct raceway_kind *raceway_template_kind(const struct raceway_model *model,
						 const struct raceway_kind *kind, const char *name)
{
	const struct raceway_kind *pattern = raceway_kind_pattern(kind);
	char parent[RACEWAY_MODEL_NAME];

	snprintf(parent, sizeof(parent), "%.*s", (int)strcspn(name, "/"), name);
	if (!pattern || raceway_model_get(model, raceway_kind_find("profile"), parent) ||
	    !raceway_model_get(model, raceway_kind_find("template"), parent))
		return kind;
	return pattern;
}

const json_t *raceway_template_of(const struct raceway_model *model, const char *profile,
				  const char **ret_name)
{
	const struct raceway_kind *kind = raceway_kind_find("profile");
	const char *name =
		raceway_model_text(kind, raceway_model_get(model, kind, profile), "from");

	*ret_name = name;
	return name ? raceway_model_get(model, raceway_kind_find("template"), name) : NULL;
}

static bool is_updating(const json_t *template_doc)
{
	return raceway_model_bool(raceway_kind_find("template"), template_doc, "updating");
}

char *raceway_model_join(char buf[RACEWAY_MODEL_NAME], const char *parent, const char *member)
{
	snprintf(buf, RACEWAY_MODEL_NAME, "%s/%s", parent, member);
	return buf;
}

const json_t *raceway_template_pattern(const struct raceway_model *model,
				       const struct raceway_kind *kind, const char *name)
{
	const struct raceway_kind *pattern = raceway_kind_pattern(kind);
	char text[RACEWAY_MODEL_NAME];
	const char *template;

	if (!pattern || !json_object_size(raceway_model_all(model, pattern)))
		return NULL;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "/"), name);
	if (!is_updating(raceway_template_of(model, text, &template)))
		return NULL;
	return raceway_model_get(model, pattern,
				 raceway_model_join(text, template, name + strcspn(name, "/") + 1));
}

bool raceway_overrides(const json_t *doc, const char *word)
{
	json_t *item;
	size_t i;

	json_array_foreach (json_object_get(doc, OVERRIDES), i, item)
		if (strcmp(json_string_value(item), word) == 0)
			return true;
	return false;
}

/* --- what follows from a change --- */

struct sync {
	struct raceway_model *model;
	const struct raceway_kind *kind; /* vnic or vhba */
	const json_t *listed;
	json_t *named;
	struct raceway_error *err;
};

/* A profile, seen from the change. */
struct link {
	const char *profile, *template;
	bool updating;
	bool fresh; /* made from this template only now */
	bool adopt; /* follows it only now: what differs becomes its own */
	bool freed; /* followed another, or this one until now */
};

/* A word that the pattern and its followers share. */
static bool is_shared(const struct raceway_attr *attr)
{
	return !(attr->flags & (RACEWAY_ATTR_OWN | RACEWAY_ATTR_INTERNAL));
}

/* New reference: the document as it is by the pattern. `adopt`: as it is, and what differs its
 * own. */
static json_t *merge(const struct raceway_kind *kind, const json_t *doc, const json_t *pattern,
		     bool adopt)
{
	json_t *merged = json_copy((json_t *)doc), *own = json_array();
	char key[RACEWAY_MODEL_KEY];

	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++) {
		json_t *want, *has;

		if (!is_shared(a))
			continue;
		want = json_object_get(pattern, raceway_attr_key(a, key, sizeof(key)));
		has = json_object_get(doc, key);
		if (raceway_overrides(doc, a->word) ||
		    (adopt && want != has && !json_equal(want, has)))
			json_array_append_new(own, json_string(a->word));
		else if (want)
			json_object_set(merged, key, want);
		else
			json_object_del(merged, key);
	}
	if (json_array_size(own))
		json_object_set(merged, OVERRIDES, own);
	else
		json_object_del(merged, OVERRIDES);
	json_decref(own);
	return merged;
}

/* One member of the template, to the profile's. */
static int sync_member(struct sync *s, const struct link *link, const char *member,
		       const json_t *pattern)
{
	char name[RACEWAY_MODEL_NAME], object[RACEWAY_MODEL_NAME];
	const json_t *doc = raceway_model_get(s->model, s->kind,
					      raceway_model_join(name, link->profile, member));
	json_auto_t *merged = NULL;
	int r;

	if (doc && !link->updating)
		return 0;
	if (!doc && !link->updating && !(link->fresh && !json_object_get(s->listed, link->profile)))
		return 0;
	merged = doc ? merge(s->kind, doc, pattern, link->adopt) : json_copy((json_t *)pattern);
	raceway_model_settle_identities(s->model, s->kind, NULL, merged, NULL);
	r = raceway_model_rules(s->kind, raceway_model_object(s->kind, name, object), name, merged,
				s->err);
	if (r < 0)
		return r;
	raceway_model_put(s->model, s->kind, name, json_incref(merged));
	raceway_model_name(s->named, s->kind, name);
	return 0;
}

/* Members that the template has no more go from the profile too. */
static void drop_members(struct sync *s, const struct link *link)
{
	const struct raceway_kind *pattern = raceway_kind_pattern(s->kind);
	char prefix[RACEWAY_MODEL_NAME], name[RACEWAY_MODEL_NAME];
	size_t length = strlen(raceway_model_object(pattern, link->template, prefix));
	json_auto_t *touched = json_copy(s->model->touched);
	const char *object;
	json_t *value;

	json_object_foreach (touched, object, value) {
		if (strncmp(object, prefix, length) != 0 || object[length] != '/' ||
		    raceway_model_get(s->model, pattern, strchr(object, ' ') + 1))
			continue;
		raceway_model_join(name, link->profile, object + length + 1);
		if (raceway_model_get(s->model, s->kind, name))
			raceway_model_drop(s->model, s->kind, name);
	}
}

/* What follows nothing has nothing of its own. */
static void free_members(struct sync *s, const char *profile)
{
	json_auto_t *names = raceway_model_members(s->model, s->kind, profile);
	json_t *item;
	size_t i;

	json_array_foreach (names, i, item) {
		const char *name = json_string_value(item);
		const json_t *doc = raceway_model_get(s->model, s->kind, name);
		json_t *other;

		if (!json_object_get(doc, OVERRIDES) ||
		    raceway_template_pattern(s->model, s->kind, name))
			continue;
		other = json_copy((json_t *)doc);
		json_object_del(other, OVERRIDES);
		raceway_model_put(s->model, s->kind, name, other);
	}
}

static int sync_profile(struct sync *s, const struct link *link)
{
	const struct raceway_kind *pattern = raceway_kind_pattern(s->kind);
	json_auto_t *members = NULL;
	json_t *item;
	size_t i;

	if (link->freed)
		free_members(s, link->profile);
	if (link->updating)
		drop_members(s, link);
	if (link->template)
		members = raceway_model_members(s->model, pattern, link->template);
	json_array_foreach (members, i, item) {
		const char *name = json_string_value(item);
		int r = sync_member(s, link, strchr(name, '/') + 1,
				    raceway_model_get(s->model, pattern, name));

		if (r < 0)
			return r;
	}
	return 0;
}

/* How the profile stands to its template, before and now. */
static void find_link(const struct raceway_model *model, const char *profile, struct link *ret_link)
{
	const struct raceway_kind *kind = raceway_kind_find("profile");
	const json_t *before = raceway_model_before(model, "profile", profile), *former = NULL;
	const char *from = NULL, *to;
	bool updating = is_updating(raceway_template_of(model, profile, &to)), new_profile;

	new_profile = !before && raceway_model_touched(model, "profile", profile);
	if (!new_profile)
		from = before ? raceway_model_text(kind, before, "from") : to;
	if (from)
		former = raceway_model_before(model, "template", from);
	if (from && !former)
		former = raceway_model_get(model, raceway_kind_find("template"), from);
	*ret_link = (struct link){
		.profile = profile,
		.template = to,
		.updating = updating,
		.fresh = to && (!from || strcmp(from, to) != 0),
	};
	ret_link->freed = is_updating(former) && (!updating || ret_link->fresh);
	ret_link->adopt = updating && !new_profile && (ret_link->fresh || !is_updating(former));
}

/* Whether the change of the object, a template or a member of one, concerns the profile. */
static bool is_concerned(const struct raceway_kind *kind, const char *name, const struct link *link)
{
	if (!kind || strcmp(kind->name, "profile") == 0)
		return link->template || link->freed;
	return link->template && strncmp(name, link->template, strcspn(name, "/")) == 0 &&
	       link->template[strcspn(name, "/")] == '\0';
}

/* Whether there are templates, or were before the change. */
static bool has_templates(const struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("template");
	const char *object;
	json_t *value;

	if (json_object_size(raceway_model_all(model, kind)))
		return true;
	json_object_foreach (model->touched, object, value)
		if (strncmp(object, kind->name, strlen(kind->name)) == 0)
			return true;
	return false;
}

int raceway_template_sync(struct raceway_model *model, const struct raceway_kind *kind,
			  const char *name, const json_t *listed, json_t *named,
			  struct raceway_error *err)
{
	bool one = kind && strcmp(kind->name, "profile") == 0;
	json_auto_t *profiles = NULL;
	json_t *item;
	size_t i;
	int r = 0;

	if (!has_templates(model))
		return 0;
	profiles = one ? json_pack("[s]", name)
		       : raceway_model_names(model, raceway_kind_find("profile"));
	for (const struct raceway_kind *k = raceway_kinds + raceway_kind_known;
	     k < raceway_kinds + raceway_kind_count; k++) {
		struct sync s = { .model = model,
				  .kind = raceway_kind_find(k->of),
				  .listed = listed,
				  .named = named,
				  .err = err };

		json_array_foreach (profiles, i, item) {
			const char *profile = json_string_value(item);
			struct link link;

			find_link(model, profile, &link);
			if (r == 0 && is_concerned(kind, name, &link))
				r = sync_profile(&s, &link);
		}
	}
	return r;
}
