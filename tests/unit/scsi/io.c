/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads and writes: places, lengths, residuals, cache, errors of the disk, and their end by task
 * management. */
#include "bed.h"

#include <errno.h>
#include <string.h>

static struct bed_task t, u, v;

Test(io, every_read_and_write_reaches_its_blocks)
{
	static const struct {
		const char *write, *read;
	} forms[] = {
		{ "0a 00 00 07 02 00", "08 00 00 07 02 00" },
		{ "2a 00 00 00 00 07 00 00 02 00", "28 00 00 00 00 07 00 00 02 00" },
		{ "aa 00 00 00 00 07 00 00 00 02 00 00", "a8 00 00 00 00 07 00 00 00 02 00 00" },
		{ "8a 00 00 00 00 00 00 00 00 07 00 00 00 02 00 00",
		  "88 00 00 00 00 00 00 00 00 07 00 00 00 02 00 00" },
	};
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (size_t i = 0; i < 4; i++) {
		memset(t.out, 'a' + (int)i, 1024);
		bed_good(&t, nexus, forms[i].write, 0, 1024);
		cr_assert_eq(t.task.transfer_bytes, 1024);
		cr_assert_eq(disk->data[7 * 512 - 1], 0);
		cr_assert_eq(disk->data[7 * 512], 'a' + i);
		cr_assert_eq(disk->data[9 * 512 - 1], 'a' + i);
		cr_assert_eq(disk->data[9 * 512], 0);
		bed_good(&t, nexus, forms[i].read, 1024, 0);
		cr_assert_eq(t.task.in_bytes, 1024);
		cr_assert(memcmp(t.task.in, t.out, 1024) == 0);
	}
	disk->data[256 * 512 - 1] = 'z';
	bed_good(&t, nexus, "08 00 00 00 00 00", 256 * 512, 0);
	cr_assert_eq(t.task.in[256 * 512 - 1], 'z', "0 is 256 in a CDB of six bytes");
}

Test(io, ranges)
{
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(bed_disk()));

	bed_good(&t, nexus, "28 00 00 00 0f ff 00 00 01 00", 512, 0);
	bed_run(&t, nexus, "28 00 00 00 0f ff 00 00 02 00", 1024, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	cr_assert_eq(raceway_get32(t.task.sense + 3), BED_BLOCKS, "the first that is not there");
	bed_run(&t, nexus, "88 00 ff ff ff ff ff ff ff ff 00 00 00 02 00 00", 1024, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	bed_run(&t, nexus, "2a 00 00 00 10 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
	bed_good(&t, nexus, "28 00 00 00 0f ff 00 00 00 00", 0, 0);
	bed_good(&t, nexus, "35 00 00 00 00 00 00 00 00 00", 0, 0);
	bed_run(&t, nexus, "35 00 00 00 0f ff 00 00 02 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_LBA_OUT_OF_RANGE);
}

Test(io, a_transfer_has_an_end)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->disk.bytes = 1ULL << 40;
	bed_run(&t, nexus, "88 00 00 00 00 00 00 00 00 00 00 00 40 01 00 00", 1 << 24, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	cr_assert_eq(raceway_get16(t.task.sense + 16), 10);
	bed_run(&t, nexus, "aa 00 00 00 00 00 00 00 40 01 00 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	cr_assert_eq(raceway_get16(t.task.sense + 16), 6);
}

Test(io, residuals)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	memset(disk->data, 'd', 1024);
	bed_good(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 200, 0);
	cr_assert_eq(t.task.in_bytes, 200);
	cr_assert_eq(t.task.transfer_bytes, 512);
	cr_assert_eq(t.task.in[199], 'd');
	bed_good(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 10000, 0);
	cr_assert_eq(t.task.in_bytes, 512);
	bed_good(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 0, 512);
	cr_assert_eq(t.task.transfer_bytes, 0, "nothing goes that way");
	memset(t.out, 'e', 1024);
	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 02 00", 0, 512);
	cr_assert_eq(t.task.transfer_bytes, 1024);
	cr_assert(disk->data[511] == 'e' && disk->data[512] == 'd');
	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 1024);
	cr_assert_eq(disk->data[512], 'd', "no more than the CDB says");
	bed_run(&t, nexus, "2a 00 00 00 00 02 00 00 01 00", 0, 200);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_UNIT);
	cr_assert_eq(t.task.transfer_bytes, 512);
	cr_assert_eq(disk->data[1024], 0);
}

Test(io, the_cache_and_its_ends)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	bed_good(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	cr_assert_not(disk->last.fua);
	bed_good(&t, nexus, "2a 08 00 00 00 00 00 00 01 00", 0, 512);
	cr_assert(disk->last.fua);
	bed_good(&t, nexus, "91 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00", 0, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_FLUSH], 1);
	disk->disk.bytes = 1ULL << 30;
	disk->fail[RACEWAY_IO_WRITE] = -EIO;
	bed_run(&t, nexus, "0a 08 00 00 01 00", 0, 512);
	cr_assert(!disk->last.fua && disk->last.offset == 0x80000ULL * 512,
		  "a bit of the address in six bytes");
	disk = bed_disk();
	disk->disk.write_cache = false;
	nexus = bed_nexus("a", bed_lu(disk));
	bed_good(&t, nexus, "0a 00 00 00 01 00", 0, 512);
	cr_assert(disk->last.fua, "a disk without a cache");
}

Test(io, errors_of_the_disk)
{
	static const struct {
		int error, key;
		unsigned int read, write;
	} cases[] = {
		{ -EIO, 3, 0x1100, 0x0c00 },	    { -ENOSPC, 7, 0x2707, 0x2707 },
		{ -EROFS, 7, 0x2700, 0x2700 },	    { -ETIMEDOUT, 0xb, 0x0801, 0x0801 },
		{ -ENOTCONN, 0xb, 0x0800, 0x0800 }, { -EINVAL, 4, 0x4400, 0x4400 },
	};
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		disk->fail[RACEWAY_IO_READ] = disk->fail[RACEWAY_IO_WRITE] = cases[i].error;
		bed_run(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
		bed_expect_sense(&t, cases[i].key, cases[i].read);
		cr_assert_eq(t.task.in_bytes, 0, "no data beside an error");
		bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
		bed_expect_sense(&t, cases[i].key, cases[i].write);
	}
	disk->fail[RACEWAY_IO_READ] = -EAGAIN;
	bed_run(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_expect(&t, RACEWAY_SCSI_BUSY);
	disk->fail[RACEWAY_IO_FLUSH] = -EIO;
	bed_run(&t, nexus, "35 00 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
}

Test(io, read_only)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_lun ro = { 0, true, lu };
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	cr_assert_eq(raceway_nexus_map(nexus, &ro, 1), 0);
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
	bed_good(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_good(&t, other, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	disk->disk.read_only = true;
	bed_run(&t, other, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
}

static unsigned int answers;
static enum raceway_tmf_response answer;

static void managed(struct raceway_tmf_request *request, enum raceway_tmf_response response)
{
	answers++;
	answer = response;
}

static struct raceway_tmf_request request;

static void manage(struct raceway_nexus *nexus, enum raceway_tmf function, uint64_t lun,
		   uint64_t tag)
{
	answers = 0;
	request = (struct raceway_tmf_request){ .function = function,
						.nexus = nexus,
						.worker = bed_worker(0),
						.lun = lun,
						.tag = tag,
						.done = managed };
	raceway_scsi_manage(&request);
}

static void expect_aborted(const struct bed_task *task)
{
	cr_assert_eq(task->done, 1);
	cr_assert(task->task.aborted);
}

Test(io, an_aborted_task_ends_with_its_operation)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->slow = true;
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_run(&u, nexus, "2a 00 00 00 00 01 00 00 01 00", 0, 512);
	cr_assert_eq(raceway_nexus_depth(nexus), 2);
	manage(nexus, RACEWAY_TMF_QUERY_TASK, 0, u.task.tag);
	cr_assert(answers == 1 && answer == RACEWAY_TMF_SUCCEEDED);
	manage(nexus, RACEWAY_TMF_ABORT_TASK, 0, 4711);
	cr_assert(answers == 1 && answer == RACEWAY_TMF_NO_TASK);
	manage(nexus, RACEWAY_TMF_ABORT_TASK, 0, u.task.tag);
	cr_assert_eq(answers, 0, "its operation is under way");
	bed_complete(disk);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(answers, 0, "the other one ended");
	bed_complete(disk);
	expect_aborted(&u);
	cr_assert(answers == 1 && answer == RACEWAY_TMF_COMPLETE);
	manage(nexus, RACEWAY_TMF_ABORT_TASK, 7ULL << 48, u.task.tag);
	cr_assert(answers == 1 && answer == RACEWAY_TMF_NO_LUN);
}

Test(io, a_reset_waits_for_what_came_before_it)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_run(&v, other, "2a 00 00 00 00 03 00 00 01 00", 0, 512);
	manage(nexus, RACEWAY_TMF_LOGICAL_UNIT_RESET, 0, 0);
	cr_assert_eq(answers, 0);
	bed_run(&u, nexus, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_UNIT_ATTENTION, 0x2903);
	bed_run(&u, nexus, "2a 00 00 00 00 01 00 00 01 00", 0, 512);
	bed_complete(disk);
	expect_aborted(&t);
	cr_assert(answers == 1 && answer == RACEWAY_TMF_COMPLETE,
		  "the later one is not waited for");
	bed_complete(disk);
	expect_aborted(&v);
	bed_complete(disk);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_run(&v, other, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&v, RACEWAY_KEY_UNIT_ATTENTION, 0x2903);
}

Test(io, an_abort_does_not_wait_for_a_later_one)
{
	static struct raceway_tmf_request earlier;
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->slow = true;
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	earlier = (struct raceway_tmf_request){ .function = RACEWAY_TMF_ABORT_TASK_SET,
						.nexus = nexus,
						.done = managed };
	raceway_scsi_manage(&earlier);
	bed_run(&u, nexus, "2a 00 00 00 00 01 00 00 01 00", 0, 512);
	manage(nexus, RACEWAY_TMF_ABORT_TASK, 0, u.task.tag);
	cr_assert_eq(answers, 0);
	bed_complete(disk);
	expect_aborted(&t);
	cr_assert_eq(answers, 1);
	bed_complete(disk);
	expect_aborted(&u);
	cr_assert_eq(answers, 2);
}

Test(io, clearing_a_task_set_is_told_to_the_others)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	bed_run(&v, other, "2a 00 00 00 00 03 00 00 01 00", 0, 512);
	manage(nexus, RACEWAY_TMF_ABORT_TASK_SET, 0, 0);
	cr_assert_eq(answers, 1, "another nexus has tasks of its own");
	manage(nexus, RACEWAY_TMF_CLEAR_TASK_SET, 0, 0);
	cr_assert_eq(answers, 1);
	bed_complete(disk);
	expect_aborted(&v);
	bed_run(&v, other, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&v, RACEWAY_KEY_UNIT_ATTENTION, 0x2f00);
	bed_good(&t, nexus, "00 00 00 00 00 00", 0, 0);
}

Test(io, a_nexus_ends_with_its_tasks)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_lun lun = { 0, false, lu };
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	bed_run(&t, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	bed_run(&u, other, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	raceway_nexus_free(nexus);
	cr_assert_eq(raceway_nexus_map(other, NULL, 0), 0, "the unit goes away below a task");
	bed_complete(disk);
	expect_aborted(&t);
	bed_complete(disk);
	expect_aborted(&u);
	cr_assert_eq(raceway_nexus_map(other, &lun, 1), 0);
	bed_run(&u, other, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&u, RACEWAY_KEY_UNIT_ATTENTION, 0x2900);
	raceway_nexus_free(other);
	raceway_lu_put(lu);
}

Test(io, growth_is_told)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu);

	raceway_lu_resized(lu);
	bed_good(&t, nexus, "12 00 00 00 ff 00", 255, 0);
	bed_good(&t, nexus, "03 00 00 00 ff 00", 255, 0);
	cr_assert_eq(t.task.in[2], RACEWAY_KEY_UNIT_ATTENTION);
	cr_assert_eq(raceway_get16(t.task.in + 12), 0x2a09);
	bed_good(&t, nexus, "03 00 00 00 ff 00", 255, 0);
	cr_assert_eq(raceway_get16(t.task.in + 12), 0, "once");
}

/* An ordered task runs alone, and what came first is first. */
Test(io, order)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_lu *lu = bed_lu(disk);
	struct raceway_nexus *nexus = bed_nexus("a", lu), *other = bed_nexus("b", lu);

	disk->slow = true;
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	bed_prepare(&u, other, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	u.task.attribute = RACEWAY_TASK_ORDERED;
	u.task.worker = bed_worker(1);
	raceway_scsi_execute(&u.task);
	bed_run(&v, nexus, "28 00 00 00 00 00 00 00 01 00", 512, 0);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 1);
	bed_complete(disk);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 1, "it is another worker's");
	cr_assert_eq(bed_run_calls(bed_worker(1)), 1);
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 2);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 0);
	bed_complete(disk);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	cr_assert_eq(bed_run_calls(bed_worker(0)), 1);
	cr_assert_eq(disk->count[RACEWAY_IO_READ], 1);
	bed_complete(disk);
	bed_expect(&v, RACEWAY_SCSI_GOOD);
}

static uintptr_t deepest, highest;

static void note_depth(struct raceway_task *task)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);

	((struct bed_task *)task)->done++;
	if (here < deepest)
		deepest = here;
	if (here > highest)
		highest = here;
}

/* Many wait, each for the one before; none runs on the other's stack. */
Test(io, a_long_queue_needs_no_deep_stack)
{
	enum { QUEUE = 500, STACK = 4096 };
	static struct bed_task queue[QUEUE];
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->slow = true;
	bed_run(&t, nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
	for (unsigned int i = 0; i < QUEUE; i++) {
		bed_prepare(&queue[i], nexus, "2a 00 00 00 00 00 00 00 01 00", 0, 512);
		memset(queue[i].out, (int)i, 512);
		queue[i].task.attribute = RACEWAY_TASK_ORDERED;
		queue[i].task.done = note_depth;
		raceway_scsi_execute(&queue[i].task);
	}
	cr_assert_eq(disk->count[RACEWAY_IO_WRITE], 1);
	disk->slow = false;
	deepest = UINTPTR_MAX;
	bed_complete(disk);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	for (unsigned int i = 0; i < QUEUE; i++)
		bed_expect(&queue[i], RACEWAY_SCSI_GOOD);
	cr_assert_eq(disk->data[0], (uint8_t)(QUEUE - 1), "not in order");
	cr_assert_lt(highest - deepest, STACK, "%lu bytes deep", highest - deepest);
}
