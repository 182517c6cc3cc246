// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rates in bit/s and bursts in bytes to the ticks of the meter (raceway/meter.h).
 * Rounded so that the cap is never exceeded: cost up, depth down. */
#include <string.h>
#include <time.h>

#include <raceway/pace.h>

#include "loader/dp.h"

#define FRAME_HEADER 18 /* Ethernet and a tag */
#define TICKS_PER_SEC (RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT)
/* 8e9 * 2^8 * 2^13 = 1.7e16 < 2^54 */
#define MULT_AT_1_BPS ((8 * TICKS_PER_SEC) << RACEWAY_MULT_SHIFT)

/* Below the least rate, where the cost of a frame would not fit 64 bits, there is none: such is
 * the excess of a peak rate that lies a few bits above the committed one. */
static uint64_t mult_of(uint64_t rate_bps)
{
	return rate_bps < RACEWAY_RATE_MIN_BPS ? 0 : (MULT_AT_1_BPS + rate_bps - 1) / rate_bps;
}

struct raceway_bucket raceway_bucket_make(uint64_t rate_bps, uint64_t burst_bytes)
{
	struct raceway_bucket bucket = { 0 };
	__uint128_t depth;

	bucket.mult = mult_of(rate_bps);
	if (!bucket.mult)
		return bucket;
	depth = ((__uint128_t)burst_bytes * bucket.mult) >> RACEWAY_MULT_SHIFT;
	bucket.depth = depth > RACEWAY_DEPTH_MAX ? RACEWAY_DEPTH_MAX : (uint64_t)depth;
	return bucket;
}

struct raceway_meter_params raceway_meter_make(const struct raceway_dp_rate *rate, uint32_t mtu)
{
	struct raceway_meter_params params = {
		.committed = raceway_bucket_make(rate->cir_bps, rate->cbs_bytes),
		.mult = mult_of(rate->pir_bps ?: rate->cir_bps),
	};

	if (!rate->pir_bps)
		params.excess.mult = RACEWAY_UNLIMITED;
	else if (rate->pir_bps > rate->cir_bps)
		params.excess = raceway_bucket_make(
			rate->pir_bps - rate->cir_bps,
			rate->cir_bps ? rate->pbs_bytes - rate->cbs_bytes : rate->pbs_bytes);
	if (rate->idle_ms && params.mult) {
		uint64_t frames = raceway_cost(params.mult, 2 * (mtu + FRAME_HEADER));

		params.idle = raceway_ticks(rate->idle_ms * (RACEWAY_NSEC_PER_SEC / 1000));
		if (params.idle < frames)
			params.idle = frames;
	}
	return params;
}

void raceway_meter_may_wait(struct raceway_meter_params *params)
{
	uint64_t most = raceway_pace_most(params->idle);

	if (params->committed.depth > most)
		params->committed.depth -= most;
	if (params->excess.depth > most)
		params->excess.depth -= most;
}

static uint64_t idle_bytes(const struct raceway_bucket *bucket, uint64_t idle)
{
	if (!bucket->mult || bucket->mult == RACEWAY_UNLIMITED)
		return 0;
	if (idle > bucket->depth)
		idle = bucket->depth;
	return (uint64_t)(((__uint128_t)idle << RACEWAY_MULT_SHIFT) / bucket->mult);
}

uint64_t raceway_dp_idle_burst(const struct raceway_dp_rate *rate, uint32_t mtu)
{
	struct raceway_meter_params params = raceway_meter_make(rate, mtu);

	if (!params.idle)
		return rate->pir_bps ? rate->pbs_bytes : rate->cbs_bytes;
	return idle_bytes(&params.committed, params.idle) + idle_bytes(&params.excess, params.idle);
}

uint64_t raceway_ticks_now(void)
{
	struct timespec clock;

	clock_gettime(CLOCK_MONOTONIC, &clock);
	return raceway_ticks((uint64_t)clock.tv_sec * RACEWAY_NSEC_PER_SEC +
			     (uint64_t)clock.tv_nsec);
}

static bool is_rate(const struct raceway_bucket *bucket)
{
	return bucket->mult && bucket->mult != RACEWAY_UNLIMITED;
}

void raceway_bucket_rescale(uint64_t *tat, const struct raceway_bucket *old,
			    const struct raceway_bucket *new)
{
	uint64_t was = __atomic_load_n(tat, __ATOMIC_RELAXED), next, now;

	if (!is_rate(new) || !memcmp(old, new, sizeof(*old)))
		return;
	now = raceway_ticks_now();
	do {
		__uint128_t missing = raceway_tat_base(was, now) - now;

		if (!missing)
			return;
		if (is_rate(old))
			missing = missing * new->mult / old->mult;
		next = now + (missing < new->depth ? (uint64_t)missing : new->depth);
	} while (!__atomic_compare_exchange_n(tat, &was, next, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
}
