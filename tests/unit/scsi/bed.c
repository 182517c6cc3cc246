/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A disk in memory, workers without threads, and commands. */
#include "bed.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct raceway_worker {
	struct raceway_call *first, **end;
	pthread_mutex_t lock;
	pthread_cond_t called;
	uint64_t spent;
};

/* All that was given out: what a test leaves behind is no leak. */
static void *kept[4096];

static void keep(void *object)
{
	static size_t count;

	cr_assert(object);
	cr_assert_lt(count, sizeof(kept) / sizeof(kept[0]));
	kept[count++] = object;
}

#define WORKER(i)                                                                                  \
	{                                                                                          \
		.end = &workers[i].first, .lock = PTHREAD_MUTEX_INITIALIZER,                       \
		.called = PTHREAD_COND_INITIALIZER                                                 \
	}
static struct raceway_worker workers[] = { WORKER(0), WORKER(1), WORKER(2) };
static struct raceway_timer *timers[16];
static uint64_t now_ns = 1;

struct raceway_worker *bed_worker(unsigned int number)
{
	return &workers[number];
}

void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call)
{
	pthread_mutex_lock(&worker->lock);
	call->next = NULL;
	*worker->end = call;
	worker->end = &call->next;
	pthread_cond_signal(&worker->called);
	pthread_mutex_unlock(&worker->lock);
}

void raceway_worker_spend(struct raceway_worker *worker, uint64_t bytes)
{
	worker->spent += bytes;
}

bool raceway_worker_is_busy(const struct raceway_worker *worker)
{
	return worker->spent >= RACEWAY_ROUND_BYTES;
}

void raceway_worker_turn(struct raceway_worker *worker, struct raceway_call *call)
{
	raceway_worker_call(worker, call);
}

uint64_t raceway_worker_now(const struct raceway_worker *worker)
{
	return now_ns;
}

int raceway_timer_set(struct raceway_worker *worker, struct raceway_timer *timer, uint64_t at_ns)
{
	size_t free_place = 16;

	for (size_t i = 0; i < 16; i++) {
		if (timers[i] == timer)
			free_place = i;
		else if (!timers[i] && free_place == 16)
			free_place = i;
	}
	cr_assert_lt(free_place, 16);
	timers[free_place] = timer;
	timer->at_ns = at_ns;
	return 0;
}

void raceway_timer_clear(struct raceway_worker *worker, struct raceway_timer *timer)
{
	for (size_t i = 0; i < 16; i++)
		if (timers[i] == timer)
			timers[i] = NULL;
	timer->at_ns = 0;
}

void bed_pass(uint64_t ns)
{
	uint64_t until = now_ns + ns;

	for (;;) {
		struct raceway_timer **next = NULL, *timer;

		for (size_t i = 0; i < 16; i++)
			if (timers[i] && timers[i]->at_ns <= until &&
			    (!next || timers[i]->at_ns < (*next)->at_ns))
				next = &timers[i];
		if (!next)
			break;
		timer = *next;
		*next = NULL;
		if (timer->at_ns > now_ns)
			now_ns = timer->at_ns;
		timer->at_ns = 0;
		workers[0].spent = 0;
		timer->expired(timer);
	}
	now_ns = until;
}

static struct raceway_call *await_call(struct raceway_worker *worker)
{
	struct raceway_call *call;

	pthread_mutex_lock(&worker->lock);
	while (!worker->first)
		pthread_cond_wait(&worker->called, &worker->lock);
	call = worker->first;
	worker->first = call->next;
	if (!worker->first)
		worker->end = &worker->first;
	pthread_mutex_unlock(&worker->lock);
	return call;
}

unsigned int bed_run_calls_once(struct raceway_worker *worker)
{
	struct raceway_call *call;
	unsigned int count = 0;

	pthread_mutex_lock(&worker->lock);
	call = worker->first;
	worker->first = NULL;
	worker->end = &worker->first;
	worker->spent = 0;
	pthread_mutex_unlock(&worker->lock);
	while (call) {
		struct raceway_call *next = call->next;

		call->run(call, worker);
		call = next;
		count++;
	}
	return count;
}

unsigned int bed_run_calls(struct raceway_worker *worker)
{
	unsigned int count = 0, now;

	while ((now = bed_run_calls_once(worker)))
		count += now;
	return count;
}

void bed_wait_call(struct raceway_worker *worker)
{
	struct raceway_call *call = await_call(worker);

	worker->spent = 0;
	call->run(call, worker);
}

static void mark(struct bed_disk *disk, const struct raceway_io *io, bool mapped)
{
	for (uint64_t at = io->offset; at < io->offset + io->bytes; at += BED_BLOCK)
		disk->mapped[at / BED_BLOCK] = mapped;
}

static void perform(struct bed_disk *disk, struct raceway_io *io)
{
	uint8_t *at = disk->data + io->offset;

	io->result = 0;
	if (disk->fail[io->kind] &&
	    (disk->fail_offset == UINT64_MAX ||
	     (disk->fail_offset >= io->offset && disk->fail_offset < io->offset + io->bytes))) {
		io->result = disk->fail[io->kind];
	} else if (io->kind == RACEWAY_IO_READ) {
		memcpy(io->data, at, io->bytes);
	} else if (io->kind == RACEWAY_IO_WRITE) {
		memcpy(at, io->data, io->bytes);
		mark(disk, io, true);
	} else if (io->kind != RACEWAY_IO_FLUSH) {
		memset(at, 0, io->bytes);
		mark(disk, io, io->kind == RACEWAY_IO_ZERO);
	}
	io->done(io);
}

static void submit(struct raceway_disk *base, struct raceway_worker *worker, struct raceway_io *io)
{
	struct bed_disk *disk = (struct bed_disk *)base;
	struct raceway_io **link = &disk->held;

	if (io->kind != RACEWAY_IO_FLUSH) {
		cr_assert_eq(io->offset % base->block_bytes, 0);
		cr_assert_eq(io->bytes % base->block_bytes, 0);
		cr_assert_gt(io->bytes, 0);
		cr_assert_leq(io->offset + io->bytes, base->bytes);
	}
	disk->count[io->kind]++;
	disk->last = *io;
	if (!disk->slow) {
		perform(disk, io);
		return;
	}
	io->disk_private = NULL;
	while (*link)
		link = (struct raceway_io **)&(*link)->disk_private;
	*link = io;
}

bool bed_complete(struct bed_disk *disk)
{
	struct raceway_io *io = disk->held;

	if (!io)
		return false;
	disk->held = io->disk_private;
	perform(disk, io);
	return true;
}

static int extent(struct raceway_disk *base, uint64_t offset, uint64_t *ret_bytes, bool *ret_mapped)
{
	struct bed_disk *disk = (struct bed_disk *)base;
	uint64_t block = offset / BED_BLOCK, end = block;

	while (end < BED_BLOCKS && disk->mapped[end] == disk->mapped[block])
		end++;
	*ret_mapped = disk->mapped[block];
	*ret_bytes = (end - block) * BED_BLOCK;
	return 0;
}

static const struct raceway_disk_ops ops = { .name = "memory", .submit = submit, .extent = extent };

struct bed_disk *bed_disk(void)
{
	struct bed_disk *disk = calloc(1, sizeof(*disk));

	keep(disk);
	disk->data = calloc(BED_BLOCKS, BED_BLOCK);
	cr_assert(disk->data);
	disk->fail_offset = UINT64_MAX;
	disk->disk = (struct raceway_disk){ .ops = &ops,
					    .bytes = (uint64_t)BED_BLOCKS * BED_BLOCK,
					    .block_bytes = BED_BLOCK,
					    .physical_bytes = 4096,
					    .thin = true,
					    .write_cache = true };
	return disk;
}

struct raceway_lu *bed_lu(struct bed_disk *disk)
{
	struct raceway_lu_options options = { .disk = &disk->disk,
					      .name = "san/volume",
					      .naa = { 0x30, 1, 2, 3, 4, 5, 6, 7 },
					      .serial = "0001020304050607" };
	struct raceway_lu *lu = NULL;

	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
	keep(lu);
	return lu;
}

void bed_nexus_options(const char *name, struct raceway_nexus_options *ret_options)
{
	*ret_options = (struct raceway_nexus_options){ .target = "iqn.target",
						       .target_port = "iqn.target,t,0x0001",
						       .protocol = 5,
						       .relative_port = 1,
						       .version_descriptor = 0x0960 };
	snprintf(ret_options->initiator, sizeof(ret_options->initiator), "%s", name);
	ret_options->transport_id[0] = 0x45;
	snprintf((char *)ret_options->transport_id + 4, 200, "%s,i,0x000000000000", name);
	ret_options->transport_id_bytes =
		(uint16_t)(4 + (strlen((char *)ret_options->transport_id + 4) + 4) / 4 * 4);
	ret_options->transport_id[3] = (uint8_t)(ret_options->transport_id_bytes - 4);
}

struct raceway_nexus *bed_nexus(const char *name, struct raceway_lu *lu)
{
	struct raceway_lun lun = { .lu = lu };
	struct raceway_nexus_options options;
	struct raceway_nexus *nexus = NULL;
	struct bed_task t = { 0 };

	bed_nexus_options(name, &options);
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &nexus), 0);
	keep(nexus);
	bed_run(&t, nexus, "00 00 00 00 00 00", 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_UNIT_ATTENTION, 0x2900);
	return nexus;
}

static void done(struct raceway_task *task)
{
	struct bed_task *t = (struct bed_task *)task;

	t->done++;
}

static uint8_t parse_cdb(const char *text, uint8_t *cdb)
{
	uint8_t bytes = 0;

	while (*text) {
		char *end;
		unsigned long value = strtoul(text, &end, 16);

		cr_assert_neq(end, text, "not hexadecimal: %s", text);
		cr_assert_lt(bytes, RACEWAY_CDB_MAX);
		cdb[bytes++] = (uint8_t)value;
		text = end;
		while (*text == ' ')
			text++;
	}
	return bytes;
}

void bed_prepare(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
		 uint32_t out)
{
	static _Atomic uint64_t tag;

	raceway_task_release(&t->task);
	t->done = 0;
	memset(&t->task, 0, sizeof(t->task));
	t->task.nexus = nexus;
	t->task.worker = bed_worker(0);
	t->task.worker->spent = 0;
	t->task.tag = ++tag;
	t->task.cdb_bytes = parse_cdb(cdb, t->task.cdb);
	t->task.attribute = RACEWAY_TASK_SIMPLE;
	t->task.wants_in = in > 0;
	t->task.wants_out = out > 0;
	t->task.expected_bytes = in + out;
	t->task.out = t->out;
	t->task.out_bytes = out;
	t->task.done = done;
	cr_assert_leq(out, sizeof(t->out));
}

void bed_run(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
	     uint32_t out)
{
	bed_prepare(t, nexus, cdb, in, out);
	raceway_scsi_execute(&t->task);
}

void bed_expect(const struct bed_task *t, enum raceway_scsi_status status)
{
	cr_assert_eq(t->done, 1, "done %u times", t->done);
	cr_assert_eq(t->task.status, status, "status %02x, not %02x, sense %x %02x%02x",
		     t->task.status, status, t->task.sense[2], t->task.sense[12],
		     t->task.sense[13]);
	cr_assert_not(t->task.aborted);
}

void bed_expect_sense(const struct bed_task *t, enum raceway_sense_key key, unsigned int asc)
{
	bed_expect(t, RACEWAY_SCSI_CHECK_CONDITION);
	cr_assert_eq(t->task.sense[0] & 0x7f, 0x70);
	cr_assert_eq(t->task.sense[2], key, "key %x, not %x", t->task.sense[2], key);
	cr_assert_eq(raceway_get16(t->task.sense + 12), asc, "code %04x, not %04x",
		     raceway_get16(t->task.sense + 12), asc);
}

void bed_good(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
	      uint32_t out)
{
	bed_run(t, nexus, cdb, in, out);
	bed_expect(t, RACEWAY_SCSI_GOOD);
}
