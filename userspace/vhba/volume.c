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

#include "util/cleanup.h"
#include "vhba/disk.h"
#include "vhba/events.h"
#include "vhba/pool.h"

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
	return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "", "", "its SAN is not served yet");
}

/* The last who had it mapped has let go. Any thread. */
static void gone(void *context)
{
	struct raceway_volume *volume = context;

	volume->disk->ops->close(volume->disk);
	free(volume);
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

int raceway_volume_open(struct raceway_engine *engine, const struct raceway_volume_config *config,
			struct raceway_volume **ret_volume, struct raceway_error *err)
{
	RACEWAY_FREE struct raceway_volume *volume = calloc(1, sizeof(*volume));
	struct raceway_lu_options options = { .gone = gone, .context = volume };
	int ret;

	if (!volume)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	ret = open_disk(config, &volume->disk, err);
	if (ret)
		return ret;
	snprintf(volume->name, sizeof(volume->name), "%s", config->name);
	snprintf(volume->source, sizeof(volume->source), "%s", source_of(config));
	volume->type = config->san->type;
	volume->id = config->id;
	raceway_keep_init(&volume->keep, engine->keep_dir, config->id);
	volume->events = engine->events;
	if (volume->type == RACEWAY_SAN_POOL)
		raceway_disk_file_watch(volume->disk, failed, volume);
	options.disk = volume->disk;
	options.keep = &volume->keep.keep;
	snprintf(options.name, sizeof(options.name), "%s", config->name);
	snprintf(options.serial, sizeof(options.serial), "%016" PRIx64, config->id);
	for (int i = 0; i < 8; i++)
		options.naa[i] = (uint8_t)(config->id >> (56 - 8 * i));
	options.naa[0] = (uint8_t)(NAA_LOCAL << 4 | (options.naa[0] & 0xf));
	ret = raceway_lu_new(&options, &volume->lu);
	if (ret) {
		volume->disk->ops->close(volume->disk);
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s",
					 ret == -EBADMSG
						 ? "its reservations that were kept cannot be read"
						 : strerror(-ret));
	}
	*ret_volume = RACEWAY_TAKE(volume);
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
	       !strcmp(volume->name, config->name) && !strcmp(volume->source, source_of(config));
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
