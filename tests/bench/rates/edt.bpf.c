// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A rate by departure times, as Cilium's bandwidth manager sets them at a pod's egress: each
 * packet leaves when the one before it has been sent at the rate, fq keeps it until then, and
 * what would wait for longer than the horizon is dropped. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_helpers.h>

#include "edt.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct edt);
} edt SEC(".maps");

SEC("tc")
int edt_egress(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct edt *e = bpf_map_lookup_elem(&edt, &zero);
	__u64 now = bpf_ktime_get_ns(), wait, at;

	if (!e || !e->bytes_per_second)
		return TC_ACT_OK;
	wait = (__u64)skb->wire_len * 1000000000ULL / e->bytes_per_second;
	at = skb->tstamp > now ? skb->tstamp : now;
	if (e->next <= at) {
		e->next = at + wait;
		return TC_ACT_OK;
	}
	if (e->next - now >= EDT_HORIZON_NS)
		return TC_ACT_SHOT;
	skb->tstamp = e->next;
	e->next += wait;
	return TC_ACT_OK;
}

char _license[] SEC("license") = "Dual BSD/GPL";
