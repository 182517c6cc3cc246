/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is more than a field of a PDU: additional header segments, and which flags of a command
 * go together. */
#include "iscsi/pdu.h"

#include <errno.h>

#include "scsi/task.h"

#define AHS_CDB 1
#define AHS_BIDIRECTIONAL 2
#define AHS_HEAD_BYTES 4 /* length, type, and one byte that both types have for themselves */
#define CDB_IN_BHS 16

int raceway_ahs_parse(const uint8_t *ahs, size_t bytes, struct raceway_ahs *ret_ahs)
{
	struct raceway_ahs found = { 0 };

	for (size_t at = 0; at < bytes;) {
		size_t length, whole;

		if (bytes - at < AHS_HEAD_BYTES)
			return -EINVAL;
		/* Counts what follows the type, whose first byte is reserved. */
		length = (size_t)ahs[at] << 8 | ahs[at + 1];
		whole = 3 + length;
		whole += raceway_pad_bytes((uint32_t)whole);
		if (length == 0 || whole > bytes - at)
			return -EINVAL;
		switch (ahs[at + 2]) {
		case AHS_CDB:
			if (found.cdb || length < 2)
				return -EINVAL;
			if (length - 1 > RACEWAY_CDB_MAX - CDB_IN_BHS)
				return -E2BIG;
			found.cdb = &ahs[at + AHS_HEAD_BYTES];
			found.cdb_bytes = (uint8_t)(length - 1);
			break;
		case AHS_BIDIRECTIONAL:
			if (found.bidirectional || length != 5)
				return -EINVAL;
			found.bidirectional = true;
			break;
		default:
			return -EINVAL;
		}
		at += whole;
	}
	*ret_ahs = found;
	return 0;
}

bool raceway_command_valid(const struct raceway_bhs *bhs)
{
	bool read = bhs->flags & RACEWAY_PDU_READ, write = bhs->flags & RACEWAY_PDU_WRITE;

	if (bhs->itt == htobe32(RACEWAY_TAG_NONE))
		return false;
	if ((bhs->flags & RACEWAY_PDU_ATTRIBUTE) > RACEWAY_TASK_ACA)
		return false;
	/* Only a write may announce data that nobody asks for. */
	if (!write && (!(bhs->flags & RACEWAY_PDU_FINAL) || raceway_bhs_data_bytes(bhs) > 0))
		return false;
	if (!read && !write && bhs->command.expected_bytes != 0)
		return false;
	return raceway_bhs_data_bytes(bhs) <= be32toh(bhs->command.expected_bytes);
}
