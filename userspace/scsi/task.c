/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How commands answer, and how those of several operations go from one to the next. */
#include "scsi/task.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/command.h"

static void finish(struct raceway_task *task)
{
	struct raceway_nexus *nexus = task->nexus;
	struct raceway_itl *itl = task->itl;

	if (raceway_task_dead(task))
		task->aborted = true;
	raceway_gate_leave(task);
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	nexus->depth--;
	nexus->busy++;
	task->done(task);
	if (itl)
		raceway_itl_put(itl);
	if (nexus->requests)
		raceway_manage_settle(nexus);
	nexus->busy--;
	raceway_nexus_settle(nexus);
}

bool raceway_task_dead(const struct raceway_task *task)
{
	return task->aborted || (task->itl && atomic_load(&task->itl->resets) != task->reset_seen);
}

void raceway_task_release(struct raceway_task *task)
{
	free(task->in);
	free(task->scratch);
	task->in = NULL;
	task->scratch = NULL;
}

void raceway_task_status(struct raceway_task *task, enum raceway_scsi_status status)
{
	task->status = status;
	if (status != RACEWAY_SCSI_GOOD && status != RACEWAY_SCSI_CONDITION_MET)
		task->in_bytes = 0;
	finish(task);
}

void raceway_task_good(struct raceway_task *task)
{
	raceway_task_status(task, RACEWAY_SCSI_GOOD);
}

void raceway_task_reply(struct raceway_task *task, const void *data, size_t bytes,
			size_t allocation)
{
	size_t sent = bytes < allocation ? bytes : allocation;

	task->transfer_bytes = task->wants_in ? sent : 0;
	if (sent > raceway_task_takes(task))
		sent = raceway_task_takes(task);
	if (sent) {
		if (!raceway_task_room(task, sent))
			return;
		memcpy(task->in, data, sent);
		task->in_bytes = (uint32_t)sent;
	}
	raceway_task_good(task);
}

void raceway_task_sense(struct raceway_task *task, const struct raceway_sense *sense)
{
	bool descriptor = task->lu && atomic_load(&task->lu->descriptor_sense);

	task->sense_bytes = (uint8_t)raceway_sense_build(sense, descriptor, task->sense);
	raceway_task_status(task, RACEWAY_SCSI_CHECK_CONDITION);
}

void raceway_task_fail(struct raceway_task *task, enum raceway_sense_key key, enum raceway_asc asc)
{
	raceway_task_sense(task, &(struct raceway_sense){ .key = key, .asc = asc });
}

void raceway_task_bad_cdb(struct raceway_task *task, uint16_t byte)
{
	raceway_task_sense(task, &(struct raceway_sense){ .key = RACEWAY_KEY_ILLEGAL_REQUEST,
							  .asc = RACEWAY_ASC_INVALID_FIELD_IN_CDB,
							  .specific = RACEWAY_SPECIFIC_CDB_FIELD,
							  .field = byte,
							  .bit = -1 });
}

void raceway_task_bad_list(struct raceway_task *task, uint16_t byte)
{
	raceway_task_sense(task, &(struct raceway_sense){ .key = RACEWAY_KEY_ILLEGAL_REQUEST,
							  .asc = RACEWAY_ASC_INVALID_FIELD_IN_LIST,
							  .specific = RACEWAY_SPECIFIC_LIST_FIELD,
							  .field = byte,
							  .bit = -1 });
}

void raceway_task_io_failed(struct raceway_task *task, int result, bool write)
{
	switch (-result) {
	case ENOSPC:
	case EDQUOT:
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT,
				  RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
		return;
	case EROFS:
	case EACCES:
	case EPERM:
		raceway_task_fail(task, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
		return;
	case EIO:
		raceway_task_fail(task, RACEWAY_KEY_MEDIUM_ERROR,
				  write ? RACEWAY_ASC_WRITE_ERROR
					: RACEWAY_ASC_UNRECOVERED_READ_ERROR);
		return;
	case ETIMEDOUT:
		raceway_task_fail(task, RACEWAY_KEY_ABORTED_COMMAND,
				  RACEWAY_ASC_UNIT_COMMUNICATION_TIMEOUT);
		return;
	case ECANCELED:
	case ENOTCONN:
	case ECONNRESET:
		raceway_task_fail(task, RACEWAY_KEY_ABORTED_COMMAND,
				  RACEWAY_ASC_UNIT_COMMUNICATION_FAILURE);
		return;
	case ENOMEM:
	case EAGAIN:
	case EBUSY:
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	default:
		raceway_task_fail(task, RACEWAY_KEY_HARDWARE_ERROR,
				  RACEWAY_ASC_INTERNAL_TARGET_FAILURE);
	}
}

bool raceway_task_list_ok(struct raceway_task *task, size_t bytes)
{
	task->transfer_bytes = task->wants_out ? bytes : 0;
	if (task->out_bytes >= bytes)
		return true;
	raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	return false;
}

bool raceway_task_room(struct raceway_task *task, size_t bytes)
{
	task->in = malloc(bytes);
	if (task->in)
		return true;
	raceway_task_status(task, RACEWAY_SCSI_BUSY);
	return false;
}

void *raceway_task_scratch(struct raceway_task *task, size_t bytes)
{
	task->scratch = calloc(1, bytes);
	if (!task->scratch)
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
	return task->scratch;
}

static void resume(struct raceway_call *call, struct raceway_worker *worker)
{
	raceway_task_advance(
		(struct raceway_task *)((char *)call - offsetof(struct raceway_task, resume)));
}

void raceway_task_advance(struct raceway_task *task)
{
	if (task->advancing) {
		task->again = true; /* the operation ended within its submission */
		return;
	}
	task->advancing = true;
	do {
		task->again = false;
		if (!task->advance(task))
			return;
	} while (task->again && !raceway_worker_is_busy(task->worker));
	task->advancing = false;
	if (!task->again)
		return;
	task->resume.run = resume;
	raceway_worker_turn(task->worker, &task->resume);
}

static void submitted_done(struct raceway_io *io)
{
	raceway_task_advance(io->context);
}

void raceway_task_submit(struct raceway_task *task, enum raceway_io_kind kind, uint64_t offset,
			 uint64_t bytes, void *data)
{
	raceway_task_submit_to(task, task->lu, kind, offset, bytes, data);
}

void raceway_task_submit_to(struct raceway_task *task, const struct raceway_lu *lu,
			    enum raceway_io_kind kind, uint64_t offset, uint64_t bytes, void *data)
{
	struct raceway_disk *disk = lu->options.disk;

	raceway_worker_spend(task->worker, bytes);
	task->io =
		(struct raceway_io){ .kind = kind,
				     .fua = (kind == RACEWAY_IO_WRITE || kind == RACEWAY_IO_ZERO) &&
					    atomic_load(&lu->write_through),
				     .offset = offset,
				     .bytes = bytes,
				     .data = data,
				     .done = submitted_done,
				     .context = task };
	disk->ops->submit(disk, task->worker, &task->io);
}

void raceway_task_submit_write(struct raceway_task *task, uint64_t offset, uint64_t bytes,
			       void *data, bool fua)
{
	struct raceway_disk *disk = task->lu->options.disk;

	raceway_worker_spend(task->worker, bytes);
	task->io = (struct raceway_io){ .kind = RACEWAY_IO_WRITE,
					.fua = fua || atomic_load(&task->lu->write_through),
					.offset = offset,
					.bytes = bytes,
					.data = data,
					.done = submitted_done,
					.context = task };
	disk->ops->submit(disk, task->worker, &task->io);
}
