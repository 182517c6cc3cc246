/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A worker whose time is simulated: it stands still while calls run, and goes on to the next
 * timer. Takes the place of vhba/worker.c in this binary. */
#include "simulated.h"

#include <criterion/criterion.h>

struct raceway_worker {
	unsigned int number;
};

static struct raceway_worker workers[4];
static struct raceway_heap timers;
static struct raceway_call *calls, **calls_end = &calls;
static struct raceway_worker *called[4096];
static uint64_t now_ns = 1000000000ULL;

struct raceway_worker *simulated_worker(unsigned int number)
{
	workers[number].number = number;
	return &workers[number];
}

uint64_t raceway_clock_ns(void)
{
	return now_ns;
}

uint64_t raceway_worker_now(const struct raceway_worker *worker)
{
	return now_ns;
}

unsigned int raceway_worker_number(const struct raceway_worker *worker)
{
	return worker->number;
}

int raceway_timer_set(struct raceway_worker *worker, struct raceway_timer *timer, uint64_t at_ns)
{
	cr_assert_eq(raceway_heap_reserve(&timers, timers.count + 1), 0);
	raceway_heap_put(&timers, &timer->node, at_ns);
	return 0;
}

void raceway_timer_clear(struct raceway_worker *worker, struct raceway_timer *timer)
{
	raceway_heap_remove(&timers, &timer->node);
	timer->at_ns = 0;
}

static size_t first_called, last_called;

void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call)
{
	call->next = NULL;
	*calls_end = call;
	calls_end = &call->next;
	called[last_called++ % 4096] = worker;
	cr_assert_leq(last_called - first_called, 4096);
}

void raceway_worker_later(struct raceway_worker *worker, struct raceway_call *call)
{
	raceway_worker_call(worker, call);
}

static void run_calls(void)
{
	while (calls) {
		struct raceway_call *call = calls;

		calls = call->next;
		if (!calls)
			calls_end = &calls;
		call->run(call, called[first_called++ % 4096]);
	}
}

static struct raceway_call *turns, **turns_end = &turns;
static uint64_t spent, ns_per_mib;
static uint64_t stall_every_ns, stall_for_ns, next_stall_ns;

void raceway_worker_spend(struct raceway_worker *worker, uint64_t bytes)
{
	spent += bytes;
}

bool raceway_worker_is_busy(const struct raceway_worker *worker)
{
	return spent >= RACEWAY_ROUND_BYTES || turns;
}

void raceway_worker_turn(struct raceway_worker *worker, struct raceway_call *call)
{
	call->next = NULL;
	*turns_end = call;
	turns_end = &call->next;
}

static void run_turns(void)
{
	while (turns) {
		struct raceway_call *call = turns;

		turns = call->next;
		if (!turns)
			turns_end = &turns;
		call->run(call, &workers[0]);
		if (spent >= RACEWAY_ROUND_BYTES)
			return;
	}
}

void simulated_cost(uint64_t ns)
{
	ns_per_mib = ns;
}

void simulated_stalls(uint64_t every_ns, uint64_t for_ns)
{
	stall_every_ns = every_ns;
	stall_for_ns = for_ns;
	next_stall_ns = now_ns + every_ns / 2;
}

/* The worker is not there for a while. */
static void stall(void)
{
	if (!stall_every_ns || now_ns < next_stall_ns)
		return;
	now_ns += stall_for_ns;
	next_stall_ns += stall_every_ns;
}

static void expire(struct raceway_heap_node *node)
{
	struct raceway_timer *timer =
		(struct raceway_timer *)((char *)node - offsetof(struct raceway_timer, node));

	raceway_timer_clear(&workers[0], timer);
	timer->expired(timer);
	run_calls();
}

/* One round: what was called, timers that are due, whose turn it is; time passes by what it moved.
 */
static void run_round(uint64_t until_ns, uint64_t late_ns)
{
	struct raceway_heap_node *first;

	spent = 0;
	stall();
	run_calls();
	while ((first = raceway_heap_first(&timers)) && first->key <= until_ns &&
	       first->key + late_ns <= now_ns)
		expire(first);
	run_turns();
	now_ns += (uint64_t)((double)spent / (1 << 20) * (double)ns_per_mib);
}

void simulated_run(uint64_t until_ns, uint64_t late_ns)
{
	struct raceway_heap_node *first;

	for (;;) {
		run_round(until_ns, late_ns);
		if (calls || turns)
			continue;
		first = raceway_heap_first(&timers);
		if (!first || first->key > until_ns)
			break;
		if (first->key + late_ns > now_ns)
			now_ns = first->key + late_ns;
	}
	if (now_ns < until_ns)
		now_ns = until_ns;
}
