/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands that read what is there: VERIFY, WRITE AND VERIFY, and those that decide by it and must
 * be one with their write. */
#include "bed.h"

#include <errno.h>
#include <string.h>

static struct bed_task t, u, v;

Test(check, verify_compares_what_it_is_asked_to)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (unsigned int i = 0; i < 4 * BED_BLOCK; i++)
		disk->data[5 * BED_BLOCK + i] = t.out[i] = (uint8_t)(i * 7);
	bed_good(&t, nexus, "2f 02 00 00 00 05 00 00 04 00", 0, 4 * BED_BLOCK);
	bed_good(&t, nexus, "af 02 00 00 00 05 00 00 00 04 00 00", 0, 4 * BED_BLOCK);
	bed_good(&t, nexus, "8f 02 00 00 00 00 00 00 00 05 00 00 00 04 00 00", 0, 4 * BED_BLOCK);
	disk->data[7 * BED_BLOCK + 3] ^= 1;
	bed_run(&t, nexus, "2f 02 00 00 00 05 00 00 04 00", 0, 4 * BED_BLOCK);
	bed_expect_sense(&t, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), 2 * BED_BLOCK + 3);
	bed_good(&t, nexus, "2f 02 00 00 00 05 00 00 02 00", 0, 2 * BED_BLOCK);
	bed_good(&t, nexus, "2f 00 00 00 00 05 00 00 04 00", 0, 0);
	bed_run(&t, nexus, "2f 04 00 00 00 05 00 00 04 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "2f 02 00 00 0f ff 00 00 02 00", 0, 2 * BED_BLOCK);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
}

Test(check, a_difference_in_a_later_piece)
{
	static uint8_t data[3000 * BED_BLOCK];
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	data[2999 * BED_BLOCK + 1] = 1;
	bed_prepare(&t, nexus, "2f 02 00 00 00 00 00 0b b8 00", 0, BED_BLOCK);
	t.task.out = data;
	t.task.out_bytes = t.task.expected_bytes = sizeof(data);
	raceway_scsi_execute(&t.task);
	bed_expect_sense(&t, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), 2999 * BED_BLOCK + 1);
}

Test(check, one_block_against_many)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->data, 'p', 2048 * BED_BLOCK);
	memset(disk->data + 2048 * BED_BLOCK, 'p', 1024 * BED_BLOCK);
	memset(t.out, 'p', BED_BLOCK);
	bed_good(&t, nexus, "8f 06 00 00 00 00 00 00 00 00 00 00 0c 00 00 00", 0, BED_BLOCK);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 2, "in pieces of 1 MiB");
	disk->data[2500 * BED_BLOCK + 9] = 'q';
	bed_run(&t, nexus, "8f 06 00 00 00 00 00 00 00 00 00 00 0c 00 00 00", 0, BED_BLOCK);
	bed_expect_sense(&t, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), 9, "its place in the one block");
}

Test(check, verify_finds_what_cannot_be_read)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->fail[RACEWAY_IO_READ] = -EIO;
	disk->fail_offset = 3000ULL * BED_BLOCK;
	bed_good(&t, nexus, "2f 00 00 00 00 00 00 08 00 00", 0, 0);
	bed_run(&t, nexus, "2f 00 00 00 00 00 00 0c 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_UNRECOVERED_READ_ERROR);
}

Test(check, write_and_verify)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(t.out, 'w', 1024);
	bed_good(&t, nexus, "2e 02 00 00 00 01 00 00 02 00", 0, 1024);
	cr_assert(disk->data[512] == 'w' && disk->data[1535] == 'w' && !disk->data[1536]);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 1);
	bed_good(&t, nexus, "ae 00 00 00 00 01 00 00 00 02 00 00", 0, 1024);
	bed_good(&t, nexus, "8e 02 00 00 00 00 00 00 00 01 00 00 00 02 00 00", 0, 1024);
	bed_run(&t, nexus, "2e 06 00 00 00 01 00 00 02 00", 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	disk->fail[RACEWAY_IO_WRITE] = -ENOSPC;
	bed_run(&t, nexus, "2e 02 00 00 00 01 00 00 02 00", 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
}

#define COMPARE_1 "89 00 00 00 00 00 00 00 00 03 00 00 00 01 00 00"

Test(check, compare_and_write)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->data + 3 * BED_BLOCK, 'o', BED_BLOCK);
	memset(t.out, 'o', BED_BLOCK);
	memset(t.out + BED_BLOCK, 'n', BED_BLOCK);
	bed_good(&t, nexus, COMPARE_1, 0, 1024);
	cr_assert_eq(disk->data[3 * BED_BLOCK + 511], 'n');
	cr_assert_not(disk->last.fua);
	bed_run(&t, nexus, COMPARE_1, 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), 0);
	disk->data[3 * BED_BLOCK + 100] = 'o';
	memset(t.out, 'n', BED_BLOCK);
	bed_run(&t, nexus, COMPARE_1, 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), 100);
	cr_assert_eq(disk->data[3 * BED_BLOCK + 100], 'o', "nothing was written");
	bed_run(&t, nexus, COMPARE_1, 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, COMPARE_1, 0, 2048);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "89 08 00 00 00 00 00 00 00 03 00 00 00 00 00 00", 0, 0);
}

/* Two initiators on two workers want the same lock. One gets it. */
Test(check, compare_and_write_is_one)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	memset(t.out + BED_BLOCK, 'a', BED_BLOCK);
	memset(u.out + BED_BLOCK, 'b', BED_BLOCK);
	memset(v.out, 'v', BED_BLOCK);
	bed_run(&t, nexus, COMPARE_1, 0, 1024);
	bed_prepare(&u, other, COMPARE_1, 0, 1024);
	u.task.worker = bed_worker(1);
	raceway_scsi_execute(&u.task);
	bed_run(&v, nexus, "2a 00 00 00 00 03 00 00 01 00", 0, 512);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 1);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 0, "a write waits too");
	bed_complete(disk);
	bed_complete(disk);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->data[3 * BED_BLOCK], 'a');
	cr_assert_eq(bed_run_calls(bed_worker(1)), 1);
	bed_complete(disk);
	bed_expect_sense(&u, RACEWAY_KEY_MISCOMPARE, RACEWAY_ASC_MISCOMPARE);
	cr_assert_eq(bed_run_calls(bed_worker(0)), 1);
	bed_complete(disk);
	bed_expect(&v, RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->data[3 * BED_BLOCK], 'v');
	cr_assert_not(bed_complete(disk));
}

/* It waits for what came before, too, and gives up its place if it is aborted. */
Test(check, compare_and_write_waits_and_may_be_aborted)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	bed_run(&v, nexus, "2a 00 00 00 00 03 00 00 01 00", 0, 512);
	bed_run(&t, other, COMPARE_1, 0, 1024);
	bed_run(&u, nexus, "28 00 00 00 00 03 00 00 01 00", 512, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 0);
	raceway_nexus_free(other);
	bed_complete(disk);
	bed_expect(&v, RACEWAY_SCSI_GOOD);
	cr_assert(t.done == 1 && t.task.aborted);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 1, "the read behind it goes on");
	bed_complete(disk);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
}

Test(check, or_write)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->data, 0x50, BED_BLOCK);
	memset(t.out, 0x0a, 1024);
	bed_good(&t, nexus, "8b 08 00 00 00 00 00 00 00 00 00 00 00 02 00 00", 0, 1024);
	cr_assert(disk->data[0] == 0x5a && disk->data[512] == 0x0a && !disk->data[1024]);
	cr_assert(disk->last.fua);
	disk->fail[RACEWAY_IO_READ] = -EIO;
	bed_run(&t, nexus, "8b 00 00 00 00 00 00 00 00 00 00 00 00 02 00 00", 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_UNRECOVERED_READ_ERROR);
}

Test(check, write_atomic)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(t.out, 'x', 1024);
	bed_good(&t, nexus, "9c 00 00 00 00 00 00 00 00 01 00 00 00 02 00 00", 0, 1024);
	cr_assert(disk->data[512] == 'x' && disk->data[1535] == 'x');
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 1);
	bed_run(&t, nexus, "9c 00 00 00 00 00 00 00 00 01 00 01 00 02 00 00", 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "9c 00 00 00 00 00 00 00 00 00 00 00 08 01 00 00", 0, 1024);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "9c 00 00 00 00 00 00 00 10 00 00 00 00 01 00 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
}
