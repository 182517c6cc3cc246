/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control socket (protocol.h): frames in and out, one peer at a time, and the main thread's
 * loop around it. */
#ifndef RACEWAY_VHBA_CONTROL_H
#define RACEWAY_VHBA_CONTROL_H

#include <jansson.h>

#include "util/error.h"
#include "vhba/events.h"

#define RACEWAY_CONTROL_FDS 8 /* that can wait for the frames they belong to */

/* Descriptors that came with the frames, oldest first. A request takes what it needs. */
struct raceway_control_fds {
	int fds[RACEWAY_CONTROL_FDS];
	int count;
};

struct raceway_control;
struct raceway_control_ops {
	/* Answers one request: a new object, {"id": ..., ...}. */
	json_t *(*request)(void *context, const json_t *request, struct raceway_control_fds *fds);
	/* An event is on its way out. */
	void (*event)(void *context, const json_t *event);
	/* Every few seconds. */
	void (*tick)(void *context);
	void *context;
};

/* The socket in `run_dir`, 0600 from its first moment; REFUSED if somebody answers there. 0 or an
 * error. */
int raceway_control_socket(const char *run_dir, int *ret_fd, struct raceway_error *err);
/* Takes over the socket. 0 or -errno. */
int raceway_control_open(int fd, struct raceway_events *events,
			 const struct raceway_control_ops *ops,
			 struct raceway_control **ret_control);
/* Until a signal of `signals` (a signalfd) comes. 0 or -errno. */
int raceway_control_run(struct raceway_control *control, int signals);
void raceway_control_close(struct raceway_control *control);

/* The oldest descriptor, now the caller's, or -1. */
int raceway_control_take_fd(struct raceway_control_fds *fds);

#endif
