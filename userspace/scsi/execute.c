/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The way of a command: into the task set, past unit attentions, the table's checks, reservations
 * and the gate, to the function that runs it. */
#include "scsi/task.h"

#include "scsi/command.h"
#include "scsi/sanitize.h"

static void link_task(struct raceway_task *task)
{
	struct raceway_nexus *nexus = task->nexus;

	task->next = nexus->tasks;
	if (task->next)
		task->next->link = &task->next;
	task->link = &nexus->tasks;
	nexus->tasks = task;
	nexus->depth++;
	task->order = ++nexus->order;
}

/* A task may come to us again and again; nothing of its last life is left. */
static void prepare(struct raceway_task *task)
{
	task->status = RACEWAY_SCSI_GOOD;
	task->sense_bytes = 0;
	task->transfer_bytes = 0;
	task->in = NULL;
	task->in_bytes = 0;
	task->aborted = false;
	task->lu = NULL;
	task->itl = NULL;
	task->command = NULL;
	task->advance = NULL;
	task->advancing = false;
	task->cancel = NULL;
	task->gate = NULL;
	task->step = 0;
	task->scratch = NULL;
}

static void passed_done(struct raceway_task *task)
{
	task->done = task->passed;
	raceway_task_status(task, task->status);
}

/* The map lets nobody change the unit. */
static bool map_refuses(const struct raceway_task *task)
{
	return task->itl->lun.read_only &&
	       (task->command->flags & (RACEWAY_COMMAND_WRITES | RACEWAY_COMMAND_CHANGES));
}

/* To the device server of an array. What we do not know may write, so it does not go there for a
 * map that is read-only. */
static void pass(struct raceway_task *task)
{
	struct raceway_disk *disk = task->lu->options.disk;

	if (task->itl->lun.read_only && !task->command) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_OPCODE);
		return;
	}
	if (task->command && map_refuses(task)) {
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
		return;
	}
	task->passed = task->done;
	task->done = passed_done;
	disk->ops->pass(disk, task->worker, task);
}

static void refuse_reserved(struct raceway_task *task, uint16_t byte, int8_t bit)
{
	raceway_task_sense(task, &(struct raceway_sense){ .key = RACEWAY_KEY_ILLEGAL_REQUEST,
							  .asc = RACEWAY_ASC_INVALID_FIELD_IN_CDB,
							  .specific = RACEWAY_SPECIFIC_CDB_FIELD,
							  .field = byte,
							  .bit = bit });
}

/* The checks that concern the CDB alone. False: the task has ended. */
static bool cdb_ok(struct raceway_task *task, bool other)
{
	const struct raceway_command *command = task->command;
	uint16_t byte;
	int8_t bit;

	if (!command && other) {
		raceway_task_bad_cdb(task, 1);
		return false;
	}
	if (!command || !raceway_command_served(command, task->lu)) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_OPCODE);
		return false;
	}
	if (task->cdb_bytes < command->bytes) {
		raceway_task_bad_cdb(task, task->cdb_bytes);
		return false;
	}
	if (raceway_command_reserved(command, task->cdb, &byte, &bit)) {
		refuse_reserved(task, byte, bit);
		return false;
	}
	return true;
}

bool raceway_write_protected(const struct raceway_itl *itl, enum raceway_asc *ret_asc)
{
	bool soft = atomic_load(&itl->lu->restricted) & RACEWAY_RESTRICT_WRITE_PROTECT;
	bool hard = itl->lun.read_only || itl->lu->options.disk->read_only;

	if (ret_asc && (hard || soft))
		*ret_asc =
			hard ? RACEWAY_ASC_WRITE_PROTECTED : RACEWAY_ASC_SOFTWARE_WRITE_PROTECTED;
	return hard || soft;
}

/* A sanitize operation that runs, or has failed, lets few commands through; one that has failed
 * may be tried again (SBC-3 4.11.2). False: the task has ended. */
static bool sanitize_ok(struct raceway_task *task)
{
	uint32_t sanitizing = atomic_load(&task->lu->restricted) &
			      (RACEWAY_RESTRICT_SANITIZING | RACEWAY_RESTRICT_SANITIZE_FAILED);
	struct raceway_sense sense;

	if (!sanitizing || (task->command->flags & RACEWAY_COMMAND_SANITIZING))
		return true;
	if (sanitizing == RACEWAY_RESTRICT_SANITIZE_FAILED &&
	    task->command->opcode == RACEWAY_OP_SANITIZE)
		return true;
	if (!raceway_sanitize_sense(task->lu, &sense))
		return true; /* it has just ended */
	raceway_task_sense(task, &sense);
	return false;
}

/* What the state of the unit forbids. False: the task has ended. */
static bool state_ok(struct raceway_task *task)
{
	const struct raceway_command *command = task->command;
	enum raceway_asc asc;

	if (atomic_load(&task->itl->refused) & command->need) {
		raceway_task_status(task, RACEWAY_SCSI_RESERVATION_CONFLICT);
		return false;
	}
	if (map_refuses(task)) {
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
		return false;
	}
	if ((command->flags & RACEWAY_COMMAND_WRITES) && raceway_write_protected(task->itl, &asc)) {
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT, asc);
		return false;
	}
	return sanitize_ok(task);
}

/* What forbids it is looked at behind the gate: who changes that runs alone, and afterwards nobody
 * goes on by what was before. */
static void run(struct raceway_task *task)
{
	if (raceway_task_dead(task))
		raceway_task_good(task); /* it is not answered */
	else if (state_ok(task))
		task->command->run(task);
}

/* On a unit that is there. */
static void execute(struct raceway_task *task)
{
	enum raceway_asc asc;
	bool other = false, alone;

	task->command = raceway_command_of(task->cdb, &other);
	if (!(task->command && (task->command->flags & RACEWAY_COMMAND_QUIET)) &&
	    raceway_attention_take(task->itl, &asc)) {
		raceway_task_fail(task, RACEWAY_KEY_UNIT_ATTENTION, asc);
		return;
	}
	if (task->lu->options.disk->ops->pass &&
	    !(task->command && (task->command->flags & RACEWAY_COMMAND_LOCAL))) {
		pass(task);
		return;
	}
	if (!cdb_ok(task, other))
		return;
	if (!(task->command->flags & RACEWAY_COMMAND_GATED)) {
		run(task);
		return;
	}
	/* All nexuses share one task set (TST 0): an ordered task comes after all before it, and
	 * before all after it. */
	alone = (task->command->flags & RACEWAY_COMMAND_ALONE) ||
		task->attribute == RACEWAY_TASK_ORDERED;
	if (raceway_gate_enter(task, task->itl, alone, run))
		run(task);
}

/* Into the task set. */
static void join(struct raceway_task *task)
{
	prepare(task);
	link_task(task);
	task->itl = raceway_itl_find(task->nexus, task->lun);
	if (!task->itl)
		return;
	raceway_itl_hold(task->itl);
	task->lu = task->itl->lu;
	task->reset_seen = atomic_load(&task->itl->resets);
}

void raceway_scsi_hold(struct raceway_task *task, void (*cancel)(struct raceway_task *task))
{
	join(task);
	task->cancel = cancel;
	task->held = true;
}

void raceway_scsi_execute(struct raceway_task *task)
{
	if (task->held) {
		task->held = false;
		task->cancel = NULL;
	} else {
		join(task);
	}
	if (raceway_task_dead(task))
		raceway_task_good(task); /* it is not answered */
	else if (!task->itl)
		raceway_absent_execute(task);
	else
		execute(task);
}
