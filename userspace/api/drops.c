/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All drop counters, read once per answer instead of once per vNIC. */
#include <errno.h>
#include <stdlib.h>

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
