/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which role may change what: one table of kinds and their words, judged by the difference that a
 * change makes, so that a document, a single command and an action are all judged the same. */
#ifndef RACEWAY_API_RIGHTS_H
#define RACEWAY_API_RIGHTS_H

#include <jansson.h>

#include "api/caller.h"
#include "model/model.h"

struct raceway_right {
	const char *kind;
	const char *words; /* separated by spaces; NULL: to add, to delete, and every other word */
	enum raceway_user_role role;
};

extern const struct raceway_right raceway_rights[];
extern const size_t raceway_right_count;

/* The role that one change of an object asks for; field NULL: to add or delete it. A kind that the
 * table does not name is the administrators'. */
enum raceway_user_role raceway_rights_role(const char *kind, const char *field);

/* 0 if the caller may make all of the changes (an array as raceway_model_diff() gives it), else
 * -EPERM (FORBIDDEN) with the first that is not the caller's. To add an object with a word that
 * needs another role needs both. `groups` (may be NULL) for the message, which says how to get
 * the role. Pure. */
int raceway_rights_judge(const struct raceway_caller *caller,
			 const struct raceway_role_groups *groups, const json_t *changes,
			 struct raceway_error *err);
/* The same for what is no change of an object: `doing` ("restoring a backup") needs `role`. */
int raceway_rights_need(const struct raceway_caller *caller,
			const struct raceway_role_groups *groups, enum raceway_user_role role,
			const char *doing, struct raceway_error *err);

#endif
