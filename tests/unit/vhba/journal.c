/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A volume is opened whose engine died in the midst of WRITE ATOMIC: it is done before anybody sees
 * the volume. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scsi/journal.h"
#include "vhba/pool.h"
#include "vhba/volume.h"

#define SIZE (1 << 20)

static char folder[64], journal[160];
static struct raceway_engine engine;
static struct raceway_san_config san = { .type = RACEWAY_SAN_POOL };
static struct raceway_volume_config config = { .size = SIZE, .id = 0xa1, .san = &san };
static struct raceway_error err;

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/rwunit.XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	cr_assert_eq(raceway_keep_open(folder, &engine.keep_dir), 0);
	snprintf(journal, sizeof(journal), "%s/pr/00000000000000a1.atomic", folder);
	snprintf(san.path, sizeof(san.path), "%s", folder);
	snprintf(config.name, sizeof(config.name), "p/v");
	cr_assert_eq(raceway_pool_create(folder, "p/v", SIZE, &err), 0);
}

static void end(void)
{
	char command[128];

	close(engine.keep_dir);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (fork() == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		wait(NULL);
}

/* As much of the journal as `of` whole ones. */
static void put_journal(uint64_t offset, const char *data, double of)
{
	size_t bytes;
	uint8_t *state = raceway_journal_pack(offset, data, strlen(data), &bytes);
	int fd = open(journal, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	bytes = (size_t)((double)bytes * of);
	cr_assert_eq(write(fd, state, bytes), (ssize_t)bytes);
	close(fd);
	free(state);
}

static void expect(const char *data)
{
	char path[128], got[64] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/v.raw", folder);
	fd = open(path, O_RDONLY);
	cr_assert_eq(pread(fd, got, strlen(data), 4096), (ssize_t)strlen(data));
	cr_expect_str_eq(got, data);
	close(fd);
}

static int open_it(void)
{
	struct raceway_volume *volume = NULL;
	int ret;

	err = (struct raceway_error){ 0 };
	ret = raceway_volume_open(&engine, &config, &volume, &err);
	if (!ret)
		raceway_volume_close(volume);
	return ret;
}

Test(journal, what_was_cut_off_is_done, .init = begin, .fini = end)
{
	put_journal(4096, "all of it", 1);
	cr_assert_eq(open_it(), 0, "%s", err.message);
	expect("all of it");
	cr_expect_neq(access(journal, F_OK), 0, "once");
}

Test(journal, nothing_was_cut_off, .init = begin, .fini = end)
{
	cr_assert_eq(open_it(), 0, "%s", err.message);
	put_journal(4096, "all of it", 0);
	cr_assert_eq(open_it(), 0, "%s", err.message);
	expect("");
}

Test(journal, what_cannot_be_done_is_served_to_nobody, .init = begin, .fini = end)
{
	put_journal(4096, "all of it", 0.9);
	cr_assert_lt(open_it(), 0);
	cr_expect_str_eq(err.message,
			 "an atomic write that was cut off cannot be done: Bad message");
	put_journal(SIZE - 4, "past the end", 1);
	cr_assert_lt(open_it(), 0);
	cr_expect_eq(access(journal, F_OK), 0);
	expect("");
}
