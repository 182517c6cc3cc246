/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANITIZE (SBC-3 4.11): erasing all of a unit, whatever becomes of the nexus that asked for it. */
#ifndef RACEWAY_SCSI_SANITIZE_H
#define RACEWAY_SCSI_SANITIZE_H

#include "scsi/sense.h"
#include "scsi/task.h"

/* An overwrite is paced, so that it leaves the store to others, and can be watched: it takes this
 * long at least, and is no faster than this. */
#define RACEWAY_SANITIZE_LEAST_NS 5000000000ULL
#define RACEWAY_SANITIZE_BYTES_PER_S (512ULL << 20)

struct raceway_sanitize;

/* One that does not run; NULL is none. */
void raceway_sanitize_free(struct raceway_sanitize *sanitize);
/* A unit that is opened, and whose last one never ended: it counts as failed, and `unrestricted`
 * says whether it may be given up. 0 or -ENOMEM. */
int raceway_sanitize_restore(struct raceway_lu *lu, bool unrestricted);
/* What every command but a few is refused with while it runs, or has failed. False: neither. */
bool raceway_sanitize_sense(struct raceway_lu *lu, struct raceway_sense *ret_sense);

#endif
