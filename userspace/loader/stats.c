// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Counters as the data path keeps them, summed over CPUs. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loader/dp.h"

int raceway_dp_stats(struct raceway_dp *dp, uint32_t vnic, enum raceway_dir dir,
		     struct raceway_stats *ret_stats)
{
	struct raceway_stats *cpu, sum = { 0 };
	uint32_t index = vnic * RACEWAY_DIRS + dir;

	if (!vnic || vnic >= dp->max_vnics)
		return -EINVAL;
	cpu = calloc(dp->cpus, sizeof(*cpu));
	if (!cpu)
		return -ENOMEM;
	if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_STATS], &index, cpu)) {
		free(cpu);
		return -errno;
	}
	for (uint32_t i = 0; i < dp->cpus; i++) {
		for (int c = 0; c < RACEWAY_COLOURS; c++) {
			sum.colour[c].packets += cpu[i].colour[c].packets;
			sum.colour[c].bytes += cpu[i].colour[c].bytes;
		}
	}
	free(cpu);
	*ret_stats = sum;
	return 0;
}

int raceway_dp_drops(struct raceway_dp *dp,
		     int (*fn)(const struct raceway_drop_key *key, uint64_t packets, void *context),
		     void *context)
{
	uint64_t *cpu = calloc(dp->cpus, sizeof(*cpu));
	struct raceway_drop_key key, next;
	void *previous = NULL;
	int ret = 0;

	if (!cpu)
		return -ENOMEM;
	while (!ret && !bpf_map_get_next_key(dp->map[RACEWAY_MAP_DROPS], previous, &next)) {
		uint64_t sum = 0;

		key = next;
		previous = &key;
		if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_DROPS], &key, cpu))
			continue;
		for (uint32_t i = 0; i < dp->cpus; i++)
			sum += cpu[i];
		ret = fn(&key, sum, context);
	}
	free(cpu);
	return ret;
}

int raceway_dp_memory(struct raceway_dp *dp, uint64_t *ret_bytes)
{
	uint64_t sum = 0;

	for (int i = 0; i < RACEWAY_MAP_COUNT; i++) {
		char path[64], line[256];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", dp->map[i]);
		file = fopen(path, "re");
		if (!file)
			return -errno;
		while (fgets(line, sizeof(line), file))
			if (!strncmp(line, "memlock:", 8))
				sum += strtoull(line + 8, NULL, 10);
		fclose(file);
	}
	*ret_bytes = sum;
	return 0;
}
