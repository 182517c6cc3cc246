/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Offload features of an interface by the kernel's names, through the ethtool ioctl on any socket
 * of the interface's namespace. All return 0 or -errno. */
#ifndef RACEWAY_NET_ETHTOOL_H
#define RACEWAY_NET_ETHTOOL_H

#include <linux/ethtool.h>
#include <stddef.h>
#include <stdint.h>

/* One request of struct ethtool_... that begins with its command. */
int raceway_ethtool(int sock, const char *dev, void *request);
/* The kernel's list of feature names, the same for all interfaces: their order is its own. The
 * caller frees it. */
int raceway_ethtool_names(int sock, const char *dev, struct ethtool_gstrings **ret_names);
/* Index of a name in the list, -1 if this kernel has no such feature. */
int raceway_ethtool_find(const struct ethtool_gstrings *names, const char *name);

/* A request to change features, all of them unnamed yet; NULL: out of memory. The caller frees
 * it. */
struct ethtool_sfeatures *raceway_ethtool_change(const struct ethtool_gstrings *names);
/* Names one feature in it, by its index. */
static inline void raceway_ethtool_name(struct ethtool_sfeatures *set, int at, int on)
{
	uint32_t bit = 1U << (at & 31);

	set->features[at / 32].valid |= bit;
	if (on)
		set->features[at / 32].requested |= bit;
}

#endif
