// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Offload features by name, changed on a pair in a namespace of the test's own, and which of them a
 * guest end is made without. */
#include "net/ethtool.h"

#include <errno.h>
#include <stdlib.h>

#include "net/netns.h"
#include "net/veth.h"
#include "private.h"

static struct raceway_rtnl rtnl;
static struct ethtool_gstrings *names;

static void make_pair(struct raceway_rtnl *inside, int ns_fd)
{
	struct raceway_veth v = { .host = "rw1",
				  .guest = "eth1",
				  .mtu = 1500,
				  .ns_fd = ns_fd,
				  .inside = inside,
				  .alias = "x",
				  .mac = { 2, 0, 0, 0, 0, 1 } };
	size_t failed;

	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
}

static void begin(void)
{
	private_begin();
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
}

TestSuite(ethtool, .init = begin);

/* -1: this kernel has no such feature. */
static int is_on(int sock, const char *dev, const char *name)
{
	struct {
		struct ethtool_gfeatures head;
		struct ethtool_get_features_block block[8];
	} state = { .head = { .cmd = ETHTOOL_GFEATURES, .size = 8 } };
	int at;

	if (!names)
		cr_assert_eq(raceway_ethtool_names(sock, dev, &names), 0);
	at = raceway_ethtool_find(names, name);
	if (at < 0)
		return -1;
	cr_assert_eq(raceway_ethtool(sock, dev, &state), 0);
	return state.block[at / 32].active >> (at & 31) & 1;
}

static void set(int sock, const char *dev, const char *name, int on)
{
	struct ethtool_sfeatures *change = raceway_ethtool_change(names);

	raceway_ethtool_name(change, raceway_ethtool_find(names, name), on);
	cr_assert_eq(raceway_ethtool(sock, dev, change), 0);
	free(change);
}

Test(ethtool, names_of_features)
{
	make_pair(NULL, -1);
	cr_expect_eq(is_on(rtnl.fd, "eth1", "tx-tcp-segmentation"), 1);
	cr_expect_eq(is_on(rtnl.fd, "eth1", "no-such-thing"), -1);
	set(rtnl.fd, "eth1", "tx-tcp-segmentation", 0);
	cr_expect_eq(is_on(rtnl.fd, "eth1", "tx-tcp-segmentation"), 0);
	cr_expect_eq(is_on(rtnl.fd, "rw1", "tx-tcp-segmentation"), 1, "the other end");
	set(rtnl.fd, "eth1", "tx-tcp-segmentation", 1);
	cr_expect_eq(is_on(rtnl.fd, "eth1", "tx-tcp-segmentation"), 1);
	cr_expect_eq(raceway_ethtool_names(rtnl.fd, "eth4711", &names), -ENODEV);
}

static void expect_no_tunnels(int sock)
{
	cr_expect_eq(is_on(sock, "eth1", "tx-udp_tnl-segmentation"), 0);
	cr_expect_eq(is_on(sock, "eth1", "tx-udp_tnl-csum-segmentation"), 0);
	cr_expect_eq(is_on(sock, "eth1", "tx-gre-segmentation"), 0);
	cr_expect_eq(is_on(sock, "eth1", "tx-gre-csum-segmentation"), 0);
	cr_expect_eq(is_on(sock, "eth1", "tx-ipxip4-segmentation"), 0);
	cr_expect_eq(is_on(sock, "eth1", "tx-ipxip6-segmentation"), 0);
	cr_expect_neq(is_on(sock, "eth1", "tx-sctp-segmentation"), 1);
	cr_expect_eq(is_on(sock, "eth1", "tx-tcp-segmentation"), 1, "what can be charged stays");
	cr_expect_eq(is_on(sock, "eth1", "tx-udp-segmentation"), 1);
}

Test(ethtool, a_guest_end_segments_its_tunnels)
{
	make_pair(NULL, -1);
	expect_no_tunnels(rtnl.fd);
	cr_expect_eq(is_on(rtnl.fd, "rw1", "tx-udp_tnl-segmentation"), 1,
		     "to the guest they may be whole");
}

Test(ethtool, also_in_a_namespace)
{
	struct raceway_rtnl inside;
	int fd;

	private_netns("web");
	cr_assert_eq(raceway_netns_open("web", &fd), 0);
	cr_assert_eq(raceway_netns_sockets(&fd, 1, &inside), 0);
	make_pair(&inside, fd);
	expect_no_tunnels(inside.fd);
}
