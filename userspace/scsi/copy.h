/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* EXTENDED COPY (SPC-4 5.16, 6.4), the form with a list identifier of one byte: blocks from unit to
 * unit of those that one nexus sees. */
#ifndef RACEWAY_SCSI_COPY_H
#define RACEWAY_SCSI_COPY_H

#include "scsi/lu.h"

#define RACEWAY_COPY_TARGETS_MAX 16
#define RACEWAY_COPY_SEGMENTS_MAX 32
#define RACEWAY_COPY_TARGET_BYTES 32
#define RACEWAY_COPY_SEGMENT_BYTES 28
#define RACEWAY_COPY_LIST_MAX                                                                      \
	(RACEWAY_COPY_TARGETS_MAX * RACEWAY_COPY_TARGET_BYTES +                                    \
	 RACEWAY_COPY_SEGMENTS_MAX * RACEWAY_COPY_SEGMENT_BYTES)
#define RACEWAY_COPY_SEGMENT_MAX 0xffffU /* blocks of one segment */
#define RACEWAY_COPY_TARGET_IDENTIFICATION 0xe4
#define RACEWAY_COPY_BLOCK_TO_BLOCK 0x02
#define RACEWAY_COPIES_PER_NEXUS 2 /* under way at once; TASK SET FULL for more */
#define RACEWAY_COPY_RESULTS 4	   /* kept of the latest copies, per I_T_L nexus */

/* What RECEIVE COPY RESULTS tells of one copy. */
struct raceway_copy_result {
	bool used, running, failed;
	uint8_t list;
	uint16_t segments; /* that were done */
	uint64_t bytes;
	uint8_t sense_bytes;
	uint8_t sense[RACEWAY_SENSE_MAX];
};

/* How much an EXTENDED COPY is to copy, as far as its list can be read; it need not have begun. */
uint64_t raceway_copy_bytes(const struct raceway_task *task);
/* Of this list, or NULL. */
struct raceway_copy_result *raceway_copy_result_find(struct raceway_itl *itl, uint8_t list);

#endif
