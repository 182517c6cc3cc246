/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/storage: changes and what is taken back of them, the engine's death and return,
 * sockets of portals. */
#include "storage/storage.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake.h"
#include "scene.h"

static struct raceway_storage storage;
static struct raceway_error err;
static struct raceway_model *model;
static char events[512];

static void on_event(void *context, const char *event, json_t *data)
{
	const char *state = json_string_value(json_object_get(data, "state"));

	snprintf(events + strlen(events), sizeof(events) - strlen(events), "%s%s ", event,
		 state ? state : "");
	json_decref(data);
}

static void open_storage(const char *program)
{
	const struct raceway_storage_options options = {
		.run_dir = fake.dir,
		.state_dir = fake.dir,
		.program = program,
		.node = "Node_1",
		.ms = 300,
	};

	cr_assert_eq(raceway_storage_open(&storage, &options, &err), 0, "%s", err.message);
	storage.on_event = on_event;
}

/* An address that no other test has, for they run side by side. */
static const char *host(void)
{
	static char text[32];

	snprintf(text, sizeof(text), "127.%d.%d.%d", 1 + (getpid() >> 16 & 63), getpid() >> 8 & 255,
		 getpid() & 255);
	return text;
}

/* JSON of a portal's address there. */
static const char *at(int port)
{
	static char text[64];

	snprintf(text, sizeof(text), "{\"address\":\"%s:%d\"}", host(), port);
	return text;
}

static struct sockaddr_in address(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };

	cr_assert_eq(inet_pton(AF_INET, host(), &a.sin_addr), 1);
	return a;
}

static void begin(void)
{
	fake_dir();
	fake_start();
	open_storage("none");
	model = scene_model(scene_base);
	scene_set(model, "portal", "p1", at(3999));
}

static void end(void)
{
	scene_free(model);
	raceway_storage_close(&storage);
	fake_stop();
	rmdir(fake.dir);
}

/* Makes it so and forgets what was asked for it. */
static void made(void)
{
	err.fault = RACEWAY_FAULT_NONE;
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s: %s", err.object,
		     err.message);
	fake_forget();
}

Test(storage, target_names)
{
	char name[RACEWAY_ISCSI_NAME_TEXT];

	cr_expect_str_eq(raceway_storage_target("Web_1.example", name),
			 "iqn.2026-11.local.raceway:web-1.example");
}

Test(storage, options)
{
	struct raceway_storage_options options = {
		.run_dir = "/tmp", .state_dir = "/tmp", .node = "n", .target = "IQN.2020-01.a:b"
	};

	cr_assert_eq(raceway_storage_open(&storage, &options, &err), 0);
	cr_expect_str_eq(storage.target, "iqn.2020-01.a:b");
	raceway_storage_close(&storage);
	options.target = "b";
	cr_expect_lt(raceway_storage_open(&storage, &options, &err), 0);
	cr_expect_str_eq(err.message, "b is no iSCSI name, as iqn.2026-11.local.raceway:node");
	raceway_storage_close(&storage);
}

Test(storage, made_once, .init = begin, .fini = end)
{
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s", err.message);
	cr_expect_str_eq(fake_order(), "hello configure status listen", "%s", fake_order());
	cr_expect_eq(fake.listening, 1);
	cr_expect_str_eq(json_string_value(json_object_get(fake_request("hello"), "node")),
			 "Node_1");
	cr_expect_str_eq(json_string_value(json_object_get(fake.document, "target")),
			 "iqn.2026-11.local.raceway:node-1");
	cr_expect_eq(storage.pid, 4242);
	cr_expect_str_eq(events, "engineup ");
	fake_forget();
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0);
	scene_set(model, "volume", "pool/boot", "{\"description\":\"x\"}");
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(fake_order(), "", "nothing differs");
	scene_set(model, "vhba", "web1/h0", "{\"weight\":9}");
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(fake_order(), "configure");
}

Test(storage, nothing_to_serve, .init = begin, .fini = end)
{
	struct raceway_model *empty = raceway_model_new();

	raceway_storage_start(&storage, empty);
	cr_expect_str_eq(fake_order(), "hello configure status", "an engine of before: %s",
			 fake_order());
	cr_expect_eq(json_array_size(json_object_get(fake.document, "vhbas")), 0);
	fake_stop();
	raceway_storage_tend(&storage, empty);
	cr_expect_eq(raceway_storage_make(&storage, empty, true, &err), 0,
		     "nobody is needed to serve nothing");
	raceway_model_free(empty);
	fake_start();
}

Test(storage, without_an_engine_at_all)
{
	const struct raceway_storage_options options = { .run_dir = NULL };
	struct raceway_model *empty = raceway_model_new();

	model = scene_model(scene_base);
	cr_assert_eq(raceway_storage_open(&storage, &options, &err), 0);
	cr_expect_eq(raceway_storage_make(&storage, empty, true, &err), 0);
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_CANNOT);
	raceway_storage_tend(&storage, model);
	raceway_storage_close(&storage);
	raceway_model_free(empty);
	scene_free(model);
}

static int prepare(struct raceway_model *next, struct raceway_storage_change *change)
{
	err.fault = RACEWAY_FAULT_NONE;
	return raceway_storage_prepare(&storage, model, next, change, &err);
}

static void expect_request(const char *op, const char *text)
{
	json_t *request = json_copy((json_t *)fake_request(op));
	char *got;

	cr_assert(request, "%s was not asked for", op);
	json_object_del(request, "id");
	json_object_del(request, "op");
	got = json_dumps(request, JSON_COMPACT | JSON_SORT_KEYS);
	cr_expect_str_eq(got, text, "%s: %s", op, got);
	free(got);
	json_decref(request);
}

Test(storage, files_of_new_volumes, .init = begin, .fini = end)
{
	struct raceway_model *next = raceway_model_clone(model);
	struct raceway_storage_change change = { 0 };
	char name[RACEWAY_VOLUME_NAME];

	made();
	scene_add(next, "volume", "pool/new", "{\"size\":1048576}");
	scene_add(next, "volume", "none/new", "{\"size\":1048576}");
	scene_add(next, "volume", "pool/disk", "{\"dev\":\"/dev/sdz\"}");
	raceway_volume_copy(next, "pool/boot", "copy", false, name, &err);
	scene_set(next, "volume", "pool/data", "{\"size\":4294967296}");
	scene_set(next, "volume", "pool/boot", "{\"description\":\"x\"}");
	cr_assert_eq(prepare(next, &change), 0, "%s", err.message);
	cr_expect_eq(fake.count, 3, "%s", fake_order());
	expect_request("create", "{\"path\":\"/srv/pool\",\"size\":1048576,\"type\":\"pool\","
				 "\"volume\":\"pool/new\"}");
	expect_request("clone",
		       "{\"from\":\"pool/boot\",\"path\":\"/srv/pool\",\"to\":\"pool/copy\"}");
	expect_request("resize", "{\"path\":\"/srv/pool\",\"size\":4294967296,\"type\":\"pool\","
				 "\"volume\":\"pool/data\"}");
	fake_forget();
	raceway_storage_take_back(&storage, &change);
	cr_expect_str_eq(fake_order(), "delete delete", "what was made, and no more");
	raceway_storage_change_clear(&change);
	scene_free(next);
}

Test(storage, files_that_cannot_be_made, .init = begin, .fini = end)
{
	struct raceway_model *next = raceway_model_clone(model);
	struct raceway_storage_change change = { 0 };
	char name[RACEWAY_VOLUME_NAME];

	made();
	scene_add(next, "volume", "pool/new", "{\"size\":1048576}");
	raceway_volume_copy(next, "pool/boot", "zcopy", true, name, &err);
	fake.error_op = "clone";
	fake.error = "{\"object\":\"pool/zcopy\",\"message\":\"there is one\",\"fault\":4}";
	cr_expect_lt(prepare(next, &change), 0);
	cr_expect_str_eq(err.object, "volume pool/zcopy");
	cr_expect_str_eq(err.message, "there is one");
	cr_expect_str_eq(fake_order(), "create clone delete", "%s", fake_order());
	expect_request("delete",
		       "{\"path\":\"/srv/pool\",\"type\":\"pool\",\"volume\":\"pool/new\"}");
	cr_expect_null(change.made);
	scene_free(next);
}

Test(storage, files_that_are_to_go, .init = begin, .fini = end)
{
	made();
	cr_expect_eq(raceway_storage_delete(&storage, "pool/spare", "/srv/pool", "0123456789abcdef",
					    &err),
		     0);
	expect_request("delete",
		       "{\"path\":\"/srv/pool\",\"type\":\"pool\",\"volume\":\"pool/spare\","
		       "\"volume_id\":\"0123456789abcdef\"}");
	fake_forget();
	cr_expect_eq(raceway_storage_delete(&storage, "pool/disk", NULL, "0123456789abcdef", &err),
		     0);
	expect_request("delete", "{\"type\":\"\",\"volume\":\"pool/disk\","
				 "\"volume_id\":\"0123456789abcdef\"}");
}

/* What could be served before must not become a problem by a change; what could not may stay. */
Test(storage, problems, .init = begin, .fini = end)
{
	fake.problems = "[{\"object\":\"volume pool/boot\",\"message\":\"no such file\"}]";
	raceway_storage_start(&storage, model);
	cr_expect_str_eq(raceway_storage_problem(&storage, "volume", "pool/boot"), "no such file");
	cr_expect_null(raceway_storage_problem(&storage, "volume", "pool/data"));
	scene_set(model, "vhba", "web1/h0", "{\"weight\":9}");
	cr_expect_eq(raceway_storage_make(&storage, model, true, &err), 0, "it was one before");
	fake.problems = "[{\"object\":\"volume pool/boot\",\"message\":\"no such file\"},"
			"{\"object\":\"vhba web2/h0\",\"message\":\"/etc/s: Permission denied\"}]";
	scene_set(model, "vhba", "web1/h0", "{\"weight\":10}");
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.object, "vhba web2/h0");
	cr_expect_str_eq(err.message, "/etc/s: Permission denied");
	cr_expect_eq(err.fault, RACEWAY_FAULT_REFUSED);
	/* of what is changed, another one */
	cr_expect_eq(raceway_storage_make(&storage, model, false, NULL), 0);
	err.fault = RACEWAY_FAULT_NONE;
	fake.problems = "[{\"object\":\"volume pool/boot\",\"message\":\"not now either\"},"
			"{\"object\":\"vhba web2/h0\",\"message\":\"/etc/s: Permission denied\"}]";
	scene_set(model, "vhba", "web2/h0", "{\"weight\":11}");
	cr_expect_eq(raceway_storage_make(&storage, model, true, &err), 0, "the same: %s",
		     err.message);
	fake.problems = "[{\"object\":\"vhba web2/h0\",\"message\":\"/etc/none: No such file\"}]";
	scene_set(model, "vhba", "web2/h0", "{\"secret_file\":\"/etc/none\"}");
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.message, "/etc/none: No such file");
	fake.problems = "[]";
	scene_set(model, "vhba", "web1/h0", "{\"weight\":11}");
	cr_expect_eq(raceway_storage_make(&storage, model, false, NULL), 0);
	cr_expect_null(raceway_storage_problem(&storage, "vhba", "web2/h0"));
}

/* Until something is to be read, at most `ms`. */
static void wait_and_tend(int ms)
{
	struct pollfd p = { .fd = storage.epoll_fd, .events = POLLIN };

	if (poll(&p, 1, ms) > 0)
		raceway_storage_tend(&storage, model);
}

Test(storage, engine_dies_and_returns, .init = begin, .fini = end)
{
	made();
	fake_stop();
	wait_and_tend(1000);
	cr_expect(!raceway_storage_up(&storage));
	cr_expect_str_eq(storage.why, "it has ended");
	cr_expect_str_eq(events, "engineup enginedown ");
	cr_expect_null(raceway_storage_status(&storage, false));
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_SYSTEM);
	cr_expect(strstr(err.message, "the storage engine does not answer at"), "%s", err.message);
	fake_start();
	for (int i = 0; i < 20 && !raceway_storage_up(&storage); i++)
		wait_and_tend(1000);
	cr_expect_str_eq(fake_order(), "hello configure status listen", "by itself: %s",
			 fake_order());
	cr_expect_eq(fake.listening, 1);
	cr_expect_str_eq(events, "engineup enginedown engineup ");
}

/* The sockets stay here, so that who connects in between waits and is not refused. */
Test(storage, portals_stay_open_without_an_engine, .init = begin, .fini = end)
{
	struct sockaddr_in to = address(3999);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	made();
	fake_stop();
	wait_and_tend(1000);
	cr_expect_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	close(fd);
	fake_start();
}

Test(storage, a_return_of_the_daemon, .init = begin, .fini = end)
{
	made();
	raceway_storage_close(&storage);
	open_storage("none");
	raceway_storage_start(&storage, model);
	cr_expect_str_eq(fake_order(), "hello configure status", "the engine has the socket: %s",
			 fake_order());
	fake_forget();
	scene_del(model, "portal", "p1");
	cr_expect_eq(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(fake_order(), "configure");
}

/* The engine listens where the portal was; the daemon was away when that became another place. */
Test(storage, a_return_to_another_namespace, .init = begin, .fini = end)
{
	long long own = 0;
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &own, &length), 0);
	close(fd);
	made();
	raceway_storage_close(&storage);
	fake.netns = own;
	open_storage("none");
	raceway_storage_start(&storage, model);
	cr_expect_str_eq(fake_order(), "hello configure status", "it is where it should be: %s",
			 fake_order());
	raceway_storage_close(&storage);
	fake_forget();
	fake.netns = own + 1;
	open_storage("none");
	raceway_storage_start(&storage, model);
	cr_expect_str_eq(fake_order(), "hello configure status configure configure listen", "%s",
			 fake_order());
	cr_expect_str_eq(raceway_listeners_find(&storage.listeners, "p1")->why, "");
}

Test(storage, portals_come_move_and_go, .init = begin, .fini = end)
{
	made();
	scene_add(model, "portal", "p2", at(3998));
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s", err.message);
	cr_expect_str_eq(fake_order(), "configure listen", "%s", fake_order());
	fake_forget();
	scene_set(model, "portal", "p2", at(3997));
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s", err.message);
	cr_expect_str_eq(fake_order(), "configure configure listen", "%s", fake_order());
	fake_forget();
	/* one takes the other's place in one change */
	scene_del(model, "portal", "p1");
	scene_set(model, "portal", "p2", at(3999));
	cr_assert_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s", err.message);
	cr_expect_eq(fake_asked("listen"), 1);
	cr_expect_eq(json_array_size(fake.portals), 1);
}

Test(storage, portals_that_cannot_be, .init = begin, .fini = end)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in taken = address(3996);
	char message[128];

	snprintf(message, sizeof(message), "cannot listen at %s:3996: somebody else does", host());
	cr_assert_eq(bind(fd, (struct sockaddr *)&taken, sizeof(taken)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	made();
	scene_add(model, "portal", "p2", "{\"address\":\"192.0.2.77\"}");
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.object, "portal p2");
	cr_expect_str_eq(err.message,
			 "cannot listen at 192.0.2.77:3260: it is no address of this machine");
	err.fault = RACEWAY_FAULT_NONE;
	scene_set(model, "portal", "p2", at(3996));
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.message, message);
	err.fault = RACEWAY_FAULT_NONE;
	scene_set(model, "portal", "p2", "{\"netns\":\"nowhere-at-all\"}");
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.message,
			 "netns nowhere-at-all: there is no such name under /run/netns");
	/* not strict: said with the portal, and tried again */
	scene_set(model, "portal", "p2", "{\"netns\":null}");
	cr_expect_eq(raceway_storage_make(&storage, model, false, &err), 0);
	cr_expect_str_eq(raceway_listeners_find(&storage.listeners, "p2")->why, message);
	/* and no reason to refuse what has nothing to do with it */
	scene_set(model, "vhba", "web1/h0", "{\"weight\":9}");
	err.fault = RACEWAY_FAULT_NONE;
	cr_expect_eq(raceway_storage_make(&storage, model, true, &err), 0, "%s", err.message);
	fake_forget();
	close(fd);
	wait_and_tend(5000);
	cr_expect_eq(fake_asked("listen"), 1, "%s", fake_order());
	cr_expect_str_eq(raceway_listeners_find(&storage.listeners, "p2")->why, "");
}

Test(storage, silent_engine_is_waited_for_once, .init = begin, .fini = end)
{
	made();
	fake.mode = FAKE_SILENT;
	cr_expect_null(raceway_storage_status(&storage, true));
	cr_expect(!raceway_storage_up(&storage));
	cr_expect_str_eq(storage.why, "the storage engine does not answer");
	cr_expect_null(raceway_storage_status(&storage, true), "at once, and not after a time");
	fake.mode = FAKE_WELL;
	cr_expect_eq(raceway_storage_make(&storage, model, true, &err), 0,
		     "a change does not wait for the next try");
}

Test(storage, engine_of_another_protocol, .init = begin, .fini = end)
{
	fake.error_op = "hello";
	fake.error =
		"{\"object\":\"\",\"message\":\"protocol 1: this engine speaks 2\",\"fault\":4}";
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_str_eq(err.message, "protocol 1: this engine speaks 2");
	cr_expect(!raceway_storage_up(&storage));
}

Test(storage, events, .init = begin, .fini = end)
{
	made();
	fake_event("{\"event\":\"session-open\",\"vhba\":\"web1/h0\"}");
	wait_and_tend(1000);
	cr_expect_str_eq(events, "engineup session-open ");
	fake.mode = FAKE_CRUMBS;
	json_decref(raceway_storage_status(&storage, false));
	cr_expect(raceway_storage_pending(&storage), "it came beside an answer");
	raceway_storage_tend(&storage, model);
	cr_expect_str_eq(events, "engineup session-open crumb ");
	cr_expect(!raceway_storage_pending(&storage));
}

/* --- the engine as a process --- */

/* A script that says with which words it was started, in whose session, and with what open. */
static void write_script(char path[256])
{
	FILE *file;

	snprintf(path, 128, "%s/engine", fake.dir);
	file = fopen(path, "w");
	fprintf(file,
		"#!/bin/sh\n"
		"exec >%s/said\n"
		"echo \"$@\"\n"
		"cut -d ' ' -f 4,6 /proc/$$/stat\n"
		"echo $$\n"
		"ls /proc/$$/fd | tr '\\n' ' '\n"
		"echo\n"
		"mv %s/said %s/done\n"
		"exec sleep 20\n",
		fake.dir, fake.dir, fake.dir);
	fclose(file);
	chmod(path, 0755);
}

Test(storage, starts_its_engine)
{
	char path[256], said[128], line[512];
	int parent = 0, session = 0, pid = 0;
	FILE *file = NULL;

	fake_dir();
	write_script(path);
	open_storage(path);
	model = scene_model(scene_base);
	/* it runs and never listens */
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_SYSTEM, "%s", err.message);
	snprintf(said, sizeof(said), "%s/done", fake.dir);
	for (int i = 0; i < 500 && !(file = fopen(said, "r")); i++)
		usleep(20000);
	cr_assert(file, "it was not started");
	cr_assert(fgets(line, sizeof(line), file));
	line[strcspn(line, "\n")] = '\0';
	snprintf(path, sizeof(path), "--run-dir %s --state-dir %s/vhba", fake.dir, fake.dir);
	cr_expect_str_eq(line, path);
	cr_assert(fgets(line, sizeof(line), file));
	cr_expect_eq(sscanf(line, "%d %d", &parent, &session), 2);
	cr_assert(fgets(line, sizeof(line), file));
	cr_expect_eq(sscanf(line, "%d", &pid), 1);
	cr_expect_neq(parent, getpid(), "nobody's child");
	cr_expect_neq(session, getsid(0), "a session of its own");
	cr_assert(fgets(line, sizeof(line), file));
	cr_expect_str_eq(line, "0 1 10 2 \n", "none of ours is open, 10 is the script's: %s", line);
	fclose(file);
	kill(pid, SIGKILL);
	unlink(said);
	snprintf(path, sizeof(path), "%s/engine", fake.dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vhba", fake.dir);
	rmdir(path);
	rmdir(fake.dir);
	scene_free(model);
	raceway_storage_close(&storage);
}

/* The daemon blocks signals for itself. Not a shell, which would change that. */
Test(storage, its_engine_hears_signals)
{
	char path[128], done[128], line[64] = "";
	sigset_t blocked;
	FILE *file;

	fake_dir();
	snprintf(path, sizeof(path), "%s/engine", fake.dir);
	snprintf(done, sizeof(done), "%s/done", fake.dir);
	file = fopen(path, "w");
	fprintf(file,
		"#!/usr/bin/perl\n"
		"open(F, '/proc/self/status'); ($l) = grep(/^SigBlk/, <F>);\n"
		"open(O, '>%s.new'); print O $l; close(O); rename('%s.new', '%s');\n",
		done, done, done);
	fclose(file);
	chmod(path, 0755);
	open_storage(path);
	model = scene_model(scene_base);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	for (int i = 0; i < 500 && !(file = fopen(done, "r")); i++)
		usleep(20000);
	cr_assert(file && fgets(line, sizeof(line), file));
	cr_expect_str_eq(line, "SigBlk:\t0000000000000000\n", "%s", line);
	fclose(file);
	unlink(done);
	unlink(path);
	snprintf(path, sizeof(path), "%s/vhba", fake.dir);
	rmdir(path);
	rmdir(fake.dir);
	scene_free(model);
	raceway_storage_close(&storage);
}

Test(storage, no_engine_to_start)
{
	char path[128];

	fake_dir();
	open_storage("/nonexistent/raceway-vhba");
	model = scene_model(scene_base);
	cr_expect_lt(raceway_storage_make(&storage, model, true, &err), 0);
	cr_expect_eq(err.fault, RACEWAY_FAULT_CANNOT);
	cr_expect_str_eq(err.message, "the storage engine cannot be started: "
				      "/nonexistent/raceway-vhba: No such file or directory");
	snprintf(path, sizeof(path), "%s/vhba", fake.dir);
	rmdir(path);
	rmdir(fake.dir);
	scene_free(model);
	raceway_storage_close(&storage);
}
