/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* vNICs by the thousand behind two fabric ports: the whole path with traffic over all of them,
 * in tables of 65,536. */
#ifndef RACEWAY_BENCH_POPULATION_H
#define RACEWAY_BENCH_POPULATION_H

#include "bench.h"
#include "replay.h"

#define POPULATION_PORTS 2

struct population {
	char part; /* of the benchmark; names its links */
	uint32_t vnics;
	bool metered; /* every vNIC and port has rates */
	struct raceway_dp *dp;
	struct bench_replay real[POPULATION_PORTS], alone[POPULATION_PORTS]; /* by arriving port */
	struct bench_subject subject[2 * POPULATION_PORTS]; /* real and alone in turn */
	uint64_t port_tat[POPULATION_PORTS];		    /* before the first frame */
	double fill_s;					    /* of the tables */
	double ns; /* per frame, the replay's share subtracted */
};

/* Makes them from what `part`, `vnics` and `metered` say; all of one part. 0 or -errno. To be
 * closed also after a failure. */
int population_open(struct population *all, size_t count);
/* Alternates over all of them, then checks that every frame was sent on and counted. */
int population_measure(struct population *all, size_t count);
void population_close(struct population *all, size_t count);

#endif
