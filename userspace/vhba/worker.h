/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Threads that wait: each has one io_uring for sockets, files and timers. What is begun on a
 * worker ends on it, so that what belongs to one worker needs no lock.
 *
 * Only raceway_worker_call() may be used from another thread. */
#ifndef RACEWAY_VHBA_WORKER_H
#define RACEWAY_VHBA_WORKER_H

#include <liburing.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/heap.h"

struct raceway_worker;

/* The user data of a submission: embedded in what waits for it. Must live until complete(),
 * for IORING_OP_*_MULTISHOT until a completion without IORING_CQE_F_MORE. */
struct raceway_wait {
	/* `result` and `flags` are the completion's (io_uring_enter(2)). */
	void (*complete)(struct raceway_wait *wait, int result, uint32_t flags);
};

/* Runs once. Embedded, the caller's until run() is called. */
struct raceway_call {
	void (*run)(struct raceway_call *call, struct raceway_worker *worker);
	struct raceway_call *next;
};

struct raceway_timer {
	void (*expired)(struct raceway_timer *timer);
	union {
		uint64_t at_ns; /* 0: not set */
		struct raceway_heap_node node;
	};
};

/* `number` counts the workers from 0. 0 or -errno. */
int raceway_worker_start(unsigned int number, struct raceway_worker **ret_worker);
/* Ends the thread when what was called before has run; what waits for a completion is cancelled
 * by closing the ring. */
void raceway_worker_stop(struct raceway_worker *worker);
unsigned int raceway_worker_number(const struct raceway_worker *worker);

/* An entry to fill in (io_uring_prep_*); never NULL, submits the full ring if it must. The wait
 * is set already. It leaves with all others of this round. */
struct io_uring_sqe *raceway_worker_sqe(struct raceway_worker *worker, struct raceway_wait *wait);
/* CLOCK_MONOTONIC in ns, now. Any thread. */
uint64_t raceway_clock_ns(void);
/* The same, read once per round. */
uint64_t raceway_worker_now(const struct raceway_worker *worker);
/* Sets or moves; expired() at `at_ns` or soon after. -ENOMEM. */
int raceway_timer_set(struct raceway_worker *worker, struct raceway_timer *timer, uint64_t at_ns);
void raceway_timer_clear(struct raceway_worker *worker, struct raceway_timer *timer);
/* From any thread: run() on the worker, in the order of the calls of one thread. */
void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call);
/* A round moves so many bytes of disks, and one operation; then the worker looks for what else has
 * come, so that who wants little does not wait long for those who want much. */
#define RACEWAY_ROUND_BYTES (4U << 20)
/* An operation of so many bytes begins in this round. */
void raceway_worker_spend(struct raceway_worker *worker, uint64_t bytes);
/* Whether more is to wait for its turn: the round is full, or others wait already. */
bool raceway_worker_is_busy(const struct raceway_worker *worker);
/* In its turn, in this round or a later one: in the order of the calls, while the round is not
 * full, and one at least. On the worker itself. */
void raceway_worker_turn(struct raceway_worker *worker, struct raceway_call *call);
/* Once before the worker sleeps or looks for new completions: to send what was gathered in this
 * round as one. On the worker itself. Runs in the order of the calls. */
void raceway_worker_later(struct raceway_worker *worker, struct raceway_call *call);

#endif
