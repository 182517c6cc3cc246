/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANITIZE: what it erases, how it is paced and seen, and that nothing stops it. */
#include "bed.h"

#include <errno.h>
#include <string.h>

#include "kept.h"

static struct bed_task t, u;

#define OVERWRITE "48 01 00 00 00 00 00 02 04 00"
#define SECOND 1000000000ULL
#define READY "00 00 00 00 00 00"

static void put_list(uint8_t flags, uint16_t pattern)
{
	t.out[0] = flags;
	t.out[1] = 0;
	raceway_put16(t.out + 2, pattern);
	for (unsigned int i = 0; i < pattern; i++)
		t.out[4 + i] = (uint8_t)(i + 1);
}

static void expect_all(const struct bed_disk *disk, unsigned int pattern, uint8_t mask)
{
	for (unsigned int i = 0; i < BED_BLOCKS * BED_BLOCK; i++)
		cr_assert_eq(disk->data[i], (uint8_t)((i % BED_BLOCK % pattern + 1) ^ mask),
			     "byte %u", i);
}

Test(sanitize, overwriting)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	put_list(1, 512);
	bed_run(&t, nexus, OVERWRITE, 0, 516);
	cr_assert_eq(t.done, 0);
	bed_run(&u, nexus, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_NOT_READY, RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	bed_run(&u, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_expect_sense(&u, RACEWAY_KEY_NOT_READY, RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	bed_run(&u, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_NOT_READY, RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	bed_good(&u, nexus, "12 00 00 00 ff 00", 255, 0);
	bed_pass(3 * SECOND);
	cr_assert_eq(t.done, 0);
	bed_good(&u, nexus, "03 00 00 00 ff 00", 255, 0);
	cr_assert_eq(raceway_get16(u.task.in + 12), RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	cr_assert_eq(u.task.in[15], 0x80);
	cr_assert_geq(raceway_get16(u.task.in + 16), 0x7fff, "half is done");
	bed_pass(2 * SECOND);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	expect_all(disk, 512, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_FLUSH], 1);
	bed_good(&u, nexus, READY, 0, 0);
}

Test(sanitize, passes_and_short_patterns)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	put_list(0x82, 3);
	bed_run(&t, nexus, "48 01 00 00 00 00 00 00 07 00", 0, 7);
	bed_pass(6 * SECOND);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 4, "two passes");
	expect_all(disk, 3, 0xff);
}

Test(sanitize, erasing)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (unsigned int action = 2; action <= 3; action++) {
		memset(disk->data, 'x', BED_BLOCKS * BED_BLOCK);
		memset(disk->mapped, 1, sizeof(disk->mapped));
		bed_good(&t, nexus,
			 action == 2 ? "48 02 00 00 00 00 00 00 00 00"
				     : "48 83 00 00 00 00 00 00 00 00",
			 0, 0);
		for (unsigned int i = 0; i < BED_BLOCKS; i++)
			cr_assert(!disk->data[i * BED_BLOCK] && !disk->mapped[i]);
	}
	disk->disk.thin = false;
	bed_good(&t, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_ZERO], 1);
}

Test(sanitize, lists_that_are_wrong)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));
	static const char *const cdbs[] = {
		"48 02 00 00 00 00 00 00 08 00", "48 1f 00 00 00 00 00 00 08 00",
		"48 01 00 00 00 00 00 00 04 00", "48 01 00 00 00 00 00 02 05 00",
		"48 41 00 00 00 00 00 02 04 00", "48 04 00 00 00 00 00 00 00 00"
	};

	for (size_t i = 0; i < sizeof(cdbs) / sizeof(cdbs[0]); i++) {
		put_list(1, 512);
		bed_run(&t, nexus, cdbs[i], 0, 1024);
		bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	}
	put_list(0, 512);
	bed_run(&t, nexus, OVERWRITE, 0, 516);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	put_list(1, 511);
	bed_run(&t, nexus, OVERWRITE, 0, 516);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	put_list(1, 512);
	bed_run(&t, nexus, OVERWRITE, 0, 515);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 0);
	bed_good(&t, nexus, "48 1f 00 00 00 00 00 00 00 00", 0, 0);
}

static unsigned int answered;

static void managed(struct raceway_tmf_request *request, enum raceway_tmf_response response)
{
	answered++;
	cr_assert_eq(response, RACEWAY_TMF_COMPLETE);
}

Test(sanitize, nothing_stops_it)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);
	struct raceway_tmf_request request = { .nexus = nexus, .done = managed };

	put_list(1, 512);
	bed_run(&t, nexus, OVERWRITE, 0, 516);
	request.function = RACEWAY_TMF_ABORT_TASK;
	request.tag = t.task.tag;
	raceway_scsi_manage(&request);
	cr_assert_eq(answered, 1);
	cr_assert(t.done == 1 && t.task.aborted, "who waited need not wait");
	request.function = RACEWAY_TMF_LOGICAL_UNIT_RESET;
	raceway_scsi_manage(&request);
	raceway_nexus_free(nexus);
	bed_run(&u, other, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_UNIT_ATTENTION, 0x2903);
	bed_run(&u, other, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_NOT_READY, RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	/* Not even that nobody has the unit any more. */
	raceway_nexus_free(other);
	raceway_lu_put(lu);
	bed_pass(6 * SECOND);
	expect_all(disk, 512, 0);
}

Test(sanitize, a_failure_lasts_until_it_is_given_up)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu);

	disk->fail[RACEWAY_IO_UNMAP] = -EIO;
	bed_run(&t, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	bed_run(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	bed_run(&t, nexus, "48 1f 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "48 a2 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_run(&t, nexus, READY, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	bed_good(&t, nexus, "48 1f 00 00 00 00 00 00 00 00", 0, 0);
	bed_good(&t, nexus, READY, 0, 0);
	bed_run(&t, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	disk->fail[RACEWAY_IO_UNMAP] = 0;
	bed_good(&t, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	bed_good(&t, nexus, READY, 0, 0);
	raceway_nexus_free(nexus);
	raceway_lu_put(lu);
}

#define ERASE "48 02 00 00 00 00 00 00 00 00"
#define ERASE_UNRESTRICTED "48 22 00 00 00 00 00 00 00 00"
#define GIVE_UP "48 1f 00 00 00 00 00 00 00 00"

static struct raceway_nexus *kept_nexus(struct bed_disk *disk)
{
	struct raceway_lu *lu;

	cr_assert_eq(kept_lu(disk, &lu), 0);
	return bed_nexus("a", lu);
}

/* Nothing is erased before it is kept that it will be, and nobody is let in before it is kept that
 * it was. */
Test(sanitize, it_is_kept_that_it_runs)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = kept_nexus(disk);

	kept.slow = true;
	bed_run(&t, nexus, ERASE, 0, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_UNMAP], 0);
	end_held();
	cr_assert_gt(disk->count[RACEWAY_IO_UNMAP], 0);
	cr_assert_eq(t.done, 0);
	bed_run(&u, nexus, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_NOT_READY, RACEWAY_ASC_SANITIZE_IN_PROGRESS);
	end_held();
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_good(&u, nexus, READY, 0, 0);
	bed_good(&u, kept_nexus(disk), READY, 0, 0);
}

/* The engine died while it ran. */
Test(sanitize, one_that_was_cut_off_has_failed)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = kept_nexus(disk);

	disk->slow = true;
	bed_run(&t, nexus, ERASE, 0, 0);
	nexus = kept_nexus(disk);
	bed_run(&u, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_expect_sense(&u, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	bed_run(&u, nexus, GIVE_UP, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	disk->slow = false;
	bed_good(&u, nexus, ERASE, 0, 0);
	bed_good(&u, nexus, READY, 0, 0);
	bed_good(&u, kept_nexus(disk), READY, 0, 0);
}

Test(sanitize, a_failure_is_kept_until_it_is_given_up)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = kept_nexus(disk);

	disk->fail[RACEWAY_IO_UNMAP] = -EIO;
	bed_run(&t, nexus, ERASE_UNRESTRICTED, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	nexus = kept_nexus(disk);
	bed_run(&u, nexus, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	kept.error = -EIO;
	bed_run(&u, nexus, GIVE_UP, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
	bed_run(&u, nexus, READY, 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_SANITIZE_FAILED);
	kept.error = 0;
	bed_good(&u, nexus, GIVE_UP, 0, 0);
	bed_good(&u, nexus, READY, 0, 0);
	bed_good(&u, kept_nexus(disk), READY, 0, 0);
}

Test(sanitize, what_cannot_be_kept_does_not_begin)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = kept_nexus(disk);

	kept.error = -ENOSPC;
	bed_run(&t, nexus, ERASE, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
	cr_assert_eq(disk->count[RACEWAY_IO_UNMAP], 0);
	bed_good(&u, nexus, READY, 0, 0);
}

/* Reservations that are kept stay beside it. */
Test(sanitize, reservations_stay)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = kept_nexus(disk);

	memset(t.out, 0, 24);
	raceway_put64(t.out + 8, 0xa);
	t.out[20] = 1;
	bed_good(&t, nexus, "5f 00 00 00 00 00 00 00 18 00", 0, 24);
	bed_good(&t, nexus, ERASE, 0, 0);
	nexus = kept_nexus(disk);
	bed_good(&u, nexus, "5e 00 00 00 00 00 00 00 ff 00", 255, 0);
	cr_assert_eq(raceway_get32(u.task.in + 4), 8);
	cr_assert_eq(raceway_get64(u.task.in + 8), 0xa);
}
