/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/1.1 around the API: bodies are collected within bounds, then the request is one call. */
#include "api/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "api/peer.h"
#include "api/request.h"
#include "api/stream.h"

#define TIMEOUT_S 60U	/* for who does not read the answer */
#define REQUEST_MS 5000 /* for a whole request, from the connection or the last answer on */
#define STREAMS_MAX 16	/* the other connections are for requests */
#define TRIM_BYTES (64U << 10)
#define HEADER_BYTES 16384U /* of one connection's memory: request line and headers */
#define FLUSH_RUNS 4

/* One connection. */
struct caller {
	struct caller *next;
	int fd;
	bool asks;	     /* its request is not whole yet */
	bool listens;	     /* to events */
	int64_t deadline_ms; /* for the request, CLOCK_MONOTONIC */
};

struct raceway_http {
	struct MHD_Daemon *daemon;
	struct raceway_core *core;
	struct raceway_streams streams;
	struct caller *callers;
	size_t caller_count;
	bool full;     /* MHD has stopped listening */
	size_t bodies; /* bytes held for all connections */
};

/* One request while its body arrives. */
struct exchange {
	struct raceway_http *http;
	char *body;
	size_t used, room;
	bool refused;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static struct caller *caller_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static int descriptor_of(struct MHD_Connection *connection)
{
	return MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void await_request(struct caller *caller)
{
	if (!caller)
		return;
	caller->asks = true;
	caller->deadline_ms = now_ms() + REQUEST_MS;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct caller *caller = *socket_context, **at;
	struct raceway_http *http = context;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		caller = calloc(1, sizeof(*caller));
		if (!caller)
			return;
		caller->fd = descriptor_of(connection);
		await_request(caller);
		caller->next = http->callers;
		http->callers = caller;
		http->full |= ++http->caller_count == RACEWAY_HTTP_CONNECTIONS;
		*socket_context = caller;
		return;
	}
	for (at = &http->callers; *at && *at != caller; at = &(*at)->next)
		;
	if (*at) {
		*at = caller->next;
		http->caller_count--;
	}
	free(caller);
	*socket_context = NULL;
}

/* Those who have gone are noticed with the next event only, so they are not counted. */
static bool streams_full(struct raceway_http *http)
{
	size_t count = 0;

	if (http->streams.count < STREAMS_MAX)
		return false;
	raceway_streams_send(&http->streams, NULL, NULL);
	for (const struct caller *c = http->callers; c; c = c->next) {
		struct pollfd fd = { .fd = c->fd };

		count += c->listens && (poll(&fd, 1, 0) <= 0 || !(fd.revents & POLLHUP));
	}
	return count >= STREAMS_MAX;
}

static void release_body(struct exchange *x)
{
	x->http->bodies -= x->room;
	free(x->body);
	x->body = NULL;
	x->used = x->room = 0;
}

/* False: more than is taken. */
static bool collect(struct exchange *x, const char *data, size_t size)
{
	size_t room = x->room;
	char *bigger;

	if (size > RACEWAY_HTTP_BODY_MAX - x->used)
		return false;
	while (room < x->used + size)
		room = room ? 2 * room : 4096;
	if (room != x->room) {
		if (x->http->bodies + room - x->room > RACEWAY_HTTP_BODIES_MAX)
			return false;
		bigger = realloc(x->body, room);
		if (!bigger)
			return false;
		x->http->bodies += room - x->room;
		x->body = bigger;
		x->room = room;
	}
	memcpy(x->body + x->used, data, size);
	x->used += size;
	return true;
}

static struct MHD_Response *body_response(struct raceway_response *answer, bool *trim_due)
{
	struct MHD_Response *response;
	char *text = answer->text;

	if (answer->json)
		text = json_dumps(answer->json, JSON_COMPACT);
	answer->text = NULL;
	/* A tree of that size leaves the heap full of holes. */
	if (text && strlen(text) > TRIM_BYTES)
		*trim_due = true;
	if (!text)
		return MHD_create_response_from_buffer(0, "", MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return NULL;
	}
	MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
				answer->type ? answer->type : "application/json");
	return response;
}

static enum MHD_Result queue(struct MHD_Connection *connection, struct exchange *x,
			     struct raceway_response *answer, const char *only)
{
	struct caller *caller = caller_of(connection);
	struct MHD_Response *response;
	enum MHD_Result ret;

	if (caller) {
		caller->asks = false;
		caller->listens = answer->stream;
	}
	if (answer->stream) {
		response = raceway_stream_new(&x->http->streams, connection, only);
		if (response)
			MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
						"text/event-stream");
	} else {
		response = body_response(answer, &x->http->core->trim_due);
	}
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	if (answer->etag[0])
		MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, answer->etag);
	if (answer->allow)
		MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	ret = MHD_queue_response(connection, answer->status, response);
	MHD_destroy_response(response);
	return ret;
}

static enum MHD_Result refuse(struct MHD_Connection *connection, struct exchange *x)
{
	struct raceway_response answer = { 0 };
	struct raceway_error err = { 0 };
	enum MHD_Result ret;

	raceway_error_set(&err, RACEWAY_FAULT_SYNTAX, "", "", "the body is above %u bytes",
			  RACEWAY_HTTP_BODY_MAX);
	raceway_api_error(&answer, &err);
	answer.status = MHD_HTTP_CONTENT_TOO_LARGE;
	x->refused = true;
	ret = queue(connection, x, &answer, NULL);
	raceway_response_clear(&answer);
	return ret;
}

static enum MHD_Result begin(struct raceway_http *http, struct MHD_Connection *connection,
			     void **state)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
							 MHD_HTTP_HEADER_CONTENT_LENGTH);
	struct exchange *x = calloc(1, sizeof(*x));
	unsigned long long size;

	if (!x)
		return MHD_NO;
	x->http = http;
	*state = x;
	if (!length)
		return MHD_YES;
	errno = 0;
	size = strtoull(length, NULL, 10);
	return errno || size > RACEWAY_HTTP_BODY_MAX ? refuse(connection, x) : MHD_YES;
}

static enum MHD_Result finish(struct exchange *x, struct MHD_Connection *connection,
			      const char *url, const char *method)
{
	struct raceway_caller who = { .name = "unknown" };
	struct raceway_request request = {
		.caller = &who,
		.method = method,
		.path = url,
		.body = x->body,
		.body_size = x->used,
	};
	struct raceway_response answer;
	enum MHD_Result ret;

	raceway_http_read(connection, &request);
	/* who cannot be told may do nothing */
	(void)raceway_peer_caller(descriptor_of(connection), &x->http->core->role_groups, &who);
	raceway_api_handle(x->http->core, &request, &answer);
	x->http->core->trim_due |= x->used > TRIM_BYTES;
	release_body(x);
	if (answer.stream && streams_full(x->http)) {
		struct raceway_error err = { 0 };

		raceway_response_clear(&answer);
		raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, "events", "",
				  "%d listen already, and there may be no more", STREAMS_MAX);
		answer = (struct raceway_response){ 0 };
		raceway_api_error(&answer, &err);
		answer.status = MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	ret = queue(connection, x, &answer, request.only);
	raceway_response_clear(&answer);
	return ret;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
				  const char *method, const char *version, const char *data,
				  size_t *size, void **state)
{
	struct exchange *x = *state;

	if (!x)
		return begin(context, connection, state);
	if (*size) {
		/* What comes after a refusal is read and thrown away. */
		if (!x->refused && !collect(x, data, *size)) {
			release_body(x);
			x->refused = true;
		}
		*size = 0;
		return MHD_YES;
	}
	return x->refused ? refuse(connection, x) : finish(x, connection, url, method);
}

static void on_done(void *context, struct MHD_Connection *connection, void **state,
		    enum MHD_RequestTerminationCode code)
{
	struct exchange *x = *state;

	await_request(caller_of(connection));
	if (!x)
		return;
	release_body(x);
	free(x);
	*state = NULL;
}

/* A NUL would cut the path short: an object of another name would be meant. */
static size_t unescape(void *context, struct MHD_Connection *connection, char *text)
{
	size_t length = MHD_http_unescape(text);

	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = '\1';
	return length;
}

int raceway_http_open(struct raceway_core *core, int listen_fd, struct raceway_http **ret_http,
		      struct raceway_error *err)
{
	struct raceway_http *http = calloc(1, sizeof(*http));

	if (!http) {
		close(listen_fd);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "api", "", "out of memory");
	}
	http->core = core;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, http,
		MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned int)RACEWAY_HTTP_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)(2 * HEADER_BYTES),
		MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_done,
		http, MHD_OPTION_NOTIFY_CONNECTION, on_connection, http, MHD_OPTION_END);
	if (!http->daemon) {
		close(listen_fd);
		free(http);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "api", "",
					 "the HTTP server does not start: %s", strerror(errno));
	}
	*ret_http = http;
	return 0;
}

void raceway_http_close(struct raceway_http *http)
{
	if (!http)
		return;
	raceway_streams_close(&http->streams);
	for (int i = 0; i < FLUSH_RUNS; i++)
		MHD_run(http->daemon);
	MHD_stop_daemon(http->daemon);
	free(http);
}

int raceway_http_fd(struct raceway_http *http)
{
	const union MHD_DaemonInfo *info =
		MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);

	return info ? info->epoll_fd : -1;
}

void raceway_http_run(struct raceway_http *http)
{
	int64_t began_ms = now_ms(), took_ms;

	MHD_run(http->daemon);
	/* MHD listens again only when it runs the next time, and nothing else may wake us. */
	while (http->full && http->caller_count < RACEWAY_HTTP_CONNECTIONS) {
		http->full = false;
		MHD_run(http->daemon);
	}
	/* While one request was carried out, the others could not send: that is not their time. */
	took_ms = now_ms() - began_ms;
	for (struct caller *c = http->callers; c; c = c->next) {
		if (c->asks && began_ms >= c->deadline_ms) {
			/* MHD sees the end of it and closes. */
			shutdown(c->fd, SHUT_RDWR);
			c->asks = false;
		}
		c->deadline_ms += took_ms;
	}
}

int raceway_http_timeout(struct raceway_http *http)
{
	MHD_UNSIGNED_LONG_LONG ms;
	int64_t left = INT64_MAX;

	if (MHD_get_timeout(http->daemon, &ms) == MHD_YES && ms <= INT32_MAX)
		left = (int64_t)ms;
	for (const struct caller *c = http->callers; c; c = c->next) {
		int64_t wait = c->deadline_ms - now_ms();

		if (c->asks && wait < left)
			left = wait > 0 ? wait : 0;
	}
	return left == INT64_MAX ? -1 : (int)left;
}

size_t raceway_http_streams(const struct raceway_http *http)
{
	return http->streams.count;
}

void raceway_http_event(struct raceway_http *http, const char *event, const json_t *data)
{
	char *text;

	if (!http->streams.count)
		return;
	text = data ? json_dumps(data, JSON_COMPACT) : NULL;
	raceway_streams_send(&http->streams, text ? event : NULL, text);
	free(text);
}
