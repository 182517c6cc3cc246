/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens disks by the type of their SAN, and lets go of them when the last initiator has. */
#include "vhba/volume.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scsi/journal.h"
#include "scsi/vpd.h"
#include "util/cleanup.h"
#include "util/units.h"
#include "vhba/disk.h"
#include "vhba/events.h"
#include "vhba/pool.h"
#include "vhba/upstream.h"

#define TELL_NS 1000000000ULL
#define NAA_LOCAL 3 /* locally assigned, SPC-4 7.8.6.6.4 */

static const char *source_of(const struct raceway_volume_config *config)
{
	return config->dev[0] ? config->dev : config->san->path;
}

static int open_device(const char *path, int *ret_fd, struct raceway_error *err)
{
	/* O_EXCL: not while it is mounted. */
	int fd = open(path, O_RDWR | O_EXCL | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "dev", "%s: %s", path,
					 strerror(errno));
	*ret_fd = fd;
	return 0;
}

static int open_pool(const struct raceway_volume_config *config, struct raceway_disk **ret_disk,
		     struct raceway_error *err)
{
	int fd = -1;
	int ret = config->dev[0] ? open_device(config->dev, &fd, err)
				 : raceway_pool_open(config->san->path, config->name, &fd, err);

	return ret ? ret : raceway_disk_file_open(fd, ret_disk, err);
}

static int open_disk(const struct raceway_volume_config *config, struct raceway_disk **ret_disk,
		     struct raceway_error *err)
{
	int ret;

	switch (config->san->type) {
	case RACEWAY_SAN_POOL:
		ret = open_pool(config, ret_disk, err);
		if (ret || (*ret_disk)->bytes >= config->size)
			return ret;
		ret = raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "size",
					"there are %" PRIu64 " bytes of %" PRIu64,
					(*ret_disk)->bytes, config->size);
		(*ret_disk)->ops->close(*ret_disk);
		return ret;
	case RACEWAY_SAN_NULL:
		if (!config->size)
			return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "size",
						 "size is needed");
		return raceway_disk_null_open(config->size, ret_disk);
	case RACEWAY_SAN_ISCSI:
		break;
	}
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "", "it is of an array");
}

static void free_volume(struct raceway_volume *volume)
{
	pthread_mutex_destroy(&volume->lock);
	free(volume);
}

/* The last who had it mapped has let go. Any thread. */
static void gone(void *context)
{
	struct raceway_volume *volume = context;
	bool upstream = volume->type == RACEWAY_SAN_ISCSI;

	volume->disk->ops->close(volume->disk);
	/* An upstream says when it is closed, which may have been just now. */
	if (!upstream)
		free_volume(volume);
}

/* On a worker. A store that fails fails often: not each time is told. */
static void failed(void *context, const struct raceway_io *io)
{
	static const char *const kinds[] = { "read", "write", "flush", "unmap", "zero" };
	struct raceway_volume *volume = context;
	uint64_t now = raceway_clock_ns(),
		 told = __atomic_load_n(&volume->told_ns, __ATOMIC_RELAXED);
	char message[128];

	if (now - told < TELL_NS ||
	    !__atomic_compare_exchange_n(&volume->told_ns, &told, now, false, __ATOMIC_RELAXED,
					 __ATOMIC_RELAXED))
		return;
	snprintf(message, sizeof(message), "%s of %" PRIu64 " bytes at %" PRIu64 ": %s",
		 kinds[io->kind], io->bytes, io->offset, strerror(-io->result));
	raceway_events_put(volume->events, json_pack("{s:s, s:s, s:s}", "event", "volume-error",
						     "volume", volume->name, "message", message));
}

static struct raceway_volume *new_volume(struct raceway_engine *engine,
					 const struct raceway_volume_config *config)
{
	struct raceway_volume *volume = calloc(1, sizeof(*volume));

	if (!volume)
		return NULL;
	snprintf(volume->name, sizeof(volume->name), "%s", config->name);
	snprintf(volume->source, sizeof(volume->source), "%s", source_of(config));
	snprintf(volume->portal, sizeof(volume->portal), "%s", config->san->portal);
	snprintf(volume->target, sizeof(volume->target), "%s", config->san->target);
	volume->type = config->san->type;
	volume->id = config->id;
	volume->engine = engine;
	volume->events = engine->events;
	pthread_mutex_init(&volume->lock, NULL);
	raceway_keep_init(&volume->keep, engine->keep_dir, config->id, RACEWAY_KEEP_STATE);
	raceway_keep_init(&volume->journal, engine->keep_dir, config->id, RACEWAY_KEEP_JOURNAL);
	return volume;
}

static int make_unit(struct raceway_volume *volume)
{
	struct raceway_lu_options options = {
		.disk = volume->disk,
		.keep = volume->type == RACEWAY_SAN_ISCSI ? NULL : &volume->keep.keep,
		.journal = volume->type == RACEWAY_SAN_POOL ? &volume->journal.keep : NULL,
		.gone = gone,
		.context = volume,
	};

	snprintf(options.name, sizeof(options.name), "%s", volume->name);
	snprintf(options.serial, sizeof(options.serial), "%016" PRIx64, volume->id);
	for (int i = 0; i < 8; i++)
		options.naa[i] = (uint8_t)(volume->id >> (56 - 8 * i));
	options.naa[0] = (uint8_t)(NAA_LOCAL << 4 | (options.naa[0] & 0xf));
	return raceway_lu_new(&options, &volume->lu);
}

static int no_memory(struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
}

/* A write that was to be done as one, and in the midst of which the engine died. 0 or -errno. */
static int replay(struct raceway_volume *volume)
{
	const struct raceway_lu_keep *journal = &volume->journal.keep;
	size_t room = RACEWAY_JOURNAL_HEADER + RACEWAY_ATOMIC_MAX, kept = 0, bytes;
	RACEWAY_FREE uint8_t *state = malloc(room + 1);
	const uint8_t *data;
	uint64_t offset;
	int ret = state ? journal->load(journal->context, state, room + 1, &kept) : -ENOMEM;

	if (ret || !kept)
		return ret;
	ret = kept > room ? -EBADMSG : raceway_journal_parse(state, kept, &offset, &data, &bytes);
	if (!ret)
		ret = raceway_disk_file_write(volume->disk, offset, data, bytes);
	if (!ret)
		raceway_keep_drop(&volume->journal);
	return ret;
}

int raceway_volume_open(struct raceway_engine *engine, const struct raceway_volume_config *config,
			struct raceway_volume **ret_volume, struct raceway_error *err)
{
	struct raceway_volume *volume = new_volume(engine, config);
	int ret;

	if (!volume)
		return no_memory(err);
	ret = open_disk(config, &volume->disk, err);
	if (ret) {
		free_volume(volume);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s", strerror(-ret));
	}
	if (volume->type == RACEWAY_SAN_POOL) {
		raceway_disk_file_watch(volume->disk, failed, volume);
		ret = replay(volume);
		if (ret)
			raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					  "an atomic write that was cut off cannot be done: %s",
					  strerror(-ret));
	}
	if (!ret)
		ret = make_unit(volume);
	if (ret) {
		volume->disk->ops->close(volume->disk);
		free_volume(volume);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s",
					 ret == -EBADMSG
						 ? "its reservations that were kept cannot be read"
						 : strerror(-ret));
	}
	*ret_volume = volume;
	return 0;
}

/* The array is there, or not. On the upstream's worker. */
static void changed(void *context, const char *why)
{
	struct raceway_volume *volume = context;
	bool same;

	pthread_mutex_lock(&volume->lock);
	same = !strcmp(volume->why, why ? why : "");
	snprintf(volume->why, sizeof(volume->why), "%s", why ? why : "");
	pthread_mutex_unlock(&volume->lock);
	if (why && !same)
		raceway_events_put(volume->events,
				   json_pack("{s:s, s:s, s:s}", "event", "volume-error", "volume",
					     volume->name, "message", why));
}

static void closed(void *context)
{
	struct raceway_volume *volume = context;

	__atomic_fetch_sub(&volume->engine->open_upstreams, 1, __ATOMIC_RELEASE);
	free_volume(volume);
}

int raceway_volume_open_upstream(struct raceway_engine *engine,
				 const struct raceway_volume_config *config, const char *initiator,
				 struct raceway_volume **ret_volume, struct raceway_error *err)
{
	struct raceway_upstream_options options = {
		.initiator = initiator,
		.portal = config->san->portal,
		.target = config->san->target,
		/* They are spread over the workers. */
		.worker = engine->lanes[engine->vhbas_made % engine->lane_count].worker,
		.changed = changed,
		.closed = closed,
	};
	struct raceway_volume *volume;
	uint64_t lun;

	if (raceway_parse_u64(config->dev, &lun) || lun > RACEWAY_LUN_MAX)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "dev",
					 "dev %s is no LUN of an array", config->dev);
	volume = new_volume(engine, config);
	if (!volume)
		return no_memory(err);
	options.context = volume;
	options.lun = (uint16_t)lun;
	snprintf(volume->initiator, sizeof(volume->initiator), "%s", initiator);
	snprintf(volume->why, sizeof(volume->why), "connecting");
	if (raceway_upstream_open(&options, &volume->disk)) {
		free_volume(volume);
		return no_memory(err);
	}
	__atomic_fetch_add(&engine->open_upstreams, 1, __ATOMIC_RELAXED);
	if (make_unit(volume)) {
		volume->disk->ops->close(volume->disk);
		return no_memory(err);
	}
	*ret_volume = volume;
	return 0;
}

void raceway_volume_close(struct raceway_volume *volume)
{
	raceway_lu_put(volume->lu);
}

bool raceway_volume_is(const struct raceway_volume *volume,
		       const struct raceway_volume_config *config)
{
	return volume->id == config->id && volume->type == config->san->type &&
	       !strcmp(volume->name, config->name) && !strcmp(volume->source, source_of(config)) &&
	       !strcmp(volume->portal, config->san->portal) &&
	       !strcmp(volume->target, config->san->target);
}

int raceway_volume_grow(struct raceway_volume *volume, uint64_t size)
{
	uint64_t before = volume->disk->bytes;
	int err = 0;

	if (volume->type == RACEWAY_SAN_NULL && size > before)
		__atomic_store_n(&volume->disk->bytes, size, __ATOMIC_RELEASE);
	else if (volume->type == RACEWAY_SAN_POOL)
		err = raceway_disk_file_grow(volume->disk);
	if (!err && volume->disk->bytes != before)
		raceway_lu_resized(volume->lu);
	return err;
}
