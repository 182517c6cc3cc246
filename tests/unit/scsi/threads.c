/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Workers that are threads, at one unit: commands that must be one are, nobody waits for ever, and
 * reservations, resets and views change meanwhile. */
#include "bed.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/command.h"

#define THREADS 3
#define ROUNDS 1000

static uint8_t blocks[64 * BED_BLOCK];
static struct raceway_lu *lu;

/* COMPARE AND WRITE from its read to its end, and how many others are at the disk: never both. */
static _Atomic(void *) alone;
static _Atomic int others, violations;

static void perform(struct raceway_io *io)
{
	if (io->kind == RACEWAY_IO_READ)
		memcpy(io->data, blocks + io->offset, io->bytes);
	else if (io->kind == RACEWAY_IO_WRITE)
		memcpy(blocks + io->offset, io->data, io->bytes);
	for (volatile int i = 0; i < 2000; i++) /* whoever should wait may come in now */
		;
	io->result = 0;
}

/* No lock of its own: only the gate keeps commands apart. */
static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	const struct raceway_task *task = io->context;
	bool compares = task->cdb[0] == 0x89, begins = compares && io->kind == RACEWAY_IO_READ;
	void *who = atomic_load(&alone);

	if ((who && who != task) || (begins && atomic_load(&others)))
		atomic_fetch_add(&violations, 1);
	if (begins)
		atomic_store(&alone, io->context);
	if (!compares)
		atomic_fetch_add(&others, 1);
	perform(io);
	if (!compares)
		atomic_fetch_sub(&others, 1);
	/* It is over with its write, or where there will be none. */
	if (compares &&
	    (!begins || raceway_task_dead(task) || memcmp(io->data, task->out, io->bytes) != 0))
		atomic_store(&alone, NULL);
	io->done(io);
}

static const struct raceway_disk_ops ops = { .name = "plain", .submit = submit };

static struct raceway_disk disk = { .ops = &ops,
				    .bytes = sizeof(blocks),
				    .block_bytes = BED_BLOCK,
				    .physical_bytes = BED_BLOCK,
				    .write_cache = true };

/* Runs a command to its end, on the thread of its worker. */
static void run(struct bed_task *t, struct raceway_nexus *nexus, struct raceway_worker *worker,
		const char *cdb, uint32_t in, uint32_t out)
{
	bed_prepare(t, nexus, cdb, in, out);
	t->task.worker = worker;
	raceway_scsi_execute(&t->task);
	while (!t->done)
		bed_wait_call(worker);
}

/* Adds one to the number of this thread in block 0, as a cluster changes what it shares. Whether an
 * aborted command was done is seen by reading. */
static void count_one(struct bed_task *t, struct raceway_nexus *nexus,
		      struct raceway_worker *worker, unsigned int number, uint8_t *known)
{
	uint64_t before = raceway_get64(known + 8 * number);

	while (raceway_get64(known + 8 * number) == before) {
		memcpy(t->out, known, BED_BLOCK);
		memcpy(t->out + BED_BLOCK, known, BED_BLOCK);
		raceway_put64(t->out + BED_BLOCK + 8 * number, before + 1);
		run(t, nexus, worker, "89 00 00 00 00 00 00 00 00 00 00 00 00 01 00 00", 0, 1024);
		do
			run(t, nexus, worker, "28 00 00 00 00 00 00 00 01 00", BED_BLOCK, 0);
		while (t->task.status != RACEWAY_SCSI_GOOD || t->task.aborted);
		memcpy(known, t->task.in, BED_BLOCK);
	}
	cr_assert_eq(raceway_get64(known + 8 * number), before + 1);
}

static void managed(struct raceway_tmf_request *request, enum raceway_tmf_response response)
{
	*(bool *)request->context = true;
}

struct worker {
	pthread_t thread;
	unsigned int number;
	struct raceway_nexus *nexus;
	bool meddles; /* resets, reserves, and comes anew */
};

static void meddle(struct worker *w, struct bed_task *t, struct raceway_worker *worker,
		   unsigned int round)
{
	bool answered = false;
	struct raceway_lun lun = { 0, false, lu };
	struct raceway_tmf_request request = { .function = RACEWAY_TMF_LOGICAL_UNIT_RESET,
					       .nexus = w->nexus,
					       .worker = worker,
					       .done = managed,
					       .context = &answered };

	switch (round % 4) {
	case 0:
		run(t, w->nexus, worker, "16 00 00 00 00 00", 0, 0);
		run(t, w->nexus, worker, "17 00 00 00 00 00", 0, 0);
		break;
	case 1:
		raceway_scsi_manage(&request);
		cr_assert(answered);
		break;
	case 2:
		cr_assert_eq(raceway_nexus_map(w->nexus, NULL, 0), 0);
		cr_assert_eq(raceway_nexus_map(w->nexus, &lun, 1), 0);
		break;
	default:
		memset(t->out, 0, 24);
		raceway_put64(t->out + 8, round);
		run(t, w->nexus, worker, "5f 06 00 00 00 00 00 00 18 00", 0, 24);
	}
}

static void *work(void *context)
{
	struct worker *w = context;
	struct raceway_worker *worker = bed_worker(w->number);
	struct bed_task *t = calloc(1, sizeof(*t));
	uint8_t known[BED_BLOCK] = { 0 };
	char cdb[48];

	cr_assert(t);
	snprintf(cdb, sizeof(cdb), "2a 00 00 00 00 %02x 00 00 01 00", w->number + 1);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		run(t, w->nexus, worker, cdb, 0, BED_BLOCK);
		if (w->meddles && i % 8 == 0)
			meddle(w, t, worker, i / 8);
		count_one(t, w->nexus, worker, w->number, known);
	}
	raceway_task_release(&t->task);
	free(t);
	return NULL;
}

Test(threads, one_unit, .timeout = 60)
{
	struct raceway_lu_options options = { .disk = &disk };
	struct worker workers[THREADS] = { 0 };
	const char *const names[] = { "a", "b", "c" };

	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		workers[i].number = i;
		workers[i].meddles = i == 0;
		workers[i].nexus = bed_nexus(names[i], lu);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	cr_assert_eq(violations, 0);
	for (unsigned int i = 0; i < THREADS; i++)
		cr_assert_eq(raceway_get64(blocks + 8 * i), ROUNDS, "of thread %u", i);
	for (unsigned int i = 0; i < THREADS; i++)
		raceway_nexus_free(workers[i].nexus);
	raceway_lu_put(lu);
}
