/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Making the file of a new store: built beside its place and moved there when complete, so that
 * a file in its place that has nothing in it is a damaged one, never a new one. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "store/internal.h"
#include "util/cleanup.h"

#define MAKING ".new"
#define PATH_SIZE (PATH_MAX + 16)

static int fail(const char *path, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir", "cannot make %s: %s",
				 path, strerror(errno));
}

static int fill(struct raceway_store *store, const char *path, struct raceway_error *err)
{
	struct {
		uint64_t salt, id;
	} random;
	char sql[1280];
	int r;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return fail(path, err);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
	    SQLITE_OK)
		return raceway_store_fail(store, "make", err);
	snprintf(sql, sizeof(sql),
		 "PRAGMA synchronous = FULL;"
		 "BEGIN IMMEDIATE;"
		 "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		 "CREATE TABLE objects(kind TEXT NOT NULL, name TEXT NOT NULL, doc TEXT NOT NULL,"
		 " version INTEGER NOT NULL DEFAULT 0, time INTEGER, who TEXT,"
		 " PRIMARY KEY(kind, name)) WITHOUT ROWID;" RACEWAY_STORE_AUDIT
		 "INSERT INTO meta VALUES('schema', %d), ('salt', %lld), ('id', %lld);"
		 "PRAGMA application_id = %d;"
		 "PRAGMA user_version = %d;"
		 "COMMIT;",
		 RACEWAY_STORE_SCHEMA, (long long)(int64_t)random.salt,
		 (long long)(int64_t)random.id, RACEWAY_STORE_APPLICATION, RACEWAY_STORE_SCHEMA);
	r = raceway_store_run(store, sql, "make", err);
	sqlite3_close(store->db);
	store->db = NULL;
	return r;
}

/* A log without its file would be played into the new one. */
static int check_no_log(struct raceway_store *store, struct raceway_error *err)
{
	char log[PATH_SIZE];

	snprintf(log, sizeof(log), "%s-wal", store->path);
	if (access(log, F_OK) < 0)
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "state-dir",
				 "%s is missing, but its log %s is there: put the file back, or "
				 "move the log away to begin with nothing",
				 store->path, log);
}

int raceway_store_create(struct raceway_store *store, const char *dir, struct raceway_error *err)
{
	char making[PATH_SIZE], journal[PATH_SIZE + 8];
	RACEWAY_CLOSE int fd = -1;
	RACEWAY_CLOSE int dir_fd = -1;
	int r;

	if (access(store->path, F_OK) == 0)
		return 0;
	r = check_no_log(store, err);
	if (r < 0)
		return r;
	snprintf(making, sizeof(making), "%s" MAKING, store->path);
	snprintf(journal, sizeof(journal), "%s-journal", making);
	unlink(making);
	unlink(journal);
	fd = open(making, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || dir_fd < 0)
		return fail(making, err);
	r = fill(store, making, err);
	if (r < 0)
		return r;
	if (fsync(fd) < 0 || rename(making, store->path) < 0 || fsync(dir_fd) < 0)
		return fail(store->path, err);
	return 0;
}
