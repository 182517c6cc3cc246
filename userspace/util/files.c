/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file is written beside the old one, made durable, and moved into its place. */
#include "util/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define DIR_MODE 0700
#define FILE_MODE 0600

int raceway_files_dir(const char *dir, const char *name, int *ret_fd)
{
	RACEWAY_CLOSE int parent = -1;
	int fd;

	if (mkdir(dir, DIR_MODE) && errno != EEXIST)
		return -errno;
	parent = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || (mkdirat(parent, name, DIR_MODE) && errno != EEXIST) || fsync(parent))
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int write_all(int fd, const void *data, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = write(fd, (const char *)data + done, bytes - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

int raceway_files_save(int dir_fd, const char *name, const void *data, size_t bytes)
{
	RACEWAY_CLOSE int fd = -1;
	char fresh[64];
	int ret;

	if (snprintf(fresh, sizeof(fresh), "%s.new", name) >= (int)sizeof(fresh))
		return -ENAMETOOLONG;
	fd = openat(dir_fd, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    FILE_MODE);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, data, bytes);
	if (ret)
		return ret;
	if (renameat(dir_fd, fresh, dir_fd, name) || fsync(dir_fd))
		return -errno;
	return 0;
}

int raceway_files_load(int dir_fd, const char *name, void *data, size_t room, size_t *ret_bytes)
{
	RACEWAY_CLOSE int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t done = 0;

	if (fd < 0 && errno != ENOENT)
		return -errno;
	while (fd >= 0 && done < room) {
		ssize_t n = read(fd, (char *)data + done, room - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			break;
		if (n > 0)
			done += (size_t)n;
	}
	*ret_bytes = done;
	return 0;
}
