/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Offload features of an interface by the kernel's names, through the ethtool ioctl. */
#include "net/ethtool.h"

#include <errno.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

int raceway_ethtool(int sock, const char *dev, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	return ioctl(sock, SIOCETHTOOL, &ifr) < 0 ? -errno : 0;
}

int raceway_ethtool_names(int sock, const char *dev, struct ethtool_gstrings **ret_names)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} sset = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	struct ethtool_gstrings *names;
	int ret = raceway_ethtool(sock, dev, &sset);

	if (ret)
		return ret;
	names = calloc(1, sizeof(*names) + (size_t)sset.count * ETH_GSTRING_LEN);
	if (!names)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = sset.count;
	ret = raceway_ethtool(sock, dev, names);
	if (ret) {
		free(names);
		return ret;
	}
	*ret_names = names;
	return 0;
}

int raceway_ethtool_find(const struct ethtool_gstrings *names, const char *name)
{
	for (uint32_t i = 0; i < names->len; i++)
		if (!strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return (int)i;
	return -1;
}

struct ethtool_sfeatures *raceway_ethtool_change(const struct ethtool_gstrings *names)
{
	uint32_t blocks = (names->len + 31) / 32;
	struct ethtool_sfeatures *set = calloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));

	if (set) {
		set->cmd = ETHTOOL_SFEATURES;
		set->size = blocks;
	}
	return set;
}
