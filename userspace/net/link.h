/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network interfaces as they are, read back from the kernel, and what changes about them. */
#ifndef RACEWAY_NET_LINK_H
#define RACEWAY_NET_LINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rtnl.h"

#define RACEWAY_ALIAS_SIZE 168 /* "raceway:INSTANCE:PROFILE/NAME", longer ones are not ours */
#define RACEWAY_NSID_OWN (-1)

struct raceway_link {
	uint32_t ifindex;
	uint32_t peer_ifindex; /* veth: the other end; 0 none */
	int32_t peer_nsid;     /* namespace of the other end, RACEWAY_NSID_OWN: the same */
	uint32_t mtu;
	uint32_t group;
	uint32_t gso_max_bytes;
	uint32_t gro_max_bytes; /* 0: the kernel knows no such limit */
	uint32_t xdp_prog_id;
	uint8_t mac[6];
	bool up;      /* administratively */
	bool carrier; /* up and the link is there */
	char name[IFNAMSIZ];
	char kind[16]; /* "veth", "" of hardware */
	char alias[RACEWAY_ALIAS_SIZE];
};

struct raceway_links {
	struct raceway_link *link; /* sorted by ifindex */
	size_t count, room;
};

/* All links of the socket's namespace, or with nsid >= 0 of that one. Replaces *links; untouched
 * on failure. */
int raceway_links_read(struct raceway_rtnl *rtnl, int nsid, struct raceway_links *links);
void raceway_links_free(struct raceway_links *links);
const struct raceway_link *raceway_links_by_name(const struct raceway_links *links,
						 const char *name);
const struct raceway_link *raceway_links_by_index(const struct raceway_links *links,
						  uint32_t ifindex);

/* Fills *ret_link from an RTM_NEWLINK or RTM_DELLINK message. -EINVAL if it is none, or one of
 * another family (a bridge's). */
int raceway_link_parse(const struct nlmsghdr *header, struct raceway_link *ret_link);

enum raceway_link_change {
	RACEWAY_LINK_SAME, /* nothing that matters here */
	RACEWAY_LINK_APPEARED,
	RACEWAY_LINK_VANISHED,
	RACEWAY_LINK_CHANGED, /* name, MAC, MTU, alias */
	RACEWAY_LINK_CARRIER, /* only up or carrier */
	/* A program came, went or was replaced by netlink. Of bpf_links no event tells. */
	RACEWAY_LINK_PROGRAMS,
	RACEWAY_LINK_QDISC, /* what queues at its egress; not told where the kernel itself did it */
};
/* Takes one event into `links` and says what it changed. -EINVAL if it is none of a link, of a
 * filter or qdisc at its ingress that went, or of a qdisc at its egress. */
int raceway_links_event(struct raceway_links *links, const struct nlmsghdr *header,
			struct raceway_link *ret_link);

/* Reads one link of the own namespace anew, since the kernel tells nobody of an alias, a group or
 * a GSO limit of a link that is down. */
int raceway_links_refresh(struct raceway_rtnl *rtnl, uint32_t ifindex, struct raceway_links *links);

/* A nonblocking socket that hears of links and of their filters' end. The events are read with
 * raceway_events_read(). */
int raceway_events_open(int *ret_fd);
/* Takes all waiting events into `links`, calls fn for each that changed something. Returns
 * -ENOBUFS when events were lost: then all must be read anew. */
int raceway_events_read(int fd, struct raceway_links *links,
			void (*fn)(enum raceway_link_change change, const struct raceway_link *link,
				   void *context),
			void *context);

/* Link speed by ethtool; 0 if unknown. */
uint64_t raceway_link_speed_bps(const char *name);

#endif
