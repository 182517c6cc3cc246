/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the tests of the device server stand on: a disk in memory that can be slow and can fail,
 * workers that run when they are told to, initiators, and commands in one line. */
#ifndef RACEWAY_TESTS_SCSI_BED_H
#define RACEWAY_TESTS_SCSI_BED_H

#include <criterion/criterion.h>

#include "scsi/bytes.h"
#include "scsi/codes.h"
#include "scsi/nexus.h"
#include "vhba/worker.h"

#define BED_BLOCK 512
#define BED_BLOCKS 4096 /* 2 MiB */

struct bed_disk {
	struct raceway_disk disk;
	uint8_t *data;
	bool slow;		 /* operations end only by bed_complete() */
	struct raceway_io *held; /* oldest first, by disk_private */
	int fail[5];		 /* by kind: what the next operations end with */
	uint64_t fail_offset;	 /* ... if they touch this place; UINT64_MAX: any */
	unsigned int count[5];	 /* operations begun */
	struct raceway_io last;
	uint64_t unmapped_from, unmapped_bytes;
	bool mapped[BED_BLOCKS];
};

/* A task with the answer in it, and room for what goes out. */
struct bed_task {
	struct raceway_task task;
	unsigned int done;
	uint8_t out[16384];
};

/* Freed by nobody: a test's process ends. */
struct bed_disk *bed_disk(void);
struct raceway_lu *bed_lu(struct bed_disk *disk);
/* One nexus of initiator `name` that sees `lu` as LUN 0 and has taken its first attention. */
struct raceway_nexus *bed_nexus(const char *name, struct raceway_lu *lu);
void bed_nexus_options(const char *name, struct raceway_nexus_options *ret_options);
/* Oldest operation ends; 0: there was none. */
bool bed_complete(struct bed_disk *disk);

/* Runs calls that were brought to the worker; how many there were. */
unsigned int bed_run_calls(struct raceway_worker *worker);
/* ... but not those that come meanwhile. */
unsigned int bed_run_calls_once(struct raceway_worker *worker);
/* Waits for the next one and runs it, where workers are threads. */
void bed_wait_call(struct raceway_worker *worker);
struct raceway_worker *bed_worker(unsigned int number);
/* Lets time pass, in ns: timers expire in their order. */
void bed_pass(uint64_t ns);

/* Fills in a task with a CDB in hexadecimal ("28 00 00 00 00 00 00 00 01 00"). `in`: how much is
 * expected; `out`: how much of bed_task.out goes out. What was there of an earlier answer is
 * released. */
void bed_prepare(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
		 uint32_t out);
/* ... and runs it. */
void bed_run(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
	     uint32_t out);
/* It ended with this status; CHECK CONDITION by key and code in fixed format. */
void bed_expect(const struct bed_task *t, enum raceway_scsi_status status);
void bed_expect_sense(const struct bed_task *t, enum raceway_sense_key key, unsigned int asc);
/* Runs and expects GOOD. */
void bed_good(struct bed_task *t, struct raceway_nexus *nexus, const char *cdb, uint32_t in,
	      uint32_t out);

#endif
