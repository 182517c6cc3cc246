/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One request at a time over the daemon's Unix socket, by libcurl. No proxy, no redirect, no
 * name is ever looked up. */
#include "cli/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/cleanup.h"

#define FIRST_BYTE_S 10		  /* connecting and waiting for the answer to begin */
#define FIRST_BYTE_DOCUMENT_S 120 /* 65,536 vNICs are made before the answer */
#define CALL_MS 300000L		  /* a document of the largest size */
#define ANSWER_MAX (1UL << 30)
#define URL_MAX 512
#define HEADER_MAX 64
#define HTTP_OK 200
#define HTTP_ERROR 300

struct raceway_client {
	CURL *curl;
	char *socket;
	const char *if_version; /* NULL: any */
	long timeout_ms;
	char *text; /* of the answer; for a stream the line that is not complete yet */
	size_t used, size;
	raceway_client_line on_line; /* NULL: no stream */
	void *context;
	bool stopped;  /* by on_line */
	bool answered; /* the answer has begun */
	time_t until;  /* it has to, by CLOCK_MONOTONIC; 0: no end */
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
		client->timeout_ms = timeout_ms;
		client->socket = strdup(socket);
		client->curl = curl_easy_init();
	}
	if (!client || !client->socket || !client->curl) {
		raceway_client_free(client);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	}
	*ret_client = client;
	return 0;
}

void raceway_client_free(struct raceway_client *client)
{
	if (!client)
		return;
	if (client->curl)
		curl_easy_cleanup(client->curl);
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

static size_t on_data(char *data, size_t size, size_t count, void *context)
{
	struct raceway_client *client = context;
	long status = 0;

	if (!append(client, data, size * count))
		return 0;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (client->on_line && status == HTTP_OK)
		give_lines(client);
	return client->stopped ? 0 : size * count;
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct raceway_client *client = context;

	client->answered = true;
	return size * count;
}

static time_t now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* libcurl calls this about once a second, also while nothing moves. */
static int on_progress(void *context, curl_off_t to_get, curl_off_t got, curl_off_t to_send,
		       curl_off_t sent)
{
	const struct raceway_client *client = context;

	return client->until && !client->answered && now_s() >= client->until;
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
static int fail_transport(struct raceway_client *client, CURLcode code, struct raceway_error *err)
{
	long os = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &os);
	if (code == CURLE_COULDNT_CONNECT)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "racewayd does not answer at %s: %s", client->socket,
					 os ? strerror((int)os) : curl_easy_strerror(code));
	if (code == CURLE_OPERATION_TIMEDOUT || code == CURLE_ABORTED_BY_CALLBACK)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "racewayd does not answer at %s", client->socket);
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				 "the connection to racewayd at %s failed: %s", client->socket,
				 curl_easy_strerror(code));
}

static int set_up(struct raceway_client *client, const char *method, const char *path,
		  const char *body, struct curl_slist *headers)
{
	CURL *curl = client->curl;
	int patience_s = is_document(path) ? FIRST_BYTE_DOCUMENT_S : FIRST_BYTE_S;
	char url[URL_MAX];
	bool ok;

	if (snprintf(url, sizeof(url), "http://raceway%s", path) >= (int)sizeof(url))
		return -ENAMETOOLONG;
	curl_easy_reset(curl);
	ok = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_WRITEDATA, client) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_HEADERDATA, client) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_XFERINFODATA, client) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L) == CURLE_OK &&
	     curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers) == CURLE_OK;
	if (ok && body)
		ok = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
				      (curl_off_t)strlen(body)) == CURLE_OK &&
		     curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK;
	if (ok && !client->on_line) {
		long ms = client->timeout_ms ? client->timeout_ms : CALL_MS;

		ok = curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, ms) == CURLE_OK;
	}
	if (ok)
		ok = curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)FIRST_BYTE_S) == CURLE_OK;
	client->answered = false;
	client->until = client->on_line ? 0 : now_s() + patience_s;
	client->used = 0;
	client->stopped = false;
	return ok ? 0 : -EINVAL;
}

/* Performs; on success *ret_answer is the parsed body or NULL. */
static int perform(struct raceway_client *client, json_t **ret_answer, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	json_error_t where;
	long status = 0;
	CURLcode code = curl_easy_perform(client->curl);

	if (client->stopped)
		return 0;
	if (code != CURLE_OK)
		return fail_transport(client, code, err);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (client->used && !(client->on_line && status == HTTP_OK))
		answer = json_loadb(client->text, client->used, JSON_DECODE_ANY, &where);
	if (status < HTTP_OK || status >= HTTP_ERROR)
		return raceway_client_error((unsigned int)status, answer, err);
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

/* One more header; false: out of memory, and the list is as it was. */
static bool add_header(struct curl_slist **headers, const char *line)
{
	struct curl_slist *more = curl_slist_append(*headers, line);

	if (more)
		*headers = more;
	return more;
}

static bool make_headers(const struct raceway_client *client, bool body,
			 struct curl_slist **headers)
{
	char line[HEADER_MAX];

	/* No `Expect: 100-continue`: the daemon reads what it is sent. */
	if (body && (!add_header(headers, "Content-Type: application/json") ||
		     !add_header(headers, "Expect:")))
		return false;
	if (!client->if_version)
		return true;
	snprintf(line, sizeof(line), "If-Match: \"%s\"", client->if_version);
	return add_header(headers, line);
}

int raceway_client_call(struct raceway_client *client, const char *method, const char *path,
			const json_t *body, json_t **ret_answer, struct raceway_error *err)
{
	RACEWAY_FREE char *text = body ? json_dumps(body, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	struct curl_slist *headers = NULL;
	json_t *answer = NULL;
	int r;

	if ((body && !text) || !make_headers(client, body, &headers)) {
		curl_slist_free_all(headers);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	}
	r = set_up(client, method, path, text, headers);
	if (r < 0)
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				      "the request could not be made");
	else
		r = perform(client, &answer, err);
	curl_slist_free_all(headers);
	if (r == 0 && ret_answer)
		*ret_answer = answer;
	else
		json_decref(answer);
	return r;
}

int raceway_client_stream(struct raceway_client *client, const char *path,
			  raceway_client_line on_line, void *context, struct raceway_error *err)
{
	int r;

	client->on_line = on_line;
	client->context = context;
	r = set_up(client, "GET", path, NULL, NULL);
	if (r < 0)
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				      "the request could not be made");
	else
		r = perform(client, NULL, err);
	client->on_line = NULL;
	return r;
}
