/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands that wait for data or memory are overtaken by those that need not wait. Where the
 * initiator wants an order (SAM-5 8.6) they are not: an ordered command goes to the device
 * server after all before it and before all after it. */
#include "iscsi/conn.h"

static bool is_ordered(const struct raceway_request *request)
{
	return request->task.attribute == RACEWAY_TASK_ORDERED;
}

void raceway_turn_wait(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;

	if (request->turn_link)
		return;
	request->turn_next = NULL;
	request->turn_link = session->turns_end;
	*session->turns_end = request;
	session->turns_end = &request->turn_next;
	session->ordered += is_ordered(request);
}

static void leave(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;

	*request->turn_link = request->turn_next;
	if (request->turn_next)
		request->turn_next->turn_link = request->turn_link;
	else
		session->turns_end = request->turn_link;
	request->turn_link = NULL;
	session->ordered -= is_ordered(request);
}

/* The first whose turn it is. */
static struct raceway_request *find(const struct raceway_iscsi_session *session)
{
	struct raceway_request *request = session->turns;

	for (; request; request = request->turn_next) {
		bool first = request == session->turns;

		if (request->state == RACEWAY_REQUEST_READY && (first || !is_ordered(request)))
			return request;
		if (is_ordered(request))
			return NULL;
	}
	return NULL;
}

static void run(struct raceway_iscsi_conn *conn)
{
	struct raceway_request *request;

	while (!conn->dropped && conn->phase == RACEWAY_PHASE_FULL &&
	       (request = find(conn->session))) {
		leave(request);
		raceway_command_submit(request);
	}
	if (!conn->dropped && conn->phase == RACEWAY_PHASE_FULL)
		raceway_memory_first(conn->session);
}

void raceway_turn_ready(struct raceway_request *request)
{
	if (request->conn->session->ordered > 0) {
		request->state = RACEWAY_REQUEST_READY;
		run(request->conn);
		return;
	}
	leave(request);
	raceway_command_submit(request);
}

void raceway_turn_leave(struct raceway_request *request)
{
	struct raceway_iscsi_session *session = request->conn->session;
	bool order = session->ordered > 0;

	if (!request->turn_link)
		return;
	leave(request);
	if (order)
		run(request->conn);
}
