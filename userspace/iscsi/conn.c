/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The life of a connection after it was accepted: how it ends, and the times it must keep. */
#include "iscsi/conn.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_SECOND 1000000000ULL
/* For the last PDU to leave and the initiator to close its end. */
#define LINGER_NS (2 * NS_PER_SECOND)

void raceway_conn_hold(struct raceway_iscsi_conn *conn)
{
	conn->holds++;
}

static void free_requests(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi_session *session = conn->session;
	struct raceway_request *arriving = conn->receive.request;

	/* Known ones are among the buckets. */
	if (arriving && !arriving->known)
		raceway_request_free(arriving);
	while (session->held)
		raceway_request_free(session->held);
	for (size_t i = 0; i < RACEWAY_ITT_BUCKETS; i++) {
		while (session->buckets[i])
			raceway_request_free(session->buckets[i]);
	}
}

/* Nobody uses the connection any more. The session is ended first, then the registry lets the
 * next one in. */
static void release(struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_ops *ops = conn->iscsi->ops;
	struct raceway_iscsi_session *session = conn->session;

	conn->released = true;
	raceway_send_free(conn);
	if (session) {
		free_requests(conn);
		raceway_text_free(&session->text);
		raceway_text_free(&session->answer);
		if (session->nexus)
			ops->close(ops->context, session->nexus);
	}
	raceway_enter_free(conn);
	raceway_conns_remove(conn);
	close(conn->fd);
	conn->holds = raceway_registry_release(&conn->registered);
}

void raceway_conn_put(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi *iscsi = conn->iscsi;

	if (--conn->holds > 0 || !conn->dropped)
		return;
	if (!conn->released)
		release(conn);
	if (conn->holds > 0)
		return;
	free(conn->receive.buffer);
	free(conn->session);
	free(conn);
	raceway_iscsi_gone(iscsi);
}

/* Out of whatever led to the drop: ends what the device server still does for the session. If
 * nobody else holds the connection, this frees it. */
static void end(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, end, call);

	if (conn->session && conn->session->nexus)
		raceway_nexus_abort(conn->session->nexus);
	raceway_conn_put(conn);
}

void raceway_conn_drop(struct raceway_iscsi_conn *conn)
{
	if (conn->dropped)
		return;
	conn->dropped = true;
	raceway_conns_remove(conn);
	raceway_conns_add(&conn->iscsi->leaving, conn);
	/* Ends what the kernel still does with it. */
	shutdown(conn->fd, SHUT_RDWR);
	raceway_timer_clear(conn->worker, &conn->timer);
	raceway_iscsi_login_bytes(conn);
	raceway_conn_hold(conn);
	raceway_worker_later(conn->worker, &conn->end);
}

void raceway_conn_close(struct raceway_iscsi_conn *conn)
{
	if (conn->dropped || conn->phase == RACEWAY_PHASE_CLOSING)
		return;
	conn->phase = RACEWAY_PHASE_CLOSING;
	conn->receive.sink = NULL;
	conn->end_ns = raceway_worker_now(conn->worker) + LINGER_NS;
	raceway_conn_set_timer(conn);
}

/* A close with something unread would make the peer lose what was sent last. */
void raceway_conn_closed(struct raceway_iscsi_conn *conn)
{
	shutdown(conn->fd, SHUT_WR);
	raceway_receive_go_on(conn);
}

/* When something is to be done for an idle session, 0: never. What was asked is in no hurry as
 * long as the peer takes what is before it. */
static uint64_t nop_at(const struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_limits *limits = &conn->iscsi->limits;

	if (limits->nop_interval_ms == 0)
		return 0;
	return conn->alive_ns + NS_PER_MS * (conn->session->ping_ttt ? limits->nop_timeout_ms
								     : limits->nop_interval_ms);
}

void raceway_conn_set_timer(struct raceway_iscsi_conn *conn)
{
	uint64_t at = conn->end_ns, nop = 0;

	if (conn->dropped)
		return;
	if (conn->phase == RACEWAY_PHASE_LOGIN || conn->phase == RACEWAY_PHASE_ENTERING)
		at = conn->since_ns + conn->iscsi->limits.login_timeout_ms * NS_PER_MS;
	else if (conn->phase == RACEWAY_PHASE_FULL)
		nop = nop_at(conn);
	if (nop && (at == 0 || nop < at))
		at = nop;
	if (at == 0)
		raceway_timer_clear(conn->worker, &conn->timer);
	else if (raceway_timer_set(conn->worker, &conn->timer, at))
		raceway_conn_drop(conn); /* it would never end */
}

static void expired(struct raceway_timer *timer)
{
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, timer, timer);
	uint64_t now = raceway_worker_now(conn->worker);

	if (conn->phase != RACEWAY_PHASE_FULL || (conn->end_ns && now >= conn->end_ns)) {
		raceway_conn_drop(conn);
		return;
	}
	if (now >= nop_at(conn)) {
		if (conn->session->ping_ttt) {
			raceway_conn_drop(conn);
			return;
		}
		conn->alive_ns = now;
		raceway_nop_send(conn, true);
	}
	raceway_conn_set_timer(conn);
}

void raceway_conn_init(struct raceway_iscsi_conn *conn)
{
	conn->timer.expired = expired;
	conn->end.run = end;
	conn->since_ns = conn->alive_ns = raceway_worker_now(conn->worker);
	raceway_send_init(conn);
	raceway_enter_init(conn);
}

void raceway_iscsi_end(struct raceway_iscsi_conn *conn, unsigned int seconds)
{
	struct raceway_out *out;

	if (seconds == 0 || conn->phase != RACEWAY_PHASE_FULL) {
		raceway_conn_drop(conn);
		return;
	}
	conn->end_ns = raceway_worker_now(conn->worker) + seconds * NS_PER_SECOND;
	raceway_conn_set_timer(conn);
	out = raceway_out_new(conn, RACEWAY_OP_ASYNC, htobe32(RACEWAY_TAG_NONE));
	if (!out)
		return;
	out->bhs.response.tail[0] = RACEWAY_ASYNC_LOGOUT;
	/* Parameter3: within how many seconds. */
	if (seconds > UINT16_MAX)
		seconds = UINT16_MAX;
	out->bhs.response.tail[8] = (uint8_t)(seconds >> 8);
	out->bhs.response.tail[9] = (uint8_t)seconds;
	raceway_send(conn, out);
}

void raceway_iscsi_conn_info(const struct raceway_iscsi_conn *conn,
			     struct raceway_iscsi_info *ret_info)
{
	const struct raceway_iscsi_session *session = conn->session;
	struct raceway_iscsi_info info = {
		.peer = session->who.peer,
		.local = session->who.local,
		.since_ns = session->since_ns,
		.header_digest = conn->header_digest,
		.data_digest = conn->data_digest,
	};

	memcpy(info.initiator, session->who.initiator, sizeof(info.initiator));
	*ret_info = info;
}
