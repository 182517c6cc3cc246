/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The data path's configuration: what should be, with the interface indices of what is.
 * A missing interface leaves its port out, so that its frames have nowhere to go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"

/* `there`, by number: which are. */
static size_t build_ports(const struct raceway_want *want, const struct raceway_links *links,
			  struct raceway_dp_port *ports, bool there[RACEWAY_PORTS])
{
	size_t count = 0;

	for (size_t i = 0; i < want->port_count; i++) {
		const struct raceway_link *link = raceway_links_by_name(links, want->ports[i].dev);

		if (!link)
			continue;
		ports[count] = want->ports[i];
		there[ports[count].number] = true;
		ports[count++].ifindex = link->ifindex;
	}
	return count;
}

static int by_name(const void *a, const void *b)
{
	const struct raceway_link *one = *(const struct raceway_link *const *)a;
	const struct raceway_link *other = *(const struct raceway_link *const *)b;

	return strcmp(one->name, other->name);
}

static int name_to_link(const void *name, const void *link)
{
	return strcmp(name, (*(const struct raceway_link *const *)link)->name);
}

static bool is_host_of(const struct raceway_link *link, const char *prefix, const char *vnic)
{
	size_t length = strlen(prefix);

	return !strncmp(link->alias, prefix, length) && !strcmp(link->alias + length, vnic);
}

static int build_vnics(const struct raceway_want *want, const struct raceway_links *links,
		       const char *prefix, const bool there[RACEWAY_PORTS],
		       struct raceway_dp_vnic *vnics)
{
	const struct raceway_link **sorted = calloc(links->count + 1, sizeof(*sorted)), **found;

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < links->count; i++)
		sorted[i] = &links->link[i];
	qsort(sorted, links->count, sizeof(*sorted), by_name);
	for (size_t i = 0; i < want->vnic_count; i++) {
		const struct raceway_want_vnic *v = &want->vnics[i];

		vnics[i] = v->dp;
		if (v->where == RACEWAY_WHERE_PORT && !there[v->dp.port])
			vnics[i].port = 0;
		if (v->where != RACEWAY_WHERE_LOCAL)
			continue;
		found = bsearch(v->host, sorted, links->count, sizeof(*sorted), name_to_link);
		if (found && is_host_of(*found, prefix, v->dp.name))
			vnics[i].ifindex = (*found)->ifindex;
	}
	free(sorted);
	return 0;
}

/* An unbound vNIC is absent from the data path. */
static size_t leave_out_unbound(const struct raceway_want *want, struct raceway_dp_vnic *vnics)
{
	size_t count = 0;

	for (size_t i = 0; i < want->vnic_count; i++)
		if (want->vnics[i].where != RACEWAY_WHERE_NONE)
			vnics[count++] = vnics[i];
	return count;
}

int raceway_config_build(const struct raceway_want *want, const struct raceway_links *links,
			 const char *prefix, struct raceway_dp_config *ret_config)
{
	struct raceway_dp_port *ports = calloc(want->port_count + 1, sizeof(*ports));
	struct raceway_dp_segment *segments = calloc(want->segment_count + 1, sizeof(*segments));
	struct raceway_dp_vnic *vnics = calloc(want->vnic_count + 1, sizeof(*vnics));
	bool there[RACEWAY_PORTS] = { false };
	size_t port_count;

	if (!ports || !segments || !vnics)
		goto fail;
	port_count = build_ports(want, links, ports, there);
	for (size_t i = 0; i < want->segment_count; i++) {
		segments[i] = want->segments[i];
		if (!there[segments[i].uplink_port])
			segments[i].uplink_port = segments[i].uplink_vid = 0;
	}
	if (build_vnics(want, links, prefix, there, vnics))
		goto fail;
	*ret_config = (struct raceway_dp_config){
		.ports = ports,
		.port_count = port_count,
		.segments = segments,
		.segment_count = want->segment_count,
		.vnics = vnics,
		.vnic_count = leave_out_unbound(want, vnics),
	};
	return 0;
fail:
	free(ports);
	free(segments);
	free(vnics);
	return -ENOMEM;
}

void raceway_config_free(struct raceway_dp_config *config)
{
	free((void *)config->ports);
	free((void *)config->segments);
	free((void *)config->vnics);
	*config = (struct raceway_dp_config){ 0 };
}

/* The arrays come from calloc and whole assignments, so their padding is equal too. */
bool raceway_config_equal(const struct raceway_dp_config *one,
			  const struct raceway_dp_config *other)
{
	return one->port_count == other->port_count && one->segment_count == other->segment_count &&
	       one->vnic_count == other->vnic_count &&
	       !memcmp(one->ports, other->ports, one->port_count * sizeof(*one->ports)) &&
	       !memcmp(one->segments, other->segments,
		       one->segment_count * sizeof(*one->segments)) &&
	       !memcmp(one->vnics, other->vnics, one->vnic_count * sizeof(*one->vnics));
}
