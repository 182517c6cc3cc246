// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* raceway_dp_change(): after any change the tables are what a whole fill makes of the same. */
#include <stdlib.h>

#include "../unit/include/random.h"
#include "bed.h"

#define CHANGES 400

static struct bed bed;

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(change, .init = open_bed);

/* What frames are judged by. */
struct tables {
	struct raceway_vnic_policy policy[BED_MAX_VNICS];
	struct raceway_segment segment[RACEWAY_SEGMENTS];
	struct {
		struct raceway_bucket rate;
		uint32_t mtu, flags, debt;
	} port[RACEWAY_PORTS];
	uint32_t owner[BED_VNICS];
};

static void read_tables(struct tables *t)
{
	memset(t, 0, sizeof(*t));
	for (uint32_t n = 0; n < BED_MAX_VNICS; n++)
		t->policy[n] = bed.dp->vnics[n].slot[bed.dp->vnics[n].valid & 1];
	memcpy(t->segment, bed.dp->segments, sizeof(t->segment));
	for (uint32_t n = 0; n < RACEWAY_PORTS; n++) {
		t->port[n].rate = bed.dp->port_meters[n].rate;
		t->port[n].mtu = bed.dp->port_meters[n].mtu;
		t->port[n].flags = bed.dp->port_meters[n].flags;
		t->port[n].debt = bed.dp->port_meters[n].debt;
	}
	for (uint32_t i = 0; i < BED_VNICS; i++) {
		struct raceway_fdb_key key = { .segment = bed.vnic[i].segment };

		memcpy(key.mac, bed.vnic[i].mac, sizeof(key.mac));
		(void)raceway_fdb_get(bed.dp, &key, &t->owner[i]);
	}
}

static void random_change(struct dice *dice)
{
	struct raceway_dp_vnic *vnic = &bed.vnic[dice_between(dice, 0, BED_VNICS - 1)];
	struct raceway_dp_rate *rate = &vnic->dir[dice_between(dice, 0, 1)];
	struct raceway_dp_port *port = &bed.port[dice_between(dice, 0, BED_PORTS - 1)];

	switch (dice_between(dice, 0, 11)) {
	case 0:
		rate->pir_bps = dice_between(dice, 1, 9) * 1000000000;
		rate->pbs_bytes = 1000000;
		break;
	case 1: /* what may leave at once at its port changes with it */
		rate->pir_bps = 10000000000;
		rate->pbs_bytes = 8000000;
		rate->cir_bps = dice_between(dice, 0, 9) * 100000000;
		rate->cbs_bytes = dice_between(dice, 1, 6) * 1000000;
		break;
	case 2:
		vnic->up = !vnic->up;
		break;
	case 3:
		vnic->mtu = (uint16_t)dice_between(dice, 600, 1500);
		break;
	case 4:
		vnic->weight = (uint16_t)dice_between(dice, 1, 1000);
		break;
	case 5:
		vnic->trunk = !vnic->trunk;
		break;
	case 6:
		vnic->pcp = dice_between(dice, 0, 7) & 7;
		break;
	case 7:
		vnic->mac[4] = dice_between(dice, 0, 200) & 0xff;
		break;
	case 8:
		vnic->spoofcheck = !vnic->spoofcheck;
		break;
	case 9:
		if (vnic->port == F1 + 1 || vnic->port == F2 + 1)
			vnic->port = vnic->port == F1 + 1 ? F2 + 1 : F1 + 1;
		break;
	case 10:
		port->rate_bps = dice_between(dice, 1, 40) * 1000000000;
		break;
	default:
		bed.segment[dice_between(dice, 0, BED_SEGMENTS - 1)].switching =
			dice_between(dice, 0, 1) ? RACEWAY_VEB : RACEWAY_PRIVATE;
	}
}

Test(change, is_what_a_whole_fill_makes)
{
	struct tables *one = malloc(sizeof(*one)), *other = malloc(sizeof(*other));
	struct raceway_dp_vnic vnics[BED_VNICS_MAX];
	struct raceway_dp_port ports[BED_PORTS];
	struct raceway_dp_segment segments[BED_SEGMENTS];
	struct raceway_dp_config former = bed.config;
	struct dice dice = { .state = 7 };
	int taken = 0;

	cr_assert(one && other);
	former.vnics = vnics;
	former.ports = ports;
	former.segments = segments;
	for (int i = 0; i < CHANGES; i++) {
		memcpy(vnics, bed.vnic, sizeof(vnics));
		memcpy(ports, bed.port, sizeof(ports));
		memcpy(segments, bed.segment, sizeof(segments));
		for (uint64_t n = dice_between(&dice, 1, 2); n; n--)
			random_change(&dice);
		if (raceway_dp_change(bed.dp, &bed.config, &former, NULL)) {
			read_tables(one);
			cr_assert(raceway_dp_fill(bed.dp, &bed.config, NULL), "change %d", i);
			memcpy(bed.vnic, vnics, sizeof(vnics));
			memcpy(bed.port, ports, sizeof(ports));
			memcpy(bed.segment, segments, sizeof(segments));
		} else {
			read_tables(one);
			taken++;
		}
		bed_fill(&bed);
		read_tables(other);
		cr_assert_arr_eq(one->policy, other->policy, sizeof(one->policy), "change %d", i);
		cr_assert_arr_eq(one->segment, other->segment, sizeof(one->segment), "change %d",
				 i);
		cr_assert_arr_eq(one->port, other->port, sizeof(one->port), "change %d", i);
		cr_assert_arr_eq(one->owner, other->owner, sizeof(one->owner), "change %d", i);
	}
	cr_expect_gt(taken, CHANGES / 2, "%d", taken);
	free(one);
	free(other);
}
