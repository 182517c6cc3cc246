/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who reserves what, in one line each, for the tests of reservations. Included once by each. */
#ifndef RACEWAY_TESTS_SCSI_RESERVING_H
#define RACEWAY_TESTS_SCSI_RESERVING_H

#include "bed.h"

#include <stdio.h>
#include <string.h>

static struct bed_task t, u;

#define WRITE_1 "2a 00 00 00 00 00 00 00 01 00"
#define READ_1 "28 00 00 00 00 00 00 00 01 00"
#define READY "00 00 00 00 00 00"

/* PERSISTENT RESERVE OUT with the common list. */
static inline void out(struct raceway_nexus *nexus, unsigned int action, unsigned int type,
		       uint64_t key, uint64_t new_key, uint8_t flags)
{
	char cdb[64];

	memset(t.out, 0, 24);
	raceway_put64(t.out, key);
	raceway_put64(t.out + 8, new_key);
	t.out[20] = flags;
	snprintf(cdb, sizeof(cdb), "5f %02x %02x 00 00 00 00 00 18 00", action, type);
	bed_run(&t, nexus, cdb, 0, 24);
}

static inline void out_good(struct raceway_nexus *nexus, unsigned int action, unsigned int type,
			    uint64_t key, uint64_t new_key)
{
	out(nexus, action, type, key, new_key, 0);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
}

static inline void out_conflict(struct raceway_nexus *nexus, unsigned int action, unsigned int type,
				uint64_t key, uint64_t new_key)
{
	out(nexus, action, type, key, new_key, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
}

/* Statuses of a read and a write: 'r', 'w' where they succeed, '-' where they conflict. */
static inline void may(struct raceway_nexus *nexus, const char *expected)
{
	char got[3] = "--";

	bed_run(&u, nexus, READ_1, 512, 0);
	if (u.task.status == RACEWAY_SCSI_GOOD)
		got[0] = 'r';
	else
		bed_expect(&u, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_run(&u, nexus, WRITE_1, 0, 512);
	if (u.task.status == RACEWAY_SCSI_GOOD)
		got[1] = 'w';
	else
		bed_expect(&u, RACEWAY_SCSI_RESERVATION_CONFLICT);
	cr_assert_str_eq(got, expected);
}

static inline void told(struct raceway_nexus *nexus, unsigned int asc)
{
	bed_run(&u, nexus, READY, 0, 0);
	if (asc)
		bed_expect_sense(&u, RACEWAY_KEY_UNIT_ATTENTION, asc);
	else
		bed_expect(&u, RACEWAY_SCSI_GOOD);
}

/* Reads keys, generation first, into `keys`; how many there are. */
static inline size_t keys_of(struct raceway_nexus *nexus, uint32_t *generation, uint64_t *keys)
{
	size_t count;

	bed_good(&u, nexus, "5e 00 00 00 00 00 00 ff ff 00", 65535, 0);
	*generation = raceway_get32(u.task.in);
	count = raceway_get32(u.task.in + 4) / 8;
	cr_assert_eq(u.task.in_bytes, 8 + 8 * count);
	for (size_t i = 0; i < count && i < 8; i++)
		keys[i] = raceway_get64(u.task.in + 8 + 8 * i);
	return count;
}

static struct raceway_lu *lu;
static struct raceway_nexus *a, *b, *c;

static inline void begin(void)
{
	lu = bed_lu(bed_disk());
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	c = bed_nexus("c", lu);
}

#endif
