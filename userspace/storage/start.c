/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Connects to an engine, or starts one and waits until it listens. */
#include "storage/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "storage/process.h"

#define LOOK_NS 10000000L /* between two looks whether it listens */

char *raceway_storage_program(char *buf, size_t size)
{
	return raceway_process_beside(RACEWAY_ENGINE_PROGRAM, buf, size);
}

static int fail(struct raceway_storage *s, int r, struct raceway_error *err)
{
	bool theirs = strcmp(s->program, RACEWAY_STORAGE_NOBODY) == 0;

	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
				 "the storage engine does not answer at %s: %s%s", s->socket,
				 strerror(-r),
				 theirs ? "; it is not racewayd that starts it (--vhba none)" : "");
}

/* Until it listens, or the time is over. */
static int wait_for(struct raceway_storage *s)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };
	unsigned int looks = s->wire.ms / (LOOK_NS / 1000000);
	int r = -ECONNREFUSED;

	for (unsigned int i = 0; i < looks && (r == -ECONNREFUSED || r == -ENOENT); i++) {
		nanosleep(&pause, NULL);
		r = raceway_wire_connect(&s->wire, s->socket);
	}
	return r;
}

int raceway_storage_connect(struct raceway_storage *s, bool start, struct raceway_error *err)
{
	const char *argv[] = { s->program,    "--run-dir",  s->run_dir,
			       "--state-dir", s->state_dir, NULL };
	int r = raceway_wire_connect(&s->wire, s->socket);

	if (r == 0)
		return 0;
	if (!start || strcmp(s->program, RACEWAY_STORAGE_NOBODY) == 0 ||
	    (r != -ECONNREFUSED && r != -ENOENT))
		return fail(s, r, err);
	if (mkdir(s->state_dir, 0700) && errno != EEXIST)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "make %s: %s",
					 s->state_dir, strerror(errno));
	r = raceway_process_start(argv);
	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "", "",
					 "the storage engine cannot be started: %s: %s", s->program,
					 strerror(-r));
	r = wait_for(s);
	return r < 0 ? fail(s, r, err) : 0;
}
