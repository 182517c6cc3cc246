// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Offload features of an interface by the kernel's names, through the ethtool ioctl. */
#include "loader/features.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/ethtool.h"
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

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* Bits of the features that are not as wanted: those that can be changed, and those that cannot. */
static int read_wrong(const char *dev, bool veth, uint32_t *ret_loose, uint32_t *ret_fixed)
{
	RACEWAY_FREE struct ethtool_gstrings *names = NULL;
	RACEWAY_FREE struct ethtool_gfeatures *state = NULL;
	RACEWAY_CLOSE int sock = open_socket();
	uint32_t loose = 0, fixed = 0, blocks;
	int ret = sock < 0 ? sock : raceway_ethtool_names(sock, dev, &names);

	if (ret)
		return ret;
	blocks = (names->len + 31) / 32;
	state = calloc(1, sizeof(*state) + blocks * sizeof(state->features[0]));
	if (!state)
		return -ENOMEM;
	state->cmd = ETHTOOL_GFEATURES;
	state->size = blocks;
	ret = raceway_ethtool(sock, dev, state);
	for (int i = 0; !ret && i < RACEWAY_FEATURE_COUNT; i++) {
		int at = raceway_ethtool_find(names, features[i].name);
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
	RACEWAY_FREE struct ethtool_gstrings *names = NULL;
	RACEWAY_FREE struct ethtool_sfeatures *set = NULL;
	RACEWAY_CLOSE int sock = open_socket();
	int ret = sock < 0 ? sock : raceway_ethtool_names(sock, dev, &names);

	if (ret)
		return ret;
	set = raceway_ethtool_change(names);
	if (!set)
		return -ENOMEM;
	for (int i = 0; i < RACEWAY_FEATURE_COUNT; i++) {
		int at = bits & (1U << i) ? raceway_ethtool_find(names, features[i].name) : -1;

		if (at >= 0)
			raceway_ethtool_name(set, at, features[i].wanted == fit);
	}
	return raceway_ethtool(sock, dev, set);
}
