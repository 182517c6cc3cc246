/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of volumes, which only the engine touches: made before a change is stored, deleted
 * when it is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/internal.h"

/* What all operations on a volume's file say: {"volume", "type", "path"}. */
static json_t *place_of(const struct raceway_model *model, const char *volume)
{
	const struct raceway_kind *kind = raceway_kind_find("san");
	char san[RACEWAY_VOLUME_NAME];
	const json_t *doc =
		raceway_model_get(model, kind, raceway_volume_san(volume, san, sizeof(san)));
	const char *path = raceway_model_text(kind, doc, "path");
	json_t *place = json_pack("{s:s, s:s}", "volume", volume, "type",
				  raceway_model_text(kind, doc, "type"));

	if (path)
		json_object_set_new(place, "path", json_string(path));
	return place;
}

/* Whether the volume is a file of ours. */
static bool has_file(const json_t *place, const json_t *doc)
{
	return !strcmp(raceway_storage_text(place, "type"), "pool") && json_object_get(doc, "size");
}

static int call(struct raceway_storage *s, const char *op, const char *volume, json_t *request,
		json_t **ret_answer, struct raceway_error *err)
{
	struct raceway_error why = { .fault = RACEWAY_FAULT_NONE };
	char object[RACEWAY_VOLUME_NAME + 16];
	int r;

	snprintf(object, sizeof(object), "volume %s", volume);
	r = raceway_wire_call(&s->wire, op, object, request, NULL, 0, ret_answer, &why);
	if (r < 0)
		raceway_error_set(err, why.fault, why.object, why.field, "%s", why.message);
	return r;
}

/* *ret_copying: it is a copy that is not finished yet. */
static int make_file(struct raceway_storage *s, const char *volume, const json_t *doc,
		     json_t *place, bool *ret_copying, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	json_t *request;
	int r;

	*ret_copying = false;
	if (!*raceway_storage_text(doc, "origin")) {
		request = json_copy(place);
		json_object_set(request, "size", json_object_get(doc, "size"));
		return call(s, "create", volume, request, NULL, err);
	}
	request = json_pack("{s:s, s:s, s:s}", "from", raceway_storage_text(doc, "origin"), "to",
			    volume, "path", raceway_storage_text(place, "path"));
	r = call(s, "clone", volume, request, &answer, err);
	*ret_copying = json_is_true(json_object_get(answer, "copied"));
	return r;
}

/* One volume that is new or was changed. */
static int prepare_one(struct raceway_storage *s, const char *volume, const json_t *before,
		       struct raceway_model *after, json_t *made, struct raceway_error *err)
{
	const json_t *doc = raceway_model_get(after, raceway_kind_find("volume"), volume);
	json_auto_t *place = place_of(after, volume);
	bool copying;
	json_t *request;
	int r;

	if (before) {
		if (json_equal(json_object_get(before, "size"), json_object_get(doc, "size")))
			return 0;
		request = json_copy(place);
		json_object_set(request, "size", json_object_get(doc, "size"));
		return call(s, "resize", volume, request, NULL, err);
	}
	if (!has_file(place, doc))
		return 0;
	r = make_file(s, volume, doc, place, &copying, err);
	if (r < 0)
		return r;
	json_array_append(made, place);
	if (copying)
		raceway_volume_set_copying(after, volume, true);
	return 0;
}

int raceway_storage_prepare(struct raceway_storage *s, const struct raceway_model *before,
			    struct raceway_model *after, struct raceway_storage_change *ret_change,
			    struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	struct raceway_storage_change change = { .made = json_array() };
	json_auto_t *names = raceway_model_names(after, kind);
	json_t *name;
	size_t i;
	int r = raceway_storage_ensure(s, after, err);

	json_array_foreach (names, i, name) {
		const char *volume = json_string_value(name);
		const json_t *old = raceway_model_get(before, kind, volume);

		if (r == 0 && old != raceway_model_get(after, kind, volume))
			r = prepare_one(s, volume, old, after, change.made, err);
	}
	if (r < 0) {
		raceway_storage_take_back(s, &change);
		raceway_storage_change_clear(&change);
		return r;
	}
	*ret_change = change;
	return 0;
}

int raceway_storage_delete(struct raceway_storage *s, const char *volume, const char *path,
			   const char *id, struct raceway_error *err)
{
	return call(s, "delete", volume,
		    json_pack("{s:s, s:s, s:s*, s:s*}", "volume", volume, "type",
			      path ? "pool" : "", "path", path, "volume_id", id),
		    NULL, err);
}

void raceway_storage_take_back(struct raceway_storage *s, struct raceway_storage_change *change)
{
	json_t *place;
	size_t i;

	json_array_foreach (change->made, i, place) {
		const char *volume = raceway_storage_text(place, "volume"),
			   *path = raceway_storage_text(place, "path");
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

		if (raceway_storage_delete(s, volume, path, NULL, &err))
			fprintf(stderr, "racewayd: volume %s: its file is still in %s: %s\n",
				volume, path, err.message);
	}
}

void raceway_storage_change_clear(struct raceway_storage_change *change)
{
	json_decref(change->made);
	change->made = NULL;
}
