/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A disk without anything behind it: for tests, and to measure what lies before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vhba/disk.h"

#define BLOCK_BYTES 512
#define PHYSICAL_BYTES 4096

static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	if (io->kind == RACEWAY_IO_READ)
		memset(io->data, 0, io->bytes);
	io->result = 0;
	io->done(io);
}

static int extent(struct raceway_disk *disk, uint64_t offset, uint64_t *ret_bytes, bool *ret_mapped)
{
	*ret_bytes = __atomic_load_n(&disk->bytes, __ATOMIC_RELAXED) - offset;
	*ret_mapped = false;
	return 0;
}

static void close_null(struct raceway_disk *disk)
{
	free(disk);
}

static const struct raceway_disk_ops null_ops = {
	.name = "null",
	.submit = submit,
	.extent = extent,
	.close = close_null,
};

int raceway_disk_null_open(uint64_t bytes, struct raceway_disk **ret_disk)
{
	struct raceway_disk *disk = calloc(1, sizeof(*disk));

	if (!disk)
		return -ENOMEM;
	disk->ops = &null_ops;
	disk->bytes = bytes;
	disk->block_bytes = BLOCK_BYTES;
	disk->physical_bytes = PHYSICAL_BYTES;
	disk->thin = true;
	*ret_disk = disk;
	return 0;
}
