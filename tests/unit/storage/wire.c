/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/storage/wire.c: calls, events beside them, and engines that do not behave. */
#include "storage/wire.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fake.h"
#include "vhba/protocol.h"

static struct raceway_wire wire;
static struct raceway_error err;

static void begin(void)
{
	fake_dir();
	fake_start();
	raceway_wire_init(&wire);
	wire.ms = 200;
	cr_assert_eq(raceway_wire_connect(&wire, fake.path), 0);
}

static void end(void)
{
	raceway_wire_close(&wire);
	fake_stop();
	rmdir(fake.dir);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

Test(wire, call_and_answer, .init = begin, .fini = end)
{
	json_auto_t *answer = NULL;

	cr_assert_eq(raceway_wire_call(&wire, "hello", NULL, json_pack("{s:i}", "protocol", 1),
				       NULL, 0, &answer, &err),
		     0, "%s", err.message);
	cr_expect_str_eq(json_string_value(json_object_get(answer, "version")), "fake");
	cr_expect_eq(json_integer_value(json_object_get(fake_request("hello"), "protocol")), 1);
	cr_expect_eq(raceway_wire_call(&wire, "create", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	cr_expect_neq(json_integer_value(json_object_get(fake_request("hello"), "id")),
		      json_integer_value(json_object_get(fake_request("create"), "id")));
}

Test(wire, descriptors_go_along, .init = begin, .fini = end)
{
	int fds[2] = { open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY) };

	cr_assert_eq(raceway_wire_call(&wire, "listen", NULL, json_pack("{s:s}", "portal", "p"),
				       fds, 2, NULL, &err),
		     0);
	cr_expect_eq(fake.fds[0], 2);
	cr_assert_eq(raceway_wire_call(&wire, "create", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	cr_expect_eq(fake.fds[1], 0);
	close(fds[0]);
	close(fds[1]);
}

Test(wire, refusals, .init = begin, .fini = end)
{
	fake.error_op = "create";
	fake.error =
		"{\"object\":\"pool/x\",\"field\":\"size\",\"message\":\"no room\",\"fault\":4}";
	cr_expect_eq(raceway_wire_call(&wire, "create", "volume pool/x", json_object(), NULL, 0,
				       NULL, &err),
		     -EPERM);
	cr_expect_eq(err.fault, RACEWAY_FAULT_REFUSED);
	cr_expect_str_eq(err.object, "volume pool/x");
	cr_expect_str_eq(err.field, "size");
	cr_expect_str_eq(err.message, "no room");
	err.fault = RACEWAY_FAULT_NONE;
	fake.error = "{\"object\":\"pool/x\",\"message\":\"?\",\"fault\":99}";
	cr_expect_lt(raceway_wire_call(&wire, "create", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_SYSTEM, "a fault that is none");
	cr_expect_str_eq(err.object, "pool/x");
	cr_expect_geq(wire.fd, 0, "a refusal is an answer");
	fake.error = NULL;
	cr_expect_eq(raceway_wire_call(&wire, "create", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
}

Test(wire, byte_by_byte_with_an_event_before, .init = begin, .fini = end)
{
	json_auto_t *answer = NULL, *event = NULL;

	fake.mode = FAKE_CRUMBS;
	cr_assert_eq(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, &answer, &err),
		     0, "%s", err.message);
	cr_expect_str_eq(json_string_value(json_object_get(answer, "version")), "fake");
	event = raceway_wire_event(&wire);
	cr_expect_str_eq(json_string_value(json_object_get(event, "event")), "crumb");
	cr_expect_null(raceway_wire_event(&wire));
}

/* A bad answer costs the connection, never more than the time that a call has. */
static void expect_lost(enum fake_mode mode, const char *message)
{
	int64_t since = now_ms();

	fake.mode = mode;
	err.fault = RACEWAY_FAULT_NONE;
	cr_expect_lt(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_SYSTEM);
	cr_expect_str_eq(err.message, message, "%s", err.message);
	cr_expect_lt(wire.fd, 0);
	/* twice the time, for a machine that is busy */
	cr_expect_lt(now_ms() - since, 400, "%lld ms", (long long)(now_ms() - since));
	err.fault = RACEWAY_FAULT_NONE;
	cr_expect_lt(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	fake.mode = FAKE_WELL;
	err.fault = RACEWAY_FAULT_NONE;
	cr_assert_eq(raceway_wire_connect(&wire, fake.path), 0);
	cr_expect_eq(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
}

Test(wire, engines_that_do_not_behave, .init = begin, .fini = end)
{
	expect_lost(FAKE_SILENT, "the storage engine does not answer");
	expect_lost(FAKE_GARBAGE, "the storage engine does not answer: Protocol error");
	expect_lost(FAKE_WRONG_ID, "the storage engine does not answer: Protocol error");
	expect_lost(FAKE_TOO_LONG, "the storage engine does not answer: Protocol error");
	expect_lost(FAKE_CLOSE, "the storage engine does not answer: it has ended");
}

Test(wire, events, .init = begin, .fini = end)
{
	struct pollfd p = { .fd = wire.fd, .events = POLLIN };
	json_auto_t *event = NULL;

	cr_assert_eq(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	cr_expect_eq(raceway_wire_receive(&wire), 0, "nothing there is no error");
	fake_event("{\"event\":\"session-open\",\"vhba\":\"w/h\"}");
	fake_event("{\"event\":\"session-close\",\"vhba\":\"w/h\"}");
	for (int i = 0; i < 100 && json_array_size(wire.events) < 2; i++) {
		poll(&p, 1, 100);
		cr_assert_eq(raceway_wire_receive(&wire), 0);
	}
	event = raceway_wire_event(&wire);
	cr_expect_str_eq(json_string_value(json_object_get(event, "event")), "session-open");
	fake_event("{\"id\":1}");
	poll(&p, 1, 1000);
	cr_expect_eq(raceway_wire_receive(&wire), -EPROTO, "an answer to no question");
	json_decref(event);
	event = raceway_wire_event(&wire);
	cr_expect_str_eq(json_string_value(json_object_get(event, "event")), "session-close",
			 "what came before stays");
}

/* Larger than what a socket takes at once, both ways. */
Test(wire, large, .init = begin, .fini = end)
{
	char *text = malloc(8 << 20);
	json_t *request;

	memset(text, 'x', (8 << 20) - 1);
	text[(8 << 20) - 1] = '\0';
	wire.ms = 5000;
	request = json_pack("{s:s}", "text", text);
	cr_expect_eq(raceway_wire_call(&wire, "create", NULL, request, NULL, 0, NULL, &err), 0,
		     "%s", err.message);
	cr_expect_str_eq(json_string_value(json_object_get(fake_request("create"), "text")), text);
	free(text);
	text = malloc(RACEWAY_VHBA_FRAME_MAX + 1);
	memset(text, 'x', RACEWAY_VHBA_FRAME_MAX);
	text[RACEWAY_VHBA_FRAME_MAX] = '\0';
	request = json_pack("{s:s}", "text", text);
	cr_expect_lt(raceway_wire_call(&wire, "create", NULL, request, NULL, 0, NULL, &err), 0);
	cr_expect_str_eq(err.message,
			 "create of 16777248 bytes is too large for the storage engine", "%s",
			 err.message);
	cr_expect_geq(wire.fd, 0);
	free(text);
}

Test(wire, nobody)
{
	raceway_wire_init(&wire);
	cr_expect_eq(raceway_wire_connect(&wire, "/nonexistent/vhba.sock"), -ENOENT);
	cr_expect_lt(wire.fd, 0);
	cr_expect_eq(raceway_wire_connect(&wire,
					  "/"
					  "a234567890123456789012345678901234567890123456789012"
					  "345678901234567890123456789012345678901234567890123"
					  "456789"),
		     -ENAMETOOLONG);
	cr_expect_lt(raceway_wire_call(&wire, "hello", NULL, json_object(), NULL, 0, NULL, &err),
		     0);
	raceway_wire_close(&wire);
}
