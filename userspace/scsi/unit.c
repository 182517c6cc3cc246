/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Small commands about a unit: TEST UNIT READY, REQUEST SENSE, REPORT LUNS, READ CAPACITY. */
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/sanitize.h"
#include "util/cleanup.h"

#define LUN_BYTES 8
#define LUNS_HEADER 8
#define FLAT_SPACE 0x4000 /* SAM-5 4.7.7.3 */
#define CAPACITY_10_BYTES 8
#define CAPACITY_16_BYTES 32
#define LBPME 0x80 /* logical block provisioning is managed */
#define LBPRZ 0x40 /* what is unmapped reads as zeroes */

void raceway_run_test_unit_ready(struct raceway_task *task)
{
	raceway_task_good(task);
}

/* Reports what is pending as parameter data, and takes it away (SPC-4 6.39). */
void raceway_run_request_sense(struct raceway_task *task)
{
	struct raceway_sense sense = { 0 };
	uint8_t data[RACEWAY_SENSE_MAX];
	size_t bytes;

	if (!task->itl) {
		sense.key = RACEWAY_KEY_ILLEGAL_REQUEST;
		sense.asc = RACEWAY_ASC_UNIT_NOT_SUPPORTED;
	} else if (raceway_attention_take(task->itl, &sense.asc)) {
		sense.key = RACEWAY_KEY_UNIT_ATTENTION;
	} else {
		raceway_sanitize_sense(task->lu, &sense);
	}
	bytes = raceway_sense_build(&sense, task->cdb[1] & 1, data);
	raceway_task_reply(task, data, bytes, task->cdb[4]);
}

/* Which units there are for this nexus (SPC-4 6.33). We have no well known units to report. */
void raceway_run_report_luns(struct raceway_task *task)
{
	const struct raceway_nexus *nexus = task->nexus;
	uint8_t select = task->cdb[2];
	uint32_t allocation = raceway_get32(task->cdb + 6);
	size_t count = select == 1 ? 0 : nexus->count;
	RACEWAY_FREE uint8_t *data = NULL;

	if (select > 2) {
		raceway_task_bad_cdb(task, 2);
		return;
	}
	data = calloc(1, LUNS_HEADER + count * LUN_BYTES);
	if (!data) {
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	}
	raceway_put32(data, (uint32_t)(count * LUN_BYTES));
	for (size_t i = 0; i < count; i++) {
		uint16_t number = nexus->itls[i]->lun.number;

		raceway_put16(data + LUNS_HEADER + i * LUN_BYTES,
			      number > 0xff ? FLAT_SPACE | number : number);
	}
	for (size_t i = 0; i < nexus->count; i++) /* it is known now */
		atomic_fetch_and(&nexus->itls[i]->attentions,
				 ~(1U << RACEWAY_ATTENTION_LUNS_CHANGED));
	raceway_task_reply(task, data, LUNS_HEADER + count * LUN_BYTES, allocation);
}

void raceway_run_read_capacity_10(struct raceway_task *task)
{
	uint64_t last = raceway_lu_blocks(task->lu) - 1;
	uint8_t data[CAPACITY_10_BYTES];

	/* An address asks for something only with PMI (SBC-2 5.10). */
	if (!(task->cdb[8] & 1) && raceway_get32(task->cdb + 2)) {
		raceway_task_bad_cdb(task, 2);
		return;
	}
	raceway_put32(data, last > UINT32_MAX ? UINT32_MAX : (uint32_t)last);
	raceway_put32(data + 4, raceway_lu_block_bytes(task->lu));
	raceway_task_reply(task, data, sizeof(data), sizeof(data));
}

void raceway_run_read_capacity_16(struct raceway_task *task)
{
	const struct raceway_disk *disk = task->lu->options.disk;
	uint32_t per_physical = disk->physical_bytes / disk->block_bytes;
	uint8_t data[CAPACITY_16_BYTES] = { 0 };

	if (!(task->cdb[14] & 1) && raceway_get64(task->cdb + 2)) {
		raceway_task_bad_cdb(task, 2);
		return;
	}
	raceway_put64(data, raceway_lu_blocks(task->lu) - 1);
	raceway_put32(data + 8, disk->block_bytes);
	if (per_physical > 1)
		data[13] = (uint8_t)__builtin_ctz(per_physical);
	if (disk->thin)
		data[14] = LBPME | LBPRZ;
	raceway_task_reply(task, data, sizeof(data), raceway_get32(task->cdb + 10));
}

void raceway_absent_execute(struct raceway_task *task)
{
	switch (task->cdb[0]) {
	case RACEWAY_OP_INQUIRY:
		raceway_run_inquiry(task);
		return;
	case RACEWAY_OP_REQUEST_SENSE:
		raceway_run_request_sense(task);
		return;
	case RACEWAY_OP_REPORT_LUNS:
		raceway_run_report_luns(task);
		return;
	default:
		raceway_task_fail(task, RACEWAY_KEY_ILLEGAL_REQUEST,
				  RACEWAY_ASC_UNIT_NOT_SUPPORTED);
	}
}
