/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One session with the LUN under torture: made, checked, written to by many commands at once, and
 * gone at any moment. libiscsi's own reconnect is off, so that each end is seen. */
#ifndef RACEWAY_TORTURE_LINK_H
#define RACEWAY_TORTURE_LINK_H

#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>

#include "cells.h"

#define OPS_MAX 128
#define OP_CELLS_MAX 64U

enum op_kind {
	OP_WRITE,
	OP_WRITE_FUA,
	OP_UNMAP,
	OP_SYNC,
	OP_KINDS,
};

struct link;

struct op {
	struct link *link;
	enum op_kind kind;
	uint32_t first, count; /* cells */
	bool used;
	uint8_t *data; /* room for OP_CELLS_MAX cells */
};

struct link {
	const char *url;
	const char *initiator; /* NULL: libiscsi's choice */
	struct cells *cells;
	struct iscsi_context *iscsi; /* NULL: no session */
	int lun;
	uint32_t block_bytes;
	bool unmaps; /* the LUN does, and reads zeroes then */
	uint32_t run;
	unsigned int depth;
	unsigned int under_way;
	bool syncing;
	struct op ops[OPS_MAX];
	uint64_t done[OP_KINDS];
	uint64_t refused; /* the LUN was well and said no */
};

/* 0, or -ENOTCONN: try again. -EINVAL: this will never do. */
int link_open(struct link *link);
/* Without a logout. What is under way ends without an answer; returns how many that were. */
unsigned int link_drop(struct link *link);
/* Reads all cells, nothing being under way. -ENOTCONN if the session ended meanwhile. */
int link_check(struct link *link, struct cells_found *found);
/* Sends commands of random kinds until depth are under way. */
void link_fill(struct link *link, uint64_t *random);
/* Waits for answers, at most ms. -ENOTCONN if the session has ended. */
int link_wait(struct link *link, int ms);

uint32_t random_below(uint64_t *state, uint32_t bound);

#endif
