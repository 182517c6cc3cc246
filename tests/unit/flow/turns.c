/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Initiators that want much beside one that wants little, on one worker and a store that is as
 * quick as memory: nobody waits longer than a round and one command, and those who want much have
 * alike.
 */
#include <criterion/criterion.h>

#include "closed.h"

#define JOBS 16 /* of one initiator */
#define LARGE (8U << 20)
#define SMALL 4096U
#define NS_PER_MIB 250000ULL /* 4 GB/s */
#define SECOND 1000000000ULL
/* The round before, and what ends it. */
#define WAIT_MOST_NS ((RACEWAY_ROUND_BYTES + LARGE) / (1 << 20) * NS_PER_MIB + 50000)

static void judge(bool bounded)
{
	static const struct raceway_limits_config limits = { .weight = 1 };
	const struct closed *little;
	uint64_t least = UINT64_MAX, most = 0;

	simulated_cost(NS_PER_MIB);
	closed_begin();
	for (int i = 0; i < 3; i++)
		closed_add(&limits, JOBS, LARGE, bounded);
	little = closed_add(&limits, JOBS, SMALL, bounded);
	closed_run(SECOND);
	cr_expect_leq(little->longest_ns, WAIT_MOST_NS, "it waited %lu us",
		      little->longest_ns / 1000);
	for (size_t i = 0; i < 3; i++) {
		least = closed[i].served < least ? closed[i].served : least;
		most = closed[i].served > most ? closed[i].served : most;
	}
	cr_expect_geq(least * 100, most * 95, "%lu to %lu", least, most);
	/* A second is full of them all the same. */
	cr_expect_geq(least * 3 * (LARGE >> 20), SECOND / NS_PER_MIB * 9 / 10, "%lu", least);
}

Test(turns, who_wants_little_does_not_wait_for_those_who_want_much)
{
	judge(false);
}

Test(turns, nor_behind_an_arbiter)
{
	judge(true);
}
