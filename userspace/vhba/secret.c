/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads a secret, and refuses a file that others can read. */
#include "vhba/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define FORBIDDEN_MODE (S_IRWXG | S_IRWXO)

static int refuse(struct raceway_error *err, const char *path, const char *why)
{
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "secret_file", "%s %s", path, why);
}

static int check_file(int fd, const char *path, struct raceway_error *err)
{
	struct stat info;

	if (fstat(fd, &info))
		return refuse(err, path, strerror(errno));
	if (!S_ISREG(info.st_mode))
		return refuse(err, path, "is no regular file");
	if (info.st_mode & FORBIDDEN_MODE)
		return refuse(err, path, "can be read by others: its mode must be 0600 or 0400");
	if (info.st_uid != geteuid() && info.st_uid != 0)
		return refuse(err, path, "belongs to another user");
	return 0;
}

int raceway_secret_read(const char *path, uint8_t *ret_secret, size_t room, size_t *ret_bytes,
			struct raceway_error *err)
{
	RACEWAY_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint8_t text[1024];
	ssize_t bytes;
	int ret;

	if (fd < 0)
		return refuse(err, path, strerror(errno));
	ret = check_file(fd, path, err);
	if (ret)
		return ret;
	bytes = read(fd, text, sizeof(text));
	if (bytes < 0)
		return refuse(err, path, strerror(errno));
	if (bytes > 0 && text[bytes - 1] == '\n')
		bytes--;
	if (bytes == 0 || (size_t)bytes > room) {
		ret = refuse(err, path, bytes ? "is too long" : "is empty");
	} else {
		memcpy(ret_secret, text, (size_t)bytes);
		*ret_bytes = (size_t)bytes;
	}
	explicit_bzero(text, sizeof(text));
	return ret;
}
