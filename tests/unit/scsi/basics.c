/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands about a unit, its inquiry data and pages, capacity and mode parameters, byte by byte. */
#include "bed.h"

#include <stdio.h>
#include <string.h>

#include "scsi/command.h"

static struct bed_task t;

Test(basics, inquiry_says_what_it_is)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	bed_good(&t, nexus, "12 00 00 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 96);
	cr_assert_eq(t.task.transfer_bytes, 96);
	cr_assert_eq(t.task.in[0], 0);
	cr_assert_eq(t.task.in[1], 0, "not removable");
	cr_assert_eq(t.task.in[2], 6);
	cr_assert_eq(t.task.in[4], 91);
	cr_assert(memcmp(t.task.in + 8, "RACEWAY VOLUME          ", 24) == 0);
	cr_assert_eq(raceway_get16(t.task.in + 64), 0x0960);
	/* The allocation length cuts, and what is expected cuts what is sent. */
	bed_good(&t, nexus, "12 00 00 00 24 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 36);
	bed_good(&t, nexus, "12 00 00 00 24 00", 5, 0);
	cr_assert_eq(t.task.in_bytes, 5);
	cr_assert_eq(t.task.transfer_bytes, 36);
	bed_run(&t, nexus, "12 00 80 00 ff 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
}

Test(basics, vpd_pages)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));
	uint8_t pages[16], count;

	bed_good(&t, nexus, "12 01 00 00 ff 00", 255, 0);
	count = t.task.in[3];
	cr_assert_eq(t.task.in_bytes, count + 4);
	memcpy(pages, t.task.in + 4, count);
	for (uint8_t i = 0; i < count; i++) {
		char cdb[32];

		snprintf(cdb, sizeof(cdb), "12 01 %02x 04 00 00", pages[i]);
		bed_good(&t, nexus, cdb, 1024, 0);
		cr_assert_eq(t.task.in[1], pages[i]);
		cr_assert_eq(raceway_get16(t.task.in + 2) + 4, t.task.in_bytes);
	}
	bed_run(&t, nexus, "12 01 77 00 ff 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "12 01 80 00 ff 00", 255, 0);
	cr_assert(memcmp(t.task.in + 4, "0001020304050607", 16) == 0);
	bed_good(&t, nexus, "12 01 83 00 ff 00", 255, 0);
	cr_assert(memcmp(t.task.in + 4, "\x01\x03\x00\x08\x30\x01\x02\x03\x04\x05\x06\x07", 12) ==
		  0);
	bed_good(&t, nexus, "12 01 b0 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 64);
	cr_assert_eq(raceway_get32(t.task.in + 8), RACEWAY_TRANSFER_MAX / BED_BLOCK);
	cr_assert_eq(raceway_get32(t.task.in + 20), UINT32_MAX);
	cr_assert_eq(raceway_get32(t.task.in + 28), 8);
	bed_good(&t, nexus, "12 01 b2 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[5], 0xe4);
	cr_assert_eq(t.task.in[6], 2);
	disk->disk.thin = false;
	bed_good(&t, nexus, "12 01 b2 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[5], 0);
	bed_good(&t, nexus, "12 01 b0 00 ff 00", 255, 0);
	cr_assert_eq(raceway_get32(t.task.in + 20), 0);
}

Test(basics, capacity)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	bed_good(&t, nexus, "25 00 00 00 00 00 00 00 00 00", 8, 0);
	cr_assert_eq(raceway_get32(t.task.in), BED_BLOCKS - 1);
	cr_assert_eq(raceway_get32(t.task.in + 4), BED_BLOCK);
	bed_run(&t, nexus, "25 00 00 00 00 01 00 00 00 00", 8, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "9e 10 00 00 00 00 00 00 00 00 00 00 00 20 00 00", 32, 0);
	cr_assert_eq(raceway_get64(t.task.in), BED_BLOCKS - 1);
	cr_assert_eq(t.task.in[13], 3, "eight blocks in a physical one");
	cr_assert_eq(t.task.in[14], 0xc0);
	disk->disk.bytes = 0x300000007ULL * BED_BLOCK;
	bed_good(&t, nexus, "25 00 00 00 00 00 00 00 00 00", 8, 0);
	cr_assert_eq(raceway_get32(t.task.in), UINT32_MAX);
}

Test(basics, luns_are_a_nexus_own)
{
	struct raceway_lu *lu = bed_lu(bed_disk());
	struct raceway_lun luns[] = { { 0, false, lu }, { 3, false, lu }, { 300, true, lu } };
	struct raceway_nexus *nexus = bed_nexus("a", lu);

	cr_assert_eq(raceway_nexus_map(nexus, luns, 3), 0);
	bed_run(&t, nexus, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x3f0e);
	bed_good(&t, nexus, "a0 00 00 00 00 00 00 00 01 00 00 00", 256, 0);
	cr_assert_eq(t.task.in_bytes, 32);
	cr_assert_eq(raceway_get32(t.task.in), 24);
	cr_assert_eq(raceway_get64(t.task.in + 8), 0);
	cr_assert_eq(raceway_get64(t.task.in + 16), 3ULL << 48);
	cr_assert_eq(raceway_get64(t.task.in + 24), (0x4000ULL | 300) << 48);
	cr_assert(raceway_nexus_lun(nexus, (0x4000ULL | 300) << 48)->read_only);
	cr_assert_eq(raceway_nexus_lun(nexus, 0x4003ULL << 48)->number, 3, "flat addressing too");
	cr_assert_null(raceway_nexus_lun(nexus, 1ULL << 48));
	cr_assert_null(raceway_nexus_lun(nexus, 3ULL << 48 | 1));
	cr_assert_null(raceway_nexus_lun(nexus, 300ULL << 48), "another bus");
	/* The report told it: the other units say POWER ON only. */
	bed_prepare(&t, nexus, "00 00 00 00 00 00", 0, 0);
	t.task.lun = 3ULL << 48;
	raceway_scsi_execute(&t.task);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x2900);
	raceway_scsi_execute((bed_prepare(&t, nexus, "00 00 00 00 00 00", 0, 0),
			      t.task.lun = 3ULL << 48, &t.task));
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	luns[1].number = 0;
	cr_assert_eq(raceway_nexus_map(nexus, luns, 3), -22, "two of one number");
}

Test(basics, an_absent_unit)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	bed_prepare(&t, nexus, "12 00 00 00 ff 00", 255, 0);
	t.task.lun = 9ULL << 48;
	raceway_scsi_execute(&t.task);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(t.task.in[0], 0x7f);
	bed_prepare(&t, nexus, "03 00 00 00 ff 00", 255, 0);
	t.task.lun = 9ULL << 48;
	raceway_scsi_execute(&t.task);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(raceway_get16(t.task.in + 12), RACEWAY_ASC_UNIT_NOT_SUPPORTED);
	bed_prepare(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	t.task.lun = 9ULL << 48;
	raceway_scsi_execute(&t.task);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_UNIT_NOT_SUPPORTED);
	bed_prepare(&t, nexus, "a0 00 00 00 00 00 00 00 01 00 00 00", 256, 0);
	t.task.lun = 9ULL << 48;
	raceway_scsi_execute(&t.task);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(raceway_get32(t.task.in), 8);
}

Test(basics, mode_pages)
{
	struct raceway_lu *lu = bed_lu(bed_disk());
	struct raceway_lun ro = { 0, true, lu };
	struct raceway_nexus *nexus = bed_nexus("a", lu);

	bed_good(&t, nexus, "1a 00 3f 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[0] + 1, t.task.in_bytes);
	cr_assert_eq(t.task.in[2], 0x10);
	cr_assert_eq(t.task.in[3], 8);
	cr_assert_eq(raceway_get32(t.task.in + 4), BED_BLOCKS);
	bed_good(&t, nexus, "1a 08 08 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 24);
	cr_assert_eq(t.task.in[4], 8);
	cr_assert_eq(t.task.in[6], 4, "the cache is on");
	bed_good(&t, nexus, "5a 10 0a 00 00 00 00 00 ff 00", 255, 0);
	cr_assert_eq(raceway_get16(t.task.in), t.task.in_bytes - 2);
	cr_assert_eq(raceway_get16(t.task.in + 6), 16, "a long descriptor");
	cr_assert_eq(raceway_get64(t.task.in + 8), BED_BLOCKS);
	cr_assert_eq(t.task.in[24], 0x0a);
	bed_good(&t, nexus, "1a 08 4a 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[6], 4, "D_SENSE can be changed");
	cr_assert_eq(t.task.in[8], 8, "SWP can be changed");
	bed_run(&t, nexus, "1a 08 ca 00 ff 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_SAVING_NOT_SUPPORTED);
	bed_run(&t, nexus, "1a 08 0b 00 ff 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	cr_assert_eq(raceway_nexus_map(nexus, &ro, 1), 0);
	bed_good(&t, nexus, "1a 08 08 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[2], 0x90);
}

Test(basics, the_table_is_sorted_and_its_fields_are_checked)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	for (size_t i = 1; i < raceway_command_count; i++) {
		const struct raceway_command *a = &raceway_commands[i - 1], *b = a + 1;

		cr_assert(a->opcode < b->opcode ||
			  (a->opcode == b->opcode && a->service_action < b->service_action));
		cr_assert_eq(b->usage[b->bytes - 1], 0, "%02x: no bit of CONTROL", b->opcode);
	}
	bed_run(&t, nexus, "28 20 00 00 00 00 00 00 01 00", 512, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	cr_assert_eq(t.task.sense[15], 0xc8 | 5, "bit 5");
	cr_assert_eq(raceway_get16(t.task.sense + 16), 1, "of byte 1");
	bed_run(&t, nexus, "28 00 00 00 00 00 00 00 01 04", 512, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "00 e0 00 00 00 00", 0, 0);
	bed_run(&t, nexus, "00 01 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "28 00 00 00 00 00", 512, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "ff 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_OPCODE);
	bed_run(&t, nexus, "9e 1f 00 00 00 00 00 00 00 00 00 00 00 20 00 00", 32, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
}

Test(basics, sense_in_both_formats)
{
	struct raceway_sense sense = { .key = RACEWAY_KEY_MISCOMPARE,
				       .asc = RACEWAY_ASC_MISCOMPARE,
				       .has_information = true,
				       .information = 0x123456789ULL };
	uint8_t data[RACEWAY_SENSE_MAX];

	cr_assert_eq(raceway_sense_build(&sense, true, data), 20);
	cr_assert(memcmp(data,
			 "\x72\x0e\x1d\x00\x00\x00\x00\x0c\x00\x0a\x80\x00"
			 "\x00\x00\x00\x01\x23\x45\x67\x89",
			 20) == 0);
	cr_assert_eq(raceway_sense_build(&sense, false, data), 18);
	cr_assert_eq(data[0], 0x70, "not valid: it does not fit");
	sense.information = 0x1234;
	raceway_sense_build(&sense, false, data);
	cr_assert_eq(data[0], 0xf0);
	cr_assert_eq(raceway_get32(data + 3), 0x1234);
	cr_assert_eq(data[7], 10);
	sense = (struct raceway_sense){ .specific = RACEWAY_SPECIFIC_PROGRESS, .progress = 0x4000 };
	cr_assert_eq(raceway_sense_build(&sense, true, data), 16);
	cr_assert(memcmp(data + 8, "\x02\x06\x00\x00\x80\x40\x00\x00", 8) == 0);
}

Test(basics, cost_is_what_the_cdb_says)
{
	struct raceway_cdb_cost cost;

	raceway_cdb_cost((uint8_t[10]){ 0x28, 0, 0, 0, 0, 0, 0, 0, 8, 0 }, 10, 512, &cost);
	cr_assert(cost.read && !cost.write && cost.bytes == 4096);
	raceway_cdb_cost((uint8_t[6]){ 0x0a, 0, 0, 0, 0, 0 }, 6, 512, &cost);
	cr_assert(!cost.read && cost.write && cost.bytes == 256 * 512);
	raceway_cdb_cost((uint8_t[16]){ 0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0 }, 16, 4096,
			 &cost);
	cr_assert(!cost.read && cost.write && cost.bytes == 256 * 4096);
	raceway_cdb_cost((uint8_t[16]){ 0x89, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0 }, 16,
			 512, &cost);
	cr_assert(cost.read && cost.write && cost.bytes == 1024);
	raceway_cdb_cost((uint8_t[16]){ 0x93, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0 }, 16, 512,
			 &cost);
	cr_assert(cost.write && cost.bytes == 0, "UNMAP writes nothing");
	raceway_cdb_cost((uint8_t[10]){ 0x48, 1, 0, 0, 0, 0, 0, 2, 4, 0 }, 10, 512, &cost);
	cr_assert(!cost.read && cost.write && cost.bytes == 0, "SANITIZE has its own pace");
	raceway_cdb_cost((uint8_t[6]){ 0x12, 0, 0, 0, 255, 0 }, 6, 512, &cost);
	cr_assert(!cost.read && !cost.write && cost.bytes == 0);
	raceway_cdb_cost((uint8_t[1]){ 0x28 }, 1, 512, &cost);
	cr_assert(cost.read && cost.bytes == 0);
}
