/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* veth pairs made, read back, changed and deleted in a namespace of the test's own. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "net/netns.h"
#include "net/veth.h"
#include "private.h"

#define MANY 32
#define GROUP 0x1234567
#define MANY_MS 200 /* 32 pairs: some 20 ms alone on the machine, tests run side by side */

static struct raceway_rtnl rtnl;

static void open_socket(void)
{
	private_begin();
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
}

static struct raceway_veth pair(int i, const char *guest, int ns_fd)
{
	struct raceway_veth v = { .group = GROUP, .mtu = 1500, .ns_fd = ns_fd, .guest_up = true };

	snprintf(v.host, sizeof(v.host), "rw%d", i);
	snprintf(v.guest, sizeof(v.guest), "%s%d", guest, i);
	snprintf(v.alias, sizeof(v.alias), "raceway:test:web%d/eth0", i);
	memcpy(v.mac, (uint8_t[]){ 2, 0, 0, 0, 1, (uint8_t)i }, sizeof(v.mac));
	return v;
}

static const struct raceway_link *read_link(struct raceway_links *links, const char *name)
{
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, links), 0);
	return raceway_links_by_name(links, name);
}

Test(veth, is_made_with_all_its_settings, .init = open_socket)
{
	struct raceway_veth v = pair(5, "eth", -1);
	struct raceway_links links = { 0 };
	const struct raceway_link *host, *guest;
	char value = 0;
	size_t failed;
	int fd;

	v.mtu = 9000;
	v.gso_max_bytes = 20000;
	v.gro_max_bytes = 30000;
	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
	host = read_link(&links, "rw5");
	guest = raceway_links_by_name(&links, "eth5");
	cr_assert(host && guest);
	cr_expect_str_eq(host->kind, "veth");
	cr_expect_str_eq(host->alias, "raceway:test:web5/eth0");
	cr_expect_eq(host->group, GROUP);
	cr_expect_eq(host->mtu, 9000);
	cr_expect_not(host->up, "the host end is down until its program is there");
	cr_expect_eq(host->peer_ifindex, guest->ifindex);
	cr_expect_eq(host->peer_nsid, RACEWAY_NSID_OWN);
	cr_expect_eq(memcmp(guest->mac, v.mac, sizeof(v.mac)), 0);
	cr_expect_eq(guest->mtu, 9000);
	cr_expect_eq(guest->gso_max_bytes, 20000);
	cr_expect_eq(guest->gro_max_bytes, 30000);
	cr_expect_eq(host->gro_max_bytes, 20000, "nor does it merge what was sent to more");
	cr_expect_eq(host->gso_max_bytes, RACEWAY_GSO_MAX_BYTES);
	cr_expect(guest->up);
	cr_expect_not(guest->carrier);
	fd = open("/proc/sys/net/ipv6/conf/rw5/disable_ipv6", O_RDONLY);
	if (fd >= 0)
		cr_expect(read(fd, &value, 1) == 1 && value == '1', "the host end is silent");
	raceway_links_free(&links);
}

Test(veth, guest_end_is_in_the_named_namespace, .init = open_socket)
{
	struct raceway_links own = { 0 }, there = { 0 };
	const struct raceway_link *host, *guest;
	struct raceway_rtnl inside;
	struct raceway_veth v;
	int fd, nsid;
	size_t failed;

	private_netns("web");
	cr_assert_eq(raceway_netns_open("web", &fd), 0);
	cr_assert_eq(raceway_netns_sockets(&fd, 1, &inside), 0);
	v = pair(1, "eth", fd);
	v.inside = &inside;
	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
	cr_assert_eq(raceway_netns_id(&rtnl, fd, &nsid), 0);
	cr_assert_geq(nsid, 0);
	host = read_link(&own, "rw1");
	cr_assert(host);
	cr_expect_null(raceway_links_by_name(&own, "eth1"));
	cr_expect_eq(host->peer_nsid, nsid);
	cr_assert_eq(raceway_links_read(&rtnl, nsid, &there), 0);
	guest = raceway_links_by_name(&there, "eth1");
	cr_assert(guest);
	cr_expect_eq(guest->ifindex, host->peer_ifindex);
	cr_expect(guest->up);
	raceway_links_free(&own);
	raceway_links_free(&there);
}

Test(veth, guest_end_is_changed_through_a_helper, .init = open_socket)
{
	struct raceway_links there = { 0 };
	struct raceway_link_edit edit = { .what = RACEWAY_EDIT_NAME | RACEWAY_EDIT_MTU |
						  RACEWAY_EDIT_UP | RACEWAY_EDIT_MAC,
					  .name = "lan0",
					  .mtu = 1400,
					  .mac = { 2, 9, 9, 9, 9, 9 } };
	const struct raceway_link *guest;
	struct raceway_rtnl inside;
	struct raceway_veth v;
	int fd, nsid, error = 1;
	size_t failed;

	private_netns("web");
	cr_assert_eq(raceway_netns_open("web", &fd), 0);
	v = pair(1, "eth", fd);
	v.guest_up = false;
	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
	cr_assert_eq(raceway_netns_id(&rtnl, fd, &nsid), 0);
	cr_assert_eq(raceway_links_read(&rtnl, nsid, &there), 0);
	edit.up = true;
	edit.ifindex = raceway_links_by_name(&there, "eth1")->ifindex;
	cr_assert_eq(raceway_netns_sockets(&fd, 1, &inside), 0);
	cr_assert_eq(raceway_link_edit(&inside, &edit, 1, &error), 0);
	cr_expect_eq(error, 0);
	cr_assert_eq(raceway_links_read(&rtnl, nsid, &there), 0);
	guest = raceway_links_by_name(&there, "lan0");
	cr_assert(guest);
	cr_expect_eq(guest->mtu, 1400);
	cr_expect_eq(guest->mac[1], 9);
	cr_expect(guest->up);
	raceway_rtnl_close(&inside);
	raceway_links_free(&there);
}

Test(veth, namespaces_that_are_none_say_so, .init = open_socket)
{
	int fd = -1;

	cr_expect_eq(raceway_netns_open("nowhere", &fd), -ENOENT);
	cr_expect_eq(raceway_netns_open("../../etc", &fd), -EINVAL);
	cr_expect_eq(raceway_netns_open("", &fd), -EINVAL);
	close(open("/run/netns/file", O_CREAT | O_WRONLY, 0600));
	cr_expect_eq(raceway_netns_open("file", &fd), -EINVAL);
	cr_expect_eq(fd, -1);
	cr_expect_str_eq(raceway_netns_why(-EPERM), "entering a namespace needs CAP_SYS_ADMIN");
}

Test(veth, many_are_made_and_deleted_at_once, .init = open_socket)
{
	struct raceway_veth veth[MANY];
	uint32_t ifindex[MANY];
	struct raceway_links links = { 0 };
	struct timespec before, after;
	size_t failed, others;
	long ms;

	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	others = links.count;
	for (int i = 0; i < MANY; i++)
		veth[i] = pair(i + 1, "g", -1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	cr_assert_eq(raceway_veth_create(&rtnl, veth, MANY, &failed), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	cr_expect_lt(ms, MANY_MS, "%d pairs took %ld ms", MANY, ms);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	cr_expect_eq(links.count, others + 2 * MANY);
	for (int i = 0; i < MANY; i++)
		ifindex[i] = raceway_links_by_name(&links, veth[i].host)->ifindex;
	/* All but one: it must stay. */
	clock_gettime(CLOCK_MONOTONIC, &before);
	cr_assert_eq(raceway_links_delete(&rtnl, ifindex, MANY - 1), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
	cr_expect_lt(ms, MANY_MS, "deleting took %ld ms", ms);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	cr_expect_eq(links.count, others + 2);
	cr_expect(raceway_links_by_name(&links, "rw32"));
	cr_expect_eq(raceway_links_delete(&rtnl, ifindex, 1), 0, "gone already is no error");
	raceway_links_free(&links);
}

Test(veth, all_or_none_are_made, .init = open_socket)
{
	struct raceway_veth veth[3];
	struct raceway_links links = { 0 };
	size_t failed = 99;

	for (int i = 0; i < 3; i++)
		veth[i] = pair(i + 1, "g", -1);
	snprintf(veth[1].guest, sizeof(veth[1].guest), "lo");
	cr_assert_eq(raceway_veth_create(&rtnl, veth, 3, &failed), -EEXIST);
	cr_expect_eq(failed, 1);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	cr_expect_null(raceway_links_by_name(&links, "rw1"));
	cr_expect_null(raceway_links_by_name(&links, "rw3"));
	cr_expect(raceway_links_by_name(&links, "lo"));
	raceway_links_free(&links);
}

Test(veth, a_taken_host_name_is_not_touched, .init = open_socket)
{
	struct raceway_veth foreign = pair(1, "foreign", -1), ours = pair(1, "g", -1);
	struct raceway_links links = { 0 };
	size_t failed;

	snprintf(foreign.alias, sizeof(foreign.alias), "somebody else's");
	cr_assert_eq(raceway_veth_create(&rtnl, &foreign, 1, &failed), 0);
	cr_assert_eq(raceway_veth_create(&rtnl, &ours, 1, &failed), -EEXIST);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	cr_assert(raceway_links_by_name(&links, "rw1"));
	cr_expect(raceway_links_by_name(&links, "foreign1"), "the foreign pair is still there");
	raceway_links_free(&links);
}
