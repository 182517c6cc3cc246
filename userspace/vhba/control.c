/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads frames, gives them out as requests, sends answers and events; waits in poll(2). */
#include "vhba/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vhba/protocol.h"

#define READ_BYTES 65536
/* What a peer that does not read may leave with us before it is sent away. */
#define UNSENT_MAX (2 * (size_t)RACEWAY_VHBA_FRAME_MAX)
#define TICK_MS 5000
#define HEADER_BYTES sizeof(uint32_t)

struct buffer {
	char *data;
	size_t bytes, room;
};

struct raceway_control {
	int listener, peer;
	struct buffer in, out;
	size_t sent; /* of `out` */
	struct raceway_control_fds fds;
	struct raceway_events *events;
	struct raceway_control_ops ops;
};

int raceway_control_take_fd(struct raceway_control_fds *fds)
{
	int fd = fds->count ? fds->fds[0] : -1;

	if (fds->count)
		memmove(&fds->fds[0], &fds->fds[1], (size_t)--fds->count * sizeof(int));
	return fd;
}

static char *reserve(struct buffer *buffer, size_t bytes)
{
	if (buffer->room - buffer->bytes < bytes) {
		size_t room = buffer->bytes + bytes + buffer->room;
		char *data = realloc(buffer->data, room);

		if (!data)
			return NULL;
		buffer->data = data;
		buffer->room = room;
	}
	return buffer->data + buffer->bytes;
}

static void clear(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

static void drop_peer(struct raceway_control *c)
{
	int fd;

	if (c->peer < 0)
		return;
	close(c->peer);
	c->peer = -1;
	clear(&c->in);
	clear(&c->out);
	c->sent = 0;
	while ((fd = raceway_control_take_fd(&c->fds)) >= 0)
		close(fd);
}

static void flush(struct raceway_control *c)
{
	while (c->sent < c->out.bytes) {
		ssize_t n =
			send(c->peer, c->out.data + c->sent, c->out.bytes - c->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			drop_peer(c);
			return;
		}
		c->sent += (size_t)n;
	}
	clear(&c->out);
	c->sent = 0;
}

/* Takes over `message`. */
static void put_frame(struct raceway_control *c, json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL, *to = NULL;
	size_t length = text ? strlen(text) : 0;
	uint32_t header = htonl((uint32_t)length);

	json_decref(message);
	if (c->peer >= 0 && text && c->out.bytes - c->sent + length < UNSENT_MAX)
		to = reserve(&c->out, HEADER_BYTES + length);
	if (to) {
		memcpy(to, &header, HEADER_BYTES);
		memcpy(to + HEADER_BYTES, text, length);
		c->out.bytes += HEADER_BYTES + length;
	} else {
		/* An answer that is missing would be taken for another's. */
		drop_peer(c);
	}
	free(text);
}

/* False: the peer has been sent away. */
static bool take_frame(struct raceway_control *c, const char *text, size_t length)
{
	json_t *request = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL), *answer;

	if (!json_is_object(request)) {
		json_decref(request);
		drop_peer(c);
		return false;
	}
	answer = c->ops.request(c->ops.context, request, &c->fds);
	json_decref(request);
	put_frame(c, answer);
	return c->peer >= 0;
}

static void take_frames(struct raceway_control *c)
{
	size_t at = 0;

	while (c->in.bytes - at >= HEADER_BYTES) {
		uint32_t length;

		memcpy(&length, c->in.data + at, HEADER_BYTES);
		length = ntohl(length);
		if (length > RACEWAY_VHBA_FRAME_MAX) {
			drop_peer(c);
			return;
		}
		if (c->in.bytes - at - HEADER_BYTES < length)
			break;
		if (!take_frame(c, c->in.data + at + HEADER_BYTES, length))
			return;
		at += HEADER_BYTES + length;
	}
	memmove(c->in.data, c->in.data + at, c->in.bytes - at);
	c->in.bytes -= at;
}

static void keep_fds(struct raceway_control *c, struct msghdr *message)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(message); h; h = CMSG_NXTHDR(message, h)) {
		const int *fds = (const int *)CMSG_DATA(h);
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (c->fds.count < RACEWAY_CONTROL_FDS)
				c->fds.fds[c->fds.count++] = fds[i];
			else
				close(fds[i]);
		}
	}
}

static void read_peer(struct raceway_control *c)
{
	char control[CMSG_SPACE(RACEWAY_CONTROL_FDS * sizeof(int))]
		__attribute__((aligned(__alignof__(struct cmsghdr))));
	struct iovec data = { reserve(&c->in, READ_BYTES), READ_BYTES };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = data.iov_base ? recvmsg(c->peer, &message, MSG_CMSG_CLOEXEC) : 0;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_peer(c);
		return;
	}
	keep_fds(c, &message);
	c->in.bytes += (size_t)n;
	take_frames(c);
}

/* A new racewayd takes over from the old one. */
static void accept_peer(struct raceway_control *c)
{
	int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	drop_peer(c);
	c->peer = fd;
}

static void give_out_events(struct raceway_control *c)
{
	json_t *event;

	while ((event = raceway_events_take(c->events))) {
		c->ops.event(c->ops.context, event);
		if (c->peer >= 0)
			put_frame(c, event);
		else
			json_decref(event);
	}
}

int raceway_control_run(struct raceway_control *c, int signals)
{
	for (;;) {
		bool unsent = c->peer >= 0 && c->out.bytes > c->sent;
		struct pollfd fds[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = c->listener, .events = POLLIN },
			{ .fd = raceway_events_fd(c->events), .events = POLLIN },
			{ .fd = c->peer, .events = POLLIN | (unsent ? POLLOUT : 0) },
		};

		int ready = poll(fds, 4, TICK_MS);

		if (ready < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (ready == 0)
			c->ops.tick(c->ops.context);
		if (fds[0].revents)
			return 0;
		if (fds[3].revents & ~POLLOUT)
			read_peer(c);
		if (fds[2].revents)
			give_out_events(c);
		if (c->peer >= 0)
			flush(c);
		if (fds[1].revents)
			accept_peer(c);
	}
}

int raceway_control_open(int fd, struct raceway_events *events,
			 const struct raceway_control_ops *ops,
			 struct raceway_control **ret_control)
{
	struct raceway_control *control = calloc(1, sizeof(*control));

	if (!control) {
		close(fd);
		return -ENOMEM;
	}
	control->listener = fd;
	control->peer = -1;
	control->events = events;
	control->ops = *ops;
	*ret_control = control;
	return 0;
}

void raceway_control_close(struct raceway_control *control)
{
	drop_peer(control);
	close(control->listener);
	free(control);
}
