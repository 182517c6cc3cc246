/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What may be on the disk: the region under torture is cells of 4 KiB, each write gives its cells
 * the next generation, and every sector of a cell says which one it is. No I/O here. */
#ifndef RACEWAY_TORTURE_CELLS_H
#define RACEWAY_TORTURE_CELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR_BYTES 512U
#define CELL_BYTES 4096U
#define CELL_SECTORS (CELL_BYTES / SECTOR_BYTES)

struct cell {
	uint32_t sure;	 /* the oldest generation that may still be there */
	uint32_t acked;	 /* the newest that was acknowledged */
	uint32_t sent;	 /* the newest that was sent */
	uint32_t zeroed; /* the newest that is zeroes; 0 is what was there at first */
	bool busy;	 /* a command is under way */
};

struct cells {
	struct cell *cell;
	uint32_t *synced; /* what was acknowledged when the SYNCHRONIZE CACHE under way was sent */
	uint32_t count;
	uint64_t run; /* tells this run's stamps from another's */
	bool power;   /* what is acknowledged may be lost until it was synchronised */
};

/* What a check found, in sectors. */
struct cells_found {
	uint64_t checked;
	uint64_t lost;	  /* an older generation than the one that was acknowledged */
	uint64_t foreign; /* what was never written there */
};

int cells_make(struct cells *cells, uint32_t count, uint64_t run, bool power);
void cells_free(struct cells *cells);

/* Takes the cells for one command, unless one of them is taken. */
bool cells_take(struct cells *cells, uint32_t first, uint32_t count);
/* The next generation of cells that were taken: stamps of it in data, or zeroes without. */
void cells_write(struct cells *cells, uint32_t first, uint32_t count, uint8_t *data);
/* The command has ended. Unless it was acknowledged, nobody knows what is there. */
void cells_end(struct cells *cells, uint32_t first, uint32_t count, bool acked, bool stable);
/* What was acknowledged so far is stable once sync_end says so; one at a time. */
void cells_sync_begin(struct cells *cells);
void cells_sync_end(struct cells *cells);
/* Compares what was read while nothing is under way; what was found must stay. Complaints go to
 * standard error. */
void cells_check(struct cells *cells, uint32_t first, uint32_t count, const uint8_t *data,
		 struct cells_found *found);

#endif
