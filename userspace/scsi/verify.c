/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VERIFY, and WRITE AND VERIFY (SBC-3 5.32, 5.41): what is on the disk is read piece by piece, and
 * compared where BYTCHK asks for it. */
#include <string.h>

#include "scsi/command.h"

#define BYTES_CHECKED(cdb) ((cdb)[1] >> 1 & 3)
#define CHECK_ALL 1	/* against as much data-out */
#define CHECK_PATTERN 3 /* each block against the one block of data-out */
#define PIECE_BYTES (1U << 20)

enum step {
	BEGIN,
	WRITTEN,
	PIECE_READ,
};

struct verify {
	uint64_t from, done, bytes; /* bytes of the disk */
	uint32_t piece;
	unsigned int check;
	uint8_t data[];
};

bool raceway_bytes_differ(const uint8_t *a, const uint8_t *b, size_t bytes, size_t *ret_at)
{
	size_t at = 0;

	if (memcmp(a, b, bytes) == 0)
		return false;
	while (a[at] == b[at])
		at++;
	*ret_at = at;
	return true;
}

/* True: as it should be. Else *ret_at is the place in data-out (SBC-3 5.32). */
static bool matches(const struct raceway_task *task, const struct verify *v, uint64_t *ret_at)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	size_t at;

	if (v->check == CHECK_ALL &&
	    raceway_bytes_differ(v->data, task->out + v->done, v->piece, &at)) {
		*ret_at = v->done + at;
		return false;
	}
	for (size_t offset = 0; v->check == CHECK_PATTERN && offset < v->piece; offset += block) {
		if (raceway_bytes_differ(v->data + offset, task->out, block, &at)) {
			*ret_at = at;
			return false;
		}
	}
	return true;
}

void raceway_task_miscompare(struct raceway_task *task, uint64_t at)
{
	raceway_task_sense(task, &(struct raceway_sense){ .key = RACEWAY_KEY_MISCOMPARE,
							  .asc = RACEWAY_ASC_MISCOMPARE,
							  .has_information = true,
							  .information = at });
}

static bool step(struct raceway_task *task)
{
	struct verify *v = task->scratch;
	uint64_t wrong;

	if (task->step != BEGIN && task->io.result) {
		raceway_task_io_failed(task, task->io.result, task->step == WRITTEN);
		return false;
	}
	if (task->step == PIECE_READ) {
		if (!matches(task, v, &wrong)) {
			raceway_task_miscompare(task, wrong);
			return false;
		}
		v->done += v->piece;
	}
	if (v->done == v->bytes || raceway_task_dead(task)) {
		raceway_task_good(task);
		return false;
	}
	task->step = PIECE_READ;
	v->piece = v->bytes - v->done < PIECE_BYTES ? (uint32_t)(v->bytes - v->done) : PIECE_BYTES;
	raceway_task_submit(task, RACEWAY_IO_READ, v->from + v->done, v->piece, v->data);
	return true;
}

static struct verify *begin(struct raceway_task *task, const struct raceway_range *range,
			    uint64_t bytes)
{
	size_t room = bytes < PIECE_BYTES ? bytes : PIECE_BYTES;
	struct verify *v = raceway_task_scratch(task, sizeof(*v) + room);

	if (!v)
		return NULL;
	v->from = range->lba * raceway_lu_block_bytes(task->lu);
	v->bytes = bytes;
	v->check = BYTES_CHECKED(task->cdb);
	task->advance = step;
	return v;
}

void raceway_run_verify(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu);
	unsigned int check = BYTES_CHECKED(task->cdb);
	struct raceway_range range;
	uint64_t bytes, one;

	if (check == 2) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	if (check == CHECK_ALL
		    ? !raceway_task_transfer_ok(task, &range)
		    : (raceway_cdb_range(task->cdb, &range), !raceway_task_range_ok(task, &range)))
		return;
	bytes = range.blocks * block;
	if (!bytes) {
		raceway_task_good(task);
		return;
	}
	if (check == CHECK_ALL && !raceway_task_out_ok(task, bytes, &bytes))
		return;
	if (check == CHECK_PATTERN && !raceway_task_out_ok(task, block, &one))
		return;
	if (begin(task, &range, bytes))
		raceway_task_advance(task);
}

void raceway_run_write_verify(struct raceway_task *task)
{
	struct raceway_range range;
	uint64_t bytes;

	if (BYTES_CHECKED(task->cdb) > CHECK_ALL) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	if (!raceway_task_transfer_ok(task, &range) ||
	    !raceway_task_out_ok(task, range.blocks * raceway_lu_block_bytes(task->lu), &bytes) ||
	    !begin(task, &range, bytes))
		return;
	task->step = WRITTEN;
	raceway_task_submit_write(task, range.lba * raceway_lu_block_bytes(task->lu), bytes,
				  task->out, true);
}
