/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model resolved: where each vNIC is, and what its interfaces are called. */
#include <criterion/criterion.h>
#include <errno.h>

#include "plan/want.h"

static uint64_t speed(void *context, const char *dev)
{
	return 10000000000ULL;
}

static const struct raceway_world world = { .speed_bps = speed, .max_vnics = 64 };
static struct raceway_want want;
static struct raceway_error err;

/* Builds from an apply document. */
static int build(const char *document)
{
	struct raceway_model *model = raceway_model_new();
	json_t *json = json_loads(document, 0, NULL);
	int ret;

	cr_assert(model && json);
	cr_assert_eq(raceway_model_apply(model, json, false, &err), 0, "%s", err.message);
	ret = raceway_want_build(model, &world, true, &want, &err);
	json_decref(json);
	raceway_model_free(model);
	return ret;
}

#define HEAD                                                                                       \
	"{\"schema\":1,\"ports\":[{\"name\":\"up0\",\"dev\":\"eth0\",\"role\":\"uplink\"},"        \
	"{\"name\":\"srv0\",\"dev\":\"eth1\",\"role\":\"fabric\",\"host\":\"none\","               \
	"\"native_segment\":\"lan\"}],"                                                            \
	"\"segments\":[{\"name\":\"lan\",\"number\":7,\"uplink\":\"up0\",\"vlan\":100}],"          \
	"\"servers\":[{\"name\":\"s1\",\"port\":[\"srv0\"]},{\"name\":\"s2\"}],"

Test(want, ports_and_segments_are_resolved)
{
	cr_assert_eq(build(HEAD "\"profiles\":[]}"), 0);
	cr_expect_eq(want.port_count, 2);
	cr_expect_str_eq(want.ports[0].name, "srv0");
	cr_expect_eq(want.ports[0].role, RACEWAY_ROLE_FABRIC);
	cr_expect_eq(want.ports[0].native_segment, 7);
	cr_expect_not(want.ports[0].host_keep);
	cr_expect(want.ports[1].host_keep, "the role's default");
	cr_expect_eq(want.ports[1].rate_bps, 9800000000ULL);
	cr_expect_eq(want.segments[0].uplink_port, want.ports[1].number);
	cr_expect_eq(want.segments[0].uplink_vid, 100);
	raceway_want_free(&want);
}

Test(want, a_vnic_is_where_its_profile_is_bound)
{
	const struct raceway_want_vnic *v;

	cr_assert_eq(build(HEAD "\"profiles\":["
				"{\"name\":\"a\",\"server\":\"local\",\"vnics\":["
				"{\"name\":\"eth0\",\"segment\":\"lan\",\"weight\":7},"
				"{\"name\":\"eth1\",\"segment\":\"lan\",\"netns\":\"web\"},"
				"{\"name\":\"eth2\",\"segment\":\"lan\",\"ifname\":\"lan9\"}]},"
				"{\"name\":\"b\",\"server\":\"s1\",\"vnics\":["
				"{\"name\":\"eth0\",\"segment\":\"lan\"}]},"
				"{\"name\":\"c\",\"server\":\"s2\",\"vnics\":["
				"{\"name\":\"eth0\",\"segment\":\"lan\"}]},"
				"{\"name\":\"d\",\"vnics\":["
				"{\"name\":\"eth0\",\"segment\":\"lan\"}]}]}"),
		     0);
	cr_assert_eq(want.vnic_count, 6);
	v = raceway_want_vnic(&want, "a/eth0");
	cr_expect_eq(v->where, RACEWAY_WHERE_LOCAL);
	cr_expect_str_eq(v->ifname, "a-eth0");
	cr_expect_eq(v->dp.port, 0);
	cr_expect_eq(v->dp.segment, 7);
	cr_expect_eq(v->dp.weight, 7);
	v = raceway_want_vnic(&want, "a/eth1");
	cr_expect_str_eq(v->ifname, "eth1");
	cr_expect_eq(v->dp.weight, 1);
	cr_expect_str_eq(v->netns, "web");
	cr_expect_str_eq(raceway_want_vnic(&want, "a/eth2")->ifname, "lan9");
	v = raceway_want_vnic(&want, "b/eth0");
	cr_expect_eq(v->where, RACEWAY_WHERE_PORT);
	cr_expect_eq(v->dp.port, want.ports[0].number);
	cr_expect_eq(raceway_want_vnic(&want, "c/eth0")->where, RACEWAY_WHERE_NONE);
	cr_expect_eq(raceway_want_vnic(&want, "d/eth0")->where, RACEWAY_WHERE_NONE);
	cr_expect_null(raceway_want_vnic(&want, "e/eth0"));
	raceway_want_free(&want);
}

Test(want, names_of_interfaces_fit_and_are_unique)
{
	cr_expect_eq(build(HEAD "\"profiles\":[{\"name\":\"averylongname\",\"server\":\"local\","
				"\"vnics\":[{\"name\":\"eth0\",\"segment\":\"lan\"}]}]}"),
		     -EINVAL);
	cr_expect_str_eq(err.object, "vnic averylongname/eth0");
	cr_expect_str_eq(err.field, "ifname");
	err = (struct raceway_error){ 0 };
	cr_expect_neq(build(HEAD "\"profiles\":[{\"name\":\"a\",\"server\":\"local\",\"vnics\":["
				 "{\"name\":\"x\",\"segment\":\"lan\",\"ifname\":\"same\"},"
				 "{\"name\":\"y\",\"segment\":\"lan\",\"ifname\":\"same\"}]}]}"),
		      0);
	cr_expect_str_eq(err.field, "ifname");
}

/* 18 ms of 80 Mb/s are 180,000 bytes; of 2 Mb/s an eighth is less than two frames. */
Test(want, a_gso_packet_is_an_eighth_of_what_an_idle_vnic_has)
{
	cr_assert_eq(build(HEAD "\"profiles\":[{\"name\":\"a\",\"server\":\"local\",\"vnics\":["
				"{\"name\":\"x\",\"segment\":\"lan\",\"tx_pir\":\"80mbit\"},"
				"{\"name\":\"y\",\"segment\":\"lan\",\"tx_pir\":\"80mbit\","
				"\"tx_cir\":\"60mbit\"},"
				"{\"name\":\"z\",\"segment\":\"lan\",\"rx_pir\":\"2mbit\"},"
				"{\"name\":\"w\",\"segment\":\"lan\",\"rx_pir\":\"1gbit\","
				"\"rx_pbs\":\"40000\"}]}]}"),
		     0, "%s", err.message);
	cr_expect_eq(raceway_want_vnic(&want, "a/x")->gso_max_bytes, 180000 / 8);
	cr_expect_eq(raceway_want_vnic(&want, "a/x")->gro_max_bytes, 65536);
	/* of the larger bucket */
	cr_expect_eq(raceway_want_vnic(&want, "a/y")->gso_max_bytes, 135000 / 8);
	cr_expect_eq(raceway_want_vnic(&want, "a/z")->gso_max_bytes, 65536);
	cr_expect_eq(raceway_want_vnic(&want, "a/z")->gro_max_bytes, 3000);
	cr_expect_eq(raceway_want_vnic(&want, "a/w")->gro_max_bytes, 20000);
	raceway_want_free(&want);
}

Test(want, a_gso_packet_is_half_a_burst_at_most)
{
	cr_assert_eq(build(HEAD "\"profiles\":[{\"name\":\"a\",\"server\":\"local\",\"vnics\":["
				"{\"name\":\"x\",\"segment\":\"lan\"},"
				"{\"name\":\"y\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\","
				"\"tx_pbs\":\"40000\"},"
				"{\"name\":\"z\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\","
				"\"tx_cir\":\"500mbit\",\"tx_pbs\":\"40000\"},"
				"{\"name\":\"w\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\","
				"\"tx_cir\":\"1gbit\",\"tx_cbs\":\"40000\"}]}]}"),
		     0, "%s", err.message);
	cr_expect_eq(raceway_want_vnic(&want, "a/x")->gso_max_bytes, 65536);
	cr_expect_eq(raceway_want_vnic(&want, "a/y")->gso_max_bytes, 20000);
	/* of the bucket that the peak rate is reached by */
	cr_expect_eq(raceway_want_vnic(&want, "a/z")->gso_max_bytes, 10000);
	cr_expect_eq(raceway_want_vnic(&want, "a/w")->gso_max_bytes, 20000);
	raceway_want_free(&want);
}
