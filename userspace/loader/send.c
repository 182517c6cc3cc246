// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A test run of a program that clones the frame out of a port: every driver transmits it as it
 * would transmit its own, with or without XDP, and the privilege is the one for programs. */
#include "loader/send.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/pkt_cls.h>
#include <string.h>
#include <unistd.h>

#include "send.skel.h"

int raceway_send_open(int *ret_fd, struct raceway_error *err)
{
	struct send_bpf *skel = send_bpf__open_and_load();
	int fd, ret = 0;

	if (!skel)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "bpf", "",
					 "the kernel does not load the sending program: %s",
					 strerror(errno));
	fd = dup(bpf_program__fd(skel->progs.raceway_send));
	if (fd < 0)
		ret = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "bpf", "", "%s",
					strerror(errno));
	else
		*ret_fd = fd;
	send_bpf__destroy(skel);
	return ret;
}

int raceway_send_frame(int fd, uint32_t ifindex, const uint8_t *frame, size_t bytes)
{
	struct __sk_buff context = { .cb = { ifindex } };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)bytes,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int ret = bpf_prog_test_run_opts(fd, &opts);

	if (ret)
		return ret;
	return opts.retval == TC_ACT_OK ? 0 : -EIO;
}
