/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands that read, decide and write as one: COMPARE AND WRITE, ORWRITE (SBC-3 5.2, 5.14). The
 * gate keeps all others out of the unit meanwhile. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"

#define FUA 0x08

enum step {
	READ_OLD,
	WRITTEN,
};

static bool fua(const struct raceway_task *task)
{
	return task->cdb[1] & FUA;
}

/* An operation has failed, or was the last: the task has ended. */
static bool over(struct raceway_task *task)
{
	if (task->io.result)
		raceway_task_io_failed(task, task->io.result, task->step == WRITTEN);
	else if (task->step == WRITTEN || raceway_task_dead(task))
		raceway_task_good(task);
	else
		return false;
	return true;
}

static bool compare_step(struct raceway_task *task)
{
	uint64_t bytes = task->io.bytes;
	size_t at;

	if (over(task))
		return false;
	if (raceway_bytes_differ(task->scratch, task->out, bytes, &at)) {
		raceway_task_miscompare(task, at);
		return false;
	}
	task->step = WRITTEN;
	raceway_task_submit_write(task, task->io.offset, bytes, task->out + bytes, fua(task));
	return true;
}

void raceway_run_compare_and_write(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	struct raceway_range range = { .lba = raceway_get64(task->cdb + 2),
				       .blocks = task->cdb[13] };
	uint64_t bytes = range.blocks * block;

	if (!raceway_task_range_ok(task, &range))
		return;
	task->transfer_bytes = task->wants_out ? 2 * bytes : 0;
	if (task->out_bytes != 2 * bytes) {
		raceway_task_bad_cdb(task, 13);
		return;
	}
	if (!bytes) {
		raceway_task_good(task);
		return;
	}
	if (!raceway_task_scratch(task, bytes))
		return;
	task->step = READ_OLD;
	task->advance = compare_step;
	raceway_task_submit(task, RACEWAY_IO_READ, range.lba * block, bytes, task->scratch);
}

static bool or_step(struct raceway_task *task)
{
	uint8_t *data = task->scratch;

	if (over(task))
		return false;
	for (uint64_t i = 0; i < task->io.bytes; i++)
		data[i] |= task->out[i];
	task->step = WRITTEN;
	raceway_task_submit_write(task, task->io.offset, task->io.bytes, data, fua(task));
	return true;
}

void raceway_run_orwrite(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	struct raceway_range range;
	uint64_t bytes;

	if (!raceway_task_transfer_ok(task, &range) ||
	    !raceway_task_out_ok(task, range.blocks * block, &bytes) ||
	    !raceway_task_scratch(task, bytes))
		return;
	task->step = READ_OLD;
	task->advance = or_step;
	raceway_task_submit(task, RACEWAY_IO_READ, range.lba * block, bytes, task->scratch);
}
