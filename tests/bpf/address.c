// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The address table, raceway/fdb.h: keys that share a bucket, and what the data path finds. */
#include <criterion/criterion.h>
#include <errno.h>

#include "bed.h"

#define CROWD 12 /* more than a bucket holds */

static struct bed bed;

static void setup(void)
{
	bed_open(&bed);
}

TestSuite(address, .init = setup);

/* Addresses in segment 10 whose first bucket is that of vNIC B's. */
static void find_crowd(struct raceway_fdb_key crowd[CROWD])
{
	uint64_t mac = 0;
	uint32_t bucket;
	int found = 0;

	memcpy(&mac, mac_of(B), 6);
	bucket = raceway_fdb_first(raceway_fdb_mix(10, mac));
	for (uint32_t n = 0; found < CROWD; n++) {
		uint8_t bytes[6] = { 2, 7, n >> 24, n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff };

		mac = 0;
		memcpy(&mac, bytes, 6);
		if (raceway_fdb_first(raceway_fdb_mix(10, mac)) != bucket)
			continue;
		crowd[found].segment = 10;
		memcpy(crowd[found++].mac, bytes, 6);
	}
}

Test(address, one_bucket_for_many)
{
	struct raceway_fdb_key crowd[CROWD], b = { .segment = 10 };
	uint32_t number;

	memcpy(b.mac, mac_of(B), 6);
	find_crowd(crowd);
	/* B comes last into a bucket that is full, and is found in its second. */
	raceway_fdb_delete(bed.dp, &b);
	for (uint32_t i = 0; i < CROWD; i++)
		cr_assert(!raceway_fdb_set(bed.dp, &crowd[i], 1000 + i), "key %u", i);
	cr_assert(!raceway_fdb_set(bed.dp, &b, B));
	passes(&bed, "in its second bucket", F2, usual(A, B, TAGS(C_TAG(10, 0))), F1,
	       usual(A, B, NO_TAG), B, A);
	for (uint32_t i = 0; i < CROWD; i++) {
		cr_assert(!raceway_fdb_get(bed.dp, &crowd[i], &number), "key %u", i);
		cr_expect_eq(number, 1000 + i, "key %u leads to %u", i, number);
		/* A move is a store in the entry that is there. */
		cr_assert(!raceway_fdb_set(bed.dp, &crowd[i], 2000 + i));
	}
	for (uint32_t i = 0; i < CROWD; i++) {
		cr_assert(!raceway_fdb_get(bed.dp, &crowd[i], &number), "key %u moved", i);
		cr_expect_eq(number, 2000 + i, "key %u leads to %u", i, number);
		raceway_fdb_delete(bed.dp, &crowd[i]);
		cr_expect(raceway_fdb_get(bed.dp, &crowd[i], &number), "key %u deleted", i);
	}
	cr_expect(!raceway_fdb_get(bed.dp, &b, &number) && number == B, "B is untouched");
}

/* Neither bucket has room: refused, and the others are what they were. */
Test(address, no_room)
{
	uint64_t mix = raceway_fdb_mix(10, 0x070707070702ULL), word;
	struct raceway_fdb_key key = { 10, { 2, 7, 7, 7, 7, 7 } };
	struct raceway_fdb_bucket full;
	uint32_t number;

	for (int i = 0; i < RACEWAY_FDB_WAYS; i++)
		full.entry[i] = ~0ULL - i;
	bed.dp->fdb[raceway_fdb_first(mix)] = bed.dp->fdb[raceway_fdb_second(mix)] = full;
	cr_expect_eq(raceway_fdb_set(bed.dp, &key, A), -ENOSPC);
	cr_expect_eq(raceway_fdb_get(bed.dp, &key, &number), -ENOENT);
	cr_expect(!memcmp(&bed.dp->fdb[raceway_fdb_first(mix)], &full, sizeof(full)));
	/* One place is enough. */
	word = bed.dp->fdb[raceway_fdb_second(mix)].entry[7] = 0;
	cr_expect(!raceway_fdb_set(bed.dp, &key, A));
	cr_expect_neq(bed.dp->fdb[raceway_fdb_second(mix)].entry[7], word);
}

/* One to one: no two keys of a large set have the same place and entry. */
static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

Test(address, one_to_one)
{
	static uint64_t mixes[4 << 16];
	static uint32_t load[RACEWAY_FDB_BUCKETS];
	uint32_t count = sizeof(mixes) / sizeof(mixes[0]), most = 0;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t mac = 0x02 | (uint64_t)(i & 0xff) << 40 | (uint64_t)(i >> 8 & 0xff) << 32;

		mixes[i] = raceway_fdb_mix((uint16_t)(1 + (i >> 16)), mac);
		cr_assert_lt(mixes[i], 1ULL << 60);
		load[raceway_fdb_first(mixes[i])]++;
	}
	qsort(mixes, count, sizeof(mixes[0]), by_value);
	for (uint32_t i = 1; i < count; i++)
		cr_assert_neq(mixes[i - 1], mixes[i]);
	for (uint32_t i = 0; i < RACEWAY_FDB_BUCKETS; i++)
		most = load[i] > most ? load[i] : most;
	cr_expect_leq(most, 32, "numbered addresses crowd: %u in a bucket, 8 on average", most);
}
