/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* WRITE ATOMIC (SBC-4 5.50): alone on the unit, so that nobody reads half of it, and kept on stable
 * storage until it is done, so that a loss of power does not leave half of it either: who opens the
 * unit next does it again. */
#include <stdlib.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/journal.h"
#include "scsi/vpd.h"

#define FUA 0x08
#define AGAIN_NS 1000000000ULL

/* In the task's scratch. */
struct atomic {
	struct raceway_keep_write write;
	struct raceway_timer again;
	struct raceway_task *task;
	void *state;
	uint64_t offset, bytes;
	int result;
};

static void end(struct raceway_task *task, int result)
{
	if (result)
		raceway_task_io_failed(task, result, true);
	else
		raceway_task_good(task);
}

static void forget(struct atomic *a);

static void forget_again(struct raceway_timer *timer)
{
	forget((struct atomic *)((char *)timer - offsetof(struct atomic, again)));
}

/* While it is kept nothing else may be written, or it would be undone at the next start. */
static void forgotten(struct raceway_keep_write *write)
{
	struct atomic *a = write->context;
	struct raceway_worker *worker = a->task->worker;

	if (write->result &&
	    !raceway_timer_set(worker, &a->again, raceway_worker_now(worker) + AGAIN_NS))
		return;
	end(a->task, a->result);
}

static void forget(struct atomic *a)
{
	const struct raceway_lu_keep *journal = a->task->lu->options.journal;

	a->write = (struct raceway_keep_write){ .done = forgotten, .context = a };
	a->again.expired = forget_again;
	journal->save(journal->context, a->task->worker, &a->write);
}

/* Also where it failed: what was answered so is not done later. */
static bool written(struct raceway_task *task)
{
	struct atomic *a = task->scratch;

	if (!a) {
		end(task, task->io.result);
		return false;
	}
	a->result = task->io.result;
	forget(a);
	return false;
}

static void kept(struct raceway_keep_write *write)
{
	struct atomic *a = write->context;
	struct raceway_task *task = a->task;

	free(a->state);
	if (write->result)
		raceway_task_io_failed(task, write->result, true);
	else
		raceway_task_submit_write(task, a->offset, a->bytes, task->out, true);
}

static void keep(struct raceway_task *task, uint64_t offset, uint64_t bytes)
{
	const struct raceway_lu_keep *journal = task->lu->options.journal;
	struct atomic *a = raceway_task_scratch(task, sizeof(*a));

	if (!a)
		return;
	a->task = task;
	a->offset = offset;
	a->bytes = bytes;
	a->write = (struct raceway_keep_write){ .done = kept, .context = a };
	a->state = raceway_journal_pack(offset, task->out, bytes, &a->write.bytes);
	if (!a->state) {
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	}
	a->write.state = a->state;
	journal->save(journal->context, task->worker, &a->write);
}

void raceway_run_write_atomic(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	struct raceway_range range = { .lba = raceway_get64(task->cdb + 2),
				       .blocks = raceway_get16(task->cdb + 12) };
	uint64_t bytes = range.blocks * block;

	if (!raceway_task_range_ok(task, &range))
		return;
	if (raceway_get16(task->cdb + 10)) { /* no boundaries: the transfer is one piece */
		raceway_task_bad_cdb(task, 10);
		return;
	}
	if (bytes > RACEWAY_ATOMIC_MAX) {
		raceway_task_bad_cdb(task, 12);
		return;
	}
	if (!raceway_task_out_ok(task, bytes, &bytes))
		return;
	task->advance = written;
	if (task->lu->options.journal)
		keep(task, range.lba * block, bytes);
	else
		raceway_task_submit_write(task, range.lba * block, bytes, task->out,
					  task->cdb[1] & FUA);
}
