/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stable storage of the tests: it can be slow, and can fail. Included once by each. */
#ifndef RACEWAY_TESTS_SCSI_KEPT_H
#define RACEWAY_TESTS_SCSI_KEPT_H

#include "bed.h"

#include <string.h>

static struct kept {
	uint8_t state[400000];
	size_t bytes;
	int error;
	unsigned int saves;
	bool slow; /* a save ends only by end_save() */
	struct raceway_keep_write *held;
} kept;

static inline void end_save(struct raceway_keep_write *write)
{
	write->result = kept.error;
	if (!write->result) {
		if (write->bytes)
			memcpy(kept.state, write->state, write->bytes);
		kept.bytes = write->bytes;
	}
	write->done(write);
}

static inline void save(void *context, struct raceway_worker *worker,
			struct raceway_keep_write *write)
{
	cr_assert_eq(context, &kept);
	cr_assert_eq(worker, bed_worker(0));
	cr_assert_leq(write->bytes, sizeof(kept.state));
	kept.saves++;
	if (kept.slow) {
		cr_assert_null(kept.held, "one at a time");
		kept.held = write;
	} else {
		end_save(write);
	}
}

static inline void end_held(void)
{
	struct raceway_keep_write *write = kept.held;

	cr_assert_not_null(write);
	kept.held = NULL;
	end_save(write);
}

static inline int load(void *context, void *state, size_t room, size_t *ret_bytes)
{
	struct kept *k = context;

	if (k->error)
		return k->error;
	cr_assert_leq(k->bytes, room);
	memcpy(state, k->state, k->bytes);
	*ret_bytes = k->bytes;
	return 0;
}

static const struct raceway_lu_keep keep = { save, load, &kept };

/* A unit that keeps its state there, or finds it; what raceway_lu_new() says. */
static inline int kept_lu(struct bed_disk *disk, struct raceway_lu **ret_lu)
{
	struct raceway_lu_options options = { .disk = &disk->disk, .keep = &keep };

	return raceway_lu_new(&options, ret_lu);
}

#endif
