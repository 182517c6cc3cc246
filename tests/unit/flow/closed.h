/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Initiators that send the next command a moment after an answer, on one worker in simulated time
 * and a store that is as quick as memory. */
#ifndef RACEWAY_TESTS_FLOW_CLOSED_H
#define RACEWAY_TESTS_FLOW_CLOSED_H

#include "simulated.h"
#include "vhba/flow.h"

#define CLOSED_JOBS_MOST 64
#define CLOSED_MOST 4
#define CLOSED_THINK_NS 20000ULL

struct closed;
struct closed_job {
	struct raceway_task task;
	struct raceway_timer think;
	struct closed *of;
	uint64_t due_ns;
};

struct closed {
	struct raceway_rates rates;
	struct raceway_claim claim;
	struct raceway_flow flow;
	struct raceway_nexus *nexus;
	struct closed_job jobs[CLOSED_JOBS_MOST];
	int depth;
	uint32_t bytes;
	/* Commands, and the longest from when one was to come to its answer. */
	uint64_t served, longest_ns;
};

extern struct closed closed[CLOSED_MOST];
extern size_t closed_count;

/* Before all others: a store, and an arbiter before it. */
void closed_begin(void);
/* An initiator of `depth` commands of `bytes` each, behind the arbiter or not. */
struct closed *closed_add(const struct raceway_limits_config *limits, int depth, uint32_t bytes,
			  bool bounded);
/* Sends the first commands of all, and lets time pass. */
void closed_run(uint64_t ns);
/* ... and more time. */
void closed_go_on(uint64_t ns);

#endif
