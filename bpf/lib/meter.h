/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates: the sender's tx, the receiver's rx, and the leaving port's meter at which guarantees
 * are kept (design section 6). */
#ifndef RACEWAY_BPF_METER_H
#define RACEWAY_BPF_METER_H

#include <raceway/control.h>

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

/* Phantom queues of flows, of all vNICs whose frames are being lost. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_CLASSES_OF_FLOWS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct raceway_class);
} flows SEC(".maps");

const volatile __u64 flow_salt; /* so that nobody can aim at another's class */

/* Of a frame that its meter could not decide: the hash of its flow, and in the upper half
 * RACEWAY_CONTROL if it is a control frame. */
static __noinline __u64 xdp_ask(struct xdp_md *xdp, __u32 ethertype, __u32 offset, __u32 macs)
{
	void *data = (void *)(long)xdp->data, *end = (void *)(long)xdp->data_end;
	__u64 control = raceway_is_control(data, end, (__u16)ethertype, offset);

	return raceway_flow_hash(data, end, (__u16)ethertype, offset, macs) | control << 63;
}

static __noinline __u64 skb_ask(struct __sk_buff *skb, __u32 ethertype, __u32 offset)
{
	__u64 control = raceway_is_control((void *)(long)skb->data, (void *)(long)skb->data_end,
					   (__u16)ethertype, offset);

	return bpf_get_hash_recalc(skb) | control << 63;
}

static __always_inline struct raceway_class *class_of(__u32 hash_of_flow, __u32 vnic,
						      enum raceway_dir dir)
{
	__u64 hash = hash_of_flow;
	__u32 index;

	hash = (hash ^ flow_salt ^ (__u64)(vnic * RACEWAY_DIRS + dir) << 32) *
	       0x9e3779b97f4a7c15ULL;
	index = (hash ^ hash >> 32) & (RACEWAY_CLASSES_OF_FLOWS - 1);

	return bpf_map_lookup_elem(&flows, &index);
}

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

__noinline int raceway_force(__u64 *tat, __u64 now, __u64 cost, __u64 most)
{
	if (tat)
		raceway_force_again(tat, now, cost, most);
	return 0;
}

__noinline int raceway_meter_idle(const struct raceway_meter_params *params,
				  struct raceway_meter *meter, __u64 now)
{
	if (params && meter)
		raceway_meter_idle_now(params, meter, now);
	return 0;
}

__noinline int raceway_meter_charge_flow(const struct raceway_meter_params *params,
					 struct raceway_meter *meter, struct raceway_class *class,
					 __u64 now, __u32 bytes)
{
	if (!params || !meter || !class)
		return RACEWAY_RED;
	return raceway_meter_flow_now(params, meter, class, now, bytes);
}

/* For TC, where a call weighs little and the verifier's time much. */
__noinline int raceway_meter_judge(const struct raceway_meter_params *params,
				   struct raceway_meter *meter, __u64 now, __u32 bytes)
{
	return params && meter ? raceway_meter_charge(params, meter, now, bytes) : RACEWAY_RED;
}

/* Colour of the frame in one direction of a vNIC; charges the bucket that lets it pass. One
 * of `xdp` and `skb` is NULL, as a constant: no kernel before 6.12 knows it from the stack. */
static __always_inline int meter_vnic(const struct raceway_vnic_policy *policy, __u32 vnic,
				      enum raceway_dir dir, struct frame *f, struct xdp_md *xdp,
				      struct __sk_buff *skb)
{
	const struct raceway_meter_params *params = &policy->dir[dir];
	struct raceway_vnic *v;
	__u64 ask;
	int colour;

	if (unmetered(params))
		return RACEWAY_YELLOW;
	v = bpf_map_lookup_elem(&vnics, &vnic);
	if (!v)
		return RACEWAY_RED;
	colour = xdp ? raceway_meter_charge(params, &v->meter[dir], frame_now(f), f->bytes)
		     : raceway_meter_judge(params, &v->meter[dir], frame_now(f), f->bytes);
	if (colour == RACEWAY_BY_FLOW) {
		ask = xdp ? xdp_ask(xdp, f->l2.ethertype, f->l2.offset, raceway_mac_hash(&f->l2))
			  : skb_ask(skb, f->l2.ethertype, f->l2.offset);
		colour = raceway_meter_charge_flow(params, &v->meter[dir],
						   class_of((__u32)ask, vnic, dir), frame_now(f),
						   f->bytes | (__u32)(ask >> 32));
	}
	if (colour & RACEWAY_CONGESTED)
		f->congested |= 1U << dir;
	return colour & RACEWAY_COLOUR_MASK;
}

/* Out of line: all that a contended port needs, and for TC everything. Weight 0 is green. */
__noinline int raceway_port_judge(struct raceway_port_meter *leaving, struct raceway_meter *meter,
				  __u32 weight, __u64 now, __u64 cost)
{
	return leaving && meter ? raceway_port_take(leaving, meter, weight, now, cost) : 0;
}

/* The leaving port's meter: the vNIC is the one whose colour decides, the receiver, or the sender
 * at an uplink. `call`: as raceway_meter_judge(). */
static __always_inline enum raceway_drop meter_port(struct raceway_port_meter *leaving, int colour,
						    const struct verdict *v, struct frame *f,
						    bool call)
{
	const struct raceway_vnic_policy *policy = v->dst ? v->dst : v->src;
	__u32 vnic = v->dst ? v->dst_vnic : v->src_vnic, weight = 0;
	struct raceway_vnic *state;
	__u64 cost, now;

	if (!leaving || !leaving->rate.mult)
		return RACEWAY_DROP_NONE;
	now = frame_now(f);
	cost = raceway_cost(leaving->rate.mult, f->bytes);
	if (!call && !raceway_is_contended(leaving->contended, now)) {
		if (colour == RACEWAY_GREEN) {
			raceway_port_green(leaving, now, cost);
			return RACEWAY_DROP_NONE;
		}
		if (raceway_port_room(leaving, 0, now, cost))
			return RACEWAY_DROP_NONE;
	}
	state = bpf_map_lookup_elem(&vnics, &vnic);
	if (!state || !policy)
		return RACEWAY_DROP_PORT_RATE;
	if (colour != RACEWAY_GREEN)
		weight = policy->weight ? policy->weight : 1;
	return raceway_port_judge(leaving, &state->meter[v->dst ? RACEWAY_RX : RACEWAY_TX], weight,
				  now, cost)
		       ? RACEWAY_DROP_NONE
		       : RACEWAY_DROP_PORT_RATE;
}

/* Frames to group addresses have a limit of their own: each becomes many. */
static __always_inline bool group_allowed(__u32 vnic, struct frame *f)
{
	struct raceway_vnic *v = bpf_map_lookup_elem(&vnics, &vnic);

	return v && raceway_bucket_take(&v->group_tat, frame_now(f),
					raceway_cost(RACEWAY_GROUP_MULT, f->packets),
					raceway_cost(RACEWAY_GROUP_MULT, RACEWAY_GROUP_BURST));
}

/* The frame was marked CE on its way out. */
static __always_inline void count_marked(const struct verdict *v, const struct frame *f)
{
	if (f->congested & 1U << RACEWAY_TX)
		count_frame(v->src_vnic, RACEWAY_TX, RACEWAY_MARKED, f);
	if (f->congested & 1U << RACEWAY_RX)
		count_frame(v->dst_vnic, RACEWAY_RX, RACEWAY_MARKED, f);
}

/* All meters of a unicast frame in order, counted by colour. At an uplink the sender's colour
 * decides, at a fabric port or local vNIC the receiver's. */
static __always_inline enum raceway_drop meter_unicast(struct verdict *v, struct frame *f,
						       struct xdp_md *xdp, struct __sk_buff *skb)
{
	int tx = RACEWAY_YELLOW, rx = RACEWAY_YELLOW;
	enum raceway_drop drop = RACEWAY_DROP_NONE;

	if (v->src) {
		v->blame_dir = RACEWAY_TX;
		tx = meter_vnic(v->src, v->src_vnic, RACEWAY_TX, f, xdp, skb);
		if (tx == RACEWAY_RED) {
			count_frame(v->src_vnic, RACEWAY_TX, RACEWAY_RED, f);
			return RACEWAY_DROP_RATE;
		}
	}
	if (v->dst) {
		rx = meter_vnic(v->dst, v->dst_vnic, RACEWAY_RX, f, xdp, skb);
		if (rx == RACEWAY_RED)
			drop = RACEWAY_DROP_RATE;
		v->blame_dir = RACEWAY_RX;
	}
	if (!drop) {
		drop = meter_port(v->leaving, v->dst ? rx : tx, v, f, !xdp);
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
