/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* MODE SENSE (SPC-4 6.11, 6.12): error recovery, caching, control and informational exceptions. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/mode.h"

#define ALL_PAGES 0x3f
#define ALL_SUBPAGES 0xff
#define DBD 0x08
#define LLBAA 0x10
#define CONTROL_CURRENT 0
#define CONTROL_CHANGEABLE 1
#define CONTROL_SAVED 3
#define WRITE_PROTECTED 0x80
#define DPO_FUA 0x10
#define LONG_BLOCKS 0x01

#define UNRESTRICTED 0x10 /* control, byte 3: any order of simple tasks */

static bool in_effect(const struct raceway_lu *lu, uint32_t restriction)
{
	return atomic_load(&lu->restricted) & restriction;
}

static void fill_recovery(const struct raceway_lu *lu, bool current, uint8_t *page)
{
	(void)lu;
	(void)current;
	page[2] = 0x80; /* AWRE: the storage below cares for itself */
}

static void fill_caching(const struct raceway_lu *lu, bool current, uint8_t *page)
{
	bool cached = current ? !atomic_load(&lu->write_through) : lu->options.disk->write_cache;

	page[2] = cached ? RACEWAY_MODE_WCE : 0;
}

static void fill_control(const struct raceway_lu *lu, bool current, uint8_t *page)
{
	if (current && atomic_load(&lu->descriptor_sense))
		page[2] = RACEWAY_MODE_D_SENSE;
	page[3] = UNRESTRICTED;
	if (current && in_effect(lu, RACEWAY_RESTRICT_WRITE_PROTECT))
		page[4] = RACEWAY_MODE_SWP;
	raceway_put16(page + 8, 0xffff); /* BUSY may last without limit */
}

static void fill_exceptions(const struct raceway_lu *lu, bool current, uint8_t *page)
{
	(void)lu;
	(void)current;
	page[2] = 0x08; /* DEXCPT: none are reported */
}

static const struct raceway_mode_page pages[] = {
	{ 0x01, 12, { 0 }, fill_recovery },
	{ RACEWAY_MODE_CACHING, 20, { [2] = RACEWAY_MODE_WCE }, fill_caching },
	{ RACEWAY_MODE_CONTROL,
	  12,
	  { [2] = RACEWAY_MODE_D_SENSE, [4] = RACEWAY_MODE_SWP },
	  fill_control },
	{ 0x1c, 12, { 0 }, fill_exceptions },
};
#define PAGES (sizeof(pages) / sizeof(pages[0]))

const struct raceway_mode_page *raceway_mode_find(unsigned int code)
{
	for (size_t i = 0; i < PAGES; i++)
		if (pages[i].code == code)
			return &pages[i];
	return NULL;
}

size_t raceway_mode_put(const struct raceway_mode_page *page, const struct raceway_lu *lu,
			unsigned int control, uint8_t *to)
{
	memset(to, 0, page->bytes);
	if (control == CONTROL_CHANGEABLE)
		memcpy(to, page->changeable, sizeof(page->changeable));
	else
		page->fill(lu, control == CONTROL_CURRENT, to);
	to[0] = page->code;
	to[1] = (uint8_t)(page->bytes - 2);
	return page->bytes;
}

void raceway_mode_reset(struct raceway_lu *lu)
{
	atomic_store(&lu->write_through, !lu->options.disk->write_cache);
	atomic_store(&lu->descriptor_sense, false);
	atomic_fetch_and(&lu->restricted, ~(uint32_t)RACEWAY_RESTRICT_WRITE_PROTECT);
}

/* Block descriptor of SBC-3 6.4.2, short or long; returns its length. */
static size_t put_descriptor(const struct raceway_lu *lu, bool large, uint8_t *to)
{
	uint64_t blocks = raceway_lu_blocks(lu);

	if (large) {
		memset(to, 0, 16);
		raceway_put64(to, blocks);
		raceway_put32(to + 12, raceway_lu_block_bytes(lu));
		return 16;
	}
	raceway_put32(to, blocks > UINT32_MAX ? UINT32_MAX : (uint32_t)blocks);
	raceway_put32(to + 4, raceway_lu_block_bytes(lu));
	return 8;
}

static size_t put_header(struct raceway_task *task, uint8_t *to)
{
	bool ten = task->command->bytes == 10, large = ten && (task->cdb[1] & LLBAA);
	size_t header = ten ? 8 : 4, descriptor = 0;
	uint8_t *specific = to + (ten ? 3 : 2);

	memset(to, 0, header);
	if (task->itl->lun.read_only || task->lu->options.disk->read_only ||
	    in_effect(task->lu, RACEWAY_RESTRICT_WRITE_PROTECT))
		*specific |= WRITE_PROTECTED;
	*specific |= DPO_FUA;
	if (!(task->cdb[1] & DBD))
		descriptor = put_descriptor(task->lu, large, to + header);
	if (ten) {
		to[4] = large ? LONG_BLOCKS : 0;
		raceway_put16(to + 6, (uint16_t)descriptor);
	} else {
		to[3] = (uint8_t)descriptor;
	}
	return header + descriptor;
}

void raceway_run_mode_sense(struct raceway_task *task)
{
	unsigned int control = task->cdb[2] >> 6, code = task->cdb[2] & 0x3f;
	bool ten = task->command->bytes == 10, found = code == ALL_PAGES;
	uint8_t data[RACEWAY_MODE_MAX];
	size_t bytes;

	if (control == CONTROL_SAVED) {
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_SAVING_NOT_SUPPORTED);
		return;
	}
	if (task->cdb[3] && task->cdb[3] != ALL_SUBPAGES) {
		raceway_task_bad_cdb(task, 3);
		return;
	}
	bytes = put_header(task, data);
	for (size_t i = 0; i < PAGES; i++) {
		if (code != ALL_PAGES && code != pages[i].code)
			continue;
		found = true;
		bytes += raceway_mode_put(&pages[i], task->lu, control, data + bytes);
	}
	if (!found) {
		raceway_task_bad_cdb(task, 2);
		return;
	}
	if (ten)
		raceway_put16(data, (uint16_t)(bytes - 2));
	else
		data[0] = (uint8_t)(bytes - 1);
	raceway_task_reply(task, data, bytes, ten ? raceway_get16(task->cdb + 7) : task->cdb[4]);
}
