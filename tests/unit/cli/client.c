/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The client's HTTP against a daemon that says what it likes, and how much of it. */
#include "cli/client.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TIMEOUT_MS 300
#define BODY (4U << 20)

static struct {
	char path[64];
	const char *const *pieces; /* of the answer, NULL-terminated */
	bool deaf;		   /* reads nothing of the request */
	bool stays;		   /* does not close */
	int fd;
	pthread_t thread;
} peer;

static void *serve(void *unused)
{
	int fd = accept(peer.fd, NULL, NULL);
	char request[4096];

	if (!peer.deaf)
		cr_assert_gt(read(fd, request, sizeof(request)), 0);
	for (const char *const *piece = peer.pieces; *piece; piece++) {
		cr_assert_gt(send(fd, *piece, strlen(*piece), MSG_NOSIGNAL), 0);
		usleep(2000);
	}
	if (peer.stays)
		usleep(2 * TIMEOUT_MS * 1000);
	close(fd);
	return NULL;
}

static struct raceway_client *begin(const char *const *pieces)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct raceway_client *client = NULL;

	snprintf(peer.path, sizeof(peer.path), "/tmp/raceway-client-%d.sock", (int)getpid());
	memcpy(address.sun_path, peer.path, sizeof(peer.path));
	peer.pieces = pieces;
	peer.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(peer.fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(peer.fd, 1), 0);
	cr_assert_eq(pthread_create(&peer.thread, NULL, serve, NULL), 0);
	cr_assert_eq(raceway_client_new(peer.path, TIMEOUT_MS, &client, NULL), 0);
	return client;
}

static void end(struct raceway_client *client)
{
	raceway_client_free(client);
	pthread_join(peer.thread, NULL);
	close(peer.fd);
	unlink(peer.path);
}

/* What an answer in these pieces becomes: its JSON, or the error. */
static void expect(const char *const *pieces, const char *json, const char *error)
{
	struct raceway_client *client = begin(pieces);
	struct raceway_error err = { 0 };
	json_t *answer = NULL;
	int r = raceway_client_call(client, "GET", "/v1/x", NULL, &answer, &err);
	char *text = answer ? json_dumps(answer, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	cr_expect_eq(r < 0, error != NULL, "%s", err.message);
	cr_expect_str_eq(text ? text : "", json);
	cr_expect(strstr(err.message, error ? error : ""), "%s", err.message);
	free(text);
	json_decref(answer);
	end(client);
}

#define PIECES(...) ((const char *const[]){ __VA_ARGS__, NULL })

Test(cli_client, answers_in_pieces)
{
	expect(PIECES("HTTP/1.1 200 OK\r\nContent-Le", "ngth: 7\r\n\r", "\n[1,", "2,3]"), "[1,2,3]",
	       NULL);
	expect(PIECES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r",
		      "\n2\r\n2]\r\n0\r\n", "\r\n"),
	       "[1,2]", NULL);
	expect(PIECES("HTTP/1.1 204 No Content\r\n\r\n"), "", NULL);
	expect(PIECES("HTTP/1.0 200 OK\r\n\r\n", "[4]"), "[4]", NULL);
}

Test(cli_client, answers_that_are_none)
{
	expect(PIECES("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,"), "",
	       "failed: it was closed before the answer was whole");
	expect(PIECES("HTTP/1.1 200 OK\r\nConte"), "",
	       "failed: it was closed before the answer was whole");
	expect((const char *const[]){ NULL }, "",
	       "failed: it was closed before the answer was whole");
	expect(PIECES("SSH-2.0-OpenSSH_9.2\r\n"), "", "failed: ");
	expect(PIECES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[1,"), "", "is no JSON: ");
}

Test(cli_client, nobody_waits_for_ever)
{
	peer.stays = true;
	expect((const char *const[]){ NULL }, "", "racewayd does not answer at /tmp/");
	expect(PIECES("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n[1,"), "",
	       "racewayd does not answer at /tmp/");
}

/* A refusal that comes before the whole request was read is what is told. */
Test(cli_client, refused_in_the_middle_of_a_request)
{
	struct raceway_client *client;
	struct raceway_error err = { 0 };
	char *text = malloc(BODY + 1);
	json_t *body;

	memset(text, 'x', BODY);
	text[BODY] = '\0';
	body = json_string(text);
	peer.deaf = true;
	client = begin(PIECES("HTTP/1.1 413 X\r\nContent-Length: 39\r\n\r\n"
			      "{\"error\":{\"message\":\"it is too large\"}}"));
	cr_expect_lt(raceway_client_call(client, "POST", "/v1/x", body, NULL, &err), 0);
	cr_expect_str_eq(err.message, "it is too large");
	end(client);
	json_decref(body);
	free(text);
}
