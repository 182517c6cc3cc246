/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Storage through the API: with a real store, an engine that is none, and a data path that only
 * remembers and fails where it is told to. What is refused late is taken back everywhere. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "../storage/fake.h"
#include "api/api.h"
#include "net/veth.h"
#include "stub.h"

static struct raceway_core core;
static char pins[96];
static struct raceway_response answer;

static void make_port(void)
{
	struct raceway_veth up = { .host = "up0",
				   .guest = "lan0",
				   .alias = "test",
				   .mtu = 1500,
				   .mac = { 2, 0, 0, 0, 0, 9 },
				   .ns_fd = -1,
				   .guest_up = true };
	struct raceway_rtnl rtnl;
	size_t failed;

	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
	cr_assert_eq(raceway_veth_create(&rtnl, &up, 1, &failed), 0);
	raceway_rtnl_close(&rtnl);
}

static void open_core(void)
{
	struct raceway_core_options options = { .state_dir = fake.dir,
						.run_dir = fake.dir,
						.pin_dir = pins,
						.vhba = "none",
						.node = "test" };
	struct raceway_error err = { 0 };

	cr_assert_eq(raceway_core_open(&core, &options, &err), 0, "%s", err.message);
	core.storage.wire.ms = 300;
}

static void begin(void)
{
	private_begin();
	make_port();
	fake_dir();
	fake_start();
	snprintf(pins, sizeof(pins), "%s/pins", fake.dir);
	cr_assert(!mkdir(pins, 0700) && !mount("bpf", pins, "bpf", 0, NULL), "bpffs: %m");
	open_core();
}

static void end(void)
{
	static const char *const files[] = { "raceway.db", "raceway.db-wal", "raceway.db-shm",
					     "raceway.lock" };
	char path[128];

	if (!core.store)
		return;
	raceway_response_clear(&answer);
	raceway_core_close(&core);
	fake_stop();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", fake.dir, files[i]);
		unlink(path);
	}
	umount2(pins, MNT_DETACH);
	rmdir(pins);
	rmdir(fake.dir);
}

TestSuite(api_storage, .init = begin, .fini = end);

static const char *confirm; /* of apply, which then prunes */

static unsigned int call(const char *method, const char *path, const char *body)
{
	struct raceway_request request = { .caller = &raceway_caller_daemon,
					   .confirm = confirm,
					   .prune = confirm,
					   .method = method,
					   .path = path,
					   .body = body,
					   .body_size = body ? strlen(body) : 0 };

	raceway_response_clear(&answer);
	raceway_api_handle(&core, &request, &answer);
	return answer.status;
}

/* Of the last answer. */
static const char *message(void)
{
	const json_t *error = json_object_get(answer.json, "error");
	const char *text = json_string_value(json_object_get(error, "message"));

	return text ? text : "";
}

static void make_scene(void)
{
	cr_assert_eq(
		call("POST", "/v1/sans", "{\"name\":\"p\",\"type\":\"pool\",\"path\":\"/tmp\"}"),
		201, "%s", message());
	cr_assert_eq(call("POST", "/v1/volumes", "{\"name\":\"p/v\",\"size\":\"1m\"}"), 201, "%s",
		     message());
	cr_assert_eq(call("POST", "/v1/profiles", "{\"name\":\"w\",\"server\":\"local\"}"), 201);
	fake_forget();
}

static char *stored(void)
{
	struct raceway_error err = { 0 };
	struct raceway_model *model;
	json_t *document;
	char *text;

	cr_assert_eq(raceway_store_load(core.store, &model, &err), 0);
	document = raceway_model_export(model);
	text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	raceway_model_free(model);
	return text;
}

#define DOCUMENT                                                                                   \
	"{\"schema\":1,\"ports\":[{\"name\":\"up\",\"dev\":\"up0\",\"role\":\"uplink\"}],"         \
	"\"volumes\":[{\"name\":\"p/new\",\"size\":1048576}],"                                     \
	"\"profiles\":[{\"name\":\"w\",\"server\":\"local\",\"vhbas\":[{\"name\":\"h\","           \
	"\"san\":\"p\",\"luns\":[{\"lun\":0,\"volume\":\"p/new\"}]}]}]}"

Test(api_storage, a_late_refusal_of_the_kernel)
{
	char *before, *after;

	make_scene();
	before = stored();
	stub.fail_attach_port = true;
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 501);
	cr_expect_str_eq(message(), "no native XDP");
	cr_expect_str_eq(fake_order(), "create configure configure delete", "%s", fake_order());
	cr_expect_eq(json_array_size(json_object_get(fake.document, "vhbas")), 0);
	cr_expect_eq(json_array_size(json_object_get(fake.document, "volumes")), 1);
	after = stored();
	cr_expect_str_eq(before, after);
	free(after);
	stub.fail_attach_port = false;
	fake_forget();
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 200, "%s", message());
	cr_expect_str_eq(fake_order(), "create configure");
	cr_expect_eq(json_array_size(json_object_get(fake.document, "vhbas")), 1);
	fake_forget();
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 200);
	cr_expect_str_eq(fake_order(), "", "nothing differs");
	free(before);
}

Test(api_storage, a_late_refusal_of_the_engine)
{
	char *before, *after;

	make_scene();
	before = stored();
	fake.problems = "[{\"object\":\"vhba w/h\",\"message\":\"no\"}]";
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 409);
	cr_expect_str_eq(fake_order(), "create configure configure delete", "%s", fake_order());
	cr_expect_eq(stub.ports, 0, "the kernel was not touched");
	after = stored();
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
}

Test(api_storage, without_the_engine)
{
	make_scene();
	fake_stop();
	cr_expect_eq(call("POST", "/v1/vhbas", "{\"name\":\"w/h\",\"san\":\"p\"}"), 500);
	cr_expect_eq(strncmp(message(), "the storage engine does not answer", 34), 0, "%s",
		     message());
	cr_expect_eq(call("GET", "/v1/vhbas/w/h", NULL), 404);
	cr_expect_eq(call("POST", "/v1/segments", "{\"name\":\"s\"}"), 201, "%s", message());
	cr_expect_eq(call("POST", "/v1/vnics", "{\"name\":\"w/e\",\"segment\":\"s\"}"), 201, "%s",
		     message());
	cr_expect_eq(call("GET", "/v1/sans/p", NULL), 200);
	cr_expect_str_eq(json_string_value(json_object_get(
				 json_array_get(json_object_get(answer.json, "sans"), 0), "oper")),
			 "engine down");
	fake_start();
	/* by the next change, which the engine needs to know of too */
	cr_expect_eq(call("POST", "/v1/vhbas", "{\"name\":\"w/h\",\"san\":\"p\"}"), 201, "%s",
		     message());
	cr_expect_eq(json_array_size(json_object_get(
			     json_array_get(json_object_get(fake.document, "vhbas"), 0), "macs")),
		     1);
}

/* The MAC of a vNIC is known to the engine, but a vNIC does not need it. */
Test(api_storage, vnics_of_a_profile)
{
	make_scene();
	cr_assert_eq(call("POST", "/v1/vhbas", "{\"name\":\"w/h\",\"san\":\"p\"}"), 201);
	cr_assert_eq(call("POST", "/v1/segments", "{\"name\":\"s\"}"), 201);
	fake_forget();
	cr_assert_eq(call("POST", "/v1/vnics", "{\"name\":\"w/e\",\"segment\":\"s\"}"), 201, "%s",
		     message());
	cr_expect_str_eq(fake_order(), "configure");
	fake_forget();
	cr_assert_eq(call("PATCH", "/v1/vnics/w/e", "{\"tx_pir\":\"1gbit\"}"), 200);
	cr_expect_str_eq(fake_order(), "");
}

Test(api_storage, actions)
{
	make_scene();
	cr_assert_eq(call("POST", "/v1/vhbas", "{\"name\":\"w/h\",\"san\":\"p\"}"), 201);
	cr_expect_eq(call("POST", "/v1/vhbas/w/h/map", "{\"lun\":1,\"volume\":\"p/v\"}"), 200);
	cr_expect_eq(json_array_size(json_object_get(
			     json_array_get(json_object_get(answer.json, "vhbas"), 0), "luns")),
		     1);
	cr_expect_eq(call("POST", "/v1/vhbas/w/h/unmap", "{\"lun\":\"1\"}"), 400);
	cr_expect_eq(call("POST", "/v1/vhbas/w/h/unmap", "{\"lun\":1}"), 200);
	cr_expect_eq(call("POST", "/v1/vhbas/w/h/map", "[]"), 400);
	cr_expect_eq(call("POST", "/v1/volumes/p/v/snapshot", "{\"name\":\"s\"}"), 201);
	cr_expect_str_eq(
		json_string_value(json_object_get(
			json_array_get(json_object_get(answer.json, "volumes"), 0), "name")),
		"p/s");
	cr_expect_eq(call("POST", "/v1/volumes/p/v/clone", "{\"name\":\"p/c\"}"), 201);
	cr_expect_eq(call("POST", "/v1/volumes/p/v/clone", "{\"name\":7}"), 400);
	cr_expect_eq(call("POST", "/v1/volumes/p/v/clone", "{\"name\":\"q/c\"}"), 409);
	cr_expect_eq(call("PUT", "/v1/volumes/p/v/clone", "{\"name\":\"x\"}"), 405);
	cr_expect_str_eq(answer.allow, "POST");
	cr_expect_eq(call("POST", "/v1/volumes/p/v/melt", "{\"name\":\"x\"}"), 405);
	cr_expect_eq(call("POST", "/v1/vhbas/w/h/clone", "{\"name\":\"x\"}"), 405);
}

/* --- files of deleted volumes --- */

static bool is_noted(const char *volume)
{
	struct raceway_error err = { 0 };
	struct raceway_model *model;
	bool noted;

	cr_assert_eq(raceway_store_load(core.store, &model, &err), 0);
	noted = raceway_model_get(model, raceway_kind_find("volume"), volume);
	raceway_model_free(model);
	return noted;
}

Test(api_storage, a_file_goes_last)
{
	make_scene();
	cr_expect_eq(call("DELETE", "/v1/volumes/p/v", NULL), 204);
	cr_expect_str_eq(fake_order(), "configure delete", "%s", fake_order());
	cr_expect_str_eq(json_string_value(json_object_get(fake_request("delete"), "path")),
			 "/tmp");
	cr_expect_eq(json_string_length(json_object_get(fake_request("delete"), "volume_id")), 16);
	cr_expect(!is_noted("p/v"));
}

/* What the engine keeps of it goes, too. */
Test(api_storage, a_volume_without_a_file)
{
	make_scene();
	cr_expect_eq(call("POST", "/v1/sans", "{\"name\":\"n\",\"type\":\"null\"}"), 201);
	cr_expect_eq(call("POST", "/v1/volumes", "{\"name\":\"n/v\",\"size\":\"1m\"}"), 201);
	fake_forget();
	cr_expect_eq(call("DELETE", "/v1/volumes/n/v", NULL), 204, "%s", message());
	cr_expect_str_eq(fake_order(), "configure delete", "%s", fake_order());
	cr_expect_null(json_object_get(fake_request("delete"), "path"));
	cr_expect_eq(json_string_length(json_object_get(fake_request("delete"), "volume_id")), 16);
	cr_expect(!is_noted("n/v"));
}

Test(api_storage, a_deletion_that_was_cut_off)
{
	make_scene();
	fake.error_op = "delete";
	fake.error = "{\"object\":\"p/v\",\"message\":\"Input/output error\",\"fault\":7}";
	cr_expect_eq(call("DELETE", "/v1/volumes/p/v", NULL), 204, "it is stored: %s", message());
	cr_expect_eq(call("GET", "/v1/volumes/p/v", NULL), 404);
	cr_expect(is_noted("p/v"), "its file is to go");
	raceway_core_close(&core);
	fake.error = NULL;
	fake_forget();
	open_core();
	cr_expect_eq(call("GET", "/v1/volumes/p/v", NULL), 404, "it does not come back");
	cr_expect_eq(fake_asked("delete"), 1, "%s", fake_order());
	cr_expect(!is_noted("p/v"));
}

/* What is refused is no deletion. */
Test(api_storage, a_deletion_that_is_refused)
{
	make_scene();
	fake.problems = "[{\"object\":\"san p\",\"message\":\"no\"}]";
	cr_expect_eq(call("DELETE", "/v1/volumes/p/v", NULL), 409);
	cr_expect_eq(fake_asked("delete"), 0);
	cr_expect_eq(call("GET", "/v1/volumes/p/v", NULL), 200);
	raceway_core_close(&core);
	fake.problems = NULL;
	open_core();
	cr_expect_eq(call("GET", "/v1/volumes/p/v", NULL), 200);
	cr_expect_eq(fake_asked("delete"), 0);
}

/* --- copies that go on after the answer --- */

/* What the engine says takes a moment. */
static void tend(void)
{
	struct pollfd p = { .fd = core.storage.epoll_fd, .events = POLLIN };

	poll(&p, 1, 50);
	raceway_core_storage(&core);
}

/* Until the volume is there (200) or not (404). */
static void await_volume(const char *path, unsigned int status)
{
	for (int i = 0; i < 100 && call("GET", path, NULL) != status; i++)
		tend();
	cr_expect_eq(answer.status, status, "%s", path);
}

static bool is_copying(const char *volume)
{
	struct raceway_error err = { 0 };
	struct raceway_model *model;
	const json_t *doc;
	bool copying;

	cr_assert_eq(raceway_store_load(core.store, &model, &err), 0);
	doc = raceway_model_get(model, raceway_kind_find("volume"), volume);
	copying = json_object_get(doc, "copying");
	raceway_model_free(model);
	return copying;
}

static void start_copy(const char *name)
{
	char body[64];

	fake.copied = true;
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"copying\",\"copying\":40}]";
	snprintf(body, sizeof(body), "{\"name\":\"%s\"}", name);
	cr_assert_eq(call("POST", "/v1/volumes/p/v/clone", body), 201, "%s", message());
	cr_expect_str_eq(
		json_string_value(json_array_get(json_object_get(answer.json, "warnings"), 0)),
		"its file system shares no blocks: it is being copied, see volume show");
	cr_expect(is_copying("p/c"));
}

Test(api_storage, a_copy_that_ends_well)
{
	make_scene();
	start_copy("c");
	fake_event("{\"event\":\"volume-copy\",\"volume\":\"p/"
		   "c\",\"done\":1,\"of\":2,\"error\":null}");
	fake_event("{\"event\":\"volume-copy\",\"volume\":\"p/"
		   "c\",\"done\":2,\"of\":2,\"error\":null}");
	for (int i = 0; i < 100 && is_copying("p/c"); i++)
		tend();
	cr_expect(!is_copying("p/c"));
	cr_expect_eq(call("GET", "/v1/volumes/p/c", NULL), 200);
}

Test(api_storage, a_copy_that_fails)
{
	make_scene();
	start_copy("c");
	fake_event("{\"event\":\"volume-copy\",\"volume\":\"p/c\",\"done\":1,\"of\":2,"
		   "\"error\":\"no room\"}");
	await_volume("/v1/volumes/p/c", 404);
	cr_expect_eq(json_array_size(json_object_get(fake.document, "volumes")), 1);
}

Test(api_storage, a_copy_whose_engine_dies)
{
	make_scene();
	start_copy("c");
	fake_stop();
	await_volume("/v1/volumes/p/c", 200);
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"c.raw: No such file or directory\","
		       "\"file\":false}]";
	fake_start();
	await_volume("/v1/volumes/p/c", 404);
}

/* It is whole, and cannot be served now: that is no reason to delete it. */
Test(api_storage, a_copy_that_is_there_and_cannot_be_served)
{
	make_scene();
	start_copy("c");
	fake_stop();
	await_volume("/v1/volumes/p/c", 200);
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"somebody else serves it\",\"file\":true}]";
	fake_start();
	for (int i = 0; i < 100 && is_copying("p/c"); i++)
		tend();
	cr_expect(!is_copying("p/c"));
	cr_expect_eq(call("GET", "/v1/volumes/p/c", NULL), 200);
	cr_expect_eq(fake_asked("delete"), 0);
}

/* Its directory cannot be looked at: it is asked for again. */
Test(api_storage, a_copy_of_which_nothing_is_known)
{
	make_scene();
	start_copy("c");
	fake_stop();
	await_volume("/v1/volumes/p/c", 200);
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"/srv/p: No such file or directory\"}]";
	fake_start();
	for (int i = 0; i < 20 && !fake_asked("status"); i++)
		tend();
	tend();
	cr_expect(is_copying("p/c"));
	cr_expect_eq(call("GET", "/v1/volumes/p/c", NULL), 200);
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"up\",\"file\":true}]";
	fake_event("{\"event\":\"session-open\",\"vhba\":\"w/h\"}");
	for (int i = 0; i < 100 && is_copying("p/c"); i++)
		tend();
	cr_expect(!is_copying("p/c"));
	cr_expect_eq(fake_asked("delete"), 0);
}

/* It was finished while the daemon was away. */
Test(api_storage, a_copy_that_nobody_saw_end)
{
	make_scene();
	start_copy("c");
	fake_stop();
	await_volume("/v1/volumes/p/c", 200);
	fake.volumes = "[{\"name\":\"p/c\",\"oper\":\"up\",\"file\":true}]";
	fake_start();
	for (int i = 0; i < 100 && is_copying("p/c"); i++)
		tend();
	cr_expect(!is_copying("p/c"));
	cr_expect_eq(call("GET", "/v1/volumes/p/c", NULL), 200);
}

/* The daemon died between the engine's answer and the store: the engine copies on for nobody. */
Test(api_storage, a_copy_that_nobody_wants)
{
	make_scene();
	fake_event("{\"event\":\"volume-copy\",\"volume\":\"p/"
		   "lost\",\"done\":1,\"of\":2,\"error\":null}");
	for (int i = 0; i < 100 && !fake_asked("delete"); i++)
		tend();
	cr_expect_str_eq(json_string_value(json_object_get(fake_request("delete"), "volume")),
			 "p/lost");
	fake_forget();
	fake_event("{\"event\":\"volume-copy\",\"volume\":\"p/"
		   "lost\",\"done\":1,\"of\":2,\"error\":\"x\"}");
	tend();
	tend();
	cr_expect_eq(fake_asked("delete"), 0, "what failed is gone already");
}

/* A backup holds no data, so a restore neither makes files nor deletes any. */
Test(api_storage, a_restore_leaves_files_alone)
{
	char *backup;

	make_scene();
	cr_assert_eq(call("GET", "/v1/backup", NULL), 200);
	backup = json_dumps(answer.json, JSON_COMPACT);
	cr_assert_eq(call("POST", "/v1/volumes", "{\"name\":\"p/more\",\"size\":\"1m\"}"), 201);
	fake_forget();
	cr_expect_eq(call("POST", "/v1/restore", backup), 409);
	cr_expect_str_eq(message(), "is not in the backup, and to restore that would delete its "
				    "data: delete the volume first");
	cr_expect_str_eq(fake_order(), "");
	cr_expect_eq(call("GET", "/v1/volumes/p/more", NULL), 200);
	cr_assert_eq(call("DELETE", "/v1/volumes/p/more", NULL), 204);
	cr_assert_eq(call("DELETE", "/v1/volumes/p/v", NULL), 204);
	fake_forget();
	cr_expect_eq(call("POST", "/v1/restore", backup), 200, "%s", message());
	cr_expect_str_eq(fake_order(), "configure", "%s", fake_order());
	cr_expect_eq(json_array_size(json_object_get(fake.document, "volumes")), 1);
	free(backup);
}

#define VOLUMES(list)                                                                              \
	"{\"schema\":1,\"sans\":[{\"name\":\"p\",\"type\":\"pool\",\"path\":\"/"                   \
	"tmp\"}],\"volumes\":[" list "],\"profiles\":[{\"name\":\"w\",\"server\":\"local\"}]}"
#define OLD "{\"name\":\"p/v\",\"size\":\"1m\"}"
#define NEW "{\"name\":\"p/new\",\"size\":\"1m\"}"

Test(api_storage, what_cannot_be_brought_back_is_not_tried)
{
	make_scene();
	confirm = "60s";
	cr_expect_eq(call("POST", "/v1/apply", VOLUMES("")), 409);
	cr_expect_str_eq(message(),
			 "what is deleted with it cannot be taken back: do that without --confirm");
	cr_expect_eq(call("POST", "/v1/apply", VOLUMES("{\"name\":\"p/v\",\"size\":\"2m\"}")), 409);
	cr_expect_eq(call("POST", "/v1/apply", VOLUMES(OLD "," NEW)), 200, "%s", message());
	cr_expect_eq(call("POST", "/v1/confirm", NULL), 200);
	cr_expect_eq(call("DELETE", "/v1/volumes/p/v", NULL), 204);
}

Test(api_storage, a_new_volume_is_taken_back_with_its_file)
{
	struct pollfd due = { .fd = core.confirm.timer_fd, .events = POLLIN };
	char *before, *after;

	make_scene();
	before = stored();
	confirm = "1s";
	cr_expect_eq(call("POST", "/v1/apply", VOLUMES(OLD "," NEW)), 200, "%s", message());
	cr_assert_eq(poll(&due, 1, 1500), 1);
	fake_forget();
	raceway_core_confirm_due(&core);
	cr_expect_str_eq(fake_order(), "configure delete", "%s", fake_order());
	after = stored();
	cr_expect_str_eq(after, before);
	free(before);
	free(after);
}
