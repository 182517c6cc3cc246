/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every reason for which the data path drops a frame, once.
 * Enum, names, JSON keys and documentation all come from this list. */
#ifndef RACEWAY_DROPS_H
#define RACEWAY_DROPS_H

/* X(enum suffix, name, what it means) */
#define RACEWAY_DROP_REASONS(X)                                                                    \
	X(MALFORMED, "malformed", "frame shorter than its headers")                                \
	X(NO_PORT, "no-port", "arrived on an interface that is no port")                           \
	X(NO_SEGMENT, "no-segment", "VLAN belongs to no segment of this port")                     \
	X(VLAN, "vlan", "a tag follows the segment's and the vNIC is no trunk")                    \
	X(RESERVED, "reserved", "01-80-C2-00-00-0x from a vNIC or to one")                         \
	X(SPOOF, "spoof", "source address is no vNIC at this location")                            \
	X(DOWN, "down", "the vNIC's state is down")                                                \
	X(GROUP_LIMIT, "group-limit", "more group frames than a vNIC may send")                    \
	X(RATE, "rate", "above the vNIC's peak rate")                                              \
	X(PORT_RATE, "port-rate", "beyond the guarantee, no room at the leaving port")             \
	X(UNKNOWN, "unknown", "unicast from the uplink to an address that is no vNIC")             \
	X(NO_UPLINK, "no-uplink", "not to a vNIC and the segment has no uplink")                   \
	X(PRIVATE, "private", "vNIC to vNIC in a private segment")                                 \
	X(REFLECTED, "reflected", "a vNIC's own address came back from the uplink")                \
	X(MTU, "mtu", "longer than the vNIC or the leaving port carries")                          \
	X(NO_LOCATION, "no-location", "the destination vNIC is nowhere at present")                \
	X(NO_POLICY, "no-policy", "a table had no entry where there must be one")                  \
	X(REWRITE, "rewrite", "the kernel refused to change the frame's tag or send it")

enum raceway_drop {
	RACEWAY_DROP_NONE = 0,
#define X(id, name, text) RACEWAY_DROP_##id,
	RACEWAY_DROP_REASONS(X)
#undef X
		RACEWAY_DROP_REASON_COUNT
};

#endif
