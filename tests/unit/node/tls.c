/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two ends of TLS over a pair of sockets: messages, and every bound on a peer that misbehaves. The
 * time is what the test says. */
#include "node/tls.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "node/pki.h"

static char dir[] = "/tmp/raceway-tls-XXXXXX";
static struct raceway_pki director;
static struct raceway_tls server_end, client_end;
static gnutls_certificate_credentials_t nobody;
static int64_t now_ms;

static void open_pair(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	cr_assert_eq(raceway_tls_open(&server_end, fds[0], false, director.credentials), 0);
	cr_assert_eq(raceway_tls_open(&client_end, fds[1], true, nobody), 0);
	now_ms = raceway_node_now_ms();
}

static void begin(void)
{
	struct raceway_error err = { 0 };

	signal(SIGPIPE, SIG_IGN);
	cr_assert(mkdtemp(dir));
	cr_assert_eq(raceway_pki_open(&director, dir, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_pki_director(&director, "test", false, time(NULL), &err), 0, "%s",
		     err.message);
	cr_assert_eq(gnutls_certificate_allocate_credentials(&nobody), 0);
	open_pair();
}

static void end(void)
{
	raceway_tls_close(&server_end);
	raceway_tls_close(&client_end);
	gnutls_certificate_free_credentials(nobody);
	(void)!unlinkat(director.dir_fd, "authority.pem", 0);
	(void)!unlinkat(director.dir_fd, "director.pem", 0);
	raceway_pki_close(&director);
	if (chdir(dir) == 0) {
		rmdir("pki");
		rmdir(dir);
	}
}

TestSuite(tls, .init = begin, .fini = end);

static void shake_hands(void)
{
	for (int i = 0; i < 20 && !(server_end.up && client_end.up); i++) {
		cr_assert_eq(raceway_tls_turn(&client_end, now_ms), 0, "%s", client_end.why);
		cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0, "%s", server_end.why);
	}
	cr_assert(server_end.up && client_end.up);
}

static void send_to(struct raceway_tls *tls, const char *text)
{
	json_auto_t *message = json_loads(text, 0, NULL);

	cr_assert_eq(raceway_tls_send(tls, message), 0);
}

static json_t *large(size_t bytes)
{
	char *text = malloc(bytes + 1);
	json_t *message;

	memset(text, 'x', bytes);
	text[bytes] = '\0';
	message = json_pack("{s:s}", "text", text);
	free(text);
	return message;
}

Test(tls, messages_go_both_ways)
{
	json_t *message = NULL;

	send_to(&client_end, "{\"early\": 1}"); /* before the handshake */
	shake_hands();
	cr_assert_eq(gnutls_protocol_get_version(server_end.session), GNUTLS_TLS1_3);
	send_to(&server_end, "{\"a\": 1}");
	send_to(&server_end, "{\"a\": 2}");
	for (int i = 0; i < 4; i++) {
		cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
		cr_assert_eq(raceway_tls_turn(&client_end, now_ms), 0);
	}
	for (int i = 1; i <= 2; i++) {
		cr_assert_eq(raceway_tls_take(&client_end, &message), 1);
		cr_assert_eq(json_integer_value(json_object_get(message, "a")), i);
		json_decref(message);
	}
	cr_assert_eq(raceway_tls_take(&client_end, &message), 0);
	cr_assert_eq(raceway_tls_take(&server_end, &message), 1);
	cr_assert(json_object_get(message, "early"));
	json_decref(message);
	cr_assert_eq(raceway_tls_deadline(&client_end), INT64_MAX);
	cr_assert_eq(raceway_tls_deadline(&server_end), INT64_MAX);
}

Test(tls, a_long_message_arrives_in_pieces)
{
	json_auto_t *message = large(3000000), *got = NULL;

	shake_hands();
	cr_assert_eq(raceway_tls_send(&client_end, message), 0);
	for (int i = 0; i < 1000 && !got; i++) {
		cr_assert_eq(raceway_tls_turn(&client_end, now_ms), 0);
		cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
		cr_assert_geq(raceway_tls_take(&server_end, &got), 0);
	}
	cr_assert(json_equal(message, got));
	cr_assert_eq(raceway_tls_waiting(&client_end), 0);
	cr_assert_eq(raceway_tls_events(&client_end), EPOLLIN);
}

Test(tls, who_says_nothing_is_cut_off)
{
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_HANDSHAKE_MS - 100), 0);
	cr_assert_leq(raceway_tls_deadline(&server_end), now_ms + RACEWAY_NODE_HANDSHAKE_MS);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_HANDSHAKE_MS), -ETIMEDOUT);
	cr_assert(strstr(server_end.why, "handshake"), "%s", server_end.why);
}

Test(tls, who_speaks_no_tls_is_cut_off)
{
	cr_assert_eq(write(client_end.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
	cr_assert_lt(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert(server_end.why[0]);
}

Test(tls, a_message_that_does_not_end_is_given_up)
{
	json_t *none = NULL;

	shake_hands();
	cr_assert_eq(gnutls_record_send(client_end.session, "\0\0\0\7{\"a\"", 8), 8);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert_eq(raceway_tls_take(&server_end, &none), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_MESSAGE_MS - 1), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_MESSAGE_MS), -ETIMEDOUT);
	cr_assert(strstr(server_end.why, "does not end"), "%s", server_end.why);
}

Test(tls, a_slow_message_that_ends_is_no_reason)
{
	json_t *message = NULL;

	shake_hands();
	for (size_t i = 0; i < 11; i++) {
		cr_assert_eq(gnutls_record_send(client_end.session, "\0\0\0\7{\"a\":1}" + i, 1), 1);
		cr_assert_eq(raceway_tls_turn(&server_end, now_ms + (int64_t)i), 0);
		cr_assert_eq(raceway_tls_take(&server_end, &message), i == 10);
	}
	json_decref(message);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + 2 * RACEWAY_NODE_MESSAGE_MS), 0);
}

Test(tls, what_is_too_long_is_refused)
{
	json_t *none = NULL;
	json_auto_t *much = large(RACEWAY_NODE_MESSAGE_MAX);

	shake_hands();
	cr_assert_eq(raceway_tls_send(&client_end, much), -E2BIG);
	server_end.message_max = 100;
	cr_assert_eq(gnutls_record_send(client_end.session, "\0\0\0\145", 4), 4);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert_eq(raceway_tls_take(&server_end, &none), -EPROTO);
	cr_assert(strstr(server_end.why, "too long"), "%s", server_end.why);
}

Test(tls, who_takes_nothing_is_cut_off)
{
	json_auto_t *message = large(1000000);

	shake_hands();
	cr_assert_eq(raceway_tls_send(&server_end, message), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert_gt(raceway_tls_waiting(&server_end), 0);
	cr_assert_eq(raceway_tls_events(&server_end), EPOLLIN | EPOLLOUT);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_STUCK_MS - 1), 0);
	/* whoever takes something has its time again */
	cr_assert_eq(raceway_tls_turn(&client_end, now_ms), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + RACEWAY_NODE_STUCK_MS), 0);
	cr_assert_eq(raceway_tls_turn(&server_end, now_ms + 2 * RACEWAY_NODE_STUCK_MS), -ETIMEDOUT);
	cr_assert(strstr(server_end.why, "does not take"), "%s", server_end.why);
}

Test(tls, what_waits_is_bounded)
{
	json_auto_t *message = large(4000000);
	int r = 0, count = 0;

	shake_hands();
	for (; !r && count < 100; count++)
		r = raceway_tls_send(&server_end, message);
	cr_assert_eq(r, -ENOBUFS);
	cr_assert_leq(raceway_tls_waiting(&server_end), RACEWAY_NODE_QUEUE_MAX);
	cr_assert_geq(count, 16);
}

Test(tls, an_end_is_told)
{
	json_t *message = NULL;

	shake_hands();
	send_to(&client_end, "{\"last\": 1}");
	cr_assert_eq(raceway_tls_turn(&client_end, now_ms), 0);
	raceway_tls_close(&client_end);
	raceway_tls_close(&client_end);
	cr_assert_lt(raceway_tls_turn(&server_end, now_ms), 0);
	cr_assert_eq(raceway_tls_take(&server_end, &message), 1); /* what came before counts */
	json_decref(message);
}
