/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands with any CDB and any data, from two initiators on two workers, at two small units in
 * memory whose operations end at once, late, or with an error; with task management and changes of
 * the map in between. Nothing crashes, and every task ends once and within its bounds. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/command.h"

#define BLOCK 512
#define BLOCKS 64
#define UNITS 2
#define NEXUSES 2
#define TASKS 64
#define ROOM 4096 /* of data-out and data-in */

struct raceway_worker {
	struct raceway_call *first, **end;
};

struct memory {
	struct raceway_disk disk;
	uint8_t data[BLOCKS * BLOCK];
	struct raceway_io *held;
	unsigned int mode; /* 0: at once, 1: late, 2: with an error */
};

struct job {
	struct raceway_task task;
	uint8_t out[ROOM];
	unsigned int done;
};

static struct raceway_worker workers[NEXUSES];
static struct memory disks[UNITS];
static struct raceway_lu *lus[UNITS];
static struct raceway_nexus *nexuses[NEXUSES];
static struct raceway_timer *timers[UNITS];
static struct raceway_tmf_request requests[TASKS];
static struct job *jobs[TASKS];
static size_t job_count, request_count, answered;
static uint64_t now_ns;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call)
{
	call->next = NULL;
	*worker->end = call;
	worker->end = &call->next;
}

uint64_t raceway_worker_now(const struct raceway_worker *worker)
{
	return now_ns;
}

int raceway_timer_set(struct raceway_worker *worker, struct raceway_timer *timer, uint64_t at_ns)
{
	for (size_t i = 0; i < UNITS; i++) {
		if (timers[i])
			continue;
		timers[i] = timer;
		timer->at_ns = at_ns;
		return 0;
	}
	abort(); /* one of each unit at most */
}

static void perform(struct memory *memory, struct raceway_io *io)
{
	io->result = memory->mode == 2 ? -EIO : 0;
	if (!io->result && io->kind == RACEWAY_IO_READ)
		memcpy(io->data, memory->data + io->offset, io->bytes);
	if (!io->result && io->kind == RACEWAY_IO_WRITE)
		memcpy(memory->data + io->offset, io->data, io->bytes);
	io->done(io);
}

static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	struct memory *memory = (struct memory *)disk;

	if (io->kind != RACEWAY_IO_FLUSH &&
	    (io->offset % BLOCK || io->bytes % BLOCK || !io->bytes || io->bytes > disk->bytes ||
	     io->offset > disk->bytes - io->bytes))
		abort();
	if (memory->mode != 1) {
		perform(memory, io);
		return;
	}
	io->disk_private = memory->held;
	memory->held = io;
}

static const struct raceway_disk_ops ops = { .name = "memory", .submit = submit };

/* Everything that waits goes on; true: something did. */
static bool go_on(void)
{
	bool any = false;

	for (size_t i = 0; i < NEXUSES; i++) {
		struct raceway_call *call = workers[i].first;

		workers[i].first = NULL;
		workers[i].end = &workers[i].first;
		while (call) {
			struct raceway_call *next = call->next;

			call->run(call, &workers[i]);
			call = next;
			any = true;
		}
	}
	for (size_t i = 0; i < UNITS; i++) {
		struct raceway_io *io = disks[i].held;
		struct raceway_timer *timer = timers[i];

		if (io) {
			disks[i].held = io->disk_private;
			perform(&disks[i], io);
			any = true;
		} else if (timer) {
			timers[i] = NULL;
			now_ns = timer->at_ns > now_ns ? timer->at_ns : now_ns;
			timer->at_ns = 0;
			timer->expired(timer);
			any = true;
		}
	}
	return any;
}

static void task_done(struct raceway_task *task)
{
	struct job *job = (struct job *)task;

	if (++job->done > 1 || task->in_bytes > task->expected_bytes ||
	    task->sense_bytes > RACEWAY_SENSE_MAX || (task->in_bytes && !task->wants_in))
		abort();
	for (uint32_t i = 0; i < task->in_bytes; i++) /* all of it is there */
		((volatile uint8_t *)task->in)[i];
	raceway_task_release(task);
}

static void managed(struct raceway_tmf_request *request, enum raceway_tmf_response response)
{
	answered++;
}

static void map(size_t i, unsigned int how)
{
	struct raceway_lun luns[UNITS] = { { 0, how & 1, lus[0] }, { 1, false, lus[1] } };

	raceway_nexus_map(nexuses[i], luns, how & 2 ? 1 : UNITS);
}

static void begin(void)
{
	struct raceway_lun luns[UNITS] = { 0 };

	now_ns = 0;
	job_count = request_count = answered = 0;
	for (size_t i = 0; i < UNITS; i++) {
		struct raceway_lu_options options = { .disk = &disks[i].disk,
						      .naa = { 0x30, (uint8_t)i } };

		memset(&disks[i], 0, sizeof(disks[i]));
		disks[i].disk = (struct raceway_disk){ .ops = &ops,
						       .bytes = BLOCKS * BLOCK,
						       .block_bytes = BLOCK,
						       .physical_bytes = 4096,
						       .thin = i == 0,
						       .write_cache = true };
		if (raceway_lu_new(&options, &lus[i]))
			abort();
		luns[i] = (struct raceway_lun){ (uint16_t)i, false, lus[i] };
	}
	for (size_t i = 0; i < NEXUSES; i++) {
		struct raceway_nexus_options options = { .target = "target",
							 .target_port = "port",
							 .protocol = 5,
							 .relative_port = 1,
							 .transport_id_bytes = 28 };

		memcpy(options.transport_id, "\x45\x00\x00\x18", 4);
		options.transport_id[4] = (uint8_t)('a' + i);
		workers[i].end = &workers[i].first;
		if (raceway_nexus_new(&options, luns, UNITS, &nexuses[i]))
			abort();
	}
}

/* Taken from the input, zeroes behind its end. */
struct source {
	const uint8_t *at, *end;
};

static uint8_t take(struct source *source)
{
	return source->at < source->end ? *source->at++ : 0;
}

/* Half of the CDBs are of a command that there is, with ones only where it looks. */
static void take_cdb(struct source *source, uint8_t *cdb, bool known)
{
	const struct raceway_command *command =
		&raceway_commands[take(source) % raceway_command_count];

	for (size_t i = 0; i < RACEWAY_CDB_CHECKED; i++)
		cdb[i] = take(source);
	if (!known)
		return;
	for (size_t i = 0; i < RACEWAY_CDB_CHECKED; i++)
		cdb[i] &= command->usage[i];
	cdb[0] = command->opcode;
	if (command->service_action != RACEWAY_NO_SERVICE_ACTION)
		cdb[1] = (uint8_t)((cdb[1] & 0xe0) | command->service_action);
}

static void run_command(struct source *source)
{
	uint8_t flags = take(source);
	struct job *job = calloc(1, sizeof(*job));
	struct raceway_task *task;

	if (!job)
		abort();
	jobs[job_count++] = job;
	task = &job->task;
	take_cdb(source, task->cdb, flags & 1);
	task->cdb_bytes = RACEWAY_CDB_CHECKED;
	task->nexus = nexuses[flags >> 1 & 1];
	task->worker = &workers[flags >> 1 & 1];
	task->lun = (uint64_t)(flags >> 2 & 1) << 48;
	task->attribute = flags >> 3 & 1 ? RACEWAY_TASK_ORDERED : RACEWAY_TASK_SIMPLE;
	task->tag = job_count;
	task->wants_in = flags >> 4 & 1;
	task->wants_out = !task->wants_in;
	task->expected_bytes = (uint32_t)(take(source) << 8 | take(source)) % ROOM;
	task->out = job->out;
	task->out_bytes = task->wants_out ? task->expected_bytes : 0;
	for (uint32_t i = 0; i < task->out_bytes && source->at < source->end; i++)
		job->out[i] = take(source);
	task->done = task_done;
	raceway_scsi_execute(task);
}

static void run_management(struct source *source)
{
	struct raceway_tmf_request *request = &requests[request_count++];
	uint8_t flags = take(source);

	*request = (struct raceway_tmf_request){
		.function = (enum raceway_tmf)(flags & 7),
		.nexus = nexuses[flags >> 3 & 1],
		.worker = &workers[flags >> 3 & 1],
		.lun = (uint64_t)(flags >> 4 & 1) << 48,
		.tag = take(source),
		.done = managed,
	};
	raceway_scsi_manage(request);
}

/* Nothing may wait for ever. */
static void end(void)
{
	for (size_t i = 0; i < NEXUSES; i++)
		raceway_nexus_free(nexuses[i]);
	for (size_t i = 0; i < UNITS; i++)
		disks[i].mode = 0;
	while (go_on())
		;
	for (size_t i = 0; i < job_count; i++) {
		if (jobs[i]->done != 1)
			abort();
		free(jobs[i]);
	}
	if (answered != request_count)
		abort();
	for (size_t i = 0; i < UNITS; i++)
		raceway_lu_put(lus[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	struct source source = { data, data + bytes };

	begin();
	while (source.at < source.end && job_count < TASKS && request_count < TASKS) {
		uint8_t what = take(&source);

		if (what < 192)
			run_command(&source);
		else if (what < 208)
			run_management(&source);
		else if (what < 240)
			go_on();
		else if (what < 248)
			disks[what & 1].mode = (what >> 1) % 3;
		else
			map(what & 1, what >> 1 & 3);
	}
	end();
	return 0;
}
