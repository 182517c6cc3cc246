/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Space given back and asked about: WRITE SAME, UNMAP, GET LBA STATUS. */
#include "bed.h"

#include <errno.h>
#include <string.h>

static struct bed_task t;

Test(space, write_same_repeats_a_block)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (unsigned int i = 0; i < BED_BLOCK; i++)
		t.out[i] = (uint8_t)i;
	bed_good(&t, nexus, "93 00 00 00 00 00 00 00 00 01 00 00 0c 00 00 00", 0, BED_BLOCK);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 2, "in pieces of 1 MiB");
	for (unsigned int i = 1; i <= 3072; i++)
		cr_assert(memcmp(disk->data + i * BED_BLOCK, t.out, BED_BLOCK) == 0);
	cr_assert(!disk->data[511] && !disk->data[3073 * BED_BLOCK + 1]);
	bed_good(&t, nexus, "41 00 00 00 0f fe 00 00 00 00", 0, BED_BLOCK);
	cr_assert_eq(disk->data[4095 * BED_BLOCK + 1], 1, "0: to the end");
	disk->fail[RACEWAY_IO_WRITE] = -ENOSPC;
	bed_run(&t, nexus, "41 00 00 00 00 00 00 00 01 00", 0, BED_BLOCK);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
}

Test(space, write_same_knows_zeroes)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->data, 'x', 64 * BED_BLOCK);
	memset(disk->mapped, 1, 64);
	bed_good(&t, nexus, "41 00 00 00 00 00 00 00 08 00", 0, BED_BLOCK);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_ZERO);
	cr_assert(!disk->data[8 * BED_BLOCK - 1] && disk->data[8 * BED_BLOCK] == 'x');
	bed_good(&t, nexus, "41 08 00 00 00 08 00 00 08 00", 0, BED_BLOCK);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_UNMAP);
	cr_assert(!disk->mapped[15] && disk->mapped[16]);
	bed_good(&t, nexus, "93 09 00 00 00 00 00 00 00 10 00 00 00 08 00 00", 0, 0);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_UNMAP);
	bed_good(&t, nexus, "93 01 00 00 00 00 00 00 00 10 00 00 00 08 00 00", 0, 0);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_ZERO);
	memset(t.out, 1, BED_BLOCK);
	bed_good(&t, nexus, "41 00 00 00 00 00 00 00 01 00", 0, BED_BLOCK);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_WRITE, "all alike, but not zero");
	memset(t.out, 0, BED_BLOCK);
	t.out[511] = 1;
	bed_good(&t, nexus, "41 00 00 00 00 00 00 00 01 00", 0, BED_BLOCK);
	cr_assert_eq(disk->last.kind, RACEWAY_IO_WRITE, "the last byte is not zero");
}

Test(space, write_same_that_is_wrong)
{
	static const struct {
		const char *cdb;
		uint32_t out;
		unsigned int asc;
	} cases[] = {
		{ "41 10 00 00 00 00 00 00 01 00", 512, RACEWAY_ASC_INVALID_FIELD_IN_CDB },
		{ "41 18 00 00 00 00 00 00 01 00", 512, RACEWAY_ASC_INVALID_FIELD_IN_CDB },
		{ "41 00 00 00 00 00 00 00 01 00", 1024, RACEWAY_ASC_INVALID_FIELD_IN_CDB },
		{ "41 00 00 00 00 00 00 00 01 00", 256, RACEWAY_ASC_INVALID_FIELD_IN_CDB },
		{ "93 01 00 00 00 00 00 00 00 00 00 00 00 01 00 00", 512,
		  RACEWAY_ASC_INVALID_FIELD_IN_CDB },
		{ "41 00 00 00 0f ff 00 00 02 00", 512, RACEWAY_ASC_LBA_OUT_OF_RANGE },
	};
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bed_run(&t, nexus, cases[i].cdb, 0, cases[i].out);
		bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, cases[i].asc);
	}
	disk->disk.bytes = 1ULL << 30;
	bed_run(&t, nexus, "93 00 00 00 00 00 00 00 00 00 00 01 00 00 00 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "41 00 00 00 00 00 00 00 00 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	disk->disk.thin = false;
	bed_run(&t, nexus, "41 08 00 00 00 00 00 00 01 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
}

static void put_unmap(unsigned int i, uint64_t lba, uint32_t blocks)
{
	raceway_put64(t.out + 8 + 16 * i, lba);
	raceway_put32(t.out + 16 + 16 * i, blocks);
}

Test(space, unmap)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->mapped, 1, sizeof(disk->mapped));
	raceway_put16(t.out + 2, 48);
	put_unmap(0, 8, 8);
	put_unmap(1, 4096, 0);
	put_unmap(2, 24, 16);
	bed_good(&t, nexus, "42 00 00 00 00 00 00 00 38 00", 0, 56);
	cr_assert_eq(disk->count[RACEWAY_IO_UNMAP], 2);
	cr_assert(disk->mapped[7] && !disk->mapped[8] && !disk->mapped[15] && disk->mapped[16] &&
		  !disk->mapped[24] && !disk->mapped[39] && disk->mapped[40]);
	put_unmap(2, 4095, 2);
	put_unmap(0, 100, 1);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 38 00", 0, 56);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	cr_assert(disk->mapped[100], "nothing before all is right");
	put_unmap(2, 4097, 0);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 38 00", 0, 56);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 38 00", 0, 40);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 28 00", 0, 40);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 07 00", 0, 7);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, "42 01 00 00 00 00 00 00 38 00", 0, 56);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "42 00 00 00 00 00 00 00 00 00", 0, 0);
	raceway_put16(t.out + 2, 16 * 257);
	memset(t.out + 8, 0, 16 * 257);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 10 18 00", 0, 4120);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	disk->disk.thin = false;
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 38 00", 0, 56);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_OPCODE);
}

Test(space, unmap_that_fails_stops)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->fail[RACEWAY_IO_UNMAP] = -EIO;
	raceway_put16(t.out + 2, 32);
	put_unmap(0, 8, 8);
	put_unmap(1, 24, 16);
	bed_run(&t, nexus, "42 00 00 00 00 00 00 00 28 00", 0, 40);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
	cr_assert_eq(disk->count[RACEWAY_IO_UNMAP], 1);
}

static void expect_run(unsigned int i, uint64_t lba, uint32_t blocks, uint8_t status)
{
	const uint8_t *d = t.task.in + 8 + 16 * i;

	cr_assert_eq(raceway_get64(d), lba);
	cr_assert_eq(raceway_get32(d + 8), blocks);
	cr_assert_eq(d[12], status);
}

Test(space, get_lba_status)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->mapped + 16, 1, 8);
	memset(disk->mapped + 40, 1, 8);
	bed_good(&t, nexus, "9e 12 00 00 00 00 00 00 00 00 00 00 04 00 00 00", 1024, 0);
	cr_assert_eq(t.task.in_bytes, 8 + 5 * 16);
	cr_assert_eq(raceway_get32(t.task.in), 4 + 5 * 16);
	expect_run(0, 0, 16, 1);
	expect_run(1, 16, 8, 0);
	expect_run(2, 24, 16, 1);
	expect_run(3, 40, 8, 0);
	expect_run(4, 48, BED_BLOCKS - 48, 1);
	bed_good(&t, nexus, "9e 12 00 00 00 00 00 00 00 10 00 00 00 18 00 00", 24, 0);
	cr_assert_eq(t.task.in_bytes, 24);
	expect_run(0, 16, 8, 0);
	bed_good(&t, nexus, "9e 12 00 00 00 00 00 00 00 09 00 00 00 18 00 00", 24, 0);
	expect_run(0, 16, 8, 0);
	bed_good(&t, nexus, "9e 12 00 00 00 00 00 00 0f ff 00 00 00 18 00 00", 24, 0);
	expect_run(0, BED_BLOCKS - 1, 1, 1);
	bed_run(&t, nexus, "9e 12 00 00 00 00 00 00 10 00 00 00 00 18 00 00", 24, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	disk->disk.thin = false;
	bed_good(&t, nexus, "9e 12 00 00 00 00 00 00 00 00 00 00 04 00 00 00", 1024, 0);
	cr_assert_eq(t.task.in_bytes, 24);
	expect_run(0, 0, BED_BLOCKS, 0);
}
