// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The data path cut off after each of its stages, on the data path's own tables, so that the
 * difference of two rows is the price of a stage. */
#include "lib/common.h"
#include "lib/meter.h"
#include "lib/steer.h"

enum stage {
	STAGE_PARSE,
	STAGE_SOURCE,
	STAGE_DESTINATION,
	STAGE_METERS,
	STAGE_COUNTERS,
};

/* XDP_PASS: the stage was reached and nothing was dropped before. */
static __always_inline int run_until(struct xdp_md *ctx, enum stage until)
{
	__u32 ifindex = ctx->ingress_ifindex, total = (__u32)bpf_xdp_get_buff_len(ctx);
	const struct raceway_port *port;
	struct frame f = { .packets = 1, .ifindex = ctx->ingress_ifindex };
	struct verdict v = {};

	if (raceway_parse_l2((void *)(long)ctx->data, (void *)(long)ctx->data_end, &f.l2) ||
	    raceway_is_group(f.l2.dst) || !f.l2.tagged)
		return XDP_ABORTED;
	if (until == STAGE_PARSE)
		return f.l2.src[0] & 1 ? XDP_ABORTED : XDP_PASS;
	f.bytes = total - RACEWAY_VLAN_HLEN;
	f.payload = f.bytes - RACEWAY_ETH_HLEN;
	port = bpf_map_lookup_elem(&ports, &ifindex);
	if (!port || steer_ingress(port, &f, &v))
		return XDP_ABORTED;
	if (until == STAGE_SOURCE)
		return XDP_PASS;
	if (steer_unicast(&f, &v))
		return XDP_ABORTED;
	if (until == STAGE_DESTINATION)
		return v.leaving ? XDP_PASS : XDP_ABORTED;
	if (until == STAGE_METERS) {
		int rx;

		if (!v.src || !v.dst ||
		    meter_vnic(v.src, v.src_vnic, RACEWAY_TX, &f, ctx, NULL) == RACEWAY_RED)
			return XDP_ABORTED;
		rx = meter_vnic(v.dst, v.dst_vnic, RACEWAY_RX, &f, ctx, NULL);
		return rx == RACEWAY_RED || meter_port(v.leaving, rx, &v, &f, false) ? XDP_ABORTED
										     : XDP_PASS;
	}
	return meter_unicast(&v, &f, ctx, NULL) ? XDP_ABORTED : XDP_PASS;
}

SEC("xdp.frags")
int bench_parse(struct xdp_md *ctx)
{
	return run_until(ctx, STAGE_PARSE);
}

SEC("xdp.frags")
int bench_source(struct xdp_md *ctx)
{
	return run_until(ctx, STAGE_SOURCE);
}

SEC("xdp.frags")
int bench_destination(struct xdp_md *ctx)
{
	return run_until(ctx, STAGE_DESTINATION);
}

SEC("xdp.frags")
int bench_meters(struct xdp_md *ctx)
{
	return run_until(ctx, STAGE_METERS);
}

SEC("xdp.frags")
int bench_counters(struct xdp_md *ctx)
{
	return run_until(ctx, STAGE_COUNTERS);
}

char _license[] SEC("license") = "Dual BSD/GPL";
