// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* userspace/loader/rates.c: rates and bursts to the meter's ticks, rounded so that the cap is
 * never exceeded. */
#include <criterion/criterion.h>

#include "loader/dp.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TICKS_PER_SEC (RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT)

static const uint64_t rates[] = { 1000,	      1001,	   56000,	 999999,      1000000,
				  333333333,  1000000000,  40000000000,	 99999999977, 100000000000,
				  1234567890, 25000000000, 399999999999, 400000000000 };

/* bytes * 8 bits at the rate take at most the cost, and the cost is a tick and the rounding
 * of mult (0.0024 % at 400 Gbit/s) more. */
Test(rates, cost_is_the_time_on_the_wire)
{
	static const uint32_t sizes[] = { 1, 14, 60, 1514, 9014, 65549, RACEWAY_FRAME_MAX - 1 };

	for (size_t r = 0; r < COUNT(rates); r++)
		for (size_t s = 0; s < COUNT(sizes); s++) {
			struct raceway_bucket bucket = raceway_bucket_make(rates[r], 1 << 17);
			uint64_t cost = raceway_cost(bucket.mult, sizes[s]);
			unsigned __int128 exact = (unsigned __int128)sizes[s] * 8 * TICKS_PER_SEC;

			cr_expect_geq((unsigned __int128)cost * rates[r], exact,
				      "%lu bit/s, %u bytes", rates[r], sizes[s]);
			cr_expect_lt((unsigned __int128)(cost - 1) * rates[r] * 1000000,
				     exact * 1000024, "%lu bit/s, %u bytes", rates[r], sizes[s]);
		}
}

/* Exactly the burst passes at once, and not a byte more. */
Test(rates, depth_is_the_burst)
{
	static const uint64_t bursts[] = { 1500, 65549, 131072, 1000000 };

	for (size_t r = 2; r < COUNT(rates); r++)
		for (size_t b = 0; b < COUNT(bursts); b++) {
			struct raceway_bucket bucket = raceway_bucket_make(rates[r], bursts[b]);

			cr_expect_leq(raceway_cost(bucket.mult, (uint32_t)bursts[b]),
				      bucket.depth + 1, "%lu bit/s", rates[r]);
			cr_expect_gt(raceway_cost(bucket.mult, (uint32_t)bursts[b] + 1),
				     bucket.depth, "%lu bit/s", rates[r]);
		}
}

/* No depth above an hour: the meter tells a TAT ahead from one long gone by that. */
Test(rates, depth_is_bounded)
{
	cr_expect_eq(raceway_bucket_make(1000, UINT64_MAX).depth, RACEWAY_DEPTH_MAX);
	cr_expect_eq(raceway_bucket_make(400000000000, UINT64_MAX).depth, RACEWAY_DEPTH_MAX);
	cr_expect_lt(raceway_bucket_make(1000, 449999).depth, RACEWAY_DEPTH_MAX);
	cr_expect_eq(raceway_bucket_make(1000, 450001).depth, RACEWAY_DEPTH_MAX);
}

/* Cost must not overflow for the longest frame at the least rate: below that there is no rate. */
Test(rates, the_least_rate)
{
	for (uint64_t rate = 1; rate < 3000; rate++) {
		struct raceway_bucket bucket = raceway_bucket_make(rate, 1 << 17);

		if (rate < RACEWAY_RATE_MIN_BPS) {
			cr_expect_eq(bucket.mult, 0, "%lu bit/s is below the least rate", rate);
			continue;
		}
		cr_expect(bucket.mult && bucket.mult <= UINT64_MAX / RACEWAY_FRAME_MAX,
			  "%lu bit/s overflows", rate);
	}
	cr_expect_eq(raceway_bucket_make(0, 1 << 17).mult, 0);
	cr_expect_eq(raceway_bucket_make(0, 1 << 17).depth, 0);
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

static void expect_bucket(const struct raceway_bucket *is, uint64_t rate, uint64_t burst)
{
	struct raceway_bucket should = raceway_bucket_make(rate, burst);

	cr_expect_eq(is->mult, should.mult);
	cr_expect_eq(is->depth, should.depth);
}

/* RFC 4115: the excess bucket holds what the peak has beyond the committed rate. */
Test(rates, two_buckets)
{
	struct raceway_meter_params none = make(0, 0, 0, 0);
	struct raceway_meter_params cir = make(1000000, 200000, 0, 0);
	struct raceway_meter_params pir = make(0, 0, 5000000, 300000);
	struct raceway_meter_params both = make(1000000, 200000, 5000000, 300000);
	struct raceway_meter_params equal = make(5000000, 200000, 5000000, 200000);

	expect_bucket(&none.committed, 0, 0);
	cr_expect_eq(none.excess.mult, RACEWAY_UNLIMITED);
	expect_bucket(&cir.committed, 1000000, 200000);
	cr_expect_eq(cir.excess.mult, RACEWAY_UNLIMITED);
	expect_bucket(&pir.committed, 0, 0);
	expect_bucket(&pir.excess, 5000000, 300000);
	expect_bucket(&both.committed, 1000000, 200000);
	expect_bucket(&both.excess, 4000000, 100000);
	expect_bucket(&equal.committed, 5000000, 200000);
	expect_bucket(&equal.excess, 0, 0);
}

/* A burst that was given is there as a whole, of a default one 18 ms of each rate, two frames at
 * least. */
Test(rates, burst_from_idle)
{
	struct raceway_dp_rate rate = { .pir_bps = 100000000, .pbs_bytes = 12500000 };

	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 12500000);
	rate.idle_ms = RACEWAY_IDLE_MS;
	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 12500000 * RACEWAY_IDLE_MS / 1000);
	rate.cir_bps = 50000000;
	rate.cbs_bytes = 6250000;
	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 12500000 * RACEWAY_IDLE_MS / 1000);
	rate.pir_bps = 0;
	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 6250000 * RACEWAY_IDLE_MS / 1000);
	rate = (struct raceway_dp_rate){ .pir_bps = 1000000, .pbs_bytes = 131072, .idle_ms = 18 };
	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 3036);
	rate.pir_bps = 0;
	cr_expect_eq(raceway_dp_idle_burst(&rate, 1500), 0);
}

/* What waits leaves later than it was charged: a depth that nobody chose is so much shorter. */
Test(rates, frames_that_wait_are_within_the_burst)
{
	struct raceway_dp_rate rate = {
		.cir_bps = 40000000,
		.cbs_bytes = 5000000,
		.pir_bps = 100000000,
		.pbs_bytes = 12500000,
		.idle_ms = RACEWAY_IDLE_MS,
	};
	struct raceway_meter_params params = raceway_meter_make(&rate, 1500);
	uint64_t committed = params.committed.depth, excess = params.excess.depth;
	uint64_t most = params.idle * 3 / 4;

	raceway_meter_may_wait(&params);
	cr_expect_eq(params.committed.depth, committed - most);
	cr_expect_eq(params.excess.depth, excess - most);
	rate.idle_ms = 0;
	params = raceway_meter_make(&rate, 1500);
	raceway_meter_may_wait(&params);
	cr_expect_eq(params.committed.depth, committed);
	cr_expect_eq(params.excess.depth, excess);
	rate = (struct raceway_dp_rate){ .cir_bps = 1000000, .cbs_bytes = 131072, .idle_ms = 18 };
	params = raceway_meter_make(&rate, 1500);
	raceway_meter_may_wait(&params);
	cr_expect_eq(params.excess.mult, RACEWAY_UNLIMITED);
}
