/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of roles, and the caller that is the daemon itself. */
#include "api/caller.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

const struct raceway_caller raceway_caller_daemon = {
	.roles = RACEWAY_USER_ALL,
	.how = RACEWAY_BY_DAEMON,
	.name = "daemon",
	.from = "daemon",
};

static const char *const names[] = {
#define NAME(id, name, help) [RACEWAY_USER_##id] = name,
	RACEWAY_USER_ROLES(NAME)
#undef NAME
};

const char *raceway_user_role_name(enum raceway_user_role role)
{
	return role < RACEWAY_USER_ROLE_COUNT ? names[role] : NULL;
}

int raceway_user_role_find(const char *name, enum raceway_user_role *ret_role)
{
	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++) {
		if (strcmp(names[role], name) != 0)
			continue;
		*ret_role = role;
		return 0;
	}
	return -ENOENT;
}
