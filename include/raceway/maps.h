/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and values of the pinned maps, the contract between data path and userspace.
 * tx is what the server sends, rx what it receives, always from the server's side. */
#ifndef RACEWAY_MAPS_H
#define RACEWAY_MAPS_H

#include <linux/types.h>

#include "drops.h"
#include "fdb.h"
#include "leaving.h"
#include "limits.h"
#include "meter.h"

#define RACEWAY_ASSERT_SIZE(type, bytes)                                                           \
	_Static_assert(sizeof(type) == (bytes), #type " is part of the pinned layout")

enum raceway_dir {
	RACEWAY_TX = 0,
	RACEWAY_RX = 1,
	RACEWAY_DIRS = 2,
};

enum raceway_role {
	RACEWAY_ROLE_NONE = 0,
	RACEWAY_ROLE_UPLINK = 1,
	RACEWAY_ROLE_FABRIC = 2,
	RACEWAY_ROLE_VNIC = 3, /* the host end of a local vNIC */
};

enum raceway_switching {
	RACEWAY_VEB = 0,
	RACEWAY_VEPA = 1,
	RACEWAY_PRIVATE = 2,
};

/* raceway_port.flags */
#define RACEWAY_PORT_HOST_KEEP (1U << 0) /* own MAC and group frames also reach the host */

/* ports: ifindex -> struct raceway_port. Who arrives here. */
struct raceway_port {
	__u16 number;	      /* 1..RACEWAY_PORT_MAX; 0 for the host end of a vNIC */
	__u8 role;	      /* enum raceway_role */
	__u8 flags;	      /* RACEWAY_PORT_* */
	__u16 native_segment; /* fabric: segment of untagged frames, 0 none */
	__u8 mac[6];	      /* the port's own, for host keep */
	__u32 vnic;	      /* RACEWAY_ROLE_VNIC: whose host end this is */
};
RACEWAY_ASSERT_SIZE(struct raceway_port, 16);

/* raceway_segment.flags */
#define RACEWAY_SEGMENT_VALID (1U << 0)

/* segments: array by number. Two 64-bit words, each written in one store. */
struct raceway_segment {
	__u32 uplink_ifindex; /* 0: no uplink */
	__u16 uplink_port;
	__u16 uplink_vid;   /* 0: untagged */
	__u8 switching;	    /* enum raceway_switching */
	__u8 flags;	    /* RACEWAY_SEGMENT_* */
	__u16 member_count; /* of the valid generation in members */
	__u32 member_slot;  /* 0 or 1: the valid generation */
} __attribute__((aligned(8)));
RACEWAY_ASSERT_SIZE(struct raceway_segment, 16);

/* vid_segment: the segment of a VLAN on an uplink. */
struct raceway_vid_key {
	__u16 port; /* port number */
	__u16 vid;  /* 0: untagged */
};
RACEWAY_ASSERT_SIZE(struct raceway_vid_key, 4);

/* fdb: (segment, MAC) -> vNIC number (fdb.h). Where the vNIC is stands in its policy alone, so that
 * a move is one store and no frame sees half of it; the policy repeats this key, and an entry
 * whose policy disagrees is no entry. */
struct raceway_fdb_key {
	__u16 segment;
	__u8 mac[6];
} __attribute__((aligned(8)));
RACEWAY_ASSERT_SIZE(struct raceway_fdb_key, 8);

/* foreign: (fabric port, segment) -> vNIC that answers for sources the fdb does not know. */
struct raceway_foreign_key {
	__u16 port;
	__u16 segment;
};
RACEWAY_ASSERT_SIZE(struct raceway_foreign_key, 4);

/* members: who in a segment gets group frames, vNICs of one location side by side. */
struct raceway_member_key {
	__u16 segment;
	__u16 slot;  /* generation, see raceway_segment.member_slot */
	__u32 index; /* 0..member_count - 1 */
};
RACEWAY_ASSERT_SIZE(struct raceway_member_key, 8);

struct raceway_member {
	__u32 vnic;
	__u32 last_here; /* 1: the location's last vNIC, a copy leaves after it */
};
RACEWAY_ASSERT_SIZE(struct raceway_member, 8);

/* raceway_vnic_policy.flags */
#define RACEWAY_VNIC_UP (1U << 0)
#define RACEWAY_VNIC_SPOOFCHECK (1U << 1)
#define RACEWAY_VNIC_TRUNK (1U << 2)
#define RACEWAY_VNIC_LOCAL (1U << 3) /* the location is a netdev, not a port */

/* What a frame of the vNIC is judged by. Immutable while valid. */
struct raceway_vnic_policy {
	struct raceway_fdb_key key; /* must equal the fdb key that led here */
	__u32 ifindex;		    /* location: a fabric port or the host end; 0 nowhere */
	__u16 port;		    /* location's port number, 0 for a local netdev */
	__u16 vid;		    /* tag at the location, 0 untagged */
	__u16 flags;		    /* RACEWAY_VNIC_* */
	__u16 mtu;		    /* payload of Ethernet, without trunk tags */
	__u8 pcp;		    /* priority code point from the class */
	__u8 pad;
	__u16 weight; /* shares of what guarantees leave of a leaving port */
	struct raceway_meter_params dir[RACEWAY_DIRS];
};
RACEWAY_ASSERT_SIZE(struct raceway_vnic_policy, 120);

/* vnics: array by number. `valid` names the slot in force and is written in one store;
 * the other slot is free to be filled after a grace period (see docs/design.md). The meters'
 * state lies beside the policy, so that a frame needs few cache lines of one page; a change of
 * policy leaves it alone. Six cache lines: each slot has two, each direction's state its own. */
struct raceway_vnic {
	__u32 valid; /* 0 or 1 */
	__u32 pad;
	struct raceway_vnic_policy slot[2];
	__u64 group_tat; /* frames to group addresses */
	struct raceway_meter meter[RACEWAY_DIRS];
};
RACEWAY_ASSERT_SIZE(struct raceway_vnic, 384);

/* port_meters: array by port number, the leaving port. */
RACEWAY_ASSERT_SIZE(struct raceway_port_meter, 64);

/* stats: per CPU, index vnic * RACEWAY_DIRS + dir. Bytes as docs/design.md section 6. */
struct raceway_count {
	__u64 packets;
	__u64 bytes;
};

enum raceway_colour {
	RACEWAY_GREEN = 0,
	RACEWAY_YELLOW = 1,
	RACEWAY_RED = 2,
	RACEWAY_MARKED = 3,
	RACEWAY_COLOURS = 4,
};

struct raceway_stats {
	struct raceway_count colour[RACEWAY_COLOURS];
};
RACEWAY_ASSERT_SIZE(struct raceway_stats, 64);

/* drops: per CPU, filled on first use. */
enum raceway_owner {
	RACEWAY_OWNER_PORT = 0, /* by ifindex: no vNIC is known yet */
	RACEWAY_OWNER_VNIC = 1, /* by number */
};

struct raceway_drop_key {
	__u32 id;
	__u8 owner;   /* enum raceway_owner */
	__u8 dir;     /* enum raceway_dir */
	__u16 reason; /* enum raceway_drop */
};
RACEWAY_ASSERT_SIZE(struct raceway_drop_key, 8);

/* saved: ifindex -> what was changed to make the port fit, and is put back at `port del`. */
#define RACEWAY_SAVED_UP (1U << 0)	/* was down */
#define RACEWAY_SAVED_PROMISC (1U << 1) /* was off */
#define RACEWAY_SAVED_NOARP (1U << 2)	/* was off */
#define RACEWAY_SAVED_IPV6 (1U << 3)	/* disable_ipv6 was 0 */
#define RACEWAY_SAVED_CLSACT (1U << 4)	/* there was no clsact qdisc */
#define RACEWAY_SAVED_FORWARD (1U << 5) /* IPv4 forwarding was on, at the host end of a vNIC */

struct raceway_saved {
	__u32 changed;	     /* RACEWAY_SAVED_* */
	__u32 features;	     /* bits by the list in loader/fit.c: turned from their former state */
	__u32 peer_features; /* the same at the other end of a veth */
	__u32 pad;
};
RACEWAY_ASSERT_SIZE(struct raceway_saved, 16);

#endif
