/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All drop counters, read once per answer instead of once per vNIC. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "api/show.h"

static int add(const struct raceway_drop_key *key, uint64_t packets, void *context)
{
	struct raceway_drops *drops = context;

	if (drops->used == drops->room) {
		size_t room = drops->room ? 2 * drops->room : 64;
		void *bigger = reallocarray(drops->count, room, sizeof(*drops->count));

		if (!bigger)
			return -ENOMEM;
		drops->count = bigger;
		drops->room = room;
	}
	drops->count[drops->used].key = *key;
	drops->count[drops->used++].packets = packets;
	return 0;
}

int raceway_drops_read(struct raceway_core *core, struct raceway_drops *drops)
{
	*drops = (struct raceway_drops){ 0 };
	return raceway_dp_drops(core->kernel.dp, add, drops);
}

void raceway_drops_free(struct raceway_drops *drops)
{
	free(drops->count);
	*drops = (struct raceway_drops){ 0 };
}

static uint64_t before(const struct raceway_drops *former, const struct raceway_drop_key *key)
{
	for (size_t i = 0; i < former->used; i++)
		if (!memcmp(&former->count[i].key, key, sizeof(*key)))
			return former->count[i].packets;
	return 0;
}

static void tell(struct raceway_core *core, const struct raceway_drop_key *key, uint64_t packets)
{
	static const char *const dirs[RACEWAY_DIRS] = { [RACEWAY_TX] = "tx", [RACEWAY_RX] = "rx" };
	const char *reason = raceway_drop_name(key->reason), *owner = NULL;
	bool vnic = key->owner == RACEWAY_OWNER_VNIC;

	if (vnic) {
		for (size_t i = 0; i < core->kernel.want.vnic_count; i++)
			if (core->kernel.want.vnics[i].dp.number == key->id)
				owner = core->kernel.want.vnics[i].dp.name;
	} else {
		const struct raceway_link *link =
			raceway_links_by_index(&core->kernel.links, key->id);

		owner = link ? link->name : NULL;
	}
	if (owner && reason && key->dir < RACEWAY_DIRS)
		raceway_core_event(core, "drop",
				   json_pack("{s:s, s:s, s:s, s:I}", vnic ? "vnic" : "dev", owner,
					     "dir", dirs[key->dir], "reason", reason, "packets",
					     (json_int_t)packets));
}

void raceway_drops_tell(struct raceway_core *core, struct raceway_drops *former, bool silent)
{
	struct raceway_drops now;

	if (raceway_drops_read(core, &now)) {
		raceway_drops_free(&now);
		return;
	}
	for (size_t i = 0; i < now.used && !silent; i++) {
		uint64_t was = before(former, &now.count[i].key);

		if (now.count[i].packets > was)
			tell(core, &now.count[i].key, now.count[i].packets - was);
	}
	raceway_drops_free(former);
	*former = now;
}
