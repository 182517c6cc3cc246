/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between two models: on a server a segment is the VLAN of its number on the fabric link, and all
 * switching is left to the director. */
#include "node/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_TEXT 160
#define LOCAL "local"

/* Words of a vNIC that travel as they are, by their key. */
static const char *const travelling[] = { "mac",   "mtu",   "ifname",	  "netns", "state",
					  "class", "trunk", "spoofcheck", "weight" };

#define TRAVELLING (sizeof(travelling) / sizeof(travelling[0]))

static const char *server_of(const struct raceway_model *model, const char *profile)
{
	const struct raceway_kind *kind = raceway_kind_find("profile");
	const json_t *doc = raceway_model_get(model, kind, profile);

	return doc ? raceway_model_text(kind, doc, "server") : NULL;
}

static json_t *vnic_document(const struct raceway_model *model, const char *name, const json_t *doc)
{
	const struct raceway_kind *segment = raceway_kind_find("segment");
	const char *of = json_string_value(json_object_get(doc, "segment"));
	json_t *vnic = json_pack("{s:s, s:I, s:s}", "name", name, "segment",
				 (json_int_t)raceway_model_u64(
					 segment, raceway_model_get(model, segment, of), "number"),
				 "segment_name", of);

	for (size_t i = 0; i < TRAVELLING; i++) {
		json_t *value = json_object_get(doc, travelling[i]);

		if (value)
			json_object_set(vnic, travelling[i], value);
	}
	return vnic;
}

static int by_name(const void *a, const void *b)
{
	const json_t *one = *(json_t *const *)a, *other = *(json_t *const *)b;

	return strcmp(json_string_value(json_object_get(one, "name")),
		      json_string_value(json_object_get(other, "name")));
}

/* A new array of the same elements, sorted by name. */
static json_t *sorted(const json_t *array)
{
	size_t count = json_array_size(array);
	json_t **all = calloc(count + 1, sizeof(json_t *)), *result = json_array();

	if (!all || !result) {
		free(all);
		json_decref(result);
		return NULL;
	}
	for (size_t i = 0; i < count; i++)
		all[i] = json_array_get(array, i);
	qsort(all, count, sizeof(json_t *), by_name);
	for (size_t i = 0; i < count; i++)
		json_array_append(result, all[i]);
	free(all);
	return result;
}

/* The profiles of the wanted servers by name, each with an empty list of vNICs. */
static json_t *wanted_profiles(const struct raceway_model *model, const json_t *servers)
{
	const struct raceway_kind *kind = raceway_kind_find("profile");
	json_t *profiles = json_object();
	const char *name, *server;
	json_t *doc;

	json_object_foreach ((json_t *)raceway_model_all(model, kind), name, doc) {
		server = raceway_model_text(kind, doc, "server");
		if (server && json_object_get(servers, server))
			json_object_set_new(profiles, name,
					    json_pack("{s:s, s:[]}", "name", name, "vnics"));
	}
	return profiles;
}

json_t *raceway_node_documents(const struct raceway_model *model, const json_t *servers)
{
	json_auto_t *profiles = wanted_profiles(model, servers);
	json_t *documents = json_object(), *doc, *profile;
	char of[NAME_TEXT];
	const char *name;

	json_object_foreach ((json_t *)servers, name, doc)
		json_object_set_new(documents, name, json_array());
	json_object_foreach ((json_t *)raceway_model_all(model, raceway_kind_find("vnic")), name,
			     doc) {
		snprintf(of, sizeof(of), "%.*s", (int)strcspn(name, "/"), name);
		profile = json_object_get(profiles, of);
		if (profile)
			json_array_append_new(json_object_get(profile, "vnics"),
					      vnic_document(model, name + strlen(of) + 1, doc));
	}
	json_object_foreach (profiles, name, profile) {
		json_object_set_new(profile, "vnics", sorted(json_object_get(profile, "vnics")));
		json_array_append(json_object_get(documents, server_of(model, name)), profile);
	}
	json_object_foreach ((json_t *)servers, name, doc)
		json_object_set_new(documents, name, sorted(json_object_get(documents, name)));
	return documents;
}

static void touch(json_t *servers, const char *server)
{
	if (server)
		json_object_set_new(servers, server, json_true());
}

/* Where a profile was and where it is now. */
static void touch_profile(json_t *servers, const json_t *change)
{
	static const char *const sides[] = { "from", "to" };

	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		const json_t *value = json_object_get(change, sides[i]);

		if (json_is_object(value))
			value = json_object_get(value, "server");
		touch(servers, json_string_value(value));
	}
}

void raceway_node_touched(const struct raceway_model *after, const json_t *changes, json_t *servers)
{
	const json_t *all = raceway_model_all(after, raceway_kind_find("server"));
	char profile[NAME_TEXT];
	json_t *change, *doc;
	const char *name;
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *kind = json_string_value(json_object_get(change, "kind"));

		name = json_string_value(json_object_get(change, "name"));
		if (!kind || !name)
			continue;
		if (!strcmp(kind, "segment")) {
			json_object_foreach ((json_t *)all, name, doc)
				touch(servers, name);
			return;
		}
		if (!strcmp(kind, "profile"))
			touch_profile(servers, change);
		if (!strcmp(kind, "vnic")) {
			snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(name, "/"), name);
			touch(servers, server_of(after, profile));
		}
	}
}

/* --- the server's side --- */

#define REFUSE(object, ...) raceway_error_set(err, RACEWAY_FAULT_INVALID, object, "", __VA_ARGS__)

/* The one uplink that leads to the director. */
static int find_uplink(const json_t *document, const char **ret_port, struct raceway_error *err)
{
	const char *found = NULL;
	json_t *port;
	size_t i;

	json_array_foreach (json_object_get(document, "ports"), i, port) {
		const char *role = json_string_value(json_object_get(port, "role"));

		if (!role || strcmp(role, "uplink"))
			continue;
		if (found)
			return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "", "",
						 "this server has several uplinks, and which one "
						 "leads to the director is not known: leave one");
		found = json_string_value(json_object_get(port, "name"));
	}
	if (!found)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "", "",
					 "this server has no uplink yet: on it, raceway port add "
					 "fab0 dev IFNAME role uplink");
	*ret_port = found;
	return 0;
}

/* The segment of a vNIC into `segments` (name -> document). */
static int add_segment(json_t *segments, const json_t *vnic, const char *port, const char *object,
		       struct raceway_error *err)
{
	json_t *number = json_object_get(vnic, "segment");
	json_t *name = json_object_get(vnic, "segment_name");
	const json_t *had;

	if (!json_is_integer(number) || !json_is_string(name))
		return REFUSE(object, "what came has no segment");
	had = json_object_get(segments, json_string_value(name));
	if (had && json_equal(json_object_get(had, "number"), number))
		return 0;
	if (had)
		return REFUSE(object, "what came has segment %.63s twice", json_string_value(name));
	json_object_set_new(segments, json_string_value(name),
			    json_pack("{s:O, s:O, s:s, s:O, s:s}", "name", name, "number", number,
				      "uplink", port, "vlan", number, "switching", "vepa"));
	return 0;
}

/* A vNIC as it is, with its segment, which must not be another by now. */
static void stay(const struct raceway_model *model, const char *name, json_t *list,
		 json_t *segments, const char *port)
{
	const struct raceway_kind *segment = raceway_kind_find("segment");
	const json_t *doc = raceway_model_get(model, raceway_kind_find("vnic"), name);
	json_t *of = json_object_get(doc, "segment"), *copy;
	json_auto_t *vnic = NULL;

	if (!doc)
		return;
	vnic = json_pack("{s:O, s:I}", "segment_name", of, "segment",
			 (json_int_t)raceway_model_u64(
				 segment, raceway_model_get(model, segment, json_string_value(of)),
				 "number"));
	if (add_segment(segments, vnic, port, "", NULL))
		return;
	copy = json_copy((json_t *)doc);
	json_object_del(copy, "number");
	json_object_set_new(copy, "name", json_string(strchr(name, '/') + 1));
	json_array_append_new(list, copy);
}

static int take_vnic(const struct raceway_model *model, json_t *list, json_t *segments,
		     const char *profile, const json_t *vnic, const char *port,
		     const json_t *without, struct raceway_error *err)
{
	json_t *name = json_object_get(vnic, "name"), *copy, *how;
	char object[NAME_TEXT];
	int r;

	if (!json_is_string(name))
		return REFUSE("", "what came has a vNIC without a name");
	snprintf(object, sizeof(object), "vnic %.63s/%.63s", profile, json_string_value(name));
	how = json_object_get(without, object + strlen("vnic "));
	if (json_is_true(how))
		stay(model, object + strlen("vnic "), list, segments, port);
	if (how)
		return 0;
	r = add_segment(segments, vnic, port, object, err);
	if (r)
		return r;
	copy = json_copy((json_t *)vnic);
	json_object_del(copy, "segment_name");
	json_object_set(copy, "segment", json_object_get(vnic, "segment_name"));
	json_array_append_new(list, copy);
	return 0;
}

static int take_profile(const struct raceway_model *model, json_t *profiles, json_t *segments,
			const json_t *profile, const char *port, const json_t *without,
			struct raceway_error *err)
{
	json_t *name = json_object_get(profile, "name");
	json_t *vnics = json_object_get(profile, "vnics"), *vnic, *list;
	size_t i;
	int r = 0;

	if (!json_is_string(name) || !json_is_array(vnics))
		return REFUSE("", "what came has a profile without a name or vNICs");
	list = json_array();
	json_array_append_new(profiles, json_pack("{s:O, s:s, s:o}", "name", name, "server", LOCAL,
						  "vnics", list));
	json_array_foreach (vnics, i, vnic) {
		r = take_vnic(model, list, segments, json_string_value(name), vnic, port, without,
			      err);
		if (r)
			break;
	}
	return r;
}

int raceway_node_adopt(struct raceway_model *model, const json_t *profiles, const json_t *without,
		       struct raceway_error *err)
{
	json_auto_t *document = raceway_model_export(model);
	json_auto_t *segments = json_object();
	json_t *taken = json_array(), *list = json_array(), *item;
	const char *port = NULL, *name;
	size_t i;
	int r;

	json_object_set_new(document, "profiles", taken);
	json_object_set_new(document, "segments", list);
	r = json_array_size(profiles) ? find_uplink(document, &port, err) : 0;
	json_array_foreach (profiles, i, item) {
		if (!r)
			r = take_profile(model, taken, segments, item, port, without, err);
	}
	json_object_foreach (segments, name, item)
		json_array_append(list, item);
	return r ? r : raceway_model_apply(model, document, true, err);
}
