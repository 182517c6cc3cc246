/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Loading and committing: one row per object, one transaction per change. */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/internal.h"
#include "util/cleanup.h"

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
	sqlite3_finalize(store->put);
	sqlite3_finalize(store->del);
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd); /* last: nobody else may open before the file is closed */
	free(store);
}

uint64_t raceway_store_id(const struct raceway_store *store)
{
	return store->salt ? store->salt : 1;
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

int raceway_store_load(struct raceway_store *store, struct raceway_model **ret_model,
		       struct raceway_error *err)
{
	struct raceway_model *model = raceway_model_new(), *clean = NULL;
	sqlite3_stmt *stmt = NULL;
	int code, r = 0;

	if (!model)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	raceway_model_set_salt(model, store->salt);
	code = sqlite3_prepare_v2(store->db, "SELECT kind, name, doc FROM objects ORDER BY 1, 2",
				  -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	while (r == 0 && code == SQLITE_ROW) {
		r = load_row(store, stmt, model, err);
		if (r == 0)
			code = sqlite3_step(stmt);
	}
	if (r == 0 && code != SQLITE_DONE)
		r = raceway_store_fail(store, "read", err);
	sqlite3_finalize(stmt);
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

/* Runs a statement with `texts` bound in order. */
static int step(struct raceway_store *store, sqlite3_stmt **stmt, const char *sql,
		const char *const *texts, int count, struct raceway_error *err)
{
	int code = SQLITE_OK;

	if (!*stmt)
		code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt,
					  NULL);
	for (int i = 0; code == SQLITE_OK && i < count; i++)
		code = sqlite3_bind_text(*stmt, i + 1, texts[i], -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(*stmt);
	if (code != SQLITE_DONE)
		raceway_store_fail(store, "write", err);
	sqlite3_reset(*stmt);
	return code == SQLITE_DONE ? 0 : -EIO;
}

static int put(struct raceway_store *store, const struct raceway_kind *kind, const char *name,
	       const json_t *doc, struct raceway_error *err)
{
	RACEWAY_FREE char *text = json_dumps(doc, JSON_COMPACT);
	const char *texts[] = { kind->name, name, text };

	if (!text)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	return step(store, &store->put, "INSERT OR REPLACE INTO objects VALUES(?, ?, ?)", texts, 3,
		    err);
}

static int del(struct raceway_store *store, const struct raceway_kind *kind, const char *name,
	       struct raceway_error *err)
{
	const char *texts[] = { kind->name, name };

	return step(store, &store->del, "DELETE FROM objects WHERE kind = ? AND name = ?", texts, 2,
		    err);
}

static int write_kind(struct raceway_store *store, const struct raceway_kind *kind,
		      const json_t *before, const json_t *after, struct raceway_error *err)
{
	const char *name;
	json_t *doc;
	int r;

	json_object_foreach ((json_t *)before, name, doc) {
		r = json_object_get(after, name) ? 0 : del(store, kind, name, err);
		if (r < 0)
			return r;
	}
	json_object_foreach ((json_t *)after, name, doc) {
		const json_t *old = json_object_get(before, name);

		if (old == doc || (old && json_equal(old, doc)))
			continue;
		r = put(store, kind, name, doc, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int raceway_store_commit(struct raceway_store *store, const struct raceway_model *before,
			 const struct raceway_model *after, struct raceway_error *err)
{
	int r = raceway_store_run(store, "BEGIN IMMEDIATE", "write", err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < raceway_kind_count; i++) {
		const json_t *old = raceway_model_all(before, &raceway_kinds[i]);
		const json_t *new = raceway_model_all(after, &raceway_kinds[i]);

		if (old != new)
			r = write_kind(store, &raceway_kinds[i], old, new, err);
	}
	if (r == 0)
		r = raceway_store_run(store, "COMMIT", "write", err);
	/* a COMMIT that failed may have left the transaction open, or ended it */
	if (r < 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
