/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's one loop: API, link events, namespaces, other nodes, signals. Idle, it sleeps, and
 * every 5 s sees whether the programs are still in place. */
#ifndef RACEWAY_DAEMON_LOOP_H
#define RACEWAY_DAEMON_LOOP_H

#include "api/http.h"
#include "node/node.h"

/* Runs until SIGTERM or SIGINT (0), or an error. `node` may be NULL. */
int raceway_loop_run(struct raceway_core *core, struct raceway_http *http,
		     struct raceway_node *node, struct raceway_error *err);
/* Blocks the signals that the loop takes; before anything that could make threads or wait. */
void raceway_loop_signals(void);

#endif
