/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates from counters: a table by vNIC number that grows with the highest that was asked for. */
#include "api/samples.h"

#include <stdlib.h>
#include <string.h>

#define AGE_MIN_NS (RACEWAY_NSEC_PER_SEC / 2)

struct reading {
	uint64_t at_ns; /* 0: none */
	uint64_t bytes[RACEWAY_DIRS];
};

struct raceway_samples {
	struct reading (*former)[2]; /* the newer first */
	uint32_t count;
};

struct raceway_samples *raceway_samples_new(void)
{
	return calloc(1, sizeof(struct raceway_samples));
}

void raceway_samples_free(struct raceway_samples *samples)
{
	if (samples)
		free(samples->former);
	free(samples);
}

static struct reading *room_for(struct raceway_samples *samples, uint32_t vnic)
{
	if (vnic >= samples->count) {
		uint32_t count = vnic + 64;
		void *bigger = reallocarray(samples->former, count, sizeof(*samples->former));

		if (!bigger)
			return NULL;
		samples->former = bigger;
		memset(samples->former + samples->count, 0,
		       (count - samples->count) * sizeof(*samples->former));
		samples->count = count;
	}
	return samples->former[vnic];
}

static uint64_t rate(uint64_t bytes, uint64_t ns)
{
	return (uint64_t)((double)bytes * 8 * RACEWAY_NSEC_PER_SEC / (double)ns);
}

void raceway_samples_take(struct raceway_samples *samples, uint32_t vnic, uint64_t now_ns,
			  const uint64_t bytes[RACEWAY_DIRS], uint64_t ret_bps[RACEWAY_DIRS])
{
	struct reading *former = room_for(samples, vnic), *since;

	memset(ret_bps, 0, RACEWAY_DIRS * sizeof(*ret_bps));
	if (!former)
		return;
	for (int dir = 0; dir < RACEWAY_DIRS; dir++)
		if (bytes[dir] < former[0].bytes[dir])
			memset(former, 0, 2 * sizeof(*former));
	/* Half a second at least, so that two people who ask do not spoil each other's rates. */
	since = former[0].at_ns && now_ns - former[0].at_ns >= AGE_MIN_NS ? &former[0] : &former[1];
	if (!since->at_ns)
		since = &former[0];
	if (since->at_ns && now_ns > since->at_ns)
		for (int dir = 0; dir < RACEWAY_DIRS; dir++)
			ret_bps[dir] = rate(bytes[dir] - since->bytes[dir], now_ns - since->at_ns);
	if (former[0].at_ns && now_ns - former[0].at_ns < AGE_MIN_NS)
		return;
	former[1] = former[0];
	former[0].at_ns = now_ns;
	memcpy(former[0].bytes, bytes, sizeof(former[0].bytes));
}
