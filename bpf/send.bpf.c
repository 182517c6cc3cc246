// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sends a frame of the daemon's out of a port, byte by byte as it is given. Attached nowhere: the
 * daemon runs it by BPF_PROG_TEST_RUN, which needs no raw socket and so no CAP_NET_RAW. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

/* cb[0]: the port's ifindex, in the network namespace of the caller. */
SEC("tc")
int raceway_send(struct __sk_buff *skb)
{
	return bpf_clone_redirect(skb, skb->cb[0], 0) ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
