/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates: the sender's tx, the receiver's rx, and the leaving port's meter at which guarantees
 * are kept (design section 6). */
#ifndef RACEWAY_BPF_METER_H
#define RACEWAY_BPF_METER_H

#include "common.h"
#include "stats.h"

/* Policy and the state of its meters. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct raceway_vnic);
} vnics SEC(".maps");

static __always_inline bool unmetered(const struct raceway_meter_params *params)
{
	return !params->committed.mult && params->excess.mult == RACEWAY_UNLIMITED;
}

/* The frame's clock, read before any state: an early reading makes the meter stricter only. */
static __always_inline __u64 frame_now(struct frame *f)
{
	if (!f->now)
		f->now = raceway_ticks(bpf_ktime_get_ns());
	return f->now;
}

/* Out of line, see raceway/meter.h. */
__noinline int raceway_take(__u64 *tat, __u64 now, __u64 cost, __u64 depth)
{
	return tat ? raceway_take_again(tat, now, cost, depth) : 0;
}

__noinline int raceway_force(__u64 *tat, __u64 now, __u64 cost)
{
	if (tat)
		raceway_force_again(tat, now, cost);
	return 0;
}

/* Colour of the frame in one direction of a vNIC; charges the bucket that lets it pass. */
static __always_inline int meter_vnic(const struct raceway_vnic_policy *policy, __u32 vnic,
				      enum raceway_dir dir, struct frame *f)
{
	struct raceway_vnic *v;

	if (unmetered(&policy->dir[dir]))
		return RACEWAY_YELLOW;
	v = bpf_map_lookup_elem(&vnics, &vnic);
	if (!v)
		return RACEWAY_RED;
	return raceway_meter_charge(&policy->dir[dir], &v->meter[dir], frame_now(f), f->bytes);
}

/* Room at the leaving port: green always, and may drive it into debt; yellow what is left. */
static __always_inline enum raceway_drop meter_port(struct raceway_port_meter *leaving, int colour,
						    struct frame *f)
{
	__u64 cost;

	if (!leaving || !leaving->rate.mult)
		return RACEWAY_DROP_NONE;
	cost = raceway_cost(leaving->rate.mult, f->bytes);
	if (colour == RACEWAY_GREEN) {
		raceway_bucket_force(&leaving->tat, frame_now(f), cost);
		return RACEWAY_DROP_NONE;
	}
	return raceway_bucket_take(&leaving->tat, frame_now(f), cost, leaving->rate.depth)
		       ? RACEWAY_DROP_NONE
		       : RACEWAY_DROP_PORT_RATE;
}

/* Frames to group addresses have a limit of their own: each becomes many. */
static __always_inline bool group_allowed(const struct raceway_vnic_policy *policy, __u32 vnic,
					  struct frame *f)
{
	struct raceway_vnic *v = bpf_map_lookup_elem(&vnics, &vnic);

	return v && raceway_bucket_take(&v->meter[RACEWAY_TX].group_tat, frame_now(f),
					raceway_cost(policy->group.mult, f->packets),
					policy->group.depth);
}

/* All meters of a unicast frame in order, counted by colour. At an uplink the sender's colour
 * decides, at a fabric port or local vNIC the receiver's. */
static __always_inline enum raceway_drop meter_unicast(struct verdict *v, struct frame *f)
{
	int tx = RACEWAY_YELLOW, rx = RACEWAY_YELLOW;
	enum raceway_drop drop = RACEWAY_DROP_NONE;

	if (v->src) {
		v->blame_dir = RACEWAY_TX;
		tx = meter_vnic(v->src, v->src_vnic, RACEWAY_TX, f);
		if (tx == RACEWAY_RED) {
			count_frame(v->src_vnic, RACEWAY_TX, RACEWAY_RED, f);
			return RACEWAY_DROP_RATE;
		}
	}
	if (v->dst) {
		rx = meter_vnic(v->dst, v->dst_vnic, RACEWAY_RX, f);
		if (rx == RACEWAY_RED)
			drop = RACEWAY_DROP_RATE;
		v->blame_dir = RACEWAY_RX;
	}
	if (!drop) {
		drop = meter_port(v->leaving, v->dst ? rx : tx, f);
		if (drop && v->dst)
			rx = RACEWAY_RED;
		else if (drop)
			tx = RACEWAY_RED;
	}
	if (v->src)
		count_frame(v->src_vnic, RACEWAY_TX, tx, f);
	if (v->dst)
		count_frame(v->dst_vnic, RACEWAY_RX, rx, f);
	return drop;
}

#endif
