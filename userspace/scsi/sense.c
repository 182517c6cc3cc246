/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sense data in fixed format, 18 bytes, and in descriptor format, eight bytes and descriptors. */
#include "scsi/sense.h"

#include <string.h>

#include "scsi/bytes.h"

#define CURRENT_FIXED 0x70
#define CURRENT_DESCRIPTOR 0x72
#define FIXED_VALID 0x80
#define SPECIFIC_VALID 0x80
#define SPECIFIC_IN_CDB 0x40
#define SPECIFIC_BIT_VALID 0x08
#define DESCRIPTOR_INFORMATION 0x00
#define DESCRIPTOR_COMMAND 0x01
#define DESCRIPTOR_SPECIFIC 0x02

/* The three bytes of SENSE KEY SPECIFIC data (SPC-4 4.5.2.4). */
static void put_specific(const struct raceway_sense *sense, uint8_t *to)
{
	to[0] = SPECIFIC_VALID;
	if (sense->specific == RACEWAY_SPECIFIC_PROGRESS) {
		raceway_put16(to + 1, sense->progress);
		return;
	}
	if (sense->specific == RACEWAY_SPECIFIC_CDB_FIELD)
		to[0] |= SPECIFIC_IN_CDB;
	if (sense->bit >= 0)
		to[0] |= SPECIFIC_BIT_VALID | (uint8_t)sense->bit;
	raceway_put16(to + 1, sense->field);
}

static size_t build_fixed(const struct raceway_sense *sense, uint8_t *to)
{
	memset(to, 0, RACEWAY_SENSE_FIXED_BYTES);
	to[0] = CURRENT_FIXED;
	to[2] = (uint8_t)sense->key;
	/* What does not fit four bytes is not told (SPC-4 4.5.3). */
	if (sense->has_information && sense->information <= UINT32_MAX) {
		to[0] |= FIXED_VALID;
		raceway_put32(to + 3, (uint32_t)sense->information);
	}
	to[7] = RACEWAY_SENSE_FIXED_BYTES - 8;
	raceway_put32(to + 8, (uint32_t)sense->command_information);
	raceway_put16(to + 12, (uint16_t)sense->asc);
	if (sense->specific != RACEWAY_SPECIFIC_NONE)
		put_specific(sense, to + 15);
	return RACEWAY_SENSE_FIXED_BYTES;
}

static uint8_t *put_descriptor(uint8_t *to, uint8_t type, uint8_t bytes)
{
	memset(to, 0, bytes);
	to[0] = type;
	to[1] = (uint8_t)(bytes - 2);
	return to;
}

static size_t build_descriptor(const struct raceway_sense *sense, uint8_t *to)
{
	uint8_t *end = to + 8, *d;

	memset(to, 0, 8);
	to[0] = CURRENT_DESCRIPTOR;
	to[1] = (uint8_t)sense->key;
	raceway_put16(to + 2, (uint16_t)sense->asc);
	if (sense->has_information) {
		d = put_descriptor(end, DESCRIPTOR_INFORMATION, 12);
		d[2] = FIXED_VALID;
		raceway_put64(d + 4, sense->information);
		end += 12;
	}
	if (sense->command_information) {
		d = put_descriptor(end, DESCRIPTOR_COMMAND, 12);
		raceway_put64(d + 4, sense->command_information);
		end += 12;
	}
	if (sense->specific != RACEWAY_SPECIFIC_NONE) {
		d = put_descriptor(end, DESCRIPTOR_SPECIFIC, 8);
		put_specific(sense, d + 4);
		end += 8;
	}
	to[7] = (uint8_t)(end - to - 8);
	return (size_t)(end - to);
}

size_t raceway_sense_build(const struct raceway_sense *sense, bool descriptor, uint8_t *to)
{
	return descriptor ? build_descriptor(sense, to) : build_fixed(sense, to);
}
