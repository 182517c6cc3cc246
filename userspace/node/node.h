/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Links between nodes: a director listens for its servers, a server dials its director. Without
 * threads, in the daemon's loop: wait on raceway_node_fd(), call raceway_node_run() when it is
 * readable, and raceway_node_turn() each time around, after everything else. */
#ifndef RACEWAY_NODE_NODE_H
#define RACEWAY_NODE_NODE_H

#include "api/core.h"

#define RACEWAY_NODE_PORT 7471

struct raceway_node;

struct raceway_node_options {
	const char *state_dir;
	const char *listen;   /* a director's ADDRESS[:PORT]; NULL or "": servers are not served */
	const char *director; /* a server's ADDRESS[:PORT]; NULL or "": as when it was enrolled */
	const char *token_file; /* NULL or "": it is enrolled already */
};

/* *ret_node is NULL for a standalone node. The core must outlive it; its `nodes` and `agents` are
 * ours. */
int raceway_node_open(struct raceway_core *core, const struct raceway_node_options *options,
		      struct raceway_node **ret_node, struct raceway_error *err);
void raceway_node_close(struct raceway_node *node);
/* To wait on; -1 without a node. */
int raceway_node_fd(const struct raceway_node *node);
void raceway_node_run(struct raceway_node *node);
/* Sends what has changed, answers, dials; ends what takes too long. */
void raceway_node_turn(struct raceway_node *node);
/* The core tells that something happened. */
void raceway_node_event(struct raceway_node *node, const char *event);

#endif
