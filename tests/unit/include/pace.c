// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/pace.h: departure times keep to the rate, flows that always have frames waiting
 * share it, who has none waits behind nobody, and nobody waits for too long. Flows here are as TCP
 * small queues make them: so many frames may wait, the next comes when one has left. */
#include <criterion/criterion.h>
#include <raceway/pace.h>

#include "metered.h"

#define RATE 100000000ULL
#define MOST_NS (14 * MSEC)
#define MANY 16
#define QUEUE_MAX 8

struct greedy {
	uint32_t bytes;	      /* of each frame */
	unsigned int waiting; /* how many may */
	uint64_t until_ns;    /* sends no more from then on */
	uint64_t leaves[QUEUE_MAX], last;
	uint64_t sent;
	struct raceway_class class;
};

struct scene {
	struct raceway_pace pace;
	struct raceway_bucket rate;
	struct greedy flow[MANY];
	size_t count;
	struct window window; /* of departures, which come in order of time */
};

static void begin(struct scene *s, size_t count)
{
	memset(s, 0, sizeof(*s));
	s->rate = raceway_bucket_make(RATE, 1 << 20);
	s->count = count;
	s->window.rate_bps = RATE;
	for (size_t i = 0; i < count; i++)
		s->flow[i] =
			(struct greedy){ .bytes = 2 * FRAME, .waiting = 2, .until_ns = UINT64_MAX };
}

static uint64_t wait_ns(struct scene *s, struct raceway_class *class, uint64_t now, uint32_t bytes)
{
	return raceway_pace_take(&s->pace, class, raceway_ticks(now),
				 raceway_cost(s->rate.mult, bytes), raceway_ticks(MOST_NS)) >>
	       RACEWAY_TICK_SHIFT;
}

/* The flow and the place in its queue whose frame leaves next. */
static struct greedy *next_of(struct scene *s, unsigned int *ret_place)
{
	struct greedy *next = NULL;

	for (size_t i = 0; i < s->count; i++) {
		struct greedy *f = &s->flow[i];

		for (unsigned int n = 0; n < f->waiting; n++)
			if (!next || f->leaves[n] < next->leaves[*ret_place]) {
				next = f;
				*ret_place = n;
			}
	}
	return next;
}

/* Sends until `to`, counts from `from` on. No flow's frame overtakes another of its own. */
static void run(struct scene *s, uint64_t start, uint64_t from, uint64_t to)
{
	uint64_t now = start;

	for (size_t i = 0; i < s->count; i++)
		for (unsigned int n = 0; n < s->flow[i].waiting; n++)
			s->flow[i].leaves[n] = start;
	while (now < to) {
		unsigned int place = 0;
		struct greedy *f = next_of(s, &place);

		now = f->leaves[place];
		if (now >= f->until_ns) {
			f->leaves[place] = UINT64_MAX;
			continue;
		}
		f->leaves[place] = now + wait_ns(s, &f->class, now, f->bytes);
		cr_assert_geq(f->leaves[place], f->last);
		f->last = f->leaves[place];
		if (now >= from)
			f->sent += f->bytes;
	}
}

static double sum_of(const struct scene *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += (double)s->flow[i].sent;
	return sum;
}

static double jain(const struct scene *s)
{
	double sum = sum_of(s), squares = 0;

	for (size_t i = 0; i < s->count; i++)
		squares += (double)s->flow[i].sent * (double)s->flow[i].sent;
	return sum * sum / ((double)s->count * squares);
}

Test(pace, frames_leave_at_the_rate)
{
	struct scene s;
	struct raceway_class class = { 0 };
	uint64_t now = 100 * NSEC, last = 0;

	begin(&s, 0);
	cr_expect_eq(wait_ns(&s, &class, now - NSEC, FRAME), 0);
	/* Twice the rate for as long as that may wait, and what came late may follow at once. */
	for (uint64_t at = 0; at < MOST_NS; at += FRAME * 4 * NSEC / RATE) {
		uint64_t leaves = now + at + wait_ns(&s, &class, now + at, FRAME);

		cr_assert_geq(leaves, last);
		last = leaves;
		window_add(&s.window, leaves, FRAME);
	}
	cr_expect_not(window_exceeds(&s.window, RATE / 8 * 4 / 1000 + 2 * FRAME));
	/* 28 ms of the rate in 14: 10 of them wait, 4 were late. */
	cr_expect_geq(last, now + 23 * MSEC);
	cr_expect_leq(last, now + 25 * MSEC);
}

Test(pace, nobody_waits_too_long)
{
	struct scene s;
	struct raceway_class class = { 0 };
	uint64_t now = 100 * NSEC, most = 0;

	begin(&s, 0);
	for (int i = 0; i < 1000; i++) {
		uint64_t wait = wait_ns(&s, &class, now, FRAME);

		most = wait > most ? wait : most;
	}
	cr_expect_eq(most, MOST_NS);
	/* What came beyond was not charged: all is as before when those that wait have left. */
	cr_expect_eq(wait_ns(&s, &class, now + MOST_NS + MSEC, FRAME), 0);
}

Test(pace, flows_that_always_wait_share_the_rate)
{
	struct scene s;

	begin(&s, MANY);
	for (size_t i = 0; i < MANY; i++) {
		/* all that may wait is less than MOST_NS of a share */
		s.flow[i].bytes = FRAME;
		s.flow[i].waiting = i % 2 ? 6 : 2;
	}
	run(&s, 100 * NSEC, 103 * NSEC, 113 * NSEC);
	cr_expect_geq(jain(&s), 0.99, "%f", jain(&s));
	cr_expect_geq(sum_of(&s), 0.98 * RATE / 8 * 10, "%f", sum_of(&s));
	cr_expect_leq(sum_of(&s), 1.005 * RATE / 8 * 10, "%f", sum_of(&s));
}

Test(pace, the_rate_holds_before_the_flows_are_counted)
{
	struct scene s;
	uint64_t start = 400 * RACEWAY_WINDOW >> RACEWAY_TICK_SHIFT;

	begin(&s, 4);
	run(&s, start, start, start + 200 * MSEC);
	cr_expect_eq(raceway_shares_in_force(&s.pace.flows), RACEWAY_SHARES_MIN);
	cr_expect_geq(sum_of(&s), 0.95 * RATE / 8 / 5, "%f", sum_of(&s));
	/* 4 ms of 200 were late, and eight frames still wait. */
	cr_expect_leq(sum_of(&s), 1.05 * RATE / 8 / 5, "%f", sum_of(&s));
}

Test(pace, one_flow_has_the_whole_rate)
{
	struct scene s;

	begin(&s, 1);
	run(&s, 100 * NSEC, 101 * NSEC, 111 * NSEC);
	cr_expect_geq(sum_of(&s), 0.995 * RATE / 8 * 10, "%f", sum_of(&s));
	cr_expect_leq(sum_of(&s), 1.005 * RATE / 8 * 10, "%f", sum_of(&s));
}

Test(pace, what_others_no_longer_use_is_had_by_who_stays)
{
	struct scene s;

	begin(&s, MANY);
	for (size_t i = 1; i < MANY; i++)
		s.flow[i].until_ns = 104 * NSEC;
	run(&s, 100 * NSEC, 105 * NSEC, 115 * NSEC);
	cr_expect_geq(s.flow[0].sent, 0.98 * RATE / 8 * 10, "%f", sum_of(&s));
}

Test(pace, who_has_nothing_waiting_waits_behind_nobody)
{
	struct scene s;
	struct raceway_class mouse = { 0 };

	begin(&s, MANY);
	run(&s, 100 * NSEC, 100 * NSEC, 104 * NSEC);
	for (int i = 0; i < 4; i++)
		(void)wait_ns(&s, &s.flow[0].class, 104 * NSEC, FRAME);
	cr_expect_geq(wait_ns(&s, &s.flow[0].class, 104 * NSEC, FRAME), MSEC);
	cr_expect_eq(wait_ns(&s, &mouse, 104 * NSEC, FRAME), 0);
}

/* A burst of one flow, whose share is still that of one of many, waits; when it leaves at last, so
 * does all that the meter has let pass meanwhile and lets pass then. */
Test(pace, what_leaves_is_within_the_burst)
{
	struct scene s;
	struct metered m;
	uint64_t now = 102 * NSEC, most;

	begin(&s, MANY);
	run(&s, 100 * NSEC, 100 * NSEC, now);
	metered_init(&m, 0, RATE);
	raceway_meter_may_wait(&m.params);
	raceway_meter_begin(&m.meter, raceway_ticks(now));
	m.meter.busy = raceway_ticks(now) + RACEWAY_PATIENCE; /* all of its credit is earned */
	most = raceway_pace_most(m.params.idle);
	cr_expect_geq(raceway_shares_in_force(&s.pace.flows), MANY / 2 * RACEWAY_SHARES_MIN);
	for (int i = 0; i < 500; i++) {
		uint64_t wait = raceway_pace_take(&s.pace, &s.flow[0].class, raceway_ticks(now),
						  raceway_cost(m.params.mult, FRAME), most);

		cr_assert(metered_passes(&m, 0, now, FRAME));
		window_add(&s.window, now + (wait >> RACEWAY_TICK_SHIFT), FRAME);
	}
	now += most >> RACEWAY_TICK_SHIFT;
	cr_expect_eq(s.window.last_ns, now, "some wait for as long as may be");
	while (metered_passes(&m, 1, now, FRAME))
		window_add(&s.window, now, FRAME);
	cr_expect_not(window_exceeds(&s.window, RATE / 8), "by %.0f bytes",
		      (double)s.window.worst / 8e9 - (double)RATE / 8);
	cr_expect(window_exceeds(&s.window, RATE / 8 * 97 / 100), "nearly all of the burst");
}
