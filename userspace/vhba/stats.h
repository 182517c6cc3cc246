/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What was read and written, and how long it took. A session counts alone on its worker; who asks
 * adds them up there. */
#ifndef RACEWAY_VHBA_STATS_H
#define RACEWAY_VHBA_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Log-linear: eight steps for each power of two, from 1 us (1,024 ns) on, so that what is read
 * from it is within 1/16 of the truth. */
#define RACEWAY_HISTOGRAM_STEPS 8
#define RACEWAY_HISTOGRAM_BUCKETS (30 * RACEWAY_HISTOGRAM_STEPS)

struct raceway_counter {
	uint64_t ios, bytes;
};

struct raceway_direction {
	struct raceway_counter total;
	uint64_t histogram[RACEWAY_HISTOGRAM_BUCKETS];
};

struct raceway_lun_stats {
	uint16_t lun;
	struct raceway_counter read, write;
};

struct raceway_stats {
	struct raceway_direction read, write;
	struct raceway_lun_stats *luns; /* sorted by number */
	size_t lun_count, last;		/* `last`: where the last look-up ended */
};

/* One operation has ended. */
void raceway_stats_add(struct raceway_stats *stats, uint16_t lun, bool write, uint64_t bytes,
		       uint64_t latency_ns);
/* Adds all of `from`. */
void raceway_stats_merge(struct raceway_stats *stats, const struct raceway_stats *from);
void raceway_stats_free(struct raceway_stats *stats);
/* The latency that `per_mille` of all operations did not exceed, in ns; 0 if there were none. */
uint64_t raceway_stats_latency(const struct raceway_direction *direction, unsigned int per_mille);

#endif
