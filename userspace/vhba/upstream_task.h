/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands as libiscsi has them, and answers as the transport wants them. */
#ifndef RACEWAY_VHBA_UPSTREAM_TASK_H
#define RACEWAY_VHBA_UPSTREAM_TASK_H

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "scsi/task.h"

/* The command for libiscsi, with the task's buffers; room for data-in becomes the task's. NULL
 * without memory. */
struct scsi_task *raceway_upstream_request(struct raceway_task *task);
/* The array has answered. */
void raceway_upstream_answered(struct raceway_task *task, const struct scsi_task *scsi,
			       uint8_t status);
/* The session is lost, or does not come. Who can be repeated is told to (BUSY); of others, once
 * they were sent, it is not known whether they were carried out (ABORTED COMMAND). */
void raceway_upstream_failed(struct raceway_task *task, bool sent);
/* True: the answer tells capacity and block length. */
bool raceway_upstream_capacity(const struct raceway_task *task, uint64_t *ret_bytes,
			       uint32_t *ret_block_bytes);

#endif
