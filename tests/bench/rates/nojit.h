/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Included before our programs for a kernel without a JIT (User-mode Linux), which refuses every
 * callback: frames to group addresses are not copied. Nothing else changes. */
#ifndef RACEWAY_BENCH_RATES_NOJIT_H
#define RACEWAY_BENCH_RATES_NOJIT_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

/* The context's address escapes as it does by the callback: what is in it stays in memory, or the
 * verifier sees other programs than elsewhere. */
#define bpf_loop(count, callback, context, flags)                                                  \
	({                                                                                         \
		(void)(callback);                                                                  \
		asm volatile("" : : "r"(count), "r"(context) : "memory");                          \
		0;                                                                                 \
	})

#endif
