/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine as its parts know it: what is served, by whom it is locked, and its threads.
 *
 *   main thread    control socket, configuration, files; owns volumes, portals and the table of
 *                  vHBAs, and may block
 *   workers        sessions and their I/O; never block on the main thread
 *   engine->lock   the table of vHBAs, their LUN maps and what sessions left behind: written by
 *                  the main thread, read where somebody logs in. Held for moments.
 *
 * What a worker's sessions must learn is brought there by raceway_engine_each(). */
#ifndef RACEWAY_VHBA_ENGINE_H
#define RACEWAY_VHBA_ENGINE_H

#include <jansson.h>
#include <pthread.h>

#include "iscsi/target.h"
#include "vhba/arbiter.h"
#include "vhba/config.h"
#include "vhba/keep.h"
#include "vhba/rates.h"
#include "vhba/stats.h"
#include "vhba/worker.h"

struct raceway_engine;
struct raceway_events;
struct raceway_session;
struct raceway_copy;

#define RACEWAY_PEER_TEXT 64 /* raceway_peer_format() */

/* A worker and what lives there. */
struct raceway_lane {
	struct raceway_engine *engine;
	struct raceway_worker *worker;
	struct raceway_iscsi *iscsi;
	struct raceway_session *sessions; /* the worker's own */
	unsigned int load;		  /* sessions; atomic, a hint to the others */
};

/* A volume that is served: disk and logical unit, held by the table and by LUN maps. */
struct raceway_volume {
	struct raceway_volume *next;
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	char source[RACEWAY_VHBA_PATH_MAX]; /* what was opened: directory or device */
	enum raceway_san_type type;
	uint64_t id;
	struct raceway_disk *disk;
	struct raceway_lu *lu;
	struct raceway_vhba_keep keep, journal;
	/* Of an upstream array: one for each vHBA that maps it. */
	char portal[RACEWAY_VHBA_NAME_MAX + 1], target[RACEWAY_ISCSI_NAME_MAX + 1];
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	bool wanted;
	struct raceway_engine *engine;
	pthread_mutex_t lock;
	char why[256]; /* lock: the array is not there; "" it is */
	struct raceway_events *events;
	uint64_t told_ns; /* of an error; atomic */
};

struct raceway_portal {
	struct raceway_portal *next;
	struct raceway_engine *engine;
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	char address[RACEWAY_VHBA_NAME_MAX + 1]; /* as configured */
	char bound[RACEWAY_PEER_TEXT];		 /* as SendTargets has it, with its port */
	uint16_t group;
	int fd;		/* listening; -1: not yet, or no more; atomic */
	int netlink;	/* a NETLINK_ROUTE socket of its namespace; -1: cannot be asked */
	bool gone;	/* not configured any more; atomic */
	bool accepting; /* the worker's own */
	struct raceway_wait accept;
	struct raceway_wait cancelled;
	struct raceway_timer again;
	struct raceway_call call;
	pthread_mutex_t ask; /* of `netlink` */
};

/* A vHBA as it can be logged in to. When what proves it changes it is another one, and the
 * sessions of this end. */
struct raceway_vhba {
	char name[RACEWAY_VHBA_NAME_MAX + 1];
	char san[RACEWAY_VHBA_NAME_MAX + 1];
	enum raceway_san_type san_type;
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	enum raceway_vhba_auth auth;
	struct raceway_iscsi_chap chap;
	uint8_t macs[RACEWAY_VHBA_MACS_MAX][6];
	size_t mac_count;
	bool local;
	unsigned int holds; /* atomic: the table, its sessions */
	uint64_t number;    /* of all that there ever were, from 1 on */

	/* engine->lock */
	bool gone;
	struct raceway_lun *luns;
	size_t lun_count;
	struct raceway_stats past; /* of sessions that are over */

	struct raceway_rates rates;
	struct raceway_claim claim;
};

/* A SAN's store, as far as its vHBAs share it. */
struct raceway_store_of {
	struct raceway_store_of *next;
	char san[RACEWAY_VHBA_NAME_MAX + 1];
	struct raceway_arbiter *arbiter;
};

struct raceway_engine {
	struct raceway_lane *lanes;
	unsigned int lane_count;
	struct raceway_iscsi_ops ops;
	int keep_dir;

	pthread_mutex_t lock;
	char target[RACEWAY_ISCSI_NAME_MAX + 1]; /* lock */
	struct raceway_vhba **vhbas;		 /* lock; sorted by name */
	size_t vhba_count;

	/* The main thread's. */
	struct raceway_volume *volumes;
	struct raceway_volume *upstreams; /* volumes of arrays, for one vHBA each */
	unsigned int open_upstreams;	  /* atomic */
	struct raceway_store_of *stores;
	uint64_t vhbas_made;
	struct raceway_copy *copies;
	struct raceway_config *config; /* what was last configured */
	json_t *misread;	       /* problems of the configuration itself */
	json_t *problems;	       /* all */
	bool incomplete;	       /* a volume could not be opened */

	struct raceway_portal *portals; /* lock: discovery reads it; entries are never freed */
	struct raceway_events *events;
};

/* Starts `workers` threads that serve nothing yet. 0 or -errno. */
int raceway_engine_start(struct raceway_engine *engine, unsigned int workers, const char *state_dir,
			 struct raceway_events *events);
void raceway_engine_stop(struct raceway_engine *engine);
/* Runs visit() on every worker, one after the other, and returns when all have. Main thread,
 * without engine->lock. */
void raceway_engine_each(struct raceway_engine *engine,
			 void (*visit)(struct raceway_lane *lane, void *context), void *context);
/* The lane of a worker. */
struct raceway_lane *raceway_engine_lane(struct raceway_engine *engine,
					 const struct raceway_worker *worker);

/* Makes what is served as `config` says, which it takes over; main thread. `misread` is what was
 * wrong in it; with what cannot be served it is in engine->problems afterwards. */
void raceway_engine_configure(struct raceway_engine *engine, struct raceway_config *config,
			      json_t *misread);
/* Tries again what could not be served, or may have changed; main thread. */
void raceway_engine_again(struct raceway_engine *engine);
/* Lets go of all that was configured, when no worker runs any more. */
void raceway_engine_forget(struct raceway_engine *engine);
/* The volume may be larger than before; main thread. */
void raceway_engine_resized(struct raceway_engine *engine, const char *volume, uint64_t size);
/* Whether a vHBA has the volume; main thread. */
bool raceway_engine_is_mapped(struct raceway_engine *engine, const char *volume);

#endif
