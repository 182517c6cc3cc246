/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Makes, resizes, copies and deletes the files of volumes. Nothing is followed and no name is a
 * path, so that nothing outside the pool's directory is ever touched. */
#include "vhba/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/config.h"
#include "vhba/names.h"

#define FILE_MODE 0600
#define BLOCK_BYTES 512
#define SUFFIX ".raw"

static int fail(struct raceway_error *err, const char *volume, const char *what)
{
	char object[RACEWAY_VHBA_NAME_MAX + 16];

	snprintf(object, sizeof(object), "volume %s", volume);
	return raceway_error_set(err,
				 errno == ENOENT ? RACEWAY_FAULT_NOT_FOUND : RACEWAY_FAULT_SYSTEM,
				 object, "", "%s: %s", what, strerror(errno));
}

static int refuse(struct raceway_error *err, enum raceway_fault fault, const char *volume,
		  const char *message)
{
	char object[RACEWAY_VHBA_NAME_MAX + 16];

	snprintf(object, sizeof(object), "volume %s", volume);
	return raceway_error_set(err, fault, object, "", "%s", message);
}

/* The directory, and the name of the volume's file in it. */
static int enter(const char *path, const char *volume, int *ret_dir, char *file, size_t size,
		 struct raceway_error *err)
{
	char san[RACEWAY_VHBA_NAME_MAX + 1], name[RACEWAY_VHBA_NAME_MAX + 1];
	int dir;

	if (raceway_name_split(volume, san, name, sizeof(name)))
		return refuse(err, RACEWAY_FAULT_INVALID, volume, "the name is not SAN/NAME");
	if (path[0] != '/')
		return refuse(err, RACEWAY_FAULT_INVALID, volume, "path must be absolute");
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fail(err, volume, path);
	snprintf(file, size, "%s%s", name, SUFFIX);
	*ret_dir = dir;
	return 0;
}

int raceway_pool_open(const char *path, const char *volume, int *ret_fd, struct raceway_error *err)
{
	RACEWAY_CLOSE int dir = -1;
	char file[256];
	int ret = enter(path, volume, &dir, file, sizeof(file), err), fd;

	if (ret)
		return ret;
	fd = openat(dir, file, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return fail(err, volume, file);
	*ret_fd = fd;
	return 0;
}

int raceway_pool_look(const char *path, const char *volume, bool *ret_there,
		      struct raceway_error *err)
{
	RACEWAY_CLOSE int dir = -1;
	struct stat info;
	char file[256];
	int ret = enter(path, volume, &dir, file, sizeof(file), err);
	bool there;

	if (ret)
		return ret;
	there = !fstatat(dir, file, &info, AT_SYMLINK_NOFOLLOW);
	if (!there && errno != ENOENT)
		return fail(err, volume, file);
	*ret_there = there;
	return 0;
}

int raceway_pool_create(const char *path, const char *volume, uint64_t size,
			struct raceway_error *err)
{
	RACEWAY_CLOSE int dir = -1, fd = -1;
	char file[256];
	int ret = enter(path, volume, &dir, file, sizeof(file), err);

	if (ret)
		return ret;
	fd = openat(dir, file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (fd < 0 && errno == EEXIST)
		return refuse(err, RACEWAY_FAULT_REFUSED, volume, "there is a file of that name");
	if (fd < 0)
		return fail(err, volume, file);
	if (ftruncate(fd, (off_t)size) || fsync(fd) || fsync(dir)) {
		ret = fail(err, volume, file);
		unlinkat(dir, file, 0);
	}
	return ret;
}

int raceway_pool_resize(const char *path, const char *volume, uint64_t size,
			struct raceway_error *err)
{
	RACEWAY_CLOSE int fd = -1;
	struct stat info;
	int ret = raceway_pool_open(path, volume, &fd, err);

	if (ret)
		return ret;
	if (fstat(fd, &info))
		return fail(err, volume, "stat");
	if ((uint64_t)info.st_size > size)
		return refuse(err, RACEWAY_FAULT_REFUSED, volume, "it would become smaller");
	if (ftruncate(fd, (off_t)size) || fsync(fd))
		return fail(err, volume, "resize");
	return 0;
}

int raceway_pool_delete(const char *path, const char *volume, struct raceway_error *err)
{
	RACEWAY_CLOSE int dir = -1;
	char file[256];
	int ret = enter(path, volume, &dir, file, sizeof(file), err);

	if (ret)
		return ret;
	if ((unlinkat(dir, file, 0) && errno != ENOENT) || fsync(dir))
		return fail(err, volume, file);
	return 0;
}

static void close_copy(struct raceway_pool_copy *copy)
{
	const int fds[] = { copy->dir, copy->from, copy->to };

	for (int i = 0; i < 3; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* Source and new file are open when it returns 0. */
static int open_copy(struct raceway_pool_copy *copy, const char *path, const char *from,
		     const char *to, struct raceway_error *err)
{
	struct stat info;
	int ret = raceway_pool_open(path, from, &copy->from, err);

	if (ret)
		return ret;
	ret = enter(path, to, &copy->dir, copy->final, sizeof(copy->final), err);
	if (ret)
		return ret;
	if (!fstatat(copy->dir, copy->final, &info, AT_SYMLINK_NOFOLLOW))
		return refuse(err, RACEWAY_FAULT_REFUSED, to, "there is a file of that name");
	/* The dot keeps it from ever being a volume's own. */
	snprintf(copy->temporary, sizeof(copy->temporary), ".%.250s", copy->final);
	copy->to = openat(copy->dir, copy->temporary,
			  O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
	if (copy->to < 0 || fstat(copy->from, &info))
		return fail(err, to, copy->temporary);
	if (info.st_size == 0 || ftruncate(copy->to, info.st_size))
		return fail(err, to, copy->temporary);
	return 0;
}

int raceway_pool_copy_begin(const char *path, const char *from, const char *to,
			    struct raceway_pool_copy *ret_copy, bool *ret_whole,
			    struct raceway_error *err)
{
	struct raceway_pool_copy copy = { .dir = -1, .from = -1, .to = -1 };
	int ret = open_copy(&copy, path, from, to, err);

	if (ret) {
		raceway_pool_copy_drop(&copy);
		return ret;
	}
	*ret_whole = !ioctl(copy.to, FICLONE, copy.from);
	*ret_copy = copy;
	return 0;
}

int raceway_pool_copy_keep(struct raceway_pool_copy *copy, struct raceway_error *err)
{
	/* A volume that was made meanwhile is not replaced. */
	if (fsync(copy->to) ||
	    renameat2(copy->dir, copy->temporary, copy->dir, copy->final, RENAME_NOREPLACE)) {
		int ret = fail(err, copy->final, "keep the copy");

		raceway_pool_copy_drop(copy);
		return ret;
	}
	if (fsync(copy->dir)) {
		int ret = fail(err, copy->final, "keep the copy");

		unlinkat(copy->dir, copy->final, 0);
		close_copy(copy);
		return ret;
	}
	close_copy(copy);
	return 0;
}

void raceway_pool_copy_drop(struct raceway_pool_copy *copy)
{
	if (copy->to >= 0)
		unlinkat(copy->dir, copy->temporary, 0);
	close_copy(copy);
}
