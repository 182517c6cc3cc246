/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The netdevs of local vNICs: veth pairs, made, changed and deleted in batches. */
#ifndef RACEWAY_NET_VETH_H
#define RACEWAY_NET_VETH_H

#include "net/link.h"

#define RACEWAY_GSO_MAX_BYTES 65536 /* the kernel's default, for GRO as well */

/* A pair as it is made: both ends down on the host's side, so that no frame passes before its
 * program is there. */
struct raceway_veth {
	char host[IFNAMSIZ];
	char guest[IFNAMSIZ];
	char alias[RACEWAY_ALIAS_SIZE]; /* of the host end: who owns it */
	uint32_t group;
	uint8_t mac[6]; /* of the guest end */
	uint32_t mtu;
	/* The longest packet that the guest end sends and the host end merges, and the longest that
	 * the guest end merges; 0: the kernel's default. */
	uint32_t gso_max_bytes, gro_max_bytes;
	int ns_fd; /* of the guest end; -1: own namespace */
	bool guest_up;
	/* With ns_fd: a socket there. Without it the guest end stays as the kernel makes it. */
	struct raceway_rtnl *inside;
};

/* Makes all pairs or none. Host ends speak no IPv6 and no ARP, and do not forward. On failure
 * *ret_failed is the index of the first that could not be made. */
int raceway_veth_create(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t count,
			size_t *ret_failed);

enum {
	RACEWAY_EDIT_NAME = 1U << 0,
	RACEWAY_EDIT_MAC = 1U << 1,
	RACEWAY_EDIT_MTU = 1U << 2,
	RACEWAY_EDIT_UP = 1U << 3,
	RACEWAY_EDIT_GSO = 1U << 4,
	RACEWAY_EDIT_ALIAS = 1U << 5,
	RACEWAY_EDIT_NETNS = 1U << 6, /* moves; the kernel sets the link down */
	RACEWAY_EDIT_GROUP = 1U << 7,
	RACEWAY_EDIT_GRO = 1U << 8,
};

/* What to change of one link: only what `what` names. */
struct raceway_link_edit {
	uint32_t ifindex;
	unsigned int what;
	char name[IFNAMSIZ];
	char alias[RACEWAY_ALIAS_SIZE];
	uint8_t mac[6];
	uint32_t mtu, gso_max_bytes, gro_max_bytes, group;
	int ns_fd;
	bool up;
};
/* ret_errors has `count` entries, each 0 or -errno. Returns the first error. */
int raceway_link_edit(struct raceway_rtnl *rtnl, const struct raceway_link_edit *edits,
		      size_t count, int *ret_errors);

/* Deletes links (a veth's other end goes with it). Several go as a group, which is fifty times
 * faster than one by one. Links that are gone already are no error. */
int raceway_links_delete(struct raceway_rtnl *rtnl, const uint32_t *ifindex, size_t count);

/* Makes a host end silent: no IPv6 of its own. 0 also where the kernel has no IPv6. */
int raceway_link_silence(const char *name);

#endif
