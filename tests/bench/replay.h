/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A program behind the replay, which writes the next head of a table into the frame before
 * every run of it. */
#ifndef RACEWAY_BENCH_REPLAY_H
#define RACEWAY_BENCH_REPLAY_H

#include "bench.h"

struct bench_head {
	uint8_t bytes[BENCH_HEAD_BYTES];
};

struct bench_replay {
	struct replay_bpf *skel;
	struct bench_head *heads; /* BENCH_HEADS of them, mapped */
	int prog;
	int empty; /* a program that does nothing, to be subtracted or shown */
};

/* `target` -1: the empty program. */
int bench_replay_open(int target, struct bench_replay *ret_replay);
/* The first `count` heads are used, a power of two; begins anew with the first. */
void bench_replay_use(struct bench_replay *replay, uint32_t count);
void bench_replay_close(struct bench_replay *replay);

#endif
