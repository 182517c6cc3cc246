/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A write as it is kept on stable storage until all of it is on the disk, so that a loss of power
 * leaves all of it or nothing (SBC-4 4.29, WRITE ATOMIC). All numbers big-endian, and a sum over
 * everything. */
#ifndef RACEWAY_SCSI_JOURNAL_H
#define RACEWAY_SCSI_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#define RACEWAY_JOURNAL_HEADER 24 /* magic, version, sum, offset; the data follows */

/* free() it. NULL: out of memory. */
void *raceway_journal_pack(uint64_t offset, const void *data, size_t bytes, size_t *ret_bytes);
/* The data is a part of `state`. 0, or -EBADMSG. */
int raceway_journal_parse(const uint8_t *state, size_t bytes, uint64_t *ret_offset,
			  const uint8_t **ret_data, size_t *ret_bytes);

#endif
