// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/meter.h when others are always faster: the compare-and-swap is ours here, and
 * loses as often as a test wants. */
#include <criterion/criterion.h>

static unsigned int losses, swaps;

static unsigned long long rigged_swap(unsigned long long *at, unsigned long long old,
				      unsigned long long new)
{
	unsigned long long seen = *at;

	swaps++;
	if (losses) {
		losses--;
		*at += 1; /* somebody else charged a tick */
		return seen + 1;
	}
	if (seen == old)
		*at = new;
	return seen;
}

#define __sync_val_compare_and_swap(at, old, new) rigged_swap(at, old, new)
#include <raceway/meter.h>

/* Takes the bucket with `lost` lost races. */
static int take(unsigned int lost, __u64 *tat)
{
	losses = lost;
	swaps = 0;
	return raceway_bucket_take(tat, 1000, 100, 5000);
}

Test(meter_cas, a_lost_race_is_tried_again)
{
	for (unsigned int lost = 0; lost < RACEWAY_CAS_TRIES; lost++) {
		__u64 tat = 1000;

		cr_expect_eq(take(lost, &tat), 1, "%u lost", lost);
		cr_expect_eq(swaps, lost + 1);
		cr_expect_eq(tat, 1100 + lost, "what others charged stays charged");
	}
}

/* Not taken means not passed: strict, and the loop ends. */
Test(meter_cas, the_tries_are_bounded)
{
	__u64 tat = 1000;

	cr_expect_eq(take(1000000, &tat), 0);
	cr_expect_eq(swaps, RACEWAY_CAS_TRIES);
	losses = 1000000;
	swaps = 0;
	raceway_bucket_force(&tat, 1000, 100, RACEWAY_DEPTH_MAX);
	cr_expect_eq(swaps, RACEWAY_CAS_TRIES);
}

/* What others have charged in between counts: no frame passes on a state that is gone. */
Test(meter_cas, judged_by_the_state_that_is)
{
	__u64 tat = 1000 + 5000 - 100 - 2;

	cr_expect_eq(take(3, &tat), 0);
	cr_expect_eq(swaps, 3);
	tat = 1000 + 5000 - 100 - 2;
	cr_expect_eq(take(2, &tat), 1);
	cr_expect_eq(tat, 1000 + 5000);
}
