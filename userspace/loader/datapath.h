/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The data path as userspace sees it: open (load or take over pins), fill, attach, read, retire.
 * Linked by racewayd and by raceway-loader. Not thread-safe. */
#ifndef RACEWAY_LOADER_DATAPATH_H
#define RACEWAY_LOADER_DATAPATH_H

#include <net/if.h>
#include <raceway/maps.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct raceway_dp;

/* What should be, with every name resolved. */
struct raceway_dp_port {
	char name[64]; /* for errors */
	char dev[IFNAMSIZ];
	uint32_t ifindex;
	uint16_t number;	/* 1..RACEWAY_PORT_MAX */
	enum raceway_role role; /* RACEWAY_ROLE_UPLINK or RACEWAY_ROLE_FABRIC */
	bool host_keep;
	bool generic;		 /* mode generic was asked for */
	bool libxdp;		 /* attach libxdp */
	bool more;		 /* attach: another port follows at once, XDP may wait for it */
	uint16_t native_segment; /* fabric only, 0 none */
	uint64_t rate_bps;	 /* leaving rate, 0: no port meter */
};

struct raceway_dp_segment {
	uint16_t number;      /* 1..4094 */
	uint16_t uplink_port; /* port number, 0: no uplink */
	uint16_t uplink_vid;  /* 0: untagged */
	enum raceway_switching switching;
};

struct raceway_dp_rate {
	uint64_t cir_bps; /* 0: none */
	uint64_t pir_bps; /* 0: no peak rate */
	uint64_t cbs_bytes;
	uint64_t pbs_bytes;
	uint32_t idle_ms; /* of the rate: what an idle vNIC may send at once; 0: all of the burst */
};

/* Bytes that pass at once after an idle time: all of a burst that was given, RACEWAY_IDLE_MS of
 * the rate (two frames of `mtu` at least) of a default one. 0 without a rate. */
uint64_t raceway_dp_idle_burst(const struct raceway_dp_rate *rate, uint32_t mtu);

struct raceway_dp_vnic {
	char name[128];	 /* for errors */
	uint32_t number; /* 1..max_vnics - 1 */
	uint8_t mac[6];
	uint16_t segment; /* number */
	uint16_t port;	  /* location: fabric port's number; 0: the local netdev `ifindex` */
	uint32_t ifindex; /* host end of a local vNIC; 0 with port 0: nowhere */
	uint16_t mtu;
	uint8_t pcp;
	uint16_t weight; /* shares of what guarantees leave of a port; 0: 1 */
	bool up, spoofcheck, trunk;
	struct raceway_dp_rate dir[RACEWAY_DIRS];
};

struct raceway_dp_config {
	const struct raceway_dp_port *ports;
	size_t port_count;
	const struct raceway_dp_segment *segments;
	size_t segment_count;
	const struct raceway_dp_vnic *vnics;
	size_t vnic_count;
};

/* Opens D/v<LAYOUT> on a bpffs: loads programs and maps, or takes over the pinned ones (maps
 * keep their size and contents; programs are this build's when `upgrade`, else the pinned).
 * `max_vnics` 0: the default, or what the pins have. Errors: pin_dir is no bpffs, pins of another
 * layout or size, no permission, the verifier's refusal. */
int raceway_dp_open(const char *pin_dir, uint32_t max_vnics, struct raceway_dp **ret_dp,
		    struct raceway_error *err);
/* The same, but makes nothing where nothing is: NOT_FOUND. */
int raceway_dp_open_pinned(const char *pin_dir, uint32_t max_vnics, struct raceway_dp **ret_dp,
			   struct raceway_error *err);
/* Closes descriptors. Pins, links and traffic stay. */
void raceway_dp_close(struct raceway_dp *dp);
uint32_t raceway_dp_max_vnics(const struct raceway_dp *dp);

/* Makes the tables exactly so, whole vNIC by whole vNIC, keeping meter state and counters of
 * vNICs that stay and zeroing those of numbers that are new. Entries not in the config go.
 * All is checked before the first write; on failure the former entries are put back. */
int raceway_dp_fill(struct raceway_dp *dp, const struct raceway_dp_config *config,
		    struct raceway_error *err);
/* The same where the tables are known to hold `former` (NULL: not known): what is as it was there
 * is not looked at. */
int raceway_dp_change(struct raceway_dp *dp, const struct raceway_dp_config *config,
		      const struct raceway_dp_config *former, struct raceway_error *err);
/* Waits until no frame is judged by slots that the last fill retired (about 10 ms). Called off
 * the reply's path; the next fill calls it if nobody did. */
void raceway_dp_settle(struct raceway_dp *dp);

/* Makes the port fit (design section 4), attaches TC and XDP, pins the links. XDP is on native
 * ports only while there are two ports or more: the first one is tried and left idle, the second
 * raises both, or is refused with nothing changed if the first takes none any more.
 * Idempotent: an attached port gets the current programs in one step. Refuses a foreign program
 * by name, and native mode that the driver does not have. */
int raceway_dp_attach_port(struct raceway_dp *dp, const struct raceway_dp_port *port,
			   struct raceway_error *err);
/* Detaches and puts the port's settings back; takes XDP off where one port is left alone.
 * ENODEV is success. */
int raceway_dp_detach_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err);
/* The host end of a local vNIC: silenced, TC at its ingress. Detaching puts its settings back. */
int raceway_dp_attach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err);
int raceway_dp_detach_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   struct raceway_error *err);
/* Detaches whatever is pinned for interfaces that `keep` does not name (or that are gone), so
 * that nothing of ours stays behind. */
int raceway_dp_retire(struct raceway_dp *dp, const uint32_t *keep_ifindex, size_t count,
		      struct raceway_error *err);
/* Replaces the programs on every attached interface by this build's, maps kept. */
int raceway_dp_upgrade(struct raceway_dp *dp, struct raceway_error *err);

/* What is. */
struct raceway_dp_port_info {
	bool attached;
	bool native; /* the mode */
	bool xdp;    /* our XDP program is on it: native, and there is a second port */
	bool jumbo_xdp;
	bool fq;	   /* keeps frames until their departure time: guests' TCP is paced */
	char warning[256]; /* "" or what to do at the other end (veth peers out of reach) */
};
int raceway_dp_port_info(struct raceway_dp *dp, uint32_t ifindex,
			 struct raceway_dp_port_info *ret_info);
/* "attached"; "idle": native, but there is no second port; "none". */
static inline const char *raceway_dp_port_xdp(const struct raceway_dp_port_info *info)
{
	return info->xdp ? "attached" : info->native ? "idle" : "none";
}
/* Whether what leaves by this port is kept until its departure time, as the data path has it. */
bool raceway_dp_paces(const struct raceway_dp *dp, uint16_t port);
/* Looks at the port's qdisc and tells the data path. Attaching a port does so; later on whoever
 * hears of a change does. 0 or -errno: then all is as it was. */
int raceway_dp_look_at_qdisc(struct raceway_dp *dp, uint32_t ifindex);
/* Counters since the vNIC was made, summed over CPUs. */
int raceway_dp_stats(struct raceway_dp *dp, uint32_t vnic, enum raceway_dir dir,
		     struct raceway_stats *ret_stats);
/* Calls `fn` for each drop counter; stops when it returns non-zero and returns that. */
int raceway_dp_drops(struct raceway_dp *dp,
		     int (*fn)(const struct raceway_drop_key *key, uint64_t packets, void *context),
		     void *context);
/* Where a vNIC is as the LAN sees it. */
struct raceway_place {
	uint32_t ifindex; /* of its segment's uplink, 0: nowhere */
	uint16_t vid;	  /* 0: untagged */
	uint8_t mac[6];
};

struct raceway_places {
	struct raceway_place *at; /* by vNIC number */
	size_t count;		  /* highest number and one more */
};

/* The places that the tables have in force: of vNICs that are up, have a location and an uplink.
 * 0 or -ENOMEM. */
int raceway_dp_places(struct raceway_dp *dp, struct raceway_places *ret_places);

/* Kernel memory of all maps in bytes, as the kernel accounts it. */
int raceway_dp_memory(struct raceway_dp *dp, uint64_t *ret_bytes);

/* "spoof" of RACEWAY_DROP_SPOOF; NULL if out of range. */
const char *raceway_drop_name(unsigned int reason);

#endif
