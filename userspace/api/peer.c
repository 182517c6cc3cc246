/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who is at the other end of the Unix socket. Names of groups are looked up anew each time, so
 * that a group that was just made counts at once; root, whom most calls come from, needs none. */
#include "api/peer.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/units.h"

#define PREFIX "raceway-"
#define GROUPS_FIRST 64
#define GROUP_TEXT 4096
#define GROUP_TEXT_MAX (16U << 20)
#define GID_MAX 4294967294ULL /* the one above means nobody's */

void raceway_role_groups_default(struct raceway_role_groups *groups)
{
	groups->given = false;
	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++)
		snprintf(groups->name[role], RACEWAY_GROUP_NAME, PREFIX "%s",
			 raceway_user_role_name(role));
}

static int take_pair(const char *pair, size_t length, struct raceway_role_groups *groups,
		     struct raceway_error *err)
{
	const char *equals = memchr(pair, '=', length);
	size_t role_length = equals ? (size_t)(equals - pair) : length;
	size_t group_length = equals ? length - role_length - 1 : 0;
	enum raceway_user_role role;
	char name[16];

	if (!equals || group_length == 0 || group_length >= RACEWAY_GROUP_NAME)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "role-group", "",
					 "%.*s is not ROLE=GROUP, as admin=wheel", (int)length,
					 pair);
	snprintf(name, sizeof(name), "%.*s", (int)role_length, pair);
	if (role_length >= sizeof(name) || raceway_user_role_find(name, &role) < 0)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "role-group", "",
					 "%.*s is no role; there are read, server, network, "
					 "storage, admin",
					 (int)role_length, pair);
	snprintf(groups->name[role], RACEWAY_GROUP_NAME, "%.*s", (int)group_length, equals + 1);
	return 0;
}

int raceway_role_groups_parse(const char *text, struct raceway_role_groups *groups,
			      struct raceway_error *err)
{
	struct raceway_role_groups parsed = *groups;

	for (;;) {
		size_t length = strcspn(text, ",");
		int r = take_pair(text, length, &parsed, err);

		if (r < 0)
			return r;
		text += length;
		if (*text++ == '\0')
			break;
	}
	parsed.given = true;
	*groups = parsed;
	return 0;
}

unsigned int raceway_peer_roles(uid_t uid, uid_t own, const gid_t *gids, size_t count,
				const struct raceway_role_gids *groups)
{
	unsigned int roles = RACEWAY_USER_BIT(RACEWAY_USER_READ);

	if (uid == 0 || uid == own || !groups->divided)
		return RACEWAY_USER_ALL;
	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++)
		for (size_t i = 0; i < count; i++)
			if (groups->exists[role] && gids[i] == groups->gid[role])
				roles |= RACEWAY_USER_BIT(role);
	return roles & RACEWAY_USER_BIT(RACEWAY_USER_ADMIN) ? RACEWAY_USER_ALL : roles;
}

/* *ret_exists false: the machine says that there is none. -errno: it does not say. */
static int find_group(const char *name, gid_t *ret_gid, bool *ret_exists)
{
	size_t size = GROUP_TEXT;
	RACEWAY_FREE char *text = NULL;
	struct group group, *found;
	uint64_t number;
	int code;

	if (isdigit((unsigned char)name[0]) && raceway_parse_u64(name, &number) == 0 &&
	    number <= GID_MAX) {
		*ret_gid = (gid_t)number;
		*ret_exists = true;
		return 0;
	}
	do {
		char *more = realloc(text, size);

		if (!more)
			return -ENOMEM;
		text = more;
		code = getgrnam_r(name, &group, text, size, &found);
		size *= 2; /* a group of many members */
	} while (code == ERANGE && size <= GROUP_TEXT_MAX);
	if (code != 0 && code != ENOENT && code != ESRCH)
		return -code;
	*ret_exists = code == 0 && found;
	if (*ret_exists)
		*ret_gid = group.gr_gid;
	return 0;
}

int raceway_peer_groups(const struct raceway_role_groups *groups, struct raceway_role_gids *ret)
{
	struct raceway_role_gids gids = { .divided = groups->given };

	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++) {
		int r = find_group(groups->name[role], &gids.gid[role], &gids.exists[role]);

		if (r < 0)
			return r;
		gids.divided |= gids.exists[role];
	}
	*ret = gids;
	return 0;
}

/* All groups of the peer with its first one; *ret_gids is malloc'd. */
static int peer_groups(int fd, gid_t first, gid_t **ret_gids, size_t *ret_count)
{
	socklen_t size = GROUPS_FIRST * sizeof(gid_t);
	RACEWAY_FREE gid_t *gids = malloc(size + sizeof(gid_t));

	if (!gids)
		return -ENOMEM;
	while (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, gids + 1, &size) < 0) {
		gid_t *more;

		if (errno != ERANGE)
			return -errno;
		more = realloc(gids, size + sizeof(gid_t)); /* size is what it takes */
		if (!more)
			return -ENOMEM;
		gids = more;
	}
	gids[0] = first;
	*ret_count = size / sizeof(gid_t) + 1;
	*ret_gids = RACEWAY_TAKE(gids);
	return 0;
}

/* Names go into JSON and onto terminals. */
static void make_plain(char *name)
{
	for (; *name; name++)
		if (*name <= ' ' || *name >= 0x7f)
			*name = '?';
}

int raceway_peer_caller(int fd, const struct raceway_role_groups *groups,
			struct raceway_caller *ret_caller)
{
	struct raceway_caller caller = { .how = RACEWAY_BY_SOCKET };
	struct raceway_role_gids role_gids = { 0 };
	const struct passwd *user;
	struct ucred peer;
	socklen_t size = sizeof(peer);
	RACEWAY_FREE gid_t *gids = NULL;
	size_t count = 0;
	int r;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	if (peer.uid != 0 && peer.uid != geteuid()) {
		r = peer_groups(fd, peer.gid, &gids, &count);
		if (r < 0)
			return r;
		r = raceway_peer_groups(groups, &role_gids);
		if (r < 0)
			return r;
	}
	caller.roles = raceway_peer_roles(peer.uid, geteuid(), gids, count, &role_gids);
	user = getpwuid(peer.uid);
	snprintf(caller.name, sizeof(caller.name), "%s", user ? user->pw_name : "");
	make_plain(caller.name);
	if (!user)
		snprintf(caller.name, sizeof(caller.name), "uid %u", peer.uid);
	snprintf(caller.from, sizeof(caller.from), "socket uid %u", peer.uid);
	*ret_caller = caller;
	return 0;
}
