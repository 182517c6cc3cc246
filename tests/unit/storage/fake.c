/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine that is none: one connection at a time, the newest wins. */
#include "fake.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vhba/protocol.h"

struct fake fake;
static int listener = -1, peer = -1, stop_pipe[2] = { -1, -1 };
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void send_frame(const char *text)
{
	uint32_t header = htonl((uint32_t)strlen(text));

	if (send(peer, &header, sizeof(header), MSG_NOSIGNAL) < 0 ||
	    send(peer, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

static void send_crumbs(const char *text)
{
	uint32_t header = htonl((uint32_t)strlen(text));

	send_frame("{\"event\": \"crumb\", \"n\": 1}");
	for (size_t i = 0; i < sizeof(header); i++)
		(void)!send(peer, (char *)&header + i, 1, MSG_NOSIGNAL);
	for (; *text; text++)
		(void)!send(peer, text, 1, MSG_NOSIGNAL);
}

/* True: the answer is what the mode makes of it. */
static bool misbehave(const char *op, const char *answer)
{
	uint32_t header = htonl(RACEWAY_VHBA_FRAME_MAX + 1);

	if (fake.mode == FAKE_WELL || (fake.mode_op[0] && strcmp(fake.mode_op, op)))
		return false;
	switch (fake.mode) {
	case FAKE_GARBAGE:
		send_frame("{\"id\": ");
		break;
	case FAKE_WRONG_ID:
		send_frame("{\"id\": 4711}");
		break;
	case FAKE_TOO_LONG:
		(void)!send(peer, &header, sizeof(header), MSG_NOSIGNAL);
		break;
	case FAKE_CLOSE:
		close(peer);
		peer = -1;
		break;
	case FAKE_CRUMBS:
		send_crumbs(answer);
		break;
	default:
		break;
	}
	return true;
}

static json_t *status(void)
{
	json_t *portals = json_array(), *name;
	size_t i;

	json_array_foreach (fake.portals, i, name) {
		json_t *portal =
			json_pack("{s:O, s:b, s:i}", "name", name, "listening", 1, "sessions", 0);

		if (fake.netns)
			json_object_set_new(portal, "netns", json_integer(fake.netns));
		json_array_append_new(portals, portal);
	}
	return portals;
}

/* Portals that are no more lose their sockets. */
static void keep_portals(void)
{
	json_t *kept = json_array(), *portal, *name;
	size_t i, k;

	json_array_foreach (fake.portals, k, name)
		json_array_foreach (json_object_get(fake.document, "portals"), i, portal)
			if (json_equal(json_object_get(portal, "name"), name))
				json_array_append(kept, name);
	json_decref(fake.portals);
	fake.portals = kept;
}

static json_t *answer_to(const char *op, json_t *request)
{
	json_t *answer = json_object();

	json_object_set(answer, "id", json_object_get(request, "id"));
	if (fake.error && !strcmp(fake.error_op, op)) {
		json_object_set_new(answer, "error", json_loads(fake.error, 0, NULL));
	} else if (!strcmp(op, "hello")) {
		json_object_set_new(answer, "protocol", json_integer(1));
		json_object_set_new(answer, "version", json_string("fake"));
		json_object_set_new(answer, "pid", json_integer(4242));
	} else if (!strcmp(op, "configure")) {
		json_decref(fake.document);
		fake.document = json_incref(request);
		keep_portals();
		json_object_set_new(answer, "problems",
				    json_loads(fake.problems ? fake.problems : "[]", 0, NULL));
	} else if (!strcmp(op, "listen")) {
		json_array_append(fake.portals, json_object_get(request, "portal"));
	} else if (!strcmp(op, "clone")) {
		json_object_set_new(answer, "copied", json_boolean(fake.copied));
	} else if (!strcmp(op, "status")) {
		json_object_set_new(answer, "portals", status());
		json_object_set_new(answer, "volumes",
				    json_loads(fake.volumes ? fake.volumes : "[]", 0, NULL));
	}
	return answer;
}

static void take(json_t *request, int fds)
{
	const char *op = json_string_value(json_object_get(request, "op"));
	json_t *answer = answer_to(op, request);
	char *text = json_dumps(answer, JSON_COMPACT);

	if (fake.count < FAKE_OPS) {
		snprintf(fake.ops[fake.count], sizeof(fake.ops[0]), "%s", op);
		fake.requests[fake.count] = json_incref(request);
		fake.fds[fake.count++] = fds;
	}
	if (!misbehave(op, text))
		send_frame(text);
	free(text);
	json_decref(answer);
}

/* Descriptors that came; those that listen are counted, all are closed. */
static int take_fds(struct msghdr *message)
{
	int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < n; i++) {
			int fd, on = 0;
			socklen_t size = sizeof(on);

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			fake.listening +=
				!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &size) && on;
			close(fd);
			count++;
		}
	}
	return count;
}

static bool read_all(void *to, size_t size, int *fds)
{
	char control[256] __attribute__((aligned(8)));

	while (size) {
		struct iovec part = { .iov_base = to, .iov_len = size };
		struct msghdr message = { .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(peer, &message, 0);

		if (n <= 0)
			return false;
		*fds += take_fds(&message);
		to = (char *)to + n;
		size -= (size_t)n;
	}
	return true;
}

static bool read_frame(void)
{
	json_t *request;
	uint32_t length;
	int fds = 0;
	char *text;
	bool whole;

	if (!read_all(&length, sizeof(length), &fds))
		return false;
	length = ntohl(length);
	text = malloc(length);
	whole = read_all(text, length, &fds);
	request = whole ? json_loadb(text, length, 0, NULL) : NULL;
	free(text);
	if (!request)
		return false;
	pthread_mutex_lock(&lock);
	take(request, fds);
	pthread_mutex_unlock(&lock);
	json_decref(request);
	return peer >= 0;
}

static void *serve(void *unused)
{
	for (;;) {
		struct pollfd p[] = { { .fd = stop_pipe[0], .events = POLLIN },
				      { .fd = listener, .events = POLLIN },
				      { .fd = peer, .events = POLLIN } };

		if (poll(p, 3, -1) < 0 || p[0].revents)
			return NULL;
		if (p[2].revents && !read_frame()) {
			close(peer);
			peer = -1;
		}
		if (p[1].revents) {
			if (peer >= 0)
				close(peer);
			peer = accept(listener, NULL, NULL);
			fake.connections++;
		}
	}
}

void fake_dir(void)
{
	snprintf(fake.dir, sizeof(fake.dir), "/tmp/raceway-storage-XXXXXX");
	cr_assert_not_null(mkdtemp(fake.dir));
	snprintf(fake.path, sizeof(fake.path), "%s/%s", fake.dir, RACEWAY_VHBA_SOCKET);
}

void fake_start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake.path);
	unlink(fake.path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(listener, 4), 0);
	cr_assert_eq(pipe(stop_pipe), 0);
	fake.portals = json_array();
	cr_assert_eq(pthread_create(&thread, NULL, serve, NULL), 0);
}

void fake_stop(void)
{
	cr_assert_eq(write(stop_pipe[1], "", 1), 1);
	pthread_join(thread, NULL);
	close(stop_pipe[0]);
	close(stop_pipe[1]);
	close(listener);
	if (peer >= 0)
		close(peer);
	listener = peer = -1;
	unlink(fake.path);
	json_decref(fake.portals);
	fake.portals = NULL;
	json_decref(fake.document);
	fake.document = NULL;
	fake_forget();
}

void fake_event(const char *json)
{
	pthread_mutex_lock(&lock);
	send_frame(json);
	pthread_mutex_unlock(&lock);
}

void fake_forget(void)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < fake.count; i++)
		json_decref(fake.requests[i]);
	fake.count = 0;
	fake.listening = 0;
	pthread_mutex_unlock(&lock);
}

int fake_asked(const char *op)
{
	int count = 0;

	for (int i = 0; i < fake.count; i++)
		count += !strcmp(fake.ops[i], op);
	return count;
}

const json_t *fake_request(const char *op)
{
	for (int i = fake.count; i-- > 0;)
		if (!strcmp(fake.ops[i], op))
			return fake.requests[i];
	return NULL;
}

const char *fake_order(void)
{
	static char order[FAKE_OPS * 17];

	order[0] = '\0';
	for (int i = 0; i < fake.count; i++)
		snprintf(order + strlen(order), sizeof(order) - strlen(order), "%s%s", i ? " " : "",
			 fake.ops[i]);
	return order;
}
