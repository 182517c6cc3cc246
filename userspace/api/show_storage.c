/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANs, volumes, portals and vHBAs as `show` gives them: what is configured, and what the storage
 * engine says of it, which is asked once per answer. */
#include <stdio.h>
#include <string.h>

#include "api/show.h"
#include "storage/document.h"

#define ENGINE_DOWN "engine down"

struct shown {
	struct raceway_core *core;
	json_t *status;			   /* NULL: the engine does not answer */
	json_t *volumes, *portals, *vhbas; /* of the status, by name */
	json_t *mapped;			   /* volume -> names of vHBAs */
};

static json_t *by_name(const json_t *list)
{
	json_t *index = json_object(), *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name)
			json_object_set(index, name, entry);
	}
	return index;
}

static json_t *map_index(const struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("vhba");
	json_auto_t *names = raceway_model_names(model, kind);
	json_t *index = json_object(), *name, *lun;
	size_t i, j;

	json_array_foreach (names, i, name) {
		const json_t *doc = raceway_model_get(model, kind, json_string_value(name));

		json_array_foreach (json_object_get(doc, "luns"), j, lun) {
			const char *volume = json_string_value(json_object_get(lun, "volume"));

			if (!json_object_get(index, volume))
				json_object_set_new(index, volume, json_array());
			json_array_append(json_object_get(index, volume), name);
		}
	}
	return index;
}

static void begin(struct shown *s, struct raceway_core *core, bool statistics)
{
	*s = (struct shown){ .core = core,
			     .status = raceway_storage_status(&core->storage, statistics) };
	s->volumes = by_name(json_object_get(s->status, "volumes"));
	s->portals = by_name(json_object_get(s->status, "portals"));
	s->vhbas = by_name(json_object_get(s->status, "vhbas"));
	s->mapped = map_index(core->model);
}

static void end(struct shown *s)
{
	json_decref(s->status);
	json_decref(s->volumes);
	json_decref(s->portals);
	json_decref(s->vhbas);
	json_decref(s->mapped);
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? json_string(text) : json_null());
}

/* A member of the status, or null. */
static void take(json_t *object, const char *key, const json_t *status)
{
	json_t *value = json_object_get(status, key);

	json_object_set_new(object, key, value ? json_incref(value) : json_null());
}

/* "up", or what is wrong: with the engine, else what it says of the object, else `own`. */
static void set_oper(const struct shown *s, json_t *object, const char *kind, const char *name,
		     const char *own)
{
	const char *problem = raceway_storage_problem(&s->core->storage, kind, name);

	set_text(object, "oper", !s->status ? ENGINE_DOWN : problem ? problem : own ? own : "up");
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void show_san(const struct shown *s, json_t *object, const char *name)
{
	json_object_set_new(object, "volumes", raceway_show_names(s->core, "volume", NULL, name));
	set_oper(s, object, "san", name, NULL);
}

static void show_volume(const struct shown *s, json_t *object, const char *name)
{
	const json_t *status = json_object_get(s->volumes, name);
	json_t *mapped = json_object_get(s->mapped, name);
	const char *oper = text_of(status, "oper");

	if (json_is_null(json_object_get(object, "size")))
		take(object, "size", status);
	take(object, "used", status);
	take(object, "copying", status);
	json_object_set_new(object, "mapped", mapped ? json_incref(mapped) : json_array());
	/* it looks again by itself: what it says now goes before what it said */
	set_oper(s, object, "volume", name, oper);
}

static void show_portal(const struct shown *s, json_t *object, const char *name)
{
	const struct raceway_listener *l =
		raceway_listeners_find(&s->core->storage.listeners, name);

	set_text(object, "target", s->core->storage.target);
	take(object, "sessions", json_object_get(s->portals, name));
	set_oper(s, object, "portal", name, l && l->why[0] ? l->why : NULL);
}

/* The portals by which the vHBA's transport is served. */
static json_t *portals_of(const struct shown *s, const char *transport)
{
	const struct raceway_kind *kind = raceway_kind_find("portal");
	json_auto_t *names = raceway_model_names(s->core->model, kind);
	json_t *portals = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const json_t *doc =
			raceway_model_get(s->core->model, kind, json_string_value(name));

		if (!strcmp(raceway_model_text(kind, doc, "transport"), transport))
			json_array_append_new(portals,
					      json_pack("{s:O, s:O}", "name", name, "address",
							json_object_get(doc, "address")));
	}
	return portals;
}

static json_t *counters_of(const json_t *status, json_int_t lun)
{
	json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(status, "luns"), i, entry)
		if (json_integer_value(json_object_get(entry, "lun")) == lun)
			return entry;
	return NULL;
}

/* [{lun, volume, size, ro, shared}], with statistics also read and write. */
static json_t *luns_of(const struct shown *s, const json_t *doc, const json_t *status)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	json_t *luns = json_array(), *lun;
	size_t i;

	json_array_foreach (json_object_get(doc, "luns"), i, lun) {
		const char *volume = text_of(lun, "volume");
		const json_t *counters =
			counters_of(status, json_integer_value(json_object_get(lun, "lun")));
		json_t *size =
			json_object_get(raceway_model_get(s->core->model, kind, volume), "size");
		json_t *object = json_copy(lun);

		if (!size)
			size = json_object_get(json_object_get(s->volumes, volume), "size");
		json_object_set_new(object, "size", size ? json_incref(size) : json_null());
		json_object_set_new(object, "ro", json_boolean(json_object_get(lun, "ro")));
		json_object_set_new(object, "shared", json_boolean(json_object_get(lun, "shared")));
		if (json_object_get(counters, "read")) {
			take(object, "read", counters);
			take(object, "write", counters);
		}
		json_array_append_new(luns, object);
	}
	return luns;
}

static void show_vhba(const struct shown *s, json_t *object, const char *name, const json_t *doc)
{
	const json_t *status = json_object_get(s->vhbas, name);
	json_t *sessions = json_object_get(status, "sessions");
	json_t *portals = portals_of(s, text_of(object, "transport"));
	const char *own = json_array_size(portals) ? NULL : "no portal";
	char initiator[RACEWAY_ISCSI_NAME_TEXT];

	set_text(object, "initiator", raceway_vhba_initiator(doc, initiator));
	set_text(object, "auth", raceway_vhba_auth(doc));
	set_text(object, "target", s->core->storage.target);
	set_text(object, "portal", text_of(json_array_get(portals, 0), "address"));
	json_object_set_new(object, "portals", portals);
	json_object_set_new(object, "luns", luns_of(s, doc, status));
	json_object_set_new(object, "sessions", sessions ? json_incref(sessions) : json_array());
	if (json_object_get(status, "read")) {
		take(object, "read", status);
		take(object, "write", status);
		take(object, "queue_depth", status);
	}
	if (!raceway_vhba_bound(s->core->model, name))
		set_text(object, "oper", "unbound");
	else
		set_oper(s, object, "vhba", name, own);
}

static json_t *show_one(const struct shown *s, const struct raceway_kind *kind, const char *name)
{
	const json_t *doc = raceway_model_get(s->core->model, kind, name);
	json_t *object = raceway_show_words(kind, name, doc);

	if (!strcmp(kind->name, "san"))
		show_san(s, object, name);
	else if (!strcmp(kind->name, "volume"))
		show_volume(s, object, name);
	else if (!strcmp(kind->name, "portal"))
		show_portal(s, object, name);
	else
		show_vhba(s, object, name, doc);
	return object;
}

json_t *raceway_show_storage(struct raceway_core *core, const struct raceway_kind *kind,
			     const char *name, bool statistics)
{
	json_auto_t *names = name ? json_pack("[s]", name) : raceway_model_names(core->model, kind);
	json_t *list = json_array(), *entry;
	struct shown s;
	size_t i;

	begin(&s, core, statistics);
	json_array_foreach (names, i, entry)
		json_array_append_new(list, show_one(&s, kind, json_string_value(entry)));
	end(&s);
	return list;
}
