/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A LUN of an array elsewhere, logged in to by iSCSI in the name of a vHBA: its commands pass
 * through, and the array is its device server. One session for each vHBA and volume, on a worker
 * of its own choice. */
#ifndef RACEWAY_VHBA_UPSTREAM_H
#define RACEWAY_VHBA_UPSTREAM_H

#include "scsi/disk.h"
#include "vhba/worker.h"

struct raceway_upstream_options {
	const char *initiator, *portal, *target; /* copied */
	uint16_t lun;
	struct raceway_worker *worker; /* where the session lives */
	/* Its connection has come up (NULL), or is lost or refused, and why. On `worker`. */
	void (*changed)(void *context, const char *why);
	/* After ops->close(), when nothing of it runs any more. On `worker`. */
	void (*closed)(void *context);
	void *context;
};

/* Begins to log in, and tries again as long as it is open; commands wait for 15 s for that, then
 * end as upstream_task.h has it. 0 or -ENOMEM. */
int raceway_upstream_open(const struct raceway_upstream_options *options,
			  struct raceway_disk **ret_disk);

#endif
