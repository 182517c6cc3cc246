/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Link events keep the table true, and say what changed. */
#include <errno.h>
#include <string.h>

#include "net/veth.h"
#include "private.h"

#define SEEN_MAX 64

static struct raceway_rtnl rtnl;
static struct raceway_links links;
static int events = -1;
static struct {
	enum raceway_link_change change;
	char name[IFNAMSIZ];
} seen[SEEN_MAX];
static int seen_count;

static void begin(void)
{
	private_begin();
	cr_assert_eq(raceway_events_open(&events), 0);
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
}

static void take(enum raceway_link_change change, const struct raceway_link *link, void *context)
{
	cr_assert_lt(seen_count, SEEN_MAX);
	seen[seen_count].change = change;
	memcpy(seen[seen_count++].name, link->name, IFNAMSIZ);
}

static bool saw(enum raceway_link_change change, const char *name)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].change == change && !strcmp(seen[i].name, name))
			return true;
	return false;
}

static void listen_anew(void)
{
	seen_count = 0;
	cr_assert_eq(raceway_events_read(events, &links, take, NULL), 0);
}

static void make_pair(void)
{
	struct raceway_veth v = { .host = "up0",
				  .guest = "up1",
				  .mtu = 1500,
				  .ns_fd = -1,
				  .alias = "x",
				  .mac = { 2, 0, 0, 0, 0, 1 } };
	size_t failed;

	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
}

static void edit(const char *name, struct raceway_link_edit edit)
{
	int error;

	edit.ifindex = raceway_links_by_name(&links, name)->ifindex;
	cr_assert_eq(raceway_link_edit(&rtnl, &edit, 1, &error), 0);
}

/* The table that events made must be what the kernel says. */
static void compare_with_kernel(void)
{
	struct raceway_links fresh = { 0 };

	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &fresh), 0);
	cr_assert_eq(fresh.count, links.count);
	for (size_t i = 0; i < fresh.count; i++) {
		cr_expect_eq(fresh.link[i].ifindex, links.link[i].ifindex);
		cr_expect_str_eq(fresh.link[i].name, links.link[i].name);
		cr_expect_eq(fresh.link[i].up, links.link[i].up);
		cr_expect_eq(fresh.link[i].carrier, links.link[i].carrier);
		cr_expect_eq(fresh.link[i].mtu, links.link[i].mtu);
	}
	raceway_links_free(&fresh);
}

Test(events, follow_a_pair_from_birth_to_end, .init = begin)
{
	uint32_t ifindex;

	make_pair();
	listen_anew();
	cr_expect(saw(RACEWAY_LINK_APPEARED, "up0"));
	cr_expect(saw(RACEWAY_LINK_APPEARED, "up1"));
	/* No event tells of an alias of a link that is down. */
	cr_expect_str_eq(raceway_links_by_name(&links, "up0")->alias, "");
	ifindex = raceway_links_by_name(&links, "up0")->ifindex;
	cr_assert_eq(raceway_links_refresh(&rtnl, ifindex, &links), 0);
	cr_expect_str_eq(raceway_links_by_name(&links, "up0")->alias, "x");
	compare_with_kernel();

	edit("up0", (struct raceway_link_edit){ .what = RACEWAY_EDIT_UP, .up = true });
	edit("up1", (struct raceway_link_edit){ .what = RACEWAY_EDIT_UP, .up = true });
	/* The kernel tells of a carrier when it comes to it, within a second. */
	for (int i = 0; i < 200 && !raceway_links_by_name(&links, "up0")->carrier; i++) {
		listen_anew();
		cr_expect_not(saw(RACEWAY_LINK_CHANGED, "up0"));
		usleep(10000);
	}
	cr_expect(saw(RACEWAY_LINK_CARRIER, "up0"));
	cr_expect(raceway_links_by_name(&links, "up0")->carrier);
	compare_with_kernel();

	edit("up0", (struct raceway_link_edit){ .what = RACEWAY_EDIT_MTU, .mtu = 9000 });
	listen_anew();
	cr_expect(saw(RACEWAY_LINK_CHANGED, "up0"));

	edit("up0", (struct raceway_link_edit){ .what = RACEWAY_EDIT_NAME, .name = "lan0" });
	listen_anew();
	cr_expect(saw(RACEWAY_LINK_CHANGED, "lan0"));
	cr_expect_null(raceway_links_by_name(&links, "up0"));
	compare_with_kernel();

	ifindex = raceway_links_by_name(&links, "lan0")->ifindex;
	cr_assert_eq(raceway_links_delete(&rtnl, &ifindex, 1), 0);
	listen_anew();
	cr_expect(saw(RACEWAY_LINK_VANISHED, "lan0"));
	cr_expect(saw(RACEWAY_LINK_VANISHED, "up1"));
	compare_with_kernel();

	make_pair();
	listen_anew();
	cr_expect_neq(raceway_links_by_name(&links, "up0")->ifindex, ifindex);
}

Test(events, nothing_waiting_is_no_error, .init = begin)
{
	listen_anew();
	listen_anew();
	cr_expect_eq(seen_count, 0);
}

Test(events, loss_is_reported, .init = begin)
{
	int size = 1;

	/* The smallest buffer the kernel gives holds a few events. */
	cr_assert_eq(setsockopt(events, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)), 0);
	for (int i = 0; i < 8; i++) {
		uint32_t ifindex;
		struct raceway_links now = { 0 };

		make_pair();
		cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &now), 0);
		ifindex = raceway_links_by_name(&now, "up0")->ifindex;
		cr_assert_eq(raceway_links_delete(&rtnl, &ifindex, 1), 0);
		raceway_links_free(&now);
	}
	cr_expect_eq(raceway_events_read(events, &links, take, NULL), -ENOBUFS);
}
