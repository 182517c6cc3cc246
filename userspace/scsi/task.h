/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One SCSI command on its way through the device server (SAM-5). The transport fills it in, the
 * device server answers by done(); both run on the worker that owns the nexus. */
#ifndef RACEWAY_SCSI_TASK_H
#define RACEWAY_SCSI_TASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/disk.h"
#include "vhba/worker.h"

#define RACEWAY_CDB_MAX 32
#define RACEWAY_SENSE_MAX 96
/* The longest transfer of one command, as VPD page B0 tells initiators. */
#define RACEWAY_TRANSFER_MAX (8U << 20)

struct raceway_nexus;
struct raceway_lu;
struct raceway_itl;
struct raceway_command;

enum raceway_task_attribute {
	RACEWAY_TASK_UNTAGGED,
	RACEWAY_TASK_SIMPLE,
	RACEWAY_TASK_ORDERED,
	RACEWAY_TASK_HEAD,
	RACEWAY_TASK_ACA,
};

/* SAM-5 5.3.1. */
enum raceway_scsi_status {
	RACEWAY_SCSI_GOOD = 0x00,
	RACEWAY_SCSI_CHECK_CONDITION = 0x02,
	RACEWAY_SCSI_CONDITION_MET = 0x04,
	RACEWAY_SCSI_BUSY = 0x08,
	RACEWAY_SCSI_RESERVATION_CONFLICT = 0x18,
	RACEWAY_SCSI_TASK_SET_FULL = 0x28,
	RACEWAY_SCSI_ACA_ACTIVE = 0x30,
	RACEWAY_SCSI_TASK_ABORTED = 0x40,
};

struct raceway_task {
	/* The transport's. */
	struct raceway_nexus *nexus;
	struct raceway_worker *worker;
	uint64_t lun;		      /* the eight bytes as a big-endian number */
	uint64_t tag;		      /* unique in the nexus while the task lives */
	uint8_t cdb[RACEWAY_CDB_MAX]; /* zero-filled behind its length */
	uint8_t cdb_bytes;
	enum raceway_task_attribute attribute;
	bool wants_in, wants_out; /* the direction that the initiator announced */
	/* How much the initiator expects to send or get. Data-out is all there before the device
	 * server sees the task. */
	uint32_t expected_bytes;
	uint8_t *out;	    /* data-out, out_bytes long; the transport frees it */
	uint32_t out_bytes; /* arrived; at most expected_bytes */

	/* The device server's answer. */
	enum raceway_scsi_status status;
	uint8_t sense[RACEWAY_SENSE_MAX];
	uint8_t sense_bytes;
	/* What the command would transfer in the announced direction if expected_bytes were
	 * enough: the transport works the residual out from it. */
	uint64_t transfer_bytes;
	uint8_t *in;	   /* data-in; owned by the task, freed by raceway_task_release() */
	uint32_t in_bytes; /* at most expected_bytes */
	bool aborted;	   /* by task management: the transport sends no response */

	/* Called once, on `worker`, and maybe before raceway_scsi_execute() returns. */
	void (*done)(struct raceway_task *task);
	void *context; /* the transport's */

	/* The device server's own. */
	struct raceway_lu *lu;
	struct raceway_itl *itl; /* NULL: no such unit for this nexus */
	const struct raceway_command *command;
	struct raceway_io io;
	struct raceway_task *next, **link; /* task set of the nexus */
	uint64_t order;			   /* in which the nexus took its tasks */
	uint64_t reset_seen;
	void (*passed)(struct raceway_task *task); /* done() of the transport, while passed on */
	/* A command of several operations goes on here after each; false: it has ended. */
	bool (*advance)(struct raceway_task *task);
	bool advancing, again;
	struct raceway_call resume;
	/* NULL, or ends a command at once that waits for no operation of its own. */
	void (*cancel)(struct raceway_task *task);
	/* The gate of a unit that it is in or waits at, and what follows the waiting. */
	struct raceway_itl *gate;
	struct raceway_task *gate_next;
	void (*admitted)(struct raceway_task *task);
	bool exclusive;
	bool held;     /* by raceway_scsi_hold() */
	uint32_t step; /* of a command of several operations */
	void *scratch; /* freed by raceway_task_release() */

	/* Of whoever serves and lets tasks wait (rates), before the device server has them. */
	struct raceway_task_serve {
		void (*done)(struct raceway_task *task); /* the transport's meanwhile */
		struct raceway_task *next;
		void *flow;
		uint64_t since_ns;
		uint64_t bytes;
		uint16_t lun;
		uint8_t state;
		bool reads, writes;
	} serve;
};

/* The task counts as taken but does not run yet: whoever serves lets it wait (rates), until
 * raceway_scsi_execute(). If task management, or the end of its nexus, aborts it meanwhile,
 * cancel() is called, which takes it back and has it executed, so that it ends. `held` was false.
 */
void raceway_scsi_hold(struct raceway_task *task, void (*cancel)(struct raceway_task *task));
/* Runs the command. Never blocks. */
void raceway_scsi_execute(struct raceway_task *task);
/* Frees what the device server gave to the task, after done(). The struct is the transport's. */
void raceway_task_release(struct raceway_task *task);

/* What a CDB alone says, before anything is run: for the rates. A command that neither reads nor
 * writes blocks costs no bytes. */
struct raceway_cdb_cost {
	bool read, write;
	uint64_t bytes; /* of blocks read or written, by block_bytes */
};
void raceway_cdb_cost(const uint8_t *cdb, uint8_t cdb_bytes, uint32_t block_bytes,
		      struct raceway_cdb_cost *ret_cost);
/* The same, of a task that the device server does not have yet; the list of an EXTENDED COPY is
 * looked at too. On the worker of its nexus. */
void raceway_task_cost(const struct raceway_task *task, uint32_t block_bytes,
		       struct raceway_cdb_cost *ret_cost);

#endif
