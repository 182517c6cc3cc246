// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Where the tables in force have the vNICs, as the LAN sees them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/dp.h"

static struct raceway_place place_in_force(struct raceway_dp *dp, uint32_t number)
{
	const struct raceway_vnic *vnic = &dp->vnics[number];
	const struct raceway_vnic_policy *policy = &vnic->slot[vnic->valid & 1];
	const struct raceway_segment *segment = &dp->segments[policy->key.segment];
	struct raceway_place place = { 0 };

	if (!policy->ifindex || !(policy->flags & RACEWAY_VNIC_UP) ||
	    !(segment->flags & RACEWAY_SEGMENT_VALID) || !segment->uplink_ifindex)
		return place;
	place.ifindex = segment->uplink_ifindex;
	place.vid = segment->uplink_vid;
	memcpy(place.mac, policy->key.mac, sizeof(place.mac));
	return place;
}

int raceway_dp_places(struct raceway_dp *dp, struct raceway_places *ret_places)
{
	struct raceway_places places = { .count = 1 };

	for (uint32_t n = 1; n < dp->max_vnics; n++)
		if (place_in_force(dp, n).ifindex)
			places.count = n + 1;
	places.at = calloc(places.count, sizeof(*places.at));
	if (!places.at)
		return -ENOMEM;
	for (uint32_t n = 1; n < places.count; n++)
		places.at[n] = place_in_force(dp, n);
	*ret_places = places;
	return 0;
}
