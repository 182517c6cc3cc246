/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a command will cost of the rates, by its CDB. */
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/codes.h"
#include "scsi/command.h"

#define UNMAP_BIT 0x08

enum direction {
	NEITHER,
	READS,
	WRITES,
	BOTH,
};

static enum direction direction_of(const uint8_t *cdb)
{
	switch (cdb[0]) {
	case RACEWAY_OP_READ_6:
	case RACEWAY_OP_READ_10:
	case RACEWAY_OP_READ_12:
	case RACEWAY_OP_READ_16:
	case RACEWAY_OP_VERIFY_10:
	case RACEWAY_OP_VERIFY_12:
	case RACEWAY_OP_VERIFY_16:
		return READS;
	case RACEWAY_OP_WRITE_6:
	case RACEWAY_OP_WRITE_10:
	case RACEWAY_OP_WRITE_12:
	case RACEWAY_OP_WRITE_16:
	case RACEWAY_OP_WRITE_ATOMIC_16:
	case RACEWAY_OP_WRITE_SAME_10:
	case RACEWAY_OP_WRITE_SAME_16:
		return WRITES;
	case RACEWAY_OP_WRITE_VERIFY_10:
	case RACEWAY_OP_WRITE_VERIFY_12:
	case RACEWAY_OP_WRITE_VERIFY_16:
	case RACEWAY_OP_COMPARE_AND_WRITE:
	case RACEWAY_OP_ORWRITE_16:
		return BOTH;
	default:
		return NEITHER;
	}
}

/* Whether the initiator sends or gets as much as it names. */
static bool is_transfer(const uint8_t *cdb)
{
	switch (cdb[0]) {
	case RACEWAY_OP_VERIFY_10:
	case RACEWAY_OP_VERIFY_12:
	case RACEWAY_OP_VERIFY_16:
	case RACEWAY_OP_WRITE_SAME_10:
	case RACEWAY_OP_WRITE_SAME_16:
		return false;
	default:
		return true;
	}
}

/* Blocks that pass between initiator or unit and disk. */
static uint64_t blocks_of(const uint8_t *cdb)
{
	struct raceway_range range;

	switch (cdb[0]) {
	case RACEWAY_OP_COMPARE_AND_WRITE:
		return cdb[13];
	case RACEWAY_OP_WRITE_ATOMIC_16:
		return raceway_get16(cdb + 12);
	case RACEWAY_OP_WRITE_SAME_10:
	case RACEWAY_OP_WRITE_SAME_16:
		if (cdb[1] & UNMAP_BIT) /* a range is given back, nothing is written */
			return 0;
		break;
	default:
		break;
	}
	raceway_cdb_range(cdb, &range);
	return range.blocks;
}

void raceway_cdb_cost(const uint8_t *cdb, uint8_t cdb_bytes, uint32_t block_bytes,
		      struct raceway_cdb_cost *ret_cost)
{
	enum direction direction;
	uint8_t whole[RACEWAY_CDB_MAX] = { 0 };

	memcpy(whole, cdb, cdb_bytes < sizeof(whole) ? cdb_bytes : sizeof(whole));
	direction = direction_of(whole);
	ret_cost->read = direction == READS || direction == BOTH;
	ret_cost->write = direction == WRITES || direction == BOTH;
	ret_cost->bytes = direction == NEITHER ? 0 : blocks_of(whole) * block_bytes;
	/* A transfer of more is refused, and costs nothing. */
	if (is_transfer(whole) && ret_cost->bytes > RACEWAY_TRANSFER_MAX)
		ret_cost->bytes = 0;
}
