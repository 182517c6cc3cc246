/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model's storage as one document for the engine. */
#include "storage/document.h"

#include <stdio.h>
#include <string.h>

#define LOCAL "local" /* the server that is this machine */
#define MACS_MAX 64   /* that the engine takes for one vHBA */

static const struct raceway_kind *kind(const char *name)
{
	return raceway_kind_find(name);
}

/* The given words as JSON members, where they have a value. */
static void copy(json_t *to, const struct raceway_kind *k, const json_t *doc,
		 const char *const *words)
{
	for (; *words; words++) {
		const struct raceway_attr *attr = raceway_attr_find(k, *words);
		json_t *value;
		char key[64];

		raceway_attr_key(attr, key, sizeof(key));
		value = json_object_get(doc, key);
		if (value)
			json_object_set(to, key, value);
	}
}

static json_t *begin(const char *name)
{
	return json_pack("{s:s}", "name", name);
}

struct making {
	const struct raceway_model *model;
	json_t *macs; /* of vNICs, by profile or server; NULL until they are asked for */
};

typedef json_t *(*one)(struct making *m, const char *name, const json_t *doc);

static json_t *list(struct making *m, const char *kind_name, one make)
{
	const struct raceway_kind *k = kind(kind_name);
	json_auto_t *names = raceway_model_names(m->model, k);
	json_t *result = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		json_t *object = make(m, text, raceway_model_get(m->model, k, text));

		if (object)
			json_array_append_new(result, object);
	}
	return result;
}

static json_t *make_san(struct making *m, const char *name, const json_t *doc)
{
	static const char *const words[] = { "type", "path", "portal", "target", NULL };
	json_t *san = begin(name);

	copy(san, kind("san"), doc, words);
	return san;
}

static json_t *make_volume(struct making *m, const char *name, const json_t *doc)
{
	static const char *const words[] = { "size", "dev", "id", NULL };
	json_t *volume = begin(name);

	copy(volume, kind("volume"), doc, words);
	return volume;
}

static json_t *make_portal(struct making *m, const char *name, const json_t *doc)
{
	static const char *const words[] = { "address", NULL };
	const struct raceway_kind *k = kind("portal");
	json_t *portal = begin(name);

	copy(portal, k, doc, words);
	json_object_set_new(portal, "transport",
			    json_string(raceway_model_text(k, doc, "transport")));
	json_object_set_new(portal, "group",
			    json_integer((json_int_t)raceway_model_u64(k, doc, "number")));
	return portal;
}

/* The server that the profile of "PROFILE/NAME" is bound to, or NULL. */
static const char *server_of(const struct raceway_model *model, const char *vhba)
{
	char profile[RACEWAY_VOLUME_NAME];

	snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(vhba, "/"), vhba);
	return raceway_model_text(kind("profile"),
				  raceway_model_get(model, kind("profile"), profile), "server");
}

bool raceway_vhba_bound(const struct raceway_model *model, const char *vhba)
{
	return server_of(model, vhba);
}

static void add_mac(json_t *macs, const char *key, json_t *mac)
{
	json_t *list = json_object_get(macs, key);

	if (!list) {
		list = json_array();
		json_object_set_new(macs, key, list);
	}
	json_array_append(list, mac);
}

/* All vNICs once, by profile ("web1/") and by server. */
static json_t *gather_macs(const struct raceway_model *model)
{
	json_auto_t *names = raceway_model_names(model, kind("vnic"));
	json_t *macs = json_object(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name), *server = server_of(model, text);
		json_t *mac = json_object_get(raceway_model_get(model, kind("vnic"), text), "mac");
		char profile[RACEWAY_VOLUME_NAME];

		snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(text, "/") + 1, text);
		add_mac(macs, profile, mac);
		if (server)
			add_mac(macs, server, mac);
	}
	return macs;
}

static void take_macs(json_t *to, const json_t *from)
{
	json_t *mac, *other;
	size_t i, j;

	json_array_foreach (from, i, mac) {
		bool there = false;

		if (json_array_size(to) == MACS_MAX)
			return;
		json_array_foreach (to, j, other)
			there |= json_equal(mac, other);
		if (!there)
			json_array_append(to, mac);
	}
}

/* By these the engine knows where a connection comes from: the vHBA's own profile, and on another
 * machine whatever else it has. On this machine a profile is a guest, and others are others. */
static json_t *macs_of(struct making *m, const char *vhba, const char *server)
{
	json_t *macs = json_array();
	char profile[RACEWAY_VOLUME_NAME];

	if (!m->macs)
		m->macs = gather_macs(m->model);
	snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(vhba, "/") + 1, vhba);
	take_macs(macs, json_object_get(m->macs, profile));
	if (strcmp(server, LOCAL))
		take_macs(macs, json_object_get(m->macs, server));
	return macs;
}

static json_t *luns_of(const json_t *doc)
{
	json_t *luns = json_array(), *lun;
	size_t i;

	json_array_foreach (json_object_get(doc, "luns"), i, lun)
		json_array_append_new(luns, json_pack("{s:O, s:O, s:b}", "lun",
						      json_object_get(lun, "lun"), "volume",
						      json_object_get(lun, "volume"), "ro",
						      json_is_true(json_object_get(lun, "ro"))));
	return luns;
}

static json_t *make_vhba(struct making *m, const char *name, const json_t *doc)
{
	static const char *const words[] = {
		"wwpn",	       "wwnn",	      "san",	  "chap",
		"secret-file", "mutual-chap", "cir",	  "mutual-secret-file",
		"pir",	       "iops-cir",    "iops-pir", NULL
	};
	const char *server = server_of(m->model, name), *auth = raceway_vhba_auth(doc);
	char initiator[RACEWAY_ISCSI_NAME_TEXT];
	json_t *vhba;

	if (!server)
		return NULL;
	vhba = begin(name);
	copy(vhba, kind("vhba"), doc, words);
	json_object_set_new(vhba, "initiator", json_string(raceway_vhba_initiator(doc, initiator)));
	json_object_set_new(vhba, "auth", json_string(auth));
	json_object_set_new(
		vhba, "weight",
		json_integer((json_int_t)raceway_model_u64(kind("vhba"), doc, "weight")));
	json_object_set_new(vhba, "local", json_boolean(!strcmp(server, LOCAL)));
	if (!strcmp(auth, "location"))
		json_object_set_new(vhba, "macs", macs_of(m, name, server));
	json_object_set_new(vhba, "luns", luns_of(doc));
	return vhba;
}

json_t *raceway_storage_document(const struct raceway_model *model, const char *target)
{
	struct making m = { .model = model };
	json_t *document;

	document = json_pack("{s:s, s:o, s:o, s:o, s:o}", "target", target, "sans",
			     list(&m, "san", make_san), "volumes", list(&m, "volume", make_volume),
			     "portals", list(&m, "portal", make_portal), "vhbas",
			     list(&m, "vhba", make_vhba));
	json_decref(m.macs);
	return document;
}
