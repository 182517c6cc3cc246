// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Local vNICs: TC at the ingress of the host end, that is what the guest sends, GSO packets
 * whole. What is for a guest comes by redirect from here or from a port. */
#include "lib/common.h"
#include "lib/skb.h"

SEC("tc")
int raceway_vnic(struct __sk_buff *skb)
{
	return skb_forward(skb);
}

char _license[] SEC("license") = "Dual BSD/GPL";
