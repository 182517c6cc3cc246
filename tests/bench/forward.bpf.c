// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both ends of the forwarding benchmark, and the reference between them: a generator that
 * writes every frame whole, the bare redirect, and a sink that checks what arrives. */
#include <linux/bpf.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shared.h"

#define VID_MASK 0x0fff

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, BENCH_LANES);
	__type(key, __u32);
	__type(value, __u32);
} senders SEC(".maps");

/* Where the bare redirect sends to, in a map of its own as a real one has it. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} leaving SEC(".maps");

struct arrived {
	__u64 good;
	__u64 bad;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct arrived);
} arrived SEC(".maps");

__u32 lane;
__u64 frame[BENCH_FRAME_BYTES / sizeof(__u64)];

SEC("xdp")
int bench_generate(struct xdp_md *ctx)
{
	__u64 *p = (void *)(long)ctx->data;

	if ((void *)(p + BENCH_FRAME_BYTES / sizeof(__u64)) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
#pragma unroll
	for (unsigned int i = 0; i < BENCH_FRAME_BYTES / sizeof(__u64); i++)
		p[i] = frame[i];
	return (int)bpf_redirect_map(&senders, lane, XDP_ABORTED);
}

SEC("xdp")
int bench_redirect(struct xdp_md *ctx)
{
	return (int)bpf_redirect_map(&leaving, 0, XDP_DROP);
}

/* Length, both addresses, and a C-tag with the right VID; the class may differ. */
SEC("xdp")
int bench_sink(struct xdp_md *ctx)
{
	const __u32 *got = (void *)(long)ctx->data, *want = (const __u32 *)frame;
	const void *end = (void *)(long)ctx->data_end;
	const __u32 mask = bpf_htonl(0xffff0000 | VID_MASK); /* TPID and VID */
	__u32 key = 0;
	struct arrived *count = bpf_map_lookup_elem(&arrived, &key);

	if (!count)
		return XDP_ABORTED;
	if ((const void *)(got + BENCH_HEAD_BYTES / sizeof(*got)) > end ||
	    ctx->data_end - ctx->data != BENCH_FRAME_BYTES)
		count->bad++;
	else if (got[0] == want[0] && got[1] == want[1] && got[2] == want[2] &&
		 ((got[3] ^ want[3]) & mask) == 0)
		count->good++;
	else
		count->bad++;
	return XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
