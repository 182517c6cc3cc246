/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of the loader: the open data path and its parts. */
#ifndef RACEWAY_LOADER_DP_H
#define RACEWAY_LOADER_DP_H

#include <limits.h>

#include "loader/datapath.h"

/* X(enum suffix, name): every pinned map. */
#define RACEWAY_MAPS(X)                                                                            \
	X(PORTS, ports)                                                                            \
	X(SEGMENTS, segments)                                                                      \
	X(VID_SEGMENT, vid_segment)                                                                \
	X(FDB, fdb)                                                                                \
	X(FOREIGN, foreign)                                                                        \
	X(MEMBERS, members)                                                                        \
	X(VNICS, vnics)                                                                            \
	X(PORT_METERS, port_meters)                                                                \
	X(STATS, stats)                                                                            \
	X(DROPS, drops)                                                                            \
	X(LEAVING, leaving)                                                                        \
	X(SAVED, saved)

enum raceway_map {
#define X(id, name) RACEWAY_MAP_##id,
	RACEWAY_MAPS(X)
#undef X
		RACEWAY_MAP_COUNT
};

/* X(enum suffix, name): every pinned program. */
#define RACEWAY_PROGS(X)                                                                           \
	X(XDP, raceway_xdp)                                                                        \
	X(SHARED, raceway_xdp_shared)                                                              \
	X(TC, raceway_tc)                                                                          \
	X(VNIC, raceway_vnic)

enum raceway_prog {
#define X(id, name) RACEWAY_PROG_##id,
	RACEWAY_PROGS(X)
#undef X
		RACEWAY_PROG_COUNT
};

extern const char *const raceway_map_names[RACEWAY_MAP_COUNT];
extern const char *const raceway_prog_names[RACEWAY_PROG_COUNT];

struct raceway_dp {
	char dir[PATH_MAX]; /* D/v<LAYOUT> */
	int map[RACEWAY_MAP_COUNT];
	int prog[RACEWAY_PROG_COUNT];
	uint32_t max_vnics;
	uint32_t cpus;
	bool loaded; /* the programs are this build's: the verifier need not look at them again */
	bool unsettled;		      /* slots were retired since the last grace period */
	bool stale[RACEWAY_SEGMENTS]; /* may have entries of members that it does not name */
	bool verified;		      /* the tables are as a fill of this process has left them */
	int grace_outer, grace_inner; /* a map in a map: its update waits for all readers */
	/* arrays that both sides of the kernel boundary see */
	struct raceway_vnic *vnics;
	struct raceway_segment *segments;
	struct raceway_fdb_bucket *fdb;
	struct raceway_port_meter *port_meters;
};

/* pins.c: makes D/v<LAYOUT>/{maps,progs,links}; refuses what is no bpffs or another layout, and
 * without `make` a directory that holds no data path. */
int raceway_pins_prepare(const char *pin_dir, bool make, char ret_dir[PATH_MAX],
			 struct raceway_error *err);
/* Waits until no other raceway-loader works on the directory; the lock goes with the descriptor.
 * Taken before the pins are read, or a second process would put back what the first replaced.
 * Returns the descriptor, -1 if the directory is not there yet. */
int raceway_pins_lock(const char *pin_dir);
/* "DIR/KIND/NAME"; -ENAMETOOLONG. */
int raceway_pins_path(const struct raceway_dp *dp, const char *kind, const char *name,
		      char ret_path[PATH_MAX]);

/* attach.c: TC at the ingress of any interface, by tcx or clsact; idempotent. */
int raceway_attach_tc(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		      enum raceway_prog prog, struct raceway_error *err);
int raceway_detach_tc(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		      struct raceway_error *err);

/* links.c: puts dp->prog on every interface that has a pinned link, each in one step. */
int raceway_links_replace(struct raceway_dp *dp, struct raceway_error *err);

/* tables_ports.c: an interface that is no port yet becomes one, with the lowest free number. */
int raceway_tables_add_port(struct raceway_dp *dp, struct raceway_dp_port *port,
			    struct raceway_error *err);

/* After a grace period: entries of members that no segment names any more. */
void raceway_tables_sweep(struct raceway_dp *dp);

/* fit.c: see design section 4, "Making a port fit". The port comes up last, with its programs on
 * it, and where it was down it goes down before they leave. */
int raceway_fit_port(struct raceway_dp *dp, const struct raceway_dp_port *port,
		     struct raceway_error *err);
int raceway_fit_up(struct raceway_dp *dp, const struct raceway_dp_port *port,
		   struct raceway_error *err);
void raceway_unfit_down(struct raceway_dp *dp, const char *dev, uint32_t ifindex);
/* The host end of a local vNIC: no IPv6, no ARP, no forwarding, so that it says nothing and a
 * missing program fails closed. raceway_unfit_port() puts that back as well. */
int raceway_fit_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		     struct raceway_error *err);
int raceway_unfit_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex);
/* Empty warning if the port's other end, where it is a veth, is as it must be. */
void raceway_fit_warning(const char *dev, uint32_t ifindex, char *warning, size_t size);

/* netdev.c: what the kernel says of an interface. */
#define RACEWAY_XDP_NDO_XMIT (1U << 2)
#define RACEWAY_XDP_NDO_XMIT_SG (1U << 6)
/* XDP features by the netdev netlink family; -EOPNOTSUPP where the kernel has none. */
int raceway_netdev_xdp_features(uint32_t ifindex, uint64_t *ret_features);
int raceway_netdev_mtu(const char *dev, uint32_t *ret_mtu);
int raceway_netdev_mac(const char *dev, uint8_t ret_mac[6]);
struct raceway_peer {
	uint32_t ifindex; /* 0: no veth */
	int netns;	  /* descriptor of its namespace, -1: this one, -2: out of reach */
	char name[256];	  /* of the namespace, "" if this one or unknown */
};
int raceway_netdev_peer(uint32_t ifindex, struct raceway_peer *ret_peer);

/* fdb.c: the address table. -ENOENT; -ENOSPC if both buckets of the key are full. */
int raceway_fdb_get(struct raceway_dp *dp, const struct raceway_fdb_key *key, uint32_t *ret_vnic);
int raceway_fdb_set(struct raceway_dp *dp, const struct raceway_fdb_key *key, uint32_t vnic);
void raceway_fdb_delete(struct raceway_dp *dp, const struct raceway_fdb_key *key);
/* Removes entries that their vNIC's policy in force does not repeat. */
void raceway_fdb_sweep(struct raceway_dp *dp);

/* rates.c: a rate and a burst as the data path computes with them, and its clock. */
uint64_t raceway_ticks_now(void);
struct raceway_bucket raceway_bucket_make(uint64_t rate_bps, uint64_t burst_bytes);
/* A bucket's state is time at its rate: what it lacks in bytes stays when the rate changes, at
 * most all of its depth. Otherwise a vNIC that was throttled would be silent for as long as its
 * old rate needed. */
void raceway_bucket_rescale(uint64_t *tat, const struct raceway_bucket *old,
			    const struct raceway_bucket *new);
/* `mtu`: an idle vNIC's burst holds two such frames at least. */
struct raceway_meter_params raceway_meter_make(const struct raceway_dp_rate *rate, uint32_t mtu);
/* Frames that this meter lets pass may leave later (raceway/pace.h): default depths become shorter
 * by that, so that what leaves is within PIR * t + PBS. Given ones, whose frames never wait, stay.
 */
void raceway_meter_may_wait(struct raceway_meter_params *params);

#endif
