/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of hosts by their names, without keeping a worker waiting for a name server. */
#ifndef RACEWAY_VHBA_RESOLVE_H
#define RACEWAY_VHBA_RESOLVE_H

#include <stdbool.h>

#include "vhba/worker.h"

#define RACEWAY_RESOLVED_MAX 64 /* "[IPv6%scope]:PORT" */

struct raceway_resolve;

/* Whether `portal`, HOST or HOST:PORT, has an address as its host already. */
bool raceway_resolve_is_address(const char *portal);
/* Asks for the address of `portal`, of several the `turn`-th, round and round. found() follows on
 * `worker`, the caller's thread, with IP:PORT or [IPv6]:PORT, or with NULL and why. 0 or -errno. */
int raceway_resolve_start(const char *portal, unsigned int turn, struct raceway_worker *worker,
			  void (*found)(void *context, const char *address, const char *why),
			  void *context, struct raceway_resolve **ret_resolve);
/* Nobody wants to know any more: found() is not called. On the worker, before found(). */
void raceway_resolve_cancel(struct raceway_resolve *resolve);

#endif
