/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One bucket: a theoretical arrival time that is advanced by compare-and-swap (meter.h). */
#ifndef RACEWAY_BUCKET_H
#define RACEWAY_BUCKET_H

#include <linux/types.h>

#define RACEWAY_TICK_SHIFT 8
#define RACEWAY_MULT_SHIFT 13
#define RACEWAY_MULT_ROUND ((1ULL << RACEWAY_MULT_SHIFT) - 1)
#define RACEWAY_FRAME_MAX (1U << 20) /* bytes of one GSO packet with all its headers */
/* No depth is longer than this: one hour. */
#define RACEWAY_DEPTH_MAX ((3600ULL * 1000000000ULL) << RACEWAY_TICK_SHIFT)
/* What lies further ahead, 2.5 hours, lies behind: more than two depths. */
#define RACEWAY_AHEAD_SHIFT 51
#define RACEWAY_CAS_TRIES 16
/* How long whoever lost a frame may be silent and still come back to all of its credit: a
 * retransmission timeout that has been doubled twice. */
#define RACEWAY_PATIENCE ((1000000000ULL) << RACEWAY_TICK_SHIFT)
/* A pause between two windows of a TCP: no round trip is longer. */
#define RACEWAY_PAUSE ((200ULL * 1000000) << RACEWAY_TICK_SHIFT)

struct raceway_bucket {
	__u64 mult;  /* ticks per byte (or per frame), times 2^RACEWAY_MULT_SHIFT; 0: empty */
	__u64 depth; /* ticks */
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
	return !((tat - now - 1) >> RACEWAY_AHEAD_SHIFT) ? tat : now;
}

static inline __attribute__((always_inline)) int raceway_is_contended(__u64 until, __u64 now)
{
	__u64 left = until - now - 1;

	/* Twice, as whoever stamped it may have read the clock a little later. 0 or 1 without a
	 * branch, of which the verifier would see both sides each time. */
	return (int)(((left - 2 * RACEWAY_PATIENCE) & ~left) >> 63);
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

static inline __attribute__((always_inline)) __u64 raceway_forced(__u64 tat, __u64 now, __u64 cost,
								  __u64 most)
{
	__u64 ahead = raceway_tat_base(tat, now) + cost - now;

	return now + (ahead < most ? ahead : most);
}

static inline __attribute__((always_inline)) void raceway_force_again(__u64 *tat, __u64 now,
								      __u64 cost, __u64 most)
{
	__u64 old = *(volatile __u64 *)tat;

	for (int i = 1; i < RACEWAY_CAS_TRIES; i++) {
		__u64 next = raceway_forced(old, now, cost, most);
		__u64 seen = __sync_val_compare_and_swap(tat, old, next);

		if (seen == old)
			return;
		old = seen;
	}
	/* Late, but charged: an addition cannot lose. */
	__sync_fetch_and_add(tat, cost);
}

/* In BPF the loops stand outside (bpf/lib/meter.h): the verifier then judges them once and not
 * in every state of the caller, and the first try, which nearly always wins, costs no call. */
#ifdef __bpf__
int raceway_take(__u64 *tat, __u64 now, __u64 cost, __u64 depth);
int raceway_force(__u64 *tat, __u64 now, __u64 cost, __u64 most);
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

/* Charges `cost` whatever the bucket holds, as green does to a leaving port, but no deeper than
 * `most`, its depth and the debt it may have. */
static inline __attribute__((always_inline)) void raceway_bucket_force(__u64 *tat, __u64 now,
								       __u64 cost, __u64 most)
{
	__u64 old = *(volatile __u64 *)tat, next = raceway_forced(old, now, cost, most);

	if (__sync_val_compare_and_swap(tat, old, next) != old)
		raceway_force(tat, now, cost, most);
}

#endif
