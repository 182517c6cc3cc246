/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PDUs to bytes: all that was queued in a round of the worker leaves as one sendmsg(), read data
 * straight from where the device server put it. */
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"

#define BATCH_PDUS 64 /* of one sendmsg() */
/* ... and its data: it is done when the last byte has left, which is how a slow peer is told
 * from a dead one. */
#define BATCH_BYTES (512U << 10)
#define IOVS_PER_PDU 3 /* header and its digest, data, padding and its digest */

/* What one PDU has besides its data. */
struct head {
	struct raceway_bhs bhs;
	__le32 digest;
	uint8_t trailer[4 + RACEWAY_DIGEST_BYTES];
};

struct raceway_batch {
	struct raceway_batch *next;
	struct raceway_out *sent, **sent_end; /* done with when it is sent */
	unsigned int pdus;
	uint32_t bytes;
	struct msghdr msg;
	struct head heads[BATCH_PDUS];
	struct iovec iovs[IOVS_PER_PDU * BATCH_PDUS];
};

struct raceway_out *raceway_out_new(struct raceway_iscsi_conn *conn, enum raceway_pdu_opcode opcode,
				    __be32 itt)
{
	struct raceway_out *out = conn->iscsi->free_outs;

	if (out)
		conn->iscsi->free_outs = out->next;
	else
		out = malloc(sizeof(*out));
	if (!out) {
		raceway_conn_drop(conn);
		return NULL;
	}
	*out = (struct raceway_out){ .takes_statsn = true };
	out->bhs.opcode = (uint8_t)opcode;
	out->bhs.flags = RACEWAY_PDU_FINAL;
	out->bhs.itt = itt;
	out->bhs.response.tag = htobe32(RACEWAY_TAG_NONE);
	return out;
}

void raceway_out_free(struct raceway_iscsi_conn *conn, struct raceway_out *out)
{
	free(out->data);
	out->next = conn->iscsi->free_outs;
	conn->iscsi->free_outs = out;
}

static void queue(struct raceway_iscsi_conn *conn, struct raceway_out *out)
{
	out->next = NULL;
	*conn->out_end = out;
	conn->out_end = &out->next;
	if (conn->flush_queued || conn->batch)
		return;
	conn->flush_queued = true;
	raceway_conn_hold(conn);
	raceway_worker_later(conn->worker, &conn->flush);
}

void raceway_send(struct raceway_iscsi_conn *conn, struct raceway_out *out)
{
	if (!out->request) {
		if (conn->dropped || conn->phase == RACEWAY_PHASE_CLOSING) {
			raceway_out_free(conn, out);
			return;
		}
		conn->answers++;
	}
	queue(conn, out);
	if (out->last)
		raceway_conn_close(conn);
}

void raceway_send_data(struct raceway_iscsi_conn *conn, struct raceway_out *out, const void *data,
		       size_t bytes)
{
	if (bytes > 0) {
		out->data = malloc(bytes);
		if (!out->data) {
			raceway_out_free(conn, out);
			raceway_conn_drop(conn);
			return;
		}
		memcpy(out->data, data, bytes);
		out->data_bytes = (uint32_t)bytes;
	}
	raceway_send(conn, out);
}

static void reject(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs,
		   enum raceway_reject reason, bool last)
{
	struct raceway_out *out =
		raceway_out_new(conn, RACEWAY_OP_REJECT, htobe32(RACEWAY_TAG_NONE));

	if (!out)
		return;
	out->bhs.byte2 = (uint8_t)reason;
	out->bhs.response.tag = 0;
	out->last = last;
	raceway_send_data(conn, out, bhs, sizeof(*bhs));
}

void raceway_send_reject(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs,
			 enum raceway_reject reason)
{
	reject(conn, bhs, reason, false);
}

void raceway_send_fatal(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs,
			enum raceway_reject reason)
{
	reject(conn, bhs, reason, true);
}

static void push(struct raceway_batch *batch, const void *data, size_t bytes)
{
	batch->msg.msg_iov[batch->msg.msg_iovlen++] =
		(struct iovec){ .iov_base = (void *)data, .iov_len = bytes };
}

/* A PDU whose BHS is all but its numbers. */
static void add(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs, bool takes_statsn,
		const void *data, uint32_t bytes)
{
	struct raceway_batch *batch = conn->batch;
	struct head *head = &batch->heads[batch->pdus++];
	uint32_t trailer = raceway_pad_bytes(bytes), crc;
	bool login = bhs->opcode == RACEWAY_OP_LOGIN_RESPONSE; /* has no digests yet */

	raceway_order_window(conn);
	head->bhs = *bhs;
	raceway_bhs_set_data_bytes(&head->bhs, bytes);
	head->bhs.response.exp_cmdsn = htobe32(conn->exp_cmdsn);
	head->bhs.response.max_cmdsn = htobe32(conn->max_cmdsn);
	if (takes_statsn)
		head->bhs.response.statsn = htobe32(conn->statsn++);
	else if (bhs->opcode != RACEWAY_OP_DATA_IN)
		head->bhs.response.statsn = htobe32(conn->statsn);
	if (conn->header_digest && !login) {
		crc = raceway_crc_add(RACEWAY_CRC_BEGIN, &head->bhs, sizeof(head->bhs));
		head->digest = raceway_crc_end(crc);
		push(batch, head, RACEWAY_BHS_BYTES + RACEWAY_DIGEST_BYTES);
	} else {
		push(batch, head, RACEWAY_BHS_BYTES);
	}
	if (bytes == 0)
		return;
	batch->bytes += bytes;
	push(batch, data, bytes);
	memset(head->trailer, 0, sizeof(head->trailer));
	if (conn->data_digest && !login) {
		__le32 digest;

		crc = raceway_crc_add(RACEWAY_CRC_BEGIN, data, bytes);
		digest = raceway_crc_end(raceway_crc_add(crc, head->trailer, trailer));
		memcpy(head->trailer + trailer, &digest, sizeof(digest));
		trailer += RACEWAY_DIGEST_BYTES;
	}
	if (trailer > 0)
		push(batch, head->trailer, trailer);
}

/* The next Data-In of a command's answer. True: it carried the status (RFC 7143 11.7.3). */
static bool add_data_in(struct raceway_iscsi_conn *conn, struct raceway_request *request)
{
	const uint32_t *params = conn->session->params.value;
	const struct raceway_task *task = &request->task;
	uint32_t burst = params[RACEWAY_PARAM_MAX_BURST];
	uint32_t bytes = task->in_bytes - request->sent, residual = 0;
	uint8_t flags = 0;
	bool status;
	struct raceway_bhs bhs = { .opcode = RACEWAY_OP_DATA_IN, .itt = request->bhs.itt };

	if (bytes > params[RACEWAY_PARAM_MAX_RECV])
		bytes = params[RACEWAY_PARAM_MAX_RECV];
	if (bytes >= burst - request->sent % burst) {
		bytes = burst - request->sent % burst;
		bhs.flags |= RACEWAY_PDU_FINAL;
	}
	if (request->sent + bytes == task->in_bytes)
		bhs.flags |= RACEWAY_PDU_FINAL;
	status = request->sent + bytes == task->in_bytes && task->status == RACEWAY_SCSI_GOOD;
	bhs.response.tag = htobe32(RACEWAY_TAG_NONE);
	bhs.response.datasn = htobe32(request->datasn++);
	bhs.response.offset = htobe32(request->sent);
	if (status) {
		raceway_command_residual(request, &flags, &residual);
		bhs.flags |= RACEWAY_DATA_IN_STATUS | flags;
		bhs.byte3 = (uint8_t)task->status;
		bhs.response.count = htobe32(residual);
		raceway_request_answered(request);
	}
	add(conn, &bhs, status, task->in + request->sent, bytes);
	request->sent += bytes;
	return status;
}

/* Moves as much as fits from the queue to the batch. */
static void gather(struct raceway_iscsi_conn *conn)
{
	struct raceway_batch *batch = conn->batch;

	while (conn->out && batch->pdus < BATCH_PDUS && batch->bytes < BATCH_BYTES) {
		struct raceway_out *out = conn->out;
		struct raceway_request *request = out->request;

		if (request && request->sent < request->task.in_bytes) {
			if (!add_data_in(conn, request))
				continue;
		} else {
			if (request) {
				out->bhs.response.datasn = htobe32(request->datasn);
				raceway_request_answered(request);
			}
			add(conn, &out->bhs, out->takes_statsn, out->data, out->data_bytes);
		}
		conn->out = out->next;
		if (!conn->out)
			conn->out_end = &conn->out;
		out->next = NULL;
		*batch->sent_end = out;
		batch->sent_end = &out->next;
	}
}

static void submit(struct raceway_iscsi_conn *conn)
{
	struct io_uring_sqe *sqe = raceway_worker_sqe(conn->worker, &conn->send_wait);

	raceway_conn_hold(conn);
	io_uring_prep_sendmsg(sqe, conn->fd, &conn->batch->msg, MSG_NOSIGNAL | MSG_WAITALL);
	io_uring_sqe_set_data(sqe, &conn->send_wait);
}

static void begin(struct raceway_iscsi_conn *conn)
{
	struct raceway_batch *batch = conn->iscsi->free_batches;

	if (batch)
		conn->iscsi->free_batches = batch->next;
	else
		batch = malloc(sizeof(*batch));
	if (!batch) {
		raceway_conn_drop(conn);
		return;
	}
	batch->sent = NULL;
	batch->sent_end = &batch->sent;
	batch->pdus = 0;
	batch->bytes = 0;
	batch->msg = (struct msghdr){ .msg_iov = batch->iovs };
	conn->batch = batch;
	gather(conn);
	submit(conn);
}

static void flush(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, flush, call);

	conn->flush_queued = false;
	if (!conn->dropped && conn->out && !conn->batch)
		begin(conn);
	raceway_conn_put(conn);
}

/* True: there is more of it to send. */
static bool advance(struct raceway_batch *batch, size_t bytes)
{
	struct msghdr *msg = &batch->msg;

	while (msg->msg_iovlen > 0 && bytes >= msg->msg_iov->iov_len) {
		bytes -= msg->msg_iov->iov_len;
		msg->msg_iov++;
		msg->msg_iovlen--;
	}
	if (msg->msg_iovlen == 0)
		return false;
	msg->msg_iov->iov_base = (char *)msg->msg_iov->iov_base + bytes;
	msg->msg_iov->iov_len -= bytes;
	return true;
}

/* Returns whether the last PDU of the connection was among them. */
static bool release(struct raceway_iscsi_conn *conn, struct raceway_out *out)
{
	bool last = false;

	while (out) {
		struct raceway_out *next = out->next;

		last = last || out->last;
		if (out->request) {
			raceway_request_free(out->request);
		} else {
			conn->answers--;
			raceway_out_free(conn, out);
		}
		out = next;
	}
	return last;
}

static void sent(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, send_wait, wait);
	struct raceway_batch *batch = conn->batch;
	struct raceway_out *outs = batch->sent;
	bool last;

	conn->alive_ns = raceway_worker_now(conn->worker);
	if (result > 0 && !conn->dropped && advance(batch, (size_t)result)) {
		submit(conn);
		raceway_conn_put(conn);
		return;
	}
	if (result <= 0 && !conn->dropped)
		raceway_conn_drop(conn);
	conn->batch = NULL;
	batch->next = conn->iscsi->free_batches;
	conn->iscsi->free_batches = batch;
	last = release(conn, outs);
	if (conn->dropped) {
		raceway_conn_put(conn);
		return;
	}
	if (last) {
		raceway_conn_closed(conn);
	} else {
		if (conn->out && !conn->flush_queued) {
			conn->flush_queued = true;
			raceway_conn_hold(conn);
			raceway_worker_later(conn->worker, &conn->flush);
		}
		raceway_receive_go_on(conn);
	}
	raceway_conn_put(conn);
}

void raceway_send_init(struct raceway_iscsi_conn *conn)
{
	conn->out_end = &conn->out;
	conn->flush.run = flush;
	conn->send_wait.complete = sent;
}

void raceway_send_free(struct raceway_iscsi_conn *conn)
{
	struct raceway_out *outs = conn->out;

	conn->out = NULL;
	conn->out_end = &conn->out;
	release(conn, outs);
}

void raceway_batches_free(struct raceway_batch *batches)
{
	while (batches) {
		struct raceway_batch *next = batches->next;

		free(batches);
		batches = next;
	}
}
