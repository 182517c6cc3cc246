// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fabric and uplink ports: unicast transit in XDP, the rest by TC at the same port's ingress.
 * Both ask the same policy; XDP hands over before it has counted or charged anything. */
#include "lib/common.h"
#include "lib/skb.h"

struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP);
	__uint(max_entries, RACEWAY_PORTS);
	__type(key, __u32);
	__type(value, __u32);
} leaving SEC(".maps");

/* Not used by the programs: kept beside them so that whoever detaches a port can put it back. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT + RACEWAY_PORTS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct raceway_saved);
} saved SEC(".maps");

/* Counts a drop on whoever is to blame and drops. The only exit of that kind. */
static __always_inline int xdp_drop(__u32 ifindex, const struct verdict *v, enum raceway_drop drop)
{
	if (v->blame_dir == RACEWAY_RX && v->dst_vnic)
		count_vnic_drop(v->dst_vnic, RACEWAY_RX, drop, 1);
	else if (v->src_vnic && v->src)
		count_vnic_drop(v->src_vnic, RACEWAY_TX, drop, 1);
	else
		count_drop(ifindex, RACEWAY_TX, drop, 1);
	return XDP_DROP;
}

static __noinline int xdp_mark(struct xdp_md *ctx, __u32 ethertype, __u32 offset)
{
	return raceway_mark_ce((void *)(long)ctx->data, (void *)(long)ctx->data_end,
			       (__u16)ethertype, offset);
}

/* `shared`: behind a dispatcher, see raceway_xdp_shared. */
static __always_inline int xdp_forward(struct xdp_md *ctx, bool shared)
{
	__u32 ifindex = ctx->ingress_ifindex, total = (__u32)bpf_xdp_get_buff_len(ctx);
	const struct raceway_port *port = bpf_map_lookup_elem(&ports, &ifindex);
	struct frame f = { .packets = 1, .ifindex = ifindex };
	struct verdict v = {};
	enum raceway_drop drop;

	if (!port)
		return xdp_drop(ifindex, &v, RACEWAY_DROP_NO_PORT);
	if (raceway_parse_l2((void *)(long)ctx->data, (void *)(long)ctx->data_end, &f.l2))
		return xdp_drop(ifindex, &v, RACEWAY_DROP_MALFORMED);
	if (raceway_is_group(f.l2.dst))
		return XDP_PASS;
	if ((port->flags & RACEWAY_PORT_HOST_KEEP) && same_mac(port->mac, f.l2.dst))
		return XDP_PASS;
	f.bytes = total - (f.l2.tagged ? RACEWAY_VLAN_HLEN : 0);
	f.payload = f.bytes - RACEWAY_ETH_HLEN;

	drop = steer_ingress(port, &f, &v);
	if (!drop)
		drop = steer_unicast(&f, &v);
	/* Longer than allowed may be a GSO packet of a veth: only the skb tells. */
	if (drop == RACEWAY_DROP_MTU)
		return XDP_PASS;
	if (drop)
		return xdp_drop(ifindex, &v, drop);
	/* Local vNICs are fed after GRO; several buffers go only where the driver takes them. */
	if (!v.leaving ||
	    (total != ctx->data_end - ctx->data && !(v.leaving->flags & RACEWAY_LEAVING_FRAGS)))
		return XDP_PASS;
	if (shared && f.l2.tagged != !!v.vid)
		return XDP_PASS;
	drop = meter_unicast(&v, &f, ctx, NULL);
	if (drop)
		return xdp_drop(ifindex, &v, drop);
	if (f.congested && xdp_mark(ctx, f.l2.ethertype, f.l2.offset))
		count_marked(&v, &f);
	if (shared ? xdp_rewrite_tag(ctx, v.vid, v.pcp)
		   : xdp_set_tag(ctx, f.l2.tagged, v.vid, v.pcp))
		return xdp_drop(ifindex, &v, RACEWAY_DROP_REWRITE);
	if ((shared ? bpf_redirect(v.ifindex, 0) : bpf_redirect_map(&leaving, v.port, XDP_DROP)) !=
	    XDP_REDIRECT)
		return xdp_drop(ifindex, &v, RACEWAY_DROP_REWRITE);
	return XDP_REDIRECT;
}

SEC("xdp.frags")
int raceway_xdp(struct xdp_md *ctx)
{
	return xdp_forward(ctx, false);
}

/* For `attach libxdp`. Kernels refuse an extension that may move packet data where the
 * dispatcher's slot does not (6.12), or whose devmap was used by a program with other flags
 * (6.1): so tags are only rewritten here, what must grow or shrink goes by the skb path, and
 * the leaving port is named by ifindex. */
SEC("xdp.frags")
int raceway_xdp_shared(struct xdp_md *ctx)
{
	return xdp_forward(ctx, true);
}

SEC("tc")
int raceway_tc(struct __sk_buff *skb)
{
	return skb_forward(skb);
}

char _license[] SEC("license") = "Dual BSD/GPL";
