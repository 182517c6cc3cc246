/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Backup and restore: all of the state as one document, with what `export` leaves out (numbers,
 * what was assigned, versions, the salt), so that what is made of it is the same again. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/rights.h"
#include "model/storage.h"
#include "util/cleanup.h"

#define HTTP_OK 200
#define FORM 1 /* of the document */
#define FNV64_BASIS 14695981039346656037ULL
#define FNV64_PRIME 1099511628211ULL
#define HEX64 20
#define SEQUENCE_MAX (1LL << 62) /* as many changes can still be numbered */

/* What a backup holds, read and checked. */
struct restore {
	const struct raceway_core *core;
	struct raceway_model *state;
	json_t *marks;
	uint64_t sequence;
};

static int hash_text(const char *buffer, size_t size, void *data)
{
	uint64_t *hash = data;

	for (size_t i = 0; i < size; i++)
		*hash = (*hash ^ (uint8_t)buffer[i]) * FNV64_PRIME;
	return 0;
}

/* Tells a document that lost a line from a whole one; it is no defence against forgery. */
static char *check_sum(const json_t *document, char buf[HEX64])
{
	json_auto_t *rest = json_copy((json_t *)document);
	uint64_t hash = FNV64_BASIS;

	json_object_del(rest, "check");
	json_dump_callback(rest, hash_text, &hash, JSON_COMPACT | JSON_SORT_KEYS);
	snprintf(buf, HEX64, "%016" PRIx64, hash);
	return buf;
}

static void add_objects(struct raceway_core *core, const struct raceway_kind *kind, json_t *objects)
{
	json_auto_t *names = raceway_model_names(core->model, kind);
	json_t *name;
	size_t i;

	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		const json_t *mark = raceway_store_mark(core->store, kind->name, text);
		json_t *entry = json_pack("{s:s, s:O, s:O}", "kind", kind->name, "name", name,
					  "doc", raceway_model_get(core->model, kind, text));

		json_object_update(entry, (json_t *)mark);
		json_array_append_new(objects, entry);
	}
}

void raceway_api_backup(struct raceway_core *core, struct raceway_response *response)
{
	json_t *objects = json_array(), *document;
	char salt[HEX64], check[HEX64];

	for (size_t i = 0; i < raceway_kind_count; i++)
		add_objects(core, &raceway_kinds[i], objects);
	snprintf(salt, sizeof(salt), "%016" PRIx64, raceway_model_salt(core->model));
	document = json_pack("{s:i, s:i, s:s, s:I, s:o}", "schema", 1, "backup", FORM, "salt", salt,
			     "sequence", (json_int_t)raceway_store_sequence(core->store), "objects",
			     objects);
	if (document)
		json_object_set_new(document, "check", json_string(check_sum(document, check)));
	response->status = HTTP_OK;
	response->json = document;
}

static int bad(struct raceway_error *err, const char *what)
{
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, "restore", "", "%s", what);
}

static int check_form(const json_t *document, struct raceway_error *err)
{
	const json_t *form = json_object_get(document, "backup");
	const char *check = json_string_value(json_object_get(document, "check"));
	char sum[HEX64];

	if (!json_is_integer(form))
		return bad(err, "this is no backup; a document of raceway export is for apply");
	if (json_integer_value(form) != FORM)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "restore", "",
					 "the backup is of form %lld, and this version reads %d",
					 (long long)json_integer_value(form), FORM);
	if (!check || strcmp(check, check_sum(document, sum)) != 0)
		return bad(err, "the backup is damaged: its contents are not what its check sum "
				"says");
	return 0;
}

static bool is_mark(const json_t *entry)
{
	const json_t *changed = json_object_get(entry, "changed");

	return json_is_integer(json_object_get(entry, "version")) &&
	       json_is_integer(json_object_get(changed, "time")) &&
	       json_is_string(json_object_get(changed, "by"));
}

/* `shared`: version -> mark, which objects of one change have in common. */
static int take_mark(struct restore *r, json_t *shared, const json_t *entry, const char *kind,
		     const char *name, struct raceway_error *err)
{
	json_t *version = json_object_get(entry, "version"), *mark, *names;
	char key[32];

	if (!is_mark(entry))
		return 0;
	/* the next change must have a number that no object has */
	if (json_integer_value(version) < 0 ||
	    json_integer_value(version) > (json_int_t)r->sequence)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "restore", "",
					 "the version of %s %.100s is none of the changes that "
					 "the backup has seen",
					 kind, name);
	snprintf(key, sizeof(key), "%" JSON_INTEGER_FORMAT, json_integer_value(version));
	mark = json_object_get(shared, key);
	if (!mark ||
	    !json_equal(json_object_get(mark, "changed"), json_object_get(entry, "changed"))) {
		mark = json_pack("{s:O, s:O}", "version", version, "changed",
				 json_object_get(entry, "changed"));
		json_object_set_new(shared, key, mark);
	}
	names = json_object_get(r->marks, kind);
	if (!names) {
		names = json_object();
		json_object_set_new(r->marks, kind, names);
	}
	json_object_set(names, name, mark);
	return 0;
}

static int take_object(struct restore *r, json_t *shared, const json_t *entry,
		       struct raceway_error *err)
{
	const char *word = json_string_value(json_object_get(entry, "kind"));
	const char *name = json_string_value(json_object_get(entry, "name"));
	const json_t *doc = json_object_get(entry, "doc");
	const struct raceway_kind *kind = word ? raceway_kind_find(word) : NULL;
	int ret;

	if (!kind || kind->later || !name || !doc)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "restore", "",
					 "the backup holds \"%.40s %.100s\", which this version "
					 "does not understand",
					 word ? word : "", name ? name : "");
	ret = raceway_model_restore(r->state, kind, name, doc, err);
	if (!ret)
		ret = take_mark(r, shared, entry, raceway_kind_word(kind), name, err);
	return ret;
}

static int read_state(struct restore *r, const json_t *document, struct raceway_error *err)
{
	const json_t *objects = json_object_get(document, "objects"), *entry;
	const char *salt = json_string_value(json_object_get(document, "salt"));
	const json_t *sequence = json_object_get(document, "sequence");
	json_auto_t *shared = json_object();
	uint64_t number;
	char *end;
	size_t i;
	int ret = 0;

	number = salt ? strtoull(salt, &end, 16) : 0;
	if (!salt || !*salt || *end || !json_is_integer(sequence) || !json_is_array(objects))
		return bad(err, "the backup lacks its salt, its sequence or its objects");
	if (json_integer_value(sequence) < 0 || json_integer_value(sequence) > SEQUENCE_MAX)
		return bad(err, "the backup's sequence is no number of a change");
	raceway_model_set_salt(r->state, number);
	r->sequence = (uint64_t)json_integer_value(sequence);
	json_array_foreach (objects, i, entry) {
		ret = take_object(r, shared, entry, err);
		if (ret)
			break;
	}
	return ret;
}

/* Data that only a volume leads to is not deleted by the way. */
static int edit(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct restore *r = context;
	json_auto_t *going = raceway_volumes_going(r->core->model, r->state);
	char object[RACEWAY_VOLUME_NAME + 16];
	const char *name;
	json_t *doc;

	json_object_foreach (going, name, doc) {
		snprintf(object, sizeof(object), "volume %s", name);
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "is not in the backup, and to restore that would delete "
					 "its data: delete the volume first");
	}
	raceway_model_become(model, r->state);
	return 0;
}

static int restore(struct raceway_core *core, const struct raceway_request *request,
		   const json_t *document, json_t **ret_changes, struct raceway_error *err)
{
	struct restore r = { .core = core, .state = raceway_model_new(), .marks = json_object() };
	struct raceway_change change = {
		.caller = request->caller, .edit = edit, .context = &r, .dry_run = request->dry_run
	};
	int ret = r.state ? check_form(document, err) : bad(err, "out of memory");

	if (!ret)
		ret = read_state(&r, document, err);
	change.marks = r.marks;
	change.sequence = r.sequence;
	if (!ret)
		ret = raceway_core_change(core, &change, ret_changes, err);
	raceway_model_free(r.state);
	json_decref(r.marks);
	return ret;
}

void raceway_api_restore(struct raceway_core *core, const struct raceway_request *request,
			 struct raceway_response *response)
{
	json_auto_t *document = NULL;
	struct raceway_error err = { 0 };
	json_t *changes = NULL;
	int ret = raceway_rights_need(request->caller, &core->role_groups, RACEWAY_USER_ADMIN,
				      "restoring a backup", &err);

	if (!ret)
		ret = raceway_api_body(request, &document, &err);
	if (!ret)
		ret = restore(core, request, document, &changes, &err);
	if (ret) {
		raceway_api_error(response, &err);
		return;
	}
	response->status = HTTP_OK;
	response->json = json_pack("{s:i, s:o}", "schema", 1, "changes", changes);
}
