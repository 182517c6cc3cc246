/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API from request to answer, with real netdevs and a real store in a private place, and a
 * data path that only remembers. */
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "bed.h"
#include "net/veth.h"
#include "plan/programs.h"
#include "util/cleanup.h"

TestSuite(api, .init = bed_begin, .fini = bed_end);

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
