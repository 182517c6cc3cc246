/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The inside of logical units and nexuses, for the files of the device server only.
 *
 * An I_T_L nexus (struct raceway_itl) is one logical unit as one nexus sees it. It belongs to the
 * worker of its nexus, as all tasks do; other workers reach it by its atomics, and by the unit's
 * list of them under the unit's lock.
 *
 * What an ordinary read or write looks at is `restricted` and `gate` of the unit and `attentions`
 * and `refused` of the I_T_L nexus: four loads, no lock. */
#ifndef RACEWAY_SCSI_LU_H
#define RACEWAY_SCSI_LU_H

#include <pthread.h>
#include <stdatomic.h>

#include "scsi/codes.h"
#include "scsi/nexus.h"
#include "vhba/worker.h"

struct raceway_pr;
struct raceway_sanitize;
struct raceway_copy_result;

/* Of raceway_lu.restricted: commands are looked at more closely. */
enum raceway_restriction {
	RACEWAY_RESTRICT_WRITE_PROTECT = 1 << 0, /* SWP of the control mode page */
	RACEWAY_RESTRICT_SANITIZING = 1 << 1,
	RACEWAY_RESTRICT_SANITIZE_FAILED = 1 << 2,
};

/* Of raceway_itl.refused and raceway_command.need: what somebody else's reservation takes away. */
enum raceway_need {
	RACEWAY_NEED_READ = 1 << 0,
	RACEWAY_NEED_WRITE = 1 << 1,
	/* All but a few commands, while there is a RESERVE(6) or (10) (SPC-2 5.5.1). */
	RACEWAY_NEED_RESERVE = 1 << 2,
};

struct raceway_lu {
	/* Read by all, hardly ever written. */
	struct raceway_lu_options options;
	_Atomic uint32_t restricted;
	_Atomic uint32_t gate;	       /* commands that wait to run alone, or do */
	_Atomic bool write_through;    /* WCE of the caching mode page is off */
	_Atomic bool descriptor_sense; /* D_SENSE of the control mode page */

	_Atomic unsigned int holds;
	pthread_mutex_t lock; /* of all that follows */
	struct raceway_itl *itls;
	struct raceway_task *exclusive; /* runs alone */
	struct raceway_task *waiting, **waiting_end;
	struct raceway_itl *reserved; /* by RESERVE */
	struct raceway_pr *pr;	      /* never NULL */
	uint8_t access_state;	      /* ALUA, SPC-4 table 306 */
	/* SANITIZE that runs, or has failed and waits for EXIT FAILURE MODE. */
	struct raceway_sanitize *sanitize;
};

struct raceway_itl {
	struct raceway_lun lun; /* what raceway_nexus_lun() gives out */
	struct raceway_nexus *nexus;
	struct raceway_lu *lu;
	_Atomic uint32_t attentions; /* bits by enum raceway_attention */
	_Atomic uint32_t refused;    /* enum raceway_need */
	_Atomic uint32_t inside;     /* tasks that are through the gate, not alone */
	_Atomic uint64_t resets;     /* tasks that began before are aborted */
	/* Its worker's. */
	unsigned int holds;		    /* the nexus's map, and tasks */
	bool gone;			    /* out of the map; tasks may still hold it */
	struct raceway_copy_result *copies; /* RACEWAY_COPY_RESULTS, or NULL before the first */

	/* Under the lock of the unit. */
	struct raceway_itl *next;
	struct raceway_task *ready, **ready_end; /* let through the gate by another worker */
	bool waking;
	struct raceway_call wake;
};

struct raceway_nexus {
	struct raceway_nexus_options options;
	struct raceway_itl **itls; /* by number */
	size_t count;
	struct raceway_task *tasks;
	struct raceway_tmf_request *requests;
	uint64_t order;
	size_t depth;
	unsigned int copies; /* EXTENDED COPY under way */
	unsigned int busy;   /* calls on the stack that use it */
	bool closing;
};

/* The task's I_T_L nexus, or NULL. */
struct raceway_itl *raceway_itl_find(const struct raceway_nexus *nexus, uint64_t lun);
void raceway_itl_hold(struct raceway_itl *itl);
void raceway_itl_put(struct raceway_itl *itl);
/* Once nothing is on the stack or under way any more, a nexus that is closing is freed here. */
void raceway_nexus_settle(struct raceway_nexus *nexus);

static inline uint64_t raceway_lu_blocks(const struct raceway_lu *lu)
{
	const struct raceway_disk *disk = lu->options.disk;

	return __atomic_load_n(&disk->bytes, __ATOMIC_ACQUIRE) / disk->block_bytes;
}

static inline uint32_t raceway_lu_block_bytes(const struct raceway_lu *lu)
{
	return lu->options.disk->block_bytes;
}

/* Unit attentions (SAM-5 5.14), attention.c. */

/* For all that see the unit, but `except` (which may be NULL). Takes the lock. */
void raceway_attention_raise(struct raceway_lu *lu, enum raceway_attention what,
			     const struct raceway_itl *except);
/* For all units of a nexus. On its worker. */
void raceway_attention_raise_nexus(struct raceway_nexus *nexus, enum raceway_attention what);
/* The most urgent one is taken away. False: none is pending. */
bool raceway_attention_take(struct raceway_itl *itl, enum raceway_asc *ret_asc);

/* The gate of a unit, gate.c: COMPARE AND WRITE and its like run alone, all other commands that
 * touch blocks together, in the order in which they came. */

/* True: the task is in. False: admitted() follows later, on the task's worker. */
bool raceway_gate_enter(struct raceway_task *task, struct raceway_itl *itl, bool exclusive,
			void (*admitted)(struct raceway_task *task));
/* Does nothing for a task that is in no gate. */
void raceway_gate_leave(struct raceway_task *task);

/* Task management, manage.c. */

/* A task of the nexus has ended: who waited for that is told. */
void raceway_manage_settle(struct raceway_nexus *nexus);
/* Aborts the tasks of one unit, or of all (NULL); those that can, end at once. The caller has made
 * the nexus busy. */
void raceway_manage_abort(struct raceway_nexus *nexus, const struct raceway_itl *itl);

#endif
