/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* apply?confirm=TIME: kept if confirmed, taken back as a whole if not, also by the next start. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "api/api.h"
#include "net/veth.h"
#include "stub.h"

#define OF_PROFILE                                                                                 \
	"{\"schema\":1,\"segments\":[{\"name\":\"s\"}],\"profiles\":[{\"name\":\"p\","             \
	"\"server\":\"local\",\"vnics\":[{\"name\":\"e\",\"segment\":\"s\"%s}%s]}]}"
#define BEFORE "", ",{\"name\":\"old\",\"segment\":\"s\"}"
#define AFTER ",\"mtu\":1400", ",{\"name\":\"new\",\"segment\":\"s\"}"

static const struct raceway_caller caller = {
	.roles = RACEWAY_USER_ALL, .how = RACEWAY_BY_SOCKET, .name = "bob", .from = "socket"
};
static struct raceway_core core;
static char state[] = "/tmp/raceway-confirm-XXXXXX", pins[64], before[512], after[512];
static struct raceway_response answer;
static char told[512];

static void on_event(void *context, const char *event, json_t *data)
{
	const char *text = json_string_value(json_object_get(data, "state"));

	if (!strcmp(event, "confirm"))
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s ", text);
}

static void open_core(void)
{
	const struct raceway_core_options options = { .state_dir = state,
						      .pin_dir = pins,
						      .node = "test" };
	struct raceway_error err = { 0 };

	cr_assert_eq(raceway_core_open(&core, &options, &err), 0, "%s", err.message);
	core.on_event = on_event;
}

static unsigned int call(const char *method, const char *path, const char *confirm, bool dry_run,
			 const char *body)
{
	struct raceway_request request = { .caller = &caller,
					   .method = method,
					   .path = path,
					   .body = body,
					   .body_size = body ? strlen(body) : 0,
					   .confirm = confirm,
					   .dry_run = dry_run,
					   .prune = true };

	raceway_response_clear(&answer);
	raceway_api_handle(&core, &request, &answer);
	return answer.status;
}

static const char *message(void)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(answer.json, "error"), "message"));

	return text ? text : "";
}

static void begin(void)
{
	private_begin();
	cr_assert(mkdtemp(state));
	snprintf(pins, sizeof(pins), "%s/pins", state);
	cr_assert(!mkdir(pins, 0700) && !mount("bpf", pins, "bpf", 0, NULL), "bpffs: %m");
	snprintf(before, sizeof(before), OF_PROFILE, BEFORE);
	snprintf(after, sizeof(after), OF_PROFILE, AFTER);
	open_core();
	cr_assert_eq(call("POST", "/v1/apply", NULL, false, before), 200, "%s", message());
}

static void end(void)
{
	char path[64];

	if (!core.store)
		return;
	raceway_response_clear(&answer);
	raceway_core_close(&core);
	for (const char *const *s =
		     (const char *const[]){ ".db", ".db-wal", ".db-shm", ".lock", NULL };
	     *s; s++) {
		snprintf(path, sizeof(path), "%s/raceway%s", state, *s);
		unlink(path);
	}
	umount2(pins, MNT_DETACH);
	rmdir(pins);
	rmdir(state);
}

TestSuite(api_confirm, .init = begin, .fini = end);

static char *exported(void)
{
	json_auto_t *document = raceway_model_export(core.model);

	return json_dumps(document, JSON_SORT_KEYS);
}

/* In the model, the store and the kernel. */
static void expect_state(const char *was, bool as_before)
{
	struct raceway_model *stored;
	struct raceway_error err = { 0 };
	char *now = exported();

	cr_expect_eq(!strcmp(now, was), as_before, "%s", now);
	free(now);
	cr_assert_eq(raceway_store_load(core.store, &stored, &err), 0);
	cr_expect_eq(!raceway_model_get(stored, raceway_kind_find("vnic"), "p/new"), as_before);
	cr_expect_eq(!raceway_model_get(stored, raceway_kind_find("vnic"), "p/old"), !as_before);
	raceway_model_free(stored);
	cr_expect_eq(!if_nametoindex("p-new"), as_before);
	cr_expect_eq(!if_nametoindex("p-old"), !as_before);
	cr_expect_eq(stub.vnics, 2);
	cr_expect_eq(stub.vnic[0].mtu, as_before ? 1500 : 1400);
}

static bool is_pending(void)
{
	cr_assert_eq(call("GET", "/v1/confirm", NULL, false, NULL), 200);
	return json_is_object(json_object_get(answer.json, "confirm"));
}

static bool due_within(int ms)
{
	struct pollfd fd = { .fd = core.confirm.timer_fd, .events = POLLIN };

	return poll(&fd, 1, ms) == 1;
}

Test(api_confirm, kept)
{
	char *was = exported();
	const json_t *confirm;

	cr_expect_not(is_pending());
	cr_assert_eq(call("POST", "/v1/apply", "60s", false, after), 200, "%s", message());
	expect_state(was, false);
	cr_assert(is_pending());
	confirm = json_object_get(answer.json, "confirm");
	cr_expect_eq(json_array_size(json_object_get(confirm, "changes")), 3);
	cr_expect_gt(json_integer_value(json_object_get(confirm, "left")), 50 * 1000000000LL);
	cr_expect_eq(call("POST", "/v1/confirm", NULL, false, NULL), 200);
	cr_expect_not(is_pending());
	cr_expect_not(due_within(0));
	raceway_core_close(&core);
	open_core();
	expect_state(was, false);
	cr_expect_str_eq(told, "pending confirmed ");
	cr_expect_eq(call("POST", "/v1/confirm", NULL, false, NULL), 409);
	cr_expect_str_eq(message(), "nothing waits to be confirmed");
	free(was);
}

Test(api_confirm, taken_back)
{
	char *was = exported();

	cr_assert_eq(call("POST", "/v1/apply", "1s", false, after), 200, "%s", message());
	cr_expect_not(due_within(0));
	cr_expect(due_within(3000));
	raceway_core_confirm_due(&core);
	expect_state(was, true);
	cr_expect_not(is_pending());
	cr_expect_str_eq(told, "pending taken-back ");
	cr_expect_eq(call("POST", "/v1/confirm", NULL, false, NULL), 409);
	cr_expect_str_eq(message(), "nothing waits to be confirmed: what did was taken back when "
				    "its time was up");
	/* the same can be tried again */
	cr_expect_eq(call("POST", "/v1/apply", "1s", false, after), 200, "%s", message());
	cr_expect(is_pending());
	free(was);
}

Test(api_confirm, taken_back_by_a_start_that_is_late)
{
	char *was = exported();

	cr_assert_eq(call("POST", "/v1/apply", "1s", false, after), 200, "%s", message());
	raceway_core_close(&core);
	usleep(1050000);
	stub.fills = 0;
	open_core();
	cr_expect_eq(stub.fills, 1, "the kernel is made once, as it was");
	expect_state(was, true);
	cr_expect_not(is_pending());
	free(was);
}

Test(api_confirm, a_start_in_time_counts_on)
{
	char *was = exported();

	cr_assert_eq(call("POST", "/v1/apply", "4s", false, after), 200, "%s", message());
	usleep(2000000);
	raceway_core_close(&core);
	open_core();
	expect_state(was, false);
	cr_expect_not(due_within(0));
	cr_expect(due_within(3000), "of four seconds two are gone");
	raceway_core_confirm_due(&core);
	expect_state(was, true);
	free(was);
}

/* Whoever sets the clock back meanwhile does not make the time longer than it was. */
Test(api_confirm, a_clock_that_was_set_back)
{
	json_t *note;

	cr_assert_eq(call("POST", "/v1/apply", "1s", false, after), 200, "%s", message());
	note = json_copy((json_t *)raceway_store_note(core.store));
	json_object_set_new(note, "until", json_integer(INT64_MAX));
	raceway_store_set_note(core.store, note);
	json_decref(note);
	cr_assert_eq(raceway_store_commit(core.store, core.model, core.model, NULL, NULL), 0);
	raceway_core_close(&core);
	open_core();
	cr_expect(is_pending());
	cr_expect(due_within(3000));
}

Test(api_confirm, nothing_else_changes_meanwhile)
{
	cr_assert_eq(call("POST", "/v1/apply", "60s", false, after), 200, "%s", message());
	cr_expect_eq(call("POST", "/v1/apply", NULL, false, before), 409);
	cr_expect_not_null(strstr(message(), "raceway apply --confirmed"), "%s", message());
	cr_expect_eq(call("POST", "/v1/apply", "60s", false, before), 409);
	cr_expect_eq(call("PATCH", "/v1/vnics/p/e", NULL, false, "{\"mtu\":1300}"), 409);
	cr_expect_eq(call("DELETE", "/v1/vnics/p/e", NULL, false, NULL), 409);
	cr_expect_eq(call("POST", "/v1/segments", NULL, false, "{\"name\":\"x\"}"), 409);
	/* what changes nothing may ask */
	cr_expect_eq(call("POST", "/v1/apply", NULL, true, before), 200);
	cr_expect_eq(call("POST", "/v1/diff", NULL, false, before), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/p/e", NULL, true, "{\"mtu\":1300}"), 200);
	cr_expect_eq(call("POST", "/v1/confirm", NULL, false, NULL), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/p/e", NULL, false, "{\"mtu\":1300}"), 200);
}

Test(api_confirm, nothing_to_confirm)
{
	static const char volume[] = "{\"schema\":1,\"sans\":[{\"name\":\"n\",\"type\":\"null\"}],"
				     "\"volumes\":[{\"name\":\"n/v\",\"size\":1048576}]}";

	cr_expect_eq(call("POST", "/v1/apply", "1s", false, before), 200);
	cr_expect_not(is_pending(), "nothing was changed");
	cr_expect_eq(call("POST", "/v1/apply", "60s", true, after), 200);
	cr_expect_not(is_pending(), "a dry run");
	cr_expect_eq(call("POST", "/v1/apply", "60s", false, volume), 501);
	cr_expect_not(is_pending(), "refused");
	cr_expect_not(due_within(0));
	cr_expect_eq(call("PUT", "/v1/confirm", NULL, false, NULL), 405);
	cr_expect_str_eq(answer.allow, "GET, POST");
}

/* The store had it already: neither it nor the time is left behind. */
Test(api_confirm, refused_by_the_kernel)
{
	char *was = exported();

	stub.fail_fill = true;
	cr_expect_neq(call("POST", "/v1/apply", "1s", false, after), 200);
	stub.fail_fill = false;
	cr_expect_not(is_pending());
	raceway_core_close(&core);
	open_core();
	expect_state(was, true);
	cr_expect_not(is_pending());
	cr_expect_str_eq(told, "");
	free(was);
}

Test(api_confirm, times)
{
	static const struct {
		const char *text;
		unsigned int status;
		const char *message;
	} times[] = {
		{ "soon", 400, "confirm \"soon\" is not a time, as 60s" },
		{ "", 400, "confirm \"\" is not a time, as 60s" },
		{ "999ms", 409, "confirm 999ms is out of range, 1s to 3600s" },
		{ "3601", 409, "confirm 3601 is out of range, 1s to 3600s" },
		{ "3600s", 200, "" },
	};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		cr_expect_eq(call("POST", "/v1/apply", times[i].text, false, after),
			     times[i].status, "%s: %u", times[i].text, answer.status);
		cr_expect_str_eq(message(), times[i].message);
	}
}
