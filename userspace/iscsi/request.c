/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an initiator asks for besides commands: NOP-Out, text with SendTargets, logout. */
#include <stdio.h>
#include <string.h>

#include "iscsi/conn.h"

/* Of a text request, and of its answer: SendTargets may have much to tell. */
#define TEXT_MAX (16U << 10)
#define ANSWER_MAX (256U << 10)

static uint32_t next_ttt(struct raceway_iscsi_session *session)
{
	if (++session->last_ttt == RACEWAY_TAG_NONE)
		session->last_ttt = 1;
	return session->last_ttt;
}

void raceway_nop_send(struct raceway_iscsi_conn *conn, bool ping)
{
	struct raceway_out *out =
		raceway_out_new(conn, RACEWAY_OP_NOP_IN, htobe32(RACEWAY_TAG_NONE));

	if (!out)
		return;
	out->takes_statsn = false;
	if (ping) {
		conn->session->ping_ttt = next_ttt(conn->session);
		out->bhs.response.tag = htobe32(conn->session->ping_ttt);
	}
	raceway_send(conn, out);
}

void raceway_nop_run(struct raceway_request *request)
{
	struct raceway_iscsi_conn *conn = request->conn;
	uint32_t most = conn->session->params.value[RACEWAY_PARAM_MAX_RECV];
	struct raceway_out *out;

	if (request->bhs.itt == htobe32(RACEWAY_TAG_NONE)) {
		if (be32toh(request->bhs.request.tag) == conn->session->ping_ttt)
			conn->session->ping_ttt = 0;
		raceway_request_free(request);
		return;
	}
	if (request->bhs.request.tag != htobe32(RACEWAY_TAG_NONE)) {
		raceway_send_reject(conn, &request->bhs, RACEWAY_REJECT_INVALID_FIELD);
		raceway_request_free(request);
		return;
	}
	out = raceway_out_new(conn, RACEWAY_OP_NOP_IN, request->bhs.itt);
	if (out) {
		memcpy(out->bhs.lun, request->bhs.lun, sizeof(out->bhs.lun));
		out->data = request->data;
		out->data_bytes = request->room < most ? request->room : most;
		request->data = NULL;
	}
	raceway_request_free(request);
	if (out)
		raceway_send(conn, out);
}

struct search {
	struct raceway_text *text;
	const char *only; /* NULL: all targets */
	char last[RACEWAY_ISCSI_NAME_MAX + 1];
};

static void found(void *context, const char *target, const char *address, uint16_t group)
{
	struct search *search = context;
	char value[128];

	if (search->only && strcmp(search->only, target))
		return;
	if (strcmp(search->last, target)) {
		raceway_text_add(search->text, "TargetName", target);
		snprintf(search->last, sizeof(search->last), "%s", target);
	}
	snprintf(value, sizeof(value), "%s,%u", address, group);
	raceway_text_add(search->text, "TargetAddress", value);
}

/* RFC 7143 appendix C: in a normal session nobody learns of other targets than his own. */
static void send_targets(struct raceway_iscsi_conn *conn, const char *value)
{
	const struct raceway_iscsi_ops *ops = conn->iscsi->ops;
	const struct raceway_iscsi_session *session = conn->session;
	struct search search = { .text = &conn->session->answer };
	bool all = !strcmp(value, "All");

	if (session->who.discovery ? !*value : all) {
		raceway_text_add(&conn->session->answer, "SendTargets", "Reject");
		return;
	}
	if (!session->who.discovery && *value && strcmp(value, session->who.target))
		return;
	if (!all)
		search.only = *value ? value : session->who.target;
	ops->discover(ops->context, &session->who, found, &search);
}

/* False: the text makes no sense. */
static bool answer_pairs(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi_session *session = conn->session;
	struct raceway_pair pairs[RACEWAY_PAIRS_MAX];
	size_t count;

	if (session->text.failed ||
	    raceway_text_pairs(&session->text, pairs, RACEWAY_PAIRS_MAX, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(pairs[i].key, "SendTargets"))
			send_targets(conn, pairs[i].value);
		else if (!raceway_params_has(pairs[i].key))
			raceway_text_add(&session->answer, pairs[i].key, "NotUnderstood");
		else
			raceway_params_offer(&session->params, pairs[i].key, pairs[i].value, false,
					     &session->answer);
	}
	return !session->answer.failed;
}

static void end_text(struct raceway_iscsi_session *session)
{
	raceway_text_free(&session->text);
	raceway_text_free(&session->answer);
	session->text = (struct raceway_text){ .limit = TEXT_MAX };
	session->answer = (struct raceway_text){ .limit = ANSWER_MAX };
	session->answered = 0;
	session->answer_ttt = 0;
}

/* The next piece of the answer. What goes on has a tag of the target's to go on with. */
static void send_text(struct raceway_request *request, bool final)
{
	struct raceway_iscsi_conn *conn = request->conn;
	struct raceway_iscsi_session *session = conn->session;
	struct raceway_out *out = raceway_out_new(conn, RACEWAY_OP_TEXT_RESPONSE, request->bhs.itt);
	size_t bytes = session->answer.bytes - session->answered;
	uint32_t most = session->params.value[RACEWAY_PARAM_MAX_RECV];

	if (!out)
		return;
	memcpy(out->bhs.lun, request->bhs.lun, sizeof(out->bhs.lun));
	if (bytes > most) {
		bytes = most;
		out->bhs.flags = RACEWAY_TEXT_CONTINUE;
		final = false;
	} else if (!final) {
		out->bhs.flags = 0;
	}
	if (!final) {
		session->answer_ttt = next_ttt(session);
		session->text_itt = request->bhs.itt;
		out->bhs.response.tag = htobe32(session->answer_ttt);
	}
	raceway_send_data(conn, out, bytes ? session->answer.data + session->answered : NULL,
			  bytes);
	session->answered += bytes;
	if (session->answered < session->answer.bytes)
		return;
	raceway_text_clear(&session->answer);
	session->answered = 0;
	if (final)
		end_text(session);
}

/* 0, or why it is rejected. */
static enum raceway_reject run_text(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;
	const struct raceway_bhs *bhs = &request->bhs;
	bool final = bhs->flags & RACEWAY_PDU_FINAL, more = bhs->flags & RACEWAY_TEXT_CONTINUE;

	if (final && more)
		return RACEWAY_REJECT_PROTOCOL;
	if (bhs->request.tag == htobe32(RACEWAY_TAG_NONE))
		end_text(session); /* a new exchange ends an old one */
	else if (be32toh(bhs->request.tag) != session->answer_ttt || bhs->itt != session->text_itt)
		return RACEWAY_REJECT_PROTOCOL;
	if (session->answered < session->answer.bytes) {
		if (request->room > 0)
			return RACEWAY_REJECT_PROTOCOL;
		send_text(request, final);
		return 0;
	}
	raceway_text_append(&session->text, request->data, request->room);
	if (!more) {
		if (!answer_pairs(request->conn)) {
			end_text(session);
			return RACEWAY_REJECT_INVALID_FIELD;
		}
		raceway_text_clear(&session->text);
	}
	send_text(request, final);
	return 0;
}

void raceway_text_run(struct raceway_request *request)
{
	enum raceway_reject reason = run_text(request);

	if (reason)
		raceway_send_reject(request->conn, &request->bhs, reason);
	raceway_request_free(request);
}

void raceway_logout_run(struct raceway_request *request)
{
	struct raceway_iscsi_conn *conn = request->conn;
	const struct raceway_bhs *bhs = &request->bhs;
	uint8_t reason = bhs->flags & ~RACEWAY_PDU_FINAL;
	enum raceway_logout_response response = RACEWAY_LOGOUT_DONE;
	struct raceway_out *out;

	if (reason > RACEWAY_LOGOUT_RECOVERY) {
		raceway_send_reject(conn, bhs, RACEWAY_REJECT_INVALID_FIELD);
		raceway_request_free(request);
		return;
	}
	if (reason == RACEWAY_LOGOUT_RECOVERY)
		response = RACEWAY_LOGOUT_NO_RECOVERY;
	else if (reason == RACEWAY_LOGOUT_CONNECTION &&
		 (bhs->request.tag & htobe32(0xffff0000U)) != conn->session->cid)
		response = RACEWAY_LOGOUT_NO_CID;
	out = raceway_out_new(conn, RACEWAY_OP_LOGOUT_RESPONSE, bhs->itt);
	raceway_request_free(request);
	if (!out)
		return;
	out->bhs.byte2 = (uint8_t)response;
	out->bhs.response.tag = 0;
	out->last = response == RACEWAY_LOGOUT_DONE;
	raceway_send(conn, out);
}
