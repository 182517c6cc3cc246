/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API's bed: a core with a real store, netdevs in a private place, and a stub of a data path.
 */
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "bed.h"
#include "net/veth.h"

struct raceway_core core;
char bed_state[] = "/tmp/raceway-api-XXXXXX";
static char pins[64];
struct raceway_response answer;
const char *if_match;
const struct raceway_caller *caller = &raceway_caller_daemon;

void open_core(void)
{
	const struct raceway_core_options options = { .state_dir = bed_state,
						      .pin_dir = pins,
						      .node = "test" };
	struct raceway_error err = { 0 };

	cr_assert_eq(raceway_core_open(&core, &options, &err), 0, "%s", err.message);
}

void bed_begin(void)
{
	struct raceway_veth up = { .host = "up0",
				   .guest = "lan0",
				   .alias = "test",
				   .mtu = 1500,
				   .mac = { 2, 0, 0, 0, 0, 9 },
				   .ns_fd = -1,
				   .guest_up = true };
	struct raceway_link_edit edit = { .what = RACEWAY_EDIT_UP, .up = true };
	struct raceway_rtnl rtnl;
	size_t failed;
	int error;

	private_begin();
	cr_assert(mkdtemp(bed_state));
	snprintf(pins, sizeof(pins), "%s/pins", bed_state);
	cr_assert(!mkdir(pins, 0700) && !mount("bpf", pins, "bpf", 0, NULL), "bpffs: %m");
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
	cr_assert_eq(raceway_veth_create(&rtnl, &up, 1, &failed), 0);
	edit.ifindex = if_nametoindex("up0");
	cr_assert_eq(raceway_link_edit(&rtnl, &edit, 1, &error), 0);
	raceway_rtnl_close(&rtnl);
	open_core();
}

void bed_end(void)
{
	char path[64];

	if (!core.store)
		return;
	raceway_response_clear(&answer);
	raceway_core_close(&core);
	for (const char *const *s = (const char *const[]){ "", "-wal", "-shm", NULL }; *s; s++) {
		snprintf(path, sizeof(path), "%s/raceway.db%s", bed_state, *s);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/raceway.lock", bed_state);
	unlink(path);
	umount2(pins, MNT_DETACH);
	rmdir(pins);
	rmdir(bed_state);
}

unsigned int call(const char *method, const char *path, const char *body)
{
	const char *query = strchr(path, '?');
	char only_path[128];
	struct raceway_request request = { .caller = caller,
					   .method = method,
					   .path = only_path,
					   .body = body,
					   .body_size = body ? strlen(body) : 0,
					   .if_match = if_match,
					   .stats = query && strstr(query, "stats"),
					   .dry_run = query && strstr(query, "dry_run"),
					   .prune = query && strstr(query, "prune") };

	snprintf(only_path, sizeof(only_path), "%.*s", query ? (int)(query - path) : 127, path);
	raceway_response_clear(&answer);
	raceway_api_handle(&core, &request, &answer);
	return answer.status;
}

/* The text at a path of keys in the first object of the answer's list, or in the error. */
const char *text(const char *list, const char *key)
{
	const json_t *object = json_object_get(answer.json, list);

	if (json_is_array(object))
		object = json_array_get(object, 0);
	return json_string_value(json_object_get(object, key));
}

void add_port_and_segment(void)
{
	cr_assert_eq(
		call("POST", "/v1/ports", "{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"}"),
		201);
	cr_assert_eq(call("POST", "/v1/segments", "{\"name\":\"lan\",\"uplink\":\"up0\"}"), 201);
}

void add_local_vnic(void)
{
	add_port_and_segment();
	cr_assert_eq(call("POST", "/v1/profiles", "{\"name\":\"web1\",\"server\":\"local\"}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics", "{\"name\":\"web1/eth0\",\"segment\":\"lan\"}"),
		     201);
}
