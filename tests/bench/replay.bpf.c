// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A repeated test run does not restore the packet: this program writes the head anew, the next
 * one of a table, and jumps into the program under test. Its own cost is measured with the
 * empty program as the target and subtracted. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "shared.h"

struct head {
	__u64 word[BENCH_HEAD_BYTES / sizeof(__u64)];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, BENCH_HEADS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct head);
} heads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

__u32 position; /* of the next head */
__u32 last = 0; /* entries in use - 1, a power of two less one */

SEC("xdp.frags")
int bench_empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp.frags")
int bench_replay(struct xdp_md *ctx)
{
	__u64 *p = (void *)(long)ctx->data;
	__u32 at = position++ & last;
	struct head *head = bpf_map_lookup_elem(&heads, &at);

	if (!head || (void *)(p + 2) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	p[0] = head->word[0];
	p[1] = head->word[1];
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual BSD/GPL";
