/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a frame through the skb path, for ports and for local vNICs: what XDP cannot
 * carry (group frames, jumbo frames, GSO packets) and what is for or from a local netdev. */
#ifndef RACEWAY_BPF_SKB_H
#define RACEWAY_BPF_SKB_H

#include <linux/errno.h>
#include <linux/pkt_cls.h>

#include <raceway/gso.h>

#include "common.h"
#include "flood.h"
#include "mark.h"
#include "meter.h"
#include "pace.h"
#include "stats.h"
#include "steer.h"
#include "vlan.h"

#define SKB_HEADERS_MAX 256 /* bytes made linear to find the end of the headers */

static __noinline int skb_headers(struct __sk_buff *skb, __u32 ethertype, __u32 offset)
{
	return (int)raceway_gso_headers((void *)(long)skb->data, (void *)(long)skb->data_end,
					(__u16)ethertype, offset);
}

/* Whether the kernel will repeat the headers of a tunnel, which no field of __sk_buff tells: it
 * refuses to encapsulate again, and before that, what makes no sense as here: an inner Ethernet
 * header of one byte in no room at all. Nothing is changed. */
static __always_inline bool skb_is_encapsulated(struct __sk_buff *skb)
{
	return bpf_skb_adjust_room(skb, 0, BPF_ADJ_ROOM_MAC,
				   BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
					   BPF_F_ADJ_ROOM_ENCAP_L4_UDP |
					   BPF_F_ADJ_ROOM_ENCAP_L2(1) |
					   BPF_F_ADJ_ROOM_NO_CSUM_RESET) != -EINVAL;
}

/* What a packet is on the wire whose headers are not all known. The kernel knows them when it
 * compares the segments with the MTU: as long as one that is too long none may be. */
static __noinline int skb_segments_unknown(struct __sk_buff *skb, __u32 headers, __u32 offset,
					   struct raceway_wire *wire)
{
	__u32 mtu = 0;
	long ret = bpf_check_mtu(skb, 0, &mtu, 0, BPF_MTU_CHK_SEGS);

	raceway_gso_wire(skb->len, skb->gso_size, skb->gso_segs, headers, mtu ? mtu + offset : 0,
			 wire);
	if (ret == BPF_MTU_CHK_RET_SEGS_TOOBIG)
		wire->longest = RACEWAY_FRAME_MAX;
	return 0;
}

/* What a GSO packet is on the wire: its segments, each with its own headers. */
static __always_inline void skb_segments(struct __sk_buff *skb, struct frame *f)
{
	struct raceway_wire wire = {};
	__u32 headers, inner;

	f->packets = 1;
	f->payload = f->bytes - RACEWAY_ETH_HLEN;
	if (!skb->gso_size)
		return;
	bpf_skb_pull_data(skb, skb->len < SKB_HEADERS_MAX ? skb->len : SKB_HEADERS_MAX);
	headers = (__u32)skb_headers(skb, f->l2.ethertype, f->l2.offset);
	if ((headers & RACEWAY_HEADERS_UDP) && skb_is_encapsulated(skb))
		headers |= RACEWAY_HEADERS_MORE;
	if (headers & RACEWAY_HEADERS_MORE)
		skb_segments_unknown(skb, headers, f->l2.offset, &wire);
	else
		raceway_gso_wire(skb->len, skb->gso_size, skb->gso_segs, headers, 0, &wire);
	/* Every segment has the inner tag, also one that lies beside the bytes. */
	inner = skb->vlan_present && !f->l2.tagged ? RACEWAY_VLAN_HLEN : 0;
	f->packets = wire.packets;
	f->bytes += wire.more + (wire.packets - 1) * inner;
	f->payload = wire.longest + inner - RACEWAY_ETH_HLEN;
}

/* `guest`: the frame comes from a local vNIC, where no tag is the segment's; a priority tag
 * (VID 0) is taken off like one, the class decides. */
static __always_inline int skb_frame(struct __sk_buff *skb, bool guest, struct frame *f)
{
	if (raceway_parse_l2((void *)(long)skb->data, (void *)(long)skb->data_end, &f->l2)) {
		if (bpf_skb_pull_data(skb, RACEWAY_ETH_HLEN + 2 * RACEWAY_VLAN_HLEN) &&
		    bpf_skb_pull_data(skb, RACEWAY_ETH_HLEN))
			return -1;
		if (raceway_parse_l2((void *)(long)skb->data, (void *)(long)skb->data_end, &f->l2))
			return -1;
	}
	f->bytes = skb->len;
	/* The kernel has moved the outer tag out of the bytes: one still there is an inner. */
	f->l2.inner |= f->l2.tagged;
	f->l2.tagged = 0;
	f->l2.tci = 0;
	if (skb->vlan_present) {
		if (skb->vlan_proto != bpf_htons(RACEWAY_ETH_P_8021Q) ||
		    (guest && (skb->vlan_tci & RACEWAY_VLAN_VID_MASK))) {
			f->l2.inner = 1;
			f->bytes += RACEWAY_VLAN_HLEN;
		} else {
			f->l2.tagged = 1;
			f->l2.tci = (__u16)skb->vlan_tci;
		}
	}
	f->now = 0;
	f->congested = 0;
	skb_segments(skb, f);
	/* Segments of a few bytes each: more on the wire than any meter charges at once. */
	return f->bytes < RACEWAY_FRAME_MAX ? 0 : -1;
}

/* Counts a drop on whoever is to blame and drops. The only exit of that kind. */
static __always_inline int skb_drop(__u32 ifindex, const struct verdict *v, const struct frame *f,
				    enum raceway_drop drop)
{
	if (v->blame_dir == RACEWAY_RX && v->dst_vnic)
		count_vnic_drop(v->dst_vnic, RACEWAY_RX, drop, f->packets);
	else if (v->src_vnic && v->src)
		count_vnic_drop(v->src_vnic, RACEWAY_TX, drop, f->packets);
	else
		count_drop(ifindex, RACEWAY_TX, drop, f->packets);
	return TC_ACT_SHOT;
}

static __always_inline int skb_group(struct __sk_buff *skb, const struct raceway_port *port,
				     struct frame *f, struct verdict *v)
{
	bool keep = port->role != RACEWAY_ROLE_VNIC && (port->flags & RACEWAY_PORT_HOST_KEEP);
	bool tagged = f->l2.tagged;
	enum raceway_drop drop;

	if (raceway_is_reserved(f->l2.dst)) {
		if (keep)
			return TC_ACT_UNSPEC;
		if (port->role == RACEWAY_ROLE_UPLINK)
			return skb_drop(skb->ifindex, v, f, RACEWAY_DROP_RESERVED);
	}
	drop = steer_ingress(port, f, v);
	if (!drop && tagged && bpf_skb_vlan_pop(skb))
		drop = RACEWAY_DROP_REWRITE;
	if (!drop) {
		drop = flood(skb, f, v);
		if (keep && tagged &&
		    bpf_skb_vlan_push(skb, bpf_htons(RACEWAY_ETH_P_8021Q), f->l2.tci))
			return skb_drop(skb->ifindex, v, f, RACEWAY_DROP_REWRITE);
	}
	/* The host has its own idea of VLANs: what is no segment of ours may be its. */
	if (keep && (!drop || drop == RACEWAY_DROP_NO_SEGMENT))
		return TC_ACT_UNSPEC;
	return drop ? skb_drop(skb->ifindex, v, f, drop) : TC_ACT_SHOT;
}

static __always_inline int skb_unicast(struct __sk_buff *skb, const struct raceway_port *port,
				       struct frame *f, struct verdict *v)
{
	enum raceway_drop drop = steer_ingress(port, f, v);

	if (!drop)
		drop = steer_unicast(f, v);
	if (!drop)
		drop = meter_unicast(v, f, NULL, skb);
	if (!drop && f->congested && skb_mark(skb, f->l2.ethertype, f->l2.offset))
		count_marked(v, f);
	if (!drop && skb_set_tag(skb, f->l2.tagged, v->vid, v->pcp))
		drop = RACEWAY_DROP_REWRITE;
	if (drop)
		return skb_drop(skb->ifindex, v, f, drop);
	pace_frame(skb, port, f, v);
	return (int)bpf_redirect(v->ifindex, 0);
}

static __always_inline int skb_forward(struct __sk_buff *skb)
{
	__u32 ifindex = skb->ifindex;
	const struct raceway_port *port = bpf_map_lookup_elem(&ports, &ifindex);
	struct verdict v = {};
	struct frame f = { .packets = 1, .ifindex = ifindex };

	if (!port)
		return skb_drop(ifindex, &v, &f, RACEWAY_DROP_NO_PORT);
	/* SO_TXTIME: a guest must not fill the port's fq with frames that leave in some seconds. */
	if (port->role == RACEWAY_ROLE_VNIC)
		skb->tstamp = 0;
	if (skb_frame(skb, port->role == RACEWAY_ROLE_VNIC, &f))
		return skb_drop(ifindex, &v, &f, RACEWAY_DROP_MALFORMED);
	if (raceway_is_group(f.l2.dst))
		return skb_group(skb, port, &f, &v);
	if ((port->flags & RACEWAY_PORT_HOST_KEEP) && same_mac(port->mac, f.l2.dst))
		return TC_ACT_UNSPEC;
	return skb_unicast(skb, port, &f, &v);
}

#endif
