/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Offload features of an interface by the kernel's names, through the ethtool ioctl. */
#ifndef RACEWAY_LOADER_FEATURES_H
#define RACEWAY_LOADER_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(enum suffix, the kernel's name, as a port must have it, whether that goes for a veth only).
 * The order is part of the pinned layout (struct raceway_saved). */
#define RACEWAY_FEATURES(X)                                                                        \
	X(RXVLAN, "rx-vlan-hw-parse", false, false)                                                \
	X(RXVLAN_FILTER, "rx-vlan-filter", false, false)                                           \
	X(LRO, "rx-lro", false, false)                                                             \
	X(RX_GRO_HW, "rx-gro-hw", false, false)                                                    \
	X(TXVLAN, "tx-vlan-hw-insert", false, true)                                                \
	X(TXVLAN_S, "tx-vlan-stag-hw-insert", false, true)                                         \
	X(TX_CSUM, "tx-checksum-ip-generic", false, true)                                          \
	X(TX_CSUM_SCTP, "tx-checksum-sctp", false, true)                                           \
	X(GRO, "rx-gro", true, true)

enum raceway_feature {
#define X(id, name, wanted, veth) RACEWAY_FEATURE_##id,
	RACEWAY_FEATURES(X)
#undef X
		RACEWAY_FEATURE_COUNT
};

/* Bit per feature whose state differs from what a port needs. A feature that the interface
 * does not have is as it must be. -errno. */
int raceway_features_unfit(const char *dev, bool veth, uint32_t *ret_bits);
/* Turns the named features to what a port needs (fit) or away from it. -errno. */
int raceway_features_set(const char *dev, uint32_t bits, bool fit);

#endif
