/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* RECEIVE COPY RESULTS (SPC-4 6.22): how copies went, and what copies may be like. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/copy.h"

#define STATUS_BYTES 12
#define PARAMETERS_BYTES 46
#define FAILED_BYTES 60
#define STATUS_RUNNING 0
#define STATUS_DONE 1
#define STATUS_FAILED 2
#define UNITS_KIB 1

struct raceway_copy_result *raceway_copy_result_find(struct raceway_itl *itl, uint8_t list)
{
	for (size_t i = 0; itl->copies && i < RACEWAY_COPY_RESULTS; i++)
		if (itl->copies[i].used && itl->copies[i].list == list)
			return &itl->copies[i];
	return NULL;
}

static void report_status(struct raceway_task *task, const struct raceway_copy_result *result,
			  uint32_t allocation)
{
	uint8_t data[STATUS_BYTES] = { 0 };

	raceway_put32(data, STATUS_BYTES - 4);
	data[4] = result->running ? STATUS_RUNNING : result->failed ? STATUS_FAILED : STATUS_DONE;
	raceway_put16(data + 5, result->segments);
	data[7] = UNITS_KIB;
	raceway_put32(data + 8, (uint32_t)(result->bytes >> 10));
	raceway_task_reply(task, data, sizeof(data), allocation);
}

/* Of a copy that failed; without one there are no details (SPC-4 6.22.4). */
static void report_failed(struct raceway_task *task, struct raceway_copy_result *result,
			  uint32_t allocation)
{
	uint8_t data[FAILED_BYTES + RACEWAY_SENSE_MAX] = { 0 };
	size_t bytes = FAILED_BYTES + result->sense_bytes;

	if (!result->failed || result->running) {
		raceway_task_reply(task, data, 4, allocation);
		return;
	}
	raceway_put32(data, (uint32_t)(bytes - 4));
	data[56] = RACEWAY_SCSI_CHECK_CONDITION;
	raceway_put16(data + 58, result->sense_bytes);
	memcpy(data + FAILED_BYTES, result->sense, result->sense_bytes);
	result->used = false; /* told once */
	raceway_task_reply(task, data, bytes, allocation);
}

static void report_parameters(struct raceway_task *task, uint32_t allocation)
{
	uint8_t data[PARAMETERS_BYTES] = { 0 };

	raceway_put32(data, PARAMETERS_BYTES - 4);
	data[4] = 1; /* SNLID: a copy needs no list identifier */
	raceway_put16(data + 8, RACEWAY_COPY_TARGETS_MAX);
	raceway_put16(data + 10, RACEWAY_COPY_SEGMENTS_MAX);
	raceway_put32(data + 12, RACEWAY_COPY_LIST_MAX);
	raceway_put32(data + 16, RACEWAY_COPY_SEGMENT_MAX * raceway_lu_block_bytes(task->lu));
	raceway_put16(data + 34, RACEWAY_COPIES_PER_NEXUS);
	data[36] = RACEWAY_COPIES_PER_NEXUS;
	data[37] = (uint8_t)__builtin_ctz(raceway_lu_block_bytes(task->lu));
	data[43] = 2; /* implemented descriptors */
	data[44] = RACEWAY_COPY_BLOCK_TO_BLOCK;
	data[45] = RACEWAY_COPY_TARGET_IDENTIFICATION;
	raceway_task_reply(task, data, sizeof(data), allocation);
}

void raceway_run_receive_copy_results(struct raceway_task *task)
{
	struct raceway_copy_result *result = raceway_copy_result_find(task->itl, task->cdb[2]);
	uint32_t allocation = raceway_get32(task->cdb + 10);
	uint8_t action = task->cdb[1] & 0x1f;

	if (action == RACEWAY_SA_COPY_PARAMETERS)
		report_parameters(task, allocation);
	else if (!result)
		raceway_task_bad_cdb(task, 2);
	else if (action == RACEWAY_SA_COPY_STATUS)
		report_status(task, result, allocation);
	else
		report_failed(task, result, allocation);
}
