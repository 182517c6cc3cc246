/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANITIZE by overwriting, or by giving all space back. It goes on after task management, resets
 * and the end of the session; who waits for it is answered when it is done. That it has begun is on
 * stable storage before it does: one that was cut off has failed. Nothing here is encrypted, so
 * that a cryptographic erasure is one of blocks: no key could be thrown away. */
#include "scsi/sanitize.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scsi/bytes.h"
#include "scsi/command.h"
#include "scsi/reserve.h"

#define IMMEDIATE 0x80
#define UNRESTRICTED_EXIT 0x20 /* AUSE */
#define LIST_HEADER 4
#define INVERT 0x80
#define COUNT_MASK 0x1f
#define PIECE_BYTES (1U << 20)
#define ERASE_BYTES (1ULL << 30)
#define PROGRESS_FULL 65535

struct raceway_sanitize {
	struct raceway_lu *lu; /* held */
	struct raceway_worker *worker;
	struct raceway_task *task; /* who waits for the end, or NULL */
	struct raceway_task *asks; /* ... or for its beginning to be kept */
	struct raceway_keep_write write;
	void *state;
	struct raceway_io io;
	struct raceway_timer timer;
	struct raceway_call resume;
	uint64_t started_ns, least_ns;
	uint64_t at, bytes;	   /* of the disk, and its size when it began */
	unsigned int pass, passes; /* 0: erasing */
	bool invert, unrestricted, flushing, advancing, again;
	_Atomic uint64_t done; /* bytes of all passes */
	uint8_t data[];	       /* a piece of the pattern */
};

static void advance(struct raceway_sanitize *s);

bool raceway_sanitize_sense(struct raceway_lu *lu, struct raceway_sense *ret_sense)
{
	uint32_t restricted = atomic_load(&lu->restricted);

	if (restricted & RACEWAY_RESTRICT_SANITIZE_FAILED) {
		*ret_sense = (struct raceway_sense){ .key = RACEWAY_KEY_MEDIUM_ERROR,
						     .asc = RACEWAY_ASC_SANITIZE_FAILED };
		return true;
	}
	if (!(restricted & RACEWAY_RESTRICT_SANITIZING))
		return false;
	*ret_sense = (struct raceway_sense){ .key = RACEWAY_KEY_NOT_READY,
					     .asc = RACEWAY_ASC_SANITIZE_IN_PROGRESS,
					     .specific = RACEWAY_SPECIFIC_PROGRESS };
	pthread_mutex_lock(&lu->lock);
	if (lu->sanitize) {
		const struct raceway_sanitize *s = lu->sanitize;
		uint64_t all = s->bytes * (s->passes ? s->passes : 1);

		ret_sense->progress =
			(uint16_t)((double)atomic_load(&s->done) * PROGRESS_FULL / (double)all);
	}
	pthread_mutex_unlock(&lu->lock);
	return true;
}

void raceway_sanitize_free(struct raceway_sanitize *s)
{
	if (s)
		free(s->state);
	free(s);
}

int raceway_sanitize_restore(struct raceway_lu *lu, bool unrestricted)
{
	struct raceway_sanitize *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->unrestricted = unrestricted;
	lu->sanitize = s;
	atomic_fetch_or(&lu->restricted, RACEWAY_RESTRICT_SANITIZE_FAILED);
	return 0;
}

/* Puts `kept` on stable storage, if there is one; done() follows. Nobody changes reservations
 * meanwhile: we are alone, or they are refused. */
static void keep(struct raceway_sanitize *s, uint8_t kept,
		 void (*done)(struct raceway_keep_write *write))
{
	const struct raceway_lu_keep *to = s->lu->options.keep;

	free(s->state);
	s->state = NULL;
	s->write = (struct raceway_keep_write){ .done = done, .context = s };
	if (to)
		s->state = raceway_pr_pack(s->lu->pr, kept, &s->write.bytes);
	s->write.state = s->state;
	if (s->state) {
		to->save(to->context, s->worker, &s->write);
		return;
	}
	s->write.result = to ? -ENOMEM : 0;
	done(&s->write);
}

/* Answers who waits; the failure of one that nobody waits for is seen by the next command. */
static void finish(struct raceway_sanitize *s, int result)
{
	struct raceway_lu *lu = s->lu;
	struct raceway_task *task = s->task;

	pthread_mutex_lock(&lu->lock);
	if (result)
		atomic_fetch_or(&lu->restricted, RACEWAY_RESTRICT_SANITIZE_FAILED);
	else
		lu->sanitize = NULL;
	atomic_fetch_and(&lu->restricted, ~(uint32_t)RACEWAY_RESTRICT_SANITIZING);
	s->lu = NULL;
	pthread_mutex_unlock(&lu->lock);
	if (!result)
		raceway_sanitize_free(s);
	if (task) {
		task->cancel = NULL;
		if (result)
			raceway_task_fail(task, RACEWAY_KEY_MEDIUM_ERROR,
					  RACEWAY_ASC_SANITIZE_FAILED);
		else
			raceway_task_good(task);
	}
	raceway_lu_put(lu);
}

static void end_kept(struct raceway_keep_write *write)
{
	finish(write->context, write->result);
}

static void io_done(struct raceway_io *io)
{
	struct raceway_sanitize *s = io->context;

	if (!io->result && io->kind != RACEWAY_IO_FLUSH) {
		s->at += io->bytes;
		atomic_fetch_add(&s->done, io->bytes);
	}
	advance(s);
}

static void submit(struct raceway_sanitize *s, enum raceway_io_kind kind, uint64_t bytes)
{
	struct raceway_disk *disk = s->lu->options.disk;

	raceway_worker_spend(s->worker, bytes);
	s->io = (struct raceway_io){ .kind = kind,
				     .offset = s->at,
				     .bytes = bytes,
				     .data = kind == RACEWAY_IO_WRITE ? s->data : NULL,
				     .done = io_done,
				     .context = s };
	disk->ops->submit(disk, s->worker, &s->io);
}

static void expired(struct raceway_timer *timer)
{
	advance((struct raceway_sanitize *)((char *)timer -
					    offsetof(struct raceway_sanitize, timer)));
}

/* Whether it waits until as much as is done may be done: the timer is set then. */
static bool too_early(struct raceway_sanitize *s)
{
	double part;
	uint64_t due;

	if (!s->passes)
		return false;
	part = (double)atomic_load(&s->done) / ((double)s->bytes * s->passes);
	due = s->started_ns + (uint64_t)((double)s->least_ns * part);
	return due > raceway_worker_now(s->worker) && !raceway_timer_set(s->worker, &s->timer, due);
}

/* The next piece, or pass, or the end. False: it is over, and `s` may be gone. */
static bool step(struct raceway_sanitize *s)
{
	uint64_t left = s->bytes - s->at;
	size_t piece = PIECE_BYTES;

	if (s->io.result) {
		finish(s, s->io.result);
		return false;
	}
	if (s->flushing) {
		keep(s, 0, end_kept);
		return false;
	}
	if (too_early(s))
		return true;
	if (!left && s->pass + 1 < s->passes) {
		s->pass++;
		s->at = 0;
		left = s->bytes;
		for (size_t i = 0; s->invert && i < piece; i++)
			s->data[i] = (uint8_t)~s->data[i];
	}
	if (!left) {
		s->flushing = true;
		s->at = 0;
		submit(s, RACEWAY_IO_FLUSH, 0);
	} else if (s->passes) {
		submit(s, RACEWAY_IO_WRITE, left < piece ? left : piece);
	} else {
		submit(s, s->lu->options.disk->thin ? RACEWAY_IO_UNMAP : RACEWAY_IO_ZERO,
		       left < ERASE_BYTES ? left : ERASE_BYTES);
	}
	return true;
}

static void resume(struct raceway_call *call, struct raceway_worker *worker)
{
	advance((struct raceway_sanitize *)((char *)call -
					    offsetof(struct raceway_sanitize, resume)));
}

/* Like raceway_task_advance(). */
static void advance(struct raceway_sanitize *s)
{
	if (s->advancing) {
		s->again = true; /* the operation ended within its submission */
		return;
	}
	s->advancing = true;
	do {
		s->again = false;
		if (!step(s))
			return;
	} while (s->again && !raceway_worker_is_busy(s->worker));
	s->advancing = false;
	if (!s->again)
		return;
	s->resume.run = resume;
	raceway_worker_turn(s->worker, &s->resume);
}

/* The task need not wait: what it began goes on. */
static void cancel(struct raceway_task *task)
{
	struct raceway_sanitize *s = task->lu->sanitize;

	task->cancel = NULL;
	s->task = NULL;
	raceway_task_good(task);
}

/* What the list of an overwrite asks for (SBC-3 5.24.2.2). False: the task has ended. */
static bool list_ok(struct raceway_task *task, size_t bytes)
{
	uint32_t block = raceway_lu_block_bytes(task->lu), pattern;

	if ((task->cdb[1] & 0x1f) != RACEWAY_SA_SANITIZE_OVERWRITE) {
		if (bytes)
			raceway_task_bad_cdb(task, 7);
		return !bytes;
	}
	if (bytes <= LIST_HEADER || bytes > LIST_HEADER + block) {
		raceway_task_bad_cdb(task, 7);
		return false;
	}
	if (!raceway_task_list_ok(task, bytes))
		return false;
	pattern = raceway_get16(task->out + 2);
	if (!(task->out[0] & COUNT_MASK) || !pattern || pattern != bytes - LIST_HEADER) {
		raceway_task_bad_list(task, pattern ? 0 : 2);
		return false;
	}
	return true;
}

static struct raceway_sanitize *new_job(struct raceway_task *task, size_t list_bytes)
{
	bool overwrite = list_bytes > 0;
	uint32_t block = raceway_lu_block_bytes(task->lu);
	struct raceway_sanitize *s = calloc(1, sizeof(*s) + (overwrite ? PIECE_BYTES : 0));
	size_t pattern = list_bytes - LIST_HEADER;

	if (!s)
		return NULL;
	s->lu = raceway_lu_hold(task->lu);
	s->worker = task->worker;
	s->timer.expired = expired;
	s->bytes = raceway_lu_blocks(task->lu) * block;
	s->unrestricted = task->cdb[1] & UNRESTRICTED_EXIT;
	if (!overwrite)
		return s;
	s->passes = task->out[0] & COUNT_MASK;
	s->invert = task->out[0] & INVERT;
	for (size_t i = 0; i < PIECE_BYTES; i++) /* it begins anew in each block */
		s->data[i] = task->out[LIST_HEADER + i % block % pattern];
	s->started_ns = raceway_worker_now(task->worker);
	s->least_ns = s->bytes * s->passes / RACEWAY_SANITIZE_BYTES_PER_S * 1000000000ULL;
	if (s->least_ns < RACEWAY_SANITIZE_LEAST_NS)
		s->least_ns = RACEWAY_SANITIZE_LEAST_NS;
	return s;
}

/* A failure is given up, and that is kept. */
static void exit_kept(struct raceway_keep_write *write)
{
	struct raceway_sanitize *s = write->context;
	struct raceway_task *task = s->asks;
	struct raceway_lu *lu = s->lu;
	int result = write->result;

	if (!result) {
		pthread_mutex_lock(&lu->lock);
		lu->sanitize = NULL;
		atomic_fetch_and(&lu->restricted, ~(uint32_t)RACEWAY_RESTRICT_SANITIZE_FAILED);
		pthread_mutex_unlock(&lu->lock);
		raceway_sanitize_free(s);
		raceway_task_good(task);
	} else {
		s->lu = NULL;
		raceway_task_io_failed(task, result, true);
	}
	raceway_lu_put(lu);
}

/* Only a sanitize operation that allowed it may be given up (AUSE, SBC-3 4.11.3). We are alone. */
static void exit_failure(struct raceway_task *task)
{
	struct raceway_sanitize *s = task->lu->sanitize;

	if (s && !s->unrestricted) {
		raceway_task_bad_cdb(task, 1);
		return;
	}
	if (!s) {
		raceway_task_good(task);
		return;
	}
	s->lu = raceway_lu_hold(task->lu);
	s->worker = task->worker;
	s->asks = task;
	keep(s, 0, exit_kept);
}

static void begin_kept(struct raceway_keep_write *write)
{
	struct raceway_sanitize *s = write->context, *failed;
	struct raceway_task *task = s->asks;
	struct raceway_lu *lu = s->lu;
	int result = write->result;

	if (result) {
		raceway_sanitize_free(s);
		raceway_lu_put(lu); /* the task's unit, which it holds */
		raceway_task_io_failed(task, result, true);
		return;
	}
	s->asks = NULL;
	pthread_mutex_lock(&lu->lock);
	failed = lu->sanitize; /* a new attempt takes its place */
	lu->sanitize = s;
	atomic_fetch_or(&lu->restricted, RACEWAY_RESTRICT_SANITIZING);
	atomic_fetch_and(&lu->restricted, ~(uint32_t)RACEWAY_RESTRICT_SANITIZE_FAILED);
	pthread_mutex_unlock(&lu->lock);
	raceway_sanitize_free(failed);
	raceway_gate_leave(task); /* the others are refused, not kept waiting */
	if (task->cdb[1] & IMMEDIATE) {
		raceway_task_good(task);
	} else {
		s->task = task;
		task->cancel = cancel;
	}
	advance(s);
}

/* Alone on the unit, so that no write is under way any more, and none comes. */
void raceway_run_sanitize(struct raceway_task *task)
{
	size_t bytes = raceway_get16(task->cdb + 7);
	struct raceway_sanitize *s;

	if (!list_ok(task, bytes))
		return;
	if ((task->cdb[1] & 0x1f) == RACEWAY_SA_SANITIZE_EXIT_FAILURE) {
		exit_failure(task);
		return;
	}
	s = new_job(task, bytes);
	if (!s) {
		raceway_task_status(task, RACEWAY_SCSI_BUSY);
		return;
	}
	s->asks = task;
	keep(s,
	     (uint8_t)(RACEWAY_KEPT_SANITIZING | (s->unrestricted ? RACEWAY_KEPT_UNRESTRICTED : 0)),
	     begin_kept);
}
