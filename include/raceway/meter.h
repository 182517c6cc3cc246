/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two-rate three-colour meter without locks, plain arithmetic for BPF and for the host.
 *
 * In the manner of RFC 4115, each of its two buckets kept as one theoretical arrival time
 * (TAT, the virtual scheduling form of GCRA, ITU-T I.371) that is advanced by compare-and-swap:
 * a frame of `cost` conforms if TAT + cost - now <= depth. Bytes that pass in any window of t
 * are thus at most rate * t + depth, on all CPUs together: each passing frame advanced the one
 * TAT, and a clock that was read early, or that stepped back, only makes the answer stricter.
 *
 * Time is counted in ticks of 2^-8 ns in 64 bits, compared as signed differences.
 * Cost of a frame is bytes * mult / 2^13, rounded up, so the cap is never exceeded by rounding:
 *   1 kbit/s   mult = 2^8 * 8e9 / 1e3  * 2^13 = 1.7e13 < 2^44; bytes < 2^20: no overflow
 *   400 Gbit/s a 60-byte frame is 307.2 ticks, rounding takes at most 0.33 % of the rate
 * A TAT that lies further ahead than any depth can put it belongs to a vNIC that was idle for
 * more than 2^55 ns (417 days) and counts as idle.
 *
 * Deviations from RFC 4115: colour-blind only; the buckets are not filled by a timer; a rate
 * of 0 makes the committed bucket empty, and an absent peak rate makes the excess unlimited. */
#ifndef RACEWAY_METER_H
#define RACEWAY_METER_H

#include <linux/types.h>

#define RACEWAY_TICK_SHIFT 8
#define RACEWAY_MULT_SHIFT 13
#define RACEWAY_MULT_ROUND ((1ULL << RACEWAY_MULT_SHIFT) - 1)
#define RACEWAY_FRAME_MAX (1U << 20) /* bytes of one GSO packet with all its headers */
/* No depth is longer than this: one hour. */
#define RACEWAY_DEPTH_MAX ((3600ULL * 1000000000ULL) << RACEWAY_TICK_SHIFT)
#define RACEWAY_CAS_TRIES 16

struct raceway_bucket {
	__u64 mult;  /* ticks per byte (or per frame), times 2^RACEWAY_MULT_SHIFT; 0: empty */
	__u64 depth; /* ticks */
};

#define RACEWAY_UNLIMITED (~0ULL) /* as the excess bucket's mult: no peak rate */

/* One direction of a vNIC: immutable. committed = CIR/CBS, excess = PIR-CIR/PBS-CBS. */
struct raceway_meter_params {
	struct raceway_bucket committed;
	struct raceway_bucket excess;
};

/* State of one direction of a vNIC: one cache line. */
struct raceway_meter {
	__u64 committed_tat;
	__u64 excess_tat;
	__u64 group_tat; /* tx: frames to group addresses */
	__u64 reserved[5];
};

static inline __attribute__((always_inline)) __u64 raceway_ticks(__u64 now_ns)
{
	return now_ns << RACEWAY_TICK_SHIFT;
}

/* What is longer than any frame costs as much as the longest. */
static inline __attribute__((always_inline)) __u64 raceway_cost(__u64 mult, __u32 bytes)
{
	if (bytes >= RACEWAY_FRAME_MAX)
		bytes = RACEWAY_FRAME_MAX - 1;
	return (bytes * mult + RACEWAY_MULT_ROUND) >> RACEWAY_MULT_SHIFT;
}

/* The earliest moment from which the next cost counts: the TAT, or now if that has passed. */
static inline __attribute__((always_inline)) __u64 raceway_tat_base(__u64 tat, __u64 now)
{
	__s64 ahead = (__s64)(tat - now);

	return ahead > 0 && ahead < (__s64)(2 * RACEWAY_DEPTH_MAX) ? tat : now;
}

/* What follows a lost race, until it is won or RACEWAY_CAS_TRIES are used up. */
static inline __attribute__((always_inline)) int raceway_take_again(__u64 *tat, __u64 now,
								    __u64 cost, __u64 depth)
{
	__u64 old = *(volatile __u64 *)tat;

	for (int i = 1; i < RACEWAY_CAS_TRIES; i++) {
		__u64 next = raceway_tat_base(old, now) + cost, seen;

		if (next - now > depth)
			return 0;
		seen = __sync_val_compare_and_swap(tat, old, next);
		if (seen == old)
			return 1;
		old = seen;
	}
	return 0;
}

static inline __attribute__((always_inline)) void raceway_force_again(__u64 *tat, __u64 now,
								      __u64 cost)
{
	__u64 old = *(volatile __u64 *)tat;

	for (int i = 1; i < RACEWAY_CAS_TRIES; i++) {
		__u64 next = raceway_tat_base(old, now) + cost;
		__u64 seen = __sync_val_compare_and_swap(tat, old, next);

		if (seen == old)
			return;
		old = seen;
	}
}

/* In BPF the loops stand outside (bpf/lib/meter.h): the verifier then judges them once and not
 * in every state of the caller, and the first try, which nearly always wins, costs no call. */
#ifdef __bpf__
int raceway_take(__u64 *tat, __u64 now, __u64 cost, __u64 depth);
int raceway_force(__u64 *tat, __u64 now, __u64 cost);
#else
#define raceway_take raceway_take_again
#define raceway_force raceway_force_again
#endif

/* Takes `cost` from the bucket whose state is *tat if it conforms.
 * Returns 1 if taken, 0 if not. More than RACEWAY_CAS_TRIES lost races count as not. */
static inline __attribute__((always_inline)) int raceway_bucket_take(__u64 *tat, __u64 now,
								     __u64 cost, __u64 depth)
{
	__u64 old = *(volatile __u64 *)tat, next = raceway_tat_base(old, now) + cost;

	if (next - now > depth)
		return 0;
	if (__sync_val_compare_and_swap(tat, old, next) == old)
		return 1;
	return raceway_take(tat, now, cost, depth);
}

/* Charges `cost` whatever the bucket holds, as green does to a leaving port. The debt is
 * bounded by 2 * RACEWAY_DEPTH_MAX. */
static inline __attribute__((always_inline)) void raceway_bucket_force(__u64 *tat, __u64 now,
								       __u64 cost)
{
	__u64 old = *(volatile __u64 *)tat, next = raceway_tat_base(old, now) + cost;

	if (__sync_val_compare_and_swap(tat, old, next) != old)
		raceway_force(tat, now, cost);
}

/* Judges a frame of `bytes` and charges the bucket that lets it pass.
 * Returns an enum raceway_colour (as int: 0 green, 1 yellow, 2 red); red charges nothing. */
static inline __attribute__((always_inline)) int
raceway_meter_charge(const struct raceway_meter_params *params, struct raceway_meter *meter,
		     __u64 now, __u32 bytes)
{
	__u64 mult = params->committed.mult;

	if (mult && raceway_bucket_take(&meter->committed_tat, now, raceway_cost(mult, bytes),
					params->committed.depth))
		return 0;
	mult = params->excess.mult;
	if (mult == RACEWAY_UNLIMITED)
		return 1;
	if (mult && raceway_bucket_take(&meter->excess_tat, now, raceway_cost(mult, bytes),
					params->excess.depth))
		return 1;
	return 2;
}

#endif
