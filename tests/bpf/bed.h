/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A small chassis in a namespace of the test's own: two fabric ports, two uplinks and two host
 * ends, the real programs and maps. A frame is told where it arrives, what must leave and what
 * must be counted; all counters that are not told must not move.
 *
 * XDP is run by BPF_PROG_TEST_RUN, with the one devmap entry present through which the frame
 * must leave. TC is attached and gets real skbs, since a test run can neither give it a tag in
 * the skb's metadata nor show one. */
#ifndef RACEWAY_TESTS_BED_H
#define RACEWAY_TESTS_BED_H

#include <criterion/criterion.h>
#include <string.h>

#include "loader/dp.h"

enum bed_dev { F1, F2, U1, U2, H1, H2, BED_DEVS, NOWHERE = -1 };
#define BED_PORTS H1 /* F1..U2 are ports, numbered from 1 */
#define BED_SEGMENTS 7
#define BED_VNICS_MAX 32
#define BED_MAX_VNICS 64

/* vNICs of the bed by number. Segment 10 is native (untagged) at F1, all else is tagged. */
enum bed_vnic {
	A = 1, /* segment 10, VLAN 100 of U1, at F1, pcp 1 */
	B,     /* segment 10, at F2, pcp 5 */
	C,     /* segment 20, untagged at U1, at F1, pcp 3 */
	D,     /* segment 20, at F2, pcp 0 */
	L,     /* segment 10, local H1, pcp 2 */
	M,     /* segment 20, local H2, pcp 4 */
	P,     /* segment 30, vepa, VLAN 300 of U1, at F1, pcp 6 */
	Q,     /* segment 30, at F2, pcp 7 */
	R,     /* segment 40, private, VLAN 400 of U1, at F1 */
	S,     /* segment 40, at F2 */
	T,     /* segment 50, veb, no uplink, at F1 */
	U,     /* segment 50, at F2 */
	N,     /* segment 10, nowhere */
	V,     /* segment 60, veb, untagged at U2, which is host keep; at F1 */
	W,     /* segment 70, private, no uplink, at F1 */
	X,     /* outside: an address of the LAN, no vNIC */
	BED_VNICS = W,
};

struct pkt {
	uint32_t length;
	uint8_t bytes[2048];
};

struct shot {
	const char *what;
	enum bed_dev at;
	struct pkt in;
	int copies;
	struct {
		enum bed_dev to;
		struct pkt out;
	} copy[6];
	bool host, host_vlan;
	struct pkt host_out;
	bool mtu, rewrite;
	int tallies;
	struct {
		uint32_t vnic;
		enum raceway_dir dir;
		enum raceway_colour colour;
		uint32_t bytes;
	} tally[8];
	int losses;
	struct raceway_drop_key loss[8];
};

struct bed {
	struct raceway_dp *dp;
	struct raceway_dp_port port[BED_PORTS];
	struct raceway_dp_segment segment[BED_SEGMENTS];
	struct raceway_dp_vnic vnic[BED_VNICS_MAX]; /* vnic[0] is number 1 */
	struct raceway_dp_config config;
	uint32_t ifindex[BED_DEVS];
	int in[BED_DEVS];   /* raw sockets at the other ends, to send and to capture */
	int host[BED_DEVS]; /* what the host's stack is given */
	/* what the counters must say */
	struct raceway_stats stats[BED_VNICS_MAX + 1][RACEWAY_DIRS];
	struct {
		struct raceway_drop_key key;
		uint64_t packets;
	} drop[64];
	int drops;
	struct shot shot;
};

extern const char *const bed_dev_names[BED_DEVS];

/* A private mount and network namespace with a bpffs, whose directory is returned; skips the
 * test without root. */
const char *bed_namespace(void);
/* Runs `ip -batch` on the given lines. */
void bed_ip(const char *lines);
/* The whole bed, filled, TC attached everywhere. */
void bed_open(struct bed *bed);
/* Fills the tables with the bed's config as the test has changed it. */
void bed_fill(struct bed *bed);
struct raceway_dp_vnic *bed_vnic(struct bed *bed, uint32_t number);
/* The map of a program whose name ends so: its descriptor and id. */
int bed_map_of(int prog, const char *end, uint32_t *ret_id);
/* A bucket's fill as the bed's clock says: the meter's ticks now. */
uint64_t bed_ticks(void);

const uint8_t *mac_of(uint32_t vnic);
/* Tags of a frame, outermost first, ended by 0. */
#define C_TAG(vid, pcp) (0x81000000U | (uint32_t)(pcp) << 13 | (uint32_t)(vid))
#define S_TAG(vid) (0x88a80000U | (uint32_t)(vid))
#define TAGS(...)                                                                                  \
	(const uint32_t[])                                                                         \
	{                                                                                          \
		__VA_ARGS__, 0                                                                     \
	}
#define NO_TAG TAGS(0)
/* A frame from one address to another, `payload` bytes behind the tags and the ethertype. */
struct pkt frame(const uint8_t *dst, const uint8_t *src, const uint32_t *tags, uint32_t payload);
/* The usual: vNIC to vNIC, 86 bytes of payload, 100 bytes without tags. */
struct pkt usual(uint32_t dst, uint32_t src, const uint32_t *tags);
#define USUAL_BYTES 100

enum ecn { NOT_ECT, ECT_1, ECT_0, CE };
/* A frame that carries IP and UDP, `bytes` long without the tags. */
struct ip {
	int version;
	enum ecn ecn;
	uint16_t port, fragment; /* IPv4: flags and offset */
	uint32_t bytes;
	enum { DATA, ACK, CNP } what;
};
struct pkt ip_frame(uint32_t dst, uint32_t src, const uint32_t *tags, struct ip what);

/* One shot: where, what leaves, what is counted, then fire. */
void arrives(struct bed *bed, const char *what, enum bed_dev at, struct pkt in);
void leaves(struct bed *bed, enum bed_dev to, struct pkt out);
void to_host(struct bed *bed, struct pkt out);
/* The stack takes off a tag that no VLAN device wants, and marks the frame as not its own. */
void to_host_with_tag(struct bed *bed, struct pkt untagged);
void counted(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_colour colour);
void lost(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_drop reason);
void lost_at(struct bed *bed, enum bed_dev at, enum raceway_drop reason);
void fire_xdp(struct bed *bed);
void fire_tc(struct bed *bed);
void fire(struct bed *bed); /* both, where XDP sees the frame at all */

/* The most usual shots in one line each, through both programs. */
void passes(struct bed *bed, const char *what, enum bed_dev at, struct pkt in, enum bed_dev to,
	    struct pkt out, uint32_t tx, uint32_t rx);
void is_lost(struct bed *bed, const char *what, enum bed_dev at, struct pkt in, uint32_t vnic,
	     enum raceway_dir dir, enum raceway_drop reason);

/* Plain test runs. Return the verdict; *out is what the program left of the frame. */
int run_xdp(struct bed *bed, enum bed_dev at, const struct pkt *in, struct pkt *out);
struct __sk_buff;
int run_tc(struct bed *bed, int prog, enum bed_dev at, const void *in, uint32_t length,
	   struct __sk_buff *ctx);
/* Compares all counters with what has been told so far. */
void check_books(struct bed *bed, const char *what);
/* Adds to what the counters must say. */
void book_frame(struct bed *bed, uint32_t vnic, enum raceway_dir dir, enum raceway_colour colour,
		uint64_t packets, uint64_t bytes);
void book_drop(struct bed *bed, struct raceway_drop_key key, uint64_t packets);

#endif
