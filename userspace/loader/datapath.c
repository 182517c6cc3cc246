// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Opens and closes the data path: takes over what is pinned, loads what is not. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "loader/objects.h"
#include "util/cleanup.h"

const char *const raceway_map_names[RACEWAY_MAP_COUNT] = {
#define X(id, name) [RACEWAY_MAP_##id] = #name,
	RACEWAY_MAPS(X)
#undef X
};

const char *const raceway_prog_names[RACEWAY_PROG_COUNT] = {
#define X(id, name) [RACEWAY_PROG_##id] = #name,
	RACEWAY_PROGS(X)
#undef X
};

const char *raceway_drop_name(unsigned int reason)
{
	static const char *const names[RACEWAY_DROP_REASON_COUNT] = {
#define X(id, name, text) [RACEWAY_DROP_##id] = name,
		RACEWAY_DROP_REASONS(X)
#undef X
	};

	return reason < RACEWAY_DROP_REASON_COUNT ? names[reason] : NULL;
}

static int pin_progs(struct raceway_dp *dp, const int prog[RACEWAY_PROG_COUNT],
		     struct raceway_error *err)
{
	char path[PATH_MAX];

	for (int i = 0; i < RACEWAY_PROG_COUNT; i++) {
		if (raceway_pins_path(dp, "progs", raceway_prog_names[i], path))
			return -ENAMETOOLONG;
		unlink(path);
		if (bpf_obj_pin(prog[i], path))
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
						 "%s cannot be pinned: %s", path, strerror(errno));
	}
	return 0;
}

static bool get_pinned_progs(struct raceway_dp *dp)
{
	char path[PATH_MAX];

	for (int i = 0; i < RACEWAY_PROG_COUNT; i++) {
		if (raceway_pins_path(dp, "progs", raceway_prog_names[i], path))
			return false;
		dp->prog[i] = bpf_obj_get(path);
		if (dp->prog[i] < 0)
			return false;
	}
	return true;
}

static void put_progs(struct raceway_dp *dp)
{
	for (int i = 0; i < RACEWAY_PROG_COUNT; i++) {
		if (dp->prog[i] >= 0)
			close(dp->prog[i]);
		dp->prog[i] = -1;
	}
}

/* An array's elements lie 8 bytes aligned one after the other, the whole rounded to pages. */
static void *map_array(struct raceway_dp *dp, enum raceway_map map, size_t element, uint32_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), bytes = element * count;
	void *p;

	bytes = (bytes + page - 1) / page * page;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, dp->map[map], 0);
	return p == MAP_FAILED ? NULL : p;
}

static void unmap_array(void *p, size_t element, uint32_t count)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (p)
		munmap(p, (element * count + page - 1) / page * page);
}

static int open_maps(struct raceway_dp *dp, struct raceway_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	char path[PATH_MAX];

	for (int i = 0; i < RACEWAY_MAP_COUNT; i++) {
		if (raceway_pins_path(dp, "maps", raceway_map_names[i], path))
			return -ENAMETOOLONG;
		dp->map[i] = bpf_obj_get(path);
		if (dp->map[i] < 0)
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
						 "map %s: %s", path, strerror(errno));
	}
	if (bpf_obj_get_info_by_fd(dp->map[RACEWAY_MAP_VNICS], &info, &size))
		return -errno;
	dp->max_vnics = info.max_entries;
	dp->vnics = map_array(dp, RACEWAY_MAP_VNICS, sizeof(*dp->vnics), dp->max_vnics);
	dp->segments = map_array(dp, RACEWAY_MAP_SEGMENTS, sizeof(*dp->segments), RACEWAY_SEGMENTS);
	dp->fdb = map_array(dp, RACEWAY_MAP_FDB, sizeof(*dp->fdb), RACEWAY_FDB_BUCKETS);
	dp->port_meters =
		map_array(dp, RACEWAY_MAP_PORT_METERS, sizeof(*dp->port_meters), RACEWAY_PORTS);
	if (!dp->vnics || !dp->segments || !dp->fdb || !dp->port_meters)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
					 "the tables cannot be mapped: %s", strerror(errno));
	return 0;
}

/* A map in a map: the kernel lets its update return only when no program that might have seen
 * the old inner map still runs, which is the grace period that slots wait for. */
static int make_grace(struct raceway_dp *dp, struct raceway_error *err)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);

	dp->grace_inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rw_inner", 4, 4, 1, NULL);
	if (dp->grace_inner >= 0) {
		opts.inner_map_fd = (uint32_t)dp->grace_inner;
		dp->grace_outer =
			bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "rw_grace", 4, 4, 1, &opts);
	}
	if (dp->grace_inner < 0 || dp->grace_outer < 0)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "bpf", "",
					 "the kernel makes no map of maps: %s", strerror(errno));
	return 0;
}

static int probe_kernel(struct raceway_error *err)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "rw_probe", 4, 4, 1, NULL);

	if (fd >= 0) {
		close(fd);
		return 0;
	}
	if (errno == EPERM || errno == EACCES)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "bpf", "",
					 "no permission to make maps: CAP_BPF is needed");
	return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "bpf", "",
				 "this kernel makes no maps: %s", strerror(errno));
}

/* Tables keep their size as long as they are pinned: another one cannot be had, and is not passed
 * over in silence. */
static int refuse_other_size(struct raceway_dp *dp, const char *pin_dir, uint32_t max_vnics,
			     struct raceway_error *err)
{
	RACEWAY_CLOSE int fd = -1;
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	char path[PATH_MAX];

	if (!max_vnics || raceway_pins_path(dp, "maps", raceway_map_names[RACEWAY_MAP_VNICS], path))
		return 0;
	fd = bpf_obj_get(path);
	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size) || info.max_entries == max_vnics)
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "max-vnics", "",
				 "%s has tables for %u, not %u; leave max-vnics out, or detach "
				 "everything and remove %s/v%d first",
				 pin_dir, info.max_entries, max_vnics, pin_dir, RACEWAY_LAYOUT);
}

static int open_dp(const char *pin_dir, bool make, uint32_t max_vnics, struct raceway_dp **ret_dp,
		   struct raceway_error *err)
{
	struct raceway_dp *dp;
	int ret;

	if (max_vnics > RACEWAY_VNICS_MAX)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "max-vnics", "",
					 "%u is above %u", max_vnics, RACEWAY_VNICS_MAX);
	dp = calloc(1, sizeof(*dp));
	if (!dp)
		return -ENOMEM;
	memset(dp->map, -1, sizeof(dp->map));
	memset(dp->prog, -1, sizeof(dp->prog));
	dp->grace_inner = dp->grace_outer = -1;
	dp->cpus = (uint32_t)libbpf_num_possible_cpus();
	/* A former process may have died between write and grace period. */
	dp->unsettled = true;
	memset(dp->stale, true, sizeof(dp->stale));
	raceway_objects_quiet();
	ret = probe_kernel(err);
	if (!ret)
		ret = raceway_pins_prepare(pin_dir, make, dp->dir, err);
	if (!ret)
		ret = refuse_other_size(dp, pin_dir, max_vnics, err);
	if (!ret && !get_pinned_progs(dp)) {
		put_progs(dp);
		ret = raceway_objects_load(dp, max_vnics ? max_vnics : RACEWAY_VNICS_DEFAULT,
					   dp->prog, err);
		if (!ret)
			ret = pin_progs(dp, dp->prog, err);
		dp->loaded = !ret;
	}
	if (!ret)
		ret = open_maps(dp, err);
	if (!ret)
		ret = make_grace(dp, err);
	if (ret) {
		raceway_dp_close(dp);
		return ret;
	}
	*ret_dp = dp;
	return 0;
}

int raceway_dp_open(const char *pin_dir, uint32_t max_vnics, struct raceway_dp **ret_dp,
		    struct raceway_error *err)
{
	return open_dp(pin_dir, true, max_vnics, ret_dp, err);
}

int raceway_dp_open_pinned(const char *pin_dir, uint32_t max_vnics, struct raceway_dp **ret_dp,
			   struct raceway_error *err)
{
	return open_dp(pin_dir, false, max_vnics, ret_dp, err);
}

void raceway_dp_close(struct raceway_dp *dp)
{
	if (!dp)
		return;
	unmap_array(dp->vnics, sizeof(*dp->vnics), dp->max_vnics);
	unmap_array(dp->segments, sizeof(*dp->segments), RACEWAY_SEGMENTS);
	unmap_array(dp->fdb, sizeof(*dp->fdb), RACEWAY_FDB_BUCKETS);
	unmap_array(dp->port_meters, sizeof(*dp->port_meters), RACEWAY_PORTS);
	for (int i = 0; i < RACEWAY_MAP_COUNT; i++)
		if (dp->map[i] >= 0)
			close(dp->map[i]);
	put_progs(dp);
	if (dp->grace_outer >= 0)
		close(dp->grace_outer);
	if (dp->grace_inner >= 0)
		close(dp->grace_inner);
	free(dp);
}

uint32_t raceway_dp_max_vnics(const struct raceway_dp *dp)
{
	return dp->max_vnics;
}

void raceway_dp_settle(struct raceway_dp *dp)
{
	uint32_t key = 0;

	if (!dp->unsettled)
		return;
	bpf_map_update_elem(dp->grace_outer, &key, &dp->grace_inner, BPF_ANY);
	raceway_tables_sweep(dp);
	dp->unsettled = false;
}

int raceway_dp_upgrade(struct raceway_dp *dp, struct raceway_error *err)
{
	int prog[RACEWAY_PROG_COUNT], ret;
	bool same = true;

	if (dp->loaded)
		return raceway_links_replace(dp, err);
	ret = raceway_objects_load(dp, dp->max_vnics, prog, err);
	if (ret)
		return ret;
	for (int i = 0; i < RACEWAY_PROG_COUNT; i++) {
		uint8_t old[8], new[8];

		same = same && !raceway_objects_tag(dp->prog[i], old) &&
		       !raceway_objects_tag(prog[i], new) && !memcmp(old, new, sizeof(old));
	}
	if (same) {
		for (int i = 0; i < RACEWAY_PROG_COUNT; i++)
			close(prog[i]);
		/* The links may still lack them: an upgrade that died pins before it replaces. */
		return raceway_links_replace(dp, err);
	}
	ret = pin_progs(dp, prog, err);
	put_progs(dp);
	memcpy(dp->prog, prog, sizeof(prog));
	return ret ? ret : raceway_links_replace(dp, err);
}
