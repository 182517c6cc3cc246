/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the store share. Nobody else includes this. */
#ifndef RACEWAY_STORE_INTERNAL_H
#define RACEWAY_STORE_INTERNAL_H

#include <limits.h>
#include <sqlite3.h>

#include "store/store.h"

#define RACEWAY_STORE_FILE "raceway.db"
#define RACEWAY_STORE_LOCK "raceway.lock"
#define RACEWAY_STORE_FIRST 1		     /* the oldest schema that is read */
#define RACEWAY_STORE_APPLICATION 0x52435759 /* "RCWY" in SQLite's application_id */

/* What schema 2 has beyond 1. Columns of objects have defaults, for what was there before. */
#define RACEWAY_STORE_AUDIT                                                                        \
	"CREATE TABLE audit(id INTEGER PRIMARY KEY, version INTEGER NOT NULL,"                     \
	" time INTEGER NOT NULL, who TEXT NOT NULL, source TEXT NOT NULL, op TEXT NOT NULL,"       \
	" kind TEXT NOT NULL, name TEXT NOT NULL, field TEXT, was TEXT, became TEXT);"

/* What it takes to take a commit back. */
struct raceway_store_undo {
	bool valid;
	json_t *marks; /* all marks as they were, where the whole state became another; else NULL */
	json_t *changed; /* else: kind -> name -> former mark, or null */
	uint64_t sequence;
	int64_t audit_last;
};

struct raceway_store {
	sqlite3 *db;
	sqlite3_stmt *put, *del, *line;
	int lock_fd; /* held as long as the store is open */
	uint64_t id;
	uint64_t salt;
	json_t *marks;	 /* kind -> name -> mark */
	json_t *no_mark; /* of what nobody has changed */
	uint64_t sequence;
	int64_t audit_first, audit_last; /* ids; first > last: there are no lines */
	struct raceway_store_undo undo;
	json_t *note;	     /* NULL: none */
	bool note_changed;   /* since it was loaded or written */
	char path[PATH_MAX]; /* of the file, for errors */
};

/* "cannot WHAT: SQLite's reason". */
int raceway_store_fail(struct raceway_store *store, const char *what, struct raceway_error *err);
int raceway_store_run(struct raceway_store *store, const char *sql, const char *what,
		      struct raceway_error *err);
/* One number from a PRAGMA or SELECT; SQLite's result code. */
int raceway_store_number(struct raceway_store *store, const char *sql, int64_t *ret_number);

/* Makes the file with its tables if it is not there. store->db is closed before and after. */
int raceway_store_create(struct raceway_store *store, const char *dir, struct raceway_error *err);
/* From schema `version` to this one, in one transaction. */
int raceway_store_migrate(struct raceway_store *store, int64_t version, struct raceway_error *err);

/* marks.c: in memory only. New reference. */
json_t *raceway_mark_new(uint64_t version, const json_t *time_ns, const json_t *by);
/* marks: kind -> name -> mark; takes the reference `mark`. */
void raceway_mark_set(json_t *marks, const char *kind, const char *name, json_t *mark);
/* Gives the change its number and marks what it names. record NULL: nothing is marked. */
int raceway_marks_change(struct raceway_store *store, const struct raceway_record *record,
			 int64_t now_ns, struct raceway_error *err);
/* Takes the last raceway_marks_change() back. */
void raceway_marks_restore(struct raceway_store *store);

/* audit.c: within the transaction. */
int raceway_audit_load(struct raceway_store *store, struct raceway_error *err);
int raceway_audit_write(struct raceway_store *store, const struct raceway_record *record,
			int64_t now_ns, struct raceway_error *err);
/* Takes the lines behind the one with the id `last` away. */
int raceway_audit_take_back(struct raceway_store *store, int64_t last, struct raceway_error *err);

#endif
