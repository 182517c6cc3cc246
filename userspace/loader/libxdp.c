// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `attach libxdp`: our program behind libxdp's dispatcher, beside other libxdp programs.
 *
 * libxdp 1.3 has no replace: a new program is attached before the old one is detached. No frame
 * is judged twice by that, because the chain goes on only after XDP_PASS, and whatever our
 * program passes it has neither counted nor charged. */
#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <xdp/libxdp.h>

#include "loader/links.h"
#include "loader/objects.h"
#include "port.skel.h"

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);

	return bpf_obj_get_info_by_fd(fd, &info, &size) ? 0 : info.id;
}

/* Detaches the program with this id from the interface, whether it has a dispatcher or, where
 * the kernel allows none, stands there alone. 0, -ENOENT, or libxdp's error. */
static int detach_id(uint32_t ifindex, uint32_t id)
{
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)ifindex);
	struct xdp_program *prog = NULL;
	int ret = -ENOENT;

	if (libxdp_get_error(multi))
		return -ENOENT;
	if (xdp_multiprog__is_legacy(multi)) {
		if (xdp_program__id(xdp_multiprog__main_prog(multi)) == id)
			ret = xdp_multiprog__detach(multi);
		xdp_multiprog__close(multi);
		return ret;
	}
	while ((prog = xdp_multiprog__next_prog(prog, multi)))
		if (xdp_program__id(prog) == id) {
			ret = xdp_program__detach(prog, (int)ifindex,
						  xdp_multiprog__attach_mode(multi), 0);
			break;
		}
	xdp_multiprog__close(multi);
	return ret;
}

bool raceway_libxdp_alive(uint32_t ifindex, int prog_fd)
{
	struct xdp_multiprog *multi = xdp_multiprog__get_from_ifindex((int)ifindex);
	uint32_t id = prog_id(prog_fd);
	struct xdp_program *prog = NULL;
	bool found = false;

	if (libxdp_get_error(multi))
		return false;
	if (xdp_multiprog__is_legacy(multi))
		found = xdp_program__id(xdp_multiprog__main_prog(multi)) == id;
	else
		while (!found && (prog = xdp_multiprog__next_prog(prog, multi)))
			found = xdp_program__id(prog) == id;
	xdp_multiprog__close(multi);
	return found;
}

int raceway_libxdp_detach(uint32_t ifindex, int prog_fd)
{
	int ret = detach_id(ifindex, prog_id(prog_fd));

	return ret == -ENOENT ? 0 : ret;
}

static int keep_quiet(enum libxdp_print_level level, const char *format, va_list args)
{
	return 0;
}

/* An object of its own: libxdp loads the program itself, as an extension of its dispatcher. */
static int open_object(struct raceway_dp *dp, struct port_bpf **ret_skel, struct raceway_error *err)
{
	struct port_bpf *skel = port_bpf__open();
	int ret;

	if (!skel)
		return -errno;
	bpf_program__set_autoload(skel->progs.raceway_tc, false);
	bpf_program__set_autoload(skel->progs.raceway_xdp, false);
	ret = raceway_objects_place_maps(dp, skel->obj, dp->max_vnics, err);
	if (ret) {
		port_bpf__destroy(skel);
		return ret;
	}
	*ret_skel = skel;
	return 0;
}

int raceway_libxdp_attach(struct raceway_dp *dp, uint32_t ifindex, struct raceway_error *err)
{
	int old = raceway_link_get(dp, RACEWAY_LINK_LIBXDP, ifindex), ret;
	uint32_t old_id = old >= 0 ? prog_id(old) : 0;
	DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, 0);
	struct xdp_program *prog;
	struct port_bpf *skel;

	libxdp_set_print(keep_quiet);
	if (old >= 0)
		close(old);
	ret = open_object(dp, &skel, err);
	if (ret)
		return ret;
	opts.obj = skel->obj;
	opts.prog_name = raceway_prog_names[RACEWAY_PROG_SHARED];
	prog = xdp_program__create(&opts);
	ret = (int)libxdp_get_error(prog);
	if (!ret) {
		ret = xdp_program__attach(prog, (int)ifindex, XDP_MODE_NATIVE, 0);
		if (!ret) {
			ret = raceway_link_pin(dp, RACEWAY_LINK_LIBXDP, ifindex,
					       xdp_program__fd(prog));
			if (ret)
				detach_id(ifindex, xdp_program__id(prog));
			else if (old_id)
				detach_id(ifindex, old_id);
		}
		xdp_program__close(prog);
	}
	port_bpf__destroy(skel);
	return ret;
}
