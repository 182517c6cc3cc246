// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Counts the frames of frames.py at XDP and at TC, and passes all: shows that a
 * kernel loads and runs programs in the forms that Raceway's have.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define TEST_VID 100
#define TEST_PROTO 0x88b5 /* IEEE 802 local experimental */
#define VID_MASK 0x0fff

struct tagged {
	__u8 macs[2 * ETH_ALEN];
	__be16 tpid;
	__be16 tci;
	__be16 proto;
} __attribute__((packed));

enum seen { SEEN_XDP, SEEN_TC, SEEN_MAX };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SEEN_MAX);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

static __always_inline void count(__u32 where)
{
	__u64 *value = bpf_map_lookup_elem(&seen, &where);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* The tag is in the frame here ... */
SEC("xdp.frags")
int count_xdp(struct xdp_md *ctx)
{
	const struct tagged *frame = (void *)(long)ctx->data;

	if ((void *)(frame + 1) <= (void *)(long)ctx->data_end &&
	    frame->tpid == bpf_htons(ETH_P_8021Q) &&
	    (frame->tci & bpf_htons(VID_MASK)) == bpf_htons(TEST_VID) &&
	    frame->proto == bpf_htons(TEST_PROTO))
		count(SEEN_XDP);
	return XDP_PASS;
}

/* ... and beside it here. Other frames are ARP of the test's own addresses. */
SEC("tc")
int count_tc(struct __sk_buff *skb)
{
	if (skb->vlan_present && (skb->vlan_tci & VID_MASK) == TEST_VID &&
	    skb->protocol == bpf_htons(TEST_PROTO))
		count(SEEN_TC);
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
