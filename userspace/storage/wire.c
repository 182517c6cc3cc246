/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames to the storage engine and back. The socket never blocks; waiting is poll(2) with what
 * is left of the time. */
#include "storage/wire.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/protocol.h"

#define READ_BYTES 65536
#define FDS_MAX 4

void raceway_wire_init(struct raceway_wire *wire)
{
	*wire = (struct raceway_wire){ .fd = -1, .ms = RACEWAY_WIRE_MS };
}

void raceway_wire_close(struct raceway_wire *wire)
{
	unsigned int ms = wire->ms;

	if (wire->fd >= 0)
		close(wire->fd);
	raceway_frames_clear(&wire->in);
	json_decref(wire->events);
	raceway_wire_init(wire);
	wire->ms = ms;
}

int raceway_wire_connect(struct raceway_wire *wire, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	RACEWAY_CLOSE int fd = -1;

	raceway_wire_close(wire);
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	wire->events = json_array();
	if (!wire->events)
		return -ENOMEM;
	wire->fd = RACEWAY_TAKE_FD(fd);
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Until `events` or the time is over. */
static int await(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = until_ms - now_ms();
		int n = poll(&p, 1, left > 0 ? (int)left : 0);

		if (n > 0)
			return 0;
		if (n == 0)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
}

/* As much as the socket takes; descriptors go with the first byte. */
static ssize_t send_some(int fd, const char *data, size_t size, const int *fds, size_t fd_count)
{
	char control[CMSG_SPACE(FDS_MAX * sizeof(int))] __attribute__((aligned(8))) = { 0 };
	struct iovec part = { .iov_base = (void *)data, .iov_len = size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	struct cmsghdr *c;

	if (fd_count) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_count * sizeof(int));
	}
	return sendmsg(fd, &message, MSG_NOSIGNAL);
}

static int send_all(struct raceway_wire *wire, const char *data, size_t size, const int *fds,
		    size_t fd_count, int64_t until_ms)
{
	while (size) {
		ssize_t n = send_some(wire->fd, data, size, fds, fd_count);
		int r;

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (n > 0) {
			data += n;
			size -= (size_t)n;
			fd_count = 0;
			continue;
		}
		r = await(wire->fd, POLLOUT, until_ms);
		if (r < 0)
			return r;
	}
	return 0;
}

/* What has come, once. 0, also if nothing has; -EPIPE: the engine has closed. */
static int read_some(struct raceway_wire *wire)
{
	char *space = raceway_frames_space(&wire->in, READ_BYTES);
	ssize_t n;

	if (!space)
		return -ENOMEM;
	n = recv(wire->fd, space, READ_BYTES, 0);
	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	raceway_frames_read(&wire->in, (size_t)n);
	return 0;
}

/* Whole frames that are there: events are kept, the answer to `id` ends it with 1. 0: it is not
 * there yet. */
static int take_frames(struct raceway_wire *wire, json_int_t id, json_t **ret_answer)
{
	for (;;) {
		json_t *frame = NULL;
		int r = raceway_frames_take(&wire->in, RACEWAY_VHBA_FRAME_MAX, &frame);

		if (r <= 0)
			return r;
		if (json_is_string(json_object_get(frame, "event"))) {
			json_array_append_new(wire->events, frame);
			continue;
		}
		if (id && json_integer_value(json_object_get(frame, "id")) == id) {
			*ret_answer = frame;
			return 1;
		}
		json_decref(frame); /* an answer that nobody has asked for */
		return -EPROTO;
	}
}

static int exchange(struct raceway_wire *wire, const char *frame, size_t size, const int *fds,
		    size_t fd_count, json_t **ret_answer)
{
	int64_t until_ms = now_ms() + wire->ms;
	int r = send_all(wire, frame, size, fds, fd_count, until_ms);

	while (r == 0) {
		r = await(wire->fd, POLLIN, until_ms);
		if (r == 0)
			r = read_some(wire);
		if (r == 0)
			r = take_frames(wire, wire->last_id, ret_answer);
	}
	return r < 0 ? r : 0;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What the engine has refused, as an error of ours. */
static int refusal(const json_t *error, const char *object, struct raceway_error *err)
{
	json_int_t fault = json_integer_value(json_object_get(error, "fault"));

	if (fault <= RACEWAY_FAULT_NONE || fault > RACEWAY_FAULT_SYSTEM)
		fault = RACEWAY_FAULT_SYSTEM;
	return raceway_error_set(err, (enum raceway_fault)fault,
				 object ? object : text_of(error, "object"),
				 text_of(error, "field"), "%s", text_of(error, "message"));
}

const char *raceway_wire_why(int err)
{
	return err == -EPIPE || err == -ECONNRESET ? "it has ended" : strerror(-err);
}

int raceway_wire_call(struct raceway_wire *wire, const char *op, const char *object,
		      json_t *request, const int *fds, size_t fd_count, json_t **ret_answer,
		      struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	json_auto_t *whole = request;
	RACEWAY_FREE char *frame = NULL;
	const json_t *error;
	size_t size = 0;
	int r;

	json_object_set_new(whole, "op", json_string(op));
	json_object_set_new(whole, "id", json_integer(++wire->last_id));
	r = raceway_frame_make(whole, RACEWAY_VHBA_FRAME_MAX, &frame, &size);
	if (r == -E2BIG)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object ? object : "", "",
					 "%s of %zu bytes is too large for the storage engine", op,
					 json_dumpb(whole, NULL, 0, JSON_COMPACT));
	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	r = wire->fd < 0 ? -ENOTCONN : exchange(wire, frame, size, fds, fd_count, &answer);
	if (r < 0) {
		raceway_wire_close(wire);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object ? object : "", "",
					 "the storage engine does not answer%s%s",
					 r == -ETIMEDOUT ? "" : ": ",
					 r == -ETIMEDOUT ? "" : raceway_wire_why(r));
	}
	error = json_object_get(answer, "error");
	if (error)
		return refusal(error, object, err);
	if (ret_answer)
		*ret_answer = RACEWAY_TAKE(answer);
	return 0;
}

int raceway_wire_receive(struct raceway_wire *wire)
{
	int r = wire->fd < 0 ? -ENOTCONN : read_some(wire);

	return r < 0 ? r : take_frames(wire, 0, NULL);
}

json_t *raceway_wire_event(struct raceway_wire *wire)
{
	json_t *event = json_array_get(wire->events, 0);

	json_incref(event);
	json_array_remove(wire->events, 0);
	return event;
}
