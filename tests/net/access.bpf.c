// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* An access port of a LAN switch, for kernels whose bridge knows no VLANs: what comes in gets
 * the port's tag, what goes out must have it and loses it. Sections in100, out100, in200, ... */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ETH_P_8021Q 0x8100
#define VID_MASK 0x0fff

#define ACCESS_PORT(vid)                                                                           \
	SEC("in" #vid)                                                                             \
	int access_in_##vid(struct __sk_buff *skb)                                                 \
	{                                                                                          \
		if (skb->vlan_present)                                                             \
			return TC_ACT_SHOT;                                                        \
		return bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), vid) ? TC_ACT_SHOT           \
									   : TC_ACT_OK;            \
	}                                                                                          \
	SEC("out" #vid)                                                                            \
	int access_out_##vid(struct __sk_buff *skb)                                                \
	{                                                                                          \
		if (!skb->vlan_present || (skb->vlan_tci & VID_MASK) != vid)                       \
			return TC_ACT_SHOT;                                                        \
		return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;                            \
	}

ACCESS_PORT(100)
ACCESS_PORT(200)

char _license[] SEC("license") = "Dual BSD/GPL";
