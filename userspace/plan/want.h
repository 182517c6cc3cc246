/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What should be: the model with every name resolved and every default filled in, as flat
 * arrays. Pure; interface indices are not known here. */
#ifndef RACEWAY_PLAN_WANT_H
#define RACEWAY_PLAN_WANT_H

#include "loader/datapath.h"
#include "model/model.h"

#define RACEWAY_NETNS_NAME 64

enum raceway_where {
	RACEWAY_WHERE_NONE,  /* profile not bound, or its server has no port */
	RACEWAY_WHERE_LOCAL, /* a veth pair on this machine */
	RACEWAY_WHERE_PORT,  /* behind a fabric port */
};

struct raceway_want_vnic {
	struct raceway_dp_vnic dp; /* ifindex 0 */
	enum raceway_where where;
	uint16_t uplink;		/* port number of its segment's uplink, 0 none */
	char host[IFNAMSIZ];		/* local: the host end */
	char ifname[IFNAMSIZ];		/* local: the guest end */
	char netns[RACEWAY_NETNS_NAME]; /* local: "" is the daemon's own */
	uint32_t gso_max_bytes;		/* local: longest packet from the guest */
	uint32_t gro_max_bytes;		/* local: longest that the guest end merges */
};

struct raceway_want {
	struct raceway_dp_port *ports; /* sorted by name; ifindex 0 */
	size_t port_count;
	struct raceway_dp_segment *segments;
	size_t segment_count;
	struct raceway_want_vnic *vnics; /* sorted by name */
	size_t vnic_count;
	struct raceway_model *of; /* what it was built from, so that its documents live as long */
};

/* `host_keep` is what a port without the word `host` does. Refuses names of guest ends that are
 * too long or taken by another vNIC. *ret_want is untouched on failure. */
int raceway_want_build(const struct raceway_model *model, const struct raceway_world *world,
		       bool host_keep, struct raceway_want *ret_want, struct raceway_error *err);
/* The same, taking over from `former` (NULL: nothing) what follows from the very same documents. */
int raceway_want_change(const struct raceway_want *former, const struct raceway_model *model,
			const struct raceway_world *world, bool host_keep,
			struct raceway_want *ret_want, struct raceway_error *err);
void raceway_want_free(struct raceway_want *want);

/* NULL if there is none. */
const struct raceway_dp_port *raceway_want_port(const struct raceway_want *want, uint16_t number);
const struct raceway_want_vnic *raceway_want_vnic(const struct raceway_want *want,
						  const char *name);

#endif
