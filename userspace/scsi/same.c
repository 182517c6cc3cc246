/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* WRITE SAME (SBC-3 5.47, 5.49): one block over a range, which for zeroes the disk does better
 * than we. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"

#define ANCHOR 0x10
#define UNMAP 0x08
#define NO_DATA 0x01 /* NDOB: zeroes, and nothing is sent */
#define PIECE_BYTES (1U << 20)

enum step {
	BEGIN,
	PIECE_WRITTEN,
	WHOLE_DONE,
};

struct same {
	uint64_t at, end, piece;
	uint8_t data[];
};

static bool step(struct raceway_task *task)
{
	struct same *same = task->scratch;

	if (task->step != BEGIN && task->io.result) {
		raceway_task_io_failed(task, task->io.result, true);
		return false;
	}
	if (task->step == WHOLE_DONE) {
		raceway_task_good(task);
		return false;
	}
	if (task->step == PIECE_WRITTEN)
		same->at += same->piece;
	if (same->at == same->end || raceway_task_dead(task)) {
		raceway_task_good(task);
		return false;
	}
	task->step = PIECE_WRITTEN;
	same->piece = same->end - same->at < PIECE_BYTES ? same->end - same->at : PIECE_BYTES;
	raceway_task_submit_write(task, same->at, same->piece, same->data, false);
	return true;
}

static void write_pieces(struct raceway_task *task, uint64_t from, uint64_t bytes)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	size_t room = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
	struct same *same = raceway_task_scratch(task, sizeof(*same) + room);

	if (!same)
		return;
	same->at = from;
	same->end = from + bytes;
	for (size_t i = 0; i < room; i += block)
		memcpy(same->data + i, task->out, block);
	task->step = BEGIN;
	task->advance = step;
	raceway_task_advance(task);
}

static bool zeroes(const uint8_t *data, size_t bytes)
{
	return !data[0] && memcmp(data, data + 1, bytes - 1) == 0;
}

/* The flags of the CDB, and the one block of data. False: the task has ended. */
static bool flags_ok(struct raceway_task *task, bool no_data)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);

	/* Nothing is anchored here; and what is not thin gives nothing back. */
	if ((task->cdb[1] & ANCHOR) || ((task->cdb[1] & UNMAP) && !task->lu->options.disk->thin)) {
		raceway_task_bad_cdb(task, 1);
		return false;
	}
	task->transfer_bytes = !no_data && task->wants_out ? block : 0;
	if (task->out_bytes != (no_data ? 0 : block)) {
		raceway_task_bad_cdb(task, 1);
		return false;
	}
	return true;
}

void raceway_run_write_same(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	bool no_data = task->command->bytes == 16 && (task->cdb[1] & NO_DATA);
	struct raceway_range range;
	uint64_t bytes;

	raceway_cdb_range(task->cdb, &range);
	if (!raceway_task_range_ok(task, &range) || !flags_ok(task, no_data))
		return;
	if (!range.blocks) /* to the end: WSNZ is zero */
		range.blocks = raceway_lu_blocks(task->lu) - range.lba;
	if (range.blocks > RACEWAY_SAME_MAX) {
		raceway_task_bad_cdb(task, task->command->bytes == 16 ? 10 : 7);
		return;
	}
	bytes = range.blocks * block;
	if (!no_data && !(task->cdb[1] & UNMAP) && !zeroes(task->out, block)) {
		write_pieces(task, range.lba * block, bytes);
		return;
	}
	/* With UNMAP the data is not looked at: space is to be given back, and then reads as
	 * zeroes. Other targets do so too, and initiators rely on it. */
	task->step = WHOLE_DONE;
	task->advance = step;
	raceway_task_submit(task, task->cdb[1] & UNMAP ? RACEWAY_IO_UNMAP : RACEWAY_IO_ZERO,
			    range.lba * block, bytes, NULL);
}
