/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The audit: a line for each thing that a change has changed, written in the change's own
 * transaction. Values are kept as JSON. The oldest lines go when there are too many. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "store/internal.h"
#include "util/cleanup.h"

#define SQL_FIRST "SELECT coalesce(min(id), 1) FROM audit"
#define SQL_LAST "SELECT coalesce(max(id), 0) FROM audit"
#define SQL_VERSION "SELECT coalesce((SELECT version FROM audit ORDER BY id DESC LIMIT 1), 0)"
#define SQL_LINE                                                                                   \
	"INSERT INTO audit(id, version, time, who, source, op, kind, name, field, was, became)"    \
	" VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
#define SQL_READ                                                                                   \
	"SELECT version, time, who, source, op, kind, name, field, was, became FROM audit"         \
	" WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR name = ?2) ORDER BY id DESC LIMIT ?3"

int raceway_audit_load(struct raceway_store *store, struct raceway_error *err)
{
	int64_t first = 1, last = 0, version = 0;

	if (raceway_store_number(store, SQL_FIRST, &first) != SQLITE_OK ||
	    raceway_store_number(store, SQL_LAST, &last) != SQLITE_OK ||
	    raceway_store_number(store, SQL_VERSION, &version) != SQLITE_OK)
		return raceway_store_fail(store, "read", err);
	store->audit_first = first;
	store->audit_last = last;
	if ((uint64_t)version > store->sequence)
		store->sequence = (uint64_t)version;
	return 0;
}

/* Binds a JSON value as text; null and NULL are NULL. */
static int bind_json(sqlite3_stmt *line, int at, const json_t *value)
{
	char *text;

	if (!value || json_is_null(value))
		return sqlite3_bind_null(line, at);
	text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	return text ? sqlite3_bind_text(line, at, text, -1, free) : SQLITE_NOMEM;
}

static int bind_member(sqlite3_stmt *line, int at, const json_t *change, const char *key)
{
	return sqlite3_bind_text(line, at, json_string_value(json_object_get(change, key)), -1,
				 SQLITE_STATIC);
}

static int write_line(struct raceway_store *store, const struct raceway_record *record,
		      int64_t now_ns, const json_t *change)
{
	sqlite3_stmt *line = store->line;
	int code = sqlite3_bind_int64(line, 1, store->audit_last + 1);

	code |= sqlite3_bind_int64(line, 2, (int64_t)store->sequence);
	code |= sqlite3_bind_int64(line, 3, now_ns);
	code |= sqlite3_bind_text(line, 4, record->who, -1, SQLITE_STATIC);
	code |= sqlite3_bind_text(line, 5, record->from, -1, SQLITE_STATIC);
	code |= bind_member(line, 6, change, "op");
	code |= bind_member(line, 7, change, "kind");
	code |= bind_member(line, 8, change, "name");
	code |= bind_member(line, 9, change, "field");
	code |= bind_json(line, 10, json_object_get(change, "from"));
	code |= bind_json(line, 11, json_object_get(change, "to"));
	if (code == SQLITE_OK)
		code = sqlite3_step(line);
	sqlite3_reset(line);
	if (code == SQLITE_DONE)
		store->audit_last++;
	return code;
}

/* Only when there are too many: mostly this is no statement at all. */
static int prune(struct raceway_store *store, struct raceway_error *err)
{
	int64_t first = store->audit_last - RACEWAY_AUDIT_MAX + 1;
	char sql[64];
	int r;

	if (store->audit_first >= first)
		return 0;
	snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE id < %lld", (long long)first);
	r = raceway_store_run(store, sql, "write", err);
	if (r == 0)
		store->audit_first = first;
	return r;
}

int raceway_audit_write(struct raceway_store *store, const struct raceway_record *record,
			int64_t now_ns, struct raceway_error *err)
{
	const json_t *change;
	size_t i;

	if (!store->line && sqlite3_prepare_v3(store->db, SQL_LINE, -1, SQLITE_PREPARE_PERSISTENT,
					       &store->line, NULL) != SQLITE_OK)
		return raceway_store_fail(store, "write", err);
	/* it may change what no line tells of, such as numbers and versions */
	if (record->marks) {
		json_auto_t *restored =
			json_pack("{s:s, s:s, s:s}", "op", "restore", "kind", "", "name", "");

		if (write_line(store, record, now_ns, restored) != SQLITE_DONE)
			return raceway_store_fail(store, "write", err);
	}
	json_array_foreach (record->changes, i, change)
		if (write_line(store, record, now_ns, change) != SQLITE_DONE)
			return raceway_store_fail(store, "write", err);
	return prune(store, err);
}

int raceway_store_log(struct raceway_store *store, const struct raceway_record *record,
		      struct raceway_error *err)
{
	int64_t first = store->audit_first, last = store->audit_last;
	struct timespec now;
	int r = raceway_store_run(store, "BEGIN IMMEDIATE", "write", err);

	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &now);
	r = raceway_audit_write(store, record, now.tv_sec * 1000000000LL + now.tv_nsec, err);
	if (r == 0)
		r = raceway_store_run(store, "COMMIT", "write", err);
	if (r == 0)
		return 0;
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->audit_first = first;
	store->audit_last = last;
	return r;
}

int raceway_audit_take_back(struct raceway_store *store, int64_t last, struct raceway_error *err)
{
	char sql[64];
	int r;

	snprintf(sql, sizeof(sql), "DELETE FROM audit WHERE id > %lld", (long long)last);
	r = raceway_store_run(store, sql, "write", err);
	if (r == 0)
		store->audit_last = last;
	return r;
}

static json_t *text_at(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);

	return text ? json_string(text) : json_null();
}

static json_t *json_at(sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *)sqlite3_column_text(stmt, column);
	json_t *value = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return value ? value : json_null();
}

static json_t *read_line(sqlite3_stmt *stmt)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version",
			 (json_int_t)sqlite3_column_int64(stmt, 0), "time",
			 (json_int_t)sqlite3_column_int64(stmt, 1), "by", text_at(stmt, 2),
			 "source", text_at(stmt, 3), "op", text_at(stmt, 4), "kind",
			 text_at(stmt, 5), "name", text_at(stmt, 6), "field", text_at(stmt, 7),
			 "from", json_at(stmt, 8), "to", json_at(stmt, 9));
}

int raceway_store_audit(struct raceway_store *store, const char *kind, const char *name,
			uint64_t limit, json_t **ret_lines, struct raceway_error *err)
{
	json_auto_t *newest = json_array();
	json_t *lines = json_array();
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, SQL_READ, -1, &stmt, NULL);

	if (code == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, kind, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 2, name, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 3,
				   limit > RACEWAY_AUDIT_MAX ? RACEWAY_AUDIT_MAX : (int64_t)limit);
		code = sqlite3_step(stmt);
	}
	for (; code == SQLITE_ROW; code = sqlite3_step(stmt))
		json_array_append_new(newest, read_line(stmt));
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE) {
		json_decref(lines);
		return raceway_store_fail(store, "read", err);
	}
	for (size_t i = json_array_size(newest); i > 0; i--)
		json_array_append(lines, json_array_get(newest, i - 1));
	*ret_lines = lines;
	return 0;
}
