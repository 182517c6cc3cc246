/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames to group addresses: one copy per location, by clones of the skb. Each copy is judged
 * and charged like a unicast frame to whoever lives there. */
#ifndef RACEWAY_BPF_FLOOD_H
#define RACEWAY_BPF_FLOOD_H

#include "common.h"
#include "mark.h"
#include "meter.h"
#include "steer.h"
#include "vlan.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct raceway_member_key);
	__type(value, struct raceway_member);
} members SEC(".maps");

/* The copy for one location, and what it is made from. */
struct flood {
	struct __sk_buff *skb;
	struct frame *f;
	struct verdict copy; /* dst: the first of the location's vNICs at the best colour */
	__u32 src_vnic;
	__u16 slot;
	__u8 colour; /* the best of the location's vNICs */
	__u8 wanted;
};

/* Sends one copy. The skb leaves this function as it came: without the segment's tag. */
static __always_inline enum raceway_drop flood_copy(struct __sk_buff *skb, struct frame *f,
						    struct verdict *v, int colour)
{
	enum raceway_drop drop;
	__u32 index = v->port;

	/* Looked up again: no verifier keeps a pointer across the turns of bpf_loop(). */
	if (index) {
		drop = meter_port(bpf_map_lookup_elem(&port_meters, &index), colour, v, f, true);
		if (drop)
			return drop;
	}
	drop = RACEWAY_DROP_NONE;
	if (skb_set_tag(skb, false, v->vid, v->pcp))
		return RACEWAY_DROP_REWRITE;
	if (bpf_clone_redirect(skb, v->ifindex, 0))
		drop = RACEWAY_DROP_REWRITE;
	if (v->vid && bpf_skb_vlan_pop(skb))
		drop = RACEWAY_DROP_REWRITE;
	return drop;
}

/* One vNIC of the segment: does it get the frame, and at which colour? Only one that does decides
 * where the copy goes. Who lives elsewhere than the first of them is just moving. */
static __always_inline enum raceway_drop flood_judge(struct flood *fl, __u32 vnic)
{
	struct verdict v = { .src = fl->copy.src };
	enum raceway_drop drop;
	int colour;

	v.dst = policy_of(vnic);
	if (!v.dst || v.dst->key.segment != fl->copy.segment_number)
		return RACEWAY_DROP_NO_POLICY;
	drop = steer_to_vnic(fl->f, &v);
	if (drop)
		return drop;
	if (fl->wanted && v.ifindex != fl->copy.ifindex)
		return RACEWAY_DROP_NO_LOCATION;
	colour = meter_vnic(v.dst, vnic, RACEWAY_RX, fl->f, NULL, fl->skb);
	count_frame(vnic, RACEWAY_RX, colour, fl->f);
	if (colour == RACEWAY_RED)
		return RACEWAY_DROP_RATE;
	if (fl->wanted && colour >= fl->colour)
		return RACEWAY_DROP_NONE;
	fl->colour = (__u8)colour;
	fl->wanted = 1;
	fl->copy.dst = v.dst;
	fl->copy.dst_vnic = vnic;
	fl->copy.ifindex = v.ifindex;
	fl->copy.port = v.port;
	fl->copy.vid = v.vid;
	fl->copy.pcp = v.pcp;
	return RACEWAY_DROP_NONE;
}

static long flood_member(__u32 index, void *context)
{
	struct flood *fl = context;
	struct raceway_member_key key = {
		.segment = fl->copy.segment_number,
		.slot = fl->slot,
		.index = index,
	};
	struct raceway_member *member = bpf_map_lookup_elem(&members, &key);
	enum raceway_drop drop;
	__u32 vnic, last;

	if (!member)
		return 1;
	vnic = member->vnic;
	last = member->last_here;
	/* Never back to the sender; another vNIC behind the same port still gets its copy. */
	if (vnic != fl->src_vnic) {
		drop = flood_judge(fl, vnic);
		if (drop)
			count_vnic_drop(vnic, RACEWAY_RX, drop, fl->f->packets);
	}
	if (!last || !fl->wanted)
		return 0;
	fl->wanted = 0;
	drop = flood_copy(fl->skb, fl->f, &fl->copy, fl->colour);
	if (drop)
		count_vnic_drop(fl->copy.dst_vnic, RACEWAY_RX, drop, fl->f->packets);
	return 0;
}

/* The sender's side: its group limit and its tx meter, then the copy to the uplink.
 * Returns the reason why nobody at all gets the frame. */
static __always_inline enum raceway_drop flood_from_vnic(struct __sk_buff *skb, struct frame *f,
							 struct verdict *v)
{
	enum raceway_drop drop;
	int colour;

	v->blame_dir = RACEWAY_TX;
	if (raceway_is_reserved(f->l2.dst))
		return RACEWAY_DROP_RESERVED;
	if (!group_allowed(v->src_vnic, f))
		return RACEWAY_DROP_GROUP_LIMIT;
	colour = meter_vnic(v->src, v->src_vnic, RACEWAY_TX, f, NULL, skb);
	count_frame(v->src_vnic, RACEWAY_TX, colour, f);
	if (colour == RACEWAY_RED)
		return RACEWAY_DROP_RATE;
	/* For all who get a copy; a receiver near its limit would have to mark its copy alone. */
	if ((f->congested & 1U << RACEWAY_TX) && skb_mark(skb, f->l2.ethertype, f->l2.offset))
		count_frame(v->src_vnic, RACEWAY_TX, RACEWAY_MARKED, f);
	drop = steer_to_uplink(f, v);
	if (!drop)
		drop = flood_copy(skb, f, v, colour);
	if (v->segment.switching == RACEWAY_PRIVATE && drop == RACEWAY_DROP_NO_UPLINK)
		return RACEWAY_DROP_PRIVATE;
	if (v->segment.switching != RACEWAY_VEB)
		return drop; /* the uplink's was the only copy */
	if (drop && drop != RACEWAY_DROP_NO_UPLINK) {
		/* The uplink's copy is lost, the others are not. */
		count_vnic_drop(v->src_vnic, RACEWAY_TX, drop, f->packets);
	}
	return RACEWAY_DROP_NONE;
}

/* Replicates a frame whose segment's tag has been taken off. */
static __always_inline enum raceway_drop flood(struct __sk_buff *skb, struct frame *f,
					       struct verdict *v)
{
	struct flood fl = {
		.skb = skb,
		.f = f,
		.copy = { .src = v->src, .segment_number = v->segment_number },
		.src_vnic = v->src_vnic,
		.slot = (__u16)(v->segment.member_slot & 1),
	};
	__u32 count = v->segment.member_count;
	enum raceway_drop drop;

	if (v->src) {
		drop = flood_from_vnic(skb, f, v);
		if (drop)
			return drop;
		if (v->segment.switching != RACEWAY_VEB)
			return RACEWAY_DROP_NONE;
	}
	if (count > RACEWAY_MEMBERS_MAX)
		count = RACEWAY_MEMBERS_MAX;
	bpf_loop(count, flood_member, &fl, 0);
	return RACEWAY_DROP_NONE;
}

#endif
