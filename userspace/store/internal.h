/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the store share. Nobody else includes this. */
#ifndef RACEWAY_STORE_INTERNAL_H
#define RACEWAY_STORE_INTERNAL_H

#include <limits.h>
#include <sqlite3.h>

#include "store/store.h"

#define RACEWAY_STORE_FILE "raceway.db"
#define RACEWAY_STORE_LOCK "raceway.lock"
#define RACEWAY_STORE_APPLICATION 0x52435759 /* "RCWY" in SQLite's application_id */

struct raceway_store {
	sqlite3 *db;
	sqlite3_stmt *put, *del;
	int lock_fd; /* held as long as the store is open */
	uint64_t salt;
	char path[PATH_MAX]; /* of the file, for errors */
};

/* "cannot WHAT: SQLite's reason". */
int raceway_store_fail(struct raceway_store *store, const char *what, struct raceway_error *err);
int raceway_store_run(struct raceway_store *store, const char *sql, const char *what,
		      struct raceway_error *err);

/* Makes the file with its tables if it is not there. store->db is closed before and after. */
int raceway_store_create(struct raceway_store *store, const char *dir, struct raceway_error *err);

#endif
