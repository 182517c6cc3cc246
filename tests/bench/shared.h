/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the benchmark's programs and their BPF helpers agree on: the frame and who sends it.
 * Included by both sides. */
#ifndef RACEWAY_BENCH_SHARED_H
#define RACEWAY_BENCH_SHARED_H

#define BENCH_FRAME_BYTES 64 /* in memory: tag included, FCS not */
#define BENCH_HEAD_BYTES 16  /* both addresses and the tag */
#define BENCH_HEADS 65536    /* entries of the replay's table, a power of two */
#define BENCH_LANES 4	     /* paths side by side that one generator feeds in turn */

#endif
