/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SCSI commands: from the PDU to the device server, and their answers (RFC 7143 11.3, 11.4). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"
#include "scsi/sense.h"

#define CDB_IN_BHS 16
/* RFC 7143 11.4.7.2: incorrect amount of data. */
#define ASC_WRONG_DATA 0x0c0d

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Not for the device server, for this reason; its data is received all the same. */
static void refuse(struct raceway_request *request, enum raceway_sense_key key,
		   enum raceway_asc asc)
{
	request->refused_key = (uint8_t)key;
	request->refused_asc = (uint16_t)asc;
}

void raceway_command_spoil(struct raceway_request *request)
{
	refuse(request, RACEWAY_KEY_ABORTED_COMMAND, (enum raceway_asc)ASC_WRONG_DATA);
}

static void fill_task(struct raceway_request *request, const struct raceway_ahs *ahs)
{
	static const enum raceway_task_attribute attributes[] = {
		RACEWAY_TASK_UNTAGGED, RACEWAY_TASK_SIMPLE, RACEWAY_TASK_ORDERED,
		RACEWAY_TASK_HEAD,     RACEWAY_TASK_ACA,
	};
	const struct raceway_bhs *bhs = &request->bhs;
	struct raceway_task *task = &request->task;
	uint64_t lun;

	memcpy(&lun, bhs->lun, sizeof(lun));
	task->nexus = request->conn->session->nexus;
	task->worker = request->conn->worker;
	task->lun = be64toh(lun);
	task->tag = be32toh(bhs->itt);
	memcpy(task->cdb, bhs->command.cdb, CDB_IN_BHS);
	if (ahs->cdb)
		memcpy(task->cdb + CDB_IN_BHS, ahs->cdb, ahs->cdb_bytes);
	task->cdb_bytes = (uint8_t)(CDB_IN_BHS + ahs->cdb_bytes);
	task->attribute = attributes[bhs->flags & RACEWAY_PDU_ATTRIBUTE];
	task->wants_in = bhs->flags & RACEWAY_PDU_READ;
	task->wants_out = bhs->flags & RACEWAY_PDU_WRITE;
	task->expected_bytes = be32toh(bhs->command.expected_bytes);
}

enum raceway_reject raceway_command_begin(struct raceway_request *request,
					  const struct raceway_ahs *ahs)
{
	const struct raceway_bhs *bhs = &request->bhs;
	const uint32_t *params = request->conn->session->params.value;
	uint32_t immediate = raceway_bhs_data_bytes(bhs), early, room;

	if (!raceway_command_valid(bhs))
		return RACEWAY_REJECT_INVALID_FIELD;
	if (raceway_request_find(request->conn->session, bhs->itt))
		return RACEWAY_REJECT_TASK_IN_PROGRESS;
	request->unsolicited = !(bhs->flags & RACEWAY_PDU_FINAL);
	if ((immediate > 0 && !params[RACEWAY_PARAM_IMMEDIATE_DATA]) ||
	    immediate > params[RACEWAY_PARAM_FIRST_BURST] ||
	    (request->unsolicited && params[RACEWAY_PARAM_INITIAL_R2T]))
		return RACEWAY_REJECT_PROTOCOL;
	fill_task(request, ahs);
	if (ahs->bidirectional || (request->task.wants_in && request->task.wants_out))
		refuse(request, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	if (!request->task.wants_out)
		return 0;
	/* A command that takes more is refused by the device server without it. */
	room = least(request->task.expected_bytes, RACEWAY_TRANSFER_MAX);
	early = request->unsolicited ? least(room, params[RACEWAY_PARAM_FIRST_BURST]) : immediate;
	request->room = room;
	request->have = immediate;
	if (early > 0 && raceway_memory_take(request, room, early))
		return RACEWAY_REJECT_RESOURCES;
	return 0;
}

void raceway_command_residual(const struct raceway_request *request, uint8_t *ret_flags,
			      uint32_t *ret_residual)
{
	const struct raceway_task *task = &request->task;
	uint64_t moved = task->transfer_bytes, expected = task->expected_bytes;

	/* What was to be read and is not, for an error. */
	if (task->wants_in && task->status != RACEWAY_SCSI_GOOD &&
	    task->status != RACEWAY_SCSI_CONDITION_MET)
		moved = task->in_bytes;
	*ret_flags = moved > expected	? RACEWAY_RESIDUAL_OVERFLOW
		     : moved < expected ? RACEWAY_RESIDUAL_UNDERFLOW
					: 0;
	*ret_residual = (uint32_t)(moved > expected ? moved - expected : expected - moved);
}

/* The sense data as data segment, its length before it. */
static int add_sense(struct raceway_request *request)
{
	const struct raceway_task *task = &request->task;
	uint8_t *segment;

	if (task->sense_bytes == 0)
		return 0;
	segment = malloc(2U + task->sense_bytes);
	if (!segment)
		return -ENOMEM;
	segment[0] = 0;
	segment[1] = task->sense_bytes;
	memcpy(segment + 2, task->sense, task->sense_bytes);
	request->answer.data = segment;
	request->answer.data_bytes = 2U + task->sense_bytes;
	return 0;
}

/* Data that was written is not needed any more, and others may wait for its memory. */
static void answer(struct raceway_request *request)
{
	struct raceway_out *out = &request->answer;
	uint32_t residual;
	uint8_t flags;

	if (add_sense(request)) {
		raceway_conn_drop(request->conn);
		raceway_request_free(request);
		return;
	}
	raceway_command_residual(request, &flags, &residual);
	out->bhs.opcode = RACEWAY_OP_SCSI_RESPONSE;
	out->bhs.flags = RACEWAY_PDU_FINAL | flags;
	out->bhs.byte3 = (uint8_t)request->task.status;
	out->bhs.itt = request->bhs.itt;
	out->bhs.response.count = htobe32(residual);
	out->takes_statsn = true;
	out->request = request;
	request->state = RACEWAY_REQUEST_ANSWERED;
	request->datasn = 0;
	raceway_send(request->conn, out);
	if (request->task.wants_out)
		raceway_memory_give_back(request);
}

static void done(struct raceway_task *task)
{
	struct raceway_request *request = task->context;
	struct raceway_iscsi_conn *conn = request->conn;

	if (task->aborted || conn->dropped || conn->phase == RACEWAY_PHASE_CLOSING) {
		request->state = RACEWAY_REQUEST_ANSWERED;
		raceway_request_free(request);
	} else {
		answer(request);
	}
	raceway_conn_put(conn);
}

void raceway_command_submit(struct raceway_request *request)
{
	const struct raceway_iscsi_ops *ops = request->conn->iscsi->ops;
	struct raceway_task *task = &request->task;

	task->out = request->data;
	task->out_bytes = request->have;
	task->done = done;
	task->context = request;
	request->state = RACEWAY_REQUEST_RUNNING;
	raceway_conn_hold(request->conn);
	ops->submit(ops->context, task);
}

static void answer_refused(struct raceway_request *request)
{
	struct raceway_task *task = &request->task;
	struct raceway_sense sense = {
		.key = (enum raceway_sense_key)request->refused_key,
		.asc = (enum raceway_asc)request->refused_asc,
	};

	task->sense_bytes = (uint8_t)raceway_sense_build(&sense, false, task->sense);
	task->status = RACEWAY_SCSI_CHECK_CONDITION;
	raceway_turn_leave(request);
	answer(request);
}

void raceway_command_start(struct raceway_request *request)
{
	struct raceway_task *task = &request->task;
	uint32_t bytes = 0;

	request->state = RACEWAY_REQUEST_DATA;
	raceway_turn_wait(request);
	if (request->unsolicited || request->r2t_count > 0)
		return;
	if (request->refused_key) {
		answer_refused(request);
		return;
	}
	if (task->wants_out)
		bytes = request->room - request->have;
	else if (task->wants_in)
		bytes = least(task->expected_bytes, RACEWAY_TRANSFER_MAX);
	raceway_memory_ask(request, bytes);
}

void raceway_command_go_on(struct raceway_request *request)
{
	if (!request->task.wants_out || request->have == request->room) {
		raceway_turn_ready(request);
		return;
	}
	request->state = RACEWAY_REQUEST_DATA;
	if (!request->data && raceway_memory_take(request, request->room, 0)) {
		raceway_conn_drop(request->conn);
		return;
	}
	request->asked = request->have;
	raceway_data_ask(request);
}
