/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who asks the API for something: a name, where from, and the roles that say what may be changed
 * (rights.h). Whoever takes a request fills it: the Unix socket by its peer's credentials, a link
 * with certificates by the certificate. */
#ifndef RACEWAY_API_CALLER_H
#define RACEWAY_API_CALLER_H

#include <stdbool.h>

/* The name of a role is what its group is called behind "raceway-", and what a certificate says. */
#define RACEWAY_USER_ROLES(X)                                                                      \
	X(READ, "read", "sees everything and changes nothing")                                     \
	X(SERVER, "server", "servers, profiles and what is in them, pools, templates")             \
	X(NETWORK, "network", "ports, segments, rates and what guards the network")                \
	X(STORAGE, "storage", "SANs, volumes, portals, and who sees them")                         \
	X(ADMIN, "admin", "everything")

enum raceway_user_role {
#define RACEWAY_USER_ROLE(id, name, help) RACEWAY_USER_##id,
	RACEWAY_USER_ROLES(RACEWAY_USER_ROLE)
#undef RACEWAY_USER_ROLE
		RACEWAY_USER_ROLE_COUNT,
};

#define RACEWAY_USER_BIT(role) (1U << (role))
/* Of every role: whoever has any may read. */
#define RACEWAY_USER_ALL ((1U << RACEWAY_USER_ROLE_COUNT) - 1)

enum raceway_caller_how {
	RACEWAY_BY_DAEMON,	/* the daemon itself */
	RACEWAY_BY_SOCKET,	/* groups give roles */
	RACEWAY_BY_CERTIFICATE, /* the certificate gives roles */
};

/* What gives a role at the Unix socket: a group's name, or its number. */
#define RACEWAY_GROUP_NAME 40
struct raceway_role_groups {
	char name[RACEWAY_USER_ROLE_COUNT][RACEWAY_GROUP_NAME];
	bool given; /* somebody has named groups: the rights are divided, whether they exist or not
		     */
};

struct raceway_caller {
	unsigned int roles; /* RACEWAY_USER_BIT()s; 0: may not even read */
	enum raceway_caller_how how;
	char name[64]; /* "bob", "uid 1000", a certificate's name, "daemon"; as audit tells it */
	char from[64]; /* "socket uid 1000", "tls 192.0.2.1:7471", "daemon" */
};

/* The daemon on its own account: may do all. */
extern const struct raceway_caller raceway_caller_daemon;

/* "server"; NULL: there is no such role. */
const char *raceway_user_role_name(enum raceway_user_role role);
/* -ENOENT if there is no role of that name. */
int raceway_user_role_find(const char *name, enum raceway_user_role *ret_role);

#endif
