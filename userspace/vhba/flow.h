/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a session's tasks to the device server: by the rates of their vHBA, then by the
 * store's arbiter. In order, as far as the initiator can tell (SAM-5 8): tasks that touch no
 * blocks pass those that wait, but for ordered tasks and what follows them. */
#ifndef RACEWAY_VHBA_FLOW_H
#define RACEWAY_VHBA_FLOW_H

#include "vhba/arbiter.h"

/* Of struct raceway_task, serve.state. */
enum raceway_task_state {
	RACEWAY_TASK_FREE,    /* of no place at the store */
	RACEWAY_TASK_PACED,   /* waits for its rate */
	RACEWAY_TASK_READY,   /* waits for the store */
	RACEWAY_TASK_GRANTED, /* has a place at the store, will run in a moment */
	RACEWAY_TASK_PLACED,  /* runs, with a place at the store */
};

static inline void raceway_flow_state(struct raceway_task *task, enum raceway_task_state state)
{
	task->serve.state = (uint8_t)state;
}

/* `run` brings a task to the device server, `gone` is called when the last hold is. Begins with
 * one hold. */
void raceway_flow_init(struct raceway_flow *flow, struct raceway_claim *claim,
		       struct raceway_worker *worker,
		       void (*run)(struct raceway_flow *flow, struct raceway_task *task),
		       void (*gone)(struct raceway_flow *flow));
void raceway_flow_hold(struct raceway_flow *flow);
void raceway_flow_put(struct raceway_flow *flow);
/* All of the following on the flow's worker. */

/* Takes a task whose `serve` says what it costs. False: it may run at once, which is the caller's
 * to do. True: it waits, run() follows. */
bool raceway_flow_enter(struct raceway_flow *flow, struct raceway_task *task);
/* The task has run. */
void raceway_flow_leave(struct raceway_flow *flow, struct raceway_task *task);
/* Takes back a task that waits. */
void raceway_flow_cancel(struct raceway_flow *flow, struct raceway_task *task);
/* The rates have changed. */
void raceway_flow_look(struct raceway_flow *flow);

#endif
