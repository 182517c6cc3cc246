/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reservations: who gets what, and who learns of it. */
#include "reserving.h"

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

static void protected(const struct bed_task *task)
{
	bed_expect_sense(task, RACEWAY_KEY_DATA_PROTECT, RACEWAY_ASC_WRITE_PROTECTED);
}

/* Who may only read registers, so that it can read where only the registered may, and takes nothing
 * from others. */
Test(reserve, a_map_that_is_read_only)
{
	static const unsigned int taking[] = { 1, 3, 4, 5, 7 };
	struct raceway_lun ro = { 0, true, NULL };

	begin();
	ro.lu = lu;
	cr_assert_eq(raceway_nexus_map(b, &ro, 1), 0);
	out_good(a, 0, 0, 0, 0xa);
	out_good(a, 1, 6, 0xa, 0);
	bed_run(&u, b, READ_1, 512, 0);
	bed_expect(&u, RACEWAY_SCSI_RESERVATION_CONFLICT);
	out_good(b, 0, 0, 0, 0xb);
	bed_good(&u, b, READ_1, 512, 0);
	for (size_t i = 0; i < sizeof(taking) / sizeof(taking[0]); i++) {
		out(b, taking[i], 3, 0xb, 0xa, 0);
		protected(&t);
	}
	out_good(b, 2, 6, 0xb, 0);
	may(a, "rw");
	bed_run(&u, c, READ_1, 512, 0);
	bed_expect(&u, RACEWAY_SCSI_RESERVATION_CONFLICT);
	/* What all hold is not its own to release; to leave is. */
	out_good(a, 2, 6, 0xa, 0);
	out_good(a, 1, 8, 0xa, 0);
	told(b, 0x2a04);
	out(b, 2, 8, 0xb, 0, 0);
	protected(&t);
	out_good(b, 6, 0, 0, 0);
	may(c, "--");
	out_good(a, 6, 0, 0, 0);
	may(c, "rw");
	/* Others are not registered by it. */
	memset(t.out, 0, 64);
	raceway_put64(t.out + 8, 5);
	t.out[20] = 0x08;
	bed_run(&t, b, "5f 00 00 00 00 00 00 00 1c 00", 0, 28);
	protected(&t);
}

Test(reserve, the_old_kind_by_a_map_that_is_read_only)
{
	struct raceway_lun ro = { 0, true, NULL };

	begin();
	ro.lu = lu;
	cr_assert_eq(raceway_nexus_map(b, &ro, 1), 0);
	bed_run(&t, b, "16 00 00 00 00 00", 0, 0);
	protected(&t);
	bed_run(&t, b, "56 00 00 00 00 00 00 00 00 00", 0, 0);
	protected(&t);
	may(a, "rw");
	bed_good(&t, b, "17 00 00 00 00 00", 0, 0);
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
