/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls from other threads, timers, and what is put off to the end of a round. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "vhba/worker.h"

#define CALLS 1000

static struct raceway_worker *worker;
static sem_t over;
static int order[8], steps;

static void start(void)
{
	sem_init(&over, 0, 0);
	cr_assert_eq(raceway_worker_start(3, &worker), 0);
}

static void stop(void)
{
	raceway_worker_stop(worker);
}

static void wait_for_it(void)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	cr_assert_eq(sem_timedwait(&over, &until), 0, "the worker did not do it within 10 s");
}

static size_t seen;

static void count_call(struct raceway_call *call, struct raceway_worker *on)
{
	static struct raceway_call *last;

	cr_assert_eq(on, worker);
	cr_assert(!last || call > last, "calls of one thread run in their order");
	last = call;
	if (++seen == CALLS)
		sem_post(&over);
}

Test(worker, runs_calls_in_order, .init = start, .fini = stop)
{
	static struct raceway_call calls[CALLS];

	cr_assert_eq(raceway_worker_number(worker), 3);
	for (int i = 0; i < CALLS; i++) {
		calls[i].run = count_call;
		raceway_worker_call(worker, &calls[i]);
	}
	wait_for_it();
	cr_assert_eq(seen, CALLS);
}

static struct raceway_timer timers[3];
static uint64_t asked_ns[3], came_ns[3];

static void expired(struct raceway_timer *timer)
{
	int i = (int)(timer - timers);

	came_ns[i] = raceway_clock_ns();
	order[steps++] = i;
	if (steps == 2)
		sem_post(&over);
}

static void set_timers(struct raceway_call *call, struct raceway_worker *on)
{
	static const uint64_t after_ms[] = { 60, 20, 40 };
	uint64_t now = raceway_clock_ns();

	for (int i = 0; i < 3; i++) {
		timers[i].expired = expired;
		asked_ns[i] = now + after_ms[i] * 1000000;
		cr_assert_eq(raceway_timer_set(on, &timers[i], asked_ns[i]), 0);
	}
	raceway_timer_clear(on, &timers[2]);
	raceway_timer_clear(on, &timers[2]);
}

Test(worker, timers_come_in_their_order_and_not_before, .init = start, .fini = stop)
{
	struct raceway_call call = { .run = set_timers };

	raceway_worker_call(worker, &call);
	wait_for_it();
	cr_assert_eq(steps, 2, "the one that was cleared does not come");
	cr_assert_eq(order[0], 1);
	cr_assert_eq(order[1], 0);
	for (int i = 0; i < 2; i++)
		cr_assert_geq(came_ns[i], asked_ns[i]);
}

static void third(struct raceway_call *call, struct raceway_worker *on)
{
	order[steps++] = 3;
	sem_post(&over);
}

static struct raceway_call later_calls[2] = { { .run = third }, { .run = third } };

static void second(struct raceway_call *call, struct raceway_worker *on)
{
	order[steps++] = 2;
	/* What is put off in what was put off comes in the same round. */
	raceway_worker_later(on, &later_calls[0]);
}

static void first(struct raceway_call *call, struct raceway_worker *on)
{
	later_calls[1].run = second;
	raceway_worker_later(on, &later_calls[1]);
	order[steps++] = 1;
}

Test(worker, what_is_put_off_comes_at_the_end_of_the_round, .init = start, .fini = stop)
{
	struct raceway_call call = { .run = first };

	raceway_worker_call(worker, &call);
	wait_for_it();
	cr_assert_eq(steps, 3);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(order[i], i + 1);
}

static struct raceway_call turns[3], meanwhile;

static void other(struct raceway_call *call, struct raceway_worker *on)
{
	order[steps++] = 9;
}

static void turn(struct raceway_call *call, struct raceway_worker *on)
{
	int i = (int)(call - turns);

	order[steps++] = i;
	if (i == 0) {
		meanwhile.run = other;
		raceway_worker_call(on, &meanwhile);
		raceway_worker_spend(on, RACEWAY_ROUND_BYTES);
	}
	if (i == 2)
		sem_post(&over);
}

static void take_turns(struct raceway_call *call, struct raceway_worker *on)
{
	cr_assert_not(raceway_worker_is_busy(on));
	raceway_worker_spend(on, RACEWAY_ROUND_BYTES - 1);
	cr_assert_not(raceway_worker_is_busy(on));
	for (int i = 0; i < 3; i++) {
		turns[i].run = turn;
		raceway_worker_turn(on, &turns[i]);
		cr_assert(raceway_worker_is_busy(on), "somebody waits");
	}
}

/* The first fills its round: what has come meanwhile is before the others, and they need no timer
 * to go on. */
Test(worker, a_round_that_is_full_ends, .init = start, .fini = stop)
{
	static const int expected[] = { 0, 9, 1, 2 };
	struct raceway_call call = { .run = take_turns };

	raceway_worker_call(worker, &call);
	wait_for_it();
	cr_assert_eq(steps, 4);
	cr_assert_arr_eq(order, expected, sizeof(expected));
}
