/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects of storage beyond their words: identities that follow from others, maps, copies. */
#include "model/storage.h"

#include <stdio.h>
#include <string.h>

#include "model/internal.h"

static const char *const kinds[] = { "san", "volume", "portal", "vhba" };

bool raceway_storage_kind(const char *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i], kind) == 0)
			return true;
	return false;
}

bool raceway_storage_any(const struct raceway_model *model)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (json_object_size(raceway_model_all(model, raceway_kind_find(kinds[i]))))
			return true;
	return false;
}

const char *raceway_vhba_initiator(const json_t *vhba_doc, char buf[RACEWAY_ISCSI_NAME_TEXT])
{
	const struct raceway_kind *kind = raceway_kind_find("vhba");
	const char *given = raceway_model_text(kind, vhba_doc, "initiator"),
		   *wwpn = raceway_model_text(kind, vhba_doc, "wwpn");

	snprintf(buf, RACEWAY_ISCSI_NAME_TEXT, "%s%s", given ? "" : "naa.",
		 given	? given
		 : wwpn ? wwpn
			: "");
	return buf;
}

const char *raceway_vhba_auth(const json_t *vhba_doc)
{
	const struct raceway_kind *kind = raceway_kind_find("vhba");
	const char *given = raceway_model_text(kind, vhba_doc, "auth");

	if (given)
		return given;
	return raceway_model_text(kind, vhba_doc, "chap") ? "chap" : "location";
}

const char *raceway_san_type(const struct raceway_model *model, const char *san)
{
	const struct raceway_kind *kind = raceway_kind_find("san");

	return raceway_model_text(kind, raceway_model_get(model, kind, san), "type");
}

char *raceway_volume_san(const char *volume, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(volume, "/"), volume);
	return buf;
}

static int not_found(const struct raceway_kind *kind, const char *name, struct raceway_error *err)
{
	char object[RACEWAY_MODEL_NAME];

	return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND,
				 raceway_model_object(kind, name, object), "", "does not exist");
}

/* Writes the vHBA with another list of LUNs, which it takes over. */
static int write_luns(struct raceway_model *model, const char *vhba, json_t *luns,
		      struct raceway_error *err)
{
	json_auto_t *patch = json_pack("{s:o}", "luns", luns);

	return raceway_model_write(model, raceway_kind_find("vhba"), vhba, patch, RACEWAY_PATCH,
				   err);
}

int raceway_vhba_map(struct raceway_model *model, const char *vhba, const json_t *map,
		     struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("vhba");
	const json_t *doc = raceway_model_get(model, kind, vhba);
	json_t *luns;

	if (!doc)
		return not_found(kind, vhba, err);
	luns = json_copy(json_object_get(doc, "luns"));
	if (!luns)
		luns = json_array();
	json_array_append(luns, (json_t *)map);
	return write_luns(model, vhba, luns, err);
}

int raceway_vhba_unmap(struct raceway_model *model, const char *vhba, const json_t *lun,
		       struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("vhba");
	const json_t *doc = raceway_model_get(model, kind, vhba),
		     *old = json_object_get(doc, "luns");
	char object[RACEWAY_MODEL_NAME];
	json_t *item;
	size_t i;

	if (!doc)
		return not_found(kind, vhba, err);
	raceway_model_object(kind, vhba, object);
	if (!json_is_integer(lun))
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "lun",
					 "lun must be a number");
	json_array_foreach (old, i, item)
		if (json_equal(json_object_get(item, "lun"), lun)) {
			json_t *luns = json_copy((json_t *)old);

			json_array_remove(luns, i);
			return write_luns(model, vhba, luns, err);
		}
	return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, object, "lun",
				 "lun %lld is not mapped", (long long)json_integer_value(lun));
}

int raceway_volume_copy(struct raceway_model *model, const char *from, const char *name,
			bool frozen, char ret_name[RACEWAY_VOLUME_NAME], struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	const json_t *doc = raceway_model_get(model, kind, from);
	char san[RACEWAY_MODEL_NAME], full[RACEWAY_VOLUME_NAME], object[RACEWAY_MODEL_NAME];
	json_auto_t *copy = NULL;
	json_t *made;
	size_t length;
	int r;

	if (!doc)
		return not_found(kind, from, err);
	raceway_model_object(kind, from, object);
	raceway_volume_san(from, san, sizeof(san));
	length = strlen(san);
	if (strcmp(raceway_san_type(model, san), "pool") != 0 || json_object_get(doc, "dev"))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "only a volume with a size on a SAN of type pool can be "
					 "copied");
	if (strncmp(name, san, length) == 0 && name[length] == '/')
		name += length + 1;
	if (strchr(name, '/'))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, "name",
					 "a copy is made on the same SAN: %.80s is not on %s", name,
					 san);
	if (!raceway_name_valid(NULL, name))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, "name",
					 "\"%.70s\" is no name of a copy: 1 to 63 letters, digits, "
					 "\".\", \"_\" or \"-\", the first a letter or digit",
					 name);
	snprintf(full, sizeof(full), "%.63s/%.63s", san, name);
	copy = json_pack("{s:O}", "size", json_object_get(doc, "size"));
	if (frozen)
		json_object_set_new(copy, "ro", json_true());
	r = raceway_model_write(model, kind, full, copy, RACEWAY_ADD, err);
	if (r < 0)
		return r;
	made = json_copy((json_t *)raceway_model_get(model, kind, full));
	json_object_set_new(made, "origin", json_string(from));
	raceway_model_put(model, kind, full, made);
	memcpy(ret_name, full, sizeof(full));
	return 0;
}

void raceway_volume_set_copying(struct raceway_model *model, const char *name, bool copying)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	const json_t *doc = raceway_model_get(model, kind, name);
	json_t *other;

	if (!doc)
		return;
	other = json_copy((json_t *)doc);
	if (copying)
		json_object_set_new(other, "copying", json_true());
	else
		json_object_del(other, "copying");
	raceway_model_put(model, kind, name, other);
}

json_t *raceway_volumes_copying(const struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	json_auto_t *names = raceway_model_names(model, kind);
	json_t *copying = json_array(), *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (json_object_get(raceway_model_get(model, kind, json_string_value(name)),
				    "copying"))
			json_array_append(copying, name);
	return copying;
}

json_t *raceway_volumes_going(const struct raceway_model *before, const struct raceway_model *after)
{
	const struct raceway_kind *volume = raceway_kind_find("volume"),
				  *san = raceway_kind_find("san");
	const json_t *all = raceway_model_all(before, volume);
	json_t *going = json_object(), *doc;
	const char *name;

	json_object_foreach ((json_t *)all, name, doc) {
		char of[RACEWAY_MODEL_NAME];
		const char *path, *type;
		json_t *noted;

		if (raceway_model_get(after, volume, name))
			continue;
		raceway_volume_san(name, of, sizeof(of));
		type = raceway_san_type(before, of);
		if (type && strcmp(type, "iscsi") == 0)
			continue; /* the array keeps all of it */
		path = raceway_model_text(san, raceway_model_get(before, san, of), "path");
		if (!path || !json_object_get(doc, "size"))
			path = RACEWAY_GOING_NO_FILE;
		noted = json_copy(doc);
		json_object_set_new(noted, "going", json_string(path));
		json_object_set_new(going, name, noted);
	}
	return going;
}

struct raceway_model *raceway_volumes_note(const struct raceway_model *model, const json_t *going)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	struct raceway_model *noted = raceway_model_dup(model);
	const char *name;
	json_t *doc;

	json_object_foreach ((json_t *)going, name, doc)
		if (noted && !raceway_model_get(model, kind, name))
			raceway_model_put(noted, kind, name, json_incref(doc));
	return noted;
}

json_t *raceway_volumes_unnote(struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("volume");
	json_auto_t *names = raceway_model_names(model, kind);
	json_t *going = json_object(), *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		const json_t *doc = raceway_model_get(model, kind, text);

		if (!json_object_get(doc, "going"))
			continue;
		json_object_set(going, text, (json_t *)doc);
		raceway_model_drop(model, kind, text);
	}
	return going;
}
