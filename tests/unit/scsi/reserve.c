/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reservations: who gets what, who learns of it, and what is left after a restart. */
#include "bed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bed_task t, u;

#define WRITE_1 "2a 00 00 00 00 00 00 00 01 00"
#define READ_1 "28 00 00 00 00 00 00 00 01 00"
#define READY "00 00 00 00 00 00"

/* PERSISTENT RESERVE OUT with the common list. */
static void out(struct raceway_nexus *nexus, unsigned int action, unsigned int type, uint64_t key,
		uint64_t new_key, uint8_t flags)
{
	char cdb[64];

	memset(t.out, 0, 24);
	raceway_put64(t.out, key);
	raceway_put64(t.out + 8, new_key);
	t.out[20] = flags;
	snprintf(cdb, sizeof(cdb), "5f %02x %02x 00 00 00 00 00 18 00", action, type);
	bed_run(&t, nexus, cdb, 0, 24);
}

static void out_good(struct raceway_nexus *nexus, unsigned int action, unsigned int type,
		     uint64_t key, uint64_t new_key)
{
	out(nexus, action, type, key, new_key, 0);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
}

static void out_conflict(struct raceway_nexus *nexus, unsigned int action, unsigned int type,
			 uint64_t key, uint64_t new_key)
{
	out(nexus, action, type, key, new_key, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
}

/* Statuses of a read and a write: 'r', 'w' where they succeed, '-' where they conflict. */
static void may(struct raceway_nexus *nexus, const char *expected)
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

static void told(struct raceway_nexus *nexus, unsigned int asc)
{
	bed_run(&u, nexus, READY, 0, 0);
	if (asc)
		bed_expect_sense(&u, RACEWAY_KEY_UNIT_ATTENTION, asc);
	else
		bed_expect(&u, RACEWAY_SCSI_GOOD);
}

/* Reads keys, generation first, into `keys`; how many there are. */
static size_t keys_of(struct raceway_nexus *nexus, uint32_t *generation, uint64_t *keys)
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

static void begin(void)
{
	lu = bed_lu(bed_disk());
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	c = bed_nexus("c", lu);
}

Test(reserve, registering)
{
	uint64_t keys[8];
	uint32_t generation;

	begin();
	out_conflict(a, 0, 0, 1, 2);
	out_good(a, 0, 0, 0, 0);
	cr_assert_eq(keys_of(a, &generation, keys), 0);
	cr_assert_eq(generation, 0);
	out_good(a, 0, 0, 0, 0xaa);
	out_conflict(a, 0, 0, 0, 0xab);
	out_good(a, 0, 0, 0xaa, 0xab);
	out_good(b, 6, 0, 0x99, 0xbb);
	out_good(b, 6, 0, 0, 0xbc);
	cr_assert_eq(keys_of(c, &generation, keys), 2);
	cr_assert(keys[0] == 0xab && keys[1] == 0xbc && generation == 4);
	out_conflict(a, 1, 1, 0xac, 0);
	out_good(a, 0, 0, 0xab, 0);
	cr_assert_eq(keys_of(c, &generation, keys), 1);
	cr_assert(keys[0] == 0xbc && generation == 5);
	out_conflict(a, 1, 1, 0xab, 0);
	out_conflict(a, 3, 0, 0, 0);
	may(a, "rw");
}

/* SPC-4 table 58: holder, registered, and neither, for all types. */
Test(reserve, what_each_type_takes)
{
	static const struct {
		unsigned int type;
		const char *holder, *registered, *neither;
	} cases[] = {
		{ 1, "rw", "r-", "r-" }, { 3, "rw", "--", "--" }, { 5, "rw", "rw", "r-" },
		{ 6, "rw", "rw", "--" }, { 7, "rw", "rw", "r-" }, { 8, "rw", "rw", "--" },
	};

	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	for (size_t i = 0; i < 6; i++) {
		out_good(a, 1, cases[i].type, 0xa, 0);
		may(a, cases[i].holder);
		may(b, cases[i].registered);
		may(c, cases[i].neither);
		told(c, 0);
		/* Who comes later meets it too. */
		may(bed_nexus("d", lu), cases[i].neither);
		/* READ RESERVATION: the key of who holds it, or zero where all do. */
		bed_good(&u, c, "5e 01 00 00 00 00 00 00 ff 00", 255, 0);
		cr_assert_eq(u.task.in_bytes, 24);
		cr_assert_eq(raceway_get64(u.task.in + 8), cases[i].type > 6 ? 0 : 0xa);
		cr_assert_eq(u.task.in[21], cases[i].type);
		out_good(a, 1, cases[i].type, 0xa, 0);
		out_conflict(a, 1, cases[i].type == 1 ? 3 : 1, 0xa, 0);
		if (cases[i].type < 7)
			out_conflict(b, 1, cases[i].type, 0xb, 0);
		else
			out_good(b, 1, cases[i].type, 0xb, 0);
		out(a, 2, cases[i].type == 1 ? 3 : 1, 0xa, 0, 0);
		bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_RELEASE_INVALID);
		out_good(a, 2, cases[i].type, 0xa, 0);
		told(b, cases[i].type > 3 ? 0x2a04 : 0);
		told(c, 0);
		may(c, "rw");
	}
	bed_good(&u, c, "5e 01 00 00 00 00 00 00 ff 00", 255, 0);
	cr_assert_eq(u.task.in_bytes, 8);
}

Test(reserve, other_commands_by_their_kind)
{
	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(a, 1, 1, 0xa, 0);
	bed_good(&t, b, READY, 0, 0);
	bed_good(&t, b, "1a 00 3f 00 ff 00", 255, 0);
	bed_good(&t, b, "25 00 00 00 00 00 00 00 00 00", 8, 0);
	bed_run(&t, b, "35 00 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_run(&t, b, "15 10 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_run(&t, b, "42 00 00 00 00 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_good(&t, b, "1b 00 00 00 01 00", 0, 0);
	bed_run(&t, b, "1b 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_good(&t, b, "1e 00 00 00 00 00", 0, 0);
	bed_run(&t, b, "1e 00 00 00 01 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	out_good(a, 2, 1, 0xa, 0);
	out_good(a, 1, 3, 0xa, 0);
	bed_run(&t, b, "1a 00 3f 00 ff 00", 255, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_good(&t, b, "25 00 00 00 00 00 00 00 00 00", 8, 0);
}

Test(reserve, leaving)
{
	begin();
	/* A holder that unregisters gives up what is its own. */
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	out_good(a, 1, 5, 0xa, 0);
	out_good(a, 0, 0, 0xa, 0);
	told(b, 0x2a04);
	may(c, "rw");
	/* What all hold lasts as long as one. */
	out_good(a, 0, 0, 0, 0xa);
	out_good(a, 1, 8, 0xa, 0);
	out_good(a, 0, 0, 0xa, 0);
	told(b, 0);
	may(b, "rw");
	may(a, "--");
	out_good(b, 6, 0, 0, 0);
	may(a, "rw");
	/* RELEASE of who does not hold does nothing. */
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	out_good(a, 1, 1, 0xa, 0);
	out_good(b, 2, 1, 0xb, 0);
	may(c, "r-");
	/* CLEAR takes everything, and tells. */
	out_good(b, 3, 0, 0xb, 0);
	told(a, 0x2a03);
	told(b, 0);
	told(c, 0);
	may(c, "rw");
	out_conflict(a, 1, 1, 0xa, 0);
}

Test(reserve, a_session_ends_and_the_registration_stays)
{
	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(a, 1, 3, 0xa, 0);
	raceway_nexus_free(a);
	may(b, "--");
	a = bed_nexus("a", lu);
	may(a, "rw");
	/* Names count, their padding and case do not. */
	a = bed_nexus("A", lu);
	may(a, "rw");
}

Test(reserve, preempting)
{
	uint64_t keys[8];
	uint32_t generation;

	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	out_good(c, 0, 0, 0, 0xc);
	out_good(a, 1, 1, 0xa, 0);
	/* Not the holder: only the registration goes. */
	out_good(b, 4, 1, 0xb, 0xc);
	told(c, 0x2a05);
	told(a, 0);
	may(a, "rw");
	may(b, "r-");
	out_conflict(b, 4, 1, 0xb, 0xc);
	out(b, 4, 1, 0xb, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	out(b, 4, 2, 0xb, 0xa, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	/* The holder: the reservation is the preemptor's, with its type. */
	out_good(b, 4, 3, 0xb, 0xa);
	told(a, 0x2a05);
	may(a, "--");
	may(b, "rw");
	cr_assert_eq(keys_of(b, &generation, keys), 1);
	cr_assert_eq(keys[0], 0xb);
	/* Oneself: only the type changes. */
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 4, 5, 0xb, 0xb);
	may(a, "rw");
	told(a, 0);
	/* From a type that let all registered in to another: they are told. */
	out_good(b, 4, 1, 0xb, 0xb);
	told(a, 0x2a04);
	may(a, "r-");
	/* No reservation at all. */
	out_good(b, 2, 1, 0xb, 0);
	out_good(a, 4, 1, 0xa, 0xb);
	told(b, 0x2a05);
	may(b, "rw");
}

Test(reserve, preempting_what_all_hold)
{
	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	out_good(c, 0, 0, 0, 0xc);
	out_good(a, 1, 7, 0xa, 0);
	out_good(b, 4, 7, 0xb, 0xc);
	told(c, 0x2a05);
	may(c, "r-");
	may(a, "rw");
	out_good(b, 4, 3, 0xb, 0);
	told(a, 0x2a05);
	may(a, "--");
	may(b, "rw");
}

/* What was under way is over before PREEMPT is answered, and what waited does not go on. */
Test(reserve, preemption_is_a_fence)
{
	struct bed_disk *disk = bed_disk();
	struct bed_task late = { 0 };

	lu = bed_lu(disk);
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	out_good(a, 0, 0, 0, 0xa);
	out_good(b, 0, 0, 0, 0xb);
	out_good(a, 1, 1, 0xa, 0);
	disk->slow = true;
	bed_run(&u, a, WRITE_1, 0, 512);
	out(b, 5, 1, 0xb, 0xa, 0);
	cr_assert_eq(t.done, 0, "a write is under way");
	bed_run(&late, a, WRITE_1, 0, 512);
	bed_complete(disk);
	bed_expect(&u, RACEWAY_SCSI_GOOD);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert(late.done == 1 && late.task.aborted);
	cr_assert_not(bed_complete(disk), "the late write has not begun");
	told(a, 0x2f00);
	told(a, 0x2a05);
	bed_run(&u, a, WRITE_1, 0, 512);
	bed_expect(&u, RACEWAY_SCSI_RESERVATION_CONFLICT);
}

static void put_id(uint8_t *to, const char *name)
{
	memset(to, 0, 28);
	to[0] = 0x45;
	to[3] = 24;
	snprintf((char *)to + 4, 24, "%s,i,0x000000000000", name);
}

Test(reserve, moving)
{
	begin();
	out_good(a, 0, 0, 0, 0xa);
	out_good(a, 1, 3, 0xa, 0);
	memset(t.out, 0, 64);
	raceway_put64(t.out, 0xa);
	raceway_put64(t.out + 8, 0xb);
	t.out[19] = 1;
	t.out[23] = 28;
	put_id(t.out + 24, "b");
	bed_run(&t, a, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	may(a, "--");
	may(b, "rw");
	/* Back, and b is out of the list. */
	raceway_put64(t.out, 0xb);
	raceway_put64(t.out + 8, 0xa);
	t.out[17] = 2;
	put_id(t.out + 24, "a");
	bed_run(&t, b, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	may(a, "rw");
	may(b, "--");
	out_conflict(b, 1, 3, 0xb, 0);
	/* To oneself, with no key, to nobody. */
	raceway_put64(t.out, 0xa);
	raceway_put64(t.out + 8, 0xa);
	t.out[17] = 0;
	t.out[19] = 1;
	t.out[23] = 28;
	put_id(t.out + 24, "a");
	bed_run(&t, a, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	put_id(t.out + 24, "b");
	raceway_put64(t.out + 8, 0);
	bed_run(&t, a, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	raceway_put64(t.out + 8, 0xb);
	t.out[23] = 29;
	bed_run(&t, a, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	t.out[23] = 28;
	t.out[24] = 0x05;
	bed_run(&t, a, "5f 07 00 00 00 00 00 00 34 00", 0, 52);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
}

Test(reserve, registering_for_others_and_for_all_ports)
{
	struct raceway_nexus_options options;
	struct raceway_lun lun = { 0, false, NULL };
	struct raceway_nexus *second = NULL;

	begin();
	memset(t.out, 0, 128);
	raceway_put64(t.out + 8, 0x5);
	t.out[20] = 0x08;
	raceway_put32(t.out + 24, 56);
	put_id(t.out + 28, "b");
	put_id(t.out + 56, "c");
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 54 00", 0, 84);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_good(&u, a, "5e 03 00 00 00 00 00 ff ff 00", 65535, 0);
	cr_assert_eq(raceway_get32(u.task.in + 4), 24 + 24 + 2 * (24 + 28));
	out_good(c, 1, 6, 0x5, 0);
	may(b, "rw");
	/* FULL STATUS of the holder */
	bed_good(&u, a, "5e 03 00 00 00 00 00 ff ff 00", 65535, 0);
	cr_assert_eq(u.task.in[8 + 48 + 52 + 12], 1);
	cr_assert_eq(u.task.in[8 + 48 + 52 + 13], 6);
	cr_assert_eq(u.task.in[8 + 48 + 12], 0);
	cr_assert_eq(raceway_get16(u.task.in + 8 + 18), 1);
	/* A name without a port, and a list that lies. */
	out_good(a, 0, 0, 5, 0);
	t.out[20] = 0x08;
	raceway_put64(t.out, 0);
	raceway_put64(t.out + 8, 6);
	put_id(t.out + 28, "d");
	t.out[28] = 5;
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 54 00", 0, 84);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	t.out[28] = 0x45;
	raceway_put32(t.out + 24, 57);
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 54 00", 0, 84);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	out_conflict(a, 1, 1, 6, 0);
	/* Another port of the target. */
	out(a, 0, 0, 0, 0xaa, 0x04);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	bed_nexus_options("a", &options);
	options.relative_port = 2;
	lun.lu = lu;
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &second), 0);
	told(second, 0x2900);
	may(second, "rw");
	bed_nexus_options("c", &options);
	options.relative_port = 2;
	cr_assert_eq(raceway_nexus_new(&options, &lun, 1, &second), 0);
	told(second, 0x2900);
	may(second, "--");
}

Test(reserve, lists_that_are_wrong)
{
	begin();
	memset(t.out, 0, 64);
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 17 00", 0, 23);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 18 00", 0, 23);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, a, "5f 00 00 00 00 00 00 00 19 00", 0, 25);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_PARAMETER_LIST_LENGTH);
	bed_run(&t, a, "5f 08 00 00 00 00 00 00 18 00", 0, 24);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	out(a, 0, 0, 0, 1, 1);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_LIST);
	out_good(a, 0, 0, 0, 1);
	out(a, 1, 0x13, 1, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	out(a, 1, 0x09, 1, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INVALID_FIELD_IN_CDB);
	bed_good(&u, a, "5e 02 00 00 00 00 00 00 ff 00", 255, 0);
	cr_assert(memcmp(u.task.in, "\x00\x08\x1c\x80\xea\x01\x00\x00", 8) == 0);
}

Test(reserve, there_is_an_end_of_registrations)
{
	begin();
	for (unsigned int i = 0; i < 1025; i++) {
		struct raceway_nexus *nexus;
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		nexus = bed_nexus(name, lu);
		out(nexus, 0, 0, 0, 1, 0);
		if (i < 1024)
			bed_expect(&t, RACEWAY_SCSI_GOOD);
		raceway_nexus_free(nexus);
	}
	bed_expect_sense(&t, RACEWAY_KEY_ILLEGAL_REQUEST, RACEWAY_ASC_INSUFFICIENT_REGISTRATION);
	bed_good(&u, a, "5e 03 00 00 00 00 00 ff ff 00", 65535, 0);
	cr_assert_geq(u.task.in_bytes, 8 + 1024 * 48);
	cr_assert_eq(raceway_get32(u.task.in + 4), u.task.in_bytes - 8);
}

/* Stable storage of the tests. */
static struct kept {
	uint8_t state[400000];
	size_t bytes;
	int error;
	unsigned int saves;
} kept;

static int save(void *context, const void *state, size_t bytes)
{
	struct kept *k = context;

	k->saves++;
	if (k->error)
		return k->error;
	memcpy(k->state, state, bytes);
	k->bytes = bytes;
	return 0;
}

static int load(void *context, void *state, size_t room, size_t *ret_bytes)
{
	struct kept *k = context;

	if (k->error)
		return k->error;
	cr_assert_leq(k->bytes, room);
	memcpy(state, k->state, k->bytes);
	*ret_bytes = k->bytes;
	return 0;
}

static const struct raceway_lu_keep keep = { save, load, &kept };

static int new_kept_lu(void)
{
	struct raceway_lu_options options = { .disk = &bed_disk()->disk, .keep = &keep };

	return raceway_lu_new(&options, &lu);
}

Test(reserve, kept_over_a_restart)
{
	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	out(a, 0, 0, 0, 0xa, 1);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	out(b, 0, 0, 0, 0xb, 1);
	out_good(b, 1, 3, 0xb, 0);
	cr_assert_eq(kept.saves, 3);
	bed_good(&u, a, "5e 02 00 00 00 00 00 00 ff 00", 255, 0);
	cr_assert(u.task.in[2] == 0x1d && u.task.in[3] == 0x81);
	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	may(a, "--");
	may(b, "rw");
	out_good(b, 2, 3, 0xb, 0);
	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	may(a, "rw");
	out_good(a, 1, 1, 0xa, 0);
	/* APTPL off again: nothing is left the next time. */
	out(a, 6, 0, 0, 0xa, 0);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	cr_assert_eq(new_kept_lu(), 0);
	b = bed_nexus("b", lu);
	may(b, "rw");
	out_conflict(b, 1, 1, 0xb, 0);
}

Test(reserve, what_is_not_saved_has_not_happened)
{
	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	kept.error = -ENOSPC;
	out(a, 0, 0, 0, 0xa, 1);
	bed_expect_sense(&t, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_SPACE_ALLOCATION_FAILED);
	out_conflict(a, 1, 1, 0xa, 0);
	kept.error = 0;
	out(a, 0, 0, 0, 0xa, 1);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	kept.error = -EIO;
	out(a, 1, 3, 0xa, 0, 0);
	bed_expect_sense(&t, RACEWAY_KEY_MEDIUM_ERROR, RACEWAY_ASC_WRITE_ERROR);
	may(bed_nexus("b", lu), "rw");
}

Test(reserve, a_state_that_cannot_be_read)
{
	size_t whole;

	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	out(a, 0, 0, 0, 0xa, 1);
	out_good(a, 1, 3, 0xa, 0);
	whole = kept.bytes;
	for (size_t i = 0; i < whole; i++) {
		kept.state[i] ^= 1;
		cr_assert_eq(new_kept_lu(), -EBADMSG, "byte %zu", i);
		kept.state[i] ^= 1;
		if (i) {
			kept.bytes = i;
			cr_assert_eq(new_kept_lu(), -EBADMSG, "%zu bytes", i);
			kept.bytes = whole;
		}
	}
	cr_assert_eq(new_kept_lu(), 0);
	kept.error = -EIO;
	cr_assert_eq(new_kept_lu(), -EIO);
}

/* RESERVE(6), which is older than all of this. */
Test(reserve, the_old_kind)
{
	begin();
	bed_good(&t, a, "16 00 00 00 00 00", 0, 0);
	bed_good(&t, a, "56 00 00 00 00 00 00 00 00 00", 0, 0);
	may(a, "rw");
	bed_run(&t, b, "16 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_run(&t, b, READY, 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	may(b, "--");
	bed_run(&t, b, "5e 00 00 00 00 00 00 00 ff 00", 255, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	bed_good(&t, b, "12 00 00 00 ff 00", 255, 0);
	bed_good(&t, b, "17 00 00 00 00 00", 0, 0);
	may(b, "--");
	bed_good(&t, a, "57 00 00 00 00 00 00 00 00 00", 0, 0);
	may(b, "rw");
	bed_good(&t, b, "16 00 00 00 00 00", 0, 0);
	may(a, "--");
	raceway_nexus_free(b);
	may(a, "rw");
	/* Beside registrations it is nothing. */
	out_good(a, 0, 0, 0, 0xa);
	bed_run(&t, a, "16 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	out_good(a, 1, 3, 0xa, 0);
	bed_good(&t, a, "16 00 00 00 00 00", 0, 0);
	bed_run(&t, c, "16 00 00 00 00 00", 0, 0);
	bed_expect(&t, RACEWAY_SCSI_RESERVATION_CONFLICT);
	out_good(a, 2, 3, 0xa, 0);
	may(c, "rw");
}
