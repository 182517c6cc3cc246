/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A round of a worker: submit, wait, complete, expire, run what was called, run whose turn it is,
 * run what was put off. */
#include "vhba/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define RING_ENTRIES 1024
#define COMPLETIONS 64
/* A timer of a rate is late by this at most, where the default would be 50 us. */
#define TIMER_SLACK_NS 1000UL

struct queue {
	struct raceway_call *first, **end;
};

struct raceway_worker {
	unsigned int number;
	struct io_uring ring;
	pthread_t thread;
	uint64_t now_ns;
	struct raceway_heap timers;
	struct queue turns, later;
	uint64_t spent; /* bytes of this round */
	bool stop;	/* the worker's own */
	struct raceway_call stopping;

	int eventfd;
	uint64_t woken;
	struct raceway_wait wake;
	pthread_mutex_t lock; /* of `calls` */
	struct queue calls;
};

static void put(struct queue *queue, struct raceway_call *call)
{
	call->next = NULL;
	*queue->end = call;
	queue->end = &call->next;
}

static void empty(struct queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void run_all(struct raceway_worker *worker, struct raceway_call *call)
{
	while (call) {
		struct raceway_call *next = call->next;

		call->run(call, worker);
		call = next;
	}
}

uint64_t raceway_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t raceway_worker_now(const struct raceway_worker *worker)
{
	return worker->now_ns;
}

unsigned int raceway_worker_number(const struct raceway_worker *worker)
{
	return worker->number;
}

struct io_uring_sqe *raceway_worker_sqe(struct raceway_worker *worker, struct raceway_wait *wait)
{
	struct io_uring_sqe *sqe;

	/* A submission empties the ring, unless the kernel is short of memory. */
	while (!(sqe = io_uring_get_sqe(&worker->ring)))
		io_uring_submit(&worker->ring);
	io_uring_sqe_set_data(sqe, wait);
	return sqe;
}

int raceway_timer_set(struct raceway_worker *worker, struct raceway_timer *timer, uint64_t at_ns)
{
	int err = raceway_heap_reserve(&worker->timers, worker->timers.count + 1);

	if (!err)
		raceway_heap_put(&worker->timers, &timer->node, at_ns);
	return err;
}

void raceway_timer_clear(struct raceway_worker *worker, struct raceway_timer *timer)
{
	raceway_heap_remove(&worker->timers, &timer->node);
	timer->at_ns = 0;
}

static void expire(struct raceway_worker *worker)
{
	struct raceway_heap_node *first;

	while ((first = raceway_heap_first(&worker->timers)) && first->key <= worker->now_ns) {
		struct raceway_timer *timer =
			(struct raceway_timer *)((char *)first -
						 offsetof(struct raceway_timer, node));

		raceway_timer_clear(worker, timer);
		timer->expired(timer);
	}
}

void raceway_worker_later(struct raceway_worker *worker, struct raceway_call *call)
{
	put(&worker->later, call);
}

void raceway_worker_spend(struct raceway_worker *worker, uint64_t bytes)
{
	worker->spent += bytes;
}

bool raceway_worker_is_busy(const struct raceway_worker *worker)
{
	return worker->spent >= RACEWAY_ROUND_BYTES || worker->turns.first;
}

void raceway_worker_turn(struct raceway_worker *worker, struct raceway_call *call)
{
	put(&worker->turns, call);
}

static void run_turns(struct raceway_worker *worker)
{
	struct raceway_call *call;

	while ((call = worker->turns.first)) {
		worker->turns.first = call->next;
		if (!call->next)
			empty(&worker->turns);
		call->run(call, worker);
		if (worker->spent >= RACEWAY_ROUND_BYTES)
			return;
	}
}

void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call)
{
	const uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&worker->lock);
	first = !worker->calls.first;
	put(&worker->calls, call);
	pthread_mutex_unlock(&worker->lock);
	/* An eventfd's counter cannot be full of ones. */
	if (first && write(worker->eventfd, &one, sizeof(one)) < 0)
		abort();
}

static void listen_for_calls(struct raceway_worker *worker)
{
	io_uring_prep_read(raceway_worker_sqe(worker, &worker->wake), worker->eventfd,
			   &worker->woken, sizeof(worker->woken), 0);
}

static void woken(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct raceway_worker *worker =
		(struct raceway_worker *)((char *)wait - offsetof(struct raceway_worker, wake));
	struct raceway_call *call;

	pthread_mutex_lock(&worker->lock);
	call = worker->calls.first;
	empty(&worker->calls);
	pthread_mutex_unlock(&worker->lock);
	listen_for_calls(worker);
	run_all(worker, call);
}

static void submit_and_wait(struct raceway_worker *worker)
{
	struct __kernel_timespec timeout, *until = NULL;
	const struct raceway_heap_node *first = raceway_heap_first(&worker->timers);
	struct io_uring_cqe *cqe;

	if (first || worker->turns.first) {
		uint64_t now = raceway_clock_ns(), left = 0;

		if (!worker->turns.first && first->key > now)
			left = first->key - now;

		timeout.tv_sec = (int64_t)(left / 1000000000ULL);
		timeout.tv_nsec = (long long)(left % 1000000000ULL);
		until = &timeout;
	}
	/* Its errors (a signal, the time, a lack of memory) are all met by the next round. */
	io_uring_submit_and_wait_timeout(&worker->ring, &cqe, 1, until, NULL);
}

static void *run(void *context)
{
	struct raceway_worker *worker = context;
	struct io_uring_cqe *cqes[COMPLETIONS];
	struct raceway_call *last;

	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	/* From here on the ring is this thread's alone. (The library's own function for that is
	 * not exported by liburing 2.3.) */
	if (io_uring_register((unsigned int)worker->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS,
			      NULL, 0))
		abort();
	listen_for_calls(worker);
	while (!worker->stop) {
		struct raceway_call *later;
		unsigned int count;

		submit_and_wait(worker);
		worker->now_ns = raceway_clock_ns();
		worker->spent = 0;
		while ((count = io_uring_peek_batch_cqe(&worker->ring, cqes, COMPLETIONS)) > 0) {
			for (unsigned int i = 0; i < count; i++) {
				struct raceway_wait *wait = io_uring_cqe_get_data(cqes[i]);
				int result = cqes[i]->res;
				uint32_t flags = cqes[i]->flags;

				if (wait)
					wait->complete(wait, result, flags);
			}
			io_uring_cq_advance(&worker->ring, count);
		}
		expire(worker);
		run_turns(worker);
		while ((later = worker->later.first)) {
			empty(&worker->later);
			run_all(worker, later);
		}
	}
	/* What waits for its turn has been aborted, and is to learn of it. */
	last = worker->turns.first;
	empty(&worker->turns);
	run_all(worker, last);
	return NULL;
}

static void stop(struct raceway_call *call, struct raceway_worker *worker)
{
	worker->stop = true;
}

/* One thread submits, and completions are gathered when it waits: since kernel 6.1. */
static int make_ring(struct io_uring *ring)
{
	const unsigned int flags = IORING_SETUP_COOP_TASKRUN | IORING_SETUP_R_DISABLED;
	int err = io_uring_queue_init(RING_ENTRIES, ring,
				      IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
					      IORING_SETUP_R_DISABLED);

	return err == -EINVAL ? io_uring_queue_init(RING_ENTRIES, ring, flags) : err;
}

int raceway_worker_start(unsigned int number, struct raceway_worker **ret_worker)
{
	struct raceway_worker *worker = calloc(1, sizeof(*worker));
	int err;

	if (!worker)
		return -ENOMEM;
	worker->number = number;
	worker->wake.complete = woken;
	worker->stopping.run = stop;
	worker->now_ns = raceway_clock_ns();
	empty(&worker->turns);
	empty(&worker->later);
	empty(&worker->calls);
	pthread_mutex_init(&worker->lock, NULL);
	worker->eventfd = eventfd(0, EFD_CLOEXEC);
	if (worker->eventfd < 0) {
		err = -errno;
		goto free_worker;
	}
	err = make_ring(&worker->ring);
	if (err < 0)
		goto close_eventfd;
	err = -pthread_create(&worker->thread, NULL, run, worker);
	if (err < 0)
		goto exit_ring;
	*ret_worker = worker;
	return 0;

exit_ring:
	io_uring_queue_exit(&worker->ring);
close_eventfd:
	close(worker->eventfd);
free_worker:
	pthread_mutex_destroy(&worker->lock);
	free(worker);
	return err;
}

void raceway_worker_stop(struct raceway_worker *worker)
{
	raceway_worker_call(worker, &worker->stopping);
	pthread_join(worker->thread, NULL);
	io_uring_queue_exit(&worker->ring);
	close(worker->eventfd);
	pthread_mutex_destroy(&worker->lock);
	raceway_heap_free(&worker->timers);
	free(worker);
}
