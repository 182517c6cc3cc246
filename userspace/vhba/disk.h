/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The disks of the engine (scsi/disk.h): a file or block device, and nothing at all. */
#ifndef RACEWAY_VHBA_DISK_H
#define RACEWAY_VHBA_DISK_H

#include "scsi/disk.h"
#include "util/error.h"

/* Takes over `fd`, a regular file or block device open for reading and writing, also on failure.
 * It is locked (flock(2)) as long as it is open, so that no two engines serve it. A file's size
 * is that of the disk. 0 or an error. */
int raceway_disk_file_open(int fd, struct raceway_disk **ret_disk, struct raceway_error *err);
/* `failed` is called with each operation that fails, on its worker, before its done(). Before the
 * disk is used. */
void raceway_disk_file_watch(struct raceway_disk *disk,
			     void (*failed)(void *context, const struct raceway_io *io),
			     void *context);
/* Writes, and returns when it is on stable storage: before the disk is used. 0 or -errno. */
int raceway_disk_file_write(struct raceway_disk *disk, uint64_t offset, const void *data,
			    size_t bytes);
/* The file has grown: its size is read again. 0, or -errno and nothing changed. */
int raceway_disk_file_grow(struct raceway_disk *disk);
/* Bytes that have space. 0 or -errno. */
int raceway_disk_file_used(struct raceway_disk *disk, uint64_t *ret_bytes);

/* Looks at what changes blocks before it does: somebody copies them as they are now. */
struct raceway_disk_guard {
	/* True: `io` may go on. False: the guard keeps it, and submits it again later on
	 * `worker`. Any worker. */
	bool (*pass)(struct raceway_disk_guard *guard, struct raceway_disk *disk,
		     struct raceway_worker *worker, struct raceway_io *io);
};
/* Sets or, with NULL, takes away a file's guard. Workers may be about to ask it still. */
void raceway_disk_file_guard(struct raceway_disk *disk, struct raceway_disk_guard *guard);

/* Reads zeroes, forgets what is written. 0 or -ENOMEM. */
int raceway_disk_null_open(uint64_t bytes, struct raceway_disk **ret_disk);

#endif
