/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What of a change goes on after the store has it. A copy that fails, or whose engine died, is a
 * change that failed: the volume is taken back. The file of a deleted volume is deleted when
 * nothing can refuse the change any more; until it is, the store remembers that. */
#include <stdio.h>
#include <string.h>

#include "api/core.h"
#include "util/cleanup.h"

static int forget(struct raceway_model *model, void *context, struct raceway_error *err)
{
	return raceway_model_delete(model, raceway_kind_find("volume"), context, err);
}

static void take_back(struct raceway_core *core, const char *volume, const char *why)
{
	const struct raceway_change change = { .caller = &raceway_caller_daemon,
					       .edit = forget,
					       .context = (void *)volume };
	struct raceway_error err = { 0 };
	char line[512];

	fprintf(stderr, "racewayd: volume %s: the copy failed: %s\n", volume, why);
	/* mapped meanwhile: it stays, and says that it has no file */
	if (raceway_core_change(core, &change, NULL, &err))
		fprintf(stderr, "racewayd: %s\n", raceway_error_format(&err, line, sizeof(line)));
}

/* It is all there: of that nobody but the store need know. */
static void finish(struct raceway_core *core, const char *volume)
{
	struct raceway_model *model = raceway_model_clone(core->model);
	struct raceway_error err = { 0 };

	if (!model)
		return;
	raceway_volume_set_copying(model, volume, false);
	if (raceway_store_commit(core->store, core->model, model, NULL, &err)) {
		fprintf(stderr, "racewayd: volume %s: %s\n", volume, err.message);
		raceway_model_free(model);
		return;
	}
	raceway_model_free(core->model);
	core->model = model;
}

/* A copy that the engine makes for a change that was never stored: the daemon died in between. */
static void end_copy(struct raceway_core *core, const char *volume)
{
	const struct raceway_kind *kind = raceway_kind_find("san");
	struct raceway_error err = { 0 };
	char san[RACEWAY_VOLUME_NAME];
	const char *path;

	raceway_volume_san(volume, san, sizeof(san));
	path = raceway_model_text(kind, raceway_model_get(core->model, kind, san), "path");
	if (path && raceway_storage_delete(&core->storage, volume, path, NULL, &err))
		fprintf(stderr, "racewayd: volume %s: a copy that nobody wants: %s\n", volume,
			err.message);
}

void raceway_core_copy_event(struct raceway_core *core, const json_t *event)
{
	const char *volume = json_string_value(json_object_get(event, "volume")),
		   *why = json_string_value(json_object_get(event, "error"));

	if (!volume)
		return;
	if (!raceway_model_get(core->model, raceway_kind_find("volume"), volume)) {
		if (!why)
			end_copy(core, volume);
		return;
	}
	if (why)
		take_back(core, volume, why);
	else if (json_equal(json_object_get(event, "done"), json_object_get(event, "of")))
		finish(core, volume);
}

/* What the engine says of it: it may have been finished while nobody listened. Only what is whole
 * has the file's name, so that it is the file that decides; why it cannot be served, if it cannot,
 * is another matter. False: it cannot be told now. */
static bool look(struct raceway_core *core, const char *volume, const json_t *status)
{
	json_t *entry, *file;
	size_t i;

	json_array_foreach (json_object_get(status, "volumes"), i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (!name || strcmp(name, volume))
			continue;
		file = json_object_get(entry, "file");
		if (json_object_get(entry, "copying"))
			return true;
		if (json_is_true(file))
			finish(core, volume);
		else if (json_is_false(file))
			take_back(core, volume, "the storage engine ended");
		return json_is_boolean(file);
	}
	return false;
}

static bool look_at_copies(struct raceway_core *core)
{
	json_auto_t *copying = raceway_volumes_copying(core->model);
	json_auto_t *status = NULL;
	bool all = true;
	json_t *name;
	size_t i;

	if (!json_array_size(copying))
		return true;
	status = raceway_storage_status(&core->storage, false);
	json_array_foreach (copying, i, name)
		all &= look(core, json_string_value(name), status);
	return all;
}

/* The store forgets them. */
static void forget_gone(struct raceway_core *core, const json_t *gone)
{
	struct raceway_model *noted = raceway_volumes_note(core->model, gone);
	struct raceway_error err = { 0 };

	if (!noted || raceway_store_commit(core->store, noted, core->model, NULL, &err))
		fprintf(stderr, "racewayd: store: deleted volumes: %s\n", err.message);
	raceway_model_free(noted);
}

void raceway_core_sweep(struct raceway_core *core)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	json_auto_t *gone = json_object();
	const char *name, *next;
	json_t *doc;
	void *at;

	json_object_foreach_safe(core->going, at, name, doc)
	{
		const char *path = json_string_value(json_object_get(doc, "going")),
			   *id = json_string_value(json_object_get(doc, "id"));
		struct raceway_error err = { 0 };

		/* the name is that of another one by now, and so is the file */
		if (!strcmp(path, RACEWAY_GOING_NO_FILE) ||
		    raceway_model_get(core->model, kind, name))
			path = NULL;
		if (raceway_storage_delete(&core->storage, name, path, id, &err)) {
			fprintf(stderr, "racewayd: volume %s: something is left of it%s%s: %s\n",
				name, path ? " in " : "", path ? path : "", err.message);
			continue;
		}
		json_object_set(gone, name, doc);
	}
	if (!json_object_size(gone))
		return;
	forget_gone(core, gone);
	json_object_foreach (gone, next, doc)
		json_object_del(core->going, next);
}

void raceway_core_settle(struct raceway_core *core)
{
	if (!raceway_storage_up(&core->storage) || core->settled_ms == core->storage.up_ms)
		return;
	if (look_at_copies(core))
		core->settled_ms = core->storage.up_ms;
	raceway_core_sweep(core);
}
