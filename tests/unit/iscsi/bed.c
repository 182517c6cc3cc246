/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The target's side of the test bed. */
#include "bed.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct bed bed;

static struct raceway_disk disk;
static struct raceway_lu *lu;
/* Held back, oldest first; of both workers. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct raceway_io *ios[1024];
static struct raceway_worker *io_workers[1024];
static struct raceway_task *tasks[1024];
static size_t io_count, task_count;

static void run_io(struct raceway_io *io)
{
	uint8_t *at = bed.disk + io->offset;

	io->result = 0;
	switch (io->kind) {
	case RACEWAY_IO_READ:
		memcpy(io->data, at, io->bytes);
		break;
	case RACEWAY_IO_WRITE:
		memcpy(at, io->data, io->bytes);
		break;
	case RACEWAY_IO_UNMAP:
	case RACEWAY_IO_ZERO:
		memset(at, 0, io->bytes);
		break;
	case RACEWAY_IO_FLUSH:
		break;
	}
	io->done(io);
}

static void disk_submit(struct raceway_disk *unused, struct raceway_worker *worker,
			struct raceway_io *io)
{
	if (!bed.slow) {
		run_io(io);
		return;
	}
	pthread_mutex_lock(&lock);
	io_workers[io_count] = worker;
	ios[io_count++] = io;
	pthread_mutex_unlock(&lock);
}

static const struct raceway_disk_ops disk_ops = { .name = "bed", .submit = disk_submit };

static enum raceway_iscsi_login_status
identify(void *context, const struct raceway_iscsi_login *who, struct raceway_iscsi_chap *ret_chap)
{
	*ret_chap = (struct raceway_iscsi_chap){ 0 };
	return RACEWAY_LOGIN_SUCCESS;
}

static enum raceway_iscsi_login_status
open_session(void *context, const struct raceway_iscsi_login *who, struct raceway_iscsi_conn *conn,
	     struct raceway_worker *worker, struct raceway_nexus **ret_nexus)
{
	const struct raceway_lun lun = { .number = 1, .lu = lu };
	struct raceway_nexus_options options = { .protocol = 5, .relative_port = 1 };

	if (bed.open_status != RACEWAY_LOGIN_SUCCESS)
		return bed.open_status;
	snprintf(options.initiator, sizeof(options.initiator), "%s", who->initiator);
	snprintf(options.target, sizeof(options.target), "%s", who->target);
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, ret_nexus), 0);
	bed.opened++;
	bed.conn = conn;
	return RACEWAY_LOGIN_SUCCESS;
}

static void close_session(void *context, struct raceway_nexus *nexus)
{
	cr_expect_eq(raceway_nexus_depth(nexus), 0, "closed with commands under way");
	raceway_nexus_free(nexus);
	bed.closed++;
}

static void discover(void *context, const struct raceway_iscsi_login *who,
		     raceway_iscsi_found found, void *found_context)
{
	char name[64];

	found(found_context, BED_TARGET, "192.0.2.1:3260", 1);
	found(found_context, BED_TARGET, "[2001:db8::1]:3260", 2);
	for (unsigned int i = 0; i < bed.targets; i++) {
		snprintf(name, sizeof(name), "iqn.2026-11.local.raceway:%u", i);
		found(found_context, name, "192.0.2.1:3260", 1);
	}
}

static void refused(void *context, const struct raceway_iscsi_login *who, const char *reason)
{
	cr_expect_not_null(reason);
	bed.refused++;
}

/* As whoever lets commands wait takes one back. */
static void cancel(struct raceway_task *task)
{
	size_t left = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < task_count; i++) {
		if (tasks[i] != task)
			tasks[left++] = tasks[i];
	}
	task_count = left;
	pthread_mutex_unlock(&lock);
	raceway_scsi_execute(task);
}

static void submit(void *context, struct raceway_task *task)
{
	bed.submitted++;
	if (!bed.delay) {
		raceway_scsi_execute(task);
		return;
	}
	raceway_scsi_hold(task, cancel);
	pthread_mutex_lock(&lock);
	tasks[task_count++] = task;
	pthread_mutex_unlock(&lock);
}

struct visit {
	struct raceway_call call;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over;
	void (*run)(struct raceway_worker *worker, void *context);
	void *context;
};

static void run_visit(struct raceway_call *call, struct raceway_worker *worker)
{
	struct visit *visit = (struct visit *)call;

	visit->run(worker, visit->context);
	pthread_mutex_lock(&visit->lock);
	visit->over = true;
	pthread_cond_signal(&visit->changed);
	pthread_mutex_unlock(&visit->lock);
}

/* Runs it on the worker and waits until it has run. */
static void visit(struct raceway_worker *worker, void (*run)(struct raceway_worker *, void *),
		  void *context)
{
	struct visit visit = { .call.run = run_visit,
			       .lock = PTHREAD_MUTEX_INITIALIZER,
			       .changed = PTHREAD_COND_INITIALIZER,
			       .run = run,
			       .context = context };

	raceway_worker_call(worker, &visit.call);
	pthread_mutex_lock(&visit.lock);
	while (!visit.over)
		pthread_cond_wait(&visit.changed, &visit.lock);
	pthread_mutex_unlock(&visit.lock);
}

/* What belongs to this worker; the rest stays. */
static void go_on(struct raceway_worker *worker, void *context)
{
	struct raceway_io *own_ios[1024];
	struct raceway_task *own_tasks[1024];
	size_t own_io_count = 0, own_task_count = 0, left = 0;

	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < io_count; i++) {
		if (io_workers[i] == worker) {
			own_ios[own_io_count++] = ios[i];
		} else {
			io_workers[left] = io_workers[i];
			ios[left++] = ios[i];
		}
	}
	io_count = left;
	left = 0;
	for (size_t i = 0; i < task_count; i++) {
		if (tasks[i]->worker == worker)
			own_tasks[own_task_count++] = tasks[i];
		else
			tasks[left++] = tasks[i];
	}
	task_count = left;
	pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < own_io_count; i++)
		run_io(own_ios[i]);
	for (size_t i = 0; i < own_task_count; i++)
		raceway_scsi_execute(own_tasks[i]);
}

void bed_go_on(void)
{
	bed.slow = bed.delay = false;
	for (size_t i = 0; i < BED_WORKERS; i++)
		visit(bed.workers[i], go_on, NULL);
}

struct ending {
	struct raceway_iscsi_conn *conn;
	unsigned int seconds;
};

static void end_conn(struct raceway_worker *worker, void *context)
{
	const struct ending *ending = context;

	raceway_iscsi_end(ending->conn, ending->seconds);
}

void bed_end(struct raceway_iscsi_conn *conn, unsigned int seconds)
{
	struct ending ending = { conn, seconds };

	visit(bed.workers[0], end_conn, &ending);
}

void bed_start(const struct raceway_iscsi_limits *limits)
{
	struct raceway_lu_options options = {
		.disk = &disk,
		.name = "bed/disk",
		.naa = { 0x60, 1, 2, 3, 4, 5, 6, 7 },
		.serial = "1",
	};

	disk = (struct raceway_disk){ .ops = &disk_ops,
				      .bytes = BED_BLOCK * BED_BLOCKS,
				      .block_bytes = BED_BLOCK,
				      .physical_bytes = BED_BLOCK };
	bed.disk = calloc(BED_BLOCKS, BED_BLOCK);
	bed.group = 1;
	bed.ops = (struct raceway_iscsi_ops){ .identify = identify,
					      .open = open_session,
					      .close = close_session,
					      .discover = discover,
					      .refused = refused,
					      .submit = submit };
	cr_assert_eq(raceway_lu_new(&options, &lu), 0);
	for (unsigned int i = 0; i < BED_WORKERS; i++) {
		cr_assert_eq(raceway_worker_start(i, &bed.workers[i]), 0);
		cr_assert_eq(raceway_iscsi_new(bed.workers[i], &bed.ops, limits, &bed.iscsi[i]), 0);
	}
}

void bed_stop(void)
{
	bed_go_on();
	for (size_t i = 0; i < BED_WORKERS; i++)
		raceway_iscsi_free(bed.iscsi[i]);
	for (size_t i = 0; i < BED_WORKERS; i++)
		raceway_worker_stop(bed.workers[i]);
	cr_expect_eq(bed.opened, bed.closed, "%u sessions opened, %u closed", bed.opened,
		     bed.closed);
	raceway_lu_put(lu);
	free(bed.disk);
}

void bed_await(const _Atomic unsigned int *counter, unsigned int value)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int i = 0; i < 5000 && *counter != value; i++)
		nanosleep(&pause, NULL);
	cr_assert_eq(*counter, value, "%u, not %u", *counter, value);
}

int bed_connect(unsigned int worker)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	raceway_iscsi_accept(bed.iscsi[worker], ends[1], NULL, bed.group);
	return ends[0];
}
