/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cross checks of storage: identities, addresses and paths that there may be only one of, whether
 * volumes fit their SAN, who sees which volume. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/check.h"
#include "model/storage.h"
#include "util/units.h"

#define KEY_SIZE 640 /* of two names and a path */

struct entry {
	const char *name;
	const json_t *doc;
	bool touched;
};

/* All objects of a kind: first those that stayed as they were, so that who is changed is to
 * blame, each part by name. */
struct list {
	const struct raceway_kind *kind;
	struct entry *entries;
	size_t count;
};

static void free_list(struct list *list)
{
	free(list->entries);
}

#define LIST __attribute__((cleanup(free_list))) struct list

static int compare(const void *a, const void *b)
{
	const struct entry *one = a, *two = b;

	if (one->touched != two->touched)
		return one->touched ? 1 : -1;
	return strcmp(one->name, two->name);
}

static int gather(struct raceway_check *c, const char *kind, struct list *ret_list)
{
	const struct raceway_kind *k = raceway_kind_find(kind);
	const json_t *all = raceway_model_all(c->model, k);
	struct entry *entries = calloc(json_object_size(all) + 1, sizeof(*entries));
	const char *name;
	size_t count = 0;
	json_t *doc;

	if (!entries)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	json_object_foreach ((json_t *)all, name, doc)
		entries[count++] = (struct entry){
			.name = name,
			.doc = doc,
			.touched = raceway_model_touched(c->model, kind, name),
		};
	qsort(entries, count, sizeof(*entries), compare);
	*ret_list = (struct list){ .kind = k, .entries = entries, .count = count };
	return 0;
}

__attribute__((format(printf, 5, 6))) static int refuse(struct raceway_check *c,
							const struct list *list,
							const struct entry *e, const char *field,
							const char *format, ...)
{
	char object[RACEWAY_MODEL_NAME], message[300];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED,
				 raceway_model_object(list->kind, e->name, object), field, "%s",
				 message);
}

/* Writes what must be unique of an entry to `key`, or false: it has none. */
typedef bool (*key_of)(struct raceway_check *c, const struct list *list, const struct entry *e,
		       char key[KEY_SIZE]);

static int unique(struct raceway_check *c, const struct list *list, const char *word, key_of make)
{
	json_auto_t *seen = json_object();

	for (size_t i = 0; i < list->count; i++) {
		const struct entry *e = &list->entries[i];
		const char *text = raceway_model_text(list->kind, e->doc, word);
		char key[KEY_SIZE], name[RACEWAY_ISCSI_NAME_TEXT];
		const char *other;

		if (!make(c, list, e, key))
			continue;
		other = json_string_value(json_object_get(seen, key));
		if (other)
			return refuse(c, list, e, word, "%s %s is already that of %s %s", word,
				      text ? text : raceway_vhba_initiator(e->doc, name),
				      list->kind->name, other);
		json_object_set_new(seen, key, json_string(e->name));
	}
	return 0;
}

static bool path_key(struct raceway_check *c, const struct list *list, const struct entry *e,
		     char key[KEY_SIZE])
{
	const char *path = raceway_model_text(list->kind, e->doc, "path");

	snprintf(key, KEY_SIZE, "%s", path ? path : "");
	return path;
}

/* A LUN's number is unique on its array, a device's path on this machine. */
static bool dev_key(struct raceway_check *c, const struct list *list, const struct entry *e,
		    char key[KEY_SIZE])
{
	const char *dev = raceway_model_text(list->kind, e->doc, "dev");
	char san[RACEWAY_MODEL_NAME];

	snprintf(key, KEY_SIZE, "%s %s",
		 dev && dev[0] == '/' ? "" : raceway_volume_san(e->name, san, sizeof(san)),
		 dev ? dev : "");
	return dev;
}

static bool address_key(struct raceway_check *c, const struct list *list, const struct entry *e,
			char key[KEY_SIZE])
{
	const char *netns = raceway_model_text(list->kind, e->doc, "netns");

	snprintf(key, KEY_SIZE, "%s %s", netns ? netns : "",
		 raceway_model_text(list->kind, e->doc, "address"));
	return true;
}

static bool wwpn_key(struct raceway_check *c, const struct list *list, const struct entry *e,
		     char key[KEY_SIZE])
{
	snprintf(key, KEY_SIZE, "%s", raceway_model_text(list->kind, e->doc, "wwpn"));
	return true;
}

static bool initiator_key(struct raceway_check *c, const struct list *list, const struct entry *e,
			  char key[KEY_SIZE])
{
	raceway_vhba_initiator(e->doc, key);
	return true;
}

/* A node name is that of one profile. */
static int unique_nodes(struct raceway_check *c, const struct list *vhbas)
{
	json_auto_t *seen = json_object();

	for (size_t i = 0; i < vhbas->count; i++) {
		const struct entry *e = &vhbas->entries[i];
		const char *wwnn = raceway_model_text(vhbas->kind, e->doc, "wwnn");
		const char *other = json_string_value(json_object_get(seen, wwnn));
		size_t length = strcspn(e->name, "/") + 1;

		if (other && strncmp(other, e->name, length) != 0)
			return refuse(c, vhbas, e, "wwnn",
				      "wwnn %s is already that of vhba %s, of another profile",
				      wwnn, other);
		json_object_set_new(seen, wwnn, json_string(e->name));
	}
	return 0;
}

/* --- SANs --- */

/* A volume of the SAN that some vHBA sees, or NULL. */
static const char *mapped_volume(struct raceway_check *c, const char *san, const struct list *vhbas)
{
	size_t length = strlen(san), n;
	json_t *lun;

	for (size_t i = 0; i < vhbas->count; i++)
		json_array_foreach (json_object_get(vhbas->entries[i].doc, "luns"), n, lun) {
			const char *volume = raceway_model_reference(lun);

			if (strncmp(volume, san, length) == 0 && volume[length] == '/')
				return volume;
		}
	return NULL;
}

static int check_path(struct raceway_check *c, const struct list *sans, const struct entry *e,
		      const struct list *vhbas)
{
	const json_t *before = raceway_model_before(c->model, "san", e->name);
	const char *path = raceway_model_text(sans->kind, e->doc, "path"),
		   *old = raceway_model_text(sans->kind, before, "path"), *volume;
	int why = 0;

	if (!e->touched || !path || (old && strcmp(old, path) == 0))
		return 0;
	volume = old ? mapped_volume(c, e->name, vhbas) : NULL;
	if (volume)
		return refuse(c, sans, e, "path",
			      "path cannot be changed while volume %s is mapped", volume);
	if (c->world->dir_check)
		why = c->world->dir_check(c->world->context, path);
	if (why)
		return refuse(c, sans, e, "path", "path %s: %s", path,
			      why == -ENOENT ? "there is no such directory" : strerror(-why));
	return 0;
}

static int check_sans(struct raceway_check *c, const struct list *sans, const struct list *vhbas)
{
	int r = unique(c, sans, "path", path_key);

	for (size_t i = 0; r == 0 && i < sans->count; i++)
		r = check_path(c, sans, &sans->entries[i], vhbas);
	return r;
}

/* --- volumes --- */

static int check_dev(struct raceway_check *c, const struct list *volumes, const struct entry *e,
		     const char *type, const char *dev)
{
	uint64_t lun;

	if (strcmp(type, "null") == 0)
		return refuse(c, volumes, e, "dev",
			      "dev is not for a SAN of type null, which keeps nothing; give size");
	if (strcmp(type, "pool") == 0 && dev[0] != '/')
		return refuse(c, volumes, e, "dev",
			      "dev %.100s must be a block device's absolute path", dev);
	if (strcmp(type, "iscsi") == 0 &&
	    (dev[strspn(dev, "0123456789")] != '\0' || raceway_parse_u64(dev, &lun) < 0 ||
	     lun > RACEWAY_VHBA_LUN_MAX))
		return refuse(c, volumes, e, "dev",
			      "dev %.100s must be the number of a LUN of the array, 0 to %d", dev,
			      RACEWAY_VHBA_LUN_MAX);
	return 0;
}

static int check_volume(struct raceway_check *c, const struct list *volumes, const struct entry *e)
{
	const json_t *before = raceway_model_before(c->model, "volume", e->name);
	uint64_t size = raceway_model_u64(volumes->kind, e->doc, "size"),
		 old = raceway_model_u64(volumes->kind, before, "size");
	const char *dev = raceway_model_text(volumes->kind, e->doc, "dev"), *type;
	char san[RACEWAY_MODEL_NAME], text[2][RACEWAY_UNIT_TEXT];

	type = raceway_san_type(c->model, raceway_volume_san(e->name, san, sizeof(san)));
	if (!type)
		return refuse(c, volumes, e, "name", "san %s does not exist", san);
	if (dev)
		return check_dev(c, volumes, e, type, dev);
	if (strcmp(type, "iscsi") == 0)
		return refuse(c, volumes, e, size ? "size" : "dev",
			      "a volume of an array (san %s is of type iscsi) is named by dev, the "
			      "number of its LUN there",
			      san);
	if (!size)
		return refuse(c, volumes, e, "size", "size is missing%s",
			      strcmp(type, "pool") == 0 ? ", or dev of what exists" : "");
	if (size < old)
		return refuse(c, volumes, e, "size",
			      "size %s is smaller than %s, which it has; a volume can only grow",
			      raceway_format_size(size, text[0]),
			      raceway_format_size(old, text[1]));
	return 0;
}

static int check_volumes(struct raceway_check *c, const struct list *volumes)
{
	int r = unique(c, volumes, "dev", dev_key);

	for (size_t i = 0; r == 0 && i < volumes->count; i++)
		r = check_volume(c, volumes, &volumes->entries[i]);
	return r;
}

/* --- vHBAs --- */

/* `seen`: volume -> the map that came first, with its vHBA's name. */
static int check_map(struct raceway_check *c, const struct list *vhbas, const struct entry *e,
		     const json_t *lun, json_t *seen)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	const char *volume = raceway_model_reference(lun), *san;
	const json_t *other = json_object_get(seen, volume);
	char own[RACEWAY_MODEL_NAME];

	san = raceway_model_text(vhbas->kind, e->doc, "san");
	if (strcmp(raceway_volume_san(volume, own, sizeof(own)), san) != 0)
		return refuse(c, vhbas, e, "volume", "volume %s is not on san %s, the vHBA's",
			      volume, san);
	if (!json_object_get(lun, "ro") &&
	    raceway_model_bool(kind, raceway_model_get(c->model, kind, volume), "ro"))
		return refuse(c, vhbas, e, "ro", "volume %s is read-only: map it with ro", volume);
	if (other &&
	    !(json_object_get(lun, "shared") && json_is_true(json_object_get(other, "shared"))))
		return refuse(c, vhbas, e, "shared",
			      "volume %s is mapped to vhba %s too: both maps must say shared",
			      volume, json_string_value(json_object_get(other, "vhba")));
	json_object_set_new(seen, volume,
			    json_pack("{s:s, s:b}", "vhba", e->name, "shared",
				      json_object_get(lun, "shared") != NULL));
	return 0;
}

static int check_maps(struct raceway_check *c, const struct list *vhbas)
{
	json_auto_t *seen = json_object();
	json_t *lun;
	size_t n;
	int r;

	for (size_t i = 0; i < vhbas->count; i++)
		json_array_foreach (json_object_get(vhbas->entries[i].doc, "luns"), n, lun) {
			r = check_map(c, vhbas, &vhbas->entries[i], lun, seen);
			if (r < 0)
				return r;
		}
	return 0;
}

/* Another server at the port of this one, NULL: there is none. */
static const char *neighbour(const struct raceway_check *c,
			     const struct raceway_check_server *server)
{
	for (size_t i = 0; server && server->port && i < c->server_count; i++)
		if (&c->servers[i] != server && c->servers[i].port == server->port)
			return c->servers[i].name;
	return NULL;
}

/* A port tells where a frame came from, not which of several servers behind it sent it. */
static int check_locations(struct raceway_check *c, const struct list *vhbas)
{
	for (size_t i = 0; i < vhbas->count; i++) {
		const struct entry *e = &vhbas->entries[i];
		const struct raceway_check_server *server = raceway_check_server_of(c, e->name);
		const char *other = neighbour(c, server);

		if (other && strcmp(raceway_vhba_auth(e->doc), "location") == 0)
			return refuse(c, vhbas, e, "auth",
				      "auth location proves nothing here: server %s is at port %s "
				      "too, as %s is; use chap",
				      other, server->port->name, server->name);
	}
	return 0;
}

static int check_vhbas(struct raceway_check *c, const struct list *vhbas)
{
	int r = unique(c, vhbas, "wwpn", wwpn_key);

	if (r == 0)
		r = unique(c, vhbas, "initiator", initiator_key);
	if (r == 0)
		r = unique_nodes(c, vhbas);
	if (r == 0)
		r = check_locations(c, vhbas);
	return r < 0 ? r : check_maps(c, vhbas);
}

int raceway_check_storage(struct raceway_check *c)
{
	LIST sans = { 0 };
	LIST volumes = { 0 };
	LIST portals = { 0 };
	LIST vhbas = { 0 };
	int r;

	if (!raceway_storage_any(c->model))
		return 0;
	r = gather(c, "san", &sans);
	if (r == 0)
		r = gather(c, "volume", &volumes);
	if (r == 0)
		r = gather(c, "portal", &portals);
	if (r == 0)
		r = gather(c, "vhba", &vhbas);
	if (r == 0)
		r = check_sans(c, &sans, &vhbas);
	if (r == 0)
		r = check_volumes(c, &volumes);
	if (r == 0)
		r = unique(c, &portals, "address", address_key);
	return r < 0 ? r : check_vhbas(c, &vhbas);
}
