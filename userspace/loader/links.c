// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Pinned links and the clsact filters that stand in for tcx links on older kernels. */
#include "loader/links.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Our filter among others at the same hook: "RW" and one handle. */
#define CLSACT_PRIORITY 0x5257
#define CLSACT_HANDLE 1

static const char *const kind_names[] = {
	[RACEWAY_LINK_XDP] = "xdp",
	[RACEWAY_LINK_TCX] = "tcx",
	[RACEWAY_LINK_CLSACT] = "clsact",
	[RACEWAY_LINK_LIBXDP] = "libxdp",
};

#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

static int link_path(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
		     char *path)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-%u", kind_names[kind], ifindex);
	return raceway_pins_path(dp, "links", name, path);
}

/* A link whose interface has gone says ifindex 0. */
static bool link_alive(int fd, enum raceway_link_kind kind, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (kind == RACEWAY_LINK_CLSACT)
		return true;
	if (kind == RACEWAY_LINK_LIBXDP)
		return raceway_libxdp_alive(ifindex, fd);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	/* xdp.ifindex and tcx.ifindex lie at the same place of the union. */
	return info.xdp.ifindex == ifindex;
}

int raceway_link_get(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex)
{
	char path[PATH_MAX];
	int fd;

	if (link_path(dp, kind, ifindex, path))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -ENOENT;
	if (link_alive(fd, kind, ifindex))
		return fd;
	close(fd);
	unlink(path);
	return -ENOENT;
}

int raceway_link_pin(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex, int fd)
{
	char path[PATH_MAX];

	if (link_path(dp, kind, ifindex, path))
		return -ENAMETOOLONG;
	unlink(path);
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int raceway_link_remove(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex)
{
	char path[PATH_MAX];
	int fd = raceway_link_get(dp, kind, ifindex);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (kind == RACEWAY_LINK_CLSACT)
		raceway_clsact_detach(dp, ifindex);
	else if (kind == RACEWAY_LINK_LIBXDP)
		raceway_libxdp_detach(ifindex, fd);
	else
		bpf_link_detach(fd);
	close(fd);
	if (!link_path(dp, kind, ifindex, path))
		unlink(path);
	return 0;
}

int raceway_link_each(struct raceway_dp *dp,
		      int (*fn)(struct raceway_dp *dp, enum raceway_link_kind kind,
				uint32_t ifindex, void *context),
		      void *context)
{
	char path[PATH_MAX];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	if (raceway_pins_path(dp, "links", "", path))
		return -ENAMETOOLONG;
	dir = opendir(path);
	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir))) {
		const char *dash = strrchr(entry->d_name, '-');

		for (size_t k = 0; dash && k < KINDS; k++) {
			size_t length = strlen(kind_names[k]);

			if ((size_t)(dash - entry->d_name) == length &&
			    !memcmp(entry->d_name, kind_names[k], length))
				ret = fn(dp, (enum raceway_link_kind)k,
					 (uint32_t)strtoul(dash + 1, NULL, 10), context);
		}
	}
	closedir(dir);
	return ret;
}

int raceway_clsact_attach(struct raceway_dp *dp, uint32_t ifindex, int prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY,
		    .prog_fd = prog, .flags = BPF_TC_F_REPLACE);
	struct raceway_saved saved = { 0 };
	int ret = bpf_tc_hook_create(&hook);

	if (ret && ret != -EEXIST)
		return ret;
	if (!ret) {
		bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved);
		saved.changed |= RACEWAY_SAVED_CLSACT;
		bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved, BPF_ANY);
	}
	return bpf_tc_attach(&hook, &opts);
}

int raceway_clsact_detach(struct raceway_dp *dp, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);
	struct raceway_saved saved = { 0 };
	int ret = bpf_tc_detach(&hook, &opts);

	if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved) &&
	    (saved.changed & RACEWAY_SAVED_CLSACT)) {
		hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
		bpf_tc_hook_destroy(&hook);
		saved.changed &= ~RACEWAY_SAVED_CLSACT;
		bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved, BPF_ANY);
	}
	return ret;
}
