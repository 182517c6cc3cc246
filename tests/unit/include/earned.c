// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/meter.h at default depths: a deep bucket lets nobody burst who has not earned
 * it, keeps what a TCP has earned, and never exceeds the cap. Bursts are in seconds of the rate. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "metered.h"

static const uint64_t rates[] = {
	10000000, 100000000, 1000000000, 10000000000, 25000000000, 100000000000,
};

/* Few enough frames for a test, and no longer than the idle part is deep. */
static uint32_t frame_of(uint64_t rate_bps)
{
	return rate_bps < NSEC ? FRAME : GSO_MAX;
}

/* Depths of any size, a part of which is for the idle, and flows that come and go: what passes
 * is what the windows allow, whoever it is. Returns whether they have been nearly full. */
static bool check_caps(uint64_t seed, uint64_t cir, uint64_t pir)
{
	struct dice dice = { seed };
	uint64_t cbs = cir ? dice_between(&dice, 3 * GSO_MAX, 1 << 21) : 0;
	uint64_t pbs = cbs + dice_between(&dice, 3 * GSO_MAX, 1 << 21), now = 10 * NSEC;
	struct raceway_dp_rate rate = {
		.cir_bps = cir, .cbs_bytes = cbs, .pir_bps = pir, .pbs_bytes = pbs
	};
	struct window green = { .rate_bps = cir, .last_ns = now };
	struct window all = { .rate_bps = pir, .last_ns = now };
	struct metered *m = calloc(1, sizeof(*m));
	uint64_t least;

	cr_assert(m);
	m->params = raceway_meter_make(&rate, 1500);
	least = m->params.excess.depth;
	if (cir && m->params.committed.depth < least)
		least = m->params.committed.depth;
	m->params.idle = least / dice_between(&dice, 3, 30);
	for (int i = 0; i < 60000; i++) {
		uint32_t bytes = any_size(&dice);
		unsigned int flow = (unsigned int)(dice_next(&dice) % 7);
		uint64_t gap = (uint64_t)bytes * 8 * NSEC / pir * 2;
		int colour;

		now += dice_next(&dice) % 4 ? 0 : dice_between(&dice, 0, gap);
		if (!(dice_next(&dice) % 2000))
			now += dice_between(&dice, 0, 3 * NSEC);
		colour = metered_charge(m, flow, now, bytes) & RACEWAY_COLOUR_MASK;
		if (colour == RACEWAY_GREEN)
			window_add(&green, now, bytes);
		if (colour != RACEWAY_RED)
			window_add(&all, now, bytes);
	}
	free(m);
	cr_expect(!window_exceeds(&green, cbs), "seed %lu: green above its rate", seed);
	cr_expect(!window_exceeds(&all, pbs), "seed %lu: above the peak rate", seed);
	return window_exceeds(&all, pbs / 4 * 3);
}

Test(earned, never_above_the_cap)
{
	size_t near = 0;

	for (size_t r = 0; r < COUNT(rates); r++)
		for (uint64_t seed = 0; seed < 4; seed++) {
			near += check_caps(10 * r + seed, 0, rates[r]);
			near += check_caps(1000 + 10 * r + seed, rates[r] / 3, rates[r]);
		}
	/* A test that is never near the cap would not see it exceeded. */
	cr_expect_geq(near, 4 * COUNT(rates), "only %zu runs near the cap", near);
}

/* At no default is the part for the idle, with what is kept back from others, all of the depth. */
Test(earned, limits_lie_within_the_depth)
{
	static const uint64_t low[] = { 1000, 9600, 64000, 500000, 1048576, 2100000, 9999991 };
	static const uint32_t mtus[] = { 68, 1500, 9216 };

	for (size_t i = 0; i < COUNT(low); i++)
		for (size_t k = 0; k < COUNT(mtus); k++) {
			struct raceway_dp_rate rate = {
				.pir_bps = low[i],
				.pbs_bytes = low[i] / 8 * RACEWAY_BURST_MS / 1000,
				.idle_ms = RACEWAY_IDLE_MS,
			};
			struct raceway_meter_params p;

			if (rate.pbs_bytes < RACEWAY_BURST_MIN_BYTES)
				rate.pbs_bytes = RACEWAY_BURST_MIN_BYTES;
			p = raceway_meter_make(&rate, mtus[k]);
			cr_expect_gt(p.excess.depth, 3 * p.idle, "%lu bit/s, MTU %u", low[i],
				     mtus[k]);
			cr_expect_geq(p.idle, raceway_cost(p.mult, 2 * mtus[k]) * 7 / 8,
				      "%lu bit/s: no room for two frames", low[i]);
		}
}

#define THREADS 4
#define THREAD_FRAMES 60000

struct worker {
	struct metered *metered;
	uint64_t *clock_ns;
	struct passed {
		uint64_t now_ns;
		uint32_t bytes;
	} * passed;
	size_t count;
	unsigned int number;
};

/* Each CPU has a flow of its own; now and then time passes for all. */
static void *send_frames(void *arg)
{
	struct worker *w = arg;
	struct dice dice = { w->number };

	for (int i = 0; i < THREAD_FRAMES; i++) {
		uint32_t bytes = any_size(&dice);
		uint64_t step = dice_between(&dice, 0, dice_next(&dice) % 4000 ? 6000 : 2 * NSEC);
		uint64_t now = __atomic_fetch_add(w->clock_ns, step, __ATOMIC_RELAXED);

		if (metered_passes(w->metered, w->number, now, bytes))
			w->passed[w->count++] = (struct passed){ now, bytes };
	}
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const struct passed *x = a, *y = b;

	return x->now_ns < y->now_ns ? -1 : x->now_ns > y->now_ns;
}

Test(earned, several_threads)
{
	struct passed *all = calloc((size_t)THREADS * THREAD_FRAMES, sizeof(*all));
	struct raceway_dp_rate rate = { .pir_bps = 8 * NSEC, .pbs_bytes = 1000000 };
	struct metered *m = calloc(1, sizeof(*m));
	struct window window = { .rate_bps = 8 * NSEC };
	struct worker worker[THREADS] = { 0 };
	pthread_t thread[THREADS];
	uint64_t clock_ns = NSEC;
	size_t count = 0;

	cr_assert(all && m);
	m->params = raceway_meter_make(&rate, 1500);
	m->params.idle = m->params.excess.depth / 4;
	for (unsigned int i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){ .metered = m, .clock_ns = &clock_ns, .number = i };
		worker[i].passed = calloc(THREAD_FRAMES, sizeof(*worker[i].passed));
		cr_assert(worker[i].passed);
	}
	for (int i = 0; i < THREADS; i++)
		cr_assert(!pthread_create(&thread[i], NULL, send_frames, &worker[i]));
	for (int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		for (size_t n = 0; n < worker[i].count; n++)
			all[count++] = worker[i].passed[n];
		free(worker[i].passed);
	}
	qsort(all, count, sizeof(*all), by_time);
	for (size_t n = 0; n < count; n++)
		window_add(&window, all[n].now_ns, all[n].bytes);
	free(all);
	free(m);
	cr_expect(!window_exceeds(&window, 1000000), "above the cap");
	cr_expect(window_exceeds(&window, 700000), "never near the cap");
}

/* RACEWAY_IDLE_MS and no more than 20 ms of the rate in any window, however the flood comes. */
static void check_flood(struct metered *m, uint64_t now, uint64_t rate, const char *when)
{
	struct window window = { .rate_bps = rate, .last_ns = now };
	uint32_t bytes = frame_of(rate);
	uint64_t gap = bytes * 8 * NSEC / rate / 20, end = now + 20 * MSEC;

	for (; now < end; now += gap)
		if (metered_passes(m, 0, now, bytes))
			window_add(&window, now, bytes);
	cr_expect(!window_exceeds(&window, rate / 8 / 50), "%lu bit/s, %s: %.1f ms", rate, when,
		  (double)window.worst / (double)rate / 1e6);
	cr_expect(window_exceeds(&window, rate / 8 / 100), "%lu bit/s, %s: only %.1f ms", rate,
		  when, (double)window.worst / (double)rate / 1e6);
}

Test(earned, no_burst_from_idle)
{
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < 2 * COUNT(rates); i++) {
		uint64_t rate = rates[i / 2], cir = i % 2 ? rate / 4 : 0, now = 100 * NSEC;
		uint32_t bytes = frame_of(rate);

		metered_init(m, cir, rate);
		check_flood(m, now, rate, "fresh");

		metered_init(m, cir, rate);
		metered_send(m, 0, &now, 4 * NSEC, 2, rate, bytes);
		check_flood(m, now + 3 * NSEC, rate, "3 s after saturation");
	}
	free(m);
}

/* What earns less than the pauses between its frames cost has no more than who was idle, be it
 * green, yellow or both. */
Test(earned, no_burst_after_a_light_load)
{
	static const unsigned int percents[] = { 1, 2, 3, 4 }, parts[] = { 0, 2, 4, 10, 25 };
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < COUNT(rates) * COUNT(parts); i++)
		for (size_t k = 0; k < COUNT(percents); k++) {
			uint64_t rate = rates[i / COUNT(parts)], now = 100 * NSEC;
			unsigned int part = parts[i % COUNT(parts)];
			char what[80];

			metered_init(m, part ? rate / part : 0, rate);
			metered_send(m, 0, &now, 10 * NSEC, percents[k] / 100.0, rate,
				     frame_of(rate));
			snprintf(what, sizeof(what), "after %u %%, CIR %lu", percents[k],
				 part ? rate / part : 0);
			check_flood(m, now, rate, what);
		}
	free(m);
}

/* At 0.7 of the rate 0.3 of it are left over: kept, up to the depth, whatever comes then. */
Test(earned, what_is_sent_earns)
{
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < 2 * COUNT(rates); i++) {
		uint64_t rate = rates[i / 2], cir = i % 2 ? rate / 4 : 0, now = 100 * NSEC;
		uint32_t bytes = frame_of(rate);
		double got;

		metered_init(m, 0, rate);
		metered_send(m, 0, &now, NSEC, 0.7, rate, bytes);
		got = metered_burst(m, 0, now, rate, bytes);
		cr_expect(got > 0.29 && got < 0.33, "%lu bit/s: %.3f s after 1 s", rate, got);

		metered_init(m, cir, rate);
		metered_send(m, 0, &now, (cir ? 20 : 5) * NSEC, 0.7, rate, bytes);
		got = metered_burst(m, 0, now, rate, bytes);
		/* Green has none left over while it is below CIR's part of what is sent. */
		cr_expect(got > (cir ? 0.74 : 0.98) && got <= 1, "%lu bit/s: %.3f s of %lu", rate,
			  got, cir);
	}
	free(m);
}

/* From half of the rate to one and a half, in windows of a round trip, each at ten times the rate:
 * none is lost once there was time to earn. */
Test(earned, a_sawtooth_loses_nothing)
{
	static const uint64_t trips_ms[] = { 1, 10, 50, 100, 200 };
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t t = 0; t < COUNT(trips_ms); t++) {
		uint64_t rate = 100000000, trip = trips_ms[t] * MSEC, lost = 0, line = 0, sent = 0;
		double owed = 0;

		metered_init(m, 0, rate);
		for (uint64_t at = 0; at < 20 * NSEC; at += trip, line = 0) {
			double load = 0.5 + (double)((at + trip / 2) % (2 * NSEC)) / (2 * NSEC);

			owed += load * (double)rate * (double)trip / 8e9 / FRAME;
			for (; owed >= 1; owed--, sent++, line += FRAME * 8 * NSEC / rate / 10)
				lost += !metered_passes(m, 0, 100 * NSEC + at + line, FRAME) &&
					at >= 4 * NSEC;
		}
		cr_expect_eq(lost, 0, "round trip %lu ms: %lu lost", trips_ms[t], lost);
		cr_expect(sent * FRAME * 8 > rate * 199 / 10, "%lu ms: only %lu sent", trips_ms[t],
			  sent);
	}
	free(m);
}

/* Whoever was told to slow down may be silent: a retransmission timeout costs no credit. */
Test(earned, silence_after_a_loss)
{
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t r = 0; r < COUNT(rates); r++) {
		static const uint64_t silent_ms[] = { 250, 400 };

		for (size_t i = 0; i < COUNT(silent_ms); i++) {
			uint64_t now = 100 * NSEC;
			double got, silent = (double)silent_ms[i] / 1e3;

			metered_init(m, 0, rates[r]);
			metered_send(m, 0, &now, 3 * NSEC, 1.5, rates[r], frame_of(rates[r]));
			now += silent_ms[i] * MSEC;
			got = metered_burst(m, 1, now, rates[r], frame_of(rates[r]));
			cr_expect(got > silent - 0.05 && got < silent + 0.05,
				  "%lu bit/s: %.3f s after %lu ms", rates[r], got, silent_ms[i]);
		}
	}
	free(m);
}

/* Credit of a whole depth, after so much silence. One second of it costs nothing; what is longer
 * costs 17/16 of itself and beyond RACEWAY_PAUSE as much again. */
Test(earned, credit_goes_as_it_came)
{
	static const struct {
		uint64_t silent_ms;
		double left;
	} cases[] = {
		{ 0, 0.995 },	  { 900, 0.995 },   { 1100, 0.894 - 0.0045 }, { 1200, 0.783 },
		{ 1400, 0.3705 }, { 1600, 0.0135 }, { 2500, 0.0135 },	      { 60000, 0.0135 },
	};
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t now = 100 * NSEC, rate = 100000000;
		double got;

		metered_init(m, 0, rate);
		metered_send(m, 0, &now, 5 * NSEC, 0.7, rate, FRAME);
		got = metered_burst(m, 0, now + cases[i].silent_ms * MSEC, rate, FRAME);
		cr_expect(got > cases[i].left - 0.002 && got < cases[i].left + 0.002,
			  "%.4f s after %lu ms", got, cases[i].silent_ms);
	}
	free(m);
}

/* What does not slow down gets the rate within 1 %, from the second second on. */
Test(earned, overload_gets_the_rate)
{
	static const double loads[] = { 1.5, 3, 10 };
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < 2 * COUNT(rates); i++)
		for (size_t l = 0; l < COUNT(loads); l++) {
			uint64_t rate = rates[i / 2], now = 100 * NSEC;

			metered_init(m, i % 2 ? rate / 4 : 0, rate);
			for (int second = 0; second < 4; second++) {
				uint64_t passed = metered_send(m, 0, &now, NSEC, loads[l], rate,
							       frame_of(rate));
				double share = (double)passed * 8 / (double)rate;

				cr_expect(!second || (share > 0.99 && share < 1.01),
					  "%lu bit/s, load %.1f, second %d: %.4f", rate, loads[l],
					  second, share);
			}
		}
	free(m);
}
