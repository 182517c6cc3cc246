/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates from counters. */
#include <criterion/criterion.h>

#include "api/samples.h"

#define S RACEWAY_NSEC_PER_SEC

static uint64_t rate(struct raceway_samples *samples, uint64_t at, uint64_t bytes)
{
	const uint64_t now[RACEWAY_DIRS] = { bytes, 0 };
	uint64_t bps[RACEWAY_DIRS];

	raceway_samples_take(samples, 5, at, now, bps);
	cr_expect_eq(bps[RACEWAY_RX], 0);
	return bps[RACEWAY_TX];
}

Test(samples, rate_is_of_the_last_half_second_or_more)
{
	struct raceway_samples *s = raceway_samples_new();

	cr_expect_eq(rate(s, 10 * S, 1000), 0, "the first knows nothing");
	cr_expect_eq(rate(s, 11 * S, 126000), 1000000);
	/* Somebody else asks shortly after: still over a second. */
	cr_expect_eq(rate(s, 11 * S + S / 4, 126000 + 31250), 1000000);
	cr_expect_eq(rate(s, 12 * S, 126000 + 250000), 2000000);
	cr_expect_eq(rate(s, 13 * S, 5), 0, "a new vNIC of that number starts anew");
	raceway_samples_free(s);
}
