// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/leaving.h: what a guarantee is worth to a sender that comes in windows of a round
 * trip, and what yellow gets beside it. Shares by weight are in share.c. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "metered.h"

#define RATE 100000000ULL
#define SECONDS 8
#define FROM (2 * NSEC)

struct scene {
	struct raceway_port_meter port;
	struct metered *guaranteed;
	struct raceway_meter other;
	uint64_t port_cost, sent, green, passed, other_passed;
};

static int port_takes(struct scene *s, struct raceway_meter *meter, uint32_t weight,
		      uint64_t now_ns)
{
	return raceway_port_take(&s->port, meter, weight, raceway_ticks(now_ns), s->port_cost);
}

static void send_one(struct scene *s, uint64_t now_ns, bool count)
{
	int colour = metered_charge(s->guaranteed, 0, now_ns, FRAME) & RACEWAY_COLOUR_MASK;
	bool green = colour == RACEWAY_GREEN;

	s->sent += count;
	s->green += count && green;
	if (colour != RACEWAY_RED && port_takes(s, &s->guaranteed->meter, !green, now_ns))
		s->passed += count;
}

/* Windows of `trip` at line rate with `load` of the CIR on average, beside `other` of the port's
 * rate without a guarantee, evenly. */
static void run(struct scene *s, uint64_t trip, double load, uint64_t cir, double other)
{
	double frames = load * (double)cir * (double)trip / 8e9 / FRAME, owed = 0;
	double gap = other > 0 ? FRAME * 8e9 / (other * (double)RATE) : 1e18, next = 0;
	uint64_t start = 100 * NSEC;

	for (uint64_t at = 0; at < SECONDS * NSEC; at += trip) {
		uint64_t line = 0;

		for (owed += frames; owed >= 1; owed--, line += FRAME * 8) /* 1 Gb/s */
			send_one(s, start + at + line, at >= FROM);
		for (; next < (double)(at + trip); next += gap)
			s->other_passed +=
				(uint64_t)port_takes(s, &s->other, 1, start + (uint64_t)next) *
				(next >= FROM);
	}
}

static void scene(struct scene *s, uint64_t cir, uint64_t pir)
{
	struct metered *m = s->guaranteed;

	memset(s, 0, sizeof(*s));
	s->guaranteed = m;
	metered_init(m, cir, pir);
	raceway_meter_begin(&m->meter, raceway_ticks(100 * NSEC));
	s->port.rate = raceway_bucket_make(RATE, 131072);
	s->port.debt = UINT16_MAX;
	s->port_cost = raceway_cost(s->port.rate.mult, FRAME);
}

static const uint64_t trips_ms[] = { 1, 10, 50, 100, 200 };
static const struct {
	uint64_t cir, pir;
} rates[] = {
	{ RATE / 4, RATE },	{ RATE / 2, RATE },	{ RATE / 20, RATE / 2 },
	{ RATE / 4, RATE * 2 }, { RATE / 3, RATE / 2 }, { RATE / 4, 0 },
};

/* Where yellow is lost all the time, all that a guarantee promises is green, however it comes. */
Test(leaving, a_guarantee_in_windows)
{
	static const double loads[] = { 0.3, 0.7, 0.99, 1.5 };
	struct scene s = { .guaranteed = calloc(1, sizeof(*s.guaranteed)) };

	cr_assert(s.guaranteed);
	for (size_t i = 0; i < COUNT(rates) * COUNT(trips_ms) * COUNT(loads); i++) {
		uint64_t cir = rates[i % COUNT(rates)].cir, pir = rates[i % COUNT(rates)].pir;
		uint64_t trip = trips_ms[i / COUNT(rates) % COUNT(trips_ms)] * MSEC;
		double load = loads[i / COUNT(rates) / COUNT(trips_ms)], share;

		scene(&s, cir, pir);
		run(&s, trip, load, cir, 3);
		share = (double)s.green * FRAME * 8 / (SECONDS - 2) / (double)cir;
		cr_expect(share >= 0.99 * (load < 1 ? load : 1),
			  "%lu of %lu, %lu ms, load %.2f: %.3f", cir, pir, trip / MSEC, load,
			  share);
	}
	free(s.guaranteed);
}

/* Where there is room for all, colour does not matter: nothing is lost. */
Test(leaving, windows_where_there_is_room)
{
	struct scene s = { .guaranteed = calloc(1, sizeof(*s.guaranteed)) };

	cr_assert(s.guaranteed);
	for (size_t i = 0; i < COUNT(rates) * COUNT(trips_ms); i++) {
		uint64_t trip = trips_ms[i / COUNT(rates)] * MSEC;

		scene(&s, rates[i % COUNT(rates)].cir, rates[i % COUNT(rates)].pir);
		s.port.rate = raceway_bucket_make(10 * RATE, 1310720);
		s.port_cost = raceway_cost(s.port.rate.mult, FRAME);
		run(&s, trip, 0.99, rates[i % COUNT(rates)].cir, 0.1);
		cr_expect_eq(s.passed, s.sent, "%lu of %lu, %lu ms: %lu of %lu lost",
			     rates[i % COUNT(rates)].cir, rates[i % COUNT(rates)].pir, trip / MSEC,
			     s.sent - s.passed, s.sent);
	}
	free(s.guaranteed);
}

/* Green at a leaving port is charged whatever there is, and the debt is paid before yellow. It
 * grows to what it may be and no further. */
Test(leaving, debt)
{
	struct raceway_bucket bucket = raceway_bucket_make(8000000, 10000); /* 1 byte per us */
	__u64 tat = 0, now = raceway_ticks(NSEC), most = raceway_ticks(25000000);

	for (int i = 0; i < 20; i++)
		raceway_bucket_force(&tat, now, raceway_cost(bucket.mult, 1000), most);
	cr_expect_eq(tat, now + raceway_ticks(20000000));
	cr_expect(!raceway_bucket_take(&tat, now, raceway_cost(bucket.mult, 60), bucket.depth));
	now += raceway_ticks(10000000);
	cr_expect(!raceway_bucket_take(&tat, now, raceway_cost(bucket.mult, 60), bucket.depth));
	now += raceway_ticks(60000);
	cr_expect(raceway_bucket_take(&tat, now, raceway_cost(bucket.mult, 60), bucket.depth));
	for (int i = 0; i < 1000; i++)
		raceway_bucket_force(&tat, now, raceway_cost(bucket.mult, 1000), most);
	cr_expect_eq(tat, now + most);
	now += most - bucket.depth;
	cr_expect(!raceway_bucket_take(&tat, now, raceway_cost(bucket.mult, 60), bucket.depth));
	now += raceway_ticks(60000);
	cr_expect(raceway_bucket_take(&tat, now, raceway_cost(bucket.mult, 60), bucket.depth));
}
