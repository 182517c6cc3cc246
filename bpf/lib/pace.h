/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pacing by departure time: where the leaving port has fq, a guest's TCP waits there for its turn
 * as long as what an idle vNIC may send at once lasts. The guest's kernel sees its frames wait (TCP
 * small queues) and sends no more than it must, so that the meters have nothing to refuse.
 *
 * Only TCP that carries data: it is what a delay tells to slow down. All else, pure ACKs among
 * it, waits behind nobody. */
#ifndef RACEWAY_BPF_PACE_H
#define RACEWAY_BPF_PACE_H

#include <raceway/pace.h>

#include "common.h"
#include "meter.h"

#define PACE_FLOWS (1U << 30) /* beside a vNIC's number: classes that its meters do not use */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT);
	__type(key, __u32);
	__type(value, struct raceway_pace);
} pace SEC(".maps");

/* A fragment, IPv6 extension headers or headers outside the linear part: as what is no TCP. */
static __noinline int pace_is_tcp_data(struct __sk_buff *skb, __u32 ethertype, __u32 offset,
				       __u32 bytes)
{
	const __u8 *end = (void *)(long)skb->data_end;
	const __u8 *p = (const __u8 *)(long)skb->data + (offset & 0x3f);
	__u32 hlen = RACEWAY_IPV6_HLEN;
	__u8 proto;

	if (p + RACEWAY_IPV6_HLEN > end)
		return 0;
	if (ethertype == RACEWAY_ETH_P_IP) {
		hlen = (p[0] & 0x0f) * 4;
		proto = raceway_load_be16(p + 6) & 0x3fff ? 0 : p[9];
	} else {
		proto = ethertype == RACEWAY_ETH_P_IPV6 ? p[6] : 0;
	}
	if (proto != RACEWAY_IPPROTO_TCP)
		return 0;
	p += hlen & 0x3f;
	return p + RACEWAY_TCP_HLEN_MIN <= end && offset + hlen + (p[12] >> 4) * 4 < bytes;
}

static __always_inline bool pace_applies(const struct raceway_port *port, const struct verdict *v)
{
	const struct raceway_meter_params *params;

	if (port->role != RACEWAY_ROLE_VNIC || !v->src || !v->leaving ||
	    !(v->leaving->flags & RACEWAY_LEAVING_FQ))
		return false;
	params = &v->src->dir[RACEWAY_TX];
	/* A burst that was given is a burst; without a peak rate nothing waits. */
	return params->idle && params->excess.mult != RACEWAY_UNLIMITED;
}

/* Out of line: the verifier judges it once. */
__noinline __u64 raceway_pace_frame(struct raceway_pace *all, struct raceway_class *class,
				    __u64 now, __u64 cost, __u64 most)
{
	return all && class ? raceway_pace_take(all, class, now, cost, most) : 0;
}

/* Sets the departure time of a frame that the meters have let pass. */
static __always_inline void pace_frame(struct __sk_buff *skb, const struct raceway_port *port,
				       struct frame *f, const struct verdict *v)
{
	const struct raceway_meter_params *params;
	__u32 vnic = v->src_vnic;
	__u64 wait;

	if (!pace_applies(port, v) ||
	    !pace_is_tcp_data(skb, f->l2.ethertype, f->l2.offset, f->bytes))
		return;
	params = &v->src->dir[RACEWAY_TX];
	wait = raceway_pace_frame(bpf_map_lookup_elem(&pace, &vnic),
				  class_of(bpf_get_hash_recalc(skb), vnic | PACE_FLOWS, RACEWAY_TX),
				  frame_now(f), raceway_cost(params->mult, f->bytes),
				  raceway_pace_most(params->idle));
	/* Refused where the frame is not plain IP to the kernel: it then leaves at once. */
	if (wait)
		bpf_skb_set_tstamp(skb, (f->now + wait) >> RACEWAY_TICK_SHIFT,
				   BPF_SKB_TSTAMP_DELIVERY_MONO);
}

#endif
