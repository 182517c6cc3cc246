/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The segment's tag: pushed, popped or translated for the leaving port. */
#ifndef RACEWAY_BPF_VLAN_H
#define RACEWAY_BPF_VLAN_H

#include "common.h"

static __always_inline __u16 make_tci(__u16 vid, __u8 pcp)
{
	return (__u16)(vid | (pcp & (RACEWAY_CLASSES - 1)) << RACEWAY_VLAN_PCP_SHIFT);
}

/* XDP: another tag in the place of the one that is there, or none where there is none. */
static __always_inline int xdp_rewrite_tag(struct xdp_md *ctx, __u16 vid, __u8 pcp)
{
	__u8 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (!vid)
		return 0;
	if (p + RACEWAY_ETH_HLEN + RACEWAY_VLAN_HLEN > end)
		return -1;
	*(__be16 *)(p + RACEWAY_ETH_HLEN) = bpf_htons(make_tci(vid, pcp));
	return 0;
}

/* XDP: the tag is in the frame's bytes. Returns 0 or negative. */
static __always_inline int xdp_set_tag(struct xdp_md *ctx, bool tagged, __u16 vid, __u8 pcp)
{
	struct {
		__u8 macs[2 * RACEWAY_ETH_ALEN];
		__be16 tpid;
		__be16 tci;
	} head;
	__u8 *p = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	if (tagged && vid)
		return xdp_rewrite_tag(ctx, vid, pcp);
	if (!tagged && !vid)
		return 0;
	if (p + RACEWAY_ETH_HLEN > end)
		return -1;
	__builtin_memcpy(head.macs, p, sizeof(head.macs));
	if (bpf_xdp_adjust_head(ctx, vid ? -RACEWAY_VLAN_HLEN : RACEWAY_VLAN_HLEN))
		return -1;
	p = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (!vid) {
		if (p + sizeof(head.macs) > end)
			return -1;
		__builtin_memcpy(p, head.macs, sizeof(head.macs));
		return 0;
	}
	if (p + sizeof(head) > end)
		return -1;
	head.tpid = bpf_htons(RACEWAY_ETH_P_8021Q);
	head.tci = bpf_htons(make_tci(vid, pcp));
	__builtin_memcpy(p, &head, sizeof(head));
	return 0;
}

/* TC: the outer tag lies in the skb's metadata; the kernel puts it where the leaving netdev
 * needs it. Returns 0 or negative. */
static __always_inline int skb_set_tag(struct __sk_buff *skb, bool tagged, __u16 vid, __u8 pcp)
{
	if (tagged && bpf_skb_vlan_pop(skb))
		return -1;
	if (vid && bpf_skb_vlan_push(skb, bpf_htons(RACEWAY_ETH_P_8021Q), make_tci(vid, pcp)))
		return -1;
	return 0;
}

#endif
