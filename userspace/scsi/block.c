/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* READ, WRITE and SYNCHRONIZE CACHE: one operation of the disk each. */
#include "scsi/bytes.h"
#include "scsi/command.h"

#define FUA 0x08

void raceway_cdb_range(const uint8_t *cdb, struct raceway_range *ret_range)
{
	switch (cdb[0] >> 5) {
	case 0: /* six bytes: 0 is 256 blocks */
		ret_range->lba = raceway_get24(cdb + 1) & 0x1fffff;
		ret_range->blocks = cdb[4] ? cdb[4] : 256;
		return;
	case 4:
		ret_range->lba = raceway_get64(cdb + 2);
		ret_range->blocks = raceway_get32(cdb + 10);
		return;
	case 5:
		ret_range->lba = raceway_get32(cdb + 2);
		ret_range->blocks = raceway_get32(cdb + 6);
		return;
	default:
		ret_range->lba = raceway_get32(cdb + 2);
		ret_range->blocks = raceway_get16(cdb + 7);
	}
}

bool raceway_task_range_ok(struct raceway_task *task, const struct raceway_range *range)
{
	uint64_t blocks = raceway_lu_blocks(task->lu);

	if (range->lba < blocks && range->blocks <= blocks - range->lba)
		return true;
	raceway_task_sense(task, &(struct raceway_sense){ .key = RACEWAY_KEY_ILLEGAL_REQUEST,
							  .asc = RACEWAY_ASC_LBA_OUT_OF_RANGE,
							  .has_information = true,
							  .information = range->lba < blocks
										 ? blocks
										 : range->lba });
	return false;
}

bool raceway_task_transfer_ok(struct raceway_task *task, struct raceway_range *ret_range)
{
	raceway_cdb_range(task->cdb, ret_range);
	if (!raceway_task_range_ok(task, ret_range))
		return false;
	if (ret_range->blocks > RACEWAY_TRANSFER_MAX / raceway_lu_block_bytes(task->lu)) {
		raceway_task_bad_cdb(task,
				     task->command->bytes == 10 ? 7 : task->command->bytes - 6);
		return false;
	}
	return true;
}

static void read_done(struct raceway_io *io)
{
	struct raceway_task *task = io->context;

	if (io->result)
		raceway_task_io_failed(task, io->result, false);
	else
		raceway_task_good(task);
}

void raceway_run_read(struct raceway_task *task)
{
	struct raceway_disk *disk = task->lu->options.disk;
	uint32_t block = disk->block_bytes, taken;
	struct raceway_range range;
	uint64_t bytes;

	if (!raceway_task_transfer_ok(task, &range))
		return;
	bytes = range.blocks * block;
	task->transfer_bytes = task->wants_in ? bytes : 0;
	taken = raceway_task_takes(task) < bytes ? raceway_task_takes(task) : (uint32_t)bytes;
	if (!taken) {
		raceway_task_good(task);
		return;
	}
	bytes = (taken + block - 1ULL) / block * block; /* whole blocks from the disk */
	if (!raceway_task_room(task, bytes))
		return;
	task->in_bytes = taken;
	task->io = (struct raceway_io){ .kind = RACEWAY_IO_READ,
					.offset = range.lba * block,
					.bytes = bytes,
					.data = task->in,
					.done = read_done,
					.context = task };
	raceway_worker_spend(task->worker, bytes);
	disk->ops->submit(disk, task->worker, &task->io);
}

static void write_done(struct raceway_io *io)
{
	struct raceway_task *task = io->context;

	if (io->result)
		raceway_task_io_failed(task, io->result, true);
	else
		raceway_task_good(task);
}

void raceway_run_write(struct raceway_task *task)
{
	struct raceway_disk *disk = task->lu->options.disk;
	uint32_t block = disk->block_bytes;
	bool fua = atomic_load(&task->lu->write_through) ||
		   (task->command->bytes > 6 && (task->cdb[1] & FUA));
	struct raceway_range range;
	uint64_t bytes;

	if (!raceway_task_transfer_ok(task, &range) ||
	    !raceway_task_out_ok(task, range.blocks * block, &bytes))
		return;
	task->io = (struct raceway_io){ .kind = RACEWAY_IO_WRITE,
					.fua = fua,
					.offset = range.lba * block,
					.bytes = bytes,
					.data = task->out,
					.done = write_done,
					.context = task };
	raceway_worker_spend(task->worker, bytes);
	disk->ops->submit(disk, task->worker, &task->io);
}

bool raceway_task_out_ok(struct raceway_task *task, uint64_t bytes, uint64_t *ret_bytes)
{
	uint64_t given = task->out_bytes < bytes ? task->out_bytes : bytes;

	task->transfer_bytes = task->wants_out ? bytes : 0;
	if (!given) {
		raceway_task_good(task);
		return false;
	}
	if (given % raceway_lu_block_bytes(task->lu)) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_INVALID_FIELD_IN_UNIT);
		return false;
	}
	*ret_bytes = given;
	return true;
}

/* The whole disk, whatever the range: a flush of a part has no meaning below us. */
void raceway_run_synchronize_cache(struct raceway_task *task)
{
	struct raceway_disk *disk = task->lu->options.disk;
	struct raceway_range range;

	raceway_cdb_range(task->cdb, &range);
	if (!raceway_task_range_ok(task, &range))
		return;
	task->io = (struct raceway_io){ .kind = RACEWAY_IO_FLUSH,
					.done = write_done,
					.context = task };
	disk->ops->submit(disk, task->worker, &task->io);
}
