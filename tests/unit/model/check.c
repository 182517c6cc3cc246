/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/{resolve,unique,fit,admit}.c: what objects may not be to each other. */
#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define REFUSED RACEWAY_FAULT_REFUSED
#define INVALID RACEWAY_FAULT_INVALID
#define ADD RACEWAY_ADD
#define PATCH RACEWAY_PATCH

Test(check, references)
{
	static const struct raceway_test_write cases[] = {
		{ "profile",
		  "spare",
		  PATCH,
		  "{\"server\": \"nosuch\"}",
		  { REFUSED, "profile spare", "server",
		    "server nosuch does not exist; there are: a, b, local" } },
		{ "vnic",
		  "spare/eth0",
		  PATCH,
		  "{\"segment\": \"nosuch\"}",
		  { REFUSED, "vnic spare/eth0", "segment",
		    "segment nosuch does not exist; there are: flat, lan, priv" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up9\"}",
		  { REFUSED, "segment x", "uplink",
		    "uplink up9 does not exist; there are: srv1, srv2, up0" } },
		{ "port",
		  "srv1",
		  PATCH,
		  "{\"native_segment\": \"nosuch\"}",
		  { REFUSED, "port srv1", "native-segment",
		    "native-segment nosuch does not exist; there are: flat, lan, priv" } },
		{ "server",
		  "a",
		  PATCH,
		  "{\"port\": [\"srv9\"]}",
		  { REFUSED, "server a", "port",
		    "port srv9 does not exist; there are: srv1, srv2, up0" } },
	};
	static const struct raceway_test_write first[] = {
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up0\"}",
		  { REFUSED, "segment x", "uplink",
		    "uplink up0 does not exist; there is no port yet" } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
	raceway_test_writes("schema: 1", first, COUNT(first));
}

Test(check, unique)
{
	static const struct raceway_test_write cases[] = {
		{ "port",
		  "x",
		  ADD,
		  "{\"dev\": \"eth1\", \"role\": \"uplink\"}",
		  { REFUSED, "port x", "dev", "dev eth1 is already that of port srv1" } },
		/* whoever was changed is to blame, not the later by name */
		{ "port",
		  "a",
		  ADD,
		  "{\"dev\": \"eth1\", \"role\": \"uplink\"}",
		  { REFUSED, "port a", "dev", "dev eth1 is already that of port srv1" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"number\": 1}",
		  { REFUSED, "segment x", "number", "number 1 is already that of segment lan" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up0\", \"vlan\": 100}",
		  { REFUSED, "segment x", "vlan",
		    "vlan 100 of uplink up0 is already segment lan" } },
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up0\", \"untagged\": true}",
		  { REFUSED, "segment x", "untagged",
		    "untagged of uplink up0 is already segment flat" } },
		/* untagged is what no vlan means */
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"up0\"}",
		  { REFUSED, "segment x", "untagged",
		    "untagged of uplink up0 is already segment flat" } },
		{ "segment", "x", ADD, "{\"uplink\": \"up0\", \"vlan\": 101}", { .fault = 0 } },
		{ "server",
		  "c",
		  ADD,
		  "{\"port\": \"srv1\"}",
		  { .fault = 0 } }, /* a leaf switch between */
		{ "vnic",
		  "box/x",
		  ADD,
		  "{\"segment\": \"lan\", \"mac\": \"02:00:00:00:00:01\"}",
		  { REFUSED, "vnic box/x", "mac",
		    "mac 02:00:00:00:00:01 is already that of vnic web1/eth0 in segment lan" } },
		{ "vnic",
		  "box/x",
		  ADD,
		  "{\"segment\": \"flat\", \"mac\": \"02:00:00:00:00:01\"}",
		  { .fault = 0 } },
		{ "vnic", "spare/eth0", PATCH, "{\"mac\": \"02:00:00:00:00:01\"}", { .fault = 0 } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
}

Test(check, guest_ends)
{
	static const char base[] = "schema: 1\n"
				   "ports: [{name: up0, dev: eth0, role: uplink}]\n"
				   "segments: [{name: lan, uplink: up0}]\n"
				   "profiles:\n"
				   "- {name: p, server: local, vnics: [{name: a, segment: lan}]}\n"
				   "- {name: q, server: local, vnics: [{name: a, segment: lan,\n"
				   "   netns: blue}]}\n"
				   "- {name: far, vnics: [{name: a, segment: lan, ifname: p-a},\n"
				   "   {name: a-name-that-is-long, segment: lan}]}\n"
				   "- {name: rw1, server: local}\n";
	static const struct raceway_test_write cases[] = {
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"p-a\"}",
		  { REFUSED, "vnic p/b", "ifname",
		    "ifname p-a is already that of vnic p/a in this namespace; give another" } },
		{ "vnic", "p/b", ADD, "{\"segment\": \"lan\", \"ifname\": \"a\"}", { .fault = 0 } },
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"a\", \"netns\": \"blue\"}",
		  { REFUSED, "vnic p/b", "ifname",
		    "ifname a is already that of vnic q/a in netns blue; give another" } },
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"eth0\"}",
		  { REFUSED, "vnic p/b", "ifname",
		    "ifname eth0 is taken by port up0; give another" } },
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"eth0\", \"netns\": \"blue\"}",
		  { .fault = 0 } },
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"rw12\"}",
		  { REFUSED, "vnic p/b", "ifname",
		    "ifname rw12 is how the host ends of vNICs are called; give another" } },
		{ "vnic",
		  "p/b",
		  ADD,
		  "{\"segment\": \"lan\", \"ifname\": \"rw12x\"}",
		  { .fault = 0 } },
		{ "vnic",
		  "p/b23456789012345",
		  ADD,
		  "{\"segment\": \"lan\"}",
		  { INVALID, "vnic p/b23456789012345", "ifname",
		    "its interface would be called p-b23456789012345, longer than 15 characters; "
		    "give a shorter ifname" } },
		{ "vnic",
		  "p/b23456789012345",
		  ADD,
		  "{\"segment\": \"lan\", \"netns\": \"x\"}",
		  { .fault = 0 } },
		{ "profile",
		  "far",
		  PATCH,
		  "{\"server\": \"local\"}",
		  { INVALID, "vnic far/a-name-that-is-long", "ifname",
		    "its interface would be called far-a-name-that-is-long, longer than 15 "
		    "characters; give a shorter ifname" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(check, fit)
{
	static const struct raceway_test_write cases[] = {
		{ "segment",
		  "x",
		  ADD,
		  "{\"uplink\": \"srv1\"}",
		  { REFUSED, "segment x", "uplink",
		    "uplink srv1 is a port of role fabric; it must be one of role uplink" } },
		{ "port",
		  "up0",
		  PATCH,
		  "{\"role\": \"fabric\"}",
		  { REFUSED, "port up0", "role",
		    "role must stay uplink: it is that of segment flat" } },
		{ "server",
		  "a",
		  PATCH,
		  "{\"port\": [\"up0\"]}",
		  { REFUSED, "server a", "port",
		    "port up0 has role uplink; it must be one of role fabric" } },
		{ "port",
		  "srv1",
		  PATCH,
		  "{\"role\": \"uplink\"}",
		  { REFUSED, "port srv1", "role",
		    "role must stay fabric: server a is wired to it" } },
		{ "port",
		  "x",
		  ADD,
		  "{\"dev\": \"eth7\", \"role\": \"uplink\"}",
		  { REFUSED, "port x", "dev", "dev eth7 does not exist on this machine" } },
		/* MTU: the fabric port has 9000, the uplink 1500 */
		{ "vnic",
		  "web1/eth0",
		  PATCH,
		  "{\"mtu\": 9000}",
		  { REFUSED, "vnic web1/eth0", "mtu",
		    "mtu 9000 does not fit port up0, whose device eth0 has mtu 1500" } },
		{ "vnic", "web1/x", ADD, "{\"segment\": \"priv\", \"mtu\": 9000}", { .fault = 0 } },
		{ "vnic",
		  "web1/x",
		  ADD,
		  "{\"segment\": \"priv\", \"mtu\": 9001}",
		  { REFUSED, "vnic web1/x", "mtu",
		    "mtu 9001 does not fit port srv1, whose device eth1 has mtu 9000" } },
		{ "vnic",
		  "web1/x",
		  ADD,
		  "{\"segment\": \"priv\", \"mtu\": 8996, \"trunk\": true}",
		  { .fault = 0 } },
		{ "vnic",
		  "web1/x",
		  ADD,
		  "{\"segment\": \"priv\", \"mtu\": 8997, \"trunk\": true}",
		  { REFUSED, "vnic web1/x", "mtu",
		    "mtu 8997 and 4 bytes of the trunk's tag does not fit port srv1, whose device "
		    "eth1 has mtu 9000" } },
		{ "vnic", "box/x", ADD, "{\"segment\": \"priv\", \"mtu\": 9216}", { .fault = 0 } },
		{ "vnic",
		  "box/x",
		  ADD,
		  "{\"segment\": \"lan\", \"mtu\": 1501}",
		  { REFUSED, "vnic box/x", "mtu",
		    "mtu 1501 does not fit port up0, whose device eth0 has mtu 1500" } },
		/* nowhere: nothing that it must fit */
		{ "vnic", "spare/x", ADD, "{\"segment\": \"lan\", \"mtu\": 9216}", { .fault = 0 } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
}

Test(check, spoofcheck)
{
	static const char base[] =
		"schema: 1\n"
		"ports:\n"
		"- {name: srv1, dev: eth1, role: fabric}\n"
		"- {name: srv2, dev: eth2, role: fabric}\n"
		"segments: [{name: one}, {name: two}]\n"
		"servers: [{name: a, port: srv1}, {name: b, port: srv2}]\n"
		"profiles:\n"
		"- name: p\n"
		"  server: a\n"
		"  vnics: [{name: x, segment: one}, {name: y, segment: two},\n"
		"   {name: z, segment: two}]\n"
		"- {name: q, vnics: [{name: x, segment: two, spoofcheck: off}]}\n"
		"- {name: r, server: b, vnics: [{name: x, segment: one,\n"
		"   spoofcheck: off}]}\n"
		"- {name: s, server: local, vnics: [{name: x, segment: one}]}\n";
	static const struct raceway_test_write cases[] = {
		{ "vnic", "p/x", PATCH, "{\"spoofcheck\": false}", { .fault = 0 } },
		{ "vnic",
		  "p/z",
		  PATCH,
		  "{\"spoofcheck\": \"off\"}",
		  { REFUSED, "vnic p/z", "spoofcheck",
		    "spoofcheck off needs it to be the only vNIC of segment two on port srv1; vnic "
		    "p/y is there too" } },
		{ "profile",
		  "q",
		  PATCH,
		  "{\"server\": \"a\"}",
		  { REFUSED, "vnic q/x", "spoofcheck",
		    "spoofcheck off needs it to be the only vNIC of segment two on port srv1; vnic "
		    "p/z is there too" } },
		{ "profile", "q", PATCH, "{\"server\": \"b\"}", { .fault = 0 } },
		{ "vnic",
		  "r/y",
		  ADD,
		  "{\"segment\": \"one\"}",
		  { REFUSED, "vnic r/y", "segment",
		    "segment one on port srv2 is vnic r/x's alone, which has spoofcheck off" } },
		{ "vnic", "r/y", ADD, "{\"segment\": \"two\"}", { .fault = 0 } },
		{ "vnic",
		  "s/y",
		  ADD,
		  "{\"segment\": \"one\", \"spoofcheck\": false}",
		  { .fault = 0 } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(check, room)
{
	static const struct raceway_test_write cases[] = {
		{ "vnic", "p/g", ADD, "{\"segment\": \"one\"}", { .fault = 0 } },
		{ "vnic", "p/h", ADD, "{\"segment\": \"one\"}", { .fault = 0 } },
	};
	static const struct raceway_test_write full[] = {
		{ "vnic",
		  "p/h",
		  ADD,
		  "{\"segment\": \"one\"}",
		  { REFUSED, "vnic p/h", "",
		    "no room: max-vnics is 8, so there may be one fewer" } },
	};
	char yaml[512] = "schema: 1\nsegments: [{name: one}]\nprofiles:\n- name: p\n  vnics:\n";
	size_t used = strlen(yaml);

	for (char name = 'a'; name <= 'g'; name++) {
		if (name == 'g')
			raceway_test_writes(yaml, cases, COUNT(cases));
		used += (size_t)snprintf(yaml + used, sizeof(yaml) - used,
					 "  - {name: %c, segment: one}\n", name);
	}
	raceway_test_writes(yaml, full, COUNT(full));
}

Test(check, admission)
{
	static const struct raceway_test_write cases[] = {
		/* rx behind the fabric port of 10gbit: 4gbit promised */
		{ "vnic",
		  "web1/x",
		  ADD,
		  "{\"segment\": \"priv\", \"rx_cir\": \"6gbit\"}",
		  { .fault = 0 } },
		{ "vnic",
		  "web1/x",
		  ADD,
		  "{\"segment\": \"priv\", \"rx_cir\": \"6000001kbit\"}",
		  { REFUSED, "vnic web1/x", "rx-cir",
		    "rx-cir 6000001kbit does not fit: of the 10gbit of port srv1, 4gbit are "
		    "promised already and 6gbit are left" } },
		{ "vnic",
		  "web1/eth0",
		  PATCH,
		  "{\"rx_cir\": \"11gbit\", \"rx_pir\": null}",
		  { REFUSED, "vnic web1/eth0", "rx-cir",
		    "rx-cir 11gbit does not fit: of the 10gbit of port srv1, 0bit are promised "
		    "already and 10gbit are left" } },
		{ "port",
		  "srv1",
		  PATCH,
		  "{\"rate\": \"3gbit\"}",
		  { REFUSED, "port srv1", "rate",
		    "rate 3gbit is below the 4gbit of rx-cir promised behind it" } },
		/* tx leaves by the uplink, 98 % of its 10gbit, 3gbit promised to web1/eth0 */
		{ "vnic", "box/eth0", PATCH, "{\"tx_cir\": \"6800mbit\"}", { .fault = 0 } },
		{ "vnic",
		  "box/eth0",
		  PATCH,
		  "{\"tx_cir\": \"6801mbit\"}",
		  { REFUSED, "vnic box/eth0", "tx-cir",
		    "tx-cir 6801mbit does not fit: of the 9800mbit of port up0, 3gbit are promised "
		    "already and 6800mbit are left" } },
		{ "port",
		  "up0",
		  PATCH,
		  "{\"rate\": \"2gbit\"}",
		  { REFUSED, "port up0", "rate",
		    "rate 2gbit is below the 3gbit of tx-cir promised behind it" } },
		/* what is private sends to no uplink, what is local has no port to receive by */
		{ "vnic",
		  "box/x",
		  ADD,
		  "{\"segment\": \"priv\", \"tx_cir\": \"100gbit\", \"rx_cir\": \"100gbit\"}",
		  { .fault = 0 } },
		{ "vnic",
		  "spare/x",
		  ADD,
		  "{\"segment\": \"lan\", \"tx_cir\": \"100gbit\"}",
		  { .fault = 0 } },
		/* unknown speed and no rate */
		{ "vnic",
		  "web2/eth0",
		  PATCH,
		  "{\"rx_cir\": \"1gbit\"}",
		  { REFUSED, "vnic web2/eth0", "rx-cir",
		    "rx-cir cannot be guaranteed: the link speed of port srv2 is unknown; give it "
		    "a rate, as: port set srv2 rate 10gbit" } },
		{ "vnic", "web2/eth0", PATCH, "{\"rx_pir\": \"1gbit\"}", { .fault = 0 } },
		/* moving a profile moves its guarantees */
		{ "profile",
		  "web1",
		  PATCH,
		  "{\"server\": \"b\"}",
		  { REFUSED, "vnic web1/eth0", "rx-cir",
		    "rx-cir cannot be guaranteed: the link speed of port srv2 is unknown; give it "
		    "a rate, as: port set srv2 rate 10gbit" } },
		{ "port",
		  "srv1",
		  PATCH,
		  "{\"rate\": null, \"dev\": \"eth3\"}",
		  { REFUSED, "port srv1", "rate",
		    "rate is needed: the link speed is unknown, and vNICs behind the port have "
		    "rx-cir" } },
	};

	raceway_test_writes(raceway_test_base, cases, COUNT(cases));
}

/* Another cable, and the guarantees behind it are on a port that cannot keep them. */
Test(check, rewiring)
{
	static const char base[] = "schema: 1\n"
				   "ports:\n"
				   "- {name: srv1, dev: eth1, role: fabric}\n"
				   "- {name: srv2, dev: eth2, role: fabric, rate: 1gbit}\n"
				   "segments: [{name: one}, {name: two}]\n"
				   "servers: [{name: a, port: srv1}]\n"
				   "profiles:\n"
				   "- name: p\n"
				   "  server: a\n"
				   "  vnics: [{name: x, segment: one, rx_cir: 2gbit, mtu: 1400}]\n";
	static const struct raceway_test_write cases[] = {
		{ "server",
		  "a",
		  PATCH,
		  "{\"port\": [\"srv2\"]}",
		  { REFUSED, "vnic p/x", "rx-cir",
		    "rx-cir 2gbit does not fit: of the 1gbit of port srv2, 0bit are promised "
		    "already and 1gbit are left" } },
		/* its vNICs are at the first of its ports */
		{ "server",
		  "a",
		  PATCH,
		  "{\"port\": [\"srv1\", \"srv2\"]}",
		  { RACEWAY_FAULT_CANNOT, "server a", "port",
		    "more than one port: not yet: its vNICs would all be behind srv1; give one" } },
		{ "server", "a", PATCH, "{\"port\": null}", { .fault = 0 } },
		/* two that fit one by one and not together: the last of them is refused */
		{ "vnic",
		  "p/y",
		  ADD,
		  "{\"segment\": \"one\", \"rx_cir\": \"7800mbit\"}",
		  { .fault = 0 } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

/* A document of many: exactly what fits passes, and the first that does not is named. */
Test(check, admission_of_a_document)
{
	static const struct raceway_test_error want = {
		REFUSED, "vnic p/c", "rx-cir",
		"rx-cir 2gbit does not fit: of the 10gbit of port srv1, 10gbit are promised "
		"already and 0bit are left"
	};
	struct raceway_model *model = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *document = raceway_test_yaml(
		"schema: 1\n"
		"ports: [{name: srv1, dev: eth1, role: fabric, rate: 10gbit}]\n"
		"segments: [{name: one}]\n"
		"servers: [{name: a, port: srv1}]\n"
		"profiles: [{name: p, server: a, vnics: [{name: a, segment: one, rx_cir: 4gbit},\n"
		"  {name: c, segment: one, rx_cir: 2gbit}, {name: b, segment: one, rx_cir: "
		"6gbit}]}]");
	int r;

	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0);
	r = raceway_model_check(model, &raceway_test_world, &err);
	raceway_test_expect("document", r, &err, &want);
	raceway_model_free(model);
}

static uint64_t no_speed(void *context, const char *dev)
{
	return 0;
}

static uint32_t small_mtu(void *context, const char *dev)
{
	return 600;
}

static bool no_dev(void *context, const char *dev)
{
	return false;
}

/* A cable that is out refuses what is new on it, and nothing else. */
Test(check, world_judges_changes_only)
{
	static const struct raceway_world dark = {
		.speed_bps = no_speed, .mtu = small_mtu, .dev_exists = no_dev, .max_vnics = 2
	};
	static const struct {
		const char *kind, *name, *doc, *says;
	} cases[] = {
		{ "segment", "y", "{}", NULL },
		{ "profile", "y", "{}", NULL },
		{ "port", "up0", "{\"description\": \"x\"}", NULL },
		{ "port", "up0", "{\"rate\": \"9gbit\"}", NULL },
		{ "port", "srv1", "{\"mode\": \"generic\"}", NULL },
		{ "port", "up0", "{\"dev\": \"eth5\"}", "dev eth5 does not exist" },
		{ "port", "y", "{\"dev\": \"eth5\", \"role\": \"uplink\"}",
		  "dev eth5 does not exist" },
		{ "vnic", "box/eth0", "{\"description\": \"x\"}", NULL },
		{ "vnic", "box/eth0", "{\"mtu\": 1400}", "no room" },
	};
	struct raceway_model *base = raceway_test_model(raceway_test_base);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_model *model = raceway_model_clone(base);
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		json_auto_t *doc = json_loads(cases[i].doc, 0, NULL);
		const struct raceway_kind *kind = raceway_kind_find(cases[i].kind);
		int r;

		cr_assert_eq(raceway_model_write(model, kind, cases[i].name, doc,
						 raceway_model_get(base, kind, cases[i].name)
							 ? RACEWAY_PATCH
							 : RACEWAY_ADD,
						 &err),
			     0, "%s", err.message);
		r = raceway_model_check(model, &dark, &err);
		cr_expect_eq(r < 0, cases[i].says != NULL, "%s %s: %s", cases[i].name, cases[i].doc,
			     err.message);
		if (cases[i].says)
			cr_expect(strstr(err.message, cases[i].says), "%s", err.message);
		raceway_model_free(model);
	}
	raceway_model_free(base);
}

Test(check, nothing_known_of_the_world)
{
	struct raceway_model *model = raceway_model_new();
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	static const struct raceway_world nothing;
	json_auto_t *document = raceway_test_yaml(raceway_test_base);

	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0);
	cr_expect_eq(raceway_model_check(model, NULL, &err), 0, "%s", err.message);
	cr_expect_eq(raceway_model_check(model, &nothing, &err), 0, "%s", err.message);
	raceway_model_free(model);
}
