// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a wire does to a frame and a veth does not: it forgets the socket that sent it. Without
 * this a shaper behind a veth holds the sender back, which no switch can do. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *xdp)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
