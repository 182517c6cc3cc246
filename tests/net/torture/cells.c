// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The generations of each cell, their stamps, and what a sector that was read may be. */
#include "cells.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STAMP_MAGIC UINT64_C(0x5261636577617953)
#define COMPLAINTS_MAX 10

struct stamp {
	uint64_t magic;
	uint64_t run;
	uint64_t sector;
	uint64_t generation;
	uint64_t fill[SECTOR_BYTES / sizeof(uint64_t) - 4];
};
_Static_assert(sizeof(struct stamp) == SECTOR_BYTES, "a stamp fills its sector");

static void stamp_make(struct stamp *stamp, uint64_t run, uint64_t sector, uint32_t generation)
{
	uint64_t x = run ^ (sector << 20) ^ generation;

	*stamp = (struct stamp){ STAMP_MAGIC, run, sector, generation, { 0 } };
	for (size_t i = 0; i < sizeof(stamp->fill) / sizeof(stamp->fill[0]); i++) {
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		stamp->fill[i] = x;
	}
}

int cells_make(struct cells *cells, uint32_t count, uint64_t run, bool power)
{
	*cells = (struct cells){
		.cell = calloc(count, sizeof(*cells->cell)),
		.synced = calloc(count, sizeof(*cells->synced)),
		.count = count,
		.run = run,
		.power = power,
	};
	if (cells->cell && cells->synced)
		return 0;
	cells_free(cells);
	return -ENOMEM;
}

void cells_free(struct cells *cells)
{
	free(cells->cell);
	free(cells->synced);
	*cells = (struct cells){ 0 };
}

bool cells_take(struct cells *cells, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++)
		if (cells->cell[i].busy)
			return false;
	for (uint32_t i = first; i < first + count; i++)
		cells->cell[i].busy = true;
	return true;
}

void cells_write(struct cells *cells, uint32_t first, uint32_t count, uint8_t *data)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct cell *c = &cells->cell[i];

		c->sent++;
		if (!data)
			c->zeroed = c->sent;
		for (uint32_t s = 0; data && s < CELL_SECTORS; s++, data += SECTOR_BYTES) {
			struct stamp stamp;

			stamp_make(&stamp, cells->run, (uint64_t)i * CELL_SECTORS + s, c->sent);
			memcpy(data, &stamp, sizeof(stamp));
		}
	}
}

void cells_end(struct cells *cells, uint32_t first, uint32_t count, bool acked, bool stable)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct cell *c = &cells->cell[i];

		c->busy = false;
		if (!acked)
			continue;
		c->acked = c->sent;
		if (stable || !cells->power)
			c->sure = c->sent;
	}
}

void cells_sync_begin(struct cells *cells)
{
	for (uint32_t i = 0; i < cells->count; i++)
		cells->synced[i] = cells->cell[i].acked;
}

void cells_sync_end(struct cells *cells)
{
	for (uint32_t i = 0; i < cells->count; i++)
		if (cells->synced[i] > cells->cell[i].sure)
			cells->cell[i].sure = cells->synced[i];
}

static bool is_zero(const uint8_t *data)
{
	return !data[0] && !memcmp(data, data + 1, SECTOR_BYTES - 1);
}

/* The generation that stands in a sector; -1 if it was never written there. */
static int64_t generation_of(const struct cells *cells, uint64_t sector, const uint8_t *data)
{
	const struct cell *c = &cells->cell[sector / CELL_SECTORS];
	struct stamp got, want;

	if (is_zero(data))
		return c->zeroed;
	memcpy(&got, data, sizeof(got));
	if (!got.generation || got.generation > c->sent)
		return -1;
	stamp_make(&want, cells->run, sector, (uint32_t)got.generation);
	return memcmp(&got, &want, sizeof(got)) ? -1 : (int64_t)got.generation;
}

static void complain(const struct cell *c, uint64_t sector, int64_t generation, const uint8_t *data,
		     const struct cells_found *found)
{
	uint64_t head[4];

	if (found->lost + found->foreign > COMPLAINTS_MAX)
		return;
	memcpy(head, data, sizeof(head));
	fprintf(stderr, "torture: sector %" PRIu64 ": %s %" PRId64 ", sure %u, sent %u, ", sector,
		generation < 0 ? "foreign" : "lost, has", generation, c->sure, c->sent);
	fprintf(stderr, "zeroed %u; begins %" PRIx64 " %" PRIx64 " %" PRIu64 " %" PRIu64 "\n",
		c->zeroed, head[0], head[1], head[2], head[3]);
}

void cells_check(struct cells *cells, uint32_t first, uint32_t count, const uint8_t *data,
		 struct cells_found *found)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct cell *c = &cells->cell[i];
		int64_t oldest = c->sent;

		for (uint32_t s = 0; s < CELL_SECTORS; s++, data += SECTOR_BYTES) {
			uint64_t sector = (uint64_t)i * CELL_SECTORS + s;
			int64_t generation = generation_of(cells, sector, data);

			found->checked++;
			if (generation < 0)
				found->foreign++;
			else if (generation < c->sure)
				found->lost++;
			if (generation < c->sure)
				complain(c, sector, generation, data, found);
			if (generation < oldest)
				oldest = generation;
		}
		if (oldest >= 0)
			c->acked = c->sure = (uint32_t)oldest;
	}
}
