// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The pin directory: D on a bpffs, D/v<LAYOUT>/{maps,progs,links} below it.
 * Links and maps that are pinned keep carrying traffic without any process. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "loader/dp.h"

static int make_dir(const char *path, struct raceway_error *err)
{
	if (mkdir(path, 0700) && errno != EEXIST)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
					 "%s cannot be made: %s", path, strerror(errno));
	return 0;
}

/* Pins of another layout belong to another build: neither read nor removed by this one. */
static int refuse_other_layouts(const char *pin_dir, struct raceway_error *err)
{
	char ours[16];
	DIR *dir = opendir(pin_dir);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
					 "%s cannot be read: %s", pin_dir, strerror(errno));
	snprintf(ours, sizeof(ours), "v%d", RACEWAY_LAYOUT);
	while (!ret && (entry = readdir(dir))) {
		char *end;

		if (entry->d_name[0] != 'v' || !strcmp(entry->d_name, ours))
			continue;
		strtoul(entry->d_name + 1, &end, 10);
		if (end == entry->d_name + 1 || *end)
			continue;
		ret = raceway_error_set(err, RACEWAY_FAULT_REFUSED, "pin-dir", "",
					"%s holds pins of layout %s, this build's is %s; detach "
					"its ports with the build that made them, or give "
					"another directory",
					pin_dir, entry->d_name, ours);
	}
	closedir(dir);
	return ret;
}

/* Whether there is a data path below, so that reading it makes none. */
static int check_there(const char *pin_dir, struct raceway_error *err)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/v%d/maps/vnics", pin_dir, RACEWAY_LAYOUT) <
		    (int)sizeof(path) &&
	    !access(path, F_OK))
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, "pin-dir", "",
				 "%s holds no data path; raceway-loader attach and racewayd make "
				 "one",
				 pin_dir);
}

int raceway_pins_prepare(const char *pin_dir, bool make, char ret_dir[PATH_MAX],
			 struct raceway_error *err)
{
	static const char *const kinds[] = { "maps", "progs", "links" };
	struct statfs fs;
	char path[PATH_MAX];
	int ret;

	if (make && mkdir(pin_dir, 0700) && errno != EEXIST)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
					 "%s cannot be made: %s", pin_dir, strerror(errno));
	if (!make && access(pin_dir, F_OK) && errno == ENOENT)
		return check_there(pin_dir, err);
	if (statfs(pin_dir, &fs))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "", "%s: %s",
					 pin_dir, strerror(errno));
	if (fs.f_type != BPF_FS_MAGIC)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "pin-dir", "",
					 "%s is on no bpffs; mount one (mount -t bpf bpf DIR) and "
					 "name a directory on it",
					 pin_dir);
	ret = refuse_other_layouts(pin_dir, err);
	if (!ret && !make)
		ret = check_there(pin_dir, err);
	if (ret)
		return ret;
	if (snprintf(path, sizeof(path), "%s/v%d", pin_dir, RACEWAY_LAYOUT) >=
	    (int)sizeof(path) - 64)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "pin-dir", "",
					 "path is too long");
	ret = make_dir(path, err);
	for (size_t i = 0; !ret && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char sub[PATH_MAX + 16];

		snprintf(sub, sizeof(sub), "%s/%s", path, kinds[i]);
		ret = make_dir(sub, err);
	}
	if (!ret)
		memcpy(ret_dir, path, sizeof(path));
	return ret;
}

int raceway_pins_lock(const char *pin_dir)
{
	int fd = open(pin_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		while (flock(fd, LOCK_EX) && errno == EINTR)
			;
	return fd;
}

int raceway_pins_path(const struct raceway_dp *dp, const char *kind, const char *name,
		      char ret_path[PATH_MAX])
{
	int len = snprintf(ret_path, PATH_MAX, "%s/%s/%s", dp->dir, kind, name);

	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}
