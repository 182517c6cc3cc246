/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Bytes to PDUs. What comes is received in big gulps into one buffer per connection, so that
 * small PDUs share a system call; the rest of a long data segment goes straight to where it
 * belongs. A header is looked at as soon as it is whole, its data as it comes. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "iscsi/conn.h"

#define ROOM_MIN 1280 /* more than RACEWAY_HEADER_MAX */
#define ROOM_MAX (64U << 10)
/* From here on a message with two targets is cheaper than a copy. */
#define DIRECT_MIN (16U << 10)

static_assert(ROOM_MIN > RACEWAY_HEADER_MAX, "a header fits the smallest buffer");

static uint32_t available(const struct raceway_receive *receive)
{
	return receive->end - receive->start;
}

/* A login request: its data is kept apart until it is whole. */
static void begin_login(struct raceway_iscsi_conn *conn, uint32_t bytes)
{
	struct raceway_receive *receive = &conn->receive;

	if (raceway_bhs_opcode(&receive->bhs) != RACEWAY_OP_LOGIN ||
	    bytes > RACEWAY_SEGMENT_DEFAULT || raceway_enter_begin(conn, bytes))
		raceway_conn_drop(conn);
	else
		receive->sink = conn->login_data;
}

/* A PDU's header is whole: what becomes of its data. */
static void begin(struct raceway_iscsi_conn *conn, const uint8_t *ahs_data)
{
	struct raceway_receive *receive = &conn->receive;
	const struct raceway_bhs *bhs = &receive->bhs;
	struct raceway_ahs ahs = { 0 };
	bool sane = true;

	receive->request = NULL;
	receive->sink = NULL;
	receive->left = raceway_bhs_data_bytes(bhs);
	receive->crc = RACEWAY_CRC_BEGIN;
	receive->stage = RACEWAY_RECEIVE_DATA;
	if (conn->phase == RACEWAY_PHASE_LOGIN) {
		begin_login(conn, receive->left);
		return;
	}
	if (receive->left > conn->max_recv) {
		raceway_send_fatal(conn, bhs, RACEWAY_REJECT_PROTOCOL);
		return;
	}
	if (raceway_bhs_opcode(bhs) == RACEWAY_OP_DATA_OUT) {
		raceway_data_out_begin(conn, bhs);
		return;
	}
	if (bhs->ahs_words > 0)
		sane = raceway_bhs_opcode(bhs) == RACEWAY_OP_SCSI_COMMAND &&
		       !raceway_ahs_parse(ahs_data, 4U * bhs->ahs_words, &ahs);
	receive->request = raceway_request_begin(conn, bhs, sane ? &ahs : NULL);
	if (receive->request)
		receive->sink = receive->request->data;
}

/* Whether a whole header was there. */
static bool take_header(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	const uint8_t *at = receive->buffer + receive->start;
	uint32_t bytes;

	if (available(receive) < RACEWAY_BHS_BYTES)
		return false;
	memcpy(&receive->bhs, at, RACEWAY_BHS_BYTES);
	bytes = raceway_bhs_header_bytes(&receive->bhs);
	if (available(receive) < bytes + (conn->header_digest ? RACEWAY_DIGEST_BYTES : 0))
		return false;
	receive->start += bytes;
	if (conn->header_digest) {
		__le32 digest = raceway_crc_end(raceway_crc_add(RACEWAY_CRC_BEGIN, at, bytes));

		receive->start += RACEWAY_DIGEST_BYTES;
		/* Where the next PDU begins is not known then (RFC 7143 7.7). */
		if (memcmp(at + bytes, &digest, sizeof(digest))) {
			raceway_conn_drop(conn);
			return false;
		}
	}
	begin(conn, at + RACEWAY_BHS_BYTES);
	return true;
}

/* `bytes` of the data segment are in the sink, or at `from` if there is none. */
static void took(struct raceway_iscsi_conn *conn, const uint8_t *from, uint32_t bytes)
{
	struct raceway_receive *receive = &conn->receive;

	if (conn->data_digest)
		receive->crc = raceway_crc_add(receive->crc, from, bytes);
	if (receive->sink)
		receive->sink += bytes;
	receive->left -= bytes;
}

static bool take_data(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	uint32_t bytes = receive->left;

	if (bytes > available(receive))
		bytes = available(receive);
	if (bytes > 0) {
		const uint8_t *from = receive->buffer + receive->start;

		if (receive->sink)
			memcpy(receive->sink, from, bytes);
		receive->start += bytes;
		took(conn, from, bytes);
	}
	if (receive->left > 0)
		return false;
	receive->stage = RACEWAY_RECEIVE_TRAILER;
	return true;
}

/* The PDU is whole. */
static void finish(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	struct raceway_request *request = receive->request;

	receive->stage = RACEWAY_RECEIVE_HEADER;
	receive->request = NULL;
	receive->sink = NULL;
	if (conn->phase == RACEWAY_PHASE_LOGIN)
		raceway_enter_step(conn, &receive->bhs);
	else if (request && raceway_bhs_opcode(&receive->bhs) == RACEWAY_OP_DATA_OUT)
		raceway_data_out_arrived(request, &receive->bhs);
	else if (request)
		raceway_request_arrived(request);
}

static bool take_trailer(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	uint32_t data = raceway_bhs_data_bytes(&receive->bhs);
	uint32_t pad = raceway_pad_bytes(data);
	bool digest = conn->data_digest && data > 0;
	uint32_t bytes = pad + (digest ? RACEWAY_DIGEST_BYTES : 0);
	const uint8_t *at = receive->buffer + receive->start;
	__le32 right;

	if (available(receive) < bytes)
		return false;
	receive->start += bytes;
	right = raceway_crc_end(raceway_crc_add(receive->crc, at, pad));
	if (digest && memcmp(at + pad, &right, sizeof(right))) {
		raceway_send_fatal(conn, &receive->bhs, RACEWAY_REJECT_DATA_DIGEST);
		return false;
	}
	finish(conn);
	return true;
}

/* Whether there was a whole piece of a PDU in the buffer. */
static bool step(struct raceway_iscsi_conn *conn)
{
	switch (conn->receive.stage) {
	case RACEWAY_RECEIVE_HEADER:
		return take_header(conn);
	case RACEWAY_RECEIVE_DATA:
		return take_data(conn);
	case RACEWAY_RECEIVE_TRAILER:
		return take_trailer(conn);
	}
	return false;
}

static bool may_parse(const struct raceway_iscsi_conn *conn)
{
	return !conn->dropped && conn->phase != RACEWAY_PHASE_CLOSING &&
	       conn->phase != RACEWAY_PHASE_ENTERING && conn->answers <= RACEWAY_ANSWERS_MAX;
}

static void parse(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;

	receive->parsing = true;
	while (may_parse(conn) && step(conn))
		;
	receive->parsing = false;
	if (conn->phase == RACEWAY_PHASE_CLOSING)
		receive->start = receive->end;
	/* What is left is less than a header, or waits until answers have left. */
	if (receive->start > 0 && receive->start < receive->end)
		memmove(receive->buffer, receive->buffer + receive->start, available(receive));
	receive->end -= receive->start;
	receive->start = 0;
}

static bool grow(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	uint32_t room = receive->room ? 4 * receive->room : ROOM_MIN;
	uint8_t *buffer;

	if (receive->room >= (conn->phase == RACEWAY_PHASE_FULL ? ROOM_MAX : ROOM_MIN))
		return true;
	if (room > ROOM_MAX)
		room = ROOM_MAX;
	buffer = realloc(receive->buffer, room);
	if (!buffer)
		return false;
	receive->buffer = buffer;
	receive->room = room;
	return true;
}

static void arm(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;
	struct io_uring_sqe *sqe = raceway_worker_sqe(conn->worker, &receive->wait);
	uint32_t room = receive->room - receive->end;

	receive->busy = true;
	receive->direct = 0;
	raceway_conn_hold(conn);
	if (!receive->buffer) {
		io_uring_prep_poll_add(sqe, conn->fd, POLLIN);
	} else if (receive->sink && receive->left >= DIRECT_MIN) {
		receive->direct = receive->left;
		receive->iov[0] = (struct iovec){ receive->sink, receive->left };
		receive->iov[1] = (struct iovec){ receive->buffer + receive->end, room };
		receive->msg = (struct msghdr){ .msg_iov = receive->iov, .msg_iovlen = 2 };
		io_uring_prep_recvmsg(sqe, conn->fd, &receive->msg, 0);
	} else {
		io_uring_prep_recv(sqe, conn->fd, receive->buffer + receive->end, room, 0);
	}
	io_uring_sqe_set_data(sqe, &receive->wait);
}

void raceway_receive_go_on(struct raceway_iscsi_conn *conn)
{
	struct raceway_receive *receive = &conn->receive;

	if (conn->dropped || receive->busy || receive->parsing)
		return;
	raceway_conn_hold(conn);
	parse(conn);
	/* Without answers leaving, a flood of requests for them would take all memory. */
	if (!conn->dropped && !receive->busy && conn->answers <= RACEWAY_ANSWERS_MAX &&
	    (!receive->buffer || receive->end < receive->room))
		arm(conn);
	raceway_conn_put(conn);
}

/* The kernel has filled the sink first, then the buffer. */
static void arrived(struct raceway_iscsi_conn *conn, uint32_t bytes)
{
	struct raceway_receive *receive = &conn->receive;
	uint32_t direct = bytes < receive->direct ? bytes : receive->direct;

	conn->alive_ns = raceway_worker_now(conn->worker);
	if (direct > 0)
		took(conn, receive->iov[0].iov_base, direct);
	receive->end += bytes - direct;
	if (receive->end == receive->room && conn->phase == RACEWAY_PHASE_FULL)
		grow(conn); /* if it can */
}

static void received(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct raceway_receive *receive = RACEWAY_OF(struct raceway_receive, wait, wait);
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, receive, receive);

	receive->busy = false;
	if (!conn->dropped && !receive->buffer) {
		if (result < 0 || !grow(conn))
			raceway_conn_drop(conn);
		else
			raceway_iscsi_login_bytes(conn);
	} else if (!conn->dropped && result <= 0) {
		if (result != -EINTR && result != -EAGAIN)
			raceway_conn_drop(conn);
	} else if (!conn->dropped) {
		arrived(conn, (uint32_t)result);
	}
	raceway_receive_go_on(conn);
	raceway_conn_put(conn);
}

void raceway_receive_start(struct raceway_iscsi_conn *conn)
{
	conn->receive.wait.complete = received;
	arm(conn);
}
