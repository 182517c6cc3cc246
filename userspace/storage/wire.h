/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One connection to the storage engine, as racewayd uses it: requests with an answer within a
 * bounded time, events between them. The frames are those of userspace/vhba/protocol.h. */
#ifndef RACEWAY_STORAGE_WIRE_H
#define RACEWAY_STORAGE_WIRE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/frames.h"

/* An engine that is well answers in well under a millisecond, a long configuration in some 100. */
#define RACEWAY_WIRE_MS 2000

struct raceway_wire {
	int fd;		 /* -1: not connected */
	unsigned int ms; /* for connecting, and for one call */
	json_int_t last_id;
	struct raceway_frames in;
	json_t *events; /* that were read and not taken */
};

/* Not connected. */
void raceway_wire_init(struct raceway_wire *wire);
/* 0 or -errno: -ECONNREFUSED, -ENOENT: nobody is there; -EAGAIN: somebody who does not accept. */
int raceway_wire_connect(struct raceway_wire *wire, const char *path);
/* Events that were read are gone too. */
void raceway_wire_close(struct raceway_wire *wire);

/* One request and its answer, a new reference (`ret_answer` may be NULL). Takes over `request`,
 * an object without "op" and "id". `fds` are passed along and stay the caller's. If the engine
 * refuses, *err has its words and `object` (NULL: the engine's own) and the connection stays; if
 * it does not answer in time, or with nonsense, the fault is SYSTEM and the connection is closed.
 */
int raceway_wire_call(struct raceway_wire *wire, const char *op, const char *object,
		      json_t *request, const int *fds, size_t fd_count, json_t **ret_answer,
		      struct raceway_error *err);

/* Reads what has come, without waiting. 0, or -errno: the connection is of no use any more, but
 * the events that came before are still there. */
int raceway_wire_receive(struct raceway_wire *wire);
/* Why it was lost, for people. */
const char *raceway_wire_why(int err);
/* The oldest event, a new reference; NULL: none. */
json_t *raceway_wire_event(struct raceway_wire *wire);

#endif
