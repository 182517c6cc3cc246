/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may use a SAN's store next, when it is the bottleneck: only so many operations are at the
 * store, the others wait here. First goes who is within what is guaranteed to it, the longest due
 * first; what is left is shared by weight (start-time fair queueing over bytes, with an overhead
 * for each operation).
 *
 * Who waits are flows, the sessions of vHBAs; a claim is a vHBA's right, for all of its flows. A
 * store that keeps up costs one atomic addition and one subtraction per operation. */
#ifndef RACEWAY_VHBA_ARBITER_H
#define RACEWAY_VHBA_ARBITER_H

#include <pthread.h>
#include <stdbool.h>

#include "scsi/task.h"
#include "util/heap.h"
#include "vhba/rates.h"
#include "vhba/worker.h"

#define RACEWAY_ARBITER_DEPTH 32 /* operations at a store */

struct raceway_arbiter {
	unsigned int depth;
	unsigned int outstanding;  /* atomic; at most `depth` */
	unsigned int waiting;	   /* claims; atomic */
	unsigned int holds;	   /* atomic */
	pthread_mutex_t lock;	   /* of all that follows, and of what claims and flows say so */
	struct raceway_heap fair;  /* of claims that wait, by their start in virtual time */
	struct raceway_heap green; /* those with a guarantee, by when they are due */
	uint64_t clock;		   /* virtual time: the start of what was let in last */
	size_t claims;
};

struct raceway_claim {
	struct raceway_arbiter *arbiter; /* held; NULL: there is no bottleneck */
	struct raceway_rates *rates;
	uint32_t weight; /* atomic */
	/* Under the arbiter's lock. */
	struct raceway_heap_node fair, green;
	uint64_t finish;
	struct raceway_flow *first, **end; /* flows that wait, in turn */
};

struct raceway_tasks {
	struct raceway_task *first, **end;
};

/* A session's place in between. */
struct raceway_flow {
	struct raceway_claim *claim;
	struct raceway_worker *worker;
	/* Brings tasks to the device server, each on the flow's worker. */
	void (*run)(struct raceway_flow *flow, struct raceway_task *task);
	void (*gone)(struct raceway_flow *flow); /* the last hold is */
	unsigned int holds;			 /* atomic */

	/* The worker's: tasks that wait for their rate. */
	struct raceway_tasks paced;
	struct raceway_timer timer;
	struct raceway_call turn; /* the first of them waits for the worker's turn, too */
	bool turning;
	size_t held;	 /* in all queues */
	size_t barriers; /* ordered tasks among them */

	/* Under the arbiter's lock: tasks that wait for the store, and those that have a place. */
	struct raceway_tasks ready, granted;
	struct raceway_flow *next;
	bool waits; /* it is in the claim's list */
	bool called;
	struct raceway_call call;
};

/* 0 or -ENOMEM. */
int raceway_arbiter_new(unsigned int depth, struct raceway_arbiter **ret_arbiter);
struct raceway_arbiter *raceway_arbiter_hold(struct raceway_arbiter *arbiter);
void raceway_arbiter_put(struct raceway_arbiter *arbiter);

/* A claim on `arbiter` (which may be NULL). 0 or -ENOMEM. */
int raceway_claim_init(struct raceway_claim *claim, struct raceway_arbiter *arbiter,
		       struct raceway_rates *rates);
/* No flow has it any more. */
void raceway_claim_free(struct raceway_claim *claim);

/* True: the task may go to the store at once, and has its place there. */
bool raceway_arbiter_enter(struct raceway_claim *claim, const struct raceway_task *task,
			   uint64_t now_ns);
/* Lets the task wait: flow->run() gets it in its turn. On the flow's worker. */
void raceway_arbiter_wait(struct raceway_flow *flow, struct raceway_task *task);
/* A task is done at the store, or gives its place back. Any worker. */
void raceway_arbiter_leave(struct raceway_claim *claim, uint64_t now_ns);
/* Takes back a task that waits or has a place and did not run. On the flow's worker. */
void raceway_arbiter_cancel(struct raceway_flow *flow, struct raceway_task *task);

void raceway_tasks_init(struct raceway_tasks *tasks);
void raceway_tasks_put(struct raceway_tasks *tasks, struct raceway_task *task);
/* The first, or NULL. */
struct raceway_task *raceway_tasks_take(struct raceway_tasks *tasks);
/* False: it is not in there. */
bool raceway_tasks_remove(struct raceway_tasks *tasks, struct raceway_task *task);

#endif
