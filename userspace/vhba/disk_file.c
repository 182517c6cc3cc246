/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Blocks in a file or on a block device. What the page cache has is read at once, without a round
 * through the ring; all that might wait goes by io_uring. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/disk.h"
#include "vhba/worker.h"

#define BLOCK_BYTES 512
#define PHYSICAL_BYTES 4096
#define ZERO_CHUNK (256U << 10)
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)
#define CLEAR (FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE)

struct file {
	struct raceway_disk disk;
	int fd;
	bool device;
	void (*failed)(void *context, const struct raceway_io *io);
	void *context;
	struct raceway_disk_guard *guard; /* atomic */
	bool no_quick_write; /* the file system knows no RWF_NOWAIT for writes; atomic */
};

/* One operation on its way through the ring, in one or several steps. */
struct step {
	struct raceway_wait wait;
	struct file *file;
	struct raceway_worker *worker;
	struct raceway_io *io;
	uint64_t done;
	bool writes_zeroes; /* ZERO and UNMAP by writing them */
	bool syncs;	    /* ZERO with fua: what is left is to sync */
};

static const uint8_t zeroes[ZERO_CHUNK];

static struct file *file_of(struct raceway_disk *disk)
{
	return (struct file *)((char *)disk - offsetof(struct file, disk));
}

static void finish(struct raceway_io *io, int result)
{
	io->result = result;
	io->done(io);
}

static void prepare(struct step *step, struct io_uring_sqe *sqe)
{
	const struct raceway_io *io = step->io;
	uint64_t offset = io->offset + step->done, left = io->bytes - step->done;
	int fd = step->file->fd;

	if (step->syncs || io->kind == RACEWAY_IO_FLUSH) {
		io_uring_prep_fsync(sqe, fd, IORING_FSYNC_DATASYNC);
	} else if (io->kind == RACEWAY_IO_READ) {
		io_uring_prep_read(sqe, fd, (uint8_t *)io->data + step->done, (unsigned int)left,
				   offset);
	} else if (io->kind == RACEWAY_IO_WRITE) {
		io_uring_prep_write(sqe, fd, (uint8_t *)io->data + step->done, (unsigned int)left,
				    offset);
		sqe->rw_flags = io->fua ? RWF_DSYNC : 0;
	} else if (step->writes_zeroes) {
		io_uring_prep_write(sqe, fd, zeroes,
				    (unsigned int)(left < ZERO_CHUNK ? left : ZERO_CHUNK), offset);
	} else {
		io_uring_prep_fallocate(sqe, fd, io->kind == RACEWAY_IO_UNMAP ? PUNCH : CLEAR,
					(off_t)offset, (off_t)left);
	}
}

static void submit_step(struct step *step)
{
	prepare(step, raceway_worker_sqe(step->worker, &step->wait));
}

/* True if there is more to do for it. */
static bool goes_on(struct step *step, int result)
{
	const struct raceway_io *io = step->io;
	bool moves =
		io->kind == RACEWAY_IO_READ || io->kind == RACEWAY_IO_WRITE || step->writes_zeroes;

	if (result == -EINTR || result == -EAGAIN)
		return true;
	/* What cannot give space back keeps it, but nobody reads what was there. */
	if (result == -EOPNOTSUPP && !moves && !step->syncs &&
	    (io->kind == RACEWAY_IO_ZERO || io->kind == RACEWAY_IO_UNMAP)) {
		step->writes_zeroes = true;
		return true;
	}
	if (result < 0 || step->syncs)
		return false;
	if (moves && result > 0) {
		step->done += (uint64_t)result;
		if (step->done < io->bytes)
			return true;
	}
	if (io->kind == RACEWAY_IO_ZERO && io->fua && (!moves || result > 0)) {
		step->syncs = true;
		return true;
	}
	return false;
}

static void complete(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct step *step = (struct step *)((char *)wait - offsetof(struct step, wait));
	struct raceway_io *io = step->io;

	if (goes_on(step, result)) {
		submit_step(step);
		return;
	}
	/* The end of the file where there was a disk. */
	if (result == 0 && (io->kind == RACEWAY_IO_READ || io->kind == RACEWAY_IO_WRITE ||
			    (step->writes_zeroes && !step->syncs)))
		result = -EIO;
	io->result = result < 0 ? result : 0;
	if (io->result && step->file->failed)
		step->file->failed(step->file->context, io);
	free(step);
	io->done(io);
}

/* What can be done without waiting; the bytes that were, or 0. */
static uint64_t try_now(struct file *file, const struct raceway_io *io)
{
	struct iovec data = { io->data, io->bytes };
	ssize_t bytes = 0;

	if (io->kind == RACEWAY_IO_READ) {
		bytes = preadv2(file->fd, &data, 1, (off_t)io->offset, RWF_NOWAIT);
	} else if (io->kind == RACEWAY_IO_WRITE && !io->fua &&
		   !__atomic_load_n(&file->no_quick_write, __ATOMIC_RELAXED)) {
		bytes = pwritev2(file->fd, &data, 1, (off_t)io->offset, RWF_NOWAIT);
		if (bytes < 0 && errno == EOPNOTSUPP)
			__atomic_store_n(&file->no_quick_write, true, __ATOMIC_RELAXED);
	}
	return bytes > 0 ? (uint64_t)bytes : 0;
}

static void submit(struct raceway_disk *disk, struct raceway_worker *worker, struct raceway_io *io)
{
	struct file *file = file_of(disk);
	struct raceway_disk_guard *guard = __atomic_load_n(&file->guard, __ATOMIC_ACQUIRE);
	struct step *step;
	uint64_t done;

	if (guard && io->kind != RACEWAY_IO_READ && io->kind != RACEWAY_IO_FLUSH &&
	    !guard->pass(guard, disk, worker, io))
		return;
	done = try_now(file, io);
	if (io->bytes && done == io->bytes) {
		finish(io, 0);
		return;
	}
	step = malloc(sizeof(*step));
	if (!step) {
		finish(io, -ENOMEM);
		return;
	}
	*step = (struct step){
		.wait.complete = complete,
		.file = file,
		.worker = worker,
		.io = io,
		.done = done,
	};
	submit_step(step);
}

static int extent(struct raceway_disk *disk, uint64_t offset, uint64_t *ret_bytes, bool *ret_mapped)
{
	uint64_t end = __atomic_load_n(&disk->bytes, __ATOMIC_RELAXED);
	int fd = file_of(disk)->fd;
	off_t data = lseek(fd, (off_t)offset, SEEK_DATA), next;

	if (data < 0 && errno != ENXIO)
		return -errno;
	*ret_mapped = data >= 0 && (uint64_t)data / BLOCK_BYTES == offset / BLOCK_BYTES;
	next = *ret_mapped ? lseek(fd, (off_t)offset, SEEK_HOLE) : data;
	if (next < 0 || (uint64_t)next > end)
		next = (off_t)end;
	/* A block with any data in it is mapped. */
	if (*ret_mapped)
		next = (next + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
	else
		next = next / BLOCK_BYTES * BLOCK_BYTES;
	*ret_bytes = (uint64_t)next - offset;
	return 0;
}

static void close_file(struct raceway_disk *disk)
{
	struct file *file = file_of(disk);

	close(file->fd);
	free(file);
}

static const struct raceway_disk_ops file_ops = {
	.name = "file",
	.submit = submit,
	.extent = extent,
	.close = close_file,
};
static const struct raceway_disk_ops device_ops = {
	.name = "device",
	.submit = submit,
	.close = close_file,
};

/* Whether the device zeroes without being written to: only then what is given back reads as
 * zeroes. The file is the kernel's one number per device. */
static bool device_zeroes(dev_t device)
{
	static const char *const paths[] = {
		"/sys/dev/block/%u:%u/queue/write_zeroes_max_bytes",
		"/sys/dev/block/%u:%u/../queue/write_zeroes_max_bytes", /* of a partition */
	};
	unsigned long long bytes = 0;
	char path[96];

	for (int i = 0; i < 2; i++) {
		RACEWAY_FCLOSE FILE *file = NULL;

		snprintf(path, sizeof(path), paths[i], major(device), minor(device));
		file = fopen(path, "re");
		if (file && fscanf(file, "%llu", &bytes) == 1)
			break;
	}
	return bytes > 0;
}

/* NULL, or what is wrong. */
static const char *read_device(struct file *file, const struct stat *info)
{
	struct raceway_disk *disk = &file->disk;
	unsigned int physical = 0;
	unsigned short rotating = 0;
	int block = 0, read_only = 0;

	if (ioctl(file->fd, BLKGETSIZE64, &disk->bytes) || ioctl(file->fd, BLKSSZGET, &block) ||
	    ioctl(file->fd, BLKPBSZGET, &physical) || ioctl(file->fd, BLKROGET, &read_only) ||
	    ioctl(file->fd, BLKROTATIONAL, &rotating))
		return strerror(errno);
	if (block != BLOCK_BYTES && block != PHYSICAL_BYTES)
		return "its blocks are neither of 512 nor of 4096 bytes";
	disk->block_bytes = (uint32_t)block;
	disk->physical_bytes = physical;
	disk->read_only = read_only;
	disk->rotating = rotating;
	disk->thin = device_zeroes(info->st_rdev);
	disk->ops = &device_ops;
	file->device = true;
	return NULL;
}

static void read_file(struct file *file, const struct stat *info)
{
	struct raceway_disk *disk = &file->disk;

	disk->bytes = (uint64_t)info->st_size;
	disk->block_bytes = BLOCK_BYTES;
	disk->physical_bytes = PHYSICAL_BYTES;
	/* Behind the end of the file there is nothing to lose. */
	disk->thin = !fallocate(file->fd, PUNCH, info->st_size, PHYSICAL_BYTES);
	disk->ops = &file_ops;
}

static int fail(struct raceway_error *err, const char *what)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s", what);
}

int raceway_disk_file_open(int fd, struct raceway_disk **ret_disk, struct raceway_error *err)
{
	RACEWAY_CLOSE int own = fd;
	RACEWAY_FREE struct file *file = calloc(1, sizeof(*file));
	const char *wrong = NULL;
	struct stat info;

	if (!file || fstat(fd, &info))
		return fail(err, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return fail(err,
			    errno == EWOULDBLOCK ? "somebody else serves it" : strerror(errno));
	file->fd = fd;
	if (S_ISREG(info.st_mode))
		read_file(file, &info);
	else if (!S_ISBLK(info.st_mode))
		wrong = "it is neither a file nor a block device";
	else
		wrong = read_device(file, &info);
	if (wrong)
		return fail(err, wrong);
	if (!file->disk.bytes || file->disk.bytes % file->disk.block_bytes)
		return fail(err, "its size is not a multiple of its blocks");
	file->disk.write_cache = true;
	own = -1;
	*ret_disk = &RACEWAY_TAKE(file)->disk;
	return 0;
}

void raceway_disk_file_watch(struct raceway_disk *disk,
			     void (*failed)(void *context, const struct raceway_io *io),
			     void *context)
{
	file_of(disk)->failed = failed;
	file_of(disk)->context = context;
}

void raceway_disk_file_guard(struct raceway_disk *disk, struct raceway_disk_guard *guard)
{
	__atomic_store_n(&file_of(disk)->guard, guard, __ATOMIC_RELEASE);
}

int raceway_disk_file_write(struct raceway_disk *disk, uint64_t offset, const void *data,
			    size_t bytes)
{
	int fd = file_of(disk)->fd;

	if (bytes > disk->bytes || offset > disk->bytes - bytes)
		return -EINVAL;
	for (size_t done = 0; done < bytes;) {
		ssize_t n =
			pwrite(fd, (const char *)data + done, bytes - done, (off_t)(offset + done));

		if (n <= 0 && errno != EINTR)
			return n ? -errno : -EIO;
		if (n > 0)
			done += (size_t)n;
	}
	return fdatasync(fd) ? -errno : 0;
}

int raceway_disk_file_grow(struct raceway_disk *disk)
{
	struct file *file = file_of(disk);
	uint64_t bytes = 0;
	struct stat info;

	if (file->device ? ioctl(file->fd, BLKGETSIZE64, &bytes) : fstat(file->fd, &info))
		return -errno;
	if (!file->device)
		bytes = (uint64_t)info.st_size;
	if (bytes < disk->bytes || bytes % disk->block_bytes)
		return -EINVAL;
	__atomic_store_n(&disk->bytes, bytes, __ATOMIC_RELAXED);
	return 0;
}

int raceway_disk_file_used(struct raceway_disk *disk, uint64_t *ret_bytes)
{
	struct file *file = file_of(disk);
	struct stat info;

	if (fstat(file->fd, &info))
		return -errno;
	*ret_bytes = file->device ? disk->bytes : (uint64_t)info.st_blocks * 512;
	return 0;
}
