// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/meter.h: what passes in any window of t is at most rate * t + burst, exactly;
 * what passes under load is nearly all of that; green knows nothing of yellow. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include "loader/dp.h"
#include "metered.h"

static const uint64_t rates[] = {
	1000,	    9600,	 64000,	      1000000,	    9999991,	  100000000,
	1000000000, 10000000000, 24999999983, 100000000000, 399999999999, 400000000000,
};

/* Time between two frames, such that the load is about `percent` of the rate. */
static uint64_t gap_ns(struct dice *dice, uint64_t rate_bps, uint32_t bytes, uint32_t percent)
{
	uint64_t mean = (uint64_t)bytes * 8 * NSEC / rate_bps * 100 / percent;

	/* Bursts and pauses: most gaps are 0, the rest are long. */
	return dice_next(dice) % 4 ? 0 : dice_between(dice, 0, mean * 8);
}

static struct raceway_meter_params make(uint64_t cir, uint64_t cbs, uint64_t pir, uint64_t pbs)
{
	struct raceway_dp_rate rate = {
		.cir_bps = cir,
		.cbs_bytes = cbs,
		.pir_bps = pir,
		.pbs_bytes = pbs,
	};

	return raceway_meter_make(&rate, 1500);
}

/* One run of random arrivals with a clock that may step back a little, as clocks read on
 * several CPUs do. In order of the meter's time the windows must hold. */
static void check_caps(uint64_t seed, uint64_t cir, uint64_t pir, uint32_t percent)
{
	struct dice dice = { seed };
	uint64_t cbs = cir ? dice_between(&dice, GSO_MAX, 1 << 20) : 0;
	uint64_t pbs = cbs + dice_between(&dice, GSO_MAX, 1 << 20);
	struct raceway_meter_params params = make(cir, cbs, pir, pbs);
	struct raceway_meter meter = { 0 };
	struct window green = { .rate_bps = cir }, all = { .rate_bps = pir };
	uint64_t now = dice_next(&dice) >> 9;

	green.last_ns = all.last_ns = now;
	for (int i = 0; i < 20000; i++) {
		uint32_t bytes = any_size(&dice);
		int colour;

		now += gap_ns(&dice, pir, bytes, percent);
		colour = raceway_meter_charge(&params, &meter, raceway_ticks(now), bytes);
		if (colour == RACEWAY_GREEN)
			window_add(&green, now, bytes);
		if (colour != RACEWAY_RED)
			window_add(&all, now, bytes);
	}
	cr_expect(!window_exceeds(&green, cbs),
		  "seed %lu: green above %lu bit/s + %lu bytes by %.0f bytes", seed, cir, cbs,
		  (double)green.worst / 8e9 - (double)cbs);
	cr_expect(!window_exceeds(&all, pbs),
		  "seed %lu: green and yellow above %lu bit/s + %lu bytes by %.0f bytes", seed, pir,
		  pbs, (double)all.worst / 8e9 - (double)pbs);
}

Test(meter, never_above_the_rates)
{
	static const uint32_t loads[] = { 50, 101, 200, 5000 };
	uint64_t seed = 1;

	for (size_t r = 0; r < COUNT(rates); r++)
		for (size_t l = 0; l < COUNT(loads); l++) {
			check_caps(seed++, 0, rates[r], loads[l]);
			check_caps(seed++, rates[r], rates[r] * 2, loads[l]);
			check_caps(seed++, rates[r] - rates[r] / 3, rates[r] + 1000, loads[l]);
		}
}

/* Equal rates leave no excess bucket: the committed one alone is the cap. */
Test(meter, committed_at_the_peak)
{
	struct raceway_meter_params params = make(1000000, 100000, 1000000, 100000);
	struct raceway_meter meter = { 0 };
	int colour[3] = { 0 };

	cr_expect_eq(params.excess.mult, 0);
	for (uint64_t now = 0; now < 10 * NSEC; now += NSEC / 1000)
		colour[raceway_meter_charge(&params, &meter, raceway_ticks(now), 1000)]++;
	cr_expect_eq(colour[RACEWAY_YELLOW], 0);
	/* 1250 frames at the rate and 100 out of the burst; the first and last one may miss. */
	cr_expect(colour[RACEWAY_GREEN] >= 1348 && colour[RACEWAY_GREEN] <= 1350, "%d green",
		  colour[RACEWAY_GREEN]);
}

static double share_under_load(uint64_t rate, uint64_t burst, uint32_t bytes, uint64_t seed)
{
	struct raceway_meter_params params = make(0, 0, rate, burst);
	struct raceway_meter meter = { 0 };
	struct dice dice = { seed };
	/* Long enough that the burst is a small part: it is left out of what may pass. */
	uint64_t frame_ticks = raceway_cost(params.excess.mult, bytes), passed = 0;
	uint64_t start = raceway_ticks(NSEC), now = start, frames = 200000;

	/* The bucket starts empty, so that only the rate counts. */
	meter.excess_tat = start + params.excess.depth;
	while (now - start < frames * frame_ticks / 2) {
		now += dice_between(&dice, 0, frame_ticks);
		if (raceway_meter_charge(&params, &meter, now, bytes) != RACEWAY_RED)
			passed += bytes;
	}
	return (double)passed * 8 * (double)(NSEC << RACEWAY_TICK_SHIFT) /
	       ((double)rate * (double)(now - start));
}

/* 99 % of the rate passes when twice as much comes; small frames at the highest rate, where
 * rounding weighs most, 99.5 %. */
Test(meter, reaches_the_rate_under_load)
{
	static const uint32_t sizes[] = { 60, 61, 599, 1514, 9014, GSO_MAX };

	for (size_t r = 0; r < COUNT(rates); r++)
		for (size_t s = 0; s < COUNT(sizes); s++) {
			double share = share_under_load(rates[r], 1 << 18, sizes[s], r + s);

			cr_expect(share >= 0.99 && share <= 1.0,
				  "%lu bit/s, %u bytes: %.3f %% of the rate", rates[r], sizes[s],
				  100 * share);
		}
	cr_expect_geq(share_under_load(400000000000, 1 << 18, 60, 7), 0.995);
}

/* The burst is there at once, to the byte, after the vNIC was made and after a pause. */
Test(meter, burst_to_the_byte)
{
	for (size_t r = 0; r < COUNT(rates); r++) {
		struct raceway_meter_params params = make(rates[r], 131072, rates[r] * 2, 262144);
		struct raceway_meter meter = { 0 };
		uint64_t now = raceway_ticks(5 * NSEC);

		for (int round = 0; round < 2; round++) {
			uint32_t passed[3] = { 0 };

			for (int i = 0; i < 1000; i++)
				passed[raceway_meter_charge(&params, &meter, now, 1024)] += 1024;
			/* Costs round up, so the last frame may miss. At one moment only. */
			cr_expect(passed[RACEWAY_GREEN] <= 131072 &&
					  passed[RACEWAY_GREEN] >= 131072 - 1024,
				  "%lu bit/s: %u bytes green", rates[r], passed[RACEWAY_GREEN]);
			cr_expect(passed[RACEWAY_YELLOW] <= 131072 &&
					  passed[RACEWAY_YELLOW] >= 131072 - 1024,
				  "%lu bit/s: %u bytes yellow", rates[r], passed[RACEWAY_YELLOW]);
			now += params.committed.depth + params.excess.depth;
		}
	}
}

/* The same arrivals with and without an excess bucket: the same frames are green. */
Test(meter, green_does_not_depend_on_yellow)
{
	for (uint64_t seed = 100; seed < 130; seed++) {
		struct dice dice = { seed };
		uint64_t cir = rates[dice_next(&dice) % COUNT(rates)];
		struct raceway_meter_params params[3] = {
			make(cir, 150000, cir, 150000),
			make(cir, 150000, cir * 3, 300000),
			make(cir, 150000, 0, 0),
		};
		struct raceway_meter meter[3] = { 0 };
		uint64_t now = NSEC;

		for (int i = 0; i < 5000; i++) {
			uint32_t bytes = any_size(&dice);
			int colour[3];

			now += gap_ns(&dice, cir, bytes, 150);
			for (int m = 0; m < 3; m++)
				colour[m] = raceway_meter_charge(&params[m], &meter[m],
								 raceway_ticks(now), bytes);
			for (int m = 1; m < 3; m++)
				cr_assert_eq(colour[0] == RACEWAY_GREEN, colour[m] == RACEWAY_GREEN,
					     "seed %lu, frame %d", seed, i);
			cr_assert_neq(colour[2], RACEWAY_RED, "no peak rate, seed %lu", seed);
		}
	}
}

/* Neither a long pause nor the wrap of the ticks leaves a bucket that is not full. */
Test(meter, idle_for_long)
{
	static const uint64_t days[] = { 1, 30, 365, 400 };
	struct raceway_meter_params params = make(1000000, 131072, 2000000, 262144);

	for (size_t i = 0; i < COUNT(days); i++) {
		struct raceway_meter meter = { 0 };
		uint64_t now = raceway_ticks(77 * NSEC);

		while (raceway_meter_charge(&params, &meter, now, 1500) != RACEWAY_RED)
			;
		now += raceway_ticks(days[i] * 86400 * NSEC);
		cr_expect_eq(raceway_meter_charge(&params, &meter, now, 65536), RACEWAY_GREEN,
			     "%lu days", days[i]);
		cr_expect_eq(raceway_meter_charge(&params, &meter, now, 65536), RACEWAY_GREEN);
		cr_expect_eq(raceway_meter_charge(&params, &meter, now, 65536), RACEWAY_YELLOW);
	}
	/* A TAT that no depth explains, 2 hours ahead and more, is an idle vNIC's. */
	struct raceway_meter far = { .committed_tat = raceway_ticks(3 * 3600 * NSEC) };

	cr_expect_eq(raceway_meter_charge(&params, &far, 0, 1500), RACEWAY_GREEN);
}

/* Ticks wrap after 834 days. Whenever it begins, a meter lets its burst pass at once, and no more
 * than that: of a depth that nobody chose what an idle vNIC may send. */
Test(meter, begins_at_any_uptime)
{
	static const uint64_t before_wrap_s[] = { 0,
						  1,
						  3600,
						  7000,
						  7300,
						  86400,
						  200 * 86400UL,
						  416 * 86400UL,
						  418 * 86400UL,
						  834 * 86400UL };
	static const uint64_t later_s[] = { 0, 1, 5, 3600, 86400, 420 * 86400UL };
	static struct metered m;

	for (size_t i = 0; i < COUNT(before_wrap_s) * COUNT(later_s); i++) {
		struct raceway_meter_params params = make(0, 0, 8000000, 100000);
		uint64_t before = before_wrap_s[i % COUNT(before_wrap_s)];
		uint64_t later = later_s[i / COUNT(before_wrap_s)], passed[2] = { 0 };
		uint64_t start = 0 - raceway_ticks(before * NSEC) - 1;
		uint64_t now = start + raceway_ticks(later * NSEC);
		struct raceway_meter meter;

		metered_init(&m, 0, 8000000);
		raceway_meter_begin(&meter, start);
		raceway_meter_begin(&m.meter, start);
		for (int k = 0; k < 200; k++) {
			int colour = raceway_meter_charge(&m.params, &m.meter, now, 1000);

			if ((colour & ~RACEWAY_CONGESTED) == RACEWAY_YELLOW)
				passed[1] += 1000;
			if (raceway_meter_charge(&params, &meter, now, 1000) != RACEWAY_RED)
				passed[0] += 1000;
		}
		cr_expect(passed[0] >= 99000 && passed[0] <= 100000, "%lu s before, %lu s: %lu",
			  before, later, passed[0]);
		cr_expect(passed[1] >= 13000 && passed[1] <= 1000 * RACEWAY_IDLE_MS,
			  "%lu s before, %lu s: %lu bytes of a default depth", before, later,
			  passed[1]);
		cr_expect(!raceway_is_contended(meter.contended, now));
		/* A class is zeroes until it is asked first. */
		raceway_share_offer(&m.meter.flows, &m.class[1], now, 1000, 1);
		cr_expect(raceway_class_has_room(&m.class[1], now, 1000, 1000));
	}
}

Test(meter, wrap_of_the_ticks)
{
	struct raceway_meter_params params = make(0, 0, 8000000, 100000);
	struct raceway_meter meter = { 0 };
	uint64_t start = 0 - raceway_ticks(NSEC / 2), now = start, passed = 0;

	/* 1 MB/s over one second, half of it on each side of the wrap, offered fourfold. */
	meter.excess_tat = start;
	for (; now - start < raceway_ticks(NSEC); now += raceway_ticks(NSEC / 4000))
		if (raceway_meter_charge(&params, &meter, now, 1000) != RACEWAY_RED)
			passed += 1000;
	cr_expect(passed <= 1100000 && passed >= 1098000, "%lu bytes passed", passed);
}

/* A clock that steps back makes the answer stricter, never wider. */
Test(meter, clock_steps_back)
{
	for (uint64_t seed = 200; seed < 220; seed++) {
		struct dice dice = { seed };
		uint64_t rate = rates[3 + dice_next(&dice) % 6], burst = 200000;
		struct raceway_meter_params params = make(0, 0, rate, burst);
		struct raceway_meter meter = { 0 };
		/* In true time, the windows; the meter's clock lags by up to a second. */
		struct window all = { .rate_bps = rate, .last_ns = 10 * NSEC };
		uint64_t now = 10 * NSEC, latest = 0;

		for (int i = 0; i < 20000; i++) {
			uint32_t bytes = any_size(&dice);
			uint64_t read;

			now += gap_ns(&dice, rate, bytes, 300);
			read = now - (dice_next(&dice) % 8 ? 0 : dice_between(&dice, 0, NSEC));
			if (raceway_meter_charge(&params, &meter, raceway_ticks(read), bytes) ==
			    RACEWAY_RED)
				continue;
			if (read < latest)
				read = latest;
			latest = read;
			window_add(&all, read, bytes);
		}
		cr_expect(!window_exceeds(&all, burst), "seed %lu, %lu bit/s", seed, rate);
	}
}

/* Cost is a frame's bytes: none is free, and a longer one never costs less. */
Test(meter, cost)
{
	for (size_t r = 0; r < COUNT(rates); r++) {
		struct raceway_bucket bucket = raceway_bucket_make(rates[r], 1 << 17);
		uint64_t last = 0;

		for (uint32_t bytes = 1; bytes < RACEWAY_FRAME_MAX; bytes += 1 + bytes / 64) {
			uint64_t cost = raceway_cost(bucket.mult, bytes);

			cr_assert_gt(cost, last, "%lu bit/s, %u bytes", rates[r], bytes);
			last = cost;
		}
		/* Beyond any frame there is: the dearest, not a free one. */
		cr_expect_geq(raceway_cost(bucket.mult, RACEWAY_FRAME_MAX), last);
		cr_expect_geq(raceway_cost(bucket.mult, RACEWAY_FRAME_MAX + 60), last);
		cr_expect_geq(raceway_cost(bucket.mult, ~0U), last);
	}
}

/* A rate of zero, and a frame that is longer than the bucket is deep, never pass. */
Test(meter, nothing_passes_an_empty_bucket)
{
	struct raceway_meter_params none = { 0 }, shallow = make(1000000, 1000, 1000000, 1000);
	struct raceway_meter meter = { 0 };

	cr_expect_eq(raceway_meter_charge(&none, &meter, raceway_ticks(NSEC), 14), RACEWAY_RED);
	cr_expect_eq(raceway_meter_charge(&shallow, &meter, raceway_ticks(NSEC), 1001),
		     RACEWAY_RED);
	cr_expect_eq(meter.committed_tat, 0, "red charges nothing");
	cr_expect_eq(raceway_meter_charge(&shallow, &meter, raceway_ticks(NSEC), 1000),
		     RACEWAY_GREEN);
}

#define THREADS 4
#define THREAD_FRAMES 100000

/* Several CPUs on one meter: a clock that all move, each reading it at its own moment. */
struct shared {
	struct raceway_meter_params params;
	struct raceway_meter meter;
	uint64_t clock_ns;
	uint64_t seed;
};

struct passed {
	uint64_t now_ns;
	uint32_t bytes;
	int colour;
};

struct worker {
	struct shared *shared;
	struct passed *passed;
	size_t count;
	uint64_t seed;
};

static void *send_frames(void *arg)
{
	struct worker *worker = arg;
	struct shared *shared = worker->shared;
	struct dice dice = { worker->seed };

	for (int i = 0; i < THREAD_FRAMES; i++) {
		uint32_t bytes = any_size(&dice);
		uint64_t step = dice_between(&dice, 0, 8000);
		uint64_t now = __atomic_fetch_add(&shared->clock_ns, step, __ATOMIC_RELAXED);
		int colour = raceway_meter_charge(&shared->params, &shared->meter,
						  raceway_ticks(now), bytes);

		if (colour != RACEWAY_RED)
			worker->passed[worker->count++] = (struct passed){ now, bytes, colour };
	}
	return NULL;
}

static int by_time(const void *a, const void *b)
{
	const struct passed *x = a, *y = b;

	return x->now_ns < y->now_ns ? -1 : x->now_ns > y->now_ns;
}

static void check_threads(uint64_t seed, uint64_t cir, uint64_t pir)
{
	struct shared shared = { .params = make(cir, 200000, pir, 500000), .clock_ns = NSEC };
	struct passed *all = calloc((size_t)THREADS * THREAD_FRAMES, sizeof(*all));
	struct worker worker[THREADS] = { 0 };
	struct window green = { .rate_bps = cir }, both = { .rate_bps = pir };
	pthread_t thread[THREADS];
	uint64_t bytes = 0, took;
	size_t count = 0;

	cr_assert(all);
	for (int i = 0; i < THREADS; i++) {
		worker[i].shared = &shared;
		worker[i].seed = seed + (uint64_t)i;
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
	for (size_t n = 0; n < count; n++) {
		bytes += all[n].bytes;
		window_add(&both, all[n].now_ns, all[n].bytes);
		if (all[n].colour == RACEWAY_GREEN)
			window_add(&green, all[n].now_ns, all[n].bytes);
	}
	free(all);
	cr_expect(!window_exceeds(&green, 200000), "seed %lu: green above its rate", seed);
	cr_expect(!window_exceeds(&both, 500000), "seed %lu: above the peak rate", seed);
	/* Some 12 KB every 4 us is 24 Gbit/s; lost races may cost a little beside the rounding. */
	took = shared.clock_ns - NSEC;
	cr_expect_geq((double)bytes * 8e9, 0.97 * (double)pir * (double)took,
		      "seed %lu: only %.1f %% of the rate", seed,
		      (double)bytes * 8e11 / ((double)pir * (double)took));
}

Test(meter, several_threads)
{
	check_threads(1000, 1000000000, 4000000000);
	check_threads(2000, 0, 8000000000);
	check_threads(3000, 6000000000, 6500000000);
}
