/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The profile store: SQLite, WAL, synchronous FULL. The truth that survives power loss. Beside
 * each object it keeps its mark (version, when and by whom it was changed last), and beside all of
 * them the audit: one line for each thing that was changed. */
#ifndef RACEWAY_STORE_STORE_H
#define RACEWAY_STORE_STORE_H

#include "model/model.h"

#define RACEWAY_STORE_SCHEMA 2
#define RACEWAY_AUDIT_MAX 100000 /* lines; the oldest go */

struct raceway_store;

/* Who makes a change, for the marks and the audit. All is borrowed. */
struct raceway_record {
	const char *who, *from;
	const json_t *changes; /* as raceway_model_diff() gives them */
	/* Not NULL: the state as a whole is another one, with these marks (raceway_store_marks()),
	 * and at least this sequence. */
	const json_t *marks;
	uint64_t sequence;
};

/* Opens or creates DIR/raceway.db (0600, the directory is made with 0700) and takes an exclusive
 * lock: a second daemon on the same state is refused by name. A file of an older schema is brought
 * up to this one in one transaction. A corrupt file, or one written by a newer version, is an
 * error that says so and is left untouched. */
int raceway_store_open(const char *dir, struct raceway_store **ret_store,
		       struct raceway_error *err);
void raceway_store_close(struct raceway_store *store);

/* Of this store alone, given when it was made, and kept whatever is restored into it; never 0. */
uint64_t raceway_store_id(const struct raceway_store *store);

/* The stored objects, and their marks. */
int raceway_store_load(struct raceway_store *store, struct raceway_model **ret_model,
		       struct raceway_error *err);
/* Writes the difference of the two in one transaction, with the marks and audit lines of what
 * `record` names (NULL: nothing that anybody needs to know; marks stay). When it returns 0 it is
 * on stable storage. On failure nothing has changed. */
int raceway_store_commit(struct raceway_store *store, const struct raceway_model *before,
			 const struct raceway_model *after, const struct raceway_record *record,
			 struct raceway_error *err);
/* Audit lines of what is no change of an object, in a transaction of their own. Not between a
 * commit and raceway_store_keep() or raceway_store_take_back(). */
int raceway_store_log(struct raceway_store *store, const struct raceway_record *record,
		      struct raceway_error *err);
/* Takes the last commit back, which was from `before` to `after`: objects, marks and audit are
 * what they were. */
int raceway_store_take_back(struct raceway_store *store, const struct raceway_model *before,
			    const struct raceway_model *after, struct raceway_error *err);
/* The last commit stays: what is needed to take it back is forgotten. */
void raceway_store_keep(struct raceway_store *store);

/* {"version": N, "changed": {"time": ns since 1970, "by": name}}, borrowed; "changed" is null
 * where that is not known. Versions are numbers of changes of the whole store, so that no object
 * ever has the version of another one that had its name. An object that nobody has changed has
 * version 0. Never NULL. */
const json_t *raceway_store_mark(const struct raceway_store *store, const char *kind,
				 const char *name);
uint64_t raceway_store_version(const struct raceway_store *store, const char *kind,
			       const char *name);
/* Borrowed: kind -> name -> mark, of all that have one. */
const json_t *raceway_store_marks(const struct raceway_store *store);
/* Number of the last change. */
uint64_t raceway_store_sequence(const struct raceway_store *store);

/* The last `limit` lines of the audit, the newest last, of all objects, those of a kind, or one
 * (kind, name may be NULL): an array of {"version", "time", "by", "source", "op", "kind",
 * "name", "field", "from", "to"}. The op of a whole state from elsewhere is "restore", before the
 * lines of what that changed. */
int raceway_store_audit(struct raceway_store *store, const char *kind, const char *name,
			uint64_t limit, json_t **ret_lines, struct raceway_error *err);

/* Beside the objects a note may stand, JSON of whoever leaves it. Borrowed, NULL: there is none.
 * It is loaded with the objects. */
const json_t *raceway_store_note(const struct raceway_store *store);
/* Written with the next commit, in its transaction; should that fail, it is for the caller to say
 * what the note is. NULL removes it. A reference is taken. */
void raceway_store_set_note(struct raceway_store *store, const json_t *note);

#endif
