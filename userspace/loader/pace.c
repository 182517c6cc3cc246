// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Whether a port's qdisc keeps frames until their departure time. */
#include <bpf/bpf.h>
#include <errno.h>

#include "loader/dp.h"
#include "net/qdisc.h"

bool raceway_dp_paces(const struct raceway_dp *dp, uint16_t port)
{
	return dp->port_meters[port & (RACEWAY_PORTS - 1)].flags & RACEWAY_LEAVING_FQ;
}

int raceway_dp_look_at_qdisc(struct raceway_dp *dp, uint32_t ifindex)
{
	struct raceway_port_meter *meter;
	struct raceway_rtnl rtnl;
	struct raceway_port port;
	bool fq;
	int ret;

	if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_PORTS], &ifindex, &port))
		return -errno;
	ret = raceway_rtnl_open(&rtnl);
	if (ret)
		return ret;
	ret = raceway_qdisc_is_fq(&rtnl, ifindex, &fq);
	raceway_rtnl_close(&rtnl);
	if (ret || !port.number)
		return ret;
	meter = &dp->port_meters[port.number & (RACEWAY_PORTS - 1)];
	meter->flags = (meter->flags & ~RACEWAY_LEAVING_FQ) | (fq ? RACEWAY_LEAVING_FQ : 0);
	return 0;
}
