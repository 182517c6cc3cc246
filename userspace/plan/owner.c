/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose the pins are. A bpffs has no files but pinned objects, so it is a map that says so. */
#include "plan/owner.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <raceway/maps.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

#define DIR_BYTES 496

struct owner {
	uint64_t store_id;
	uint64_t netns; /* inode of the network namespace it works in */
	char state_dir[DIR_BYTES];
};
_Static_assert(sizeof(struct owner) == 512, "the pinned map of an older build has this size");

/* What is found below links/. */
struct use {
	unsigned int alive;   /* bpf_links on an interface */
	unsigned int dead;    /* bpf_links whose interface is gone */
	unsigned int here;    /* filters, for which netlink has to be asked: interfaces of ours */
	unsigned int unknown; /* the same in another namespace */
};

static uint64_t own_netns(void)
{
	struct stat info;

	return stat("/proc/self/ns/net", &info) ? 0 : info.st_ino;
}

/* The kernel says 0 where the interface of a link has gone. xdp.ifindex and tcx.ifindex lie at
 * the same place of the union. */
static void look_at_link(const char *path, struct use *use)
{
	RACEWAY_CLOSE int fd = bpf_obj_get(path);
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size) && info.xdp.ifindex)
		use->alive++;
	else
		use->dead++;
}

static void look_at_pin(const char *dir, const char *name, bool same_netns, struct use *use)
{
	const char *dash = strrchr(name, '-');
	char path[PATH_MAX], dev[IFNAMSIZ];

	if (!dash || snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
		return;
	if (!strncmp(name, "xdp-", 4) || !strncmp(name, "tcx-", 4))
		look_at_link(path, use);
	else if (!same_netns)
		use->unknown++;
	else if (if_indextoname((unsigned int)strtoul(dash + 1, NULL, 10), dev))
		use->here++;
}

/* Namespaces go with all that was in them: links that are all dead tell of the filters too. */
static bool is_used(const char *links, bool same_netns)
{
	struct use use = { 0 };
	struct dirent *entry;
	DIR *dir = opendir(links);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			look_at_pin(links, entry->d_name, same_netns, &use);
	if (dir)
		closedir(dir);
	return use.alive || use.here || (use.unknown && !use.dead);
}

static int fail(const char *path, int error, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "", "%s: %s", path,
				 strerror(error));
}

static int make(const char *path, int *ret_fd, struct raceway_error *err)
{
	RACEWAY_CLOSE int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rw_owner", sizeof(uint32_t),
					      sizeof(struct owner), 1, NULL);

	if (fd < 0 || bpf_obj_pin(fd, path))
		return fail(path, errno, err);
	*ret_fd = RACEWAY_TAKE_FD(fd);
	return 0;
}

int raceway_owner_claim(const char *pin_dir, uint64_t store_id, const char *state_dir,
			struct raceway_error *err)
{
	struct owner now = { .store_id = store_id, .netns = own_netns() }, was = { 0 };
	char path[PATH_MAX], links[PATH_MAX], real[PATH_MAX];
	RACEWAY_CLOSE int fd = -1;
	uint32_t key = 0;
	int ret;

	snprintf(path, sizeof(path), "%s/v%d/owner", pin_dir, RACEWAY_LAYOUT);
	snprintf(links, sizeof(links), "%s/v%d/links", pin_dir, RACEWAY_LAYOUT);
	if (realpath(state_dir, real))
		state_dir = real;
	memcpy(now.state_dir, state_dir, strnlen(state_dir, sizeof(now.state_dir) - 1));
	fd = bpf_obj_get(path);
	if (fd < 0 && errno != ENOENT)
		return fail(path, errno, err);
	if (fd < 0) {
		ret = make(path, &fd, err);
		if (ret)
			return ret;
	} else if (bpf_map_lookup_elem(fd, &key, &was)) {
		return fail(path, errno, err);
	}
	was.state_dir[sizeof(was.state_dir) - 1] = '\0';
	if (was.store_id && was.store_id != store_id && strcmp(was.state_dir, now.state_dir) &&
	    is_used(links, was.netns == now.netns))
		return raceway_error_set(
			err, RACEWAY_FAULT_REFUSED, "pin-dir", "",
			"%s belongs to the racewayd of state directory %s; give this "
			"one its own --pin-dir, or, if that one is not to come back, "
			"take its programs off: raceway-loader detach --pin-dir %s",
			pin_dir, was.state_dir, pin_dir);
	if (bpf_map_update_elem(fd, &key, &now, BPF_ANY))
		return fail(path, errno, err);
	return 0;
}
