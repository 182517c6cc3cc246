/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* "Congestion experienced" in frames that pass near the limit of a meter. */
#ifndef RACEWAY_BPF_MARK_H
#define RACEWAY_BPF_MARK_H

#include "common.h"

/* Not bpf_skb_ecn_set_ce(): behind an inner tag that writes into the tag, and it says yes to
 * what was marked before. */
static __noinline int skb_mark(struct __sk_buff *skb, __u32 ethertype, __u32 offset)
{
	__u8 ip[RACEWAY_IPV4_HLEN_MIN];

	if (bpf_skb_load_bytes(skb, offset, ip, sizeof(ip)) ||
	    !raceway_mark_ce(ip, ip + sizeof(ip), (__u16)ethertype, 0))
		return 0;
	return !bpf_skb_store_bytes(skb, offset, ip, sizeof(ip), BPF_F_RECOMPUTE_CSUM);
}

#endif
