/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loading and committing: one row per object, one transaction per change. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/internal.h"
#include "util/cleanup.h"

#define SQL_PUT "INSERT OR REPLACE INTO objects VALUES(?, ?, ?, ?, ?, ?)"
#define SQL_DEL "DELETE FROM objects WHERE kind = ? AND name = ?"
#define SQL_LOAD "SELECT kind, name, doc, version, time, who FROM objects ORDER BY 1, 2"
#define NS_PER_S 1000000000LL

int raceway_store_fail(struct raceway_store *store, const char *what, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "cannot %s %s: %s", what,
				 store->path,
				 store->db ? sqlite3_errmsg(store->db) : "out of memory");
}

int raceway_store_run(struct raceway_store *store, const char *sql, const char *what,
		      struct raceway_error *err)
{
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return raceway_store_fail(store, what, err);
	return 0;
}

void raceway_store_close(struct raceway_store *store)
{
	if (!store)
		return;
	json_decref(store->note);
	sqlite3_finalize(store->put);
	sqlite3_finalize(store->del);
	sqlite3_finalize(store->line);
	raceway_store_keep(store);
	json_decref(store->marks);
	json_decref(store->no_mark);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd); /* last: nobody else may open before the file is closed */
	free(store);
}

uint64_t raceway_store_id(const struct raceway_store *store)
{
	return store->id ? store->id : 1;
}

/* `shared`: marks by their change's number, of which many objects may have the same. */
static void load_mark(struct raceway_store *store, sqlite3_stmt *stmt, json_t *shared)
{
	const char *kind = (const char *)sqlite3_column_text(stmt, 0);
	const char *name = (const char *)sqlite3_column_text(stmt, 1);
	const char *who = (const char *)sqlite3_column_text(stmt, 5);
	uint64_t version = (uint64_t)sqlite3_column_int64(stmt, 3);
	json_t *mark;
	char key[32];

	if (version == 0)
		return;
	snprintf(key, sizeof(key), "%llu", (unsigned long long)version);
	mark = json_object_get(shared, key);
	if (!mark) {
		json_auto_t *time = json_integer(sqlite3_column_int64(stmt, 4));
		json_auto_t *by = json_string(who ? who : "");

		mark = raceway_mark_new(version, time, by);
		json_object_set_new(shared, key, mark);
	}
	raceway_mark_set(store->marks, kind, name, json_incref(mark));
	if (version > store->sequence)
		store->sequence = version;
}

static int load_row(struct raceway_store *store, sqlite3_stmt *stmt, struct raceway_model *model,
		    struct raceway_error *err)
{
	const char *kind_name = (const char *)sqlite3_column_text(stmt, 0);
	const char *name = (const char *)sqlite3_column_text(stmt, 1);
	const char *text = (const char *)sqlite3_column_text(stmt, 2);
	const struct raceway_kind *kind = kind_name ? raceway_kind_find(kind_name) : NULL;
	json_auto_t *doc = text ? json_loads(text, 0, NULL) : NULL;

	if (!kind || kind->later || !name || !doc)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "%s holds \"%.40s %.100s\", which this version does not "
					 "understand",
					 store->path, kind_name ? kind_name : "", name ? name : "");
	return raceway_model_restore(model, kind, name, doc, err);
}

const json_t *raceway_store_note(const struct raceway_store *store)
{
	return store->note;
}

void raceway_store_set_note(struct raceway_store *store, const json_t *note)
{
	json_incref((json_t *)note);
	json_decref(store->note);
	store->note = (json_t *)note;
	store->note_changed = true;
}

static int load_note(struct raceway_store *store, struct raceway_error *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int code = sqlite3_prepare_v2(store->db, "SELECT value FROM meta WHERE key = 'note'", -1,
				      &stmt, NULL);
	int r = 0;

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		json_decref(store->note);
		store->note = text ? json_loads(text, 0, NULL) : NULL;
		if (!store->note)
			r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					      "%s holds a note that is no JSON", store->path);
	} else if (code != SQLITE_DONE) {
		r = raceway_store_fail(store, "read", err);
	}
	sqlite3_finalize(stmt);
	return r;
}

int raceway_store_load(struct raceway_store *store, struct raceway_model **ret_model,
		       struct raceway_error *err)
{
	struct raceway_model *model = raceway_model_new(), *clean = NULL;
	json_auto_t *shared = json_object();
	sqlite3_stmt *stmt = NULL;
	int code, r = 0;

	if (!model)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	raceway_model_set_salt(model, store->salt);
	json_object_clear(store->marks);
	code = sqlite3_prepare_v2(store->db, SQL_LOAD, -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	while (r == 0 && code == SQLITE_ROW) {
		r = load_row(store, stmt, model, err);
		if (r == 0) {
			load_mark(store, stmt, shared);
			code = sqlite3_step(stmt);
		}
	}
	if (r == 0 && code != SQLITE_DONE)
		r = raceway_store_fail(store, "read", err);
	sqlite3_finalize(stmt);
	if (r == 0)
		r = raceway_audit_load(store, err);
	if (r == 0)
		r = load_note(store, err);
	if (r == 0) {
		clean = raceway_model_clone(model); /* loading is no change */
		if (!clean)
			r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	}
	raceway_model_free(model);
	if (r == 0)
		*ret_model = clean;
	return r;
}

/* Prepares the statement at its first use. SQLite's result code. */
static int prepare(struct raceway_store *store, sqlite3_stmt **stmt, const char *sql)
{
	return *stmt ? SQLITE_OK
		     : sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt,
					  NULL);
}

/* Runs what is bound, if `code` says that all went well so far. */
static int step(struct raceway_store *store, sqlite3_stmt *stmt, int code,
		struct raceway_error *err)
{
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code != SQLITE_DONE)
		raceway_store_fail(store, "write", err);
	sqlite3_reset(stmt);
	return code == SQLITE_DONE ? 0 : -EIO;
}

static int bind_name(sqlite3_stmt *stmt, const struct raceway_kind *kind, const char *name)
{
	int code = sqlite3_bind_text(stmt, 1, kind->name, -1, SQLITE_STATIC);

	return code == SQLITE_OK ? sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC) : code;
}

static int put(struct raceway_store *store, const struct raceway_kind *kind, const char *name,
	       const json_t *doc, struct raceway_error *err)
{
	const json_t *mark = raceway_store_mark(store, kind->name, name);
	const json_t *changed = json_object_get(mark, "changed");
	const char *by = json_string_value(json_object_get(changed, "by"));
	RACEWAY_FREE char *text = json_dumps(doc, JSON_COMPACT);
	int code = prepare(store, &store->put, SQL_PUT);

	if (!text)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	if (code == SQLITE_OK) {
		code = bind_name(store->put, kind, name);
		code |= sqlite3_bind_text(store->put, 3, text, -1, SQLITE_STATIC);
		code |= sqlite3_bind_int64(store->put, 4,
					   json_integer_value(json_object_get(mark, "version")));
		code |= sqlite3_bind_int64(store->put, 5,
					   json_integer_value(json_object_get(changed, "time")));
		code |= sqlite3_bind_text(store->put, 6, by, -1, SQLITE_STATIC);
	}
	return step(store, store->put, code, err);
}

static int del(struct raceway_store *store, const struct raceway_kind *kind, const char *name,
	       struct raceway_error *err)
{
	int code = prepare(store, &store->del, SQL_DEL);

	if (code == SQLITE_OK)
		code = bind_name(store->del, kind, name);
	return step(store, store->del, code, err);
}

/* Whether the object's mark is another than in `former`, which is NULL where only objects that
 * change have new marks. */
static bool remarked(const struct raceway_store *store, const json_t *former,
		     const struct raceway_kind *kind, const char *name)
{
	const json_t *was = json_object_get(json_object_get(former, raceway_kind_word(kind)), name);

	return former &&
	       !json_equal(was ? was : store->no_mark, raceway_store_mark(store, kind->name, name));
}

/* Those whose mark alone is another. */
static int write_marks(struct raceway_store *store, const struct raceway_kind *kind,
		       const struct raceway_model *after, const json_t *former,
		       struct raceway_error *err)
{
	const char *name;
	json_t *doc;
	int r = 0;

	json_object_foreach ((json_t *)raceway_model_all(after, kind), name, doc) {
		if (r == 0 && remarked(store, former, kind, name))
			r = put(store, kind, name, doc, err);
	}
	return r;
}

static int write_kind(struct raceway_store *store, const struct raceway_kind *kind,
		      const struct raceway_model *before, const struct raceway_model *after,
		      const json_t *former, struct raceway_error *err)
{
	RACEWAY_FREE const char **names = NULL;
	size_t count;
	int r = 0;

	names = raceway_model_differing(before, after, kind, &count);
	if (!names)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	for (size_t i = 0; r == 0 && i < count; i++) {
		const json_t *doc = raceway_model_get(after, kind, names[i]);

		r = doc ? put(store, kind, names[i], doc, err) : del(store, kind, names[i], err);
	}
	return r == 0 && former ? write_marks(store, kind, after, former, err) : r;
}

static int write_note(struct raceway_store *store, struct raceway_error *err)
{
	RACEWAY_FREE char *text = store->note ? json_dumps(store->note, JSON_COMPACT) : NULL;
	sqlite3_stmt *stmt = NULL;
	int code, r;

	if (store->note && !text)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	code = prepare(store, &stmt,
		       text ? "INSERT OR REPLACE INTO meta VALUES('note', ?)"
			    : "DELETE FROM meta WHERE key = 'note'");
	if (code == SQLITE_OK && text)
		code = sqlite3_bind_text(stmt, 1, text, -1, SQLITE_STATIC);
	r = step(store, stmt, code, err);
	sqlite3_finalize(stmt);
	return r;
}

static int write_salt(struct raceway_store *store, uint64_t salt, struct raceway_error *err)
{
	char sql[80];

	snprintf(sql, sizeof(sql), "UPDATE meta SET value = %lld WHERE key = 'salt'",
		 (long long)(int64_t)salt);
	return raceway_store_run(store, sql, "write", err);
}

/* The rows that the two differ by. Within the transaction. */
static int write_difference(struct raceway_store *store, const struct raceway_model *before,
			    const struct raceway_model *after, const json_t *former,
			    struct raceway_error *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];

		if (raceway_model_all(before, kind) != raceway_model_all(after, kind) || former)
			r = write_kind(store, kind, before, after, former, err);
	}
	if (r == 0 && raceway_model_salt(before) != raceway_model_salt(after))
		r = write_salt(store, raceway_model_salt(after), err);
	return r;
}

/* Commits what went well so far, else rolls back. */
static int end(struct raceway_store *store, int r, struct raceway_error *err)
{
	if (r == 0 && store->note_changed)
		r = write_note(store, err);
	if (r == 0)
		r = raceway_store_run(store, "COMMIT", "write", err);
	if (r == 0)
		store->note_changed = false;
	/* a COMMIT that failed may have left the transaction open, or ended it */
	if (r < 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int raceway_store_commit(struct raceway_store *store, const struct raceway_model *before,
			 const struct raceway_model *after, const struct raceway_record *record,
			 struct raceway_error *err)
{
	int64_t audit_first = store->audit_first, audit_last = store->audit_last, now_ns;
	struct timespec now;
	int r = raceway_store_run(store, "BEGIN IMMEDIATE", "write", err);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	now_ns = now.tv_sec * NS_PER_S + now.tv_nsec;
	r = raceway_marks_change(store, record, now_ns, err);
	if (r == 0)
		r = write_difference(store, before, after, store->undo.marks, err);
	if (r == 0 && record)
		r = raceway_audit_write(store, record, now_ns, err);
	r = end(store, r, err);
	if (r < 0) {
		raceway_marks_restore(store);
		store->audit_first = audit_first;
		store->audit_last = audit_last;
	}
	return r;
}

int raceway_store_take_back(struct raceway_store *store, const struct raceway_model *before,
			    const struct raceway_model *after, struct raceway_error *err)
{
	json_auto_t *left = store->undo.marks ? json_incref(store->marks) : NULL;
	int64_t audit_last = store->undo.audit_last;
	int r = raceway_store_run(store, "BEGIN IMMEDIATE", "write", err);

	raceway_marks_restore(store);
	if (r == 0)
		r = write_difference(store, after, before, left, err);
	if (r == 0)
		r = raceway_audit_take_back(store, audit_last, err);
	return end(store, r, err);
}
