/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request on one connection to the daemon's Unix socket. A small client, because the whole of
 * libcurl takes longer to load than the daemon to answer; answers are parsed by http_parser. */
#include "cli/client.h"

#include <errno.h>
#include <http_parser.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"

#define FIRST_BYTE_MS 10000L	       /* connecting and waiting for the answer to begin */
#define FIRST_BYTE_DOCUMENT_MS 120000L /* 65,536 vNICs are made before the answer */
#define CALL_MS 300000L		       /* a document of the largest size */
#define ANSWER_MAX (1UL << 30)
#define HEAD_MAX 512
#define CHUNK 65536
#define HTTP_OK 200
#define HTTP_ERROR 300

struct raceway_client {
	int fd;
	char *socket;
	const char *if_version; /* NULL: any */
	long timeout_ms;
	http_parser parser;
	char *text; /* of the answer; for a stream the line that is not complete yet */
	size_t used, size;
	raceway_client_line on_line; /* NULL: no stream */
	void *context;
	bool stopped;	   /* by on_line */
	bool answered;	   /* the answer has begun */
	bool whole;	   /* and is all there */
	int64_t begin_ms;  /* when the answer has to have begun, by CLOCK_MONOTONIC */
	int64_t finish_ms; /* and when it has to be there; 0: no end */
};

int raceway_client_new(const char *socket, long timeout_ms, struct raceway_client **ret_client,
		       struct raceway_error *err)
{
	struct raceway_client *client = calloc(1, sizeof(*client));

	if (!socket)
		socket = getenv(RACEWAY_SOCKET_ENV);
	if (!socket || socket[0] == '\0')
		socket = RACEWAY_SOCKET;
	if (client) {
		client->fd = -1;
		client->timeout_ms = timeout_ms;
		client->socket = strdup(socket);
	}
	if (!client || !client->socket) {
		raceway_client_free(client);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	}
	*ret_client = client;
	return 0;
}

static void disconnect(struct raceway_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

void raceway_client_free(struct raceway_client *client)
{
	if (!client)
		return;
	disconnect(client);
	free(client->text);
	free(client->socket);
	free(client);
}

void raceway_client_if_version(struct raceway_client *client, const char *version)
{
	client->if_version = version;
}

static bool append(struct raceway_client *client, const char *data, size_t length)
{
	size_t need = client->used + length + 1, size = client->size ? client->size : 4096;
	char *text;

	if (length > ANSWER_MAX || need > ANSWER_MAX)
		return false;
	while (size < need)
		size *= 2;
	if (size != client->size) {
		text = realloc(client->text, size);
		if (!text)
			return false;
		client->text = text;
		client->size = size;
	}
	memcpy(client->text + client->used, data, length);
	client->used += length;
	client->text[client->used] = '\0';
	return true;
}

/* Hands out the complete lines and keeps the rest. */
static void give_lines(struct raceway_client *client)
{
	char *start = client->text, *end;

	while (!client->stopped && (end = strchr(start, '\n'))) {
		*end = '\0';
		if (end > start && end[-1] == '\r')
			end[-1] = '\0';
		client->stopped = client->on_line(client->context, start) != 0;
		start = end + 1;
	}
	client->used -= (size_t)(start - client->text);
	memmove(client->text, start, client->used + 1);
}

static int on_body(http_parser *parser, const char *data, size_t length)
{
	struct raceway_client *client = parser->data;

	if (!append(client, data, length))
		return -1;
	if (client->on_line && parser->status_code == HTTP_OK)
		give_lines(client);
	return client->stopped;
}

static int on_complete(http_parser *parser)
{
	struct raceway_client *client = parser->data;

	client->whole = true;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool is_document(const char *path)
{
	return !strncmp(path, "/v1/apply", strlen("/v1/apply")) ||
	       !strncmp(path, "/v1/diff", strlen("/v1/diff")) ||
	       !strncmp(path, "/v1/restore", strlen("/v1/restore"));
}

static enum raceway_fault fault_of(unsigned int status)
{
	switch (status) {
	case 400: /* it was sent: exit status 2 would say that it was not */
		return RACEWAY_FAULT_INVALID;
	case 403:
		return RACEWAY_FAULT_FORBIDDEN;
	case 404:
		return RACEWAY_FAULT_NOT_FOUND;
	case 409:
	case 412:
		return RACEWAY_FAULT_REFUSED;
	case 501:
		return RACEWAY_FAULT_CANNOT;
	default:
		return RACEWAY_FAULT_SYSTEM;
	}
}

static const char *text_of(const json_t *error, const char *key)
{
	const char *text = json_string_value(json_object_get(error, key));

	return text ? text : "";
}

int raceway_client_error(unsigned int status, const json_t *answer, struct raceway_error *err)
{
	const json_t *error = json_object_get(answer, "error");

	if (text_of(error, "message")[0])
		return raceway_error_set(err, fault_of(status), text_of(error, "object"),
					 text_of(error, "field"), "%s", text_of(error, "message"));
	return raceway_error_set(err, fault_of(status), "", "",
				 "the daemon answered with status %u and no reason", status);
}

/* What went wrong below HTTP. */
static int fail_transport(struct raceway_client *client, int error, struct raceway_error *err)
{
	if (error == -ETIMEDOUT)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "racewayd does not answer at %s", client->socket);
	return raceway_error_set(
		err, RACEWAY_FAULT_SYSTEM, "", "", "the connection to racewayd at %s failed: %s",
		client->socket,
		error == -EPIPE	    ? "it was closed before the answer was whole"
		: error == -EBADMSG ? http_errno_description(HTTP_PARSER_ERRNO(&client->parser))
				    : strerror(-error));
}

static int connect_socket(struct raceway_client *client, struct raceway_error *err)
{
	/* As long as the daemon's backlog is full. */
	const struct timeval patience = { .tv_sec = FIRST_BYTE_MS / 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error = ENAMETOOLONG;

	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd >= 0 && strlen(client->socket) < sizeof(address.sun_path)) {
		memcpy(address.sun_path, client->socket, strlen(client->socket) + 1);
		(void)setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		if (!connect(client->fd, (struct sockaddr *)&address, sizeof(address)))
			return 0;
		error = errno;
	}
	if (error == EAGAIN)
		return fail_transport(client, -ETIMEDOUT, err);
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				 "racewayd does not answer at %s: %s", client->socket,
				 strerror(error));
}

/* Until the socket can take or give; -ETIMEDOUT when the time is up. */
static int wait_for(const struct raceway_client *client, short events)
{
	struct pollfd fd = { .fd = client->fd, .events = events };
	int64_t until = client->finish_ms, left = -1;
	int n;

	if (until && !client->answered && client->begin_ms < until)
		until = client->begin_ms;
	do {
		if (until) {
			left = until - now_ms();
			left = left < 0 ? 0 : left;
		}
		n = poll(&fd, 1, (int)left);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return n ? 0 : -ETIMEDOUT;
}

/* What the daemon refuses it may answer before it has read it all: that is then read. */
static int send_text(struct raceway_client *client, const char *text, size_t length)
{
	while (length) {
		int r = wait_for(client, POLLOUT);
		ssize_t sent;

		if (r < 0)
			return r;
		sent = send(client->fd, text, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (sent > 0) {
			text += sent;
			length -= (size_t)sent;
		}
	}
	return 0;
}

static int send_request(struct raceway_client *client, const char *method, const char *path,
			const char *body)
{
	char head[HEAD_MAX], content[96] = "", match[64] = "";
	int length, r;

	if (body)
		snprintf(content, sizeof(content),
			 "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
	if (client->if_version && snprintf(match, sizeof(match), "If-Match: \"%s\"\r\n",
					   client->if_version) >= (int)sizeof(match))
		return -ENAMETOOLONG;
	length = snprintf(head, sizeof(head),
			  "%s %s HTTP/1.1\r\nHost: raceway\r\nConnection: close\r\n%s%s", method,
			  path, content, match);
	if (length + 2 >= HEAD_MAX)
		return -ENAMETOOLONG;
	memcpy(head + length, "\r\n", 2);
	r = send_text(client, head, (size_t)length + 2);
	return r == 0 && body ? send_text(client, body, strlen(body)) : r;
}

static int receive(struct raceway_client *client)
{
	static const http_parser_settings settings = { .on_body = on_body,
						       .on_message_complete = on_complete };
	char data[CHUNK];

	for (;;) {
		int r = wait_for(client, POLLIN);
		ssize_t got;

		if (r < 0)
			return r;
		got = recv(client->fd, data, sizeof(data), MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got < 0)
			return -errno;
		client->answered = true;
		http_parser_execute(&client->parser, &settings, data, (size_t)got);
		if (client->stopped || client->whole)
			return 0;
		if (HTTP_PARSER_ERRNO(&client->parser) != HPE_OK)
			return got ? -EBADMSG : -EPIPE;
		if (!got)
			return -EPIPE;
	}
}

/* One request and its answer; 0 or -errno. */
static int exchange(struct raceway_client *client, const char *method, const char *path,
		    const char *body, struct raceway_error *err)
{
	int64_t now = now_ms();
	int r;

	http_parser_init(&client->parser, HTTP_RESPONSE);
	client->parser.data = client;
	client->used = 0;
	client->answered = client->whole = client->stopped = false;
	client->begin_ms = now + (is_document(path) ? FIRST_BYTE_DOCUMENT_MS : FIRST_BYTE_MS);
	client->finish_ms =
		client->on_line ? 0 : now + (client->timeout_ms ? client->timeout_ms : CALL_MS);
	r = connect_socket(client, err);
	if (r < 0)
		return r;
	r = send_request(client, method, path, body);
	if (r == 0)
		r = receive(client);
	disconnect(client);
	/* an endless answer that ends is told as what it is */
	if (r == -EPIPE && client->on_line && client->parser.status_code == HTTP_OK)
		r = 0;
	return r < 0 ? fail_transport(client, r, err) : 0;
}

/* On success *ret_answer is the parsed body or NULL. */
static int perform(struct raceway_client *client, const char *method, const char *path,
		   const char *body, json_t **ret_answer, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	json_error_t where;
	unsigned int status;
	int r = exchange(client, method, path, body, err);

	if (r < 0 || client->stopped)
		return r;
	status = client->parser.status_code;
	if (client->used && !(client->on_line && status == HTTP_OK))
		answer = json_loadb(client->text, client->used, JSON_DECODE_ANY, &where);
	if (status < HTTP_OK || status >= HTTP_ERROR)
		return raceway_client_error(status, answer, err);
	if (client->on_line)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "racewayd closed the connection");
	if (client->used && !answer)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "the daemon's answer is no JSON: %s", where.text);
	if (ret_answer)
		*ret_answer = RACEWAY_TAKE(answer);
	return 0;
}

int raceway_client_call(struct raceway_client *client, const char *method, const char *path,
			const json_t *body, json_t **ret_answer, struct raceway_error *err)
{
	RACEWAY_FREE char *text = NULL;

	if (body) {
		text = json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY);
		if (!text)
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
						 "out of memory");
	}
	return perform(client, method, path, text, ret_answer, err);
}

int raceway_client_stream(struct raceway_client *client, const char *path,
			  raceway_client_line on_line, void *context, struct raceway_error *err)
{
	int r;

	client->on_line = on_line;
	client->context = context;
	r = perform(client, "GET", path, NULL, NULL, err);
	client->on_line = NULL;
	return r;
}
