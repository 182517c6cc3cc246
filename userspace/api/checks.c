/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `doctor`: what this machine can and cannot do, found by trying, never by kernel version. */
#include <errno.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "api/api.h"
#include "api/show.h"
#include "plan/programs.h"

#define MIB (1024.0 * 1024.0)

__attribute__((format(printf, 5, 6))) static void add_check(json_t *checks, const char *result,
							    const char *name, const char *fix,
							    const char *format, ...)
{
	char message[400];
	va_list args;
	json_t *check;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	check = json_pack("{s:s, s:s, s:s}", "result", result, "name", name, "message", message);
	if (fix && *fix)
		json_object_set_new(check, "fix", json_string(fix));
	json_array_append_new(checks, check);
}

static void check_kernel(json_t *checks)
{
	struct utsname name;

	if (!uname(&name))
		add_check(checks, "ok", "kernel", NULL, "%s %s", name.sysname, name.release);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		add_check(checks, "fail", "btf", "boot a kernel with CONFIG_DEBUG_INFO_BTF=y",
			  "/sys/kernel/btf/vmlinux cannot be read");
	else
		add_check(checks, "ok", "btf", NULL, "the kernel describes its types");
}

static void check_bpffs(json_t *checks, const char *pin_dir)
{
	struct statfs fs;

	if (statfs(pin_dir, &fs))
		add_check(checks, "fail", "bpffs", "mount -t bpf bpf /sys/fs/bpf", "%s: %s",
			  pin_dir, strerror(errno));
	else if (fs.f_type != BPF_FS_MAGIC)
		add_check(checks, "fail", "bpffs", "mount -t bpf bpf /sys/fs/bpf",
			  "%s is on no bpffs", pin_dir);
	else
		add_check(checks, "ok", "bpffs", NULL, "pins are below %s", pin_dir);
}

/* A tcx query on an interface that cannot exist: a kernel with tcx looks for the interface
 * (ENODEV), one without does not know the attach type (EINVAL). */
static void check_tcx(json_t *checks)
{
	union bpf_attr attr = { 0 };

	attr.query.target_fd = INT32_MAX;
	attr.query.attach_type = 46; /* BPF_TCX_INGRESS, absent from older headers */
	if (syscall(SYS_bpf, BPF_PROG_QUERY, &attr, sizeof(attr)) < 0 && errno == EINVAL)
		add_check(checks, "ok", "tc", NULL, "programs of vNICs attach by clsact (no tcx)");
	else
		add_check(checks, "ok", "tc", NULL, "programs of vNICs attach by tcx");
}

static void check_memory(json_t *checks, struct raceway_core *core)
{
	uint64_t bytes;

	if (raceway_dp_memory(core->kernel.dp, &bytes))
		add_check(checks, "warn", "memory", NULL, "the kernel does not tell");
	else
		add_check(checks, "ok", "memory", NULL, "maps take %.1f MiB for %" PRIu32 " vNICs",
			  (double)bytes / MIB, raceway_dp_max_vnics(core->kernel.dp));
}

static void check_port(json_t *checks, struct raceway_core *core,
		       const struct raceway_dp_port *port)
{
	const struct raceway_link *link = raceway_links_by_name(&core->kernel.links, port->dev);
	struct raceway_dp_port_info info = { 0 };
	const char *missing = "";
	char name[96], oper[320];

	snprintf(name, sizeof(name), "port %s", port->name);
	if (link) {
		missing = raceway_programs_missing(core->kernel.dp, link->ifindex);
		(void)raceway_programs_info(core->kernel.dp, link->ifindex, &info);
	}
	raceway_oper_port(core, port->name, oper, sizeof(oper));
	if (missing)
		add_check(checks, "fail", name, NULL, "not attached: %s", oper);
	else if (!info.native)
		add_check(checks, "warn", name, NULL, "%s: generic XDP, which is slow; jumbo %s",
			  oper, info.jumbo_xdp ? "xdp" : "skb");
	else if (!info.xdp)
		add_check(checks, strcmp(oper, "up") ? "warn" : "ok", name, NULL,
			  "%s: native XDP, idle while there is no second port", oper);
	else
		add_check(checks, strcmp(oper, "up") ? "warn" : "ok", name, NULL,
			  "%s: native XDP, jumbo %s", oper, info.jumbo_xdp ? "xdp" : "skb");
	if (info.warning[0])
		add_check(checks, "warn", name, NULL, "%s", info.warning);
}

static void check_dev(json_t *checks, struct raceway_core *core, const char *dev)
{
	const struct raceway_link *link = raceway_links_by_name(&core->kernel.links, dev);
	uint64_t speed = raceway_link_speed_bps(dev);

	if (!link) {
		add_check(checks, "fail", dev, NULL, "there is no such interface");
		return;
	}
	add_check(checks, "ok", dev, NULL, "%s, mtu %u, %s",
		  link->kind[0] ? link->kind : "hardware", link->mtu,
		  link->carrier ? "carrier" : "no carrier");
	if (speed)
		add_check(checks, "ok", "speed", NULL, "%" PRIu64 " Mbit/s", speed / 1000000);
	else
		add_check(checks, "warn", "speed", "give the port a rate",
			  "unknown, so no rate can be guaranteed behind it");
}

/* The storage engine, and portals at which it does not listen. */
static void check_storage(json_t *checks, struct raceway_core *core)
{
	const struct raceway_storage *storage = &core->storage;

	if (raceway_storage_up(storage))
		add_check(checks, "ok", "engine", NULL, "raceway-vhba %s, process %d",
			  storage->version, (int)storage->pid);
	else if (!raceway_storage_any(core->model))
		add_check(checks, "ok", "engine", NULL,
			  "the storage engine is not running: there is no storage");
	else
		add_check(checks, "fail", "engine",
			  strcmp(storage->program, RACEWAY_STORAGE_NOBODY)
				  ? "its own messages are in the log of racewayd"
				  : "systemctl start raceway-vhba",
			  "%s; it is tried again and again", storage->why);
	for (size_t i = 0; i < storage->listeners.count; i++) {
		const struct raceway_listener *l = &storage->listeners.list[i];
		char name[96];

		snprintf(name, sizeof(name), "portal %s", l->name);
		if (l->why[0])
			add_check(checks, "fail", name, NULL, "%s", l->why);
	}
}

json_t *raceway_doctor_checks(struct raceway_core *core, const char *dev)
{
	const struct raceway_want *want = &core->kernel.want;
	json_t *checks = json_array();

	if (dev) {
		check_dev(checks, core, dev);
	} else {
		check_kernel(checks);
		check_bpffs(checks, core->pin_dir);
		check_tcx(checks);
		check_memory(checks, core);
		check_storage(checks, core);
	}
	for (size_t i = 0; i < want->port_count; i++)
		if (!dev || !strcmp(want->ports[i].dev, dev))
			check_port(checks, core, &want->ports[i]);
	return checks;
}
