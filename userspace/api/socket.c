/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API's Unix socket. It is made under another name with its final rights and then moved
 * into place, so that nobody ever meets it with wrong ones, whatever the umask. */
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/http.h"
#include "util/cleanup.h"

#define SOCKET_NAME "raceway.sock"
#define SOCKET_MODE 0660
#define GROUP "raceway"
#define DIR_MODE 0755
#define BACKLOG 64

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

static int set_rights(const char *path, struct raceway_error *err)
{
	const struct group *group = getgrnam(GROUP);

	if (group && chown(path, (uid_t)-1, group->gr_gid))
		return fail(err, "set the group of", path);
	if (chmod(path, SOCKET_MODE))
		return fail(err, "set the mode of", path);
	return 0;
}

int raceway_http_socket(const char *dir, int *ret_fd, struct raceway_error *err)
{
	struct sockaddr_un final = { .sun_family = AF_UNIX }, temporary = final;
	RACEWAY_CLOSE int fd = -1;
	mode_t mask;
	int ret;

	if (snprintf(temporary.sun_path, sizeof(temporary.sun_path), "%s/.%s.%d", dir, SOCKET_NAME,
		     (int)getpid()) >= (int)sizeof(temporary.sun_path) ||
	    snprintf(final.sun_path, sizeof(final.sun_path), "%s/%s", dir, SOCKET_NAME) >=
		    (int)sizeof(final.sun_path))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "run-dir", "",
					 "%s is too long for a socket's path", dir);
	if (mkdir(dir, DIR_MODE) && errno != EEXIST)
		return fail(err, "make", dir);
	if (somebody_answers(&final))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "run-dir", "",
					 "another racewayd answers at %s", final.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(err, "make", final.sun_path);
	unlink(temporary.sun_path);
	mask = umask(0777);
	ret = bind(fd, (struct sockaddr *)&temporary, sizeof(temporary));
	umask(mask);
	if (ret)
		return fail(err, "make", temporary.sun_path);
	ret = set_rights(temporary.sun_path, err);
	if (!ret && listen(fd, BACKLOG))
		ret = fail(err, "listen at", final.sun_path);
	if (!ret && rename(temporary.sun_path, final.sun_path))
		ret = fail(err, "make", final.sun_path);
	if (ret) {
		unlink(temporary.sun_path);
		return ret;
	}
	*ret_fd = RACEWAY_TAKE_FD(fd);
	return 0;
}
