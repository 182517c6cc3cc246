/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* WRITE ATOMIC: it is kept before it is done, and as long as it is, and not a moment longer. */
#include "bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kept.h"
#include "scsi/journal.h"

#define WRITE_2 "9c 00 00 00 00 00 00 00 00 03 00 00 00 02 00 00"
#define READ_1 "28 00 00 00 00 00 00 00 01 00"
#define SECOND 1000000000ULL

static struct bed_task t, u;
static struct bed_disk *disk;
static struct raceway_nexus *nexus;

static void begin(void)
{
	struct raceway_lu_options options = { .journal = &keep };
	struct raceway_lu *lu;

	disk = bed_disk();
	options.disk = &disk->disk;
	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
	nexus = bed_nexus("a", lu);
	memset(t.out, 0x5a, 1024);
}

Test(atomic, kept_done_forgotten, .init = begin)
{
	const uint8_t *data = NULL;
	uint64_t offset = 0;
	size_t bytes = 0;

	kept.slow = true;
	bed_run(&t, nexus, WRITE_2, 0, 1024);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 0, "it is not kept yet");
	cr_assert_not_null(kept.held);
	cr_assert_eq(
		raceway_journal_parse(kept.held->state, kept.held->bytes, &offset, &data, &bytes),
		0);
	cr_assert(offset == 3 * 512 && bytes == 1024);
	cr_assert_arr_eq(data, t.out, 1024);
	end_held();
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 1);
	cr_assert(disk->last.fua, "before it is forgotten it is on stable storage");
	cr_assert_arr_eq(disk->data + 3 * BED_BLOCK, t.out, 1024);
	bed_run(&u, nexus, READ_1, 512, 0);
	cr_assert(!t.done && !u.done, "it is kept still");
	cr_assert_eq(kept.held->bytes, 0);
	end_held();
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	cr_assert_eq(kept.bytes, 0);
}

Test(atomic, what_cannot_be_kept_is_not_done, .init = begin)
{
	kept.error = -ENOSPC;
	bed_run(&t, nexus, WRITE_2, 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 0);
	bed_good(&u, nexus, READ_1, 512, 0);
}

/* Who was told that it failed does not find it done after the next start. */
Test(atomic, what_fails_is_forgotten, .init = begin)
{
	disk->fail[RACEWAY_IO_WRITE] = -EIO;
	bed_run(&t, nexus, WRITE_2, 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
	cr_assert_eq(kept.saves, 2);
	cr_assert_eq(kept.bytes, 0);
}

/* Nobody writes what the next start would undo. */
Test(atomic, it_is_forgotten_before_anything_else, .init = begin)
{
	kept.slow = true;
	bed_run(&t, nexus, WRITE_2, 0, 1024);
	end_held();
	kept.error = -EIO;
	end_held();
	bed_run(&u, nexus, "2a 00 00 00 00 03 00 00 01 00", 0, 512);
	cr_assert(!t.done && !u.done);
	bed_pass(SECOND);
	end_held();
	cr_assert(!t.done && !u.done);
	kept.error = 0;
	bed_pass(SECOND);
	end_held();
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
}

Test(atomic, a_journal_that_is_not_whole)
{
	const uint8_t *data = NULL;
	uint64_t offset = 7;
	size_t whole, bytes;
	uint8_t *state = raceway_journal_pack(512, "sixteen bytes...", 16, &whole);

	cr_assert_not_null(state);
	for (size_t i = 0; i < whole; i++) {
		state[i] ^= 1;
		cr_expect_eq(raceway_journal_parse(state, whole, &offset, &data, &bytes), -EBADMSG,
			     "byte %zu", i);
		state[i] ^= 1;
		cr_expect_eq(raceway_journal_parse(state, i, &offset, &data, &bytes), -EBADMSG);
	}
	cr_expect_eq(offset, 7);
	cr_expect_eq(raceway_journal_parse(state, whole, &offset, &data, &bytes), 0);
	cr_expect(offset == 512 && bytes == 16);
	free(state);
}
