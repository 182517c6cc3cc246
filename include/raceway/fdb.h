/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The address table: (segment, MAC) -> vNIC number, as an array of cache lines that the data
 * path searches without a call and userspace writes in place.
 *
 * A key of 60 bits is mixed one to one; the upper 15 bits of the result name its first bucket,
 * the other 45 are its tag and choose the second bucket. An entry is one word, written in one
 * store: tag, which of the two buckets this is, number. Place and entry together are the whole key,
 * so two keys never look alike. */
#ifndef RACEWAY_FDB_H
#define RACEWAY_FDB_H

#include <linux/types.h>

#define RACEWAY_FDB_BUCKET_BITS 15
/* Half full when 65,536 old and as many new entries are in. */
#define RACEWAY_FDB_BUCKETS (1U << RACEWAY_FDB_BUCKET_BITS)
#define RACEWAY_FDB_WAYS 8
#define RACEWAY_FDB_SPILL 6	 /* entries from which the second bucket is preferred */
#define RACEWAY_FDB_VNIC_BITS 17 /* of an entry: the number */
#define RACEWAY_FDB_VNIC_MASK ((1ULL << RACEWAY_FDB_VNIC_BITS) - 1)
#define RACEWAY_FDB_SECOND (1ULL << RACEWAY_FDB_VNIC_BITS) /* this is its second bucket */
#define RACEWAY_FDB_USED (1ULL << 18) /* so that no entry looks like a free one */
#define RACEWAY_FDB_TAG_BITS 45
#define RACEWAY_FDB_KEY_MASK ((1ULL << 60) - 1)

struct raceway_fdb_bucket {
	__u64 entry[RACEWAY_FDB_WAYS]; /* 0: free */
};

/* One to one on 60 bits: odd factors (those of splitmix64) and a shift to the right.
 * `mac`: as on the wire, in the lower 48 bits in any fixed order. */
static inline __attribute__((always_inline)) __u64 raceway_fdb_mix(__u16 segment, __u64 mac)
{
	__u64 key = (mac << 12 | (segment & 0xfff)) * 0xbf58476d1ce4e5b9ULL & RACEWAY_FDB_KEY_MASK;

	key ^= key >> 31;
	return key * 0x94d049bb133111ebULL & RACEWAY_FDB_KEY_MASK;
}

static inline __attribute__((always_inline)) __u32 raceway_fdb_first(__u64 mix)
{
	return (mix >> RACEWAY_FDB_TAG_BITS) & (RACEWAY_FDB_BUCKETS - 1);
}

static inline __attribute__((always_inline)) __u32 raceway_fdb_second(__u64 mix)
{
	return (mix >> RACEWAY_FDB_TAG_BITS ^ mix >> 20) & (RACEWAY_FDB_BUCKETS - 1);
}

/* The entry without its number, for the first bucket. */
static inline __attribute__((always_inline)) __u64 raceway_fdb_tag(__u64 mix)
{
	return mix << (64 - RACEWAY_FDB_TAG_BITS) | RACEWAY_FDB_USED;
}

/* The number that a bucket has for a tag, 0 if there is none. */
static inline __attribute__((always_inline)) __u32
raceway_fdb_search(const struct raceway_fdb_bucket *bucket, __u64 tag)
{
	for (int i = 0; i < RACEWAY_FDB_WAYS; i++) {
		__u64 entry = *(const volatile __u64 *)&bucket->entry[i];

		if (!((entry ^ tag) >> RACEWAY_FDB_VNIC_BITS))
			return entry & RACEWAY_FDB_VNIC_MASK;
	}
	return 0;
}

#endif
