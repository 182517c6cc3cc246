/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Commands with any CDB and any data, from two initiators on two workers, at two small units in
 * memory whose operations end at once, late, or with an error; with task management and changes of
 * the map in between. Nothing crashes, and every task ends once and within its bounds. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"

#define BLOCK 512
#define BLOCKS 64
#define UNITS 2
#define NEXUSES 2
#define TASKS 64
#define ROOM 4096 /* of data-out and data-in */
#define STATE_ROOM 65536

struct raceway_worker {
	struct raceway_call *first, **end;
	uint64_t spent;
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
static uint8_t state[STATE_ROOM]; /* of reservations, on stable storage */
static struct raceway_keep_write *saving;
static bool saves_journal;
static void end_save(struct raceway_keep_write *write);
static size_t state_bytes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

void raceway_worker_call(struct raceway_worker *worker, struct raceway_call *call)
{
	call->next = NULL;
	*worker->end = call;
	worker->end = &call->next;
}

void raceway_worker_turn(struct raceway_worker *worker, struct raceway_call *call)
{
	raceway_worker_call(worker, call);
}

void raceway_worker_spend(struct raceway_worker *worker, uint64_t bytes)
{
	worker->spent += bytes;
}

bool raceway_worker_is_busy(const struct raceway_worker *worker)
{
	return worker->spent >= RACEWAY_ROUND_BYTES;
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
	struct raceway_keep_write *write = saving;
	bool any = write;

	saving = NULL;
	if (write)
		end_save(write);

	for (size_t i = 0; i < NEXUSES; i++) {
		struct raceway_call *call = workers[i].first;

		workers[i].first = NULL;
		workers[i].end = &workers[i].first;
		workers[i].spent = 0;
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

static int store(const void *from, size_t bytes)
{
	if (bytes > STATE_ROOM)
		return -ENOSPC;
	memcpy(state, from, bytes);
	state_bytes = bytes;
	return 0;
}

static void end_save(struct raceway_keep_write *write)
{
	if (saves_journal)
		write->result = disks[0].mode == 2 ? -EIO : 0;
	else
		write->result = store(write->state, write->bytes);
	write->done(write);
}

static void save(void *context, struct raceway_worker *worker, struct raceway_keep_write *write)
{
	if (saving) /* one at a time */
		abort();
	saves_journal = context;
	if (disks[0].mode == 1)
		saving = write;
	else
		end_save(write);
}

static int load(void *context, void *to, size_t room, size_t *ret_bytes)
{
	memcpy(to, state, state_bytes);
	*ret_bytes = state_bytes;
	return 0;
}

static const struct raceway_lu_keep keep = { save, load, NULL };
static const struct raceway_lu_keep journal = { save, NULL, &saves_journal };

static void begin_unit(size_t i)
{
	struct raceway_lu_options options = { .disk = &disks[i].disk,
					      .naa = { 0x30, (uint8_t)i },
					      .keep = i ? NULL : &keep,
					      .journal = i ? NULL : &journal };
	int r;

	memset(&disks[i], 0, sizeof(disks[i]));
	disks[i].disk = (struct raceway_disk){ .ops = &ops,
					       .bytes = BLOCKS * BLOCK,
					       .block_bytes = BLOCK,
					       .physical_bytes = 4096,
					       .thin = i == 0,
					       .write_cache = true };
	r = raceway_lu_new(&options, &lus[i]);
	if (r == -EBADMSG) { /* what the input has as the state is none */
		state_bytes = 0;
		r = raceway_lu_new(&options, &lus[i]);
	}
	if (r)
		abort();
}

static void begin(void)
{
	struct raceway_lun luns[UNITS] = { 0 };

	now_ns = 0;
	job_count = request_count = answered = 0;
	for (size_t i = 0; i < UNITS; i++) {
		begin_unit(i);
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
		for (size_t j = 0; j < UNITS; j++) /* most inputs are not about POWER ON */
			atomic_store(&nexuses[i]->itls[j]->attentions, 0);
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

/* An EXTENDED COPY of one segment, between any two of both units and one that is not there. */
static uint32_t shape_copy(uint8_t *cdb, uint8_t *out)
{
	uint8_t from = out[0] % 3, to = out[1] % 3, blocks = out[2] % 8;
	uint8_t from_lba = out[3] % BLOCKS, to_lba = out[4] % BLOCKS;

	memset(out, 0, 16 + 3 * 32 + 28);
	out[0] = to;
	raceway_put16(out + 2, 96);
	raceway_put32(out + 8, 28);
	for (uint8_t i = 0; i < 3; i++)
		memcpy(out + 16 + 32 * i, (uint8_t[10]){ 0xe4, 0, 0, 0, 1, 3, 0, 8, 0x30, i }, 10);
	raceway_put32(out + 112, 0x02000018);
	raceway_put32(out + 116, (uint32_t)from << 16 | to);
	out[123] = blocks;
	out[131] = from_lba;
	out[139] = to_lba;
	raceway_put32(cdb + 10, 140);
	return 140;
}

/* Lengths that fit each other, so that what is behind the first checks is reached too; how much
 * goes out. */
static uint32_t shape(uint8_t *cdb, uint8_t *out)
{
	struct raceway_cdb_cost cost;

	switch (cdb[0]) {
	case RACEWAY_OP_PERSISTENT_RESERVE_OUT:
		cdb[2] &= 0x0f;
		raceway_put32(cdb + 5, 24);
		raceway_put64(out, out[7] & 3);
		raceway_put64(out + 8, out[15] & 3);
		return 24;
	case RACEWAY_OP_EXTENDED_COPY:
		return shape_copy(cdb, out);
	case RACEWAY_OP_WRITE_SAME_10:
	case RACEWAY_OP_WRITE_SAME_16:
		memset(cdb + 2, 0, 4);
		return BLOCK;
	case RACEWAY_OP_COMPARE_AND_WRITE:
		memset(cdb + 2, 0, 7);
		cdb[9] &= 7;
		cdb[13] = 1;
		memset(out, 0, BLOCK); /* as the disk begins */
		return 2 * BLOCK;
	case RACEWAY_OP_MODE_SELECT_6:
	case RACEWAY_OP_UNMAP:
		return (uint32_t)(cdb[4] | cdb[7] << 8 | cdb[8]) % ROOM;
	default:
		memset(cdb + 2, 0, cdb[0] >> 5 == 4 ? 7 : 3);
		if (cdb[0] >> 5 == 4)
			memset(cdb + 10, 0, 3);
		if (cdb[0] >> 5 == 5)
			memset(cdb + 6, 0, 3);
		raceway_cdb_cost(cdb, RACEWAY_CDB_CHECKED, BLOCK, &cost);
		return (uint32_t)cost.bytes % ROOM;
	}
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
	if (flags >> 5 & 1 && task->wants_out)
		task->expected_bytes = task->out_bytes = shape(task->cdb, job->out);
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

	state_bytes = 0;
	if (take(&source) == 0xff) { /* all of it is a state of reservations */
		store(source.at, (size_t)(source.end - source.at));
		source.at = source.end;
	}
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
