/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Requests begin in the order of their CmdSN (RFC 7143 4.2.2.1). What is out of the window is
 * not answered; what comes before its turn is kept, which happens where a request before it was
 * rejected and the initiator has still to fill the gap. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"

static struct raceway_request **bucket(struct raceway_iscsi_session *session, __be32 itt)
{
	return &session->buckets[be32toh(itt) % RACEWAY_ITT_BUCKETS];
}

struct raceway_request *raceway_request_find(struct raceway_iscsi_session *session, __be32 itt)
{
	struct raceway_request *request = *bucket(session, itt);

	while (request && request->bhs.itt != itt)
		request = request->next;
	return request;
}

static uint32_t cmdsn_of(const struct raceway_request *request)
{
	return be32toh(request->bhs.request.cmdsn);
}

void raceway_order_window(struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_session *session = conn->session;
	uint32_t depth = conn->iscsi->limits.queue_depth, commands, max;

	if (!session)
		return;
	commands = depth > session->running ? depth - session->running : 0;
	if (commands > raceway_memory_commands(conn))
		commands = raceway_memory_commands(conn);
	if (commands == 0 && session->running == 0)
		commands = 1;
	max = conn->exp_cmdsn + commands - 1;
	if (raceway_serial_before(conn->max_cmdsn, max))
		conn->max_cmdsn = max;
}

static bool is_held(const struct raceway_iscsi_session *session, uint32_t cmdsn)
{
	const struct raceway_request *request = session->held;

	while (request && cmdsn_of(request) != cmdsn)
		request = request->after;
	return request;
}

bool raceway_order_missing(const struct raceway_iscsi_conn *conn, uint32_t cmdsn)
{
	return !raceway_serial_before(cmdsn, conn->exp_cmdsn) &&
	       !raceway_serial_before(conn->max_cmdsn, cmdsn) && !is_held(conn->session, cmdsn);
}

static struct raceway_request *request_new(struct raceway_iscsi_conn *conn,
					   const struct raceway_bhs *bhs)
{
	struct raceway_request *request = conn->iscsi->free_requests;

	if (request)
		conn->iscsi->free_requests = request->next;
	else
		request = malloc(sizeof(*request));
	if (!request) {
		raceway_conn_drop(conn);
		return NULL;
	}
	memset(request, 0, sizeof(*request));
	request->conn = conn;
	request->bhs = *bhs;
	return request;
}

/* 0, or why a request with this header is never taken. */
static enum raceway_reject check(const struct raceway_iscsi_conn *conn,
				 const struct raceway_bhs *bhs)
{
	switch (raceway_bhs_opcode(bhs)) {
	case RACEWAY_OP_NOP_OUT:
	case RACEWAY_OP_TEXT:
		break;
	case RACEWAY_OP_SCSI_COMMAND:
		if (!conn->session->nexus)
			return RACEWAY_REJECT_PROTOCOL;
		break;
	case RACEWAY_OP_TASK_MANAGEMENT:
		if (!conn->session->nexus)
			return RACEWAY_REJECT_PROTOCOL;
		/* fall through */
	case RACEWAY_OP_LOGOUT:
		if (raceway_bhs_data_bytes(bhs) > 0)
			return RACEWAY_REJECT_INVALID_FIELD;
		break;
	case RACEWAY_OP_SNACK:
		return RACEWAY_REJECT_SNACK;
	case RACEWAY_OP_LOGIN:
		return RACEWAY_REJECT_PROTOCOL;
	default:
		return RACEWAY_REJECT_UNSUPPORTED;
	}
	/* Only a NOP-Out may have no tag, and then it asks for no answer. */
	if (bhs->itt == htobe32(RACEWAY_TAG_NONE) &&
	    (raceway_bhs_opcode(bhs) != RACEWAY_OP_NOP_OUT || !raceway_bhs_immediate(bhs)))
		return RACEWAY_REJECT_INVALID_FIELD;
	if (raceway_bhs_immediate(bhs) && conn->session->immediates >= RACEWAY_IMMEDIATE_MAX)
		return RACEWAY_REJECT_IMMEDIATE;
	return 0;
}

static bool takes_cmdsn(const struct raceway_bhs *bhs)
{
	uint8_t opcode = raceway_bhs_opcode(bhs);

	return !raceway_bhs_immediate(bhs) && opcode <= RACEWAY_OP_LOGOUT &&
	       opcode != RACEWAY_OP_LOGIN;
}

struct raceway_request *raceway_request_begin(struct raceway_iscsi_conn *conn,
					      const struct raceway_bhs *bhs,
					      const struct raceway_ahs *ahs)
{
	enum raceway_reject reason = check(conn, bhs);
	uint32_t bytes = raceway_bhs_data_bytes(bhs);
	struct raceway_request *request;

	if (takes_cmdsn(bhs) && !raceway_order_missing(conn, be32toh(bhs->request.cmdsn)))
		return NULL;
	if (!reason && !ahs)
		reason = RACEWAY_REJECT_INVALID_FIELD;
	if (reason) {
		raceway_send_reject(conn, bhs, reason);
		return NULL;
	}
	request = request_new(conn, bhs);
	if (!request)
		return NULL;
	request->immediate = raceway_bhs_immediate(bhs);
	if (request->immediate) {
		conn->session->immediates++;
		request->begun = true;
	}
	if (raceway_bhs_opcode(bhs) == RACEWAY_OP_SCSI_COMMAND) {
		reason = raceway_command_begin(request, ahs);
		if (!reason) {
			struct raceway_request **first = bucket(conn->session, bhs->itt);

			request->next = *first;
			*first = request;
			request->known = true;
			return request;
		}
		raceway_send_reject(conn, bhs, reason);
	} else if (bytes == 0 || !raceway_memory_take(request, bytes, bytes)) {
		return request;
	} else {
		raceway_conn_drop(conn);
	}
	raceway_request_free(request);
	return NULL;
}

static void run(struct raceway_request *request)
{
	if (!request->begun) {
		request->conn->session->running++;
		request->begun = true;
	}
	request->state = RACEWAY_REQUEST_RUNNING;
	if (request->plug) {
		raceway_request_free(request);
		return;
	}
	switch (raceway_bhs_opcode(&request->bhs)) {
	case RACEWAY_OP_SCSI_COMMAND:
		raceway_command_start(request);
		return;
	case RACEWAY_OP_TASK_MANAGEMENT:
		raceway_function_run(request);
		return;
	case RACEWAY_OP_TEXT:
		raceway_text_run(request);
		return;
	case RACEWAY_OP_LOGOUT:
		raceway_logout_run(request);
		return;
	default:
		raceway_nop_run(request);
	}
}

/* Those whose turn has come. */
static void run_held(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi_session *session = conn->session;

	while (session->held && cmdsn_of(session->held) == conn->exp_cmdsn && !conn->dropped &&
	       conn->phase == RACEWAY_PHASE_FULL) {
		struct raceway_request *request = session->held;

		session->held = request->after;
		conn->exp_cmdsn++;
		run(request);
	}
}

static void keep(struct raceway_request *request)
{
	struct raceway_request **link = &request->conn->session->held;

	while (*link && raceway_serial_before(cmdsn_of(*link), cmdsn_of(request)))
		link = &(*link)->after;
	request->after = *link;
	*link = request;
	request->state = RACEWAY_REQUEST_HELD;
}

void raceway_request_arrived(struct raceway_request *request)
{
	struct raceway_iscsi_conn *conn = request->conn;

	if (request->immediate) {
		run(request);
	} else if (cmdsn_of(request) == conn->exp_cmdsn) {
		conn->exp_cmdsn++;
		run(request);
		run_held(conn);
	} else {
		keep(request);
	}
}

void raceway_order_plug(struct raceway_iscsi_conn *conn, uint32_t cmdsn)
{
	struct raceway_request *request;

	if (conn->dropped || !raceway_order_missing(conn, cmdsn))
		return;
	request = request_new(conn, &(struct raceway_bhs){ .request.cmdsn = htobe32(cmdsn) });
	if (!request)
		return;
	request->plug = true;
	raceway_request_arrived(request);
}

void raceway_request_answered(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;

	if (request->known) {
		struct raceway_request **link = bucket(session, request->bhs.itt);

		while (*link != request)
			link = &(*link)->next;
		*link = request->next;
		request->known = false;
	}
	if (request->begun && request->immediate)
		session->immediates--;
	else if (request->begun)
		session->running--;
	request->begun = false;
}

static void leave_held(struct raceway_request *request)
{
	struct raceway_request **link = &request->conn->session->held;

	while (*link != request)
		link = &(*link)->after;
	*link = request->after;
}

/* An initiator that found the window closed, and gets no answer any more that tells it is open
 * again, would wait for ever. */
static void reopen(struct raceway_iscsi_conn *conn)
{
	bool closed = raceway_serial_before(conn->max_cmdsn, conn->exp_cmdsn);

	if (!closed || conn->session->running > 0 || conn->phase != RACEWAY_PHASE_FULL ||
	    conn->dropped)
		return;
	raceway_order_window(conn);
	if (!raceway_serial_before(conn->max_cmdsn, conn->exp_cmdsn))
		raceway_nop_send(conn, false);
}

void raceway_request_free(struct raceway_request *request)
{
	struct raceway_iscsi_conn *conn = request->conn;

	if (request->state == RACEWAY_REQUEST_HELD)
		leave_held(request);
	raceway_request_answered(request);
	if (raceway_bhs_opcode(&request->bhs) == RACEWAY_OP_SCSI_COMMAND) {
		raceway_turn_leave(request);
		raceway_task_release(&request->task);
		free(request->answer.data);
	}
	raceway_memory_give_back(request);
	request->next = conn->iscsi->free_requests;
	conn->iscsi->free_requests = request;
	reopen(conn);
}
