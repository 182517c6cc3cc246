/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of commands, from which they are checked, run and reported, and the answers that
 * their functions end with. For the files of the device server only. */
#ifndef RACEWAY_SCSI_COMMAND_H
#define RACEWAY_SCSI_COMMAND_H

#include "scsi/lu.h"
#include "scsi/sense.h"

#define RACEWAY_CDB_CHECKED 16 /* no longer CDB is served */
#define RACEWAY_NO_SERVICE_ACTION (-1)

enum raceway_command_flag {
	RACEWAY_COMMAND_WRITES = 1 << 0,     /* refused where the medium is write-protected */
	RACEWAY_COMMAND_GATED = 1 << 1,	     /* touches blocks: see raceway_gate_enter() */
	RACEWAY_COMMAND_ALONE = 1 << 2,	     /* ... and runs alone */
	RACEWAY_COMMAND_THIN = 1 << 3,	     /* exists on thin disks only */
	RACEWAY_COMMAND_QUIET = 1 << 4,	     /* no unit attention is reported on it */
	RACEWAY_COMMAND_SANITIZING = 1 << 5, /* allowed while SANITIZE runs, or has failed */
	RACEWAY_COMMAND_LOCAL = 1 << 6,	     /* never passed to an upstream array */
	/* Changes for all what is no block of the unit: refused to a map that is read-only. So is
	 * whatever takes the unit from others; to register oneself, and to let go, is not. */
	RACEWAY_COMMAND_CHANGES = 1 << 7,
};

struct raceway_command {
	uint8_t opcode;
	uint8_t bytes; /* length of the CDB */
	int8_t service_action;
	uint8_t need; /* enum raceway_need */
	uint16_t flags;
	/* Bits of the CDB that are looked at, as REPORT SUPPORTED OPERATION CODES tells; a one
	 * anywhere else is refused. Byte 0 is the operation code. */
	uint8_t usage[RACEWAY_CDB_CHECKED];
	/* Ends in one of the answers below, now or later. */
	void (*run)(struct raceway_task *task);
};

extern const struct raceway_command raceway_commands[];
extern const size_t raceway_command_count;

/* NULL: there is none. *ret_other, unless NULL: there are others of that operation code. */
const struct raceway_command *raceway_command_find(uint8_t opcode, int service_action,
						   bool *ret_other);
/* Of this CDB. */
const struct raceway_command *raceway_command_of(const uint8_t *cdb, bool *ret_other);
/* Whether the unit has the command. */
bool raceway_command_served(const struct raceway_command *command, const struct raceway_lu *lu);
/* First bit of the CDB that must be zero and is not: its byte, and its number in it. False: none.
 */
bool raceway_command_reserved(const struct raceway_command *command, const uint8_t *cdb,
			      uint16_t *ret_byte, int8_t *ret_bit);

/* Answers. Each ends the task, which must not be touched any more. */

void raceway_task_good(struct raceway_task *task);
void raceway_task_status(struct raceway_task *task, enum raceway_scsi_status status);
/* GOOD with `bytes` of parameter data, cut to the allocation length and to what is expected. */
void raceway_task_reply(struct raceway_task *task, const void *data, size_t bytes,
			size_t allocation);
void raceway_task_sense(struct raceway_task *task, const struct raceway_sense *sense);
void raceway_task_fail(struct raceway_task *task, enum raceway_sense_key key, enum raceway_asc asc);
/* INVALID FIELD IN CDB, or IN PARAMETER LIST, at `byte`. */
void raceway_task_bad_cdb(struct raceway_task *task, uint16_t byte);
void raceway_task_bad_list(struct raceway_task *task, uint16_t byte);
/* What an operation on the disk ended with; `write` says which. */
void raceway_task_io_failed(struct raceway_task *task, int result, bool write);

/* Steps. */

/* Data-in of `bytes`: room of at least as much is in task->in. False: there is no memory, and the
 * task has ended. */
bool raceway_task_room(struct raceway_task *task, size_t bytes);
/* Zeroed memory in task->scratch; NULL: as above. */
void *raceway_task_scratch(struct raceway_task *task, size_t bytes);
/* The task is to end as aborted: its steps stop. */
bool raceway_task_dead(const struct raceway_task *task);
/* Runs task->advance() until it waits for an operation, or ends the task. Operations that end
 * within their submission follow each other at once, until it is others' turn. */
void raceway_task_advance(struct raceway_task *task);
/* An operation of the task on its own unit: advance() follows. */
void raceway_task_submit(struct raceway_task *task, enum raceway_io_kind kind, uint64_t offset,
			 uint64_t bytes, void *data);
/* ... on any unit. */
void raceway_task_submit_to(struct raceway_task *task, const struct raceway_lu *lu,
			    enum raceway_io_kind kind, uint64_t offset, uint64_t bytes, void *data);
/* A write, past the cache if `fua`, or if the unit has none. */
void raceway_task_submit_write(struct raceway_task *task, uint64_t offset, uint64_t bytes,
			       void *data, bool fua);

/* Blocks that a CDB names, by the group of its operation code (SBC-3 5). */
struct raceway_range {
	uint64_t lba, blocks;
};
void raceway_cdb_range(const uint8_t *cdb, struct raceway_range *ret_range);
/* False: it is past the end of the unit, and the task has ended. */
bool raceway_task_range_ok(struct raceway_task *task, const struct raceway_range *range);
/* The range of the CDB is on the unit and fits one transfer. False: the task has ended. */
bool raceway_task_transfer_ok(struct raceway_task *task, struct raceway_range *ret_range);
/* Ends with MISCOMPARE at byte `at` of data-out. */
void raceway_task_miscompare(struct raceway_task *task, uint64_t at);
/* Whether there is a difference, and where the first one is. */
bool raceway_bytes_differ(const uint8_t *a, const uint8_t *b, size_t bytes, size_t *ret_at);
/* A parameter list of `bytes` is there. False: it is not, and the task has ended. */
bool raceway_task_list_ok(struct raceway_task *task, size_t bytes);
/* How much of `bytes` of data-out is there, in whole blocks: as many are written as were announced
 * (SAM-5 5.4.3 leaves the rest to the transport). False: none, or not whole ones, and the task has
 * ended. */
bool raceway_task_out_ok(struct raceway_task *task, uint64_t bytes, uint64_t *ret_bytes);
/* How much data-in the initiator takes. */
static inline uint32_t raceway_task_takes(const struct raceway_task *task)
{
	return task->wants_in ? task->expected_bytes : 0;
}

/* Whether nobody may write through this I_T_L nexus; *ret_asc, unless NULL, says why. */
bool raceway_write_protected(const struct raceway_itl *itl, enum raceway_asc *ret_asc);
/* For a unit that this nexus does not have. */
void raceway_absent_execute(struct raceway_task *task);

#define RACEWAY_COMMAND_RUNS(X)                                                                    \
	X(test_unit_ready)                                                                         \
	X(request_sense)                                                                           \
	X(inquiry)                                                                                 \
	X(report_luns)                                                                             \
	X(read_capacity_10)                                                                        \
	X(read_capacity_16)                                                                        \
	X(read)                                                                                    \
	X(write)                                                                                   \
	X(synchronize_cache)                                                                       \
	X(mode_sense)                                                                              \
	X(mode_select)                                                                             \
	X(verify)                                                                                  \
	X(write_verify)                                                                            \
	X(compare_and_write)                                                                       \
	X(orwrite)                                                                                 \
	X(write_atomic)                                                                            \
	X(write_same)                                                                              \
	X(unmap)                                                                                   \
	X(get_lba_status)                                                                          \
	X(start_stop_unit)                                                                         \
	X(prevent_allow)                                                                           \
	X(prefetch)                                                                                \
	X(read_defect)                                                                             \
	X(report_opcodes)                                                                          \
	X(report_tmfs)                                                                             \
	X(report_port_groups)                                                                      \
	X(set_port_groups)                                                                         \
	X(reserve)                                                                                 \
	X(release)                                                                                 \
	X(persistent_reserve_in)                                                                   \
	X(persistent_reserve_out)                                                                  \
	X(extended_copy)                                                                           \
	X(receive_copy_results)                                                                    \
	X(sanitize)

#define RACEWAY_COMMAND_RUN(name) void raceway_run_##name(struct raceway_task *task);
RACEWAY_COMMAND_RUNS(RACEWAY_COMMAND_RUN)
#undef RACEWAY_COMMAND_RUN

#endif
