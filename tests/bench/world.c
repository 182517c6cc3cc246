// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The benchmark's own network and mount namespace, and commands in it. Nothing of it is seen
 * from outside, and all of it ends with the process. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define COMMAND_WORDS 48
#define COMMAND_BYTES 512
#define PRIORITY (-10) /* other work on the machine is noise */

extern char **environ;

static int silence(const char *which)
{
	char path[96];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/disable_ipv6", which);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (write(fd, "1", 1) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

int bench_world_enter(void)
{
	int ret;

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bench", BENCH_RUN_DIR, "tmpfs", 0, "mode=0755") || mkdir(BENCH_BPFFS, 0755) ||
	    mount("bpf", BENCH_BPFFS, "bpf", 0, NULL))
		return -errno;
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	ret = silence("all");
	if (!ret)
		ret = silence("default");
	return ret ? ret : bench_run("ip link set lo up");
}

/* What commands say on success is of no interest; `quiet`: nor why they fail. */
static int spawn(char **argv, bool quiet)
{
	posix_spawn_file_actions_t actions;
	int status = -1;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) ||
	    (quiet && posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)) ||
	    posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) ||
	    waitpid(pid, &status, 0) != pid)
		status = -1;
	posix_spawn_file_actions_destroy(&actions);
	return status ? -EIO : 0;
}

static int run_words(char *command, bool quiet)
{
	char *argv[COMMAND_WORDS + 1] = { NULL }, *rest = command, *word;
	size_t count = 0;

	while (count < COMMAND_WORDS && (word = strsep(&rest, " ")))
		argv[count++] = word;
	return rest ? -E2BIG : spawn(argv, quiet);
}

int bench_run(const char *format, ...)
{
	char command[COMMAND_BYTES], line[COMMAND_BYTES];
	int length, ret;
	va_list args;

	va_start(args, format);
	length = vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (length < 0 || (size_t)length >= sizeof(command))
		return -E2BIG;
	memcpy(line, command, sizeof(line));
	ret = run_words(command, false);
	if (ret)
		fprintf(stderr, "bench: failed: %s\n", line);
	return ret;
}

int bench_bridge_add(const char *name, unsigned int pvid, bool *ret_filtering)
{
	char command[COMMAND_BYTES];
	int ret = bench_run("ip link add name %s type bridge mcast_snooping 0", name);

	if (ret)
		return ret;
	snprintf(command, sizeof(command),
		 "ip link set %s type bridge vlan_filtering 1 vlan_default_pvid %u", name, pvid);
	*ret_filtering = !run_words(command, true);
	return bench_run("ip link set %s up", name);
}

int bench_netns_add(const char *name)
{
	int ret = bench_run("ip netns add %s", name);

	if (!ret)
		ret = bench_run("ip netns exec %s sysctl -qw net.ipv6.conf.all.disable_ipv6=1 "
				"net.ipv6.conf.default.disable_ipv6=1",
				name);
	return ret ? ret : bench_run("ip -n %s link set lo up", name);
}

int bench_netns_open(const char *name)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), BENCH_RUN_DIR "/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void bench_pin_to_cpu(unsigned int n)
{
	static cpu_set_t allowed; /* as the process was started */
	static bool known;
	cpu_set_t one;
	int last = 0;

	if (!known && sched_getaffinity(0, sizeof(allowed), &allowed))
		return;
	known = true;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		last = cpu;
		if (!n--)
			break;
	}
	CPU_ZERO(&one);
	CPU_SET(last, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static int complain(const char *what, int ret, const struct raceway_error *err)
{
	char text[512];

	fprintf(stderr, "bench: %s: %s\n", what,
		err->fault ? raceway_error_format(err, text, sizeof(text)) : strerror(-ret));
	return ret;
}

int bench_dp_open(const char *name, uint32_t max_vnics, struct raceway_dp **ret_dp)
{
	struct raceway_error err = { 0 };
	char dir[64];
	int ret;

	snprintf(dir, sizeof(dir), BENCH_BPFFS "/%s", name);
	ret = raceway_dp_open(dir, max_vnics, ret_dp, &err);
	return ret ? complain("open", ret, &err) : 0;
}

int bench_dp_fill(struct raceway_dp *dp, const struct raceway_dp_config *config)
{
	struct raceway_error err = { 0 };
	int ret = raceway_dp_fill(dp, config, &err);

	return ret ? complain("fill", ret, &err) : 0;
}

int bench_dp_attach(struct raceway_dp *dp, const struct raceway_dp_port *ports, size_t count)
{
	struct raceway_error err = { 0 };

	for (size_t i = 0; i < count; i++) {
		int ret = raceway_dp_attach_port(dp, &ports[i], &err);

		if (ret)
			return complain("attach", ret, &err);
	}
	return 0;
}

static int add_drops(const struct raceway_drop_key *key, uint64_t packets, void *context)
{
	*(uint64_t *)context += packets;
	return 0;
}

uint64_t bench_dp_drops(struct raceway_dp *dp)
{
	uint64_t sum = 0;

	raceway_dp_drops(dp, add_drops, &sum);
	return sum;
}
