/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sense data (SPC-4 4.5). No state, no allocation. */
#ifndef RACEWAY_SCSI_SENSE_H
#define RACEWAY_SCSI_SENSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scsi/codes.h"

enum raceway_sense_specific {
	RACEWAY_SPECIFIC_NONE,
	RACEWAY_SPECIFIC_CDB_FIELD,  /* `field` and `bit` are in the CDB */
	RACEWAY_SPECIFIC_LIST_FIELD, /* ... in the parameter list */
	RACEWAY_SPECIFIC_PROGRESS,   /* `progress`, of 65,536 */
};

struct raceway_sense {
	enum raceway_sense_key key;
	enum raceway_asc asc;
	bool has_information;
	uint64_t information; /* what it means depends on the command */
	enum raceway_sense_specific specific;
	uint16_t field;
	int8_t bit; /* -1: the whole byte */
	uint16_t progress;
	uint64_t command_information; /* number of the segment; 0: none */
};

#define RACEWAY_SENSE_FIXED_BYTES 18

/* Writes fixed or descriptor format and returns how long it is. `room` is at least
 * RACEWAY_SENSE_MAX (task.h). */
size_t raceway_sense_build(const struct raceway_sense *sense, bool descriptor, uint8_t *to);

#endif
