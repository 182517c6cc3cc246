/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One write in a form that tells whether all of it is there. */
#include "scsi/journal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"

#define MAGIC 0x52574157U /* "RWAW" */
#define VERSION 1
#define SUM_AT 8
#define SUM_BYTES 8
#define OFFSET_AT 16

/* FNV-1a in 64 bits, with the sum itself left out. */
static uint64_t sum_of(const uint8_t *state, size_t bytes)
{
	uint64_t sum = 14695981039346656037ULL;

	for (size_t i = 0; i < bytes; i++)
		if (i < SUM_AT || i >= SUM_AT + SUM_BYTES)
			sum = (sum ^ state[i]) * 1099511628211ULL;
	return sum;
}

void *raceway_journal_pack(uint64_t offset, const void *data, size_t bytes, size_t *ret_bytes)
{
	uint8_t *state = calloc(1, RACEWAY_JOURNAL_HEADER + bytes);

	if (!state)
		return NULL;
	raceway_put32(state, MAGIC);
	raceway_put16(state + 4, VERSION);
	raceway_put64(state + OFFSET_AT, offset);
	memcpy(state + RACEWAY_JOURNAL_HEADER, data, bytes);
	raceway_put64(state + SUM_AT, sum_of(state, RACEWAY_JOURNAL_HEADER + bytes));
	*ret_bytes = RACEWAY_JOURNAL_HEADER + bytes;
	return state;
}

int raceway_journal_parse(const uint8_t *state, size_t bytes, uint64_t *ret_offset,
			  const uint8_t **ret_data, size_t *ret_bytes)
{
	if (bytes <= RACEWAY_JOURNAL_HEADER || raceway_get32(state) != MAGIC ||
	    raceway_get16(state + 4) != VERSION ||
	    raceway_get64(state + SUM_AT) != sum_of(state, bytes))
		return -EBADMSG;
	*ret_offset = raceway_get64(state + OFFSET_AT);
	*ret_data = state + RACEWAY_JOURNAL_HEADER;
	*ret_bytes = bytes - RACEWAY_JOURNAL_HEADER;
	return 0;
}
