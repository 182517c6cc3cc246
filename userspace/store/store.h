/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The profile store: SQLite, WAL, synchronous FULL. The truth that survives power loss. */
#ifndef RACEWAY_STORE_STORE_H
#define RACEWAY_STORE_STORE_H

#include "model/model.h"

#define RACEWAY_STORE_SCHEMA 1

struct raceway_store;

/* Opens or creates DIR/raceway.db (0600, the directory is made with 0700) and takes an exclusive
 * lock: a second daemon on the same state is refused by name. A corrupt file, or one written by
 * a newer version, is an error that says so and is left untouched. */
int raceway_store_open(const char *dir, struct raceway_store **ret_store,
		       struct raceway_error *err);
void raceway_store_close(struct raceway_store *store);

/* Of this store alone, given when it was made; never 0. */
uint64_t raceway_store_id(const struct raceway_store *store);

/* The stored objects. */
int raceway_store_load(struct raceway_store *store, struct raceway_model **ret_model,
		       struct raceway_error *err);
/* Writes the difference of the two in one transaction; when it returns 0 it is on stable
 * storage. On failure nothing has changed. */
int raceway_store_commit(struct raceway_store *store, const struct raceway_model *before,
			 const struct raceway_model *after, struct raceway_error *err);

#endif
