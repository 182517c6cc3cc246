/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Random numbers that are the same in every run (splitmix64): a failure names its seed, and the
 * seed brings the failure back. */
#ifndef RACEWAY_TESTS_RANDOM_H
#define RACEWAY_TESTS_RANDOM_H

#include <stdint.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_next(struct dice *dice)
{
	uint64_t x = dice->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

/* low..high, both included */
static inline uint64_t dice_between(struct dice *dice, uint64_t low, uint64_t high)
{
	return low + dice_next(dice) % (high - low + 1);
}

#endif
