// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs on interfaces: TC on ports and on the host ends of local vNICs; XDP on ports is in
 * xdp.c. Everything here is idempotent; what is attached already gets the program in one step. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/links.h"
#include "loader/objects.h"

/* linux/bpf.h of the oldest system we build on does not know them. */
#define RACEWAY_BPF_TCX_INGRESS 46
#define RACEWAY_BPF_F_BEFORE (1U << 3)

static int attach_new_tc(struct raceway_dp *dp, uint32_t ifindex, int prog)
{
	/* In front of all others: one of them that accepts a frame would pass it by us. */
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = RACEWAY_BPF_F_BEFORE);
	int ret, fd = bpf_link_create(prog, (int)ifindex,
				      (enum bpf_attach_type)RACEWAY_BPF_TCX_INGRESS, &opts);

	if (fd >= 0) {
		ret = raceway_link_pin(dp, RACEWAY_LINK_TCX, ifindex, fd);
		close(fd);
		return ret;
	}
	return raceway_clsact_attach(dp, ifindex, prog); /* no tcx here */
}

int raceway_attach_tc(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		      enum raceway_prog which, struct raceway_error *err)
{
	int prog = dp->prog[which], ret, fd = raceway_link_get(dp, RACEWAY_LINK_TCX, ifindex);

	if (fd >= 0) {
		ret = bpf_link_update(fd, prog, NULL) ? -errno : 0;
		close(fd);
	} else {
		ret = attach_new_tc(dp, ifindex, prog);
	}
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, dev, "dev",
					 "the TC program cannot be attached at ingress: %s",
					 strerror(-ret));
	return 0;
}

int raceway_detach_tc(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		      struct raceway_error *err)
{
	int ret = raceway_link_remove(dp, RACEWAY_LINK_TCX, ifindex);

	return ret ? ret : raceway_link_remove(dp, RACEWAY_LINK_CLSACT, ifindex);
}

static bool same_mode(enum raceway_link_kind kind, const struct raceway_dp_port *port)
{
	if (port->generic)
		return kind == RACEWAY_LINK_GENERIC;
	if (port->libxdp)
		return kind == RACEWAY_LINK_LIBXDP || kind == RACEWAY_LINK_IDLE_LIBXDP;
	return kind == RACEWAY_LINK_XDP || kind == RACEWAY_LINK_IDLE;
}

int raceway_dp_attach_port(struct raceway_dp *dp, const struct raceway_dp_port *port,
			   struct raceway_error *err)
{
	enum raceway_link_kind kind;
	int ret = 0, fd = raceway_port_link(dp, port->ifindex, &kind);
	bool attached = fd >= 0;
	char object[80];

	snprintf(object, sizeof(object), "port %.70s", port->name);
	if (attached)
		close(fd);
	if (!port->libxdp && (!attached || raceway_port_is_idle(kind)))
		ret = raceway_xdp_refuse_foreign(port->dev, port->ifindex, object, err);
	if (ret)
		return ret;
	/* From one kind to the other there is no single step. */
	if (attached && !same_mode(kind, port))
		raceway_link_remove(dp, kind, port->ifindex);
	ret = raceway_fit_port(dp, port, err);
	if (!ret)
		ret = raceway_attach_tc(dp, port->dev, port->ifindex, RACEWAY_PROG_TC, err);
	if (!ret)
		ret = raceway_xdp_attach(dp, port, object, err);
	if (!ret)
		ret = raceway_fit_up(dp, port, err);
	if (!ret)
		(void)raceway_dp_look_at_qdisc(dp, port->ifindex); /* it is paced or it is not */
	if (ret && !attached)
		raceway_dp_detach_port(dp, port->dev, port->ifindex, NULL);
	return ret;
}

static int detach_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		       struct raceway_error *err)
{
	bool there = if_nametoindex(dev) == ifindex;
	int ret;

	if (there)
		raceway_unfit_down(dp, dev, ifindex);
	ret = raceway_xdp_detach(dp, ifindex);
	if (!ret)
		ret = raceway_detach_tc(dp, dev, ifindex, err);
	if (there)
		raceway_unfit_port(dp, dev, ifindex);
	else
		bpf_map_delete_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex);
	return ret;
}

int raceway_dp_detach_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	int ret = detach_port(dp, dev, ifindex, err);

	return ret ? ret : raceway_xdp_lower(dp, err);
}

/* By clsact on every kernel: a tcx attach waits for a grace period under the RTNL lock, 7-24 ms
 * each where 32 clsact filters take 13 ms, and nobody else's program is on a host end. */
int raceway_dp_attach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	int ret = raceway_fit_vnic(dp, dev, ifindex, err), fd;
	uint8_t have[8], want[8];

	if (ret)
		return ret;
	fd = raceway_link_get(dp, RACEWAY_LINK_CLSACT, ifindex);
	if (fd >= 0) {
		bool same = !raceway_objects_tag(fd, have) &&
			    !raceway_objects_tag(dp->prog[RACEWAY_PROG_VNIC], want) &&
			    !memcmp(have, want, sizeof(have));

		close(fd);
		if (same)
			return 0;
	}
	ret = raceway_clsact_attach(dp, ifindex, dp->prog[RACEWAY_PROG_VNIC]);
	if (ret && fd < 0)
		raceway_unfit_port(dp, dev, ifindex);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, dev, "dev",
					 "the TC program cannot be attached at ingress: %s",
					 strerror(-ret));
	return 0;
}

int raceway_dp_detach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err)
{
	int ret = raceway_detach_tc(dp, dev, ifindex, err);

	if (if_nametoindex(dev) == ifindex)
		raceway_unfit_port(dp, dev, ifindex);
	return ret;
}

struct kept {
	const uint32_t *ifindex;
	size_t count;
};

static int retire_one(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
		      void *context)
{
	const struct kept *keep = context;
	enum raceway_link_kind port_kind;
	char dev[IFNAMSIZ];
	bool there;
	int fd;

	for (size_t i = 0; i < keep->count; i++)
		if (keep->ifindex[i] == ifindex)
			return 0;
	/* A port goes as a whole, XDP first: what XDP passes must meet the TC program. */
	fd = raceway_port_link(dp, ifindex, &port_kind);
	if (fd >= 0)
		close(fd);
	there = if_indextoname(ifindex, dev);
	if (there && fd >= 0)
		return detach_port(dp, dev, ifindex, NULL);
	if (there)
		return raceway_dp_detach_vnic(dp, dev, ifindex, NULL);
	return raceway_link_remove(dp, kind, ifindex);
}

int raceway_dp_retire(struct raceway_dp *dp, const uint32_t *keep_ifindex, size_t count,
		      struct raceway_error *err)
{
	struct kept keep = { keep_ifindex, count };
	int ret = raceway_link_each(dp, retire_one, &keep);

	return ret ? ret : raceway_xdp_lower(dp, err);
}

static int replace_one(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
		       void *context)
{
	enum raceway_link_kind port_kind;
	int fd = raceway_link_get(dp, kind, ifindex), ret, prog, *first_error = context;
	int port = raceway_port_link(dp, ifindex, &port_kind);

	if (port >= 0)
		close(port);
	if (fd < 0)
		return 0;
	if (kind == RACEWAY_LINK_XDP)
		prog = dp->prog[RACEWAY_PROG_XDP];
	else
		prog = dp->prog[port >= 0 ? RACEWAY_PROG_TC : RACEWAY_PROG_VNIC];
	if (kind == RACEWAY_LINK_LIBXDP)
		ret = raceway_libxdp_attach(dp, ifindex, NULL);
	else if (kind == RACEWAY_LINK_GENERIC || raceway_port_is_idle(kind))
		ret = raceway_link_pin(dp, kind, ifindex, prog);
	else if (kind == RACEWAY_LINK_CLSACT)
		ret = raceway_clsact_attach(dp, ifindex, prog);
	else
		ret = bpf_link_update(fd, prog, NULL) ? -errno : 0;
	if (ret && !*first_error)
		*first_error = ret;
	close(fd);
	return 0;
}

int raceway_links_replace(struct raceway_dp *dp, struct raceway_error *err)
{
	int ret = 0;

	raceway_link_each(dp, replace_one, &ret);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "upgrade", "",
					 "a program could not be replaced: %s", strerror(-ret));
	return 0;
}

int raceway_dp_port_info(struct raceway_dp *dp, uint32_t ifindex,
			 struct raceway_dp_port_info *ret_info)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	enum raceway_link_kind kind = RACEWAY_LINK_GENERIC;
	struct raceway_dp_port_info info = { 0 };
	int fd = raceway_port_link(dp, ifindex, &kind);
	struct raceway_port port;
	char dev[IFNAMSIZ];

	if (fd >= 0) {
		info.attached = true;
		close(fd);
	}
	if (raceway_port_is_idle(kind))
		info.native = true;
	else if (raceway_port_is_native(kind) && !bpf_xdp_query((int)ifindex, 0, &query))
		info.native = info.xdp = query.attach_mode == XDP_ATTACHED_DRV;
	if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_PORTS], &ifindex, &port)) {
		info.fq = raceway_dp_paces(dp, port.number);
		/* Without a second port nothing leaves from XDP. */
		info.jumbo_xdp = !raceway_port_is_idle(kind) &&
				 dp->port_meters[port.number & (RACEWAY_PORTS - 1)].flags &
					 RACEWAY_LEAVING_FRAGS;
	}
	if (if_indextoname(ifindex, dev))
		raceway_fit_warning(dev, ifindex, info.warning, sizeof(info.warning));
	*ret_info = info;
	return 0;
}
