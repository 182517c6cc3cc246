/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Limits of operations over a second in which the worker stands still again and again, before
 * initiators of a fixed depth: what it has left undone meanwhile is not lost to them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>

#include "closed.h"

#define SECOND 1000000000ULL
#define MS 1000000ULL
#define ERROR_MOST 0.002 /* and one operation, where the second ends */

struct cell {
	uint64_t iops, every_ns, for_ns;
	int depth;
};

ParameterizedTestParameters(peaks, are_kept)
{
	/* Within the depth, and beyond it. Some commands wait when the worker stops, or it could
	 * not be told from an initiator that pauses. */
	static struct cell pauses[] = {
		{ .depth = 32 },
		{ .every_ns = 20 * MS, .for_ns = 6 * MS, .depth = 32 },
		{ .every_ns = 40 * MS, .for_ns = 12 * MS, .depth = 64 },
		{ .every_ns = 50 * MS, .for_ns = 9 * MS, .depth = 48 },
		{ .every_ns = 100 * MS, .for_ns = 15 * MS, .depth = 64 },
	};
	static const uint64_t rates[] = { 1000, 3000, 5000, 10000, 20000, 30000, 50000 };
	static struct cell cells[35];
	size_t count = 0;

	for (size_t i = 0; i < 5; i++) {
		for (size_t j = 0; j < 7; j++) {
			cells[count] = pauses[i];
			cells[count++].iops = rates[j];
		}
	}
	return cr_make_param_array(struct cell, cells, count);
}

ParameterizedTest(struct cell *c, peaks, are_kept, .timeout = 20)
{
	const struct raceway_limits_config limits = { .weight = 1, .iops_pir = c->iops };
	struct closed *of;
	double error;

	closed_begin();
	of = closed_add(&limits, c->depth, 4096, false);
	simulated_stalls(c->every_ns, c->for_ns);
	closed_run(SECOND); /* it begins with what is free at once */
	of->served = 0;
	closed_go_on(SECOND);
	error = (double)of->served / (double)c->iops - 1;
	cr_expect_leq(fabs(error), ERROR_MOST + 1 / (double)c->iops,
		      "%lu per second, depth %d, %lu ms of %lu: off by %.2f %%", c->iops, c->depth,
		      c->for_ns / MS, c->every_ns / MS, error * 100);
}
