/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the first byte to full feature phase: runs the login, ends what is left of the same
 * initiator's old session, and opens the new one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iscsi/conn.h"

static int login_new(struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_limits *limits = &conn->iscsi->limits;
	struct raceway_login *login = calloc(1, sizeof(*login));
	socklen_t bytes = sizeof(login->who.peer);

	if (!login)
		return -ENOMEM;
	/* Sockets without addresses leave them zero. */
	getpeername(conn->fd, (struct sockaddr *)&login->who.peer, &bytes);
	bytes = sizeof(login->who.local);
	getsockname(conn->fd, (struct sockaddr *)&login->who.local, &bytes);
	login->who.portal = conn->portal;
	login->who.fd = conn->fd;
	login->ops = conn->iscsi->ops;
	login->group = conn->group;
	raceway_login_begin(login);
	login->params.ours[RACEWAY_PARAM_MAX_RECV] = limits->max_recv_segment;
	login->params.ours[RACEWAY_PARAM_FIRST_BURST] = limits->first_burst;
	login->params.ours[RACEWAY_PARAM_MAX_BURST] = limits->max_burst;
	conn->login = login;
	return 0;
}

int raceway_enter_begin(struct raceway_iscsi_conn *conn, uint32_t bytes)
{
	if (!conn->login && login_new(conn))
		return -ENOMEM;
	conn->login_data = malloc(bytes ? bytes : 1);
	if (!conn->login_data)
		return -ENOMEM;
	conn->login_room = bytes;
	raceway_iscsi_login_bytes(conn);
	return conn->dropped ? -ENOMEM : 0;
}

void raceway_enter_free(struct raceway_iscsi_conn *conn)
{
	free(conn->login_data);
	conn->login_data = NULL;
	conn->login_room = 0;
	if (conn->login) {
		raceway_login_end(conn->login);
		free(conn->login);
		conn->login = NULL;
	}
	raceway_iscsi_login_bytes(conn);
}

static void send_answer(struct raceway_iscsi_conn *conn, bool last)
{
	struct raceway_login *login = conn->login;
	struct raceway_out *out =
		raceway_out_new(conn, RACEWAY_OP_LOGIN_RESPONSE, login->answer.itt);

	if (!out)
		return;
	out->bhs = login->answer;
	/* StatSN has no meaning in a refusal, but it does no harm. */
	out->last = last;
	raceway_send_data(conn, out, login->text.data, login->text.bytes);
}

static void refuse(struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_ops *ops = conn->iscsi->ops;
	const struct raceway_login *login = conn->login;

	if (ops->refused)
		ops->refused(ops->context, &login->who, login->reason);
	send_answer(conn, true);
}

static void refuse_open(struct raceway_iscsi_conn *conn, enum raceway_iscsi_login_status status,
			const char *reason)
{
	raceway_login_refuse(conn->login, status, reason);
	refuse(conn);
}

static int session_new(struct raceway_iscsi_conn *conn)
{
	const struct raceway_login *login = conn->login;
	struct raceway_iscsi_session *session = calloc(1, sizeof(*session));

	if (!session)
		return -ENOMEM;
	session->who = login->who;
	session->params = login->params;
	session->cid = login->cid;
	session->waiting_end = &session->waiting;
	session->turns_end = &session->turns;
	conn->session = session;
	conn->registered.who = &session->who;
	conn->registered.group = conn->group;
	conn->registered.worker = conn->worker;
	return 0;
}

/* What was agreed on holds from the next PDU on. */
static void enter_full_feature(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi_session *session = conn->session;
	struct raceway_login *login = conn->login;

	if (conn->dropped)
		return;
	conn->phase = RACEWAY_PHASE_FULL;
	raceway_conns_remove(conn);
	raceway_conns_add(&conn->iscsi->entered, conn);
	conn->alive_ns = raceway_worker_now(conn->worker);
	session->since_ns = conn->alive_ns;
	conn->max_recv = login->declared ? login->params.ours[RACEWAY_PARAM_MAX_RECV]
					 : RACEWAY_SEGMENT_DEFAULT;
	login->answer.tsih = htobe16(conn->registered.tsih);
	send_answer(conn, false);
	conn->header_digest = session->params.value[RACEWAY_PARAM_HEADER_DIGEST];
	conn->data_digest = session->params.value[RACEWAY_PARAM_DATA_DIGEST];
	raceway_enter_free(conn);
	raceway_conn_set_timer(conn);
}

static void open_session(struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_ops *ops = conn->iscsi->ops;
	struct raceway_iscsi_session *session = conn->session;
	enum raceway_iscsi_login_status status = RACEWAY_LOGIN_SUCCESS;
	int err = raceway_registry_claim(&conn->registered);

	if (err == -EINPROGRESS)
		return;
	if (err) {
		refuse_open(conn, RACEWAY_LOGIN_NO_RESOURCES, "too many sessions");
		return;
	}
	if (!session->who.discovery)
		status =
			ops->open(ops->context, &session->who, conn, conn->worker, &session->nexus);
	if (status == RACEWAY_LOGIN_SUCCESS)
		enter_full_feature(conn);
	else
		refuse_open(conn, status, "the session was not opened");
}

void raceway_enter_step(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs)
{
	struct raceway_login *login = conn->login;
	enum raceway_login_outcome outcome;

	if (!login->begun)
		conn->exp_cmdsn = conn->max_cmdsn = be32toh(bhs->request.cmdsn);
	outcome = raceway_login_step(login, bhs, conn->login_data, conn->login_room);
	free(conn->login_data);
	conn->login_data = NULL;
	conn->login_room = 0;
	raceway_iscsi_login_bytes(conn);
	if (conn->dropped)
		return;
	switch (outcome) {
	case RACEWAY_LOGIN_GOES_ON:
		send_answer(conn, false);
		break;
	case RACEWAY_LOGIN_REFUSED:
		refuse(conn);
		break;
	case RACEWAY_LOGIN_COMPLETE:
		conn->phase = RACEWAY_PHASE_ENTERING;
		if (session_new(conn))
			refuse_open(conn, RACEWAY_LOGIN_NO_RESOURCES, "no memory");
		else
			open_session(conn);
	}
}

/* The same initiator has come again, or its old session has ended. */
static void called(struct raceway_iscsi_conn *conn, const struct raceway_call *call)
{
	raceway_registry_ran(&conn->registered, call);
	if (conn->released) {
		raceway_conn_put(conn);
		return;
	}
	raceway_conn_hold(conn);
	if (call == &conn->registered.end) {
		raceway_conn_drop(conn);
	} else if (!conn->dropped && conn->phase == RACEWAY_PHASE_ENTERING) {
		open_session(conn);
		raceway_receive_go_on(conn);
	}
	raceway_conn_put(conn);
}

static void end(struct raceway_call *call, struct raceway_worker *worker)
{
	called(RACEWAY_OF(struct raceway_iscsi_conn, registered.end, call), call);
}

static void again(struct raceway_call *call, struct raceway_worker *worker)
{
	called(RACEWAY_OF(struct raceway_iscsi_conn, registered.again, call), call);
}

void raceway_enter_init(struct raceway_iscsi_conn *conn)
{
	conn->registered.end.run = end;
	conn->registered.again.run = again;
}
