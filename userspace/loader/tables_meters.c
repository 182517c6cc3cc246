// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* State of the meters in the tables: how it begins, and what of it stays when a rate changes. */
#include "loader/tables.h"

#define PORT_DEPTH_NS 2000000ULL /* what a leaving port may send at once beyond its rate */
#define PORT_DEPTH_MIN_BYTES 131072ULL

void raceway_tables_begin_meters(struct raceway_vnic *vnic)
{
	uint64_t now = raceway_ticks_now();

	for (int d = 0; d < RACEWAY_DIRS; d++)
		raceway_meter_begin(&vnic->meter[d], now);
	vnic->group_tat = now;
}

void raceway_tables_rescale_meters(struct raceway_vnic *vnic, const struct raceway_vnic_policy *old,
				   const struct raceway_vnic_policy *new)
{
	for (int d = 0; d < RACEWAY_DIRS; d++) {
		struct raceway_meter *meter = &vnic->meter[d];

		raceway_bucket_rescale((uint64_t *)&meter->committed_tat, &old->dir[d].committed,
				       &new->dir[d].committed);
		raceway_bucket_rescale((uint64_t *)&meter->excess_tat, &old->dir[d].excess,
				       &new->dir[d].excess);
	}
}

/* Rounded up: a green frame that is within its guarantee is charged in full. */
static uint16_t debt_of(uint64_t rate_bps, uint64_t cbs_bytes)
{
	uint64_t units = (raceway_bucket_make(rate_bps, cbs_bytes).depth >> RACEWAY_DEBT_SHIFT) + 1;

	return units < UINT16_MAX ? (uint16_t)units : UINT16_MAX;
}

void raceway_tables_port_meter(struct raceway_port_meter *meter, uint64_t rate_bps,
			       uint64_t cbs_bytes)
{
	uint64_t depth = rate_bps / 8 * PORT_DEPTH_NS / RACEWAY_NSEC_PER_SEC;
	struct raceway_bucket former = meter->rate;

	if (!meter->mtu) /* new */
		meter->tat = meter->contended = raceway_ticks_now();
	if (depth < PORT_DEPTH_MIN_BYTES)
		depth = PORT_DEPTH_MIN_BYTES;
	meter->rate = raceway_bucket_make(rate_bps, depth);
	meter->debt = cbs_bytes ? debt_of(rate_bps, cbs_bytes) : 0;
	raceway_bucket_rescale((uint64_t *)&meter->tat, &former, &meter->rate);
}
