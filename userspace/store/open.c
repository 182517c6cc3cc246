/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opening the store: directory, lock, and whether the file is what it should be. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/internal.h"
#include "util/cleanup.h"

#define BUSY_MS 5000 /* somebody may be reading the file by hand */

static int make_dir(const char *dir, struct raceway_error *err)
{
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
					 "cannot make the state directory %s: %s", dir,
					 strerror(errno));
	return 0;
}

/* The lock goes with the process, however it ends. The file says who holds it. */
static int take_lock(const char *dir, int *ret_fd, struct raceway_error *err)
{
	char path[PATH_MAX], holder[32] = "";
	RACEWAY_CLOSE int fd = -1;
	ssize_t length;

	snprintf(path, sizeof(path), "%s/" RACEWAY_STORE_LOCK, dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
					 "cannot open %s: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		length = pread(fd, holder, sizeof(holder) - 1, 0);
		holder[length > 0 ? length : 0] = '\0';
		holder[strcspn(holder, "\n")] = '\0';
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "", "state-dir",
					 "the state directory %s is in use by another racewayd "
					 "(process %s); give this one its own --state-dir",
					 dir, holder[0] ? holder : "unknown");
	}
	snprintf(holder, sizeof(holder), "%d\n", getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, holder, strlen(holder), 0) < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
					 "cannot write %s: %s", path, strerror(errno));
	*ret_fd = RACEWAY_TAKE_FD(fd);
	return 0;
}

int raceway_store_number(struct raceway_store *store, const char *sql, int64_t *ret_number)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	if (code == SQLITE_ROW) {
		*ret_number = sqlite3_column_int64(stmt, 0);
		code = SQLITE_OK;
	}
	sqlite3_finalize(stmt);
	return code;
}

static int damaged(struct raceway_store *store, const char *how, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
				 "%s is damaged (%s); it was left as it is: put a copy back, or "
				 "move it away to begin with nothing",
				 store->path, how);
}

static int check_pages(struct raceway_store *store, struct raceway_error *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *text;
	int r = 0;

	if (sqlite3_prepare_v2(store->db, "PRAGMA quick_check(1)", -1, &stmt, NULL) != SQLITE_OK ||
	    sqlite3_step(stmt) != SQLITE_ROW) {
		r = damaged(store, sqlite3_errmsg(store->db), err);
	} else {
		text = (const char *)sqlite3_column_text(stmt, 0);
		if (!text || strcmp(text, "ok") != 0)
			r = damaged(store, text ? text : "unreadable", err);
	}
	sqlite3_finalize(stmt);
	return r;
}

/* Whose file it is, of which schema, and whether all of it is there. Only reads. */
static int check_file(struct raceway_store *store, int64_t *ret_version, struct raceway_error *err)
{
	int64_t application = 0, version = 0;
	struct stat info;
	int code;

	if (stat(store->path, &info) == 0 && info.st_size == 0)
		return damaged(store, "it is empty", err);
	code = raceway_store_number(store, "PRAGMA application_id", &application);
	if (code == SQLITE_OK)
		code = raceway_store_number(store, "PRAGMA user_version", &version);
	if (code == SQLITE_NOTADB || code == SQLITE_CORRUPT)
		return damaged(store, sqlite3_errmsg(store->db), err);
	if (code != SQLITE_OK)
		return raceway_store_fail(store, "read", err);
	if (application != RACEWAY_STORE_APPLICATION)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
					 "%s is a database of something else; it was left as it is",
					 store->path);
	if (version > RACEWAY_STORE_SCHEMA)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
					 "%s was written by a newer version (schema %lld, this one "
					 "knows %d); it was left as it is",
					 store->path, (long long)version, RACEWAY_STORE_SCHEMA);
	if (version < RACEWAY_STORE_FIRST)
		return damaged(store, "it has no schema", err);
	*ret_version = version;
	return check_pages(store, err);
}

static int prepare(struct raceway_store *store, struct raceway_error *err)
{
	int64_t salt = 0, id = 0, version = RACEWAY_STORE_SCHEMA;
	int r;

	if (sqlite3_open_v2(store->path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		return raceway_store_fail(store, "open", err);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	/* until it is known to be ours, closing it must not write either */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	r = check_file(store, &version, err);
	if (r < 0)
		return r;
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	r = raceway_store_run(store, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
			      "set up", err);
	if (r == 0)
		r = raceway_store_migrate(store, version, err);
	if (r < 0)
		return r;
	if (raceway_store_number(store, "SELECT value FROM meta WHERE key = 'salt'", &salt) !=
		    SQLITE_OK ||
	    raceway_store_number(store, "SELECT value FROM meta WHERE key = 'id'", &id) !=
		    SQLITE_OK)
		return damaged(store, sqlite3_errmsg(store->db), err);
	store->salt = (uint64_t)salt;
	store->id = (uint64_t)id;
	return 0;
}

int raceway_store_open(const char *dir, struct raceway_store **ret_store, struct raceway_error *err)
{
	struct raceway_store *store = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	store->lock_fd = -1;
	store->marks = json_object();
	store->no_mark = json_pack("{s:i, s:n}", "version", 0, "changed");
	if (snprintf(store->path, sizeof(store->path), "%s/" RACEWAY_STORE_FILE, dir) >=
	    (int)sizeof(store->path))
		r = raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "state-dir",
				      "the name of the state directory is too long");
	else
		r = make_dir(dir, err);
	if (r == 0)
		r = take_lock(dir, &store->lock_fd, err);
	if (r == 0)
		r = raceway_store_create(store, dir, err);
	if (r == 0)
		r = prepare(store, err);
	if (r < 0) {
		raceway_store_close(store);
		return r;
	}
	*ret_store = store;
	return 0;
}
