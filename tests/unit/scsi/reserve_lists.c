/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parameter lists of PERSISTENT RESERVE OUT: moved, for others, and wrong. */
#include "reserving.h"

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
