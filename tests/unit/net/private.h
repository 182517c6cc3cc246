/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A network and mount namespace of the test's own, with named namespaces inside that nobody
 * else sees. Needs root; a test without is skipped. */
#ifndef RACEWAY_TESTS_PRIVATE_H
#define RACEWAY_TESTS_PRIVATE_H

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void private_begin(void)
{
	if (geteuid())
		cr_skip_test("needs root");
	cr_assert(!unshare(CLONE_NEWNET | CLONE_NEWNS), "unshare: %m");
	cr_assert(!mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount: %m");
	mkdir("/run/netns", 0755);
	cr_assert(!mount("tmpfs", "/run/netns", "tmpfs", 0, NULL), "mount: %m");
}

/* Makes /run/netns/NAME. */
static inline void private_netns(const char *name)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd;
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444);
	cr_assert(own >= 0 && fd >= 0);
	close(fd);
	cr_assert(!unshare(CLONE_NEWNET));
	cr_assert(!mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL), "bind: %m");
	cr_assert(!setns(own, CLONE_NEWNET));
	close(own);
}

static inline void private_netns_delete(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	cr_assert(!umount2(path, MNT_DETACH));
	cr_assert(!unlink(path));
}

#endif
