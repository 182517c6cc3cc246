// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Offload features of an interface by the kernel's names, through the ethtool ioctl. */
#include "loader/features.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/cleanup.h"

static const struct {
	const char *name;
	bool wanted, veth_only;
	enum raceway_feature_need need;
} features[RACEWAY_FEATURE_COUNT] = {
#define X(id, text, on, veth, need)                                                                \
	[RACEWAY_FEATURE_##id] = { text, on, veth, RACEWAY_NEED_##need },
	RACEWAY_FEATURES(X)
#undef X
};

static int ethtool(const char *dev, void *data)
{
	struct ifreq ifr = { .ifr_data = data };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The kernel's list of feature names: their order is its own. */
static int read_names(const char *dev, struct ethtool_gstrings **ret_names)
{
	struct {
		struct ethtool_sset_info head;
		uint32_t count;
	} sset = { .head = { .cmd = ETHTOOL_GSSET_INFO, .sset_mask = 1ULL << ETH_SS_FEATURES } };
	struct ethtool_gstrings *names;
	int ret = ethtool(dev, &sset);

	if (ret)
		return ret;
	names = calloc(1, sizeof(*names) + (size_t)sset.count * ETH_GSTRING_LEN);
	if (!names)
		return -ENOMEM;
	names->cmd = ETHTOOL_GSTRINGS;
	names->string_set = ETH_SS_FEATURES;
	names->len = sset.count;
	ret = ethtool(dev, names);
	if (ret) {
		free(names);
		return ret;
	}
	*ret_names = names;
	return 0;
}

static int find_name(const struct ethtool_gstrings *names, const char *name)
{
	for (uint32_t i = 0; i < names->len; i++)
		if (!strncmp((const char *)names->data + (size_t)i * ETH_GSTRING_LEN, name,
			     ETH_GSTRING_LEN))
			return (int)i;
	return -1;
}

/* Bits of the features that are not as wanted: those that can be changed, and those that cannot. */
static int read_wrong(const char *dev, bool veth, uint32_t *ret_loose, uint32_t *ret_fixed)
{
	RACEWAY_FREE struct ethtool_gstrings *names = NULL;
	RACEWAY_FREE struct ethtool_gfeatures *state = NULL;
	uint32_t loose = 0, fixed = 0, blocks;
	int ret = read_names(dev, &names);

	if (ret)
		return ret;
	blocks = (names->len + 31) / 32;
	state = calloc(1, sizeof(*state) + blocks * sizeof(state->features[0]));
	if (!state)
		return -ENOMEM;
	state->cmd = ETHTOOL_GFEATURES;
	state->size = blocks;
	ret = ethtool(dev, state);
	for (int i = 0; !ret && i < RACEWAY_FEATURE_COUNT; i++) {
		int at = find_name(names, features[i].name);
		const struct ethtool_get_features_block *block = &state->features[at / 32];
		uint32_t bit = 1U << (at & 31);

		if (at < 0 || (features[i].veth_only && !veth) ||
		    !(block->active & bit) == !features[i].wanted)
			continue;
		if ((block->available & bit) && !(block->never_changed & bit))
			loose |= 1U << i;
		else
			fixed |= 1U << i;
	}
	if (!ret) {
		*ret_loose = loose;
		*ret_fixed = fixed;
	}
	return ret;
}

int raceway_features_unfit(const char *dev, bool veth, uint32_t *ret_bits)
{
	uint32_t fixed;

	return read_wrong(dev, veth, ret_bits, &fixed);
}

int raceway_features_stuck(const char *dev, bool veth, bool native, char *text, size_t size)
{
	uint32_t loose, fixed;
	int ret = read_wrong(dev, veth, &loose, &fixed);

	if (ret)
		return ret;
	*text = '\0';
	for (int i = 0; !*text && i < RACEWAY_FEATURE_COUNT; i++)
		if (((loose | fixed) & (1U << i)) &&
		    features[i].need >= (native ? RACEWAY_NEED_NATIVE : RACEWAY_NEED_ALWAYS))
			snprintf(text, size, "%s stays %s", features[i].name,
				 features[i].wanted ? "off" : "on");
	return 0;
}

int raceway_features_set(const char *dev, uint32_t bits, bool fit)
{
	struct ethtool_gstrings *names = NULL;
	struct ethtool_sfeatures *set;
	uint32_t blocks;
	int ret = read_names(dev, &names);

	if (ret)
		return ret;
	blocks = (names->len + 31) / 32;
	set = calloc(1, sizeof(*set) + blocks * sizeof(set->features[0]));
	if (!set) {
		free(names);
		return -ENOMEM;
	}
	set->cmd = ETHTOOL_SFEATURES;
	set->size = blocks;
	for (int i = 0; i < RACEWAY_FEATURE_COUNT; i++) {
		int at = bits & (1U << i) ? find_name(names, features[i].name) : -1;

		if (at < 0)
			continue;
		set->features[at / 32].valid |= 1U << (at & 31);
		if (features[i].wanted == fit)
			set->features[at / 32].requested |= 1U << (at & 31);
	}
	ret = ethtool(dev, set);
	free(set);
	free(names);
	return ret;
}
