// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes the tables exactly what a configuration says while frames are judged by them.
 * Four phases: check; stage what can fail and nobody sees yet; switch over by single stores
 * that cannot fail; clear away what nobody uses any more. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/dp.h"
#include "loader/tables.h"

/* The policy in force. */
static struct raceway_vnic_policy *policy_valid(struct raceway_dp *dp, uint32_t vnic)
{
	struct raceway_vnic *v = &dp->vnics[vnic];

	return &v->slot[__atomic_load_n(&v->valid, __ATOMIC_ACQUIRE) & 1];
}

static bool vnic_present(struct raceway_dp *dp, uint32_t vnic)
{
	return policy_valid(dp, vnic)->key.segment;
}

/* Fills the slot that no frame uses and puts it in force in one store. */
static void policy_switch(struct raceway_dp *dp, uint32_t vnic,
			  const struct raceway_vnic_policy *policy)
{
	struct raceway_vnic *v = &dp->vnics[vnic];
	uint32_t spare = !(v->valid & 1);

	v->slot[spare] = *policy;
	__atomic_store_n(&v->valid, spare, __ATOMIC_RELEASE);
	dp->unsettled = true;
}

static void policy_make(const struct raceway_tables *t, const struct raceway_dp_vnic *vnic,
			struct raceway_vnic_policy *policy)
{
	*policy = (struct raceway_vnic_policy){
		.key.segment = vnic->segment,
		.ifindex = vnic->port ? t->port_ifindex[vnic->port] : vnic->ifindex,
		.port = vnic->port,
		.vid = vnic->port && t->port_native[vnic->port] != vnic->segment ? vnic->segment
										 : 0,
		.flags = (uint16_t)((vnic->up ? RACEWAY_VNIC_UP : 0) |
				    (vnic->spoofcheck ? RACEWAY_VNIC_SPOOFCHECK : 0) |
				    (vnic->trunk ? RACEWAY_VNIC_TRUNK : 0) |
				    (vnic->port ? 0 : RACEWAY_VNIC_LOCAL)),
		.mtu = vnic->mtu,
		.pcp = vnic->pcp,
		.weight = vnic->weight ?: 1,
	};
	memcpy(policy->key.mac, vnic->mac, sizeof(policy->key.mac));
	for (int d = 0; d < RACEWAY_DIRS; d++)
		policy->dir[d] = raceway_meter_make(&vnic->dir[d], vnic->mtu);
	if (!vnic->port)
		raceway_meter_may_wait(&policy->dir[RACEWAY_TX]);
}

/* Addresses before policies: until its policy agrees, an fdb entry is no entry. */
static int stage_fdb(struct raceway_dp *dp, struct raceway_tables *t)
{
	const struct raceway_dp_config *config = t->config;

	for (size_t i = 0; i < config->vnic_count; i++) {
		const struct raceway_dp_vnic *vnic = &config->vnics[i];
		struct raceway_fdb_key key = t->policy[i].key;
		uint32_t number;
		int ret;

		if (dp->verified &&
		    !memcmp(&policy_valid(dp, vnic->number)->key, &key, sizeof(key)))
			continue;
		/* An address that moves between two vNICs keeps its entry until the switch. */
		if (!raceway_fdb_get(dp, &key, &number)) {
			t->moved[i] = number != vnic->number;
			continue;
		}
		ret = raceway_fdb_set(dp, &key, vnic->number);
		if (ret)
			return ret;
		t->staged[t->staged_count++] = key;
	}
	return 0;
}

static void unstage_fdb(struct raceway_dp *dp, struct raceway_tables *t)
{
	while (t->staged_count)
		raceway_fdb_delete(dp, &t->staged[--t->staged_count]);
}

static int clear_new_drops(const struct raceway_drop_key *key, uint64_t packets, void *context)
{
	struct raceway_new_vnics *new = context;

	if (key->owner == RACEWAY_OWNER_VNIC && key->id < new->dp->max_vnics &&new->is[key->id])
		bpf_map_delete_elem(new->dp->map[RACEWAY_MAP_DROPS], key);
	return 0;
}

/* A number that is used anew starts with full buckets and counters at zero. */
static int reset_new(struct raceway_dp *dp, const struct raceway_dp_config *config)
{
	struct raceway_new_vnics new = { .dp = dp };
	struct raceway_stats *zero = calloc(dp->cpus, sizeof(*zero));
	bool any = false;

	new.is = calloc(dp->max_vnics, 1);
	if (!zero || !new.is) {
		free(zero);
		free(new.is);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->vnic_count; i++) {
		uint32_t number = config->vnics[i].number;

		if (vnic_present(dp, number))
			continue;
		new.is[number] = any = true;
		raceway_tables_begin_meters(&dp->vnics[number]);
		for (uint32_t d = 0; d < RACEWAY_DIRS; d++) {
			uint32_t index = number * RACEWAY_DIRS + d;

			bpf_map_update_elem(dp->map[RACEWAY_MAP_STATS], &index, zero, BPF_ANY);
		}
	}
	/* Deleting while walking may skip entries or start over: repeat is harmless. */
	if (any)
		raceway_dp_drops(dp, clear_new_drops, &new);
	free(zero);
	free(new.is);
	return 0;
}

static void switch_policies(struct raceway_dp *dp, struct raceway_tables *t)
{
	const struct raceway_dp_config *config = t->config;

	for (size_t i = 0; i < config->vnic_count; i++) {
		uint32_t number = config->vnics[i].number;
		struct raceway_vnic_policy *old = policy_valid(dp, number);
		const struct raceway_vnic_policy *new = &t->policy[i];

		if (!t->changed[i])
			continue;
		if (memcmp(old, new, sizeof(*new))) {
			if (memcmp(&old->key, &new->key, sizeof(old->key)) && old->key.segment)
				t->retired[t->retired_count++] = old->key;
			policy_switch(dp, number, new);
			if (old->key.segment)
				raceway_tables_rescale_meters(&dp->vnics[number], old, new);
		}
		/* Existing entries of a moved address now get their new owner. */
		if (t->moved[i])
			raceway_fdb_set(dp, &new->key, number); /* there is an entry */
	}
}

/* vNICs that are gone: out of reach by policy first, then their addresses. */
static void retire_vnics(struct raceway_dp *dp, struct raceway_tables *t)
{
	static const struct raceway_vnic_policy none;

	for (uint32_t number = 1; number < dp->max_vnics; number++) {
		struct raceway_vnic_policy *old;

		if (t->wanted[number] || !vnic_present(dp, number))
			continue;
		old = policy_valid(dp, number);
		t->retired[t->retired_count++] = old->key;
		policy_switch(dp, number, &none);
	}
}

/* An address in use by another vNIC now is not retired with its former one. */
static void clear_fdb(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (size_t i = 0; i < t->retired_count; i++) {
		uint32_t number;

		if (raceway_fdb_get(dp, &t->retired[i], &number))
			continue;
		if (memcmp(&policy_valid(dp, number)->key, &t->retired[i], sizeof(t->retired[i])))
			raceway_fdb_delete(dp, &t->retired[i]);
	}
}

static int prepare(struct raceway_dp *dp, const struct raceway_dp_config *config,
		   const struct raceway_dp_config *former, struct raceway_tables *t,
		   struct raceway_error *err)
{
	int ret;

	t->config = config;
	t->policy = calloc(config->vnic_count + 1, sizeof(*t->policy));
	t->staged = calloc(config->vnic_count + 1, sizeof(*t->staged));
	t->retired = calloc(dp->max_vnics + config->vnic_count, sizeof(*t->retired));
	t->wanted = calloc(dp->max_vnics, 1);
	t->moved = calloc(config->vnic_count + 1, 1);
	t->changed = calloc(config->vnic_count + 1, 1);
	if (!t->policy || !t->staged || !t->retired || !t->wanted || !t->moved || !t->changed)
		return -ENOMEM;
	raceway_tables_compare(dp, t, former);
	ret = raceway_tables_check(dp, t, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < config->vnic_count; i++)
		if (t->changed[i])
			policy_make(t, &config->vnics[i], &t->policy[i]);
	return 0;
}

static void discard(struct raceway_tables *t)
{
	free(t->policy);
	free(t->staged);
	free(t->retired);
	free(t->wanted);
	free(t->moved);
	free(t->changed);
}

static int stage_places(struct raceway_dp *dp, struct raceway_tables *t)
{
	int ret = stage_fdb(dp, t);

	if (!ret)
		ret = raceway_tables_stage_ports(dp, t);
	if (!ret)
		ret = raceway_tables_stage_members(dp, t);
	if (!ret)
		ret = reset_new(dp, t->config);
	if (ret) {
		raceway_tables_unstage_ports(dp, t);
		unstage_fdb(dp, t);
	}
	return ret;
}

int raceway_dp_change(struct raceway_dp *dp, const struct raceway_dp_config *config,
		      const struct raceway_dp_config *former, struct raceway_error *err)
{
	struct raceway_tables t = { 0 };
	int ret = prepare(dp, config, former, &t, err);

	if (!ret) {
		raceway_dp_settle(dp);
		ret = t.places ? stage_places(dp, &t) : 0;
		if (ret)
			raceway_error_set(err, RACEWAY_FAULT_REFUSED, "tables", "",
					  "cannot hold %zu vNICs: %s; start with a larger "
					  "--max-vnics",
					  config->vnic_count, strerror(-ret));
	}
	if (!ret) {
		raceway_tables_switch_ports(dp, &t);
		switch_policies(dp, &t);
	}
	if (!ret && t.places) {
		raceway_tables_switch_segments(dp, &t);
		retire_vnics(dp, &t);
		clear_fdb(dp, &t);
		raceway_tables_clear(dp, &t);
		raceway_tables_rebind_ports(dp, &t);
		dp->verified = true;
	}
	discard(&t);
	return ret;
}

int raceway_dp_fill(struct raceway_dp *dp, const struct raceway_dp_config *config,
		    struct raceway_error *err)
{
	return raceway_dp_change(dp, config, NULL, err);
}
