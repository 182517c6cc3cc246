// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Writes the address table (raceway/fdb.h) while frames are looked up in it: one word each. */
#include <errno.h>
#include <string.h>

#include "loader/dp.h"

static uint64_t mix_of(const struct raceway_fdb_key *key)
{
	uint64_t mac = 0;

	memcpy(&mac, key->mac, sizeof(key->mac));
	return raceway_fdb_mix(key->segment, mac);
}

static uint64_t *find_in(struct raceway_fdb_bucket *bucket, uint64_t tag)
{
	for (int i = 0; i < RACEWAY_FDB_WAYS; i++)
		if (bucket->entry[i] && !((bucket->entry[i] ^ tag) >> RACEWAY_FDB_VNIC_BITS))
			return (uint64_t *)&bucket->entry[i];
	return NULL;
}

static uint64_t *find(struct raceway_dp *dp, uint64_t mix)
{
	uint64_t tag = raceway_fdb_tag(mix);
	uint64_t *entry = find_in(&dp->fdb[raceway_fdb_first(mix)], tag);

	return entry ?: find_in(&dp->fdb[raceway_fdb_second(mix)], tag | RACEWAY_FDB_SECOND);
}

static uint64_t *find_free(struct raceway_fdb_bucket *bucket, int ways)
{
	for (int i = 0; i < ways; i++)
		if (!bucket->entry[i])
			return (uint64_t *)&bucket->entry[i];
	return NULL;
}

int raceway_fdb_get(struct raceway_dp *dp, const struct raceway_fdb_key *key, uint32_t *ret_vnic)
{
	const uint64_t *entry = find(dp, mix_of(key));

	if (!entry)
		return -ENOENT;
	*ret_vnic = (uint32_t)(*entry & RACEWAY_FDB_VNIC_MASK);
	return 0;
}

int raceway_fdb_set(struct raceway_dp *dp, const struct raceway_fdb_key *key, uint32_t vnic)
{
	uint64_t mix = mix_of(key), tag = raceway_fdb_tag(mix), *entry = find(dp, mix);
	struct raceway_fdb_bucket *first = &dp->fdb[raceway_fdb_first(mix)];
	struct raceway_fdb_bucket *second = &dp->fdb[raceway_fdb_second(mix)];

	if (entry)
		tag = *entry & ~RACEWAY_FDB_VNIC_MASK;
	else
		entry = find_free(first, RACEWAY_FDB_SPILL);
	if (!entry) {
		entry = find_free(second, RACEWAY_FDB_WAYS);
		if (entry)
			tag |= RACEWAY_FDB_SECOND;
	}
	if (!entry)
		entry = find_free(first, RACEWAY_FDB_WAYS);
	if (!entry)
		return -ENOSPC;
	__atomic_store_n(entry, tag | vnic, __ATOMIC_RELEASE);
	return 0;
}

void raceway_fdb_delete(struct raceway_dp *dp, const struct raceway_fdb_key *key)
{
	uint64_t *entry = find(dp, mix_of(key));

	if (entry)
		__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
}

void raceway_fdb_sweep(struct raceway_dp *dp)
{
	for (uint32_t i = 0; i < RACEWAY_FDB_BUCKETS * RACEWAY_FDB_WAYS; i++) {
		uint64_t *entry =
			(uint64_t *)&dp->fdb[i / RACEWAY_FDB_WAYS].entry[i % RACEWAY_FDB_WAYS];
		uint32_t vnic = (uint32_t)(*entry & RACEWAY_FDB_VNIC_MASK);
		const struct raceway_vnic *v = &dp->vnics[vnic < dp->max_vnics ? vnic : 0];

		if (*entry && find(dp, mix_of(&v->slot[v->valid & 1].key)) != entry)
			__atomic_store_n(entry, 0, __ATOMIC_RELEASE);
	}
}
