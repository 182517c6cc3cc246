// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What queues at an interface: found, and its changes heard of. That fq is fq, and mq with it, is
 * for the VM tests: this machine's kernel may have neither. */
#include "net/qdisc.h"

#include <errno.h>
#include <spawn.h>
#include <sys/wait.h>

#include "net/veth.h"
#include "private.h"

extern char **environ;

static struct raceway_rtnl rtnl;
static struct raceway_links links;
static uint32_t ifindex;
static int events = -1, changes;

static void tc(char *words)
{
	char *argv[] = { "sh", "-c", words, NULL };
	int status = -1;
	pid_t child;

	cr_assert_eq(posix_spawnp(&child, "sh", NULL, NULL, argv, environ), 0);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0, "%s", words);
}

static void begin(void)
{
	struct raceway_veth v = { .host = "up0",
				  .guest = "up1",
				  .mtu = 1500,
				  .ns_fd = -1,
				  .alias = "x",
				  .mac = { 2, 0, 0, 0, 0, 1 } };
	size_t failed;

	private_begin();
	cr_assert_eq(raceway_rtnl_open(&rtnl), 0);
	cr_assert_eq(raceway_veth_create(&rtnl, &v, 1, &failed), 0);
	cr_assert_eq(raceway_events_open(&events), 0);
	cr_assert_eq(raceway_links_read(&rtnl, RACEWAY_NSID_OWN, &links), 0);
	ifindex = raceway_links_by_name(&links, "up0")->ifindex;
}

TestSuite(qdisc, .init = begin);

static void take(enum raceway_link_change change, const struct raceway_link *link, void *context)
{
	cr_expect_eq(change, RACEWAY_LINK_QDISC, "change %d", change);
	cr_expect_str_eq(link->name, "up0");
	changes++;
}

/* How many changes of qdiscs there were. */
static int heard(void)
{
	changes = 0;
	cr_assert_eq(raceway_events_read(events, &links, take, NULL), 0);
	return changes;
}

Test(qdisc, another_is_no_fq)
{
	bool fq = true;

	cr_assert_eq(raceway_qdisc_is_fq(&rtnl, ifindex, &fq), 0);
	cr_expect_not(fq, "noqueue");
	fq = true;
	tc("tc qdisc add dev up0 root tbf rate 1mbit burst 10k latency 1s");
	cr_assert_eq(raceway_qdisc_is_fq(&rtnl, ifindex, &fq), 0);
	cr_expect_not(fq);
}

Test(qdisc, nothing_is_said_of_what_is_not_there)
{
	bool fq = true;

	cr_expect_eq(raceway_qdisc_is_fq(&rtnl, 4711, &fq), -ENODEV);
	cr_expect(fq, "untouched");
}

Test(qdisc, changes_at_the_egress_are_heard)
{
	tc("tc qdisc add dev up0 root handle 1: htb");
	cr_expect_geq(heard(), 1, "made");
	tc("tc qdisc replace dev up0 root tbf rate 1mbit burst 10k latency 1s");
	cr_expect_geq(heard(), 1, "replaced");
	tc("tc qdisc del dev up0 root");
	cr_expect_geq(heard(), 1, "gone");
}

/* Ours are there for every vNIC, and we know of them. */
Test(qdisc, a_clsact_is_no_news)
{
	tc("tc qdisc add dev up0 clsact");
	cr_expect_eq(heard(), 0);
}
