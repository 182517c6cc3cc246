/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Persistent reservations over restarts (SPC-4 5.12.5): one file per volume, in STATE_DIR/pr. */
#ifndef RACEWAY_VHBA_KEEP_H
#define RACEWAY_VHBA_KEEP_H

#include "scsi/nexus.h"

struct raceway_vhba_keep {
	struct raceway_lu_keep keep; /* its context is this struct */
	int dir;		     /* of the state files, borrowed */
	char file[32];		     /* its name: the volume's id, and what it is for */
};

/* Makes and opens STATE_DIR/pr. 0 or -errno. */
int raceway_keep_open(const char *state_dir, int *ret_dir);
#define RACEWAY_KEEP_STATE ""	       /* reservations, and SANITIZE */
#define RACEWAY_KEEP_JOURNAL ".atomic" /* a write that is to be done as one */

/* `keep` stays where it is as long as its unit lives. */
void raceway_keep_init(struct raceway_vhba_keep *keep, int dir, uint64_t volume_id,
		       const char *suffix);
/* What it keeps goes. Blocking. */
void raceway_keep_drop(const struct raceway_vhba_keep *keep);
/* What was kept of a volume that is deleted goes. */
void raceway_keep_forget(int dir, uint64_t volume_id);

#endif
