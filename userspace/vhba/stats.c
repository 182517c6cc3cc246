/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters and a histogram of latencies. */
#include "vhba/stats.h"

#include <stdlib.h>
#include <string.h>

#define UNIT_SHIFT 10 /* ns to the histogram's unit */
#define STEP_BITS 3

/* Values below the number of steps have a bucket each. */
static size_t bucket_of(uint64_t latency_ns)
{
	uint64_t value = latency_ns >> UNIT_SHIFT;
	unsigned int shift;
	size_t bucket;

	if (value < RACEWAY_HISTOGRAM_STEPS)
		return (size_t)value;
	shift = 63U - (unsigned int)__builtin_clzll(value) - STEP_BITS;
	bucket = (size_t)(shift + 1) * RACEWAY_HISTOGRAM_STEPS +
		 ((value >> shift) & (RACEWAY_HISTOGRAM_STEPS - 1));
	return bucket < RACEWAY_HISTOGRAM_BUCKETS ? bucket : RACEWAY_HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static uint64_t value_of(size_t bucket)
{
	unsigned int shift;
	uint64_t least;

	if (bucket < RACEWAY_HISTOGRAM_STEPS)
		return ((uint64_t)bucket << UNIT_SHIFT) + (1U << UNIT_SHIFT) / 2;
	shift = (unsigned int)(bucket / RACEWAY_HISTOGRAM_STEPS) - 1;
	least = (RACEWAY_HISTOGRAM_STEPS + bucket % RACEWAY_HISTOGRAM_STEPS) << shift;
	return (least << UNIT_SHIFT) + ((1ULL << shift) << UNIT_SHIFT) / 2;
}

/* The counters of a LUN, made if need be; NULL without memory. */
static struct raceway_lun_stats *find(struct raceway_stats *stats, uint16_t lun)
{
	struct raceway_lun_stats *luns;
	size_t at = 0;

	if (stats->last < stats->lun_count && stats->luns[stats->last].lun == lun)
		return &stats->luns[stats->last];
	while (at < stats->lun_count && stats->luns[at].lun < lun)
		at++;
	stats->last = at;
	if (at < stats->lun_count && stats->luns[at].lun == lun)
		return &stats->luns[at];
	luns = reallocarray(stats->luns, stats->lun_count + 1, sizeof(*luns));
	if (!luns)
		return NULL;
	memmove(&luns[at + 1], &luns[at], (stats->lun_count - at) * sizeof(*luns));
	luns[at] = (struct raceway_lun_stats){ .lun = lun };
	stats->luns = luns;
	stats->lun_count++;
	return &luns[at];
}

static void count(struct raceway_counter *counter, uint64_t ios, uint64_t bytes)
{
	counter->ios += ios;
	counter->bytes += bytes;
}

void raceway_stats_add(struct raceway_stats *stats, uint16_t lun, bool write, uint64_t bytes,
		       uint64_t latency_ns)
{
	struct raceway_direction *direction = write ? &stats->write : &stats->read;
	struct raceway_lun_stats *of_lun = find(stats, lun);

	count(&direction->total, 1, bytes);
	direction->histogram[bucket_of(latency_ns)]++;
	if (of_lun)
		count(write ? &of_lun->write : &of_lun->read, 1, bytes);
}

static void merge(struct raceway_direction *to, const struct raceway_direction *from)
{
	count(&to->total, from->total.ios, from->total.bytes);
	for (size_t i = 0; i < RACEWAY_HISTOGRAM_BUCKETS; i++)
		to->histogram[i] += from->histogram[i];
}

void raceway_stats_merge(struct raceway_stats *stats, const struct raceway_stats *from)
{
	merge(&stats->read, &from->read);
	merge(&stats->write, &from->write);
	for (size_t i = 0; i < from->lun_count; i++) {
		const struct raceway_lun_stats *lun = &from->luns[i];
		struct raceway_lun_stats *of_lun = find(stats, lun->lun);

		if (!of_lun)
			continue;
		count(&of_lun->read, lun->read.ios, lun->read.bytes);
		count(&of_lun->write, lun->write.ios, lun->write.bytes);
	}
}

void raceway_stats_free(struct raceway_stats *stats)
{
	free(stats->luns);
	stats->luns = NULL;
	stats->lun_count = 0;
}

uint64_t raceway_stats_latency(const struct raceway_direction *direction, unsigned int per_mille)
{
	uint64_t all = direction->total.ios, seen = 0;
	uint64_t wanted = (all * per_mille + 999) / 1000;
	size_t bucket = 0;

	if (!all)
		return 0;
	while (bucket < RACEWAY_HISTOGRAM_BUCKETS - 1 &&
	       (seen += direction->histogram[bucket]) < wanted)
		bucket++;
	return value_of(bucket);
}
