// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rates in bit/s and bursts in bytes to the ticks of the meter (raceway/meter.h).
 * Rounded so that the cap is never exceeded: cost up, depth down. */
#include "loader/dp.h"

#define TICKS_PER_SEC (RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT)
/* 8e9 * 2^8 * 2^13 = 1.7e16 < 2^54 */
#define MULT_AT_1_BPS ((8 * TICKS_PER_SEC) << RACEWAY_MULT_SHIFT)

/* Below the least rate, where the cost of a frame would not fit 64 bits, there is none: such is
 * the excess of a peak rate that lies a few bits above the committed one. */
struct raceway_bucket raceway_bucket_make(uint64_t rate_bps, uint64_t burst_bytes)
{
	struct raceway_bucket bucket = { 0 };
	__uint128_t depth;

	if (rate_bps < RACEWAY_RATE_MIN_BPS)
		return bucket;
	bucket.mult = (MULT_AT_1_BPS + rate_bps - 1) / rate_bps;
	depth = ((__uint128_t)burst_bytes * bucket.mult) >> RACEWAY_MULT_SHIFT;
	bucket.depth = depth > RACEWAY_DEPTH_MAX ? RACEWAY_DEPTH_MAX : (uint64_t)depth;
	return bucket;
}

struct raceway_meter_params raceway_meter_make(const struct raceway_dp_rate *rate)
{
	struct raceway_meter_params params = {
		.committed = raceway_bucket_make(rate->cir_bps, rate->cbs_bytes),
	};

	if (!rate->pir_bps)
		params.excess.mult = RACEWAY_UNLIMITED;
	else if (rate->pir_bps > rate->cir_bps)
		params.excess = raceway_bucket_make(
			rate->pir_bps - rate->cir_bps,
			rate->cir_bps ? rate->pbs_bytes - rate->cbs_bytes : rate->pbs_bytes);
	return params;
}
