// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Somebody else's XDP program: passes everything, and runs before ours behind a dispatcher. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>
#include <xdp/xdp_helpers.h>

#define OTHER_PRIORITY 10 /* libxdp's default is 50 */

struct {
	__uint(priority, OTHER_PRIORITY);
	__uint(XDP_PASS, 1);
} XDP_RUN_CONFIG(other_pass);

SEC("xdp.frags")
int other_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
