/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is at the other end of the API's Unix socket: user by the kernel's word, roles by groups. */
#ifndef RACEWAY_API_PEER_H
#define RACEWAY_API_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "api/caller.h"
#include "util/error.h"

/* The groups of the machine that give roles. */
struct raceway_role_gids {
	bool divided; /* at least one exists, or somebody has named them */
	bool exists[RACEWAY_USER_ROLE_COUNT];
	gid_t gid[RACEWAY_USER_ROLE_COUNT];
};

/* raceway-admin, raceway-server and so on. */
void raceway_role_groups_default(struct raceway_role_groups *groups);
/* "admin=ops,network=20003": changes the roles that it names. Unchanged on failure (INVALID). */
int raceway_role_groups_parse(const char *text, struct raceway_role_groups *groups,
			      struct raceway_error *err);

/* Looks the groups up. -errno if the machine does not say whether one exists: *ret is untouched. */
int raceway_peer_groups(const struct raceway_role_groups *groups, struct raceway_role_gids *ret);

/* The roles of a user. uid 0 and `own` may do all. Whoever is in none of the groups may read; if
 * nobody has divided the rights, everybody may do all. Pure. */
unsigned int raceway_peer_roles(uid_t uid, uid_t own, const gid_t *gids, size_t count,
				const struct raceway_role_gids *groups);

/* Who is at the other end of a connected Unix socket, by SO_PEERCRED and SO_PEERGROUPS (both as
 * they were when it connected). -errno if the kernel does not tell, or groups cannot be looked up:
 * that is not the same as that there are none. */
int raceway_peer_caller(int fd, const struct raceway_role_groups *groups,
			struct raceway_caller *ret_caller);

#endif
