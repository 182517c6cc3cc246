// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* (e) What all the meters of a frame cost together, the sender's tx, the receiver's rx and the
 * leaving port's: the same frames through the same path where every vNIC and port has rates, and
 * where none has, over 32, 1,024 and 65,535 vNICs. */
#include "population.h"

#define SIZES 3
#define LIMIT_NS 100.0
#define GROWTH_MAX 1.1 /* what two runs of the same differ by */

/* With meters and without in turn. */
static void report(const struct population *all)
{
	static const char *const what[SIZES] = {
		"all meters of a frame, 32 vNICs",
		"all meters of a frame, 1,024 vNICs",
		"all meters of a frame, 65,535 vNICs",
	};
	static const char *const growth[SIZES] = {
		NULL,
		"all meters of a frame, from 32 to 1,024 vNICs",
		"all meters of a frame, from 32 to 65,535 vNICs",
	};
	double least = all[0].ns - all[1].ns;

	for (unsigned int i = 0; i < SIZES; i++) {
		double ns = all[2 * i].ns - all[2 * i + 1].ns;
		struct bench_row row = {
			.part = 'e',
			.what = what[i],
			.unit = "ns",
			.ours = ns,
			.value = ns,
			.reference = all[2 * i + 1].ns,
			.reference_what = "the path without them",
			.target = BENCH_AT_MOST,
			.limit = LIMIT_NS,
			.target_text = "<= 100 ns",
		};

		bench_report_row(&row);
		if (!growth[i])
			continue;
		row = (struct bench_row){
			.part = 'e',
			.what = growth[i],
			.unit = "times",
			.ours = ns / least,
			.value = ns / least,
			.target = BENCH_AT_MOST,
			.limit = GROWTH_MAX,
			.target_text = "<= 1.1 times",
		};
		bench_report_row(&row);
	}
}

int bench_meters(void)
{
	struct population all[2 * SIZES] = {
		{ .vnics = 32, .metered = true },
		{ .vnics = 32 },
		{ .vnics = 1024, .metered = true },
		{ .vnics = 1024 },
		{ .vnics = RACEWAY_VNICS_MAX - 1, .metered = true },
		{ .vnics = RACEWAY_VNICS_MAX - 1 },
	};
	int ret;

	for (unsigned int i = 0; i < 2 * SIZES; i++)
		all[i].part = 'e';
	ret = population_open(all, 2 * SIZES);
	if (!ret)
		ret = population_measure(all, 2 * SIZES);
	if (!ret)
		report(all);
	population_close(all, 2 * SIZES);
	return ret;
}
