/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A data path that does nothing but remember, and fail where it is told to. */
#ifndef RACEWAY_TESTS_STUB_H
#define RACEWAY_TESTS_STUB_H

#include "loader/datapath.h"

struct stub {
	bool fail_fill, fail_attach_port, fail_attach_vnic;
	int fills, settles, upgrades;
	size_t vnics, ports, segments; /* of the last fill that worked */
	struct raceway_dp_vnic vnic[64];
	uint32_t attached[64];
	size_t attached_count;
	bool fq; /* every port has it */
	int looked_at_qdisc;
	uint64_t bytes; /* that every vNIC has passed, green tx */
};
extern struct stub stub;

#endif
