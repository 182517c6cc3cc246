/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Credit and debt of a vHBA. */
#include "vhba/rates.h"

#include "raceway/bucket.h"
#include "raceway/limits.h"

/* As deep as may be for a timer that is late and for an initiator that pauses a little: limits
 * are held within 1 % in a second. */
#define DEPTH (8000000ULL << RACEWAY_TICK_SHIFT)
/* How late we may be without a loss. */
#define LATE_NS 10000000ULL
#define LATE_GREEN_NS 100000000ULL
/* A pause after which nothing is owed any more. */
#define OWED_NS 2000000ULL
/* So much is free again when a timer comes, so that several operations can pass for one. */
#define BATCH (DEPTH / 8)
/* An operation costs at most an hour, whatever the rate. */
#define COST_MAX RACEWAY_DEPTH_MAX
#define PIECE_BYTES (RACEWAY_FRAME_MAX - 1)
#define BITS_PER_BYTE 8

/* Ticks per unit of `rate` units per second. */
static uint64_t mult_of(uint64_t rate, uint64_t units)
{
	uint64_t second = (RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT) << RACEWAY_MULT_SHIFT;

	/* Rounded up, so that the rate is never exceeded. */
	return rate ? (uint64_t)(((unsigned __int128)second * units + rate - 1) / rate) : 0;
}

static uint64_t load(const __u64 *value)
{
	return __atomic_load_n(value, __ATOMIC_RELAXED);
}

/* What one bucket is charged for an operation. raceway_cost() takes less than RACEWAY_FRAME_MAX
 * at a time. */
static uint64_t cost_of(enum raceway_rate rate, uint64_t mult, uint64_t bytes)
{
	uint64_t cost = 0;

	if (rate == RACEWAY_RATE_PEAK_IOS || rate == RACEWAY_RATE_COMMITTED_IOS)
		return (mult + RACEWAY_MULT_ROUND) >> RACEWAY_MULT_SHIFT;
	for (; bytes > PIECE_BYTES && cost < COST_MAX; bytes -= PIECE_BYTES)
		cost += raceway_cost(mult, PIECE_BYTES);
	cost += raceway_cost(mult, (uint32_t)bytes);
	return cost < COST_MAX ? cost : COST_MAX;
}

void raceway_rates_set(struct raceway_rates *rates, const struct raceway_limits_config *limits,
		       uint64_t now_ns)
{
	const uint64_t wanted[RACEWAY_RATES] = {
		[RACEWAY_RATE_PEAK_BYTES] = mult_of(limits->pir_bps, BITS_PER_BYTE),
		[RACEWAY_RATE_PEAK_IOS] = mult_of(limits->iops_pir, 1),
		[RACEWAY_RATE_COMMITTED_BYTES] = mult_of(limits->cir_bps, BITS_PER_BYTE),
		[RACEWAY_RATE_COMMITTED_IOS] = mult_of(limits->iops_cir, 1),
	};
	uint64_t now = raceway_ticks(now_ns);

	for (int i = 0; i < RACEWAY_RATES; i++) {
		uint64_t before = load(&rates->mult[i]);
		uint64_t debt = raceway_tat_base(load(&rates->tat[i]), now) - now;
		unsigned __int128 anew = before ? (unsigned __int128)debt * wanted[i] / before : 0;

		if (before == wanted[i])
			continue;
		__atomic_store_n(&rates->tat[i],
				 now + (uint64_t)(anew < COST_MAX ? anew : COST_MAX),
				 __ATOMIC_RELAXED);
		__atomic_store_n(&rates->mult[i], wanted[i], __ATOMIC_RELAXED);
	}
}

/* The later of `at` and when this bucket has credit again. */
static uint64_t wait_for(const struct raceway_rates *rates, enum raceway_rate rate, uint64_t now_ns,
			 uint64_t at)
{
	uint64_t now = raceway_ticks(now_ns), debt, ready;

	if (!load(&rates->mult[rate]))
		return at;
	debt = raceway_tat_base(load(&rates->tat[rate]), now) - now;
	if (debt <= DEPTH)
		return at;
	ready = now_ns + ((debt - DEPTH + BATCH) >> RACEWAY_TICK_SHIFT);
	return ready > at ? ready : at;
}

uint64_t raceway_rates_ready(struct raceway_rates *rates, uint64_t now_ns)
{
	uint64_t at = wait_for(rates, RACEWAY_RATE_PEAK_BYTES, now_ns, now_ns);

	return wait_for(rates, RACEWAY_RATE_PEAK_IOS, now_ns, at);
}

/* When an operation that came at `since_ns` would have passed at the earliest. */
static uint64_t counted_from(uint64_t since_ns, uint64_t now_ns, uint64_t late_ns)
{
	if (since_ns >= now_ns)
		return now_ns;
	return now_ns - since_ns < late_ns ? since_ns : now_ns - late_ns;
}

/* What waited may have waited for us, and then what follows it has, too. */
static void charge(struct raceway_rates *rates, enum raceway_rate rate, uint64_t bytes,
		   uint64_t since_ns, uint64_t now_ns, uint64_t late_ns)
{
	uint64_t mult = load(&rates->mult[rate]), now = raceway_ticks(now_ns), from;
	bool owed = now_ns < load(&rates->owed[rate]);

	if (!mult)
		return;
	from = counted_from(owed ? 0 : since_ns, now_ns, late_ns);
	raceway_bucket_force(&rates->tat[rate], raceway_ticks(from), cost_of(rate, mult, bytes),
			     RACEWAY_DEPTH_MAX);
	if (from < now_ns && raceway_tat_base(load(&rates->tat[rate]), now) == now)
		__atomic_store_n(&rates->owed[rate], now_ns + OWED_NS, __ATOMIC_RELAXED);
}

void raceway_rates_charge(struct raceway_rates *rates, uint64_t bytes, uint64_t since_ns,
			  uint64_t now_ns)
{
	charge(rates, RACEWAY_RATE_PEAK_BYTES, bytes, since_ns, now_ns, LATE_NS);
	charge(rates, RACEWAY_RATE_PEAK_IOS, bytes, since_ns, now_ns, LATE_NS);
}

uint64_t raceway_rates_green(struct raceway_rates *rates, uint64_t now_ns)
{
	uint64_t at;

	if (!load(&rates->mult[RACEWAY_RATE_COMMITTED_BYTES]) &&
	    !load(&rates->mult[RACEWAY_RATE_COMMITTED_IOS]))
		return UINT64_MAX;
	at = wait_for(rates, RACEWAY_RATE_COMMITTED_BYTES, now_ns, now_ns);
	return wait_for(rates, RACEWAY_RATE_COMMITTED_IOS, now_ns, at);
}

void raceway_rates_charge_green(struct raceway_rates *rates, uint64_t bytes, uint64_t since_ns,
				uint64_t now_ns)
{
	charge(rates, RACEWAY_RATE_COMMITTED_BYTES, bytes, since_ns, now_ns, LATE_GREEN_NS);
	charge(rates, RACEWAY_RATE_COMMITTED_IOS, bytes, since_ns, now_ns, LATE_GREEN_NS);
}
