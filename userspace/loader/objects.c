// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* This build's programs, loaded on the pinned maps. Maps that are pinned keep their size and
 * contents; libbpf compares type, key, value and flags and refuses what does not fit. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "loader/objects.h"
#include "port.skel.h"
#include "vnic.skel.h"

static char last_log[256]; /* libbpf's last warning: the reason of the next failure */

static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(last_log, sizeof(last_log), format, args);
		last_log[strcspn(last_log, "\n")] = '\0';
	}
	return 0;
}

/* Tables that grow with max-vnics, and by how much. */
static uint32_t wanted_entries(const char *map, uint32_t max_vnics)
{
	if (!strcmp(map, "vnics") || !strcmp(map, "pace"))
		return max_vnics;
	if (!strcmp(map, "stats"))
		return max_vnics * RACEWAY_DIRS;
	/* old and new while tables change */
	if (!strcmp(map, "foreign") || !strcmp(map, "members"))
		return max_vnics * 2;
	if (!strcmp(map, "drops"))
		return max_vnics * RACEWAY_DIRS * 4;
	if (!strcmp(map, "ports") || !strcmp(map, "saved"))
		return 2 * (max_vnics + RACEWAY_PORTS);
	return 0;
}

/* A pinned map is taken by descriptor, not by libbpf's own search: that compares flags too,
 * and the kernel adds one to a devmap by itself. */
static int take_pinned(struct bpf_map *map, int fd, const char *path, struct raceway_error *err)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size) || info.type != bpf_map__type(map) ||
	    info.key_size != bpf_map__key_size(map) || info.value_size != bpf_map__value_size(map))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "pin-dir", "",
					 "%s is no map of this layout; detach with the build that "
					 "made it, or give another directory",
					 path);
	if (bpf_map__reuse_fd(map, fd))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
					 "%s cannot be used: %s", path, strerror(errno));
	return 0;
}

int raceway_objects_place_maps(struct raceway_dp *dp, struct bpf_object *object, uint32_t max_vnics,
			       struct raceway_error *err)
{
	struct bpf_map *map;

	bpf_object__for_each_map (map, object) {
		const char *name = bpf_map__name(map);
		uint32_t entries = wanted_entries(name, max_vnics);
		char path[PATH_MAX];
		int fd, ret;

		if (bpf_map__is_internal(map))
			continue;
		if (raceway_pins_path(dp, "maps", name, path))
			return -ENAMETOOLONG;
		fd = bpf_obj_get(path);
		if (fd >= 0) {
			ret = take_pinned(map, fd, path, err);
			close(fd);
			if (ret)
				return ret;
			continue;
		}
		if (bpf_map__set_pin_path(map, path) ||
		    (entries && bpf_map__set_max_entries(map, entries)))
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "",
						 "map %s cannot be sized or pinned", name);
	}
	return 0;
}

static int load_failed(int code, const char *what, struct raceway_error *err)
{
	if (code == -EPERM || code == -EACCES)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "bpf", "",
					 "the kernel refuses to load %s: CAP_BPF, CAP_PERFMON and "
					 "CAP_NET_ADMIN are needed (%s)",
					 what, last_log);
	return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "bpf", "",
				 "the kernel does not load %s: %s (%s)", what, strerror(-code),
				 last_log);
}

/* The kernel's generator gives so few bytes at once and waits only while it starts up. */
static uint64_t random_salt(void)
{
	uint64_t salt = 0;

	while (getrandom(&salt, sizeof(salt), 0) < 0 && errno == EINTR)
		;
	return salt;
}

static int take_prog(struct bpf_program *prog, int *ret_fd)
{
	int fd = dup(bpf_program__fd(prog));

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

static int load_vnic(struct raceway_dp *dp, uint32_t max_vnics, uint64_t salt, int *ret_prog,
		     struct raceway_error *err)
{
	struct vnic_bpf *skel = vnic_bpf__open();
	int ret;

	if (!skel)
		return load_failed(-errno, "the vNIC program", err);
	skel->rodata->flow_salt = salt;
	ret = raceway_objects_place_maps(dp, skel->obj, max_vnics, err);
	if (!ret) {
		ret = vnic_bpf__load(skel);
		if (ret)
			ret = load_failed(ret, "the vNIC program", err);
		else
			ret = take_prog(skel->progs.raceway_vnic, ret_prog);
	}
	vnic_bpf__destroy(skel);
	return ret;
}

void raceway_objects_quiet(void)
{
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(keep_warning);
}

int raceway_objects_load(struct raceway_dp *dp, uint32_t max_vnics,
			 int ret_prog[RACEWAY_PROG_COUNT], struct raceway_error *err)
{
	int prog[RACEWAY_PROG_COUNT] = { -1, -1, -1, -1 }, ret;
	uint64_t salt = random_salt(); /* one, as they share the classes of flows */
	struct port_bpf *skel;

	raceway_objects_quiet();
	last_log[0] = '\0';
	skel = port_bpf__open();
	if (!skel)
		return load_failed(-errno, "the port programs", err);
	ret = raceway_objects_place_maps(dp, skel->obj, max_vnics, err);
	if (ret)
		goto destroy;
	skel->rodata->flow_salt = salt;
	ret = port_bpf__load(skel);
	if (ret) {
		ret = load_failed(ret, "the port programs", err);
		goto destroy;
	}
	ret = take_prog(skel->progs.raceway_xdp, &prog[RACEWAY_PROG_XDP]);
	if (!ret)
		ret = take_prog(skel->progs.raceway_xdp_shared, &prog[RACEWAY_PROG_SHARED]);
	if (!ret)
		ret = take_prog(skel->progs.raceway_tc, &prog[RACEWAY_PROG_TC]);
	if (!ret)
		ret = load_vnic(dp, max_vnics, salt, &prog[RACEWAY_PROG_VNIC], err);
	if (!ret)
		memcpy(ret_prog, prog, sizeof(prog));
destroy:
	port_bpf__destroy(skel);
	for (int i = 0; ret && i < RACEWAY_PROG_COUNT; i++)
		if (prog[i] >= 0)
			close(prog[i]);
	return ret;
}

int raceway_objects_tag(int prog_fd, uint8_t ret_tag[8])
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	memcpy(ret_tag, info.tag, sizeof(info.tag));
	return 0;
}
