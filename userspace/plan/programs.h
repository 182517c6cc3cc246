/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether our programs are still where they were put. Somebody may take them off by tc, ip or
 * bpftool, or take their pins away; netlink tells of the first only. */
#ifndef RACEWAY_PLAN_PROGRAMS_H
#define RACEWAY_PLAN_PROGRAMS_H

#include "plan/kernel.h"

/* What is missing of a port's programs, as "XDP and TC"; NULL: nothing. */
const char *raceway_programs_missing(struct raceway_dp *dp, uint32_t ifindex);
/* raceway_dp_port_info() with what it needs to look at the other end of a veth. */
int raceway_programs_info(struct raceway_dp *dp, uint32_t ifindex,
			  struct raceway_dp_port_info *ret_info);

/* Looks at what is attached: at all ports, and at the host ends of all vNICs or (all false) of
 * some, others each time. Where something is missing, on_link is told and the interface counts as
 * not attached, so that the next reconcile puts the programs back. True if there is any. */
bool raceway_kernel_look(struct raceway_kernel *kernel, bool all);
/* The same for one interface. */
bool raceway_kernel_look_at(struct raceway_kernel *kernel, uint32_t ifindex);

#endif
