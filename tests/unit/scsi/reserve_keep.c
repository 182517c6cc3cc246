/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is left of reservations after a restart, and the way to stable storage. */
#include "reserving.h"

#include <errno.h>

#include "kept.h"

static int new_kept_lu(void)
{
	return kept_lu(bed_disk(), &lu);
}

Test(reserve_keep, kept_over_a_restart)
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

Test(reserve_keep, what_is_not_saved_has_not_happened)
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

Test(reserve_keep, a_state_that_cannot_be_read)
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

/* Stable storage takes its time: the worker serves others meanwhile, and changes keep their order.
 */
Test(reserve_keep, nobody_waits_for_stable_storage_but_this_unit)
{
	static struct bed_task first, second, read;
	struct raceway_nexus *other = bed_nexus("o", bed_lu(bed_disk()));

	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	kept.slow = true;
	raceway_put64(first.out + 8, 0xa);
	first.out[20] = 1;
	bed_run(&first, a, "5f 00 00 00 00 00 00 00 18 00", 0, 24);
	raceway_put64(second.out, 0xa);
	bed_run(&second, a, "5f 01 03 00 00 00 00 00 18 00", 0, 24);
	bed_run(&read, b, READ_1, 512, 0);
	cr_assert(!first.done && !second.done && !read.done, "nothing is answered yet");
	cr_assert_eq(kept.saves, 1, "the second follows when the first is kept");
	bed_good(&u, other, READ_1, 512, 0);
	bed_good(&u, b, READY, 0, 0);
	end_held();
	bed_expect(&first, RACEWAY_SCSI_GOOD);
	cr_assert(!second.done && !read.done);
	end_held();
	bed_expect(&second, RACEWAY_SCSI_GOOD);
	bed_expect(&read, RACEWAY_SCSI_RESERVATION_CONFLICT);
	cr_assert_eq(new_kept_lu(), 0);
	may(bed_nexus("a", lu), "rw");
	may(bed_nexus("b", lu), "--");
}

/* Who asked has gone when it is kept: it is done all the same, and answered to nobody. */
Test(reserve_keep, a_session_that_ends_meanwhile)
{
	cr_assert_eq(new_kept_lu(), 0);
	a = bed_nexus("a", lu);
	b = bed_nexus("b", lu);
	out(a, 0, 0, 0, 0xa, 1);
	bed_expect(&t, RACEWAY_SCSI_GOOD);
	kept.slow = true;
	out(a, 1, 3, 0xa, 0, 0);
	raceway_nexus_free(a);
	cr_assert_eq(t.done, 0, "it is under way");
	end_held();
	cr_assert(t.done == 1 && t.task.aborted);
	may(b, "--");
}
