// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rates-edt OBJECT DEVICE BITS-PER-SECOND: puts edt.bpf.c at the egress of a device. Needs no
 * kernel BTF. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>

#include "edt.h"

static int attach(struct bpf_object *object, const char *device, unsigned long long bps)
{
	const struct edt value = { .bytes_per_second = bps / 8 };
	const __u32 zero = 0;
	struct bpf_program *prog = bpf_object__find_program_by_name(object, "edt_egress");
	struct bpf_map *map = bpf_object__find_map_by_name(object, "edt");
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)if_nametoindex(device),
		    .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts);

	if (!hook.ifindex || !prog || !map || bpf_object__load(object) ||
	    bpf_map_update_elem(bpf_map__fd(map), &zero, &value, BPF_ANY))
		return 1;
	opts.prog_fd = bpf_program__fd(prog);
	return bpf_tc_hook_create(&hook) || bpf_tc_attach(&hook, &opts);
}

int main(int argc, char **argv)
{
	struct bpf_object *object;

	if (argc != 4)
		return 2;
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || attach(object, argv[2], strtoull(argv[3], NULL, 10))) {
		perror("rates-edt");
		return 1;
	}
	bpf_object__close(object);
	return 0;
}
