// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* raceway-bench [-o FILE] [a] [b] [c] [d] [e]: measures, prints a table, writes JSON.
 * Exit 0 if what was measured is valid, whether or not the targets are met. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"

static int (*const parts[])(void) = { bench_stages, bench_forward, bench_tcp, bench_growth,
				      bench_meters };

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int usage(void)
{
	fprintf(stderr, "Usage: raceway-bench [-o FILE] [a] [b] [c] [d] [e]\n");
	return 2;
}

/* Letters may stand together or apart. */
static int choose(int count, char **words, bool *chosen)
{
	bool any = false;

	for (int i = 0; i < count; i++) {
		for (const char *p = words[i]; *p; p++) {
			if (*p < 'a' || *p >= 'a' + (int)PARTS)
				return -EINVAL;
			chosen[*p - 'a'] = any = true;
		}
	}
	for (size_t i = 0; !any && i < PARTS; i++)
		chosen[i] = true;
	return 0;
}

int main(int argc, char **argv)
{
	const char *path = "build/bench.json";
	bool chosen[PARTS] = { false };
	int option, ret;

	while ((option = getopt(argc, argv, "o:")) != -1) {
		if (option != 'o')
			return usage();
		path = optarg;
	}
	if (choose(argc - optind, argv + optind, chosen))
		return usage();
	ret = bench_world_enter();
	if (ret) {
		fprintf(stderr, "bench: no namespaces of its own: %s (root is needed)\n",
			strerror(-ret));
		return 1;
	}
	bench_pin_to_cpu(0);
	for (size_t i = 0; i < PARTS; i++) {
		ret = chosen[i] ? parts[i]() : 0;
		if (ret)
			bench_report_invalid("part %c: %s", 'a' + (int)i, strerror(-ret));
	}
	bench_report_print();
	ret = bench_report_write(path);
	if (ret)
		fprintf(stderr, "bench: %s: %s\n", path, strerror(-ret));
	return ret || !bench_report_is_valid();
}
