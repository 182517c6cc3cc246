/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a connection comes from, asked of the kernel's routes and neighbours and of the first frame
 * of the connection: the peer's address alone could be anybody's. */
#ifndef RACEWAY_VHBA_LOCATION_H
#define RACEWAY_VHBA_LOCATION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A NETLINK_ROUTE socket of the caller's network namespace, or -errno. */
int raceway_location_socket(void);
/* A socket's network namespace as a number that no other one has until the machine starts anew; 0:
 * it cannot be told. */
uint64_t raceway_location_netns(int fd);
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

/* A listener keeps the first frame of each connection, for the following. 0 or -errno. */
int raceway_location_keep_syn(int listener);
/* The source address of the frame that `connection` began with: the data path has checked that it
 * is its vNIC's, which nothing has done with what ARP or ND say of the peer. Can be asked once.
 * -ENODATA if it is not known. */
int raceway_location_syn_mac(int connection, uint8_t ret_mac[6]);

#endif
