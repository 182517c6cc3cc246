/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Long commands on a disk that is as quick as memory: the worker has its turn in between. */
#include "bed.h"

#include <string.h>

#define ROUND (4U << 20)

static struct bed_task t, u;
static uint64_t submitted;
static bool slow;
static struct raceway_io *held;

static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	submitted += io->bytes;
	held = io;
	if (io->kind == RACEWAY_IO_READ)
		memset(io->data, 0, io->bytes);
	io->result = 0;
	if (!slow)
		io->done(io);
}

static const struct raceway_disk_ops null_ops = { .name = "null", .submit = submit };

static struct raceway_nexus *begin(uint64_t bytes)
{
	struct bed_disk *disk = bed_disk();
	struct raceway_nexus *nexus = bed_nexus("a", bed_lu(disk));

	disk->disk.ops = &null_ops;
	disk->disk.bytes = bytes;
	return nexus;
}

/* Runs the worker to the end of the task: never more at once than one round. */
static void expect_rounds(const struct bed_task *task, unsigned int rounds)
{
	uint64_t before = 0;

	for (unsigned int i = 1; i < rounds; i++) {
		cr_assert_eq(task->done, 0, "over after %u rounds", i);
		cr_assert_leq(submitted - before, ROUND, "more than a round at once");
		before = submitted;
		cr_assert_eq(bed_run_calls_once(bed_worker(0)), 1);
	}
	cr_assert_leq(submitted - before, ROUND);
	bed_expect(task, RACEWAY_SCSI_GOOD);
	cr_assert_eq(bed_run_calls_once(bed_worker(0)), 0);
}

Test(rounds, verify)
{
	struct raceway_nexus *nexus = begin(1ULL << 40);

	/* 64 MiB, and others have their turn. */
	bed_run(&t, nexus, "8f 00 00 00 00 00 00 00 00 00 00 02 00 00 00 00", 0, 0);
	cr_assert_eq(t.done, 0);
	bed_good(&u, nexus, "00 00 00 00 00 00", 0, 0);
	expect_rounds(&t, 17);
	cr_assert_eq(submitted, 64U << 20);
}

/* As much as a CDB can ask for, and it can be given up. */
Test(rounds, verify_is_aborted)
{
	struct raceway_nexus *nexus = begin(1ULL << 40);

	bed_run(&t, nexus, "8f 00 00 00 00 00 00 00 00 00 80 00 00 00 00 00", 0, 0);
	cr_assert_eq(t.done, 0);
	raceway_nexus_abort(nexus);
	bed_run_calls(bed_worker(0));
	cr_assert_eq(t.done, 1);
	cr_assert(t.task.aborted);
	cr_assert_leq(submitted, ROUND);
}

Test(rounds, write_same)
{
	struct raceway_nexus *nexus = begin(1ULL << 40);

	memset(t.out, 0x5a, BED_BLOCK);
	bed_run(&t, nexus, "93 00 00 00 00 00 00 00 00 00 00 00 80 00 00 00", 0, BED_BLOCK);
	expect_rounds(&t, 5);
	cr_assert_eq(submitted, 16U << 20);
}

/* An operation that ends late begins a round of its own: nothing is put off that waits anyway. */
Test(rounds, what_is_slow_does_not_yield)
{
	struct raceway_nexus *nexus = begin(1ULL << 40);

	slow = true;
	bed_run(&t, nexus, "8f 00 00 00 00 00 00 00 00 00 00 00 40 00 00 00", 0, 0);
	for (unsigned int i = 0; i < 8; i++) {
		cr_assert_eq(t.done, 0);
		held->done(held);
	}
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(bed_run_calls(bed_worker(0)), 0);
}

Test(rounds, sanitize)
{
	struct raceway_nexus *nexus = begin(3ULL << 30);

	bed_run(&t, nexus, "48 02 00 00 00 00 00 00 00 00", 0, 0);
	cr_assert_eq(t.done, 0);
	cr_assert_eq(bed_run_calls(bed_worker(0)), 3);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(submitted, 3ULL << 30);
}
