/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Data buffers of a connection, and what it may hold of them. Nothing that was promised is ever
 * dropped: early data has room because the window is as small as it must be, and who needs more
 * waits in a line. */
#include <errno.h>
#include <stdlib.h>

#include "iscsi/conn.h"

static uint64_t half(const struct raceway_iscsi_conn *conn)
{
	return conn->iscsi->limits.connection_bytes / 2;
}

int raceway_memory_take(struct raceway_request *request, uint32_t room, uint32_t early)
{
	request->data = malloc(room);
	if (!request->data)
		return -ENOMEM;
	request->room = room;
	request->early_bytes = early;
	request->conn->session->early_bytes += early;
	return 0;
}

/* Whoever is alone goes on in any case, and so does the one that all others wait for because of
 * their order. */
static bool fits(const struct raceway_request *request)
{
	const struct raceway_iscsi_session *session = request->conn->session;

	return session->late_bytes == 0 ||
	       session->late_bytes + request->late_bytes <= half(request->conn) ||
	       (session->ordered > 0 && session->turns == request);
}

static void grant(struct raceway_request *request)
{
	request->state = RACEWAY_REQUEST_DATA;
	request->conn->session->late_bytes += request->late_bytes;
	raceway_command_go_on(request);
}

void raceway_memory_ask(struct raceway_request *request, uint32_t bytes)
{
	struct raceway_iscsi_session *session = request->conn->session;

	request->late_bytes = bytes;
	if ((!session->waiting || session->turns == request) && fits(request)) {
		grant(request);
		return;
	}
	request->state = RACEWAY_REQUEST_MEMORY;
	request->after = NULL;
	*session->waiting_end = request;
	session->waiting_end = &request->after;
}

static void leave_line(struct raceway_iscsi_session *session, struct raceway_request *request)
{
	struct raceway_request **link = &session->waiting;

	while (*link != request)
		link = &(*link)->after;
	*link = request->after;
	if (!*link)
		session->waiting_end = link;
}

void raceway_memory_first(struct raceway_iscsi_session *session)
{
	struct raceway_request *request = session->turns;

	if (!request || request->state != RACEWAY_REQUEST_MEMORY || session->ordered == 0)
		return;
	leave_line(session, request);
	grant(request);
}

/* A request that goes on may end at once and come here again: the first one serves them all. */
static void serve(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi_session *session = conn->session;

	if (session->serving)
		return;
	session->serving = true;
	while (session->waiting && !conn->dropped && conn->phase == RACEWAY_PHASE_FULL &&
	       fits(session->waiting)) {
		struct raceway_request *request = session->waiting;

		leave_line(session, request);
		grant(request);
	}
	session->serving = false;
}

void raceway_memory_give_back(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;

	free(request->data);
	request->data = NULL;
	session->early_bytes -= request->early_bytes;
	if (request->state == RACEWAY_REQUEST_MEMORY)
		leave_line(session, request);
	else
		session->late_bytes -= request->late_bytes;
	request->early_bytes = request->late_bytes = 0;
	serve(request->conn);
}

uint32_t raceway_memory_commands(const struct raceway_iscsi_conn *conn)
{
	const struct raceway_iscsi_session *session = conn->session;
	const uint32_t *params = session->params.value;
	uint64_t free_bytes =
		half(conn) > session->early_bytes ? half(conn) - session->early_bytes : 0;
	uint64_t commands = free_bytes / params[RACEWAY_PARAM_FIRST_BURST];

	if (!params[RACEWAY_PARAM_IMMEDIATE_DATA] && params[RACEWAY_PARAM_INITIAL_R2T])
		return UINT32_MAX;
	return commands < UINT32_MAX ? (uint32_t)commands : UINT32_MAX;
}
