/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API from request to answer, with real netdevs and a real store in a private place, and a
 * data path that only remembers. */
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "api/api.h"
#include "net/veth.h"
#include "plan/programs.h"
#include "stub.h"
#include "util/cleanup.h"

static struct raceway_core core;
static char state[] = "/tmp/raceway-api-XXXXXX", pins[64];
static struct raceway_response answer;
static const char *if_match;
static const struct raceway_caller *caller = &raceway_caller_daemon;

static void open_core(void)
{
	const struct raceway_core_options options = { .state_dir = state,
						      .pin_dir = pins,
						      .node = "test" };
	struct raceway_error err = { 0 };

	cr_assert_eq(raceway_core_open(&core, &options, &err), 0, "%s", err.message);
}

static void begin(void)
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
	cr_assert(mkdtemp(state));
	snprintf(pins, sizeof(pins), "%s/pins", state);
	cr_assert(!mkdir(pins, 0700) && !mount("bpf", pins, "bpf", 0, NULL), "bpffs: %m");
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
	cr_assert_eq(raceway_veth_create(&rtnl, &up, 1, &failed), 0);
	edit.ifindex = if_nametoindex("up0");
	cr_assert_eq(raceway_link_edit(&rtnl, &edit, 1, &error), 0);
	raceway_rtnl_close(&rtnl);
	open_core();
}

static void end(void)
{
	char path[64];

	if (!core.store)
		return;
	raceway_response_clear(&answer);
	raceway_core_close(&core);
	for (const char *const *s = (const char *const[]){ "", "-wal", "-shm", NULL }; *s; s++) {
		snprintf(path, sizeof(path), "%s/raceway.db%s", state, *s);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/raceway.lock", state);
	unlink(path);
	umount2(pins, MNT_DETACH);
	rmdir(pins);
	rmdir(state);
}

TestSuite(api, .init = begin, .fini = end);

static unsigned int call(const char *method, const char *path, const char *body)
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
static const char *text(const char *list, const char *key)
{
	const json_t *object = json_object_get(answer.json, list);

	if (json_is_array(object))
		object = json_array_get(object, 0);
	return json_string_value(json_object_get(object, key));
}

static void add_port_and_segment(void)
{
	cr_assert_eq(
		call("POST", "/v1/ports", "{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"}"),
		201);
	cr_assert_eq(call("POST", "/v1/segments", "{\"name\":\"lan\",\"uplink\":\"up0\"}"), 201);
}

static void add_local_vnic(void)
{
	add_port_and_segment();
	cr_assert_eq(call("POST", "/v1/profiles", "{\"name\":\"web1\",\"server\":\"local\"}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics", "{\"name\":\"web1/eth0\",\"segment\":\"lan\"}"),
		     201);
}

Test(api, unknown_paths_and_methods_are_refused)
{
	cr_expect_eq(call("GET", "/nothing", NULL), 404);
	cr_expect_eq(call("GET", "/v1/nothings", NULL), 404);
	cr_expect_eq(call("GET", "/v1/port", NULL), 404, "the singular is no path");
	cr_expect_eq(call("GET", "/v1/ports/up0", NULL), 404);
	cr_expect_str_eq(text("error", "object"), "port up0");
	cr_expect_eq(call("DELETE", "/v1/ports", NULL), 405);
	cr_expect_str_eq(answer.allow, "GET, POST");
	cr_expect_eq(call("GET", "/v1/apply", NULL), 405);
	cr_expect_eq(call("POST", "/v1/ports/up0", "{}"), 405);
	cr_expect_eq(call("GET", "/", NULL), 501);
}

Test(api, bad_bodies_change_nothing)
{
	cr_expect_eq(call("POST", "/v1/ports", NULL), 400);
	cr_expect_eq(call("POST", "/v1/ports", "{"), 400);
	cr_expect_eq(call("POST", "/v1/ports", "[]"), 400);
	cr_expect_eq(call("POST", "/v1/ports", "{\"name\":\"a\",\"name\":\"b\"}"), 400);
	cr_expect_eq(call("POST", "/v1/ports", "{\"dev\":\"up0\",\"role\":\"uplink\"}"), 400);
	cr_expect_eq(call("POST", "/v1/ports",
			  "{\"name\":\"x\",\"dev\":\"up0\",\"role\":\"uplink\",\"wings\":2}"),
		     400);
	cr_expect_str_eq(text("error", "field"), "wings");
	cr_expect_eq(call("GET", "/v1/ports", NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "ports")), 0);
	cr_expect_eq(stub.attached_count, 0);
}

Test(api, what_does_not_exist_yet_is_501)
{
	add_local_vnic();
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"rdma\":\"on\"}"), 501);
	cr_expect_eq(call("POST", "/v1/acls", "{\"name\":\"a\"}"), 501);
}

Test(api, a_port_is_added_shown_and_removed)
{
	cr_assert_eq(
		call("POST", "/v1/ports", "{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"}"),
		201);
	cr_expect_eq(stub.attached_count, 1);
	cr_expect_str_eq(
		json_string_value(json_array_get(json_object_get(answer.json, "warnings"), 0)),
		"peer: ethtool -K lan0 txvlan off");
	cr_expect_eq(
		call("POST", "/v1/ports", "{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"}"),
		409);
	cr_expect_eq(call("GET", "/v1/ports/up0", NULL), 200);
	cr_expect_str_eq(text("ports", "oper"), "up");
	cr_expect_str_eq(text("ports", "mode"), "native");
	cr_expect_str_eq(text("ports", "host"), "keep");
	cr_expect_eq(call("DELETE", "/v1/ports/up0", NULL), 204);
	cr_expect_null(answer.json);
	cr_expect_eq(stub.attached_count, 0);
	cr_expect_eq(call("DELETE", "/v1/ports/up0", NULL), 404);
}

Test(api, what_is_in_use_stays)
{
	add_port_and_segment();
	cr_expect_eq(call("DELETE", "/v1/ports/up0", NULL), 409);
	cr_expect_eq(stub.attached_count, 1);
}

Test(api, a_local_vnic_becomes_a_netdev_and_goes_again)
{
	json_t *vnic;

	add_local_vnic();
	cr_expect(if_nametoindex("rw1"));
	cr_expect(if_nametoindex("web1-eth0"));
	cr_expect_eq(stub.vnics, 1);
	cr_expect_eq(stub.vnic[0].ifindex, if_nametoindex("rw1"));
	cr_expect_eq(stub.attached_count, 2);
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0?stats=1", NULL), 200);
	vnic = json_array_get(json_object_get(answer.json, "vnics"), 0);
	cr_expect_str_eq(text("vnics", "oper"), "up");
	cr_expect_str_eq(text("vnics", "location"), "local");
	cr_expect_eq(json_integer_value(json_object_get(
			     json_object_get(json_object_get(vnic, "tx"), "drops"), "rate")),
		     3);
	cr_expect_eq(call("PATCH", "/v1/profiles/web1", "{\"server\":null}"), 200);
	cr_expect_not(if_nametoindex("rw1"), "unbound removes the netdevs");
	cr_expect_eq(stub.vnics, 0);
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(text("vnics", "oper"), "unbound");
}

/* Who keeps the rate of one direction, after a change of the vNIC. */
static const char *kept_by(const char *dir, const char *change)
{
	const json_t *vnic;

	cr_assert_eq(call("PATCH", "/v1/vnics/web1/eth0", change), 200, "%s", change);
	cr_assert_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	vnic = json_array_get(json_object_get(answer.json, "vnics"), 0);
	return json_string_value(json_object_get(json_object_get(vnic, dir), "enforced_by"));
}

Test(api, tcp_of_a_local_vnic_waits_where_the_port_has_fq)
{
	add_local_vnic();
	cr_expect_str_eq(kept_by("tx", "{\"tx_pir\":1000000,\"rx_pir\":1000000}"), "bpf");
	stub.fq = true;
	cr_expect_str_eq(kept_by("tx", "{}"), "bpf+edt");
	cr_expect_str_eq(kept_by("rx", "{}"), "bpf");
	cr_expect_str_eq(kept_by("tx", "{\"tx_pbs\":100000}"), "bpf", "a burst is a burst");
	cr_expect_str_eq(kept_by("tx", "{\"tx_pir\":null,\"tx_pbs\":null}"), "none");
	cr_expect_eq(call("GET", "/v1/ports/up0", NULL), 200);
	cr_expect_str_eq(text("ports", "pacing"), "fq");
	stub.looked_at_qdisc = 0;
	raceway_kernel_look(&core.kernel, false);
	cr_expect_eq(stub.looked_at_qdisc, 1, "the port's, every few seconds");
}

Test(api, a_failing_kernel_takes_everything_back)
{
	int fills;

	add_local_vnic();
	fills = stub.fills;
	stub.fail_attach_vnic = true;
	cr_expect_eq(call("POST", "/v1/vnics", "{\"name\":\"web1/eth1\",\"segment\":\"lan\"}"),
		     500);
	cr_expect_str_eq(text("error", "object"), "vnic web1/eth1");
	stub.fail_attach_vnic = false;
	cr_expect_not(if_nametoindex("rw2"));
	cr_expect_not(if_nametoindex("web1-eth1"));
	cr_expect_eq(stub.vnics, 1, "the tables are as before");
	cr_expect_gt(stub.fills, fills);
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth1", NULL), 404);
	raceway_core_close(&core);
	open_core();
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth1", NULL), 404, "nor is it in the store");
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	stub.fail_fill = true;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 500);
	stub.fail_fill = false;
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect(json_is_null(json_object_get(
		json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0), "tx"),
		"pir")));
}

Test(api, a_missing_namespace_is_refused_before_anything_happens)
{
	int fills;

	add_local_vnic();
	fills = stub.fills;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"netns\":\"nowhere\"}"), 409);
	cr_expect_str_eq(text("error", "field"), "netns");
	cr_expect_eq(stub.fills, fills);
	cr_expect(if_nametoindex("web1-eth0"));
	private_netns("web");
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"netns\":\"web\"}"), 200);
	cr_expect_not(if_nametoindex("web1-eth0"));
	cr_expect(if_nametoindex("rw1"));
}

Test(api, a_taken_name_is_refused)
{
	add_local_vnic();
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"ifname\":\"lan0\"}"), 409);
	cr_expect_str_eq(text("error", "field"), "ifname");
	cr_expect(if_nametoindex("web1-eth0"));
}

Test(api, a_trouble_of_one_does_not_hinder_others)
{
	struct raceway_error err = { 0 };

	private_netns("web");
	add_local_vnic();
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"netns\":\"web\"}"), 200);
	private_netns_delete("web");
	/* The namespace goes, and the pair with it; the kernel needs a moment. */
	for (int i = 0; i < 200 && if_nametoindex("rw1"); i++)
		usleep(10000);
	cr_expect_eq(raceway_core_reconcile(&core, &err), 0);
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(text("vnics", "oper"), "down");
	cr_expect(strstr(text("vnics", "reason"), "netns web"));
	cr_expect_eq(call("POST", "/v1/vnics", "{\"name\":\"web1/eth1\",\"segment\":\"lan\"}"),
		     201);
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth1", NULL), 200);
	cr_expect_str_eq(text("vnics", "oper"), "up");
}

Test(api, versions_guard_against_each_other)
{
	char first[RACEWAY_ETAG_SIZE];

	add_port_and_segment();
	cr_assert_eq(call("GET", "/v1/segments/lan", NULL), 200);
	memcpy(first, answer.etag, sizeof(first));
	cr_assert(first[0]);
	if_match = first;
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"one\"}"), 200);
	cr_expect_str_neq(answer.etag, first);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"two\"}"), 409);
	cr_expect_eq(call("DELETE", "/v1/segments/lan", NULL), 409);
	if_match = NULL;
	cr_expect_eq(call("GET", "/v1/segments/lan", NULL), 200);
	cr_expect_str_eq(text("segments", "description"), "one");
}

Test(api, patch_names_and_put_makes_exactly_so)
{
	add_port_and_segment();
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"d\",\"vlan\":7}"), 200);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":8}"), 200);
	cr_expect_str_eq(text("segments", "description"), "d");
	cr_expect_eq(call("PUT", "/v1/segments/lan", "{\"uplink\":\"up0\"}"), 200);
	cr_expect_null(text("segments", "description"));
	cr_expect_eq(call("PUT", "/v1/segments/new", "{}"), 201);
	cr_expect_eq(call("PATCH", "/v1/segments/none", "{\"vlan\":9}"), 404);
}

#define DOCUMENT                                                                                   \
	"{\"schema\":1,\"ports\":[{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"}],"        \
	"\"segments\":[{\"name\":\"lan\",\"uplink\":\"up0\"}],"                                    \
	"\"profiles\":[{\"name\":\"web1\",\"server\":\"local\","                                   \
	"\"vnics\":[{\"name\":\"eth0\",\"segment\":\"lan\"}]}]}"

Test(api, documents_are_applied_as_a_whole)
{
	char *exported;

	cr_expect_eq(call("POST", "/v1/diff", DOCUMENT), 200);
	cr_expect_gt(json_array_size(json_object_get(answer.json, "changes")), 3);
	cr_expect_eq(call("POST", "/v1/apply?dry_run=1", DOCUMENT), 200);
	cr_expect_eq(stub.vnics, 0);
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 200);
	cr_expect_eq(stub.vnics, 1);
	cr_expect(if_nametoindex("web1-eth0"));
	cr_expect_eq(call("POST", "/v1/apply", DOCUMENT), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "changes")), 0);
	cr_expect_eq(call("GET", "/v1/export", NULL), 200);
	exported = json_dumps(answer.json, 0);
	cr_expect_eq(call("POST", "/v1/diff?prune=1", exported), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "changes")), 0);
	free(exported);
	cr_expect_eq(call("POST", "/v1/apply?prune=1", "{\"schema\":1}"), 200);
	cr_expect_eq(stub.vnics, 0);
	cr_expect_eq(stub.ports, 0);
	cr_expect_eq(stub.attached_count, 0);
	cr_expect_not(if_nametoindex("rw1"));
}

Test(api, a_restart_touches_no_netdev)
{
	unsigned int host, guest;

	add_local_vnic();
	host = if_nametoindex("rw1");
	guest = if_nametoindex("web1-eth0");
	raceway_core_close(&core);
	open_core();
	cr_expect_eq(if_nametoindex("rw1"), host);
	cr_expect_eq(if_nametoindex("web1-eth0"), guest);
	cr_expect_eq(stub.upgrades, 2);
	cr_expect_eq(stub.attached_count, 2);
	cr_expect_eq(core.kernel.trouble_count, 0);
}

Test(api, metrics_are_prometheus_text)
{
	add_local_vnic();
	cr_expect_eq(call("GET", "/metrics", NULL), 200);
	cr_expect(strstr(answer.text, "raceway_vnic_packets_total{vnic=\"web1/eth0\",dir=\"tx\","
				      "colour=\"green\"} 10\n"));
	cr_expect(strstr(answer.text, "raceway_drops_total{vnic=\"web1/eth0\",dir=\"tx\","
				      "reason=\"rate\"} 3\n"));
	cr_expect(strstr(answer.text, "raceway_port_up{port=\"up0\"} 1\n"));
}

Test(api, doctor_and_version_answer)
{
	add_port_and_segment();
	cr_expect_eq(call("GET", "/v1/doctor", NULL), 200);
	cr_expect_gt(json_array_size(json_object_get(answer.json, "checks")), 4);
	cr_expect_eq(call("GET", "/v1/version", NULL), 200);
	cr_expect_eq(json_integer_value(json_object_get(answer.json, "schema")), 1);
}

/* What needs no interface is allowed while it is away; a new one must be there. */
Test(api, a_port_may_be_changed_while_its_device_is_away)
{
	uint32_t up0;

	add_port_and_segment();
	up0 = if_nametoindex("up0");
	cr_assert_eq(raceway_links_delete(&core.kernel.rtnl, &up0, 1), 0);
	cr_expect_eq(call("PATCH", "/v1/ports/up0", "{\"rate\":\"5gbit\"}"), 200);
	cr_expect_eq(call("PATCH", "/v1/ports/up0", "{\"description\":\"d\",\"host\":\"none\"}"),
		     200);
	cr_expect_eq(call("PATCH", "/v1/ports/up0", "{\"dev\":\"up8\"}"), 409);
	cr_expect_eq(
		call("POST", "/v1/ports", "{\"name\":\"x\",\"dev\":\"up9\",\"role\":\"uplink\"}"),
		409);
	cr_expect_eq(call("DELETE", "/v1/segments/lan", NULL), 204);
	cr_expect_eq(call("DELETE", "/v1/ports/up0", NULL), 204);
}

Test(api, a_body_of_yaml_needs_its_header)
{
	const json_t *error;

	cr_expect_eq(call("POST", "/v1/diff", "schema: 1\n"), 400);
	error = json_object_get(answer.json, "error");
	cr_expect(strstr(json_string_value(json_object_get(error, "message")),
			 "needs the header Content-Type: application/yaml"));
	cr_expect_eq(call("POST", "/v1/diff", "[]"), 400);
	error = json_object_get(answer.json, "error");
	cr_expect_str_eq(json_string_value(json_object_get(error, "message")),
			 "the body is no object of keys and values, as {\"schema\": 1} is");
}

static const struct raceway_caller reader = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ),
					      .how = RACEWAY_BY_SOCKET,
					      .name = "rita",
					      .from = "test" };
static const struct raceway_caller networker = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ) |
							  RACEWAY_USER_BIT(RACEWAY_USER_NETWORK),
						 .how = RACEWAY_BY_SOCKET,
						 .name = "ned",
						 .from = "test" };
static const struct raceway_caller provider = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ) |
							 RACEWAY_USER_BIT(RACEWAY_USER_SERVER),
						.how = RACEWAY_BY_SOCKET,
						.name = "sam",
						.from = "test" };

Test(api, nobody_changes_what_is_not_theirs)
{
	add_local_vnic();
	caller = &reader;
	cr_expect_eq(call("GET", "/v1/segments/lan", NULL), 200);
	cr_expect_eq(call("GET", "/v1/export", NULL), 200);
	cr_expect_eq(call("POST", "/v1/segments", "{\"name\":\"x\"}"), 403);
	cr_expect_str_eq(text("error", "object"), "segment x");
	cr_expect_str_eq(text("error", "message"),
			 "user rita may read only; adding segments needs role network (group "
			 "raceway-network)");
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 403);
	/* what changes nothing needs no right */
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"uplink\":\"up0\"}"), 200);
	/* of a document what is not allowed keeps all of it out */
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/apply",
			  "{\"schema\":1,\"segments\":[{\"name\":\"fine\"}],"
			  "\"profiles\":[{\"name\":\"foreign\"}]}"),
		     403);
	cr_expect_str_eq(text("error", "object"), "profile foreign");
	cr_expect_eq(call("POST", "/v1/apply?dry_run=1",
			  "{\"schema\":1,\"profiles\":[{\"name\":\"foreign\"}]}"),
		     403);
	cr_expect_eq(call("GET", "/v1/segments/fine", NULL), 404);
	cr_expect_eq(call("POST", "/v1/apply", "{\"schema\":1,\"segments\":[{\"name\":\"fine\"}]}"),
		     200);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"mtu\":1400}"), 403);
	/* to compare is to read */
	caller = &reader;
	cr_expect_eq(call("POST", "/v1/diff", "{\"schema\":1,\"segments\":[{\"name\":\"y\"}]}"),
		     200);
	caller = NULL;
	cr_expect_eq(call("GET", "/v1/segments/lan", NULL), 403, "nobody at all");
	cr_expect_eq(call("GET", "/metrics", NULL), 403);
}

/* Rates that a template has were judged when the template got them. */
Test(api, templates_bring_their_rates_along)
{

	add_port_and_segment();
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\",\"updating\":true}"), 201);
	cr_expect_eq(call("POST", "/v1/vnics", "{\"name\":\"web/eth0\",\"segment\":\"lan\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"1gbit\"}"), 403);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"one\",\"from\":\"web\"}"), 201);
	cr_expect_eq(call("POST", "/v1/apply",
			  "{\"schema\":1,\"profiles\":[{\"name\":\"two\",\"from\":\"web\","
			  "\"vnics\":[{\"name\":\"eth0\",\"segment\":\"lan\","
			  "\"tx_pir\":\"2gbit\"}]}]}"),
		     403);
	cr_expect_str_eq(text("error", "field"), "tx-pir");
	cr_expect_eq(call("PATCH", "/v1/vnics/one/eth0", "{\"tx_pir\":\"2gbit\"}"), 403);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"3gbit\"}"), 200);
	cr_expect_eq(call("GET", "/v1/vnics/one/eth0", NULL), 200);
	cr_expect_eq(
		json_integer_value(json_object_get(
			json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0),
					"tx"),
			"pir")),
		3000000000);
}

/* Of the list of the answer, which is not empty, the last. */
static const char *last(const char *list, const char *key)
{
	const json_t *lines = json_object_get(answer.json, list);

	return json_string_value(
		json_object_get(json_array_get(lines, json_array_size(lines) - 1), key));
}

static unsigned int audit(const char *object, const char *limit)
{
	struct raceway_request request = { .caller = caller,
					   .method = "GET",
					   .path = "/v1/audit",
					   .object = object,
					   .limit = limit };

	raceway_response_clear(&answer);
	raceway_api_handle(&core, &request, &answer);
	return answer.status;
}

Test(api, changes_are_told_of)
{
	const json_t *object;

	add_local_vnic();
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	object = json_array_get(json_object_get(answer.json, "vnics"), 0);
	cr_expect_eq(json_integer_value(json_object_get(object, "version")), 5);
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(object, "changed"), "by")),
		"ned");
	cr_expect_str_eq(answer.etag, "\"5\"");
	/* neither what is refused nor what is only tried leaves a line */
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"mtu\":1400}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0?dry_run=1", "{\"tx_pir\":\"2gbit\"}"), 200);
	stub.fail_fill = true;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"3gbit\"}"), 500);
	stub.fail_fill = false;
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(answer.etag, "\"5\"");
	cr_expect_eq(audit(NULL, NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 5);
	cr_expect_str_eq(last("audit", "by"), "ned");
	cr_expect_str_eq(last("audit", "field"), "tx-pir");
	cr_expect_eq(audit("segment lan", NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 1);
	cr_expect_str_eq(last("audit", "by"), "daemon");
	cr_expect_eq(audit("vnic", "1"), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 1);
	cr_expect_eq(audit("gadget", NULL), 400);
	cr_expect_eq(audit(NULL, "0"), 400);
	cr_expect_eq(audit(NULL, "many"), 400);
}

Test(api, the_second_is_told_who_was_first)
{
	char first[RACEWAY_ETAG_SIZE];

	add_port_and_segment();
	cr_assert_eq(call("GET", "/v1/segments/lan", NULL), 200);
	memcpy(first, answer.etag, sizeof(first));
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"one\"}"), 200);
	if_match = first;
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"two\"}"), 409);
	cr_expect(strstr(text("error", "message"), "it was changed meanwhile by ned at 20"), "%s",
		  text("error", "message"));
	cr_expect(strstr(text("error", "message"), "its version is 3, not \"2\""), "%s",
		  text("error", "message"));
	cr_expect_eq(call("DELETE", "/v1/segments/nothing", NULL), 409);
	if_match = "*";
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"two\"}"), 200);
	if_match = "\"1\", \"4\"";
	cr_expect_eq(call("DELETE", "/v1/segments/lan", NULL), 204);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"x\"}"), 409);
	cr_expect(strstr(text("error", "message"), "it was deleted by ned at 20"), "%s",
		  text("error", "message"));
}

/* The answer of GET as text, to compare and to send back. */
static char *got(const char *path)
{
	cr_assert_eq(call("GET", path, NULL), 200);
	return json_dumps(answer.json, JSON_SORT_KEYS);
}

static void expect_got(const char *path, const char *want)
{
	RACEWAY_FREE char *text_of = got(path);

	cr_expect_str_eq(text_of, want, "%s", path);
}

Test(api, a_backup_brings_everything_back)
{
	RACEWAY_FREE char *backup = NULL, *export = NULL, *shown = NULL, *now = NULL;

	add_local_vnic();
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	backup = got("/v1/backup");
	export = got("/v1/export");
	shown = got("/v1/vnics");
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/restore", backup), 403);
	cr_expect_str_eq(text("error", "message"),
			 "user ned has only the role network; restoring a backup needs role admin "
			 "(group raceway-admin)");
	caller = &raceway_caller_daemon;
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 204);
	cr_expect_eq(call("POST", "/v1/segments", "{\"name\":\"more\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":9}"), 200);
	/* only said, then done */
	now = got("/v1/export");
	cr_expect_eq(call("POST", "/v1/restore?dry_run=1", backup), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "changes")), 3);
	expect_got("/v1/export", now);
	cr_expect_eq(call("POST", "/v1/restore", backup), 200);
	cr_expect_eq(audit(NULL, "4"), 200);
	cr_expect_str_eq(text("audit", "op"), "restore");
	cr_expect_str_eq(text("audit", "by"), "daemon");
	for (int round = 0; round < 2; round++) {
		struct raceway_error err = { 0 };

		expect_got("/v1/export", export);
		expect_got("/v1/vnics", shown);
		cr_expect_eq(stub.vnics, 1);
		cr_expect_eq(raceway_core_reconcile(&core, &err), 0);
		raceway_core_close(&core);
		open_core();
	}
	/* numbers of changes are never given again */
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":10}"), 200);
	cr_expect_str_eq(answer.etag, "\"9\"");
}

Test(api, a_new_machine_becomes_the_old_one)
{
	RACEWAY_FREE char *backup = NULL;
	char path[64];

	add_local_vnic();
	/* what has marks, cursors and overrides that no document shows */
	cr_expect_eq(call("POST", "/v1/pools",
			  "{\"name\":\"macs\",\"type\":\"mac\",\"from\":\"02:00:00:00:10:00\","
			  "\"to\":\"02:00:00:00:10:09\"}"),
		     201);
	cr_expect_eq(call("POST", "/v1/pools/macs/reserve", "{\"value\":\"02:00:00:00:10:03\"}"),
		     200);
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\",\"updating\":true}"), 201);
	cr_expect_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"web/eth0\",\"segment\":\"lan\",\"pool\":\"macs\"}"),
		     201);
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"web2\",\"from\":\"web\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/web2/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	backup = got("/v1/backup");
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 204);
	raceway_core_close(&core);
	for (const char *const *s = (const char *const[]){ "", "-wal", "-shm", NULL }; *s; s++) {
		snprintf(path, sizeof(path), "%s/raceway.db%s", state, *s);
		unlink(path);
	}
	open_core();
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 404);
	cr_expect_eq(call("POST", "/v1/restore", backup), 200);
	expect_got("/v1/backup", backup);
	raceway_core_close(&core);
	open_core();
	expect_got("/v1/backup", backup);
}

/* A backup whose sum is right, of "local" with that version. FNV-1a, 64 bits. */
static void with_sum(char *buf, size_t size, int sequence, int version)
{
	json_auto_t *document = json_pack(
		"{s:i, s:i, s:s, s:i, s:[{s:s, s:s, s:{}, s:i, s:{s:i, s:s}}]}", "schema", 1,
		"backup", 1, "salt", "01", "sequence", sequence, "objects", "kind", "server",
		"name", "local", "doc", "version", version, "changed", "time", 1, "by", "x");
	RACEWAY_FREE char *plain = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
	RACEWAY_FREE char *whole = NULL;
	uint64_t sum = 14695981039346656037ULL;
	char hex[20];

	for (const char *at = plain; *at; at++)
		sum = (sum ^ (uint8_t)*at) * 1099511628211ULL;
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)sum);
	json_object_set_new(document, "check", json_string(hex));
	whole = json_dumps(document, JSON_COMPACT);
	snprintf(buf, size, "%s", whole);
}

Test(api, a_backup_that_is_none_changes_nothing)
{
	static const struct {
		const char *from, *to, *says;
	} wrong[] = {
		{ "\"web1/eth0\"", "\"web1/eth9\"", "damaged" },
		{ "\"backup\": 1", "\"backup\": 2", "form 2, and this version reads 1" },
		{ "\"backup\": 1", "\"other\": 1", "this is no backup" },
		{ "\"check\"", "\"shock\"", "damaged" },
	};
	RACEWAY_FREE char *backup = NULL, *before = NULL;
	char wrong_sequence[512];

	add_local_vnic();
	backup = got("/v1/backup");
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":9}"), 200);
	before = got("/v1/backup");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *at = strstr(backup, wrong[i].from);
		char *text_of = NULL;

		cr_assert(at, "%s", wrong[i].from);
		cr_assert_gt(asprintf(&text_of, "%.*s%s%s", (int)(at - backup), backup, wrong[i].to,
				      at + strlen(wrong[i].from)),
			     0);
		cr_expect_eq(call("POST", "/v1/restore", text_of), 409, "%s", wrong[i].to);
		cr_expect(strstr(text("error", "message"), wrong[i].says), "%s",
			  text("error", "message"));
		free(text_of);
	}
	with_sum(wrong_sequence, sizeof(wrong_sequence), -1, 0);
	cr_expect_eq(call("POST", "/v1/restore", wrong_sequence), 409);
	cr_expect(strstr(text("error", "message"), "no number of a change"));
	with_sum(wrong_sequence, sizeof(wrong_sequence), 3, 4);
	cr_expect_eq(call("POST", "/v1/restore", wrong_sequence), 409);
	cr_expect(strstr(text("error", "message"), "the version of server local is none of"));
	cr_expect_eq(call("POST", "/v1/restore", "{\"schema\":1,\"segments\":[]}"), 409);
	cr_expect_eq(call("POST", "/v1/restore", "{"), 400);
	cr_expect_eq(call("GET", "/v1/restore", NULL), 405);
	stub.fail_fill = true;
	cr_expect_eq(call("POST", "/v1/restore", backup), 500);
	stub.fail_fill = false;
	expect_got("/v1/backup", before);
	raceway_core_close(&core);
	open_core();
	expect_got("/v1/backup", before);
}

static json_int_t number(const char *list, const char *key)
{
	return json_integer_value(
		json_object_get(json_array_get(json_object_get(answer.json, list), 0), key));
}

Test(api, pools_give_and_reserve)
{
	static const char pool[] = "{\"name\":\"m\",\"type\":\"mac\",\"from\":"
				   "\"02:00:00:00:00:01\",\"to\":\"02:00:00:00:00:04\"}";
	char etag[RACEWAY_ETAG_SIZE];
	json_t *holders;

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/pools", pool), 201);
	cr_expect_eq(call("POST", "/v1/pools/m/reserve", "{\"value\":\"02:00:00:00:00:01\"}"), 200);
	cr_expect_eq(call("GET", "/v1/pools/m/reserve", NULL), 405);
	cr_expect_eq(call("POST", "/v1/pools/m/reserve", "{}"), 400);
	cr_expect_eq(call("POST", "/v1/pools/n/reserve", "{\"value\":\"02:00:00:00:00:01\"}"), 404);
	cr_expect_eq(call("GET", "/v1/pools/m", NULL), 200);
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"pool\":\"m\"}"), 200);
	cr_expect_str_eq(text("vnics", "mac"), "02:00:00:00:00:02");
	cr_expect_eq(stub.vnic[0].mac[5], 2);
	cr_expect_eq(call("GET", "/v1/pools/m", NULL), 200);
	cr_expect_str_eq(answer.etag, etag, "a change of a vNIC is none of the pool");
	cr_expect_eq(number("pools", "size"), 4);
	cr_expect_eq(number("pools", "used"), 1);
	cr_expect_eq(number("pools", "reserved"), 1);
	cr_expect_eq(number("pools", "free"), 2);
	holders = json_object_get(json_array_get(json_object_get(answer.json, "pools"), 0),
				  "holders");
	cr_expect_eq(json_array_size(holders), 1);
	cr_expect_str_eq(json_string_value(json_object_get(json_array_get(holders, 0), "object")),
			 "vnic web1/eth0");
	cr_expect_eq(call("POST", "/v1/pools/m/release", "{\"value\":\"02:00:00:00:00:02\"}"), 409);
	cr_expect_eq(call("POST", "/v1/pools/m/release", "{\"value\":\"02:00:00:00:00:01\"}"), 200);
	cr_expect_eq(number("pools", "free"), 3);
	cr_expect_eq(call("DELETE", "/v1/pools/m", NULL), 409);
	raceway_core_close(&core);
	open_core();
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(text("vnics", "mac"), "02:00:00:00:00:02");
}

/* What is in a template is reached by the same paths, and is no vNIC of the data path. */
Test(api, templates_are_apart)
{
	json_t *drift;

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/templates", "{\"name\":\"t\",\"updating\":true}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics", "{\"name\":\"t/a\",\"segment\":\"lan\"}"), 201);
	cr_expect_str_eq(text("vnics", "name"), "t/a");
	cr_expect_eq(stub.vnics, 1);
	cr_expect_eq(call("GET", "/v1/vnics", NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "vnics")), 1);
	cr_expect_eq(call("GET", "/v1/template_vnics", NULL), 404);
	cr_expect_eq(call("GET", "/v1/template-vnic", NULL), 404);
	cr_expect_eq(call("GET", "/v1/vnics/t/a", NULL), 200);
	cr_expect_null(
		json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0), "mac"));
	cr_assert_eq(call("POST", "/v1/profiles",
			  "{\"name\":\"w\",\"from\":\"t\",\"server\":\"local\"}"),
		     201);
	cr_expect_eq(stub.vnics, 2);
	cr_expect_eq(call("PUT", "/v1/vnics/t/a", "{\"segment\":\"lan\",\"mtu\":1300}"), 200);
	cr_expect_eq(call("GET", "/v1/vnics/w/a", NULL), 200);
	cr_expect_eq(number("vnics", "mtu"), 1300);
	/* an override that changes nothing else is stored all the same */
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"mtu\":1300}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"mtu\":1200}"), 200);
	cr_expect_eq(call("GET", "/v1/profiles/w", NULL), 200);
	drift = json_object_get(json_array_get(json_object_get(answer.json, "profiles"), 0),
				"drift");
	cr_expect_str_eq(json_string_value(json_array_get(drift, 0)),
			 "~ vnic w/a mtu 1200 -> 1300");
	cr_expect_eq(call("DELETE", "/v1/vnics/w/a", NULL), 409);
	cr_expect_eq(call("DELETE", "/v1/vnics/t/a", NULL), 204);
	cr_expect_eq(call("GET", "/v1/vnics/w/a", NULL), 404);
	cr_expect_eq(stub.vnics, 1);
	cr_expect_eq(call("GET", "/v1/templates/t", NULL), 200);
	cr_expect_eq(call("DELETE", "/v1/templates/t", NULL), 409);
}

static bool announces(void)
{
	raceway_announcer_free(&core.announce.announcer); /* knows nobody */
	raceway_core_announce_update(&core);
	return raceway_heap_first(&core.announce.announcer.due);
}

Test(api, who_comes_is_announced_but_not_by_a_server)
{
	cr_expect(!announces());
	add_local_vnic();
	cr_expect(announces());
	core.role = RACEWAY_NODE_SERVER;
	cr_expect(!announces());
}

/* Who may make profiles may make them from what others wrote, with the rates that it has. */
Test(api, a_template_lends_its_rights)
{

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/templates", "{\"name\":\"t\",\"updating\":true}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"t/a\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\"}"),
		     201);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"w\",\"from\":\"t\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"2gbit\"}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"1gbit\"}"), 403,
		     "an own word is no longer the template's");
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"tx_pir\":\"2gbit\"}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"mtu\":1400}"), 200);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"tx_pir\":\"2gbit\"}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"3gbit\"}"), 200);
	caller = &provider;
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"2gbit\"}"), 403,
		     "the template's value, but an own word");
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":null}"), 403,
		     "nor is it given back by everybody");
	cr_expect_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"w/b\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\"}"),
		     403);
	cr_expect_eq(call("GET", "/v1/vnics/t/a", NULL), 200);
	cr_expect_str_eq(
		json_string_value(json_object_get(
			json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0),
					"changed"),
			"by")),
		"ned");
}

static int tokens;

static int give_token(void *context, const char *server, json_t **ret_answer,
		      struct raceway_error *err)
{
	tokens++;
	*ret_answer = json_pack("{s:s, s:s}", "token", "secret", "server", server);
	return 0;
}

Test(api, who_enrolled_a_server_is_in_the_audit)
{
	tokens = 0;
	cr_expect_eq(call("POST", "/v1/servers", "{\"name\":\"s1\"}"), 201);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 409, "this is no director");
	core.nodes.enroll = give_token;
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 403);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/servers/s2/enroll", NULL), 404);
	cr_expect_eq(tokens, 0);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 200);
	cr_expect_eq(tokens, 1);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll?dry_run=1", NULL), 409);
	cr_expect_eq(tokens, 1, "a dry run gives nothing out");
	cr_expect_eq(audit("server s1", "1"), 200);
	cr_expect_str_eq(last("audit", "op"), "enroll");
	cr_expect_str_eq(last("audit", "by"), provider.name);
}

Test(api, a_server_node_leaves_names_to_its_director)
{
	core.role = RACEWAY_NODE_SERVER;
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\"}"), 409);
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"web\"}"), 409);
	cr_expect_eq(call("POST", "/v1/pools",
			  "{\"name\":\"m\",\"type\":\"mac\",\"from\":\"02:00:00:00:00:01\","
			  "\"to\":\"02:00:00:00:00:04\"}"),
		     409);
}
