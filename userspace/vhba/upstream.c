/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* libiscsi's event interface on a worker: two polls, a timer, and commands that come from any
 * worker and go back there. */
#include "vhba/upstream.h"

#include <errno.h>
#include <iscsi/iscsi.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vhba/resolve.h"
#include "vhba/upstream_task.h"

#define TICK_NS 250000000ULL
#define COMMAND_SECONDS 60 /* that the array may take for one */
#define PATIENCE_NS 15000000000ULL
#define BACKOFF_FIRST_NS 100000000ULL
#define BACKOFF_MOST_NS 5000000000ULL
#define BLOCK_BYTES 512

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

enum state { DOWN, RESOLVING, CONNECTING, UP, ENDING };

struct direction {
	struct raceway_wait wait, cancel;
	struct upstream *of;
	bool armed, cancelling;
};

/* A command on its way to the array and back. */
struct job {
	struct raceway_call call;
	struct upstream *of;
	struct raceway_task *task;
	struct scsi_task *scsi;
	bool sent;
	struct job *next;
	uint64_t since_ns;
};

struct upstream {
	struct raceway_disk disk;
	struct raceway_upstream_options options;
	char initiator[256], portal[256], target[256], why[256];
	/* All on options.worker. */
	struct iscsi_context *iscsi;
	struct raceway_resolve *resolve;
	unsigned int tries; /* of its addresses, in turn */
	enum state state;
	struct direction in, out;
	struct raceway_timer timer;
	struct raceway_call open, close;
	struct job *first, **end; /* wait for the session */
	uint64_t backoff_ns, again_ns;
	bool closing;
};

static struct upstream *upstream_of(struct raceway_disk *disk)
{
	return OF(struct upstream, disk, disk);
}

static void tell(struct upstream *u, const char *why)
{
	u->options.changed(u->options.context, why);
}

/* Back on the worker that the command came from. */
static void finish(struct raceway_call *call, struct raceway_worker *worker)
{
	struct job *job = OF(struct job, call, call);
	struct raceway_task *task = job->task;

	free(job);
	task->done(task);
}

static void give_back(struct job *job)
{
	job->call.run = finish;
	raceway_worker_call(job->task->worker, &job->call);
}

static void fail(struct job *job)
{
	raceway_upstream_failed(job->task, job->sent);
	give_back(job);
}

static void poll_for(struct direction *d, int fd, unsigned int events)
{
	if (d->armed)
		return;
	d->armed = true;
	io_uring_prep_poll_add(raceway_worker_sqe(d->of->options.worker, &d->wait), fd, events);
}

static void stop_polling(struct direction *d)
{
	if (!d->armed || d->cancelling)
		return;
	d->cancelling = true;
	io_uring_prep_cancel(raceway_worker_sqe(d->of->options.worker, &d->cancel), &d->wait, 0);
}

static bool polls(const struct direction *d)
{
	return d->armed || d->cancelling;
}

static void look(struct upstream *u);

static void cancelled(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct direction *d = OF(struct direction, cancel, wait);

	d->cancelling = false;
	look(d->of);
}

/* The session has ended, or could not begin. The context goes in look(), when nothing polls its
 * socket, and not in one of its own callbacks. */
static void end(struct upstream *u, const char *why)
{
	if (u->state == ENDING || u->state == DOWN)
		return;
	if (u->resolve)
		raceway_resolve_cancel(u->resolve);
	u->resolve = NULL;
	u->state = ENDING;
	snprintf(u->why, sizeof(u->why), "%s", why);
	stop_polling(&u->in);
	stop_polling(&u->out);
}

/* The array has answered, or the session is over. */
static void answered(struct iscsi_context *iscsi, int status, void *data, void *private)
{
	struct job *job = private;
	struct upstream *u = job->of;
	struct scsi_task *scsi = job->scsi;
	uint64_t bytes;
	uint32_t block_bytes;

	if (status < 0 || status > UINT8_MAX) {
		scsi_free_scsi_task(scsi);
		fail(job);
		return;
	}
	raceway_upstream_answered(job->task, scsi, (uint8_t)status);
	if (raceway_upstream_capacity(job->task, &bytes, &block_bytes)) {
		__atomic_store_n(&u->disk.block_bytes, block_bytes, __ATOMIC_RELAXED);
		__atomic_store_n(&u->disk.bytes, bytes, __ATOMIC_RELEASE);
	}
	scsi_free_scsi_task(scsi);
	give_back(job);
}

static void send_job(struct job *job)
{
	struct upstream *u = job->of;

	job->scsi = raceway_upstream_request(job->task);
	job->sent = job->scsi && !iscsi_scsi_command_async(u->iscsi, u->options.lun, job->scsi,
							   answered, NULL, job);
	if (job->sent)
		return;
	if (job->scsi)
		scsi_free_scsi_task(job->scsi);
	fail(job);
}

/* Commands that wait are sent once there is a session, and fail when they have waited enough. */
static void serve_waiting(struct upstream *u)
{
	uint64_t now = raceway_worker_now(u->options.worker);

	while (u->first &&
	       (u->state == UP || u->closing || now - u->first->since_ns > PATIENCE_NS)) {
		struct job *job = u->first;

		u->first = job->next;
		if (!u->first)
			u->end = &u->first;
		if (u->state == UP)
			send_job(job);
		else
			fail(job);
	}
}

static void logged_in(struct iscsi_context *iscsi, int status, void *data, void *private)
{
	struct upstream *u = private;

	if (status == SCSI_STATUS_CANCELLED)
		return; /* it is being taken down */
	if (status != SCSI_STATUS_GOOD) {
		end(u, iscsi_get_error(iscsi));
		return;
	}
	u->state = UP;
	u->backoff_ns = BACKOFF_FIRST_NS;
	tell(u, NULL);
}

static void connected(struct iscsi_context *iscsi, int status, void *data, void *private)
{
	struct upstream *u = private;

	if (status == SCSI_STATUS_CANCELLED)
		return;
	if (status != SCSI_STATUS_GOOD || iscsi_login_async(iscsi, logged_in, u))
		end(u, iscsi_get_error(iscsi));
}

static void connect_to(struct upstream *u, const char *address)
{
	u->state = CONNECTING;
	u->iscsi = iscsi_create_context(u->initiator);
	if (!u->iscsi) {
		end(u, "out of memory");
		return;
	}
	iscsi_set_targetname(u->iscsi, u->target);
	iscsi_set_session_type(u->iscsi, ISCSI_SESSION_NORMAL);
	iscsi_set_header_digest(u->iscsi, ISCSI_HEADER_DIGEST_NONE_CRC32C);
	iscsi_set_noautoreconnect(u->iscsi, 1);
	iscsi_set_timeout(u->iscsi, COMMAND_SECONDS);
	if (iscsi_connect_async(u->iscsi, address, connected, u))
		end(u, iscsi_get_error(u->iscsi));
}

static void resolved(void *context, const char *address, const char *why)
{
	struct upstream *u = context;

	u->resolve = NULL;
	if (address)
		connect_to(u, address);
	else
		end(u, why);
	look(u);
}

static void connect_now(struct upstream *u)
{
	if (raceway_resolve_is_address(u->portal)) {
		connect_to(u, u->portal);
		return;
	}
	u->state = RESOLVING;
	if (raceway_resolve_start(u->portal, u->tries++, u->options.worker, resolved, u,
				  &u->resolve))
		end(u, "out of memory");
}

static void finish_closing(struct upstream *u)
{
	void (*closed)(void *context) = u->options.closed;
	void *context = u->options.context;

	raceway_timer_clear(u->options.worker, &u->timer);
	free(u);
	closed(context);
}

/* After all that may have changed. */
static void look(struct upstream *u)
{
	uint64_t now = raceway_worker_now(u->options.worker);

	if (u->state == ENDING && !polls(&u->in) && !polls(&u->out)) {
		/* Its commands are answered here, as cancelled. */
		if (u->iscsi)
			iscsi_destroy_context(u->iscsi);
		u->iscsi = NULL;
		u->state = DOWN;
		u->again_ns = now + u->backoff_ns;
		u->backoff_ns *= 2;
		if (u->backoff_ns > BACKOFF_MOST_NS)
			u->backoff_ns = BACKOFF_MOST_NS;
		if (!u->closing)
			tell(u, u->why);
	}
	if (u->closing && u->state == DOWN) {
		serve_waiting(u);
		finish_closing(u);
		return;
	}
	if (u->state == DOWN && now >= u->again_ns)
		connect_now(u);
	serve_waiting(u);
	if (u->state == CONNECTING || u->state == UP) {
		int fd = iscsi_get_fd(u->iscsi), events = iscsi_which_events(u->iscsi);

		if (events & POLLIN)
			poll_for(&u->in, fd, POLLIN);
		if (events & POLLOUT)
			poll_for(&u->out, fd, POLLOUT);
	}
}

static void service(struct upstream *u, int events)
{
	if ((u->state == CONNECTING || u->state == UP) && iscsi_service(u->iscsi, events))
		end(u, iscsi_get_error(u->iscsi));
}

static void ready(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct direction *d = OF(struct direction, wait, wait);
	struct upstream *u = d->of;

	d->armed = false;
	if (result > 0)
		service(u, result);
	look(u);
}

static void tick(struct raceway_timer *timer)
{
	struct upstream *u = OF(struct upstream, timer, timer);

	/* Without it the next tick would not come: there is room, it was just taken out. */
	raceway_timer_set(u->options.worker, timer,
			  raceway_worker_now(u->options.worker) + TICK_NS);
	service(u, 0); /* timeouts */
	look(u);
}

static void arrive(struct raceway_call *call, struct raceway_worker *worker)
{
	struct job *job = OF(struct job, call, call);
	struct upstream *u = job->of;

	*u->end = job;
	u->end = &job->next;
	serve_waiting(u);
	/* What the socket takes goes at once. */
	if (u->state == UP)
		service(u, POLLOUT);
	look(u);
}

static void pass(struct raceway_disk *disk, struct raceway_worker *worker,
		 struct raceway_task *task)
{
	struct upstream *u = upstream_of(disk);
	struct job *job = calloc(1, sizeof(*job));

	if (!job) {
		task->status = RACEWAY_SCSI_BUSY;
		task->done(task);
		return;
	}
	job->of = u;
	job->task = task;
	job->since_ns = raceway_worker_now(worker);
	job->call.run = arrive;
	raceway_worker_call(u->options.worker, &job->call);
}

/* What the engine itself does to a disk has no place here: the array is the device server. */
static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	io->result = -EOPNOTSUPP;
	io->done(io);
}

static void open_now(struct raceway_call *call, struct raceway_worker *worker)
{
	struct upstream *u = OF(struct upstream, open, call);

	if (raceway_timer_set(worker, &u->timer, raceway_worker_now(worker) + TICK_NS))
		abort();
	look(u);
}

static void close_now(struct raceway_call *call, struct raceway_worker *worker)
{
	struct upstream *u = OF(struct upstream, close, call);

	u->closing = true;
	end(u, "closed");
	look(u);
}

static void close_upstream(struct raceway_disk *disk)
{
	struct upstream *u = upstream_of(disk);

	raceway_worker_call(u->options.worker, &u->close);
}

static const struct raceway_disk_ops upstream_ops = {
	.name = "iscsi",
	.submit = submit,
	.pass = pass,
	.close = close_upstream,
};

static void init_direction(struct upstream *u, struct direction *d)
{
	d->of = u;
	d->wait.complete = ready;
	d->cancel.complete = cancelled;
}

int raceway_upstream_open(const struct raceway_upstream_options *options,
			  struct raceway_disk **ret_disk)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (!u)
		return -ENOMEM;
	u->options = *options;
	snprintf(u->initiator, sizeof(u->initiator), "%s", options->initiator);
	snprintf(u->portal, sizeof(u->portal), "%s", options->portal);
	snprintf(u->target, sizeof(u->target), "%s", options->target);
	u->disk = (struct raceway_disk){
		.ops = &upstream_ops,
		.block_bytes = BLOCK_BYTES,
		.physical_bytes = BLOCK_BYTES,
		.write_cache = true,
	};
	u->end = &u->first;
	u->backoff_ns = BACKOFF_FIRST_NS;
	u->timer.expired = tick;
	u->open.run = open_now;
	u->close.run = close_now;
	init_direction(u, &u->in);
	init_direction(u, &u->out);
	raceway_worker_call(options->worker, &u->open);
	*ret_disk = &u->disk;
	return 0;
}
