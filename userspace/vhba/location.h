/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a connection comes from, asked of the kernel's routes and neighbours: the peer's address
 * alone could be anybody's, its MAC is what the data path has let through as its vNIC's. */
#ifndef RACEWAY_VHBA_LOCATION_H
#define RACEWAY_VHBA_LOCATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A NETLINK_ROUTE socket of the caller's network namespace, or -errno. */
int raceway_location_socket(void);
/* Whether two sockets are in one network namespace. */
bool raceway_location_same_netns(int fd, int other);

struct raceway_location {
	bool local;	/* the peer is this machine itself */
	bool neighbour; /* it is on the link, without a router between; then: */
	uint8_t mac[6];
};

/* Where `peer`, with whom a TCP connection is open from `local`, is. `netlink` is a socket of the
 * connection's namespace, used by one thread at a time. 0 or -errno; a peer of which nothing is
 * known is neither local nor a neighbour. */
int raceway_location_find(int netlink, const struct sockaddr_storage *peer,
			  const struct sockaddr_storage *local,
			  struct raceway_location *ret_location);

#endif
