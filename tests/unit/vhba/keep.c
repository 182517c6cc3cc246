/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reservations that are kept, in a folder of the test's own: what is saved is there again, and the
 * worker that saves it is not held up. */
#include <criterion/criterion.h>
#include <errno.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "vhba/keep.h"
#include "vhba/worker.h"

static char folder[64];
static struct raceway_worker *worker;
static sem_t over;
static int dir = -1;
static struct raceway_vhba_keep keep;

static const char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void open_state(void)
{
	if (dir >= 0)
		close(dir);
	cr_assert_eq(raceway_keep_open(in_folder("state"), &dir), 0);
	raceway_keep_init(&keep, dir, 0xabc, RACEWAY_KEEP_STATE);
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/rwunit.XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
	sem_init(&over, 0, 0);
	cr_assert_eq(raceway_worker_start(0, &worker), 0);
	open_state();
}

static void end(void)
{
	char command[128];

	raceway_worker_stop(worker);
	close(dir);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (fork() == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		wait(NULL);
}

struct saving {
	struct raceway_call call;
	struct raceway_keep_write write;
	bool done, returned, at_once;
};

static void saved(struct raceway_keep_write *write)
{
	struct saving *s = write->context;

	s->done = true;
	s->at_once = !s->returned;
	sem_post(&over);
}

static void save_now(struct raceway_call *call, struct raceway_worker *on)
{
	struct saving *s = (struct saving *)call;

	keep.keep.save(keep.keep.context, on, &s->write);
	s->returned = true;
}

/* What it ended with. */
static int save(const void *state, size_t bytes)
{
	struct saving s = { .call.run = save_now,
			    .write = { .state = state, .bytes = bytes, .done = saved } };
	struct timespec until;

	s.write.context = &s;
	raceway_worker_call(worker, &s.call);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	cr_assert_eq(sem_timedwait(&over, &until), 0, "it is not saved within 10 s");
	cr_assert(s.done);
	cr_assert_not(s.at_once, "the worker waited for the disk");
	return s.write.result;
}

static size_t load(char *state, size_t room)
{
	size_t bytes = 9999;

	cr_assert_eq(keep.keep.load(&keep, state, room, &bytes), 0);
	return bytes;
}

Test(keep, what_is_saved_is_there_again, .init = begin, .fini = end)
{
	static char large[300000], state[300000];

	cr_expect_eq(load(state, sizeof(state)), 0, "nothing yet");
	memset(large, 0x5a, sizeof(large));
	cr_assert_eq(save(large, sizeof(large)), 0);
	cr_expect_eq(load(state, sizeof(state)), sizeof(large));
	cr_expect_arr_eq(state, large, sizeof(large));
	cr_assert_eq(save("second", 6), 0);
	open_state();
	cr_expect_eq(load(state, sizeof(state)), 6, "shorter than what was there");
	cr_expect_arr_eq(state, "second", 6);
	cr_expect_eq(access(in_folder("state/pr/0000000000000abc"), F_OK), 0);
	cr_expect_neq(access(in_folder("state/pr/0000000000000abc.new"), F_OK), 0);
}

Test(keep, a_failure_leaves_the_old_state, .init = begin, .fini = end)
{
	char state[64];

	cr_assert_eq(save("first", 5), 0);
	cr_assert_eq(mkdir(in_folder("state/pr/0000000000000abc.new"), 0700), 0);
	cr_expect_eq(save("second", 6), -EISDIR);
	cr_expect_eq(load(state, sizeof(state)), 5);
	cr_assert_eq(rmdir(in_folder("state/pr/0000000000000abc.new")), 0);
	cr_expect_eq(save("third", 5), 0);
	cr_expect_arr_eq((load(state, sizeof(state)), state), "third", 5);
}

Test(keep, what_is_forgotten_is_gone, .init = begin, .fini = end)
{
	char state[64];

	cr_assert_eq(save("state", 5), 0);
	fclose(fopen(in_folder("state/pr/0000000000000abc.new"), "w"));
	fclose(fopen(in_folder("state/pr/0000000000000abc.atomic"), "w"));
	raceway_keep_forget(dir, 0xabc);
	cr_expect_eq(load(state, sizeof(state)), 0);
	cr_expect_neq(access(in_folder("state/pr/0000000000000abc"), F_OK), 0);
	cr_expect_neq(access(in_folder("state/pr/0000000000000abc.new"), F_OK), 0);
	cr_expect_neq(access(in_folder("state/pr/0000000000000abc.atomic"), F_OK), 0);
}

Test(keep, nothing_is_a_state_too, .init = begin, .fini = end)
{
	char state[64];

	cr_assert_eq(save("state", 5), 0);
	cr_assert_eq(save(NULL, 0), 0);
	cr_expect_eq(load(state, sizeof(state)), 0);
}

/* What a death in the middle left is written over. */
Test(keep, what_was_left_half_done, .init = begin, .fini = end)
{
	FILE *file = fopen(in_folder("state/pr/0000000000000abc.new"), "w");
	char state[64];

	fputs("much longer than what follows", file);
	fclose(file);
	cr_assert_eq(save("state", 5), 0);
	cr_expect_eq(load(state, sizeof(state)), 5);
}
