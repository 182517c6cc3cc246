/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Makes the control socket under another name with its final rights and moves it into place, so
 * that nobody ever meets it with wrong ones, and no engine takes another's place. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/control.h"
#include "vhba/protocol.h"

#define SOCKET_MASK 0177
#define DIR_MODE 0755
#define BACKLOG 8

static int fail(struct raceway_error *err, const char *what, const char *path)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "run-dir", "", "%s %s: %s", what, path,
				 strerror(errno));
}

static bool somebody_answers(const struct sockaddr_un *address)
{
	RACEWAY_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return false;
	/* A full backlog is somebody too. */
	return !connect(fd, (const struct sockaddr *)address, sizeof(*address)) || errno == EAGAIN;
}

static int bind_and_move(int fd, const struct sockaddr_un *temporary,
			 const struct sockaddr_un *final, struct raceway_error *err)
{
	mode_t mask;
	int ret;

	unlink(temporary->sun_path);
	mask = umask(SOCKET_MASK);
	ret = bind(fd, (const struct sockaddr *)temporary, sizeof(*temporary));
	umask(mask);
	if (ret)
		return fail(err, "make", temporary->sun_path);
	if (listen(fd, BACKLOG) || rename(temporary->sun_path, final->sun_path)) {
		ret = fail(err, "make", final->sun_path);
		unlink(temporary->sun_path);
		return ret;
	}
	return 0;
}

int raceway_control_socket(const char *run_dir, int *ret_fd, struct raceway_error *err)
{
	struct sockaddr_un final = { .sun_family = AF_UNIX }, temporary = final;
	RACEWAY_CLOSE int fd = -1, lock = -1;
	int ret;

	if (snprintf(temporary.sun_path, sizeof(temporary.sun_path), "%s/.%s.%d", run_dir,
		     RACEWAY_VHBA_SOCKET, (int)getpid()) >= (int)sizeof(temporary.sun_path) ||
	    snprintf(final.sun_path, sizeof(final.sun_path), "%s/%s", run_dir,
		     RACEWAY_VHBA_SOCKET) >= (int)sizeof(final.sun_path))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "run-dir", "",
					 "%s is too long", run_dir);
	if (mkdir(run_dir, DIR_MODE) && errno != EEXIST)
		return fail(err, "make", run_dir);
	/* Two engines that start at once must not both find nobody. */
	lock = open(run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0 || flock(lock, LOCK_EX))
		return fail(err, "open", run_dir);
	if (somebody_answers(&final))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "run-dir", "",
					 "another engine answers at %s", final.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, "make", final.sun_path);
	ret = bind_and_move(fd, &temporary, &final, err);
	if (!ret)
		*ret_fd = RACEWAY_TAKE_FD(fd);
	return ret;
}
