/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Task management (RFC 7143 11.5, 11.6): what the device server has not seen yet is aborted
 * here, all else by it. */
#include <string.h>

#include "iscsi/conn.h"

static const struct {
	bool known;
	enum raceway_tmf tmf;
} functions[] = {
	[RACEWAY_FUNCTION_ABORT_TASK] = { true, RACEWAY_TMF_ABORT_TASK },
	[RACEWAY_FUNCTION_ABORT_TASK_SET] = { true, RACEWAY_TMF_ABORT_TASK_SET },
	[RACEWAY_FUNCTION_CLEAR_TASK_SET] = { true, RACEWAY_TMF_CLEAR_TASK_SET },
	[RACEWAY_FUNCTION_LOGICAL_UNIT_RESET] = { true, RACEWAY_TMF_LOGICAL_UNIT_RESET },
	[RACEWAY_FUNCTION_TARGET_WARM_RESET] = { true, RACEWAY_TMF_TARGET_RESET },
	[RACEWAY_FUNCTION_TARGET_COLD_RESET] = { true, RACEWAY_TMF_TARGET_RESET },
	[RACEWAY_FUNCTION_QUERY_TASK] = { true, RACEWAY_TMF_QUERY_TASK },
	[RACEWAY_FUNCTION_QUERY_TASK_SET] = { true, RACEWAY_TMF_QUERY_TASK_SET },
	[RACEWAY_FUNCTION_QUERY_ASYNC_EVENT] = { true, RACEWAY_TMF_QUERY_ASYNC_EVENT },
};

static uint8_t function_of(const struct raceway_request *request)
{
	return request->bhs.flags & ~RACEWAY_PDU_FINAL;
}

static void respond(struct raceway_request *request, enum raceway_function_response response)
{
	struct raceway_iscsi_conn *conn = request->conn;
	struct raceway_out *out =
		raceway_out_new(conn, RACEWAY_OP_TASK_MANAGEMENT_RESPONSE, request->bhs.itt);

	if (out) {
		out->bhs.byte2 = (uint8_t)response;
		out->bhs.response.tag = 0;
		/* A cold reset ends the session, but only that of who wants it: it may not touch
		 * the others'. */
		out->last = response == RACEWAY_FUNCTION_COMPLETE &&
			    function_of(request) == RACEWAY_FUNCTION_TARGET_COLD_RESET;
		raceway_request_free(request);
		raceway_send(conn, out);
	} else {
		raceway_request_free(request);
	}
}

static void done(struct raceway_tmf_request *tmf, enum raceway_tmf_response response)
{
	static const enum raceway_function_response responses[] = {
		[RACEWAY_TMF_COMPLETE] = RACEWAY_FUNCTION_COMPLETE,
		[RACEWAY_TMF_SUCCEEDED] = RACEWAY_FUNCTION_SUCCEEDED,
		[RACEWAY_TMF_NO_TASK] = RACEWAY_FUNCTION_NO_TASK,
		[RACEWAY_TMF_NO_LUN] = RACEWAY_FUNCTION_NO_LUN,
		[RACEWAY_TMF_UNKNOWN] = RACEWAY_FUNCTION_UNSUPPORTED,
	};
	struct raceway_request *request = tmf->context;
	struct raceway_iscsi_conn *conn = request->conn;

	if (response == RACEWAY_TMF_NO_TASK && request->aborted_here)
		response = RACEWAY_TMF_COMPLETE;
	respond(request, responses[response]);
	raceway_conn_put(conn);
}

static bool covers(const struct raceway_request *request, const struct raceway_request *other)
{
	switch (function_of(request)) {
	case RACEWAY_FUNCTION_ABORT_TASK:
		if (other->bhs.itt != request->bhs.request.tag)
			return false;
		break;
	case RACEWAY_FUNCTION_ABORT_TASK_SET:
	case RACEWAY_FUNCTION_CLEAR_TASK_SET:
	case RACEWAY_FUNCTION_LOGICAL_UNIT_RESET:
		break;
	case RACEWAY_FUNCTION_TARGET_WARM_RESET:
	case RACEWAY_FUNCTION_TARGET_COLD_RESET:
		return true;
	default:
		return false;
	}
	return !memcmp(other->bhs.lun, request->bhs.lun, sizeof(other->bhs.lun));
}

/* Whether `other` was sent before `request`. */
static bool before(const struct raceway_request *other, const struct raceway_request *request)
{
	return raceway_serial_before(be32toh(other->bhs.command.cmdsn),
				     be32toh(request->bhs.request.cmdsn)) ||
	       other->immediate;
}

/* A command that is to be aborted and that the device server has not got. */
static struct raceway_request *find_covered(const struct raceway_request *request)
{
	const struct raceway_iscsi_session *session = request->conn->session;

	for (size_t i = 0; i < RACEWAY_ITT_BUCKETS; i++) {
		struct raceway_request *other = session->buckets[i];

		for (; other; other = other->next) {
			if (other->state != RACEWAY_REQUEST_RUNNING &&
			    other->state != RACEWAY_REQUEST_ANSWERED && covers(request, other) &&
			    before(other, request))
				return other;
		}
	}
	return NULL;
}

/* What one abort frees may let others go on, so that each is looked for anew. */
static void abort_here(struct raceway_request *request)
{
	struct raceway_request *other;

	while ((other = find_covered(request))) {
		uint32_t cmdsn = be32toh(other->bhs.command.cmdsn);
		bool held = other->state == RACEWAY_REQUEST_HELD;

		request->aborted_here = true;
		raceway_request_free(other);
		if (held)
			raceway_order_plug(request->conn, cmdsn);
	}
}

/* RFC 7143 11.6.1: the task to abort is one that never arrived, and now never will. */
static bool never_came(const struct raceway_request *request)
{
	const struct raceway_iscsi_conn *conn = request->conn;
	uint32_t cmdsn = be32toh(request->bhs.request.ref_cmdsn);

	return function_of(request) == RACEWAY_FUNCTION_ABORT_TASK &&
	       !raceway_request_find(conn->session, request->bhs.request.tag) &&
	       raceway_serial_before(cmdsn, be32toh(request->bhs.request.cmdsn)) &&
	       raceway_order_missing(conn, cmdsn);
}

void raceway_function_run(struct raceway_request *request)
{
	uint8_t function = function_of(request);
	struct raceway_tmf_request *tmf = &request->tmf;
	uint64_t lun;

	if (function == RACEWAY_FUNCTION_TASK_REASSIGN) {
		respond(request, RACEWAY_FUNCTION_NO_REASSIGN);
		return;
	}
	if (function >= sizeof(functions) / sizeof(functions[0]) || !functions[function].known) {
		respond(request, RACEWAY_FUNCTION_UNSUPPORTED);
		return;
	}
	if (never_came(request)) {
		struct raceway_iscsi_conn *conn = request->conn;
		uint32_t cmdsn = be32toh(request->bhs.request.ref_cmdsn);

		respond(request, RACEWAY_FUNCTION_COMPLETE);
		raceway_order_plug(conn, cmdsn);
		return;
	}
	abort_here(request);
	memcpy(&lun, request->bhs.lun, sizeof(lun));
	*tmf = (struct raceway_tmf_request){
		.function = functions[function].tmf,
		.nexus = request->conn->session->nexus,
		.worker = request->conn->worker,
		.lun = be64toh(lun),
		.tag = be32toh(request->bhs.request.tag),
		.done = done,
		.context = request,
	};
	raceway_conn_hold(request->conn);
	raceway_scsi_manage(tmf);
}
