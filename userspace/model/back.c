/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way back from a change, as JSON that a store can keep: what each object was before. */
#include <string.h>

#include "model/internal.h"
#include "util/cleanup.h"

static void add(json_t *back, const struct raceway_kind *kind, const char *name, const json_t *doc)
{
	json_array_append_new(back,
			      json_pack("{s:s, s:s, s:o}", "kind", kind->name, "name", name, "doc",
					doc ? json_incref((json_t *)doc) : json_null()));
}

json_t *raceway_model_back(const struct raceway_model *before, const struct raceway_model *after)
{
	json_t *back = json_array();

	for (size_t i = 0; back && i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		RACEWAY_FREE const char **names = NULL;
		size_t count;

		names = raceway_model_differing(before, after, kind, &count);
		if (!names) {
			json_decref(back);
			return NULL;
		}
		for (size_t n = 0; n < count; n++)
			add(back, kind, names[n], raceway_model_get(before, kind, names[n]));
	}
	return back;
}

static int bad(struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				 "the way back from a change is not as this version writes it");
}

static int go_back_one(struct raceway_model *model, const json_t *step, struct raceway_error *err)
{
	const char *kind_name = json_string_value(json_object_get(step, "kind"));
	const char *name = json_string_value(json_object_get(step, "name"));
	const struct raceway_kind *kind = kind_name ? raceway_kind_find(kind_name) : NULL;
	const json_t *doc = json_object_get(step, "doc");

	if (!kind || !name || !doc)
		return bad(err);
	if (!json_is_null(doc))
		return raceway_model_restore(model, kind, name, doc, err);
	if (raceway_model_get(model, kind, name))
		raceway_model_drop(model, kind, name);
	return 0;
}

int raceway_model_go_back(struct raceway_model *model, const json_t *back,
			  struct raceway_error *err)
{
	const json_t *step;
	size_t i;

	if (!json_is_array(back))
		return bad(err);
	json_array_foreach (back, i, step) {
		int r = go_back_one(model, step, err);

		if (r < 0)
			return r;
	}
	return 0;
}
