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
 * They wrap after 834 days: a TAT that lies further ahead than any depth can put it is that of a
 * vNIC that was idle for long. So a state begins with the moment it is made, not with zeroes, which
 * may lie ahead (raceway_meter_begin()).
 *
 * A bucket whose depth nobody chose is as deep as a TCP needs that halves its rate and climbs
 * back. Such a depth is no licence to burst: credit beyond params.idle is earned by what is sent
 * (a byte earns a byte) or by a loss (whoever was told to slow down may be silent for
 * RACEWAY_PATIENCE), and credit that is not used in an idle time goes as it came. While frames
 * are being lost, the last quarter of the depth is for flows that keep to their share (share.h).
 *
 * Deviations from RFC 4115: colour-blind only; the buckets are not filled by a timer; a rate
 * of 0 makes the committed bucket empty, and an absent peak rate makes the excess unlimited. */
#ifndef RACEWAY_METER_H
#define RACEWAY_METER_H

#include <linux/types.h>

#include "limits.h"
#include "share.h"

#define RACEWAY_UNLIMITED (~0ULL) /* as the excess bucket's mult: no peak rate */

/* One direction of a vNIC: immutable. committed = CIR/CBS, excess = PIR-CIR/PBS-CBS. */
struct raceway_meter_params {
	struct raceway_bucket committed;
	struct raceway_bucket excess;
	__u64 mult; /* of CIR and excess together, at which flows share; 0: no peak rate */
	__u64 idle; /* ticks: what a bucket holds after an idle time; 0: all of its depth */
};

/* State of one direction of a vNIC: one cache line. */
struct raceway_meter {
	__u64 committed_tat;
	__u64 excess_tat;
	__u64 busy;		    /* until then time that passes is credit earned */
	__u64 contended;	    /* until then frames are judged by flow */
	struct raceway_share flows; /* how many there are */
	struct raceway_class port;  /* this direction's share of the leaving port's rate */
};

/* A meter that nothing has passed yet: full, and idle for longer than any depth. */
static inline void raceway_meter_begin(struct raceway_meter *meter, __u64 now)
{
	*meter = (struct raceway_meter){
		.committed_tat = now,
		.excess_tat = now,
		.busy = now - 2 * RACEWAY_DEPTH_MAX,
		.contended = now,
	};
}

/* Frames of a vNIC to group addresses: the cost of one, rounded up. */
#define RACEWAY_GROUP_MULT                                                                         \
	((((RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT) << RACEWAY_MULT_SHIFT) +                   \
	  RACEWAY_GROUP_PPS - 1) /                                                                 \
	 RACEWAY_GROUP_PPS)

#define RACEWAY_BUSY_SHIFT 39 /* ticks: 2.1 s, twice RACEWAY_PATIENCE */

/* What raceway_meter_charge() returns beside a colour. */
#define RACEWAY_COLOUR_MASK 3
#define RACEWAY_CONGESTED 4 /* passes, near the limit: to be marked if it can be */
#define RACEWAY_BY_FLOW 8   /* undecided: raceway_meter_charge_flow() */

/* Takes from a bucket what it would gain by an idle time of `unearned` ticks and has not earned.
 * A pause within a round trip costs a part of itself more, `tax` as a shift, a longer one as much
 * again, down to `idle`. */
static inline __attribute__((always_inline)) void
raceway_bucket_idle(__u64 *tat, const struct raceway_bucket *bucket, __u64 now, __u64 unearned,
		    __u64 idle, unsigned int tax)
{
	__u64 old = *(volatile __u64 *)tat, lost = unearned + (unearned >> tax);
	__u64 base = raceway_tat_base(old, now), least = now + bucket->depth - idle;

	if (idle >= bucket->depth || (__s64)(least - base) <= 0)
		return;
	if (unearned > RACEWAY_PAUSE)
		lost += unearned - RACEWAY_PAUSE;
	base = unearned > bucket->depth || (__s64)(base + lost - least) > 0 ? least : base + lost;
	__sync_val_compare_and_swap(tat, old, base);
}

/* `busy` lies no further ahead than RACEWAY_PATIENCE, and a little for a clock read later: what
 * does otherwise is of a meter that was not used for long, or never. */
static inline __attribute__((always_inline)) int raceway_is_idle(const struct raceway_meter *meter,
								 __u64 now)
{
	return (*(const volatile __u64 *)&meter->busy - now) >> RACEWAY_BUSY_SHIFT != 0;
}

/* Before a frame of a vNIC that has been idle is judged. */
static inline __attribute__((always_inline)) void
raceway_meter_idle_now(const struct raceway_meter_params *params, struct raceway_meter *meter,
		       __u64 now)
{
	__u64 unearned = now - meter->busy;

	if (!raceway_is_idle(meter, now)) /* another CPU was first */
		return;
	meter->busy = now;
	if (params->committed.mult)
		raceway_bucket_idle(&meter->committed_tat, &params->committed, now, unearned,
				    params->idle, 4);
	/* Green earns here, too, and uses nothing: twice the tax makes up for it. */
	if (params->excess.mult && params->excess.mult != RACEWAY_UNLIMITED)
		raceway_bucket_idle(&meter->excess_tat, &params->excess, now, unearned,
				    params->idle, params->committed.mult ? 3 : 4);
}

/* How much of a bucket a frame may use: the last quarter of `idle` is reserved for `control` frames
 * (control.h), and while it is `shared` the last quarter of the depth for flows. */
static inline __attribute__((always_inline)) __u64
raceway_limit(const struct raceway_bucket *bucket, __u64 idle, int shared, int control)
{
	return bucket->depth - (bucket->depth / 4 & (0 - (__u64)shared)) -
	       (idle / 4 & ((__u64)control - 1));
}

/* RACEWAY_CONGESTED if less than half of `idle` is left. */
static inline __attribute__((always_inline)) int
raceway_congested(const __u64 *tat, const struct raceway_bucket *bucket, __u64 now, __u64 idle)
{
	__u64 most = now + bucket->depth - idle / 2;

	return (int)((most - *(const volatile __u64 *)tat) >> 63) * RACEWAY_CONGESTED;
}

/* Two costs at the whole rate, by which both buckets gain as many bytes: one has been used, one is
 * earned. A lost store costs a little credit. */
static inline __attribute__((always_inline)) void
raceway_earn(const struct raceway_meter_params *params, struct raceway_meter *meter, __u64 now,
	     __u32 bytes)
{
	__u64 busy = meter->busy + 2 * raceway_cost(params->mult, bytes);
	__u64 room = now + RACEWAY_PATIENCE - busy;

	meter->busy = busy + (room & (__u64)((__s64)room >> 63));
}

/* Charges the bucket that lets the frame pass, 0 or 1 for `shared` and `control`. */
static inline __attribute__((always_inline)) int
raceway_meter_take(const struct raceway_meter_params *params, struct raceway_meter *meter,
		   __u64 now, __u32 bytes, int shared, int control)
{
	__u64 mult = params->committed.mult, idle = params->idle, cost;

	cost = raceway_cost(mult, bytes);
	if (mult && raceway_bucket_take(&meter->committed_tat, now, cost,
					raceway_limit(&params->committed, idle, shared, control))) {
		raceway_earn(params, meter, now, bytes);
		/* What comes above it is asked before anybody has to slow down. */
		return params->excess.mult ? 0
					   : raceway_congested(&meter->committed_tat,
							       &params->committed, now, idle);
	}
	mult = params->excess.mult;
	if (mult == RACEWAY_UNLIMITED)
		return 1;
	cost = raceway_cost(mult, bytes);
	if (mult && raceway_bucket_take(&meter->excess_tat, now, cost,
					raceway_limit(&params->excess, idle, shared, control))) {
		raceway_earn(params, meter, now, bytes);
		return 1 | raceway_congested(&meter->excess_tat, &params->excess, now, idle);
	}
	return 2;
}

static inline __attribute__((always_inline)) int raceway_meter_red(struct raceway_meter *meter,
								   __u64 now)
{
	meter->busy = meter->contended = now + RACEWAY_PATIENCE;
	return 2;
}

/* Beside the bytes of a frame, for raceway_meter_charge_flow(): it is a control frame. None is
 * longer, an inner tag and all TCP options in IPv6 included. */
#define RACEWAY_CONTROL (1U << 31)
#define RACEWAY_CONTROL_BYTES 128

/* Goes on where raceway_meter_charge() could not decide, for a frame whose flow is in `class`: a
 * control frame may use all of the depth, and so may who keeps to its share. */
static inline __attribute__((always_inline)) int
raceway_meter_flow_now(const struct raceway_meter_params *params, struct raceway_meter *meter,
		       struct raceway_class *class, __u64 now, __u32 bytes)
{
	__u64 depth = params->excess.mult ? params->excess.depth : params->committed.depth;
	__u64 cost;
	int colour;

	/* Padded to more than such a frame needs, it is not for the reserve. */
	if (bytes >= RACEWAY_CONTROL && bytes <= RACEWAY_CONTROL + RACEWAY_CONTROL_BYTES) {
		colour = raceway_meter_take(params, meter, now, bytes - RACEWAY_CONTROL, 0, 1);
		return colour == 2 ? raceway_meter_red(meter, now) : colour;
	}
	bytes &= ~RACEWAY_CONTROL;
	if (!raceway_is_contended(meter->contended, now))
		return raceway_meter_red(meter, now);
	raceway_share_turn(&meter->flows, now, 0);
	cost = raceway_share_cost(&meter->flows, raceway_cost(params->mult, bytes), 1);
	raceway_share_offer(&meter->flows, class, now, cost, 1);
	if (!raceway_class_has_room(class, now, cost, depth / 2))
		return raceway_meter_red(meter, now);
	colour = raceway_meter_take(params, meter, now, bytes, 0, 0);
	if (colour == 2) {
		raceway_share_crowded(&meter->flows);
		return raceway_meter_red(meter, now);
	}
	raceway_bucket_force(&class->tat, now, cost, depth / 2);
	return colour;
}

/* What few frames need stands outside too. */
#ifdef __bpf__
int raceway_meter_idle(const struct raceway_meter_params *params, struct raceway_meter *meter,
		       __u64 now);
int raceway_meter_charge_flow(const struct raceway_meter_params *params,
			      struct raceway_meter *meter, struct raceway_class *class, __u64 now,
			      __u32 bytes);
#else
#define raceway_meter_idle raceway_meter_idle_now
#define raceway_meter_charge_flow raceway_meter_flow_now
#endif

/* Judges a frame of `bytes` and charges the bucket that lets it pass.
 * Returns an enum raceway_colour (as int: 0 green, 1 yellow, 2 red), perhaps with
 * RACEWAY_CONGESTED; red charges nothing. RACEWAY_BY_FLOW: raceway_meter_charge_flow(). */
static inline __attribute__((always_inline)) int
raceway_meter_charge(const struct raceway_meter_params *params, struct raceway_meter *meter,
		     __u64 now, __u32 bytes)
{
	/* Only depths that nobody has chosen are shared out: 0 without `idle`. */
	int contended =
		raceway_is_contended(meter->contended, now) & (int)((0 - params->idle) >> 63);
	int colour;

	if (params->idle && raceway_is_idle(meter, now))
		raceway_meter_idle(params, meter, now);
	colour = raceway_meter_take(params, meter, now, bytes, contended, 0);
	if (colour != 2)
		return colour;
	return params->idle ? RACEWAY_BY_FLOW : 2;
}

#endif
