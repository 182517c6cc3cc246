/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Offload features of an interface by the kernel's names, through the ethtool ioctl. */
#ifndef RACEWAY_LOADER_FEATURES_H
#define RACEWAY_LOADER_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether a port can be one with a feature that stays otherwise. */
enum raceway_feature_need {
	RACEWAY_NEED_WISH,   /* yes: a promiscuous port's filter lets everything pass */
	RACEWAY_NEED_NATIVE, /* only in generic mode: XDP sees neither such tags nor such frames */
	RACEWAY_NEED_ALWAYS,
};

/* X(enum suffix, the kernel's name, as a port must have it, whether that goes for a veth only,
 * whether it is needed). The order is part of the pinned layout (struct raceway_saved). */
#define RACEWAY_FEATURES(X)                                                                        \
	X(RXVLAN, "rx-vlan-hw-parse", false, false, NATIVE)                                        \
	X(RXVLAN_FILTER, "rx-vlan-filter", false, false, WISH)                                     \
	X(LRO, "rx-lro", false, false, ALWAYS)                                                     \
	X(RX_GRO_HW, "rx-gro-hw", false, false, NATIVE)                                            \
	X(TXVLAN, "tx-vlan-hw-insert", false, true, ALWAYS)                                        \
	X(TXVLAN_S, "tx-vlan-stag-hw-insert", false, true, ALWAYS)                                 \
	X(TX_CSUM, "tx-checksum-ip-generic", false, true, ALWAYS)                                  \
	X(TX_CSUM_SCTP, "tx-checksum-sctp", false, true, ALWAYS)                                   \
	X(GRO, "rx-gro", true, true, ALWAYS)

enum raceway_feature {
#define X(id, name, wanted, veth, need) RACEWAY_FEATURE_##id,
	RACEWAY_FEATURES(X)
#undef X
		RACEWAY_FEATURE_COUNT
};

/* Bit per feature whose state differs from what a port needs and can be changed. A feature that
 * the interface does not have is as it must be. -errno. */
int raceway_features_unfit(const char *dev, bool veth, uint32_t *ret_bits);
/* Turns the named features to what a port needs (fit) or away from it. -errno. The kernel takes
 * what the driver then refuses, or what another feature forbids: raceway_features_stuck() tells. */
int raceway_features_set(const char *dev, uint32_t bits, bool fit);
/* The first feature without which there can be no port and that is still otherwise, fixed or
 * not, as text: "rx-lro stays on"; "" if there is none. -errno. */
int raceway_features_stuck(const char *dev, bool veth, bool native, char *text, size_t size);

#endif
