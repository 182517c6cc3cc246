/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* IP addresses of a link, in this or in another network namespace. */
#ifndef RACEWAY_NET_ADDRESS_H
#define RACEWAY_NET_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/rtnl.h"

struct raceway_ip_address {
	bool v6;
	uint8_t bytes[16]; /* 4 of IPv4 */
};

/* The addresses in use (no tentative ones) of one link of the namespace `nsid`, which is
 * RACEWAY_NSID_OWN or a number by which the socket's namespace knows it; `max` of them at most.
 * -ENODEV: there is no such link. */
int raceway_addresses_read(struct raceway_rtnl *rtnl, int nsid, uint32_t ifindex,
			   struct raceway_ip_address *ret_addresses, size_t max, size_t *ret_count);
/* Whether the link forwards IPv6, that is, is a router's. */
int raceway_address_router(struct raceway_rtnl *rtnl, int nsid, uint32_t ifindex, bool *ret_router);

#endif
