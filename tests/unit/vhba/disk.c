/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Disks on a worker: what is written is read again, holes are holes, and errors are told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "vhba/disk.h"
#include "vhba/worker.h"

#define DISK_BYTES (8U << 20)
#define DATA_BYTES (1U << 20)

static struct raceway_worker *worker;
static struct raceway_disk *disk;
static char path[64];
static uint8_t out[DATA_BYTES], in[DATA_BYTES];
static struct raceway_error err;

static int open_file(void)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	return fd;
}

static void begin(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/rwunit.XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, DISK_BYTES), 0);
	close(fd);
	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (uint8_t)(i * 7 + i / 4096 + 1);
	cr_assert_eq(raceway_worker_start(0, &worker), 0);
	cr_assert_eq(raceway_disk_file_open(open_file(), &disk, &err), 0);
}

static void end(void)
{
	disk->ops->close(disk);
	raceway_worker_stop(worker);
	unlink(path);
}

struct job {
	struct raceway_call call;
	struct raceway_io io;
	sem_t over;
};

static void done(struct raceway_io *io)
{
	sem_post(&((struct job *)io->context)->over);
}

static void submit(struct raceway_call *call, struct raceway_worker *on)
{
	struct job *job = (struct job *)call;

	disk->ops->submit(disk, on, &job->io);
}

static int do_io(enum raceway_io_kind kind, bool fua, uint64_t offset, uint64_t bytes, void *data)
{
	struct job job = {
		.call.run = submit,
		.io = { .kind = kind,
			.fua = fua,
			.offset = offset,
			.bytes = bytes,
			.data = data,
			.result = 1,
			.done = done },
	};
	struct timespec until;

	job.io.context = &job;
	sem_init(&job.over, 0, 0);
	raceway_worker_call(worker, &job.call);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	cr_assert_eq(sem_timedwait(&job.over, &until), 0, "no answer within 20 s");
	return job.io.result;
}

Test(disk_file, tells_what_it_is, .init = begin, .fini = end)
{
	cr_expect_eq(disk->bytes, DISK_BYTES);
	cr_expect_eq(disk->block_bytes, 512);
	cr_expect_eq(disk->physical_bytes, 4096);
	cr_expect(disk->thin && disk->write_cache && !disk->read_only);
}

Test(disk_file, reads_what_was_written, .init = begin, .fini = end)
{
	static const struct {
		uint64_t offset, bytes;
		bool fua;
	} writes[] = { { 512, 512, false },
		       { 4096, 65536, true },
		       { 1 << 20, 1 << 20, false },
		       { DISK_BYTES - 512, 512, true },
		       { 3 << 20, 1 << 20, true } };

	for (size_t i = 0; i < sizeof(writes) / sizeof(writes[0]); i++) {
		uint64_t offset = writes[i].offset, bytes = writes[i].bytes;
		int fd = open_file();

		cr_assert_eq(do_io(RACEWAY_IO_WRITE, writes[i].fua, offset, bytes, out), 0);
		cr_assert_eq(do_io(RACEWAY_IO_FLUSH, false, 0, 0, NULL), 0);
		memset(in, 0, bytes);
		cr_assert_eq(do_io(RACEWAY_IO_READ, false, offset, bytes, in), 0);
		cr_assert_arr_eq(in, out, bytes);
		memset(in, 0, bytes);
		cr_assert_eq(pread(fd, in, bytes, (off_t)offset), (ssize_t)bytes);
		cr_assert_arr_eq(in, out, bytes, "it is in the file");
		close(fd);
	}
}

Test(disk_file, reads_what_the_page_cache_has_not, .init = begin, .fini = end)
{
	int fd = open_file();

	cr_assert_eq(do_io(RACEWAY_IO_WRITE, true, 0, DATA_BYTES, out), 0);
	cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
	close(fd);
	cr_assert_eq(do_io(RACEWAY_IO_READ, false, 0, DATA_BYTES, in), 0);
	cr_assert_arr_eq(in, out, DATA_BYTES);
}

static bool is_zero(uint64_t offset, uint64_t bytes)
{
	memset(in, 0xff, bytes);
	cr_assert_eq(do_io(RACEWAY_IO_READ, false, offset, bytes, in), 0);
	for (size_t i = 0; i < bytes; i++) {
		if (in[i])
			return false;
	}
	return true;
}

Test(disk_file, gives_space_back, .init = begin, .fini = end)
{
	uint64_t before, after, bytes;
	bool mapped;

	cr_assert_eq(do_io(RACEWAY_IO_WRITE, true, 1 << 20, DATA_BYTES, out), 0);
	cr_assert_eq(raceway_disk_file_used(disk, &before), 0);
	cr_assert_eq(disk->ops->extent(disk, 0, &bytes, &mapped), 0);
	cr_expect(!mapped && bytes == 1 << 20, "a hole up to the data, not %lu", bytes);
	cr_assert_eq(disk->ops->extent(disk, 1 << 20, &bytes, &mapped), 0);
	cr_expect(mapped && bytes == DATA_BYTES, "the data, not %lu", bytes);
	cr_assert_eq(do_io(RACEWAY_IO_UNMAP, false, 1 << 20, DATA_BYTES / 2, NULL), 0);
	cr_assert_eq(raceway_disk_file_used(disk, &after), 0);
	cr_expect_leq(after + DATA_BYTES / 2, before);
	cr_expect(is_zero(1 << 20, DATA_BYTES / 2));
	cr_expect_not(is_zero((1 << 20) + DATA_BYTES / 2, 512));
	cr_assert_eq(disk->ops->extent(disk, 2 << 20, &bytes, &mapped), 0);
	cr_expect(!mapped && bytes == DISK_BYTES - (2 << 20), "a hole to the end, not %lu", bytes);
}

Test(disk_file, zeroes_a_range_and_no_more, .init = begin, .fini = end)
{
	for (int fua = 0; fua < 2; fua++) {
		cr_assert_eq(do_io(RACEWAY_IO_WRITE, false, 0, DATA_BYTES, out), 0);
		cr_assert_eq(do_io(RACEWAY_IO_ZERO, fua, 512, 3 * 65536, NULL), 0);
		cr_expect_not(is_zero(0, 512));
		cr_expect(is_zero(512, 3 * 65536));
		cr_expect_not(is_zero(512 + 3 * 65536, 512));
	}
}

Test(disk_file, an_end_that_comes_too_early_is_an_error, .init = begin, .fini = end)
{
	cr_assert_eq(truncate(path, 1 << 20), 0);
	cr_expect_eq(do_io(RACEWAY_IO_READ, false, (1 << 20) - 4096, 8192, in), -EIO);
	cr_expect_eq(do_io(RACEWAY_IO_READ, false, 2 << 20, 512, in), -EIO);
}

Test(disk_file, is_served_once, .init = begin, .fini = end)
{
	struct raceway_disk *other = NULL;

	cr_expect_lt(raceway_disk_file_open(open_file(), &other, &err), 0);
	cr_expect_str_eq(err.message, "somebody else serves it");
	cr_expect_null(other);
}

Test(disk_file, grows, .init = begin, .fini = end)
{
	cr_assert_eq(truncate(path, DISK_BYTES + 512), 0);
	cr_assert_eq(raceway_disk_file_grow(disk), 0);
	cr_expect_eq(disk->bytes, DISK_BYTES + 512);
	cr_assert_eq(truncate(path, DISK_BYTES), 0);
	cr_expect_eq(raceway_disk_file_grow(disk), -EINVAL);
	cr_expect_eq(disk->bytes, DISK_BYTES + 512);
}

Test(disk_file, odd_sizes_are_refused, .init = begin, .fini = end)
{
	struct raceway_disk *other = NULL;
	int fd = open("/tmp", O_RDWR | O_TMPFILE, 0600);

	cr_expect_lt(raceway_disk_file_open(dup(fd), &other, &err), 0, "empty");
	cr_assert_eq(ftruncate(fd, 1000), 0);
	cr_expect_lt(raceway_disk_file_open(fd, &other, NULL), 0);
}

Test(disk_null, forgets, .init = begin, .fini = end)
{
	struct raceway_disk *file = disk;

	cr_assert_eq(raceway_disk_null_open(1 << 20, &disk), 0);
	cr_expect_eq(do_io(RACEWAY_IO_WRITE, true, 0, 4096, out), 0);
	cr_expect(is_zero(0, 4096));
	cr_expect_eq(do_io(RACEWAY_IO_FLUSH, false, 0, 0, NULL), 0);
	disk->ops->close(disk);
	disk = file;
}
