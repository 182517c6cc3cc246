/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/store: marks and audit are written with the change, taken back with it, bounded, and
 * there in files that an older version has made. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/store.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MORE 50 /* lines above the bound */

static char dir[] = "/tmp/raceway-audit-XXXXXX", file[64];
static struct raceway_store *store;
static struct raceway_model *model;

static void open_store(void)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(raceway_store_open(dir, &store, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_store_load(store, &model, &err), 0, "%s", err.message);
}

static void close_store(void)
{
	raceway_model_free(model);
	raceway_store_close(store);
	model = NULL;
	store = NULL;
}

static void setup(void)
{
	cr_assert(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/raceway.db", dir);
}

static void teardown(void)
{
	static const char *const names[] = { "raceway.db", "raceway.db-wal", "raceway.db-shm",
					     "raceway.lock" };
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
}

TestSuite(audit, .init = setup, .fini = teardown, .timeout = 60);

static struct raceway_model *changed(const char *kind, const char *name, const char *doc)
{
	struct raceway_model *next = raceway_model_clone(model);
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *json = doc ? json_loads(doc, 0, NULL) : NULL;
	int r = doc ? raceway_model_write(next, raceway_kind_find(kind), name, json, RACEWAY_PUT,
					  &err)
		    : raceway_model_delete(next, raceway_kind_find(kind), name, &err);

	cr_assert_eq(r, 0, "%s", err.message);
	return next;
}

/* Makes the object so (doc NULL: deletes it), on who's account; keep false: and takes it back. */
static void change(const char *who, const char *kind, const char *name, const char *doc, bool keep)
{
	struct raceway_model *next = changed(kind, name, doc);
	json_auto_t *changes = raceway_model_diff(model, next);
	struct raceway_record record = { .who = who, .from = "test", .changes = changes };
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(raceway_store_commit(store, model, next, &record, &err), 0, "%s", err.message);
	if (!keep) {
		cr_assert_eq(raceway_store_take_back(store, model, next, &err), 0, "%s",
			     err.message);
		raceway_model_free(next);
		return;
	}
	raceway_store_keep(store);
	raceway_model_free(model);
	model = next;
}

static void sql(const char *statements)
{
	sqlite3 *db = NULL;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, statements, NULL, NULL, NULL), SQLITE_OK, "%s",
		     sqlite3_errmsg(db));
	sqlite3_close(db);
}

static json_t *lines(const char *kind, const char *name, uint64_t limit)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_t *list = NULL;

	cr_assert_eq(raceway_store_audit(store, kind, name, limit, &list, &err), 0, "%s",
		     err.message);
	return list;
}

static const char *text(const json_t *list, size_t i, const char *key)
{
	const char *value = json_string_value(json_object_get(json_array_get(list, i), key));

	return value ? value : "";
}

static uint64_t version(const char *kind, const char *name)
{
	return raceway_store_version(store, kind, name);
}

static const char *by(const char *kind, const char *name)
{
	const json_t *mark = raceway_store_mark(store, kind, name);
	const char *who =
		json_string_value(json_object_get(json_object_get(mark, "changed"), "by"));

	return who ? who : "";
}

Test(audit, who_changed_what)
{
	json_t *list;

	open_store();
	cr_expect_eq(version("server", "local"), 0, "nobody has made it");
	change("ann", "segment", "lan", "{\"vlan\":5,\"uplink\":\"up\"}", true);
	change("bob", "segment", "san", "{}", true);
	change("bob", "segment", "lan", "{\"vlan\":7,\"uplink\":\"up\",\"description\":\"x\"}",
	       true);
	cr_expect_eq(version("segment", "lan"), 3);
	cr_expect_eq(version("segment", "san"), 2);
	cr_expect_str_eq(by("segment", "lan"), "bob");
	change("eve", "segment", "lan", NULL, true);
	cr_expect_eq(version("segment", "lan"), 0);

	for (int round = 0; round < 2; round++) {
		list = lines(NULL, NULL, 100);
		cr_assert_eq(json_array_size(list), 5);
		cr_expect_str_eq(text(list, 0, "op"), "add");
		cr_expect_str_eq(text(list, 0, "by"), "ann");
		cr_expect_str_eq(text(list, 0, "source"), "test");
		cr_expect_str_eq(text(list, 2, "field"), "vlan");
		cr_expect_eq(json_integer_value(json_object_get(json_array_get(list, 2), "from")),
			     5);
		cr_expect_eq(json_integer_value(json_object_get(json_array_get(list, 2), "to")), 7);
		cr_expect_str_eq(text(list, 3, "field"), "description");
		cr_expect(json_is_null(json_object_get(json_array_get(list, 3), "from")));
		cr_expect_str_eq(text(list, 3, "to"), "x");
		cr_expect_str_eq(text(list, 4, "op"), "del");
		cr_expect_str_eq(text(list, 4, "by"), "eve");
		json_decref(list);
		list = lines("segment", "lan", 2);
		cr_expect_eq(json_array_size(list), 2);
		cr_expect_str_eq(text(list, 1, "op"), "del", "the newest is last");
		json_decref(list);
		list = lines("port", NULL, 100);
		cr_expect_eq(json_array_size(list), 0);
		json_decref(list);
		/* the same after a restart */
		close_store();
		open_store();
		cr_expect_eq(version("segment", "san"), 2);
		cr_expect_str_eq(by("segment", "san"), "bob");
		cr_expect_eq(raceway_store_sequence(store), 4);
	}
	/* a name that comes again is another object: no version of the old one fits it */
	change("ann", "segment", "lan", "{}", true);
	cr_expect_eq(version("segment", "lan"), 5);
	close_store();
	/* nor if somebody has cleared the audit */
	sql("DELETE FROM audit");
	open_store();
	change("ann", "segment", "lan", "{\"description\":\"x\"}", true);
	cr_expect_eq(version("segment", "lan"), 6);
	close_store();
}

Test(audit, taken_back_without_a_trace)
{
	json_t *list;

	open_store();
	change("ann", "segment", "lan", "{\"vlan\":5,\"uplink\":\"up\"}", true);
	for (int round = 0; round < 2; round++) {
		change("bob", "segment", "lan", "{}", false);
		change("bob", "segment", "new", "{}", false);
		change("bob", "segment", "lan", NULL, false);
		cr_expect_eq(version("segment", "lan"), 1);
		cr_expect_str_eq(by("segment", "lan"), "ann");
		cr_expect_eq(version("segment", "new"), 0);
		cr_expect_eq(raceway_store_sequence(store), 1);
		list = lines(NULL, NULL, 100);
		cr_expect_eq(json_array_size(list), 1);
		json_decref(list);
		close_store();
		open_store();
	}
	change("bob", "segment", "lan", "{}", true);
	cr_expect_eq(version("segment", "lan"), 2);
	close_store();
}

/* A trigger stands for the disk that fails in the middle of the audit. */
Test(audit, no_change_without_its_line)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_record record = { .who = "bob", .from = "test" };
	struct raceway_model *next;
	json_t *list;

	open_store();
	change("ann", "segment", "lan", "{}", true);
	close_store();
	sql("CREATE TRIGGER t BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk on fire'); "
	    "END");
	open_store();
	next = changed("segment", "other", "{}");
	record.changes = raceway_model_diff(model, next);
	cr_expect_lt(raceway_store_commit(store, model, next, &record, &err), 0);
	cr_expect(strstr(err.message, "disk on fire"), "%s", err.message);
	cr_expect_eq(version("segment", "other"), 0);
	cr_expect_eq(raceway_store_sequence(store), 1);
	json_decref((json_t *)record.changes);
	raceway_model_free(next);
	close_store();
	sql("DROP TRIGGER t");
	open_store();
	cr_expect_null(raceway_model_get(model, raceway_kind_find("segment"), "other"));
	change("bob", "segment", "lan", "{\"description\":\"x\"}", true);
	list = lines(NULL, NULL, 100);
	cr_expect_eq(json_array_size(list), 2);
	json_decref(list);
	close_store();
}

static int64_t stored_lines(void)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	int64_t count;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, "SELECT count(*) FROM audit", -1, &stmt, NULL),
		     SQLITE_OK);
	cr_assert_eq(sqlite3_step(stmt), SQLITE_ROW);
	count = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

Test(audit, the_oldest_lines_go)
{
	json_t *list;
	char statements[256];

	open_store();
	change("ann", "segment", "first", "{}", true);
	close_store();
	snprintf(statements, sizeof(statements),
		 "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
		 "INSERT INTO audit SELECT i, 1, 0, 'old', '', 'add', 'segment', 's', NULL, NULL, "
		 "NULL FROM n",
		 RACEWAY_AUDIT_MAX + MORE);
	sql(statements);
	open_store();
	change("bob", "segment", "last", "{}", true);
	list = lines(NULL, NULL, 2 * RACEWAY_AUDIT_MAX);
	cr_expect_eq(json_array_size(list), RACEWAY_AUDIT_MAX);
	cr_expect_eq(stored_lines(), RACEWAY_AUDIT_MAX);
	cr_expect_str_eq(text(list, 0, "by"), "old");
	cr_expect_str_eq(text(list, RACEWAY_AUDIT_MAX - 1, "by"), "bob");
	json_decref(list);
	change("bob", "segment", "last", NULL, true);
	list = lines(NULL, NULL, 2 * RACEWAY_AUDIT_MAX);
	cr_expect_eq(json_array_size(list), RACEWAY_AUDIT_MAX);
	cr_expect_eq(stored_lines(), RACEWAY_AUDIT_MAX);
	cr_expect_str_eq(text(list, RACEWAY_AUDIT_MAX - 1, "op"), "del");
	json_decref(list);
	close_store();
}

/* As schema 1 was, word for word. */
#define SCHEMA_1                                                                                   \
	"CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"                            \
	"CREATE TABLE objects(kind TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,"          \
	" PRIMARY KEY(kind, name)) WITHOUT ROWID;"                                                 \
	"INSERT INTO meta VALUES('schema', 1), ('salt', 4711);"                                    \
	"INSERT INTO objects VALUES('segment', 'lan', '{\"number\":1,\"uplink\":\"up\"}');"        \
	"PRAGMA application_id = 1380144985;"                                                      \
	"PRAGMA user_version = 1;"

Test(audit, an_older_file_is_brought_up)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_t *list;

	sql(SCHEMA_1);
	open_store();
	cr_expect_eq(raceway_store_id(store), 4711, "whose pins these are");
	cr_expect_eq(raceway_model_salt(model), 4711);
	cr_expect(raceway_model_get(model, raceway_kind_find("segment"), "lan"));
	cr_expect_eq(version("segment", "lan"), 0);
	cr_expect_str_eq(by("segment", "lan"), "");
	change("bob", "segment", "lan", "{\"description\":\"x\"}", true);
	close_store();
	open_store();
	cr_expect_eq(version("segment", "lan"), 1);
	list = lines(NULL, NULL, 100);
	cr_expect_eq(json_array_size(list), 2, "uplink and description");
	json_decref(list);
	close_store();

	/* what does not go as a whole leaves the file as it was */
	unlink(file);
	sql(SCHEMA_1 "CREATE TABLE audit(id);");
	cr_expect_lt(raceway_store_open(dir, &store, &err), 0);
	cr_expect(strstr(err.message, "cannot bring to this version's schema"), "%s", err.message);
	sql("DROP TABLE audit; INSERT INTO objects VALUES('segment', 'x', '{\"number\":2}');");
	open_store();
	close_store();
}

static int statements;

static int count_statement(unsigned int type, void *context, void *statement, void *text_of)
{
	statements++;
	return 0;
}

static int trace(sqlite3 *db, const char **error, const struct sqlite3_api_routines *api)
{
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, count_statement, NULL);
}

/* A change costs one row, its lines, and the transaction around them. */
Test(audit, cost_of_a_change)
{
	cr_assert_eq(sqlite3_auto_extension((void (*)(void))trace), SQLITE_OK);
	open_store();
	change("ann", "segment", "lan", "{}", true);
	statements = 0;
	change("ann", "segment", "lan", "{\"description\":\"x\"}", true);
	cr_expect_eq(statements, 4, "BEGIN, object, line, COMMIT, not %d", statements);
	statements = 0;
	change("ann", "segment", "lan", "{\"description\":\"y\",\"number\":7}", true);
	cr_expect_eq(statements, 5, "%d", statements);
	close_store();
	sqlite3_reset_auto_extension();
}
