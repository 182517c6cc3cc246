/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Departure times of frames that may wait (earliest departure time): when the next frame of a flow
 * may leave, so that all flows together keep to the rate and each to its share of it (share.h).
 * Nothing is queued here; a qdisc that keeps to the times holds the frames, fq.
 *
 * A flow without a frame that waits leaves at once. One that has some goes on at one share of the
 * rate, but not before all flows' frames up to now have left at the rate: the first is what holds
 * where the count of shares is right, the second where it is too small, and then it grows.
 *
 * Nothing waits for longer than `most`. What comes beyond leaves then, and it is the meter that
 * lets it pass or not, as where nothing is paced.
 *
 * The meter has judged a frame before it waits: what leaves in any t has passed it in t and `most`
 * before. So that it is not above PIR * t + PBS all the same, a depth whose frames may wait is
 * shorter than that by `most` (userspace/loader/rates.c). */
#ifndef RACEWAY_PACE_H
#define RACEWAY_PACE_H

#include "share.h"

/* What a timer, or the sender, came too late for may follow at once. */
#define RACEWAY_PACE_LATE (4000000ULL << RACEWAY_TICK_SHIFT)
/* By how much the count of shares may be off unnoticed. */
#define RACEWAY_PACE_SLACK (1000000ULL << RACEWAY_TICK_SHIFT)

/* What is `most` where an idle vNIC has `idle` ticks at once, of which the meter keeps a quarter
 * for control frames. At a low rate these are two frames and may last for seconds. */
static inline __attribute__((always_inline)) __u64 raceway_pace_most(__u64 idle)
{
	__u64 most = idle - idle / 4;

	return most < RACEWAY_PATIENCE ? most : RACEWAY_PATIENCE;
}

/* All flows of one vNIC. */
struct raceway_pace {
	__u64 tat; /* when all their frames have left at the rate */
	struct raceway_share flows;
	__u64 pad;
};

/* How long the frame that is charged to *tat has to wait for those before it. */
static inline __attribute__((always_inline)) __u64 raceway_pace_wait(__u64 *tat, __u64 now,
								     __u64 cost, __u64 most)
{
	__s64 wait;

	if (!raceway_bucket_take(tat, now - RACEWAY_PACE_LATE, cost,
				 RACEWAY_PACE_LATE + most + cost))
		return most;
	/* Another CPU may have added its frame meanwhile: then this one leaves a little later. */
	wait = (__s64)(*(volatile __u64 *)tat - cost - now);
	if (wait < 0)
		return 0;
	return (__u64)wait < most ? (__u64)wait : most;
}

/* Ticks for which a frame of `cost` at the whole rate has to wait, at most `most`. */
static inline __attribute__((always_inline)) __u64 raceway_pace_take(struct raceway_pace *pace,
								     struct raceway_class *class,
								     __u64 now, __u64 cost,
								     __u64 most)
{
	__u64 own, flow, all, old;

	if (!pace->tat) /* never used before: zero may lie ahead */
		pace->tat = now;
	raceway_share_turn(&pace->flows, now, 0);
	own = raceway_share_cost(&pace->flows, cost, 1);
	raceway_share_offer(&pace->flows, class, now, own, 1);
	all = raceway_pace_wait(&pace->tat, now, cost, most);
	flow = raceway_pace_wait(&class->tat, now, own, most);
	if (!flow || all <= flow)
		return flow;
	if (all > flow + own + RACEWAY_PACE_SLACK)
		raceway_share_crowded(&pace->flows);
	/* The flow's next frame finds this one waiting, and does not overtake it. */
	old = *(volatile __u64 *)&class->tat;
	if ((__s64)(now + all - old) > 0)
		__sync_val_compare_and_swap(&class->tat, old, now + all);
	return all;
}

#endif
