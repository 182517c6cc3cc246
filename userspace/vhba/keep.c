/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A state is written beside the old one, made durable, and moved into its place: step by step
 * through the worker's ring, because the disk may take its time. */
#include "vhba/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "util/files.h"
#include "vhba/worker.h"

#define FILE_MODE 0600
#define NAME_BYTES 40

enum step { OPEN, WRITE, SYNC_FILE, RENAME, SYNC_DIR };

struct saving {
	struct raceway_wait wait;
	const struct raceway_vhba_keep *keep;
	struct raceway_worker *worker;
	struct raceway_keep_write *write;
	enum step step;
	char fresh[NAME_BYTES];
	int fd;
	size_t done;
};

static char *fresh_name(const struct raceway_vhba_keep *keep, char buf[NAME_BYTES])
{
	snprintf(buf, NAME_BYTES, "%s.new", keep->file);
	return buf;
}

static void begin_step(struct saving *s)
{
	struct io_uring_sqe *sqe = raceway_worker_sqe(s->worker, &s->wait);
	int dir = s->keep->dir;

	switch (s->step) {
	case OPEN:
		io_uring_prep_openat(sqe, dir, s->fresh,
				     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
				     FILE_MODE);
		break;
	case WRITE:
		io_uring_prep_write(sqe, s->fd, (const char *)s->write->state + s->done,
				    (unsigned int)(s->write->bytes - s->done), s->done);
		break;
	case SYNC_FILE:
		io_uring_prep_fsync(sqe, s->fd, 0);
		break;
	case RENAME:
		io_uring_prep_renameat(sqe, dir, s->fresh, dir, s->keep->file, 0);
		break;
	case SYNC_DIR:
		io_uring_prep_fsync(sqe, dir, 0);
		break;
	}
}

static void end(struct saving *s, int result)
{
	struct raceway_keep_write *write = s->write;

	if (s->fd >= 0)
		close(s->fd);
	free(s);
	write->result = result;
	write->done(write);
}

static void complete(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct saving *s = (struct saving *)((char *)wait - offsetof(struct saving, wait));

	if (result == -EINTR || result == -EAGAIN) {
		begin_step(s);
		return;
	}
	if (result < 0 || (result == 0 && s->step == WRITE)) {
		end(s, result < 0 ? result : -EIO);
		return;
	}
	if (s->step == SYNC_DIR) {
		end(s, 0);
		return;
	}
	if (s->step == OPEN)
		s->fd = result;
	if (s->step == WRITE)
		s->done += (size_t)result;
	if (s->step != WRITE || s->done == s->write->bytes)
		s->step++;
	if (s->step == WRITE && !s->write->bytes)
		s->step++;
	begin_step(s);
}

static void save(void *context, struct raceway_worker *worker, struct raceway_keep_write *write)
{
	struct saving *s = malloc(sizeof(*s));

	if (!s) {
		write->result = -ENOMEM;
		write->done(write);
		return;
	}
	*s = (struct saving){ .wait.complete = complete,
			      .keep = context,
			      .worker = worker,
			      .write = write,
			      .step = OPEN,
			      .fd = -1 };
	fresh_name(s->keep, s->fresh);
	begin_step(s);
}

static int load(void *context, void *state, size_t room, size_t *ret_bytes)
{
	const struct raceway_vhba_keep *keep = context;

	return raceway_files_load(keep->dir, keep->file, state, room, ret_bytes);
}

int raceway_keep_open(const char *state_dir, int *ret_dir)
{
	return raceway_files_dir(state_dir, "pr", ret_dir);
}

void raceway_keep_init(struct raceway_vhba_keep *keep, int dir, uint64_t volume_id,
		       const char *suffix)
{
	keep->keep = (struct raceway_lu_keep){ .save = save, .load = load, .context = keep };
	keep->dir = dir;
	snprintf(keep->file, sizeof(keep->file), "%016" PRIx64 "%s", volume_id, suffix);
}

void raceway_keep_drop(const struct raceway_vhba_keep *keep)
{
	char fresh[NAME_BYTES];

	(void)unlinkat(keep->dir, fresh_name(keep, fresh), 0);
	if (!unlinkat(keep->dir, keep->file, 0))
		fsync(keep->dir);
}

void raceway_keep_forget(int dir, uint64_t volume_id)
{
	static const char *const suffixes[] = { RACEWAY_KEEP_STATE, RACEWAY_KEEP_JOURNAL };
	struct raceway_vhba_keep keep;

	for (int i = 0; i < 2; i++) {
		raceway_keep_init(&keep, dir, volume_id, suffixes[i]);
		raceway_keep_drop(&keep);
	}
}
