/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* EXTENDED COPY: what is copied, what is refused, and what is told of it. */
#include "bed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct bed_task t, u;
static struct bed_disk *first, *second;
static struct raceway_lu *one, *two;
static struct raceway_nexus *nexus;

#define COPY "83 00 00 00 00 00 00 00 00 00 00 00 00 6c 00 00"
#define COPY_BYTES (16 + 2 * 32 + 28)
#define STATUS_1 "84 00 01 00 00 00 00 00 00 00 00 00 00 ff 00 00"
#define FAILED_1 "84 04 01 00 00 00 00 00 00 00 00 00 00 ff 00 00"

/* Two units with names of their own; the nexus sees both. */
static void begin(void)
{
	struct raceway_lu_options options = { .naa = { 0x31, 1 } };
	struct raceway_lun luns[2] = { 0 };

	first = bed_disk();
	second = bed_disk();
	options.disk = &first->disk;
	cr_assert_eq(raceway_lu_new(&options, &one), 0);
	options.disk = &second->disk;
	options.naa[1] = 2;
	cr_assert_eq(raceway_lu_new(&options, &two), 0);
	nexus = bed_nexus("a", one);
	luns[0].lu = one;
	luns[1] = (struct raceway_lun){ 5, false, two };
	cr_assert_eq(raceway_nexus_map(nexus, luns, 2), 0);
	bed_run(&t, nexus, "00 00 00 00 00 00", 0, 0);
	for (unsigned int i = 0; i < BED_BLOCKS * BED_BLOCK; i++)
		first->data[i] = (uint8_t)(i * 31 + i / 512);
}

static void put_target(uint8_t *to, uint8_t unit)
{
	memset(to, 0, 32);
	to[0] = 0xe4;
	to[4] = 1;
	to[5] = 3;
	to[7] = 8;
	to[8] = 0x31;
	to[9] = unit;
	to[30] = 2;
}

/* List identifier 1, targets `one` and `two`, one segment. */
static void put_list(unsigned int from, unsigned int to, uint16_t blocks, uint64_t from_lba,
		     uint64_t to_lba)
{
	uint8_t *segment = t.out + 80;

	memset(t.out, 0, 512);
	t.out[0] = 1;
	raceway_put16(t.out + 2, 64);
	raceway_put32(t.out + 8, 28);
	put_target(t.out + 16, 1);
	put_target(t.out + 48, 2);
	segment[0] = 0x02;
	raceway_put16(segment + 2, 24);
	raceway_put16(segment + 4, (uint16_t)from);
	raceway_put16(segment + 6, (uint16_t)to);
	raceway_put16(segment + 10, blocks);
	raceway_put64(segment + 12, from_lba);
	raceway_put64(segment + 20, to_lba);
}

Test(copy, from_unit_to_unit)
{
	begin();
	put_list(0, 1, 3000, 5, 1000);
	bed_good(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert(memcmp(second->data + 1000 * 512, first->data + 5 * 512, 3000 * 512) == 0);
	cr_assert(!second->data[1000 * 512 - 1] && !second->data[4000 * 512]);
	cr_assert_eq(second->count[RACEWAY_IO_WRITE], 6, "in pieces of 256 KiB");
	bed_good(&t, nexus, STATUS_1, 255, 0);
	cr_assert_eq(t.task.in_bytes, 12);
	cr_assert_eq(t.task.in[4], 1);
	cr_assert_eq(raceway_get16(t.task.in + 5), 1);
	cr_assert_eq(raceway_get32(t.task.in + 8), 1500);
	/* Within one unit. */
	put_list(0, 0, 10, 0, 4086);
	bed_good(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert(memcmp(first->data, first->data + 4086 * 512, 10 * 512) == 0);
}

Test(copy, what_is_told_of_the_unknown)
{
	begin();
	bed_run(&t, nexus, STATUS_1, 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "84 03 00 00 00 00 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 46);
	cr_assert_eq(raceway_get32(t.task.in), 42);
	cr_assert_eq(raceway_get16(t.task.in + 8), 16);
	cr_assert_eq(raceway_get16(t.task.in + 10), 32);
	cr_assert_eq(raceway_get32(t.task.in + 12), 16 * 32 + 32 * 28);
	bed_good(&t, nexus, "83 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 0, 0);
	/* Four results are kept, the oldest makes room. */
	for (uint8_t i = 1; i <= 5; i++) {
		put_list(0, 1, 1, 0, 0);
		t.out[0] = i;
		bed_good(&t, nexus, COPY, 0, COPY_BYTES);
	}
	bed_run(&t, nexus, STATUS_1, 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "84 00 05 00 00 00 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	put_list(0, 1, 1, 0, 0);
	t.out[0] = 9;
	t.out[1] = 0x18;
	bed_good(&t, nexus, COPY, 0, COPY_BYTES);
	bed_run(&t, nexus, "84 00 09 00 00 00 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
}

static void expect_refused(enum raceway_sense_key key, unsigned int asc)
{
	bed_run(&t, nexus, COPY, 0, COPY_BYTES);
	bed_expect_sense(&t, key, asc);
	cr_assert_eq(second->count[RACEWAY_IO_WRITE], 0);
}

Test(copy, lists_that_are_wrong)
{
	begin();
	put_list(0, 1, 1, 0, 0);
	bed_run(&t, nexus, "83 00 00 00 00 00 00 00 00 00 00 00 00 6b 00 00", 0, 107);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, COPY, 0, 107);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, "83 00 00 00 00 00 00 00 00 00 00 00 00 0f 00 00", 0, 15);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	raceway_put16(t.out + 2, 63);
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	put_list(0, 1, 1, 0, 0);
	raceway_put32(t.out + 8, UINT32_MAX);
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	put_list(0, 1, 1, 0, 0);
	t.out[16] = 0xe0;
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_TARGET_DESCRIPTOR_TYPE);
	put_list(0, 1, 1, 0, 0);
	t.out[17] = 1;
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	put_list(0, 1, 1, 0, 0);
	t.out[80] = 3;
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_SEGMENT_DESCRIPTOR_TYPE);
	put_list(0, 1, 1, 0, 0);
	t.out[83] = 20;
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	put_list(0, 1, 1, 0, 0);
	raceway_put32(t.out + 8, 27);
	raceway_put32(t.out + 12, 1);
	expect_refused(RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	memset(t.out, 0, 700);
	raceway_put16(t.out + 2, 17 * 32);
	bed_run(&t, nexus, "83 00 00 00 00 00 00 00 00 00 00 00 02 30 00 00", 0, 560);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_TOO_MANY_TARGETS);
	raceway_put16(t.out + 2, 0);
	raceway_put32(t.out + 8, 33 * 28);
	bed_run(&t, nexus, "83 00 00 00 00 00 00 00 00 00 00 00 03 ac 00 00", 0, 940);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_TOO_MANY_SEGMENTS);
}

Test(copy, what_is_not_there)
{
	begin();
	put_list(0, 2, 1, 0, 0);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_UNREACHABLE_COPY_TARGET);
	put_list(0, 1, 1, 0, 0);
	t.out[49] = 0x20;
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_UNREACHABLE_COPY_TARGET);
	put_list(0, 1, 1, 0, 0);
	t.out[57] = 3;
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	put_list(0, 1, 2, 4095, 0);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	put_list(0, 1, 2, 0, 4095);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	put_list(0, 1, 2, 0, UINT64_MAX);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	bed_good(&t, nexus, STATUS_1, 255, 0);
	cr_assert_eq(t.task.in[4], 2);
	bed_good(&t, nexus, FAILED_1, 255, 0);
	cr_assert(t.task.in[56] == 2 && t.task.in[60] == 0x70 && t.task.in[62] == 0x0a);
	bed_run(&t, nexus, FAILED_1, 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
}

Test(copy, errors_and_rights)
{
	struct raceway_lun luns[2] = { 0 };
	struct raceway_nexus *other;

	begin();
	put_list(0, 1, 1, 0, 0);
	first->fail[RACEWAY_IO_READ] = -EIO;
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	first->fail[RACEWAY_IO_READ] = 0;
	luns[0].lu = one;
	luns[1] = (struct raceway_lun){ 5, true, two };
	cr_assert_eq(raceway_nexus_map(nexus, luns, 2), 0);
	put_list(0, 1, 1, 0, 0);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	luns[1].read_only = false;
	cr_assert_eq(raceway_nexus_map(nexus, luns, 2), 0);
	other = bed_nexus("b", two);
	bed_good(&u, other, "16 00 00 00 00 00", 0, 0);
	put_list(0, 1, 1, 0, 0);
	expect_refused(RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	bed_good(&u, other, "17 00 00 00 00 00", 0, 0);
	put_list(0, 1, 1, 0, 0);
	bed_good(&t, nexus, COPY, 0, COPY_BYTES);
}

/* It waits at the gate of the other unit, and another copy of the same list is refused meanwhile.
 */
Test(copy, waiting_for_a_unit)
{
	struct raceway_nexus *other;
	struct bed_task again = { 0 };

	begin();
	other = bed_nexus("b", two);
	second->slow = true;
	bed_run(&u, other, "89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", 0, 1024);
	put_list(0, 1, 1, 7, 0);
	memcpy(again.out, t.out, COPY_BYTES);
	bed_run(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert_eq(t.done, 0);
	cr_assert_eq(first->count[RACEWAY_IO_READ], 1);
	bed_good(&u, nexus, STATUS_1, 255, 0);
	cr_assert_eq(u.task.in[4], 0, "under way");
	bed_run(&again, nexus, COPY, 0, COPY_BYTES);
	bed_expect_sense(&again, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_OPERATION_IN_PROGRESS);
}

Test(copy, the_unit_goes_away_below_it)
{
	struct raceway_lun lun;

	begin();
	lun = (struct raceway_lun){ 0, false, one };
	second->slow = true;
	put_list(0, 1, 2, 7, 0);
	bed_run(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert_eq(raceway_nexus_map(nexus, &lun, 1), 0);
	raceway_lu_put(two);
	bed_complete(second);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	raceway_nexus_free(nexus);
}

/* What the nexus may not see any more, it neither writes nor reads, though the copy holds it. */
Test(copy, the_unit_is_unmapped_in_the_middle)
{
	struct raceway_lun lun;

	begin();
	lun = (struct raceway_lun){ 0, false, one };
	second->slow = true;
	put_list(0, 1, 3000, 0, 0);
	bed_run(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert_eq(second->count[RACEWAY_IO_WRITE], 1);
	cr_assert_eq(raceway_nexus_map(nexus, &lun, 1), 0);
	while (bed_complete(second))
		;
	cr_assert_eq(second->count[RACEWAY_IO_WRITE], 1, "written after it was unmapped");
	bed_expect_sense(&t, RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	raceway_nexus_free(nexus);
	raceway_lu_put(one);
	raceway_lu_put(two);
	/* The unit that is read. */
	begin();
	lun = (struct raceway_lun){ 0, false, one };
	first->slow = true;
	put_list(1, 0, 3000, 0, 0);
	bed_run(&t, nexus, COPY, 0, COPY_BYTES);
	cr_assert_eq(second->count[RACEWAY_IO_READ], 1);
	cr_assert_eq(raceway_nexus_map(nexus, &lun, 1), 0);
	while (bed_complete(first))
		;
	cr_assert_eq(second->count[RACEWAY_IO_READ], 1, "read after it was unmapped");
	bed_expect_sense(&t, RACEWAY_KEY_COPY_ABORTED, RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
}

static void expect_cost(const char *cdb, uint32_t out, uint64_t bytes)
{
	struct raceway_cdb_cost cost;

	bed_prepare(&u, nexus, cdb, 0, out);
	memcpy(u.out, t.out, sizeof(u.out));
	raceway_task_cost(&u.task, BED_BLOCK, &cost);
	cr_assert(cost.read && cost.write);
	cr_assert_eq(cost.bytes, bytes, "%lu, not %lu", cost.bytes, bytes);
}

/* By the units of its segments, whatever the list is like. */
Test(copy, what_it_costs)
{
	struct raceway_cdb_cost cost;

	begin();
	put_list(0, 1, 3000, 5, 1000);
	expect_cost(COPY, COPY_BYTES, 3000 * 512);
	expect_cost(COPY, COPY_BYTES - 1, 0);
	expect_cost(COPY, 0, 0);
	expect_cost("83 00 00 00 00 00 00 00 00 00 ff ff ff ff 00 00", COPY_BYTES, 0);
	/* A second one, and one to a unit that is not there. */
	raceway_put32(t.out + 8, 3 * 28);
	memcpy(t.out + 108, t.out + 80, 28);
	memcpy(t.out + 136, t.out + 80, 28);
	t.out[136 + 7] = 7;
	expect_cost("83 00 00 00 00 00 00 00 00 00 00 00 00 a4 00 00", 164, 6000 * 512);
	raceway_put32(t.out + 8, UINT32_MAX);
	expect_cost(COPY, COPY_BYTES, 0);
	bed_prepare(&u, nexus, STATUS_1, 255, 0);
	raceway_task_cost(&u.task, BED_BLOCK, &cost);
	cr_assert(!cost.read && !cost.write && !cost.bytes);
}

/* Their memory is nobody's: there are few at a time, of one nexus. */
Test(copy, how_many_at_once)
{
	static struct bed_task more[3];

	begin();
	first->slow = true;
	for (uint8_t i = 0; i < 3; i++) {
		put_list(0, 1, 1, 0, 0);
		t.out[0] = i;
		memcpy(more[i].out, t.out, COPY_BYTES);
		bed_run(&more[i], nexus, COPY, 0, COPY_BYTES);
	}
	bed_expect(&more[2], RACEWAY_SCSI_TASK_SET_FULL);
	cr_assert(bed_complete(first));
	bed_expect(&more[0], RACEWAY_SCSI_GOOD);
	bed_run(&more[2], nexus, COPY, 0, COPY_BYTES);
	cr_assert_eq(more[2].done, 0);
	while (bed_complete(first))
		;
	bed_expect(&more[1], RACEWAY_SCSI_GOOD);
	bed_expect(&more[2], RACEWAY_SCSI_GOOD);
	/* One that fails at once counts no more either. */
	first->slow = false;
	for (unsigned int i = 0; i < 3; i++) {
		put_list(0, 1, 2, 4095, 0);
		bed_run(&t, nexus, COPY, 0, COPY_BYTES);
		bed_expect_sense(&t, RACEWAY_KEY_COPY_ABORTED,
				 RACEWAY_ASC_COPY_TARGET_NOT_REACHABLE);
	}
	bed_good(&t, nexus, "84 03 00 00 00 00 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[36], 2);
}
