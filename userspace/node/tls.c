/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TLS over a socket that never blocks. Certificates are judged by the caller once the handshake is
 * done, so that it can say in words what is wrong with them. */
#include "node/tls.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

#define PRIORITY "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define READ_BYTES 16384 /* one record (RFC 8446 5.1) */
#define READS 16	 /* a turn, so that nobody keeps the loop */

int64_t raceway_node_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int raceway_tls_open(struct raceway_tls *tls, int fd, bool client,
		     gnutls_certificate_credentials_t credentials)
{
	const unsigned int flags = GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS;
	int r;

	*tls = (struct raceway_tls){
		.fd = fd,
		.client = client,
		.connecting = client,
		.message_max = RACEWAY_NODE_MESSAGE_MAX,
		.handshake_ms = raceway_node_now_ms() + RACEWAY_NODE_HANDSHAKE_MS,
	};
	r = gnutls_init(&tls->session, flags | (client ? GNUTLS_CLIENT : GNUTLS_SERVER));
	if (r >= 0)
		r = gnutls_priority_set_direct(tls->session, PRIORITY, NULL);
	if (r >= 0)
		r = gnutls_credentials_set(tls->session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (r < 0) {
		raceway_tls_close(tls);
		return -ENOMEM;
	}
	if (!client)
		gnutls_certificate_server_set_request(tls->session, GNUTLS_CERT_REQUEST);
	gnutls_transport_set_int(tls->session, fd);
	gnutls_handshake_set_timeout(tls->session, GNUTLS_INDEFINITE_TIMEOUT);
	return 0;
}

void raceway_tls_close(struct raceway_tls *tls)
{
	if (tls->session) {
		if (tls->up)
			(void)gnutls_bye(tls->session, GNUTLS_SHUT_WR);
		gnutls_deinit(tls->session);
		tls->session = NULL;
	}
	if (tls->fd >= 0)
		close(tls->fd);
	tls->fd = -1;
	tls->up = tls->resume = false;
	raceway_frames_clear(&tls->in);
	raceway_frames_clear(&tls->out);
	tls->sent = 0;
}

size_t raceway_tls_waiting(const struct raceway_tls *tls)
{
	return tls->out.used - tls->sent;
}

uint32_t raceway_tls_events(const struct raceway_tls *tls)
{
	if (tls->connecting)
		return EPOLLOUT;
	if (!tls->up)
		return gnutls_record_get_direction(tls->session) ? EPOLLOUT : EPOLLIN;
	return EPOLLIN | (tls->resume || raceway_tls_waiting(tls) ? EPOLLOUT : 0);
}

int64_t raceway_tls_deadline(const struct raceway_tls *tls)
{
	const int64_t all[] = { tls->handshake_ms, tls->message_ms, tls->stuck_ms };
	int64_t first = INT64_MAX;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i] && all[i] < first)
			first = all[i];
	return first;
}

static int end(struct raceway_tls *tls, int err, const char *why)
{
	if (!tls->why[0])
		snprintf(tls->why, sizeof(tls->why), "%s", why);
	return err;
}

static int end_by(struct raceway_tls *tls, int r)
{
	if (r == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return end(tls, -ECONNABORTED,
			   gnutls_alert_get_name(gnutls_alert_get(tls->session)));
	if (r == GNUTLS_E_PREMATURE_TERMINATION || r == GNUTLS_E_PULL_ERROR ||
	    r == GNUTLS_E_PUSH_ERROR)
		return end(tls, -ECONNRESET, errno ? strerror(errno) : "the connection was cut");
	return end(tls, -EPROTO, gnutls_strerror(r));
}

static int connected(struct raceway_tls *tls)
{
	struct pollfd ready = { .fd = tls->fd, .events = POLLOUT };
	socklen_t size = sizeof(int);
	int err = 0;

	if (poll(&ready, 1, 0) <= 0)
		return 0;
	if (getsockopt(tls->fd, SOL_SOCKET, SO_ERROR, &err, &size))
		err = errno;
	if (err)
		return end(tls, -err, strerror(err));
	tls->connecting = false;
	return 0;
}

static int handshake(struct raceway_tls *tls)
{
	int r;

	errno = 0;
	do
		r = gnutls_handshake(tls->session);
	while (r == GNUTLS_E_INTERRUPTED || r == GNUTLS_E_WARNING_ALERT_RECEIVED);
	if (r == GNUTLS_E_AGAIN)
		return 0;
	if (r < 0)
		return end_by(tls, r);
	tls->up = true;
	tls->handshake_ms = 0;
	return 0;
}

static int read_some(struct raceway_tls *tls)
{
	errno = 0;
	for (int i = 0; i < READS || gnutls_record_check_pending(tls->session); i++) {
		char *space = raceway_frames_space(&tls->in, READ_BYTES);
		ssize_t n;

		if (!space)
			return end(tls, -ENOMEM, "out of memory");
		n = gnutls_record_recv(tls->session, space, READ_BYTES);
		if (n == GNUTLS_E_AGAIN)
			return 0;
		if (n == 0)
			return end(tls, -EPIPE, "the peer has closed");
		if (n < 0 && !gnutls_error_is_fatal((int)n))
			continue;
		if (n < 0)
			return end_by(tls, (int)n);
		if (!tls->deaf)
			raceway_frames_read(&tls->in, (size_t)n);
	}
	return 0;
}

static int write_some(struct raceway_tls *tls, int64_t now_ms)
{
	errno = 0;
	while (raceway_tls_waiting(tls)) {
		/* a record that was begun goes on with nothing new */
		ssize_t n = gnutls_record_send(tls->session,
					       tls->resume ? NULL : tls->out.data + tls->sent,
					       tls->resume ? 0 : raceway_tls_waiting(tls));

		tls->resume = n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
		if (n == GNUTLS_E_AGAIN) {
			if (!tls->stuck_ms)
				tls->stuck_ms = now_ms + RACEWAY_NODE_STUCK_MS;
			return 0;
		}
		if (n < 0 && gnutls_error_is_fatal((int)n))
			return end_by(tls, (int)n);
		if (n > 0) {
			tls->sent += (size_t)n;
			tls->stuck_ms = 0;
		}
	}
	tls->out.used = tls->sent = 0;
	tls->stuck_ms = 0;
	return 0;
}

static int overdue(struct raceway_tls *tls, int64_t now_ms)
{
	if (tls->handshake_ms && now_ms >= tls->handshake_ms)
		return end(tls, -ETIMEDOUT,
			   tls->connecting ? "nobody answers" : "the handshake takes too long");
	if (tls->message_ms && now_ms >= tls->message_ms)
		return end(tls, -ETIMEDOUT, "a message was begun and does not end");
	if (tls->stuck_ms && now_ms >= tls->stuck_ms)
		return end(tls, -ETIMEDOUT, "the peer does not take what it is sent");
	return 0;
}

int raceway_tls_turn(struct raceway_tls *tls, int64_t now_ms)
{
	int r = tls->connecting ? connected(tls) : 0;

	if (!r && !tls->connecting && !tls->up)
		r = handshake(tls);
	if (!r && tls->up)
		r = write_some(tls, now_ms);
	if (!r && tls->up)
		r = read_some(tls);
	if (!r && tls->in.used && !tls->message_ms)
		tls->message_ms = now_ms + RACEWAY_NODE_MESSAGE_MS;
	return r ? r : overdue(tls, now_ms);
}

int raceway_tls_take(struct raceway_tls *tls, json_t **ret_message)
{
	int r = raceway_frames_take(&tls->in, tls->message_max, ret_message);

	if (r == -EPROTO)
		return end(tls, r, "a message is too long, or is none");
	if (r == 1 || !tls->in.used)
		tls->message_ms =
			tls->in.used ? raceway_node_now_ms() + RACEWAY_NODE_MESSAGE_MS : 0;
	return r;
}

int raceway_tls_send(struct raceway_tls *tls, const json_t *message)
{
	RACEWAY_FREE char *frame = NULL;
	size_t size = 0;
	char *space;
	int r = raceway_frame_make(message, RACEWAY_NODE_MESSAGE_MAX, &frame, &size);

	if (r)
		return r;
	if (raceway_tls_waiting(tls) + size > RACEWAY_NODE_QUEUE_MAX)
		return end(tls, -ENOBUFS, "too much waits for the peer");
	if (tls->sent && !tls->resume) {
		memmove(tls->out.data, tls->out.data + tls->sent, raceway_tls_waiting(tls));
		tls->out.used -= tls->sent;
		tls->sent = 0;
	}
	space = raceway_frames_space(&tls->out, size);
	if (!space)
		return -ENOMEM;
	memcpy(space, frame, size);
	raceway_frames_read(&tls->out, size);
	return 0;
}
