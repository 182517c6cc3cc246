/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From tasks to libiscsi and back: no I/O here. */
#include "vhba/upstream_task.h"

#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/codes.h"
#include "scsi/sense.h"

#define CDB_MAX 16 /* of libiscsi */
#define CAPACITY10_BYTES 8
#define CAPACITY16_BYTES 12
#define SENSE_LENGTH_BYTES 2 /* before the sense data (RFC 7143 11.4.7) */
#define SERVICE_ACTION_MASK 0x1f

static bool add_data_in(struct raceway_task *task, struct scsi_task *scsi)
{
	task->in = malloc(task->expected_bytes);
	return task->in && !scsi_task_add_data_in_buffer(scsi, (int)task->expected_bytes, task->in);
}

struct scsi_task *raceway_upstream_request(struct raceway_task *task)
{
	size_t bytes = task->cdb_bytes < CDB_MAX ? task->cdb_bytes : CDB_MAX;
	int direction = SCSI_XFER_NONE;
	struct scsi_task *scsi;
	bool ok = true;

	if (task->expected_bytes && task->wants_in)
		direction = SCSI_XFER_READ;
	else if (task->expected_bytes && task->wants_out)
		direction = SCSI_XFER_WRITE;
	scsi = scsi_create_task((int)bytes, task->cdb, direction, (int)task->expected_bytes);
	if (!scsi)
		return NULL;
	if (direction == SCSI_XFER_READ)
		ok = add_data_in(task, scsi);
	else if (direction == SCSI_XFER_WRITE)
		ok = !scsi_task_add_data_out_buffer(scsi, (int)task->out_bytes, task->out);
	if (ok)
		return scsi;
	scsi_free_scsi_task(scsi);
	return NULL;
}

static void set_sense(struct raceway_task *task, const struct scsi_task *scsi)
{
	size_t size = scsi->datain.size > 0 ? (size_t)scsi->datain.size : 0, bytes = 0;

	if (size > SENSE_LENGTH_BYTES)
		bytes = raceway_get16(scsi->datain.data);
	if (bytes + SENSE_LENGTH_BYTES > size)
		bytes = 0;
	if (bytes > RACEWAY_SENSE_MAX)
		bytes = RACEWAY_SENSE_MAX;
	if (bytes)
		memcpy(task->sense, scsi->datain.data + SENSE_LENGTH_BYTES, bytes);
	task->sense_bytes = (uint8_t)bytes;
}

void raceway_upstream_answered(struct raceway_task *task, const struct scsi_task *scsi,
			       uint8_t status)
{
	uint64_t bytes = task->expected_bytes;

	if (scsi->residual_status == SCSI_RESIDUAL_OVERFLOW)
		bytes += scsi->residual;
	else if (scsi->residual_status == SCSI_RESIDUAL_UNDERFLOW)
		bytes -= scsi->residual <= bytes ? scsi->residual : bytes;
	task->status = (enum raceway_scsi_status)status;
	task->transfer_bytes = bytes;
	task->in_bytes = 0;
	if (status == RACEWAY_SCSI_CHECK_CONDITION)
		set_sense(task, scsi);
	else if (task->wants_in && status == RACEWAY_SCSI_GOOD)
		task->in_bytes =
			bytes < task->expected_bytes ? (uint32_t)bytes : task->expected_bytes;
}

/* Whether it does the same when it is done twice. */
static bool can_be_repeated(const struct raceway_task *task)
{
	struct raceway_cdb_cost cost;

	raceway_cdb_cost(task->cdb, task->cdb_bytes, 1, &cost);
	return (cost.read || cost.write) && task->cdb[0] != RACEWAY_OP_COMPARE_AND_WRITE;
}

void raceway_upstream_failed(struct raceway_task *task, bool sent)
{
	const struct raceway_sense sense = { .key = RACEWAY_KEY_ABORTED_COMMAND,
					     .asc = RACEWAY_ASC_UNIT_COMMUNICATION_FAILURE };

	task->in_bytes = 0;
	if (!sent || can_be_repeated(task)) {
		task->status = RACEWAY_SCSI_BUSY;
		return;
	}
	task->status = RACEWAY_SCSI_CHECK_CONDITION;
	task->sense_bytes = (uint8_t)raceway_sense_build(&sense, false, task->sense);
}

bool raceway_upstream_capacity(const struct raceway_task *task, uint64_t *ret_bytes,
			       uint32_t *ret_block_bytes)
{
	uint64_t blocks;
	uint32_t block;

	if (task->cdb[0] == RACEWAY_OP_SERVICE_ACTION_IN_16 &&
	    (task->cdb[1] & SERVICE_ACTION_MASK) == RACEWAY_SA_READ_CAPACITY_16 &&
	    task->in_bytes >= CAPACITY16_BYTES) {
		blocks = raceway_get64(task->in) + 1;
		block = raceway_get32(task->in + 8);
	} else if (task->cdb[0] == RACEWAY_OP_READ_CAPACITY_10 &&
		   task->in_bytes >= CAPACITY10_BYTES) {
		blocks = (uint64_t)raceway_get32(task->in) + 1;
		block = raceway_get32(task->in + 4);
	} else {
		return false;
	}
	if (block < 512 || block > 4096 || (block & (block - 1)) || blocks > UINT64_MAX / block)
		return false;
	*ret_bytes = blocks * block;
	*ret_block_bytes = block;
	return true;
}
