/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Copies a volume chunk by chunk in a thread of its own, and guards what it has not copied. */
#include "vhba/copy.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/disk.h"
#include "vhba/events.h"
#include "vhba/pool.h"

#define CHUNK_BYTES (1ULL << 20)
#define TELL_NS 500000000ULL

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

/* A write that waits for its chunks. */
struct kept {
	struct raceway_call call;
	struct kept *next;
	struct raceway_disk *disk;
	struct raceway_worker *worker;
	struct raceway_io *io;
};

struct raceway_copy {
	struct raceway_copy *next;
	struct raceway_engine *engine;
	char from[RACEWAY_VHBA_NAME_MAX + 1], to[RACEWAY_VHBA_NAME_MAX + 1];
	struct raceway_pool_copy files;
	struct raceway_lu *lu; /* held: of the source, if it is served */
	pthread_t thread;
	uint64_t bytes, told_ns;
	uint8_t *buffer;

	struct raceway_disk_guard guard;
	pthread_mutex_t lock; /* of what follows */
	bool *copied;	      /* by chunk */
	uint64_t chunks, done, next_chunk;
	struct kept *kept;
	bool stop, over;
};

static void submit_again(struct raceway_call *call, struct raceway_worker *worker)
{
	struct kept *kept = OF(struct kept, call, call);
	struct raceway_disk *disk = kept->disk;
	struct raceway_io *io = kept->io;

	free(kept);
	disk->ops->submit(disk, worker, io);
}

/* Under the lock: the first chunk of a range that is not copied, or `chunks`. */
static uint64_t missing(const struct raceway_copy *copy, const struct raceway_io *io)
{
	uint64_t last = io->bytes ? (io->offset + io->bytes - 1) / CHUNK_BYTES : 0;

	for (uint64_t i = io->offset / CHUNK_BYTES; i <= last && i < copy->chunks; i++) {
		if (!copy->copied[i])
			return i;
	}
	return copy->chunks;
}

static bool pass(struct raceway_disk_guard *guard, struct raceway_disk *disk,
		 struct raceway_worker *worker, struct raceway_io *io)
{
	struct raceway_copy *copy = OF(struct raceway_copy, guard, guard);
	struct kept *kept;
	bool free_to_go;

	pthread_mutex_lock(&copy->lock);
	free_to_go = copy->over || missing(copy, io) == copy->chunks;
	kept = free_to_go ? NULL : malloc(sizeof(*kept));
	if (kept) {
		*kept = (struct kept){
			.call.run = submit_again,
			.next = copy->kept,
			.disk = disk,
			.worker = worker,
			.io = io,
		};
		copy->kept = kept;
	}
	pthread_mutex_unlock(&copy->lock);
	if (free_to_go)
		return true;
	if (!kept) {
		io->result = -ENOMEM;
		io->done(io);
	}
	return false;
}

/* Under the lock: writes whose chunks are all copied go on. */
static void let_go(struct raceway_copy *copy)
{
	struct kept **link = &copy->kept;

	while (*link) {
		struct kept *kept = *link;

		if (!copy->over && missing(copy, kept->io) < copy->chunks) {
			link = &kept->next;
			continue;
		}
		*link = kept->next;
		raceway_worker_call(kept->worker, &kept->call);
	}
}

/* What somebody waits for first. False: all is copied, or nobody wants it any more. */
static bool choose(struct raceway_copy *copy, uint64_t *ret_chunk)
{
	uint64_t chunk;
	bool more;

	pthread_mutex_lock(&copy->lock);
	while (copy->next_chunk < copy->chunks && copy->copied[copy->next_chunk])
		copy->next_chunk++;
	chunk = copy->kept ? missing(copy, copy->kept->io) : copy->next_chunk;
	more = !copy->stop && chunk < copy->chunks;
	pthread_mutex_unlock(&copy->lock);
	*ret_chunk = chunk;
	return more;
}

/* 0 or -errno. Holes stay holes. */
static int copy_chunk(struct raceway_copy *copy, uint64_t chunk)
{
	uint64_t at = chunk * CHUNK_BYTES, end = at + CHUNK_BYTES;

	if (end > copy->bytes)
		end = copy->bytes;
	while (at < end) {
		off_t data = lseek(copy->files.from, (off_t)at, SEEK_DATA);
		ssize_t bytes;

		if (data < 0 && errno != ENXIO)
			return -errno;
		if (data < 0 || (uint64_t)data >= end)
			return 0;
		at = (uint64_t)data;
		bytes = pread(copy->files.from, copy->buffer, end - at, data);
		if (bytes <= 0)
			return bytes ? -errno : -EIO;
		if (pwrite(copy->files.to, copy->buffer, (size_t)bytes, data) != bytes)
			return errno ? -errno : -EIO;
		at += (uint64_t)bytes;
	}
	return 0;
}

static void tell(struct raceway_copy *copy, const char *error)
{
	uint64_t done = copy->done * CHUNK_BYTES;

	copy->told_ns = raceway_clock_ns();
	raceway_events_put(copy->engine->events,
			   json_pack("{s:s, s:s, s:I, s:I, s:s?}", "event", "volume-copy", "volume",
				     copy->to, "done",
				     (json_int_t)(done < copy->bytes ? done : copy->bytes), "of",
				     (json_int_t)copy->bytes, "error", error));
}

static void *run(void *context)
{
	struct raceway_copy *copy = context;
	struct raceway_error err = { 0 };
	uint64_t chunk;
	int failed = 0;

	while (!failed && choose(copy, &chunk)) {
		errno = 0;
		failed = copy_chunk(copy, chunk);
		pthread_mutex_lock(&copy->lock);
		copy->copied[chunk] = !failed;
		copy->done += !failed;
		let_go(copy);
		pthread_mutex_unlock(&copy->lock);
		if (raceway_clock_ns() - copy->told_ns > TELL_NS && copy->done < copy->chunks)
			tell(copy, NULL);
	}
	if (!failed && copy->done < copy->chunks)
		failed = -ECANCELED;
	if (failed) {
		raceway_pool_copy_drop(&copy->files);
		raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, "", "", "%s", strerror(-failed));
	} else {
		raceway_pool_copy_keep(&copy->files, &err);
	}
	pthread_mutex_lock(&copy->lock);
	copy->over = true;
	let_go(copy);
	pthread_mutex_unlock(&copy->lock);
	tell(copy, err.fault ? err.message : NULL);
	return NULL;
}

static void free_copy(struct raceway_copy *copy)
{
	raceway_lu_put(copy->lu);
	pthread_mutex_destroy(&copy->lock);
	free(copy->copied);
	free(copy->buffer);
	free(copy);
}

static int start_thread(struct raceway_engine *engine, const char *from, const char *to,
			struct raceway_pool_copy *files)
{
	struct raceway_copy *copy = calloc(1, sizeof(*copy));
	struct raceway_volume *source = engine->volumes;
	struct stat info;
	int err;

	if (!copy || fstat(files->from, &info)) {
		free(copy);
		return -ENOMEM;
	}
	pthread_mutex_init(&copy->lock, NULL);
	copy->engine = engine;
	copy->files = *files;
	copy->guard.pass = pass;
	copy->bytes = (uint64_t)info.st_size;
	copy->chunks = (copy->bytes + CHUNK_BYTES - 1) / CHUNK_BYTES;
	copy->copied = calloc(copy->chunks, sizeof(*copy->copied));
	copy->buffer = malloc(CHUNK_BYTES);
	copy->told_ns = raceway_clock_ns();
	snprintf(copy->from, sizeof(copy->from), "%s", from);
	snprintf(copy->to, sizeof(copy->to), "%s", to);
	while (source && strcmp(source->name, from))
		source = source->next;
	if (!copy->copied || !copy->buffer) {
		free_copy(copy);
		return -ENOMEM;
	}
	/* The thread waits at its first look until the source is guarded. */
	pthread_mutex_lock(&copy->lock);
	err = -pthread_create(&copy->thread, NULL, run, copy);
	if (!err && source && source->type == RACEWAY_SAN_POOL) {
		copy->lu = raceway_lu_hold(source->lu);
		raceway_disk_file_guard(source->disk, &copy->guard);
	}
	pthread_mutex_unlock(&copy->lock);
	if (err) {
		free_copy(copy);
		return err;
	}
	copy->next = engine->copies;
	engine->copies = copy;
	return 0;
}

static bool is_copied(const struct raceway_engine *engine, const char *volume)
{
	const struct raceway_copy *copy = engine->copies;

	while (copy && strcmp(copy->from, volume))
		copy = copy->next;
	return copy;
}

int raceway_copy_start(struct raceway_engine *engine, const char *path, const char *from,
		       const char *to, bool *ret_copied, struct raceway_error *err)
{
	struct raceway_pool_copy files;
	bool whole;
	int ret;

	if (is_copied(engine, from))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, to, "from",
					 "%s is being copied already: one copy at a time", from);
	if (raceway_copy_is_making(engine, to))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, to, "",
					 "it is being made already");
	ret = raceway_pool_copy_begin(path, from, to, &files, &whole, err);
	if (ret)
		return ret;
	if (whole) {
		ret = raceway_pool_copy_keep(&files, err);
	} else {
		ret = start_thread(engine, from, to, &files);
		if (ret) {
			raceway_pool_copy_drop(&files);
			ret = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, to, "", "%s",
						strerror(-ret));
		}
	}
	if (!ret)
		*ret_copied = !whole;
	return ret;
}

static void nothing(struct raceway_lane *lane, void *context)
{
}

/* The copy is over, and its thread, too. */
static void let_go_of(struct raceway_copy *copy)
{
	pthread_join(copy->thread, NULL);
	if (copy->lu)
		raceway_disk_file_guard(raceway_lu_disk(copy->lu), NULL);
	/* Nobody asks the guard any more when all workers have been through. */
	raceway_engine_each(copy->engine, nothing, NULL);
	free_copy(copy);
}

static bool is_over(struct raceway_copy *copy)
{
	bool over;

	pthread_mutex_lock(&copy->lock);
	over = copy->over;
	pthread_mutex_unlock(&copy->lock);
	return over;
}

bool raceway_copy_collect(struct raceway_engine *engine)
{
	struct raceway_copy **link = &engine->copies;
	bool any = false;

	while (*link) {
		struct raceway_copy *copy = *link;

		if (!is_over(copy)) {
			link = &copy->next;
			continue;
		}
		*link = copy->next;
		let_go_of(copy);
		any = true;
	}
	return any;
}

static struct raceway_copy *find(const struct raceway_engine *engine, const char *to)
{
	struct raceway_copy *copy = engine->copies;

	while (copy && strcmp(copy->to, to))
		copy = copy->next;
	return copy;
}

bool raceway_copy_is_making(const struct raceway_engine *engine, const char *volume)
{
	return find(engine, volume);
}

int raceway_copy_percent(const struct raceway_engine *engine, const char *volume)
{
	struct raceway_copy *copy = find(engine, volume);
	int percent;

	if (!copy)
		return -1;
	pthread_mutex_lock(&copy->lock);
	percent = (int)(copy->done * 100 / copy->chunks);
	pthread_mutex_unlock(&copy->lock);
	return percent;
}

static void tell_to_stop(struct raceway_copy *copy)
{
	pthread_mutex_lock(&copy->lock);
	copy->stop = true;
	pthread_mutex_unlock(&copy->lock);
}

void raceway_copy_stop(struct raceway_engine *engine, const char *volume)
{
	struct raceway_copy *copy = find(engine, volume), **link = &engine->copies;

	if (!copy)
		return;
	tell_to_stop(copy);
	while (*link != copy)
		link = &(*link)->next;
	*link = copy->next;
	let_go_of(copy);
}

void raceway_copy_stop_all(struct raceway_engine *engine)
{
	for (struct raceway_copy *copy = engine->copies; copy; copy = copy->next)
		tell_to_stop(copy);
	while (engine->copies) {
		struct raceway_copy *copy = engine->copies;

		engine->copies = copy->next;
		let_go_of(copy);
	}
}
