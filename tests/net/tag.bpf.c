// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A host that speaks one VLAN, without 8021q: its tag is pushed at egress, as a VLAN device or a
 * bridge would, and popped at ingress. VID is given by the test. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#ifndef VID
#define VID 100
#endif

SEC("push")
int tag_push(struct __sk_buff *skb)
{
	return bpf_skb_vlan_push(skb, bpf_htons(0x8100), VID) ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("pop")
int tag_pop(struct __sk_buff *skb)
{
	if (!skb->vlan_present || (skb->vlan_tci & 0xfff) != VID)
		return TC_ACT_SHOT;
	return bpf_skb_vlan_pop(skb) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
