/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Mode parameters changed, operation codes reported, target port groups, and what a volume has
 * only in name: start, stop, defects. */
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scsi/command.h"

static struct bed_task t, u;

/* MODE SELECT(6) of one page, of which byte `at` is changed. */
static void select_page(struct raceway_nexus *nexus, const char *sense, unsigned int at,
			uint8_t value)
{
	uint32_t bytes;
	char cdb[32];

	bed_good(&t, nexus, sense, 255, 0);
	bytes = t.task.in_bytes;
	memset(u.out, 0, sizeof(u.out));
	memcpy(u.out + 4, t.task.in + 4, bytes - 4);
	u.out[4 + at] = value;
	snprintf(cdb, sizeof(cdb), "15 10 00 00 %02x 00", bytes);
	bed_run(&u, nexus, cdb, 0, bytes);
}

#define CACHING "1a 08 08 00 ff 00"
#define CONTROL "1a 08 0a 00 ff 00"

Test(select, the_cache_is_turned_off)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	select_page(nexus, CACHING, 2, 0);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->count[RACEWAY_IO_FLUSH], 1, "nothing stays in it");
	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	cr_assert(disk->last.fua);
	memset(t.out, 0, BED_BLOCK);
	bed_good(&t, nexus, "41 00 00 00 00 00 00 00 08 00", 0, BED_BLOCK);
	cr_assert(disk->last.kind == RACEWAY_IO_ZERO && disk->last.fua);
	bed_run(&t, other, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x2a01);
	bed_good(&t, other, CACHING, 255, 0);
	cr_assert_eq(t.task.in[6], 0);
	select_page(nexus, CACHING, 2, 0);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_good(&t, other, "00 00 00 00 00 00", 0, 0);
	select_page(nexus, CACHING, 2, 4);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	cr_assert_not(disk->last.fua);
}

Test(select, sense_and_write_protection)
{
	struct raceway_lu *lu = bed_lu(bed_disk());
	struct raceway_nexus *nexus = bed_nexus("a", lu);

	select_page(nexus, CONTROL, 2, 4);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_run(&t, nexus, "ff 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_CHECK_CONDITION);
	cr_assert(t.task.sense[0] == 0x72 && t.task.sense[1] == 5 && t.task.sense[2] == 0x20);
	select_page(nexus, CONTROL, 2, 0);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	select_page(nexus, CONTROL, 4, 8);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SOFTWARE_WRITE_PROTECTED);
	bed_good(&t, nexus, CONTROL, 255, 0);
	cr_assert_eq(t.task.in[2], 0x90);
	select_page(nexus, CONTROL, 4, 0);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
}

/* Of a unit that others have too: not the cache, nor who is told of which port. */
Test(select, a_map_that_is_read_only_changes_nothing)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);
	struct raceway_lun ro = { 0, true, lu };

	cr_assert_eq(raceway_nexus_map(nexus, &ro, 1), 0);
	select_page(nexus, CACHING, 2, 0);
	bed_expect_sense(&u, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
	bed_run(&t, nexus, "55 10 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
	memcpy(t.out, "\x00\x00\x00\x00\x01\x00\x00\x01", 8);
	bed_run(&t, nexus, "a4 0a 00 00 00 00 00 00 00 08 00 00", 0, 8);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
	bed_good(&t, other, "00 00 00 00 00 00", 0, 0);
	bed_good(&t, other, CACHING, 255, 0);
	cr_assert_eq(t.task.in[6], 4);
	/* Software write protection is no reason: MODE SELECT takes it away. */
	select_page(other, CONTROL, 4, 8);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	select_page(other, CONTROL, 4, 0);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
}

Test(select, what_cannot_be_changed)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	select_page(nexus, CONTROL, 3, 0);
	bed_expect_sense(&u, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	cr_assert_eq(raceway_get16(u.task.sense + 16), 7, "its place in the list");
	select_page(nexus, CONTROL, 1, 9);
	bed_expect_sense(&u, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	select_page(nexus, CONTROL, 0, 0x0b);
	bed_expect_sense(&u, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	bed_run(&t, nexus, "15 00 00 00 10 00", 0, 16);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "15 11 00 00 10 00", 0, 16);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "15 10 00 00 10 00", 0, 15);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, nexus, "15 10 00 00 03 00", 0, 3);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_good(&t, nexus, "15 10 00 00 00 00", 0, 0);
	/* A page that is cut off, and a descriptor of another size. */
	memset(t.out, 0, 64);
	memcpy(t.out + 4, "\x0a\x0a\x04\x10", 4);
	bed_run(&t, nexus, "15 10 00 00 08 00", 0, 8);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	bed_run(&t, nexus, "15 10 00 00 05 00", 0, 5);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	t.out[3] = 8;
	memcpy(t.out + 4, "\x00\x00\x10\x00\x00\x00\x04\x00", 8);
	bed_run(&t, nexus, "15 10 00 00 0c 00", 0, 12);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	memcpy(t.out + 4, "\x00\x00\x10\x00\x00\x00\x02\x00", 8);
	bed_good(&t, nexus, "15 10 00 00 0c 00", 0, 12);
	t.out[3] = 200;
	bed_run(&t, nexus, "15 10 00 00 0c 00", 0, 12);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	/* With ten bytes and a long descriptor. */
	memset(t.out, 0, 64);
	t.out[4] = 1;
	t.out[7] = 16;
	raceway_put64(t.out + 8, BED_BLOCKS);
	raceway_put32(t.out + 20, BED_BLOCK);
	bed_good(&t, nexus, "55 10 00 00 00 00 00 00 18 00", 0, 24);
	raceway_put64(t.out + 8, BED_BLOCKS + 1);
	bed_run(&t, nexus, "55 10 00 00 00 00 00 00 18 00", 0, 24);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
}

static void reset_done(struct raceway_tmf_request *request, enum raceway_tmf_response response)
{
	cr_assert_eq(response, RACEWAY_TMF_COMPLETE);
}

Test(select, a_reset_brings_back_what_was)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));
	struct raceway_tmf_request reset = { .function = RACEWAY_TMF_TARGET_RESET,
					     .nexus = nexus,
					     .done = reset_done };

	select_page(nexus, CONTROL, 4, 8);
	select_page(nexus, CACHING, 2, 0);
	bed_good(&t, nexus, "16 00 00 00 00 00", 0, 0);
	raceway_scsi_manage(&reset);
	bed_run(&t, nexus, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x2903);
	bed_good(&t, nexus, CACHING, 255, 0);
	cr_assert(t.task.in[2] == 0x10 && t.task.in[6] == 4);
}

Test(select, all_operation_codes)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));
	uint32_t bytes;

	bed_good(&t, nexus, "a3 0c 00 00 00 00 00 00 ff ff 00 00", 65535, 0);
	bytes = raceway_get32(t.task.in);
	cr_assert_eq(bytes, raceway_command_count * 8);
	cr_assert_eq(t.task.in_bytes, bytes + 4);
	for (uint32_t i = 0; i < raceway_command_count; i++) {
		const uint8_t *d = t.task.in + 4 + 8 * i;

		cr_assert_eq(d[0], raceway_commands[i].opcode);
		cr_assert_eq(d[5] & 1, raceway_commands[i].service_action >= 0);
		cr_assert_eq(d[7], raceway_commands[i].bytes);
	}
	bed_good(&t, nexus, "a3 0c 80 00 00 00 00 00 ff ff 00 00", 65535, 0);
	cr_assert_eq(raceway_get32(t.task.in), raceway_command_count * 20);
	cr_assert(t.task.in[9] == 2 && raceway_get16(t.task.in + 12) == 10);
	disk->disk.thin = false;
	bed_good(&t, nexus, "a3 0c 00 00 00 00 00 00 ff ff 00 00", 65535, 0);
	cr_assert_eq(raceway_get32(t.task.in), (raceway_command_count - 1) * 8);
}

Test(select, one_operation_code)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	bed_good(&t, nexus, "a3 0c 01 28 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 14);
	cr_assert(memcmp(t.task.in, "\x00\x03\x00\x0a\x28\x1e\xff\xff\xff\xff\x1f\xff\xff\x00",
			 14) == 0);
	bed_good(&t, nexus, "a3 0c 81 28 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert(t.task.in_bytes == 26 && t.task.in[1] == 0x83);
	bed_good(&t, nexus, "a3 0c 01 04 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert(t.task.in_bytes == 4 && t.task.in[1] == 1);
	bed_good(&t, nexus, "a3 0c 02 9e 00 10 00 00 00 ff 00 00", 255, 0);
	cr_assert(t.task.in[1] == 3 && t.task.in[4] == 0x9e && t.task.in[5] == 0x10);
	bed_good(&t, nexus, "a3 0c 02 9e 00 11 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[1], 1);
	bed_good(&t, nexus, "a3 0c 02 9e 01 10 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[1], 1, "no service action has so many bits");
	bed_good(&t, nexus, "a3 0c 03 9e 00 12 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[1], 3);
	bed_good(&t, nexus, "a3 0c 03 28 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[1], 3);
	bed_good(&t, nexus, "a3 0c 03 28 00 01 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in[1], 1);
	bed_run(&t, nexus, "a3 0c 01 9e 00 10 00 00 00 ff 00 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "a3 0c 02 28 00 00 00 00 00 ff 00 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "a3 0c 04 28 00 00 00 00 00 ff 00 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "a3 0d 00 00 00 00 00 00 00 10 00 00", 16, 0);
	cr_assert(t.task.in_bytes == 4 && t.task.in[0] == 0xde && t.task.in[1] == 6);
	bed_good(&t, nexus, "a3 0d 80 00 00 00 00 00 00 10 00 00", 16, 0);
	cr_assert(t.task.in_bytes == 16 && t.task.in[3] == 12);
}

Test(select, port_groups)
{
	struct raceway_lu *lu = bed_lu(bed_disk());
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = NULL;
	struct raceway_lun lun = { 0, false, lu };
	struct raceway_nexus_options options;

	bed_nexus_options("b", &options);
	options.relative_port = 2;
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &other), 0);
	bed_good(&t, nexus, "a3 0a 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert_eq(t.task.in_bytes, 20);
	cr_assert(memcmp(t.task.in,
			 "\x00\x00\x00\x10\x00\x03\x00\x01\x00\x00\x00\x02\x00\x00\x00\x01"
			 "\x00\x00\x00\x02",
			 20) == 0);
	bed_good(&t, nexus, "a3 2a 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert(t.task.in_bytes == 24 && t.task.in[4] == 0x10 && t.task.in[11] == 1);
	bed_run(&t, nexus, "a3 4a 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, other, "00 00 00 00 00 00", 0, 0);
	memcpy(t.out, "\x00\x00\x00\x00\x01\x00\x00\x01", 8);
	bed_good(&t, nexus, "a4 0a 00 00 00 00 00 00 00 08 00 00", 0, 8);
	bed_run(&t, other, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x2a06);
	bed_good(&t, nexus, "a3 0a 00 00 00 00 00 00 00 ff 00 00", 255, 0);
	cr_assert(t.task.in[4] == 1 && t.task.in[9] == 1);
	t.out[4] = 2;
	bed_run(&t, nexus, "a4 0a 00 00 00 00 00 00 00 08 00 00", 0, 8);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	t.out[4] = 0;
	t.out[7] = 2;
	bed_run(&t, nexus, "a4 0a 00 00 00 00 00 00 00 08 00 00", 0, 8);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	bed_run(&t, nexus, "a4 0a 00 00 00 00 00 00 00 08 00 00", 0, 7);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_good(&t, nexus, "a4 0a 00 00 00 00 00 00 00 00 00 00", 0, 0);
}

Test(select, start_stop_prefetch_defects)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	bed_good(&t, nexus, "1b 00 00 00 01 00", 0, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_FLUSH], 0);
	bed_good(&t, nexus, "1b 00 00 00 00 00", 0, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_FLUSH], 1, "before it would stop");
	bed_run(&t, nexus, "1b 00 00 00 02 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_run(&t, nexus, "1b 00 00 00 30 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	disk->fail[RACEWAY_IO_FLUSH] = -EIO;
	bed_run(&t, nexus, "1b 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
	bed_good(&t, nexus, "1e 00 00 00 01 00", 0, 0);
	bed_run(&t, nexus, "1e 00 00 00 02 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&t, nexus, "34 02 00 00 00 00 00 10 00 00", 0, 0);
	bed_run(&t, nexus, "90 00 00 00 00 00 00 00 0f ff 00 00 00 02 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	bed_good(&t, nexus, "37 00 1d 00 00 00 00 00 40 00", 64, 0);
	cr_assert(t.task.in_bytes == 4 && t.task.in[1] == 0x1d && !t.task.in[3]);
	bed_good(&t, nexus, "b7 1d 00 00 00 00 00 00 00 40 00 00", 64, 0);
	cr_assert(t.task.in_bytes == 8 && t.task.in[1] == 0x1d);
}
