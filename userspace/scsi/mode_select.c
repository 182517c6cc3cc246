/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* MODE SELECT (SPC-4 6.9, 6.10): the whole list is looked at before anything changes. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/mode.h"

#define PAGE_FORMAT 0x10
#define SAVE_PAGES 0x01
#define LONG_BLOCKS 0x01

/* What is asked for; what is not named stays. */
struct wanted {
	bool write_through, descriptor_sense, write_protect;
};

/* The unit's size cannot be changed from here. */
static bool descriptor_ok(const struct raceway_lu *lu, const uint8_t *d, size_t bytes, bool large)
{
	uint64_t blocks = raceway_lu_blocks(lu), asked;
	uint32_t length;

	if (bytes == 0)
		return true;
	if (bytes != (large ? 16 : 8))
		return false;
	if (large) {
		asked = raceway_get64(d);
		length = raceway_get32(d + 12);
		return (!asked || asked == UINT64_MAX || asked == blocks) &&
		       length == raceway_lu_block_bytes(lu);
	}
	asked = raceway_get32(d);
	length = raceway_get24(d + 5);
	return (!asked || asked == UINT32_MAX || asked == blocks) &&
	       length == raceway_lu_block_bytes(lu);
}

static void want(struct wanted *wanted, const uint8_t *page, uint8_t code)
{
	if (code == RACEWAY_MODE_CACHING)
		wanted->write_through = !(page[2] & RACEWAY_MODE_WCE);
	if (code != RACEWAY_MODE_CONTROL)
		return;
	wanted->descriptor_sense = page[2] & RACEWAY_MODE_D_SENSE;
	wanted->write_protect = page[4] & RACEWAY_MODE_SWP;
}

/* One page; where it differs it must be changeable. Returns the place of what is wrong, 0 if
 * nothing is: byte 0 is the header's. */
static size_t page_wrong(const struct raceway_lu *lu, const uint8_t *list, size_t at, size_t end,
			 struct wanted *wanted, size_t *ret_next)
{
	const struct raceway_mode_page *page = raceway_mode_find(list[at] & 0x7f);
	uint8_t now[RACEWAY_MODE_PAGE_MAX];

	if (!page)
		return at;
	if (at + 2 > end || list[at + 1] != page->bytes - 2)
		return at + 1;
	if (at + page->bytes > end)
		return at + 1;
	raceway_mode_put(page, lu, 0, now);
	for (size_t i = 2; i < page->bytes; i++) {
		uint8_t may = i < RACEWAY_MODE_CHANGEABLE ? page->changeable[i] : 0;

		if ((list[at + i] ^ now[i]) & ~may)
			return at + i;
	}
	want(wanted, list + at, page->code);
	*ret_next = at + page->bytes;
	return 0;
}

static bool flushed(struct raceway_task *task)
{
	if (task->io.result)
		raceway_task_io_failed(task, task->io.result, true);
	else
		raceway_task_good(task);
	return false;
}

static void apply(struct raceway_task *task, const struct wanted *wanted, const struct wanted *now)
{
	struct raceway_lu *lu = task->lu;

	if (memcmp(wanted, now, sizeof(*now)) != 0)
		raceway_attention_raise(lu, RACEWAY_ATTENTION_MODE_CHANGED, task->itl);
	atomic_store(&lu->write_through, wanted->write_through);
	atomic_store(&lu->descriptor_sense, wanted->descriptor_sense);
	if (wanted->write_protect)
		atomic_fetch_or(&lu->restricted, RACEWAY_RESTRICT_WRITE_PROTECT);
	else
		atomic_fetch_and(&lu->restricted, ~(uint32_t)RACEWAY_RESTRICT_WRITE_PROTECT);
	if (wanted->write_through && !now->write_through) {
		/* Without a cache nothing may be left in it. */
		task->advance = flushed;
		raceway_task_submit(task, RACEWAY_IO_FLUSH, 0, 0, NULL);
		return;
	}
	raceway_task_good(task);
}

static void select_pages(struct raceway_task *task, const uint8_t *list, size_t at, size_t end)
{
	struct raceway_lu *lu = task->lu;
	struct wanted now = { .write_through = atomic_load(&lu->write_through),
			      .descriptor_sense = atomic_load(&lu->descriptor_sense),
			      .write_protect = atomic_load(&lu->restricted) &
					       RACEWAY_RESTRICT_WRITE_PROTECT };
	struct wanted wanted = now;

	while (at < end) {
		size_t wrong = page_wrong(lu, list, at, end, &wanted, &at);

		if (wrong >= end) {
			raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
					  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
			return;
		}
		if (wrong) {
			raceway_task_bad_list(task, (uint16_t)wrong);
			return;
		}
	}
	apply(task, &wanted, &now);
}

void raceway_run_mode_select(struct raceway_task *task)
{
	bool ten = task->command->bytes == 10, large;
	size_t bytes = ten ? raceway_get16(task->cdb + 7) : task->cdb[4];
	size_t header = ten ? 8 : 4, descriptor;
	const uint8_t *list = task->out;

	if (!(task->cdb[1] & PAGE_FORMAT) || (task->cdb[1] & SAVE_PAGES)) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	if (!bytes) {
		raceway_task_good(task);
		return;
	}
	if (!raceway_task_list_ok(task, bytes))
		return;
	if (bytes < header) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return;
	}
	large = ten && (list[4] & LONG_BLOCKS);
	descriptor = ten ? raceway_get16(list + 6) : list[3];
	if (descriptor > bytes - header) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_PARAMETER_LIST_LENGTH);
		return;
	}
	if (!descriptor_ok(task->lu, list + header, descriptor, large)) {
		raceway_task_bad_list(task, (uint16_t)header);
		return;
	}
	select_pages(task, list, header + descriptor, bytes);
}
