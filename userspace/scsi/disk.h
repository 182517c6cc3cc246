/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the blocks of a logical unit are kept on, as a table of operations: a file, a block
 * device, an upstream array, nothing at all. Knows nothing of SCSI but where it passes it on. */
#ifndef RACEWAY_SCSI_DISK_H
#define RACEWAY_SCSI_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct raceway_disk;
struct raceway_task;
struct raceway_worker;

enum raceway_io_kind {
	RACEWAY_IO_READ,
	RACEWAY_IO_WRITE,
	RACEWAY_IO_FLUSH, /* all that was done before is on stable storage; no range */
	RACEWAY_IO_UNMAP, /* the range may lose its space; it then reads as zeroes */
	RACEWAY_IO_ZERO,  /* the range reads as zeroes and keeps its space */
};

/* One operation. Whoever submits it owns it and keeps it and its data until done() is called. */
struct raceway_io {
	enum raceway_io_kind kind;
	bool fua; /* WRITE, ZERO: on stable storage before done() */
	uint64_t offset, bytes;
	void *data; /* READ, WRITE: `bytes` long */
	/* 0 or -errno: -ENOSPC, -EIO, -EROFS, -ETIMEDOUT, ... A short read of what was there is
	 * -EIO, never 0. */
	int result;
	/* Called once, on the worker that submitted it, and maybe before submit() returns. */
	void (*done)(struct raceway_io *io);
	void *context; /* the submitter's */
	void *disk_private;
};

struct raceway_disk_ops {
	const char *name;
	/* Starts `io` on `worker`, the caller's thread. Ranges were checked against `bytes`. */
	void (*submit)(struct raceway_disk *disk, struct raceway_worker *worker,
		       struct raceway_io *io);
	/* NULL, or takes over a whole command for a device server elsewhere (an upstream array);
	 * task->done() follows, on the same worker. */
	void (*pass)(struct raceway_disk *disk, struct raceway_worker *worker,
		     struct raceway_task *task);
	/* Whether what is at `offset` has space, and how far that goes (at least one block).
	 * Quick enough for the caller's thread. NULL: all has. */
	int (*extent)(struct raceway_disk *disk, uint64_t offset, uint64_t *ret_bytes,
		      bool *ret_mapped);
	/* No operation is under way any more. */
	void (*close)(struct raceway_disk *disk);
};

/* Embedded in what an implementation keeps. Constant while a logical unit uses it, but for
 * `bytes`, which may grow (atomic). */
struct raceway_disk {
	const struct raceway_disk_ops *ops;
	uint64_t bytes;		 /* a multiple of block_bytes */
	uint32_t block_bytes;	 /* 512 or 4096 */
	uint32_t physical_bytes; /* what is written without reading first; a power of two */
	bool read_only;
	bool thin;	  /* UNMAP gives space back */
	bool write_cache; /* a write is on stable storage only after FLUSH or with fua */
	bool rotating;
};

#endif
