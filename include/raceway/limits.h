/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Limits and constants that the data path and userspace agree on.
 * Nothing here is a tunable: a change of any value is a change of RACEWAY_LAYOUT. */
#ifndef RACEWAY_LIMITS_H
#define RACEWAY_LIMITS_H

/* Version of the pinned maps' layout; part of every pin's path. */
#define RACEWAY_LAYOUT 2

#define RACEWAY_SEGMENT_MAX 4094 /* a segment's number is a VID on the fabric */
#define RACEWAY_SEGMENTS 4096	 /* entries of the segment table, 0 unused */
#define RACEWAY_PORT_MAX 1023	 /* highest port number; 0 means "no port" */
#define RACEWAY_PORTS 1024
#define RACEWAY_VNICS_DEFAULT 4096 /* max-vnics unless configured */
#define RACEWAY_VNICS_MAX 65536
#define RACEWAY_MEMBERS_MAX 4096 /* vNICs of one segment that get group frames */
#define RACEWAY_MTU_MIN 68
#define RACEWAY_MTU_MAX 9216
#define RACEWAY_CLASSES 8
#define RACEWAY_WEIGHT_MAX 1000 /* shares of one vNIC in what guarantees leave of a port */

/* Frames of one vNIC to group addresses: replication is the cheapest attack. */
#define RACEWAY_GROUP_PPS 10000
#define RACEWAY_GROUP_BURST 1000

/* Default depth of a bucket: deep enough for one TCP flow's sawtooth (docs/design.md section 6
 * has the measurement), of which a vNIC that was idle finds RACEWAY_IDLE_MS. A burst that
 * somebody has chosen holds two GSO packets. */
#define RACEWAY_BURST_MS 1000
#define RACEWAY_IDLE_MS 18
#define RACEWAY_BURST_MIN_BYTES 131072

#define RACEWAY_CLASSES_OF_FLOWS 65536 /* phantom queues, by hash of vNIC and flow */

#define RACEWAY_RATE_MIN_BPS 1000ULL
#define RACEWAY_RATE_MAX_BPS 400000000000ULL
#define RACEWAY_NSEC_PER_SEC 1000000000ULL

#endif
