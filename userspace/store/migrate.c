/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bringing the file of an older version up to this one's schema: the whole step or nothing. */
#include <stdio.h>

#include "store/internal.h"

/* 2: marks of objects, the audit, and an identity of its own, which was the salt before. */
#define FROM_1                                                                                     \
	"BEGIN IMMEDIATE;"                                                                         \
	"ALTER TABLE objects ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"                       \
	"ALTER TABLE objects ADD COLUMN time INTEGER;"                                             \
	"ALTER TABLE objects ADD COLUMN who TEXT;" RACEWAY_STORE_AUDIT                             \
	"INSERT INTO meta SELECT 'id', value FROM meta WHERE key = 'salt';"                        \
	"UPDATE meta SET value = 2 WHERE key = 'schema';"                                          \
	"PRAGMA user_version = 2;"                                                                 \
	"COMMIT;"

int raceway_store_migrate(struct raceway_store *store, int64_t version, struct raceway_error *err)
{
	int r = 0;

	if (version == 1)
		r = raceway_store_run(store, FROM_1, "bring to this version's schema", err);
	if (r < 0 && !sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}
