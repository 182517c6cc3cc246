/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A state is written beside the old one, made durable, and moved into its place. */
#include "vhba/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define DIR_MODE 0700
#define FILE_MODE 0600

static int write_all(int fd, const void *state, size_t bytes)
{
	size_t done = 0;

	while (done < bytes) {
		ssize_t n = write(fd, (const char *)state + done, bytes - done);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return fsync(fd) ? -errno : 0;
}

static int save(void *context, const void *state, size_t bytes)
{
	const struct raceway_vhba_keep *keep = context;
	RACEWAY_CLOSE int fd = -1;
	char fresh[40];
	int ret;

	snprintf(fresh, sizeof(fresh), "%s.new", keep->file);
	fd = openat(keep->dir, fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
		    FILE_MODE);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, state, bytes);
	if (ret)
		return ret;
	if (renameat(keep->dir, fresh, keep->dir, keep->file) || fsync(keep->dir))
		return -errno;
	return 0;
}

static int load(void *context, void *state, size_t room, size_t *ret_bytes)
{
	const struct raceway_vhba_keep *keep = context;
	RACEWAY_CLOSE int fd = openat(keep->dir, keep->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t done = 0;

	if (fd < 0 && errno != ENOENT)
		return -errno;
	while (fd >= 0 && done < room) {
		ssize_t n = read(fd, (char *)state + done, room - done);

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

int raceway_keep_open(const char *state_dir, int *ret_dir)
{
	RACEWAY_CLOSE int parent = -1;
	int fd;

	if (mkdir(state_dir, DIR_MODE) && errno != EEXIST)
		return -errno;
	parent = open(state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0 || (mkdirat(parent, "pr", DIR_MODE) && errno != EEXIST) || fsync(parent))
		return -errno;
	fd = openat(parent, "pr", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_dir = fd;
	return 0;
}

void raceway_keep_init(struct raceway_vhba_keep *keep, int dir, uint64_t volume_id)
{
	keep->keep = (struct raceway_lu_keep){ .save = save, .load = load, .context = keep };
	keep->dir = dir;
	snprintf(keep->file, sizeof(keep->file), "%016" PRIx64, volume_id);
}

void raceway_keep_forget(int dir, uint64_t volume_id)
{
	struct raceway_vhba_keep keep;

	raceway_keep_init(&keep, dir, volume_id);
	if (!unlinkat(dir, keep.file, 0))
		fsync(dir);
}
