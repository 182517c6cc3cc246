/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether our programs are still where they were put. */
#include "plan/programs.h"

#include <string.h>
#include <unistd.h>

#include "loader/links.h"
#include "plan/kernel_run.h"
#include "util/caps.h"

#define SLICE 64 /* host ends per look; each is a query by netlink */

static bool has(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex)
{
	int fd = raceway_link_get(dp, kind, ifindex);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

const char *raceway_programs_missing(struct raceway_dp *dp, uint32_t ifindex)
{
	bool tc = has(dp, RACEWAY_LINK_TCX, ifindex) || has(dp, RACEWAY_LINK_CLSACT, ifindex);
	RACEWAY_ADMIN; /* libxdp */
	/* generic, or no second port: TC does it all, and says so by a pin in XDP's place */
	bool xdp = has(dp, RACEWAY_LINK_XDP, ifindex) || has(dp, RACEWAY_LINK_LIBXDP, ifindex) ||
		   has(dp, RACEWAY_LINK_GENERIC, ifindex) || has(dp, RACEWAY_LINK_IDLE, ifindex) ||
		   has(dp, RACEWAY_LINK_IDLE_LIBXDP, ifindex);

	if (tc)
		return xdp ? NULL : "XDP";
	return xdp ? "TC" : "XDP and TC";
}

int raceway_programs_info(struct raceway_dp *dp, uint32_t ifindex,
			  struct raceway_dp_port_info *ret_info)
{
	RACEWAY_ADMIN;

	return raceway_dp_port_info(dp, ifindex, ret_info);
}

static bool is_port(const struct raceway_kernel *k, const struct raceway_link *link)
{
	for (size_t i = 0; i < k->want.port_count; i++)
		if (!strcmp(k->want.ports[i].dev, link->name))
			return true;
	return false;
}

static bool is_host_end(const struct raceway_kernel *k, const struct raceway_link *link)
{
	return !strncmp(link->alias, k->prefix, strlen(k->prefix));
}

/* What is neither a port nor a host end any more is for the plan to retire. */
static bool lost(struct raceway_kernel *k, const struct raceway_link *link, bool port)
{
	if (port ? !raceway_programs_missing(k->dp, link->ifindex)
		 : !is_host_end(k, link) || has(k->dp, RACEWAY_LINK_CLSACT, link->ifindex))
		return false;
	raceway_kernel_attached_remove(k, link->ifindex);
	if (k->on_link)
		k->on_link(RACEWAY_LINK_PROGRAMS, link, k->on_link_context);
	return true;
}

bool raceway_kernel_look_at(struct raceway_kernel *k, uint32_t ifindex)
{
	const struct raceway_link *link = raceway_links_by_index(&k->links, ifindex);

	for (size_t i = 0; i < k->attached_count; i++)
		if (k->attached[i] == ifindex)
			return link && lost(k, link, is_port(k, link));
	return false;
}

bool raceway_kernel_look(struct raceway_kernel *k, bool all)
{
	size_t count = k->attached_count, from = count ? k->look_next % count : 0;
	bool any = false;

	/* from the end, because what is lost leaves the list */
	for (size_t i = count; i-- > 0;) {
		const struct raceway_link *link = raceway_links_by_index(&k->links, k->attached[i]);
		bool port = link && is_port(k, link);

		if (port) /* the kernel gives a link that comes up its default without a word */
			(void)raceway_dp_look_at_qdisc(k->dp, link->ifindex);
		if (link && (port || all || (i + count - from) % count < SLICE))
			any |= lost(k, link, port);
	}
	k->look_next = from + SLICE;
	return any;
}
