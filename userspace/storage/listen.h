/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The listening sockets of portals: made here, in the portal's namespace, and handed to the
 * engine. They stay open here too, so that initiators wait for a new engine and are not refused. */
#ifndef RACEWAY_STORAGE_LISTEN_H
#define RACEWAY_STORAGE_LISTEN_H

#include <sys/types.h>

#include "model/storage.h"
#include "storage/wire.h"

struct raceway_listener {
	char name[64], address[RACEWAY_ADDRESS_TEXT];
	char netns[64]; /* "": the daemon's own */
	int fd;		/* -1: not ours to hand on, or not made yet */
	int netlink;	/* beside it, of its namespace; -1: own */
	dev_t ns_dev;
	ino_t ns_ino;
	bool given;    /* the engine has it */
	bool failed;   /* it could not be made before */
	char why[320]; /* it does not listen, "" if it does */
};

struct raceway_listeners {
	struct raceway_listener *list; /* by name */
	size_t count;
};

void raceway_listeners_close(struct raceway_listeners *listeners);
/* As the model's portals are; sockets that stay right stay open. 0 or -ENOMEM. */
int raceway_listeners_sync(struct raceway_listeners *listeners, const struct raceway_model *model);
/* True if the namespace of a portal is another one by now, or gone: its socket is closed. */
bool raceway_listeners_look(struct raceway_listeners *listeners);
/* The engine has no socket of ours any more. */
void raceway_listeners_forget(struct raceway_listeners *listeners);
/* The engine has a socket of this portal already, in the namespace with the cookie `netns`
 * (SO_NETNS_COOKIE; 0: it does not say). False if that is not where the portal is: the engine is to
 * let go of it. */
bool raceway_listeners_given(struct raceway_listeners *listeners, const char *name, uint64_t netns);
/* Makes what is missing and gives it to the engine. What cannot be is said in `why`; the first
 * that never could, of a portal that is new or elsewhere by now, is the error. 0 or negative; the
 * wire's own failures end it. */
int raceway_listeners_give(struct raceway_listeners *listeners, struct raceway_wire *wire,
			   struct raceway_error *err);
/* Whether the engine has not got the socket of some portal. */
bool raceway_listeners_missing(const struct raceway_listeners *listeners);
/* NULL if there is none. */
const struct raceway_listener *raceway_listeners_find(const struct raceway_listeners *listeners,
						      const char *name);

#endif
