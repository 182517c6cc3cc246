/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Logical units, and the nexuses that see them (SAM-5 4.6): which LUNs there are for an
 * initiator, unit attentions, task management.
 *
 * Locks: a logical unit is shared by workers and has a mutex of its own for reservations, unit
 * attentions and the list of its nexuses; nothing blocks under it. A nexus belongs to one worker;
 * only raceway_nexus_map() of another thread must be brought there (raceway_worker_call()). */
#ifndef RACEWAY_SCSI_NEXUS_H
#define RACEWAY_SCSI_NEXUS_H

#include "scsi/task.h"

#define RACEWAY_LUN_MAX 16383 /* flat space addressing; up to 255 by peripheral addressing */
#define RACEWAY_LUNS_PER_NEXUS 1024
#define RACEWAY_INITIATOR_NAME_MAX 223 /* RFC 7143 4.2.7.1 */
#define RACEWAY_TRANSPORT_ID_MAX 256

/* A state on its way to stable storage. Whoever saves owns it and the state until done(). */
struct raceway_keep_write {
	const void *state;
	size_t bytes;
	int result; /* 0 or -errno */
	/* Called once, on the worker that saves, and maybe before save() returns. */
	void (*done)(struct raceway_keep_write *write);
	void *context;	    /* of who saves */
	void *keep_private; /* of who keeps */
};

/* Keeps persistent reservations over restarts (SPC-4 5.12.5). */
struct raceway_lu_keep {
	/* Puts the state into the place of the old one in one step, on `worker`, the caller's
	 * thread, which it does not hold up. One at a time. */
	void (*save)(void *context, struct raceway_worker *worker,
		     struct raceway_keep_write *write);
	/* Reads what was saved; *ret_bytes is 0 if there is none. 0 or -errno. */
	int (*load)(void *context, void *state, size_t room, size_t *ret_bytes);
	void *context;
};

struct raceway_lu_options {
	struct raceway_disk *disk; /* borrowed; closed by whoever opened it, after the unit */
	char name[128];		   /* "SAN/VOLUME", for messages */
	uint8_t naa[8];		   /* NAA 3 or 6 begins it: the designator of VPD page 83 */
	char serial[33];	   /* VPD page 80 */
	const struct raceway_lu_keep *keep; /* NULL: reservations die with the process */
	/* Keeps a write of WRITE ATOMIC while it is done (scsi/journal.h), and nothing ("no bytes")
	 * otherwise; whoever opens the disk has done it before. NULL: nothing survives anyway. */
	const struct raceway_lu_keep *journal;
	/* NULL, or called when the last hold is gone: nothing uses the disk any more. Any thread.
	 */
	void (*gone)(void *context);
	void *context;
};

/* 0 or -errno; a state of reservations that cannot be read is -EBADMSG: the unit is not made,
 * because who had it reserved is not known. */
int raceway_lu_new(const struct raceway_lu_options *options, struct raceway_lu **ret_lu);
/* Counted: who maps a unit holds it. */
struct raceway_lu *raceway_lu_hold(struct raceway_lu *lu);
void raceway_lu_put(struct raceway_lu *lu);
struct raceway_disk *raceway_lu_disk(const struct raceway_lu *lu);
/* The disk has grown: initiators are told (CAPACITY DATA HAS CHANGED). Any thread. */
void raceway_lu_resized(struct raceway_lu *lu);

struct raceway_lun {
	uint16_t number;
	bool read_only;
	struct raceway_lu *lu;
};

/* The initiator port and target port of a nexus. */
struct raceway_nexus_options {
	char initiator[RACEWAY_INITIATOR_NAME_MAX + 1];
	/* TransportID as persistent reservations show it (SPC-4 7.6.4). */
	uint8_t transport_id[RACEWAY_TRANSPORT_ID_MAX];
	uint16_t transport_id_bytes;
	char target[RACEWAY_INITIATOR_NAME_MAX + 1];	   /* device name, VPD page 83 */
	char target_port[RACEWAY_INITIATOR_NAME_MAX + 16]; /* port name, VPD page 83 */
	uint8_t protocol;				   /* SPC-4 table 477: 4 SRP, 5 iSCSI */
	uint16_t relative_port;				   /* of the target port, 1 and up */
	uint16_t version_descriptor; /* of the transport, for standard INQUIRY data */
	void *owner;		     /* the vHBA's, not looked at */
};

/* A new nexus with its LUNs (held), sorted by number. It starts with POWER ON OCCURRED pending
 * on every unit. 0 or -errno. */
int raceway_nexus_new(const struct raceway_nexus_options *options, const struct raceway_lun *luns,
		      size_t count, struct raceway_nexus **ret_nexus);
/* Another view: REPORTED LUNS DATA HAS CHANGED follows where it differs; tasks of units that are
 * gone end as aborted. On the worker of the nexus. 0 or -errno, and then nothing changed. */
int raceway_nexus_map(struct raceway_nexus *nexus, const struct raceway_lun *luns, size_t count);
/* I_T nexus loss: all tasks are aborted, RESERVE goes, persistent reservations stay. Its memory
 * goes when the last task is done. */
void raceway_nexus_free(struct raceway_nexus *nexus);
/* Aborts all tasks; those that wait before they run end at once (raceway_scsi_hold()). */
void raceway_nexus_abort(struct raceway_nexus *nexus);
void *raceway_nexus_owner(const struct raceway_nexus *nexus);
/* Tasks under way. */
size_t raceway_nexus_depth(const struct raceway_nexus *nexus);
/* LUN behind an eight-byte address; NULL if the initiator has none there. Borrowed until the next
 * raceway_nexus_map(). */
const struct raceway_lun *raceway_nexus_lun(const struct raceway_nexus *nexus, uint64_t lun);

/* SAM-5 7. */
enum raceway_tmf {
	RACEWAY_TMF_ABORT_TASK,
	RACEWAY_TMF_ABORT_TASK_SET,
	RACEWAY_TMF_CLEAR_TASK_SET,
	RACEWAY_TMF_LOGICAL_UNIT_RESET,
	RACEWAY_TMF_TARGET_RESET, /* all units of the nexus */
	RACEWAY_TMF_QUERY_TASK,
	RACEWAY_TMF_QUERY_TASK_SET,
	RACEWAY_TMF_QUERY_ASYNC_EVENT,
};
enum raceway_tmf_response {
	RACEWAY_TMF_COMPLETE,  /* function complete */
	RACEWAY_TMF_SUCCEEDED, /* QUERY: yes */
	RACEWAY_TMF_NO_TASK,
	RACEWAY_TMF_NO_LUN,
	RACEWAY_TMF_UNKNOWN,
};
struct raceway_tmf_request {
	enum raceway_tmf function;
	struct raceway_nexus *nexus;
	struct raceway_worker *worker;
	uint64_t lun, tag;
	/* Once all that was to be aborted on this nexus is: their done() was called before, with
	 * `aborted`. May be called before raceway_scsi_manage() returns. */
	void (*done)(struct raceway_tmf_request *request, enum raceway_tmf_response response);
	void *context;
	struct raceway_tmf_request *next;
	size_t waiting;
};
void raceway_scsi_manage(struct raceway_tmf_request *request);

#endif
