/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Data that an initiator sends after the command: unasked, or asked for by R2T (RFC 7143 11.7,
 * 11.8). All of it comes in order. If not, the command fails once all data that was announced or
 * asked for has come (RFC 7143 11.4.7.2): there is no recovery within a command at
 * ErrorRecoveryLevel 0. */
#include <string.h>

#include "iscsi/conn.h"

/* What this PDU may fill at most; false: it fills what it must not, or comes out of turn. */
static bool may_fill(const struct raceway_request *request, const struct raceway_bhs *bhs)
{
	const uint32_t *params = request->conn->session->params.value;
	uint32_t bytes = raceway_bhs_data_bytes(bhs), end;
	bool final = bhs->flags & RACEWAY_PDU_FINAL;

	if (be32toh(bhs->data_out.datasn) != request->datasn ||
	    be32toh(bhs->data_out.offset) != request->have)
		return false;
	if (bhs->data_out.ttt == htobe32(RACEWAY_TAG_NONE)) {
		end = params[RACEWAY_PARAM_FIRST_BURST];
		if (end > request->room)
			end = request->room;
		return request->unsolicited && bytes <= end - request->have;
	}
	if (request->r2t_count == 0 || be32toh(bhs->data_out.ttt) != request->r2t[0].ttt ||
	    memcmp(bhs->lun, request->bhs.lun, sizeof(bhs->lun)))
		return false;
	end = request->r2t[0].end;
	/* The last PDU of a sequence says so, and no other. */
	return bytes <= end - request->have && final == (bytes == end - request->have);
}

void raceway_data_out_begin(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs)
{
	struct raceway_request *request = raceway_request_find(conn->session, bhs->itt);

	/* Of a command that was not taken, or that was aborted meanwhile. */
	if (!request)
		return;
	if (!request->unsolicited && request->r2t_count == 0) {
		raceway_send_reject(conn, bhs, RACEWAY_REJECT_PROTOCOL);
		return;
	}
	conn->receive.request = request;
	if (!request->refused_key && !may_fill(request, bhs))
		raceway_command_spoil(request);
	if (!request->refused_key && raceway_bhs_data_bytes(bhs) > 0)
		conn->receive.sink = request->data + request->have;
}

void raceway_data_out_arrived(struct raceway_request *request, const struct raceway_bhs *bhs)
{
	if (!request->refused_key)
		request->have += raceway_bhs_data_bytes(bhs);
	request->datasn++;
	if (!(bhs->flags & RACEWAY_PDU_FINAL))
		return;
	request->datasn = 0;
	if (request->unsolicited) {
		request->unsolicited = false;
	} else {
		request->r2t_count--;
		memmove(&request->r2t[0], &request->r2t[1],
			request->r2t_count * sizeof(request->r2t[0]));
	}
	if (request->state == RACEWAY_REQUEST_HELD)
		return;
	if (request->refused_key || request->asked == 0)
		raceway_command_start(request);
	else if (request->have == request->room)
		raceway_command_go_on(request);
	else
		raceway_data_ask(request);
}

static bool ask(struct raceway_request *request, uint32_t bytes)
{
	struct raceway_iscsi_conn *conn = request->conn;
	struct raceway_iscsi_session *session = conn->session;
	struct raceway_out *out = raceway_out_new(conn, RACEWAY_OP_R2T, request->bhs.itt);
	struct raceway_r2t *r2t = &request->r2t[request->r2t_count];

	if (!out)
		return false;
	if (++session->last_ttt == RACEWAY_TAG_NONE)
		session->last_ttt = 1;
	memcpy(out->bhs.lun, request->bhs.lun, sizeof(out->bhs.lun));
	out->bhs.response.tag = htobe32(session->last_ttt);
	out->bhs.response.datasn = htobe32(request->r2tsn++);
	out->bhs.response.offset = htobe32(request->asked);
	out->bhs.response.count = htobe32(bytes);
	out->takes_statsn = false;
	r2t->ttt = session->last_ttt;
	request->asked += bytes;
	r2t->end = request->asked;
	request->r2t_count++;
	raceway_send(conn, out);
	return true;
}

void raceway_data_ask(struct raceway_request *request)
{
	const uint32_t *params = request->conn->session->params.value;
	uint32_t most = params[RACEWAY_PARAM_MAX_R2T], bytes;

	if (most > RACEWAY_MAX_R2T)
		most = RACEWAY_MAX_R2T;
	while (request->r2t_count < most && request->asked < request->room) {
		bytes = request->room - request->asked;
		if (bytes > params[RACEWAY_PARAM_MAX_BURST])
			bytes = params[RACEWAY_PARAM_MAX_BURST];
		if (!ask(request, bytes))
			return;
	}
}
