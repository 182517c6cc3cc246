/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters add up, and quantiles are within the histogram's step. */
#include <criterion/criterion.h>
#include <math.h>

#include "vhba/stats.h"

static void near(uint64_t got, double want)
{
	cr_expect_leq(fabs((double)got / want - 1), 0.0725, "%lu, want %g", got, want);
}

Test(stats, quantiles)
{
	struct raceway_stats stats = { 0 };

	cr_expect_eq(raceway_stats_latency(&stats.read, 500), 0, "none yet");
	/* 1 us to 10 ms, evenly. */
	for (uint64_t i = 1; i <= 10000; i++)
		raceway_stats_add(&stats, 0, false, 4096, i * 1000);
	near(raceway_stats_latency(&stats.read, 500), 5e6);
	near(raceway_stats_latency(&stats.read, 990), 9.9e6);
	near(raceway_stats_latency(&stats.read, 999), 9.99e6);
	cr_expect_eq(raceway_stats_latency(&stats.write, 500), 0);
	raceway_stats_add(&stats, 0, true, 4096, UINT64_MAX);
	cr_expect_gt(raceway_stats_latency(&stats.write, 500), 60000000000ULL, "no time is lost");
	raceway_stats_free(&stats);
}

Test(stats, are_counted_by_lun_and_added_up)
{
	struct raceway_stats a = { 0 }, b = { 0 };

	raceway_stats_add(&a, 7, false, 512, 1000);
	raceway_stats_add(&a, 3, true, 1024, 1000);
	raceway_stats_add(&a, 7, false, 512, 1000);
	raceway_stats_add(&b, 5, true, 4096, 1000);
	raceway_stats_add(&b, 3, true, 1, 1000);
	raceway_stats_merge(&a, &b);
	cr_assert_eq(a.lun_count, 3);
	cr_expect(a.luns[0].lun == 3 && a.luns[1].lun == 5 && a.luns[2].lun == 7);
	cr_expect(a.luns[0].write.ios == 2 && a.luns[0].write.bytes == 1025);
	cr_expect(a.luns[2].read.ios == 2 && a.luns[2].read.bytes == 1024);
	cr_expect(a.write.total.ios == 3 && a.write.total.bytes == 5121);
	cr_expect_eq(a.read.total.ios, 2);
	raceway_stats_free(&a);
	raceway_stats_free(&b);
}
