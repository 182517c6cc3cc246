/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* UNMAP and GET LBA STATUS (SBC-3 5.28, 5.4): space given back, and what has space. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/vpd.h"

#define UNMAP_HEADER 8
#define UNMAP_DESCRIPTOR 16
#define STATUS_HEADER 8
#define STATUS_DESCRIPTOR 16
#define STATUS_MAX 256	 /* descriptors */
#define EXTENTS_MAX 4096 /* looked at for one command */
#define ANCHOR 0x01
#define DEALLOCATED 1

static bool unmap_step(struct raceway_task *task)
{
	uint32_t block = raceway_lu_block_bytes(task->lu), count = *(uint32_t *)task->scratch;
	const uint8_t *d;

	if (task->io.result) {
		raceway_task_io_failed(task, task->io.result, true);
		return false;
	}
	/* Descriptors of no blocks are none. */
	while (task->step < count &&
	       !raceway_get32(task->out + UNMAP_HEADER + task->step * UNMAP_DESCRIPTOR + 8))
		task->step++;
	if (task->step == count || raceway_task_dead(task)) {
		raceway_task_good(task);
		return false;
	}
	d = task->out + UNMAP_HEADER + task->step++ * UNMAP_DESCRIPTOR;
	raceway_task_submit(task, RACEWAY_IO_UNMAP, raceway_get64(d) * block,
			    (uint64_t)raceway_get32(d + 8) * block, NULL);
	return true;
}

/* All descriptors are right before the first is done. False: the task has ended. */
static bool descriptors_ok(struct raceway_task *task, size_t bytes, uint32_t *ret_count)
{
	uint32_t count;

	if (bytes < UNMAP_HEADER || raceway_get16(task->out + 2) > bytes - UNMAP_HEADER) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return false;
	}
	count = raceway_get16(task->out + 2) / UNMAP_DESCRIPTOR;
	if (count > RACEWAY_UNMAP_DESCRIPTORS_MAX) {
		raceway_task_bad_list(task, 2);
		return false;
	}
	for (uint32_t i = 0; i < count; i++) {
		const uint8_t *d = task->out + UNMAP_HEADER + i * UNMAP_DESCRIPTOR;
		struct raceway_range range = { raceway_get64(d), raceway_get32(d + 8) };

		/* Nothing at the end is nothing, but it is no farther (SBC-3 5.28.2). */
		if (!range.blocks && range.lba == raceway_lu_blocks(task->lu))
			continue;
		if (!raceway_task_range_ok(task, &range))
			return false;
	}
	*ret_count = count;
	return true;
}

void raceway_run_unmap(struct raceway_task *task)
{
	size_t bytes = raceway_get16(task->cdb + 7);
	uint32_t count, *kept;

	if (task->cdb[1] & ANCHOR) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	if (!bytes) {
		raceway_task_good(task);
		return;
	}
	if (!raceway_task_list_ok(task, bytes) || !descriptors_ok(task, bytes, &count))
		return;
	kept = raceway_task_scratch(task, sizeof(*kept));
	if (!kept)
		return;
	*kept = count;
	task->io.result = 0;
	task->advance = unmap_step;
	raceway_task_advance(task);
}

/* One run of blocks that are alike, from `lba` on; how far it goes. */
static int run_of(const struct raceway_lu *lu, uint64_t lba, unsigned int *extents,
		  uint64_t *ret_blocks, bool *ret_mapped)
{
	struct raceway_disk *disk = lu->options.disk;
	uint64_t left = raceway_lu_blocks(lu) - lba, blocks = 0, bytes;
	bool mapped = true, first = true, next;

	if (!disk->ops->extent || !disk->thin) {
		*ret_blocks = left;
		*ret_mapped = true;
		return 0;
	}
	while (blocks < left && (first || *extents)) {
		int r = disk->ops->extent(disk, (lba + blocks) * disk->block_bytes, &bytes, &next);

		if (r)
			return r;
		if (*extents)
			--*extents;
		if (!first && next != mapped)
			break;
		first = false;
		mapped = next;
		blocks += bytes < disk->block_bytes ? 1 : bytes / disk->block_bytes;
	}
	*ret_blocks = blocks < left ? blocks : left;
	*ret_mapped = mapped;
	return 0;
}

/* Space comes and goes by physical blocks. Within one the answer begins at the next, whose state is
 * one; the public conformance suite wants it so (GetLBAStatus.UnmapSingle), where SBC-4 5.6.2.3
 * would have it begin at the block that was asked for. */
static uint64_t first_of(const struct raceway_lu *lu, uint64_t lba)
{
	const struct raceway_disk *disk = lu->options.disk;
	uint64_t whole = disk->physical_bytes / disk->block_bytes;
	uint64_t next = whole > 1 ? (lba + whole - 1) / whole * whole : lba;

	return next < raceway_lu_blocks(lu) ? next : lba;
}

void raceway_run_get_lba_status(struct raceway_task *task)
{
	uint32_t allocation = raceway_get32(task->cdb + 10);
	uint64_t lba = raceway_get64(task->cdb + 2), end = raceway_lu_blocks(task->lu);
	size_t room = allocation < STATUS_HEADER + 2 * STATUS_DESCRIPTOR
			      ? 1
			      : (allocation - STATUS_HEADER) / STATUS_DESCRIPTOR;
	uint8_t data[STATUS_HEADER + STATUS_MAX * STATUS_DESCRIPTOR] = { 0 },
						  *d = data + STATUS_HEADER;
	struct raceway_range range = { .lba = lba };
	unsigned int extents = EXTENTS_MAX;

	if (!raceway_task_range_ok(task, &range))
		return;
	lba = first_of(task->lu, lba);
	room = room < STATUS_MAX ? room : STATUS_MAX;
	for (size_t i = 0; i < room && lba < end && extents; i++, d += STATUS_DESCRIPTOR) {
		uint64_t blocks;
		bool mapped;
		int r = run_of(task->lu, lba, &extents, &blocks, &mapped);

		if (r) {
			raceway_task_io_failed(task, r, false);
			return;
		}
		blocks = blocks < UINT32_MAX ? blocks : UINT32_MAX;
		raceway_put64(d, lba);
		raceway_put32(d + 8, (uint32_t)blocks);
		d[12] = mapped ? 0 : DEALLOCATED;
		lba += blocks;
	}
	raceway_put32(data, (uint32_t)(d - data - 4));
	raceway_task_reply(task, data, (size_t)(d - data), allocation);
}
