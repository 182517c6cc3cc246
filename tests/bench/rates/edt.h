/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What edt.bpf.c and its loader agree on. */
#ifndef RACEWAY_BENCH_RATES_EDT_H
#define RACEWAY_BENCH_RATES_EDT_H

#include <linux/types.h>

#define EDT_HORIZON_NS 2000000000ULL /* Cilium's */

struct edt {
	__u64 bytes_per_second;
	__u64 next; /* the moment from which the next packet may leave */
};

#endif
