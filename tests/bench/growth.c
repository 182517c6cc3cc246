// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (d) Growth: the same path with traffic spread in random order over 32, 1,024 and 65,535
 * vNICs, all in tables of 65,536, and the time to fill them. The frames come from a replay of
 * equal length each time, whose own cost is subtracted. */
#include "population.h"

#define SIZES 3
#define TIMES_MAX 2.0
#define FILL_MAX_S 1.0
#define MIB (1024.0 * 1024.0)

static void report(struct population *all)
{
	static const char *const what[SIZES] = {
		"whole path, traffic over 32 vNICs",
		"whole path, traffic over 1,024 vNICs",
		"whole path, traffic over 65,535 vNICs",
	};
	struct bench_row row = { .part = 'd' };
	uint64_t bytes;

	for (unsigned int i = 0; i < SIZES; i++) {
		row.what = what[i];
		row.unit = "ns";
		row.ours = all[i].ns;
		row.reference = i ? all[0].ns : 0;
		row.reference_what = "32 vNICs";
		row.value = all[i].ns / all[0].ns;
		row.target = i + 1 == SIZES ? BENCH_AT_MOST : BENCH_NO_TARGET;
		row.limit = TIMES_MAX;
		row.target_text = "<= 2 x 32";
		bench_report_row(&row);
	}
	row = (struct bench_row){
		.part = 'd',
		.what = "tables filled with 65,535 vNICs",
		.unit = "s",
		.ours = all[SIZES - 1].fill_s,
		.value = all[SIZES - 1].fill_s,
		.target = BENCH_AT_MOST,
		.limit = FILL_MAX_S,
		.target_text = "< 1 s",
	};
	bench_report_row(&row);
	if (raceway_dp_memory(all[SIZES - 1].dp, &bytes))
		return;
	row.what = "kernel memory of tables of 65,536";
	row.unit = "MiB";
	row.ours = (double)bytes / MIB;
	row.target = BENCH_NO_TARGET;
	bench_report_row(&row);
}

int bench_growth(void)
{
	struct population all[SIZES] = {
		{ .part = 'd', .vnics = 32, .metered = true },
		{ .part = 'd', .vnics = 1024, .metered = true },
		{ .part = 'd', .vnics = RACEWAY_VNICS_MAX - 1, .metered = true },
	};
	int ret = population_open(all, SIZES);

	if (!ret)
		ret = population_measure(all, SIZES);
	if (!ret)
		report(all);
	population_close(all, SIZES);
	return ret;
}
