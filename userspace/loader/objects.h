/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* This build's BPF objects on the pinned maps. */
#ifndef RACEWAY_LOADER_OBJECTS_H
#define RACEWAY_LOADER_OBJECTS_H

#include <bpf/libbpf.h>

#include "loader/dp.h"

/* What libbpf has to say is part of our errors, or not said. */
void raceway_objects_quiet(void);
/* Loads the programs of both objects; maps are taken from their pins, or made and pinned. */
int raceway_objects_load(struct raceway_dp *dp, uint32_t max_vnics,
			 int ret_prog[RACEWAY_PROG_COUNT], struct raceway_error *err);
/* Gives every map of an opened object its pin and its size, before it is loaded. */
int raceway_objects_place_maps(struct raceway_dp *dp, struct bpf_object *object, uint32_t max_vnics,
			       struct raceway_error *err);
/* The kernel's hash over a program's instructions: equal for equal programs. */
int raceway_objects_tag(int prog_fd, uint8_t ret_tag[8]);

#endif
