/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Portals: listening sockets that racewayd made, in whatever network namespace. Connections are
 * accepted on the first worker and spread over all. */
#ifndef RACEWAY_VHBA_PORTAL_H
#define RACEWAY_VHBA_PORTAL_H

#include "util/error.h"
#include "vhba/engine.h"

/* The portals become those of `config`: who is new waits for its socket, who is gone stops to
 * listen. Main thread. `problems` gets what has no memory. */
void raceway_portal_configure(struct raceway_engine *engine, const struct raceway_config *config,
			      json_t *problems);
/* Takes over a listening socket and, unless -1, a NETLINK_ROUTE socket of its namespace, also on
 * failure. Main thread. */
int raceway_portal_listen(struct raceway_engine *engine, const char *name, int fd, int netlink,
			  struct raceway_error *err);
/* Frees all when no worker runs any more. */
void raceway_portal_free_all(struct raceway_engine *engine);

#endif
