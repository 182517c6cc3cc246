/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process that is nobody's child: forked twice, in a session of its own. */
#include "storage/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/cleanup.h"

#define FIRST_FD 3

char *raceway_process_beside(const char *name, char *buf, size_t size)
{
	char self[512];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[length > 0 ? length : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		slash[1] = '\0';
		snprintf(buf, size, "%s%s", self, name);
		if (access(buf, X_OK) == 0)
			return buf;
	}
	snprintf(buf, size, "%s", name);
	return buf;
}

/* What the daemon may do to the network is none of the engine's business. Volumes may belong to
 * anybody. */
static void drop_capabilities(void)
{
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++) {
		bool kept = cap == CAP_DAC_OVERRIDE || cap == CAP_DAC_READ_SEARCH ||
			    cap == CAP_FOWNER || cap == CAP_SYS_RESOURCE;

		/* who has not CAP_SETPCAP keeps what there is */
		if (!kept)
			(void)prctl(PR_CAPBSET_DROP, cap);
	}
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

/* In the grandchild. Returns only if the program cannot be run. */
static void become(const char *const *argv)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	close_range(FIRST_FD, ~0U, CLOSE_RANGE_CLOEXEC);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	drop_capabilities();
	execvp(argv[0], (char *const *)argv);
}

/* In the child: it leaves, so that the grandchild belongs to init. */
static void start_and_leave(const char *const *argv, int tell)
{
	int why = 0;

	setsid();
	switch (fork()) {
	case 0:
		become(argv);
		why = errno;
		break;
	case -1:
		why = errno;
		break;
	default:
		_exit(0);
	}
	if (write(tell, &why, sizeof(why)) < 0)
		_exit(2);
	_exit(1);
}

int raceway_process_start(const char *const *argv)
{
	RACEWAY_CLOSE int told = -1;
	int ends[2], why = 0;
	pid_t child;
	ssize_t n;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	told = ends[0];
	child = fork();
	if (child == 0)
		start_and_leave(argv, ends[1]);
	why = child < 0 ? errno : 0;
	close(ends[1]);
	if (child < 0)
		return -why;
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	/* the end of the pipe goes with exec */
	while ((n = read(told, &why, sizeof(why))) < 0 && errno == EINTR)
		;
	return n == sizeof(why) ? -why : 0;
}
