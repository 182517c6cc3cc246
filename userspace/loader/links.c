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
	[RACEWAY_LINK_GENERIC] = "generic",
	[RACEWAY_LINK_IDLE] = "idle",
	[RACEWAY_LINK_IDLE_LIBXDP] = "idle_libxdp",
};

#define KINDS (sizeof(kind_names) / sizeof(kind_names[0]))

static int link_path(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
		     char *path)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-%u", kind_names[kind], ifindex);
	return raceway_pins_path(dp, "links", name, path);
}

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* Whether our filter is there with this program: another interface may have got the number. */
static bool clsact_alive(int prog, uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY);

	return !bpf_tc_query(&hook, &opts) && opts.prog_id == prog_id(prog);
}

/* The pin only says what the port is: nothing hangs on it. */
static bool is_note(enum raceway_link_kind kind)
{
	return kind == RACEWAY_LINK_GENERIC || raceway_port_is_idle(kind);
}

/* A port without an XDP link is there as long as its TC program is. */
static bool tc_alive(struct raceway_dp *dp, uint32_t ifindex)
{
	int fd = raceway_link_get(dp, RACEWAY_LINK_TCX, ifindex);

	if (fd < 0)
		fd = raceway_link_get(dp, RACEWAY_LINK_CLSACT, ifindex);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* A link whose interface has gone says ifindex 0. */
static bool link_alive(struct raceway_dp *dp, int fd, enum raceway_link_kind kind, uint32_t ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (kind == RACEWAY_LINK_CLSACT)
		return clsact_alive(fd, ifindex);
	if (is_note(kind))
		return tc_alive(dp, ifindex);
	if (kind == RACEWAY_LINK_LIBXDP)
		return raceway_libxdp_alive(ifindex, fd);
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return false;
	/* xdp.ifindex and tcx.ifindex lie at the same place of the union. */
	return info.xdp.ifindex == ifindex;
}

int raceway_link_get(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex)
{
	char path[PATH_MAX], dev[IFNAMSIZ];
	int fd;

	if (link_path(dp, kind, ifindex, path))
		return -ENAMETOOLONG;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -ENOENT;
	if (link_alive(dp, fd, kind, ifindex))
		return fd;
	close(fd);
	unlink(path);
	/* Nothing is to be put back on what is gone, and its number may come again. */
	if ((kind != RACEWAY_LINK_CLSACT && !is_note(kind)) || !if_indextoname(ifindex, dev))
		bpf_map_delete_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex);
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
	else if (!is_note(kind))
		bpf_link_detach(fd);
	close(fd);
	if (!link_path(dp, kind, ifindex, path))
		unlink(path);
	return 0;
}

static bool parse_pin(const char *name, enum raceway_link_kind *ret_kind, uint32_t *ret_ifindex)
{
	const char *dash = strrchr(name, '-');

	for (size_t k = 0; dash && k < KINDS; k++) {
		size_t length = strlen(kind_names[k]);

		if ((size_t)(dash - name) != length || memcmp(name, kind_names[k], length))
			continue;
		*ret_kind = (enum raceway_link_kind)k;
		*ret_ifindex = (uint32_t)strtoul(dash + 1, NULL, 10);
		return true;
	}
	return false;
}

int raceway_link_each(struct raceway_dp *dp,
		      int (*fn)(struct raceway_dp *dp, enum raceway_link_kind kind,
				uint32_t ifindex, void *context),
		      void *context)
{
	struct dirent **names = NULL;
	enum raceway_link_kind kind;
	char path[PATH_MAX];
	uint32_t ifindex;
	int ret = 0, count;

	if (raceway_pins_path(dp, "links", "", path))
		return -ENAMETOOLONG;
	/* All names first: fn may remove and add pins. */
	count = scandir(path, &names, NULL, NULL);
	if (count < 0)
		return -errno;
	for (int i = 0; i < count; i++) {
		if (!ret && parse_pin(names[i]->d_name, &kind, &ifindex))
			ret = fn(dp, kind, ifindex, context);
		free(names[i]);
	}
	free(names);
	return ret;
}

/* That the qdisc is ours, so that it goes with the filter. */
static void note_clsact(struct raceway_dp *dp, uint32_t ifindex)
{
	struct raceway_saved saved = { 0 };

	bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved);
	saved.changed |= RACEWAY_SAVED_CLSACT;
	bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved, BPF_ANY);
}

int raceway_clsact_attach(struct raceway_dp *dp, uint32_t ifindex, int prog)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = CLSACT_HANDLE, .priority = CLSACT_PRIORITY,
		    .prog_fd = prog, .flags = BPF_TC_F_REPLACE);
	int ret = bpf_tc_hook_create(&hook);

	if (ret && ret != -EEXIST)
		return ret;
	if (!ret)
		note_clsact(dp, ifindex);
	ret = bpf_tc_attach(&hook, &opts);
	return ret ? ret : raceway_link_pin(dp, RACEWAY_LINK_CLSACT, ifindex, prog);
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
		if (saved.changed || saved.features || saved.peer_features)
			bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved, BPF_ANY);
		else
			bpf_map_delete_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex);
	}
	return ret;
}
