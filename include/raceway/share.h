/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A rate that many share, by phantom queues: each member has a bucket of its own at its share of
 * the rate, `shares` of which make the whole. Nothing is queued, nobody is listed.
 *
 * How many shares there are is counted anew in each window of RACEWAY_WINDOW: a member counts as
 * the part of its share that it has asked for, at most one. So a thousand mice beside three
 * elephants make little more than three, and the shares are max-min fair. Where members that
 * kept to their share were still refused, the count was too low and grows by half, up to as many
 * as there were.
 *
 * Two CPUs may both see a window end, or lose an addition: the count is an estimate, the bucket
 * above it is what holds the rate. */
#ifndef RACEWAY_SHARE_H
#define RACEWAY_SHARE_H

#include <linux/types.h>

#include "bucket.h"

#define RACEWAY_WINDOW_SHIFT 36 /* ticks: 0.27 s */
#define RACEWAY_WINDOW (1ULL << RACEWAY_WINDOW_SHIFT)
#define RACEWAY_SHARE_SHIFT 8 /* one share is 256 */
#define RACEWAY_SHARES_MIN (1ULL << RACEWAY_SHARE_SHIFT)
#define RACEWAY_SHARES_MAX (1ULL << 28)
#define RACEWAY_SHARE_COST_MAX (1ULL << 34) /* ticks at the whole rate: 67 ms */
/* Sums count in ticks >> 16: 2^20 shares for a whole window are 2^40. */
#define RACEWAY_SUM_SHIFT 16
#define RACEWAY_SUM_MASK ((1ULL << 47) - 1)
#define RACEWAY_CROWDED (1ULL << 47)
#define RACEWAY_WINDOW_ID_SHIFT 48
#define RACEWAY_WINDOW_ID_MASK (~0ULL << RACEWAY_WINDOW_ID_SHIFT)

struct raceway_share {
	__u64 shares; /* in force, times 2^RACEWAY_SHARE_SHIFT, 0 counts as one; above them, from
		       * bit 32 on, the weights of all members that have asked in this window */
	__u64 window; /* id << 48 | RACEWAY_CROWDED | sum of what was asked for */
};

/* A member: one flow, or all flows that hash to it; or a vNIC at a leaving port. */
struct raceway_class {
	__u64 tat;    /* at its share of the rate */
	__u64 window; /* id << 48 | ticks asked for, at most RACEWAY_WINDOW */
};

static inline __attribute__((always_inline)) __u64 raceway_window_id(__u64 now)
{
	return now >> RACEWAY_WINDOW_SHIFT << RACEWAY_WINDOW_ID_SHIFT;
}

static inline __attribute__((always_inline)) __u64
raceway_shares_in_force(const struct raceway_share *share)
{
	__u64 shares = (__u32) * (const volatile __u64 *)&share->shares;

	if (shares < RACEWAY_SHARES_MIN)
		return RACEWAY_SHARES_MIN;
	return shares < RACEWAY_SHARES_MAX ? shares : RACEWAY_SHARES_MAX;
}

static inline __attribute__((always_inline)) __u64 raceway_window_of(__u64 sum)
{
	return sum & RACEWAY_WINDOW_ID_MASK;
}

/* What a cost at the whole rate is for a member with `weight` shares. */
static inline __attribute__((always_inline)) __u64
raceway_share_cost(const struct raceway_share *share, __u64 cost, __u32 weight)
{
	if (cost > RACEWAY_SHARE_COST_MAX)
		cost = RACEWAY_SHARE_COST_MAX;
	cost = cost * raceway_shares_in_force(share) >> RACEWAY_SHARE_SHIFT;
	return weight > 1 ? cost / weight : cost;
}

/* The count for the next window. `others`: ticks of the window that the members could not have,
 * as somebody with a guarantee used them. */
static inline __attribute__((always_inline)) __u64 raceway_share_count(__u64 window, __u64 shares,
								       __u64 present, __u64 others)
{
	__u64 sum = window & RACEWAY_SUM_MASK, left, most;

	if (others > RACEWAY_WINDOW - RACEWAY_WINDOW / 64)
		others = RACEWAY_WINDOW - RACEWAY_WINDOW / 64;
	left = (RACEWAY_WINDOW - others) >> RACEWAY_SUM_SHIFT;
	/* Rounded up: all shares together are no more than what there is. */
	sum = ((sum << RACEWAY_SHARE_SHIFT) + left - 1) / left;
	most = (present << (RACEWAY_SHARE_SHIFT + RACEWAY_WINDOW_SHIFT - RACEWAY_SUM_SHIFT)) / left;
	if ((window & RACEWAY_CROWDED) && sum < shares + shares / 2)
		sum = shares + shares / 2;
	sum = sum < most ? sum : most;
	return sum < RACEWAY_SHARES_MAX ? sum : RACEWAY_SHARES_MAX;
}

/* Begins a new window where one has ended. `others` is a sum of the same form. */
static inline __attribute__((always_inline)) void raceway_share_turn(struct raceway_share *share,
								     __u64 now, __u64 others)
{
	__u64 id = raceway_window_id(now), window = *(volatile __u64 *)&share->window;
	__u64 shares = raceway_shares_in_force(share), present = share->shares >> 32;

	/* Another CPU's clock may have been a window ahead: it never turns back. */
	if (raceway_window_of(window) == id ||
	    raceway_window_of(window) - id == 1ULL << RACEWAY_WINDOW_ID_SHIFT ||
	    __sync_val_compare_and_swap(&share->window, window, id) != window)
		return;
	others = raceway_window_of(others) == raceway_window_of(window)
			 ? others & ~RACEWAY_WINDOW_ID_MASK
			 : 0;
	/* Who was silent for a whole window begins with one share. */
	share->shares = id - raceway_window_of(window) == 1ULL << RACEWAY_WINDOW_ID_SHIFT
				? raceway_share_count(window, shares, present, others)
				: 0;
}

/* Adds to a sum of this window, up to `most`. Returns what was added; *ret_had is what was there.
 */
static inline __attribute__((always_inline)) __u64
raceway_window_add(__u64 *sum, __u64 now, __u64 ticks, __u64 most, __u64 *ret_had)
{
	__u64 id = raceway_window_id(now), window = *(volatile __u64 *)sum, had;

	if (raceway_window_of(window) - id == 1ULL << RACEWAY_WINDOW_ID_SHIFT)
		id = raceway_window_of(window);
	had = raceway_window_of(window) == id ? window & ~RACEWAY_WINDOW_ID_MASK : 0;
	if (had > most)
		had = most;
	if (ticks > most - had)
		ticks = most - had;
	*ret_had = had;
	*(volatile __u64 *)sum = id | (had + ticks);
	return ticks;
}

/* A member asks for `cost` ticks of its share, whether it gets them or not. The sum of all counts
 * its sum, so that rounding loses nothing of frames that are short at a high rate. */
static inline __attribute__((always_inline)) void raceway_share_offer(struct raceway_share *share,
								      struct raceway_class *class,
								      __u64 now, __u64 cost,
								      __u32 weight)
{
	__u64 had;

	if (!class->tat) /* never asked before: zero may lie ahead */
		class->tat = now;
	if (raceway_window_of(class->window) != raceway_window_id(now))
		__sync_fetch_and_add(&share->shares, (__u64)weight << 32);
	cost = raceway_window_add(&class->window, now, cost, RACEWAY_WINDOW, &had);
	cost = ((had + cost) * weight >> RACEWAY_SUM_SHIFT) - (had * weight >> RACEWAY_SUM_SHIFT);
	if (cost)
		__sync_fetch_and_add(&share->window, cost);
}

/* A member that keeps to its share was refused. */
static inline __attribute__((always_inline)) void raceway_share_crowded(struct raceway_share *share)
{
	if (!(*(volatile __u64 *)&share->window & RACEWAY_CROWDED))
		__sync_fetch_and_or(&share->window, RACEWAY_CROWDED);
}

static inline __attribute__((always_inline)) int
raceway_class_has_room(const struct raceway_class *class, __u64 now, __u64 cost, __u64 depth)
{
	return raceway_tat_base(*(const volatile __u64 *)&class->tat, now) + cost - now <= depth;
}

/* Takes `cost` from the bucket that the members share for one that keeps to its share. `others` as
 * raceway_share_turn(). Returns 1 if taken, 0 if not. */
static inline __attribute__((always_inline)) int
raceway_share_take(struct raceway_share *share, struct raceway_class *class, __u32 weight,
		   __u64 others, __u64 *tat, __u64 depth, __u64 now, __u64 cost)
{
	__u64 own, limit, fill;

	raceway_share_turn(share, now, others);
	own = raceway_share_cost(share, cost, weight);
	raceway_share_offer(share, class, now, own, weight);
	fill = raceway_tat_base(*(volatile __u64 *)&class->tat, now) + own - now;
	if (fill > depth)
		return 0;
	/* Who has used little of its share finds room where the others find none any more. */
	limit = depth - fill / 4;
	if (!raceway_bucket_take(tat, now, cost, limit)) {
		raceway_share_crowded(share);
		return 0;
	}
	raceway_bucket_force(&class->tat, now, own, depth);
	return 1;
}

#endif
