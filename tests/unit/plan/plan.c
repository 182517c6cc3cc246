/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Desired against actual: exactly these steps, in exactly this order. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan.h"

#define PREFIX "raceway:0000abcd:"
#define GROUP 4711
#define MAX 8

/* What is wanted and what is, put together by the tests. */
static struct raceway_dp_port ports[MAX];
static struct raceway_dp_segment segments[MAX];
static struct raceway_want_vnic vnics[MAX];
static struct raceway_want want = { .ports = ports, .segments = segments, .vnics = vnics };
static struct raceway_link own[MAX * 2], inner[MAX];
static struct raceway_links links = { .link = own };
static struct raceway_have_ns ns = { .name = "web", .nsid = 7, .links.link = inner };
static uint32_t attached[MAX * 2];
static struct raceway_dp_config filled;
static struct raceway_have have = { .links = &links,
				    .ns = &ns,
				    .ns_count = 1,
				    .prefix = PREFIX,
				    .group = GROUP,
				    .attached = attached };

static void want_port(const char *name, const char *dev)
{
	struct raceway_dp_port *p = &ports[want.port_count++];

	snprintf(p->name, sizeof(p->name), "%s", name);
	snprintf(p->dev, sizeof(p->dev), "%s", dev);
	p->number = want.port_count;
	p->role = RACEWAY_ROLE_UPLINK;
}

static void want_vnic(const char *name, const char *netns, const char *ifname)
{
	struct raceway_want_vnic *v = &vnics[want.vnic_count++];

	snprintf(v->dp.name, sizeof(v->dp.name), "%s", name);
	v->dp.number = want.vnic_count;
	v->dp.mac[0] = 2;
	v->dp.mac[5] = want.vnic_count;
	v->dp.mtu = 1500;
	v->dp.segment = 1;
	v->dp.up = true;
	v->where = RACEWAY_WHERE_LOCAL;
	v->uplink = want.port_count;
	v->gso_max_bytes = v->gro_max_bytes = RACEWAY_GSO_MAX_BYTES;
	snprintf(v->host, sizeof(v->host), "rw%u", v->dp.number);
	snprintf(v->ifname, sizeof(v->ifname), "%s", ifname);
	snprintf(v->netns, sizeof(v->netns), "%s", netns);
}

static struct raceway_link *add_link(struct raceway_links *where, uint32_t ifindex,
				     const char *name, const char *kind)
{
	struct raceway_link *l = &where->link[where->count++];

	*l = (struct raceway_link){ .ifindex = ifindex,
				    .mtu = 1500,
				    .up = true,
				    .carrier = true,
				    .peer_nsid = RACEWAY_NSID_OWN,
				    .gso_max_bytes = RACEWAY_GSO_MAX_BYTES,
				    .gro_max_bytes = RACEWAY_GSO_MAX_BYTES };
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
	return l;
}

/* A pair as it should be for vnics[i]; the guest end in netns web. */
static void have_pair(int i)
{
	struct raceway_link *host = add_link(&links, 100 + i, vnics[i].host, "veth");
	struct raceway_link *guest = add_link(&ns.links, 50 + i, vnics[i].ifname, "veth");

	snprintf(host->alias, sizeof(host->alias), PREFIX "%.100s", vnics[i].dp.name);
	host->group = GROUP;
	host->peer_ifindex = guest->ifindex;
	host->peer_nsid = 7;
	memcpy(guest->mac, vnics[i].dp.mac, sizeof(guest->mac));
	attached[have.attached_count++] = host->ifindex;
}

/* One uplink and `count` vNICs, all of it there and right. */
static void all_is_well(int count)
{
	static const char *const names[] = { "web1/eth0", "web2/eth0", "web3/eth0" };
	static const char *const ifnames[] = { "eth0", "eth1", "eth2" };

	add_link(&links, 1, "lo", "");
	add_link(&links, 2, "up0", "");
	want_port("up0", "up0");
	segments[want.segment_count++] =
		(struct raceway_dp_segment){ .number = 1, .uplink_port = 1 };
	attached[have.attached_count++] = 2;
	for (int i = 0; i < count; i++) {
		want_vnic(names[i], "web", ifnames[i]);
		have_pair(i);
	}
	cr_assert_eq(raceway_config_build(&want, &links, PREFIX, &filled), 0);
	have.filled = &filled;
}

static char text[1024];

/* "create web1/eth0, fill, ..."; problems as "! object field". */
static const char *steps(void)
{
	struct raceway_plan plan;
	size_t used = 0;

	cr_assert_eq(raceway_plan_make(&want, &have, &plan), 0);
	text[0] = '\0';
	for (size_t i = 0; i < plan.problem_count; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s! %s %s", used ? ", " : "",
				 plan.problems[i].error.object, plan.problems[i].error.field);
	for (size_t i = 0; i < plan.count; i++) {
		const struct raceway_step *s = &plan.steps[i];

		used += snprintf(text + used, sizeof(text) - used, "%s%s%s%s", used ? ", " : "",
				 raceway_step_name(s->kind),
				 s->vnic >= 0 || s->port >= 0 || s->vnic_name[0] ? " " : "",
				 s->vnic >= 0	? vnics[s->vnic].dp.name
				 : s->port >= 0 ? ports[s->port].name
						: s->vnic_name);
		if (s->kind == RACEWAY_STEP_HOST_STATE)
			used += snprintf(text + used, sizeof(text) - used, " %s",
					 s->edit.up ? "up" : "down");
	}
	raceway_plan_free(&plan);
	return text;
}

Test(plan, nothing_is_done_where_all_is_well)
{
	all_is_well(3);
	cr_expect_str_eq(steps(), "");
}

Test(plan, first_start_fills_and_attaches_and_touches_no_netdev)
{
	all_is_well(1);
	have.filled = NULL;
	have.attached_count = 0;
	cr_expect_str_eq(steps(), "fill, port-attach up0, vnic-attach web1/eth0, retire");
}

Test(plan, a_new_vnic_is_up_only_with_its_program)
{
	all_is_well(1);
	want_vnic("web2/eth0", "web", "eth1");
	cr_expect_str_eq(steps(), "create web2/eth0, fill, vnic-attach web2/eth0, "
				  "host-state web2/eth0 up");
}

Test(plan, a_vnic_goes_from_the_tables_before_its_netdev)
{
	all_is_well(2);
	want.vnic_count = 1;
	cr_expect_str_eq(steps(), "fill, retire, delete web2/eth0");
}

Test(plan, unbound_is_gone_from_the_kernel)
{
	all_is_well(1);
	vnics[0].where = RACEWAY_WHERE_NONE;
	cr_expect_str_eq(steps(), "fill, retire, delete web1/eth0");
}

Test(plan, a_rate_needs_the_tables_only)
{
	all_is_well(1);
	vnics[0].dp.dir[RACEWAY_TX].pir_bps = 1000000;
	cr_expect_str_eq(steps(), "fill");
}

Test(plan, mtu_changes_both_ends)
{
	all_is_well(1);
	vnics[0].dp.mtu = 9000;
	cr_expect_str_eq(steps(), "host-edit web1/eth0, guest-edit web1/eth0, fill");
}

Test(plan, packets_are_as_long_as_the_rates_allow)
{
	all_is_well(1);
	vnics[0].gso_max_bytes = 20000;
	cr_expect_str_eq(steps(), "host-edit web1/eth0, guest-edit web1/eth0");
	own[2].gro_max_bytes = 20000;
	cr_expect_str_eq(steps(), "guest-edit web1/eth0");
	inner[0].gso_max_bytes = 20000;
	cr_expect_str_eq(steps(), "");
	vnics[0].gro_max_bytes = 30000;
	cr_expect_str_eq(steps(), "guest-edit web1/eth0");
	inner[0].gro_max_bytes = 0; /* a kernel without that limit */
	cr_expect_str_eq(steps(), "");
}

Test(plan, guest_end_is_put_right)
{
	all_is_well(1);
	inner[0].mac[3] = 0x55;
	cr_expect_str_eq(steps(), "guest-edit web1/eth0");
	inner[0].mac[3] = 0;
	snprintf(inner[0].name, sizeof(inner[0].name), "renamed");
	cr_expect_str_eq(steps(), "guest-edit web1/eth0");
	snprintf(inner[0].name, sizeof(inner[0].name), "eth0");
	inner[0].up = false;
	cr_expect_str_eq(steps(), "guest-edit web1/eth0");
}

Test(plan, carrier_follows_the_uplink)
{
	all_is_well(1);
	own[1].carrier = false;
	cr_expect_str_eq(steps(), "host-state web1/eth0 down");
	own[2].up = own[2].carrier = false;
	cr_expect_str_eq(steps(), "");
	own[1].carrier = true;
	cr_expect_str_eq(steps(), "host-state web1/eth0 up");
	vnics[0].dp.up = false;
	inner[0].up = false;
	cr_expect_str_eq(steps(), "fill");
}

Test(plan, a_segment_without_uplink_has_carrier)
{
	all_is_well(1);
	vnics[0].uplink = 0;
	own[1].carrier = false;
	cr_expect_str_eq(steps(), "");
}

Test(plan, a_pair_whose_guest_end_is_elsewhere_is_made_anew)
{
	all_is_well(1);
	own[2].peer_nsid = 8;
	ns.links.count = 0;
	cr_expect_str_eq(steps(), "clear web1/eth0, create web1/eth0, fill, vnic-attach web1/eth0, "
				  "host-state web1/eth0 up, retire");
}

Test(plan, foreign_interfaces_are_neither_used_nor_removed)
{
	struct raceway_link *foreign;

	all_is_well(1);
	/* Another instance's, a bridge's, somebody's veth in another group. */
	foreign = add_link(&links, 200, "rw9", "veth");
	snprintf(foreign->alias, sizeof(foreign->alias), "raceway:0000ffff:web9/eth0");
	add_link(&links, 201, "rwbridge", "bridge")->group = GROUP;
	add_link(&links, 202, "rw77", "veth");
	snprintf(add_link(&links, 203, "rw78", "veth")->alias, 64, "mine");
	own[links.count - 1].group = GROUP;
	cr_expect_str_eq(steps(), "");
}

Test(plan, what_a_crash_left_unnamed_goes)
{
	all_is_well(1);
	add_link(&links, 200, "rw9", "veth")->group = GROUP;
	cr_expect_str_eq(steps(), "delete");
	want_vnic("web2/eth0", "web", "eth1");
	snprintf(vnics[1].host, sizeof(vnics[1].host), "rw9");
	cr_expect_str_eq(steps(), "clear, create web2/eth0, fill, vnic-attach web2/eth0, "
				  "host-state web2/eth0 up");
}

Test(plan, a_name_that_is_needed_is_cleared_first)
{
	all_is_well(2);
	/* web1/eth0 goes; a new vNIC takes its interface's name. */
	memmove(&vnics[0], &vnics[1], sizeof(vnics[0]));
	want.vnic_count = 1;
	want_vnic("web3/eth0", "web", "eth0");
	vnics[1].dp.number = 3;
	snprintf(vnics[1].host, sizeof(vnics[1].host), "rw3");
	cr_expect_str_eq(steps(), "clear web1/eth0, create web3/eth0, fill, vnic-attach web3/eth0, "
				  "host-state web3/eth0 up, retire");
}

Test(plan, taken_names_are_problems)
{
	all_is_well(1);
	add_link(&ns.links, 60, "eth1", "dummy");
	want_vnic("web2/eth0", "web", "eth1");
	cr_expect_str_eq(steps(), "! vnic web2/eth0 ifname, fill");
	snprintf(vnics[1].ifname, sizeof(vnics[1].ifname), "eth2");
	add_link(&links, 200, "rw2", "dummy");
	cr_expect(strstr(steps(), "! vnic web2/eth0 number"));
	cr_expect_null(strstr(steps(), "attach"));
}

Test(plan, the_tables_never_name_a_foreign_interface)
{
	struct raceway_dp_config config;

	all_is_well(1);
	want_vnic("web2/eth0", "web", "eth1");
	add_link(&links, 200, "rw2", "veth");
	cr_assert_eq(raceway_config_build(&want, &links, PREFIX, &config), 0);
	cr_expect_eq(config.vnics[0].ifindex, 100);
	cr_expect_eq(config.vnics[1].ifindex, 0);
	raceway_config_free(&config);
}

Test(plan, a_missing_namespace_is_a_problem)
{
	all_is_well(1);
	want_vnic("web2/eth0", "db", "eth0");
	cr_expect(strstr(steps(), "! vnic web2/eth0 netns"));
	cr_expect_null(strstr(steps(), "create"));
	/* Of a vNIC that exists too, and it is left alone. */
	want.vnic_count = 1;
	ns.err = -ENOENT;
	cr_expect_str_eq(steps(), "! vnic web1/eth0 netns");
}

Test(plan, a_vnic_that_was_not_looked_at_stays)
{
	all_is_well(1);
	have.ns_count = 0;
	cr_expect_str_eq(steps(), "");
}

Test(plan, a_missing_port_is_a_problem_and_its_segments_are_cut_off)
{
	struct raceway_dp_config config;

	all_is_well(1);
	snprintf(own[1].name, sizeof(own[1].name), "lan0");
	cr_expect_str_eq(steps(), "! port up0 dev, fill, host-state web1/eth0 down, retire");
	cr_assert_eq(raceway_config_build(&want, &links, PREFIX, &config), 0);
	cr_expect_eq(config.port_count, 0);
	cr_expect_eq(config.segments[0].uplink_port, 0);
	cr_expect_eq(config.vnic_count, 1);
	raceway_config_free(&config);
}

Test(plan, a_recreated_port_is_attached_and_the_old_one_retired)
{
	all_is_well(1);
	own[1].ifindex = 3;
	cr_expect_str_eq(steps(), "fill, port-attach up0, retire");
}

Test(plan, a_vnic_behind_a_missing_port_is_nowhere)
{
	struct raceway_dp_config config;

	all_is_well(0);
	want_port("srv0", "srv0");
	ports[1].role = RACEWAY_ROLE_FABRIC;
	want_vnic("web1/eth0", "", "");
	vnics[0].where = RACEWAY_WHERE_PORT;
	vnics[0].dp.port = 2;
	cr_assert_eq(raceway_config_build(&want, &links, PREFIX, &config), 0);
	cr_expect_eq(config.vnics[0].port, 0);
	cr_expect_eq(config.vnics[0].ifindex, 0);
	raceway_config_free(&config);
	add_link(&links, 3, "srv0", "");
	cr_assert_eq(raceway_config_build(&want, &links, PREFIX, &config), 0);
	cr_expect_eq(config.vnics[0].port, 2);
	raceway_config_free(&config);
}
