// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames to group addresses: XDP hands them over, TC copies them to the uplink and to each
 * location once, each copy judged and counted on its own. */
#include <bpf/bpf.h>

#include "bed.h"

static struct bed bed;
static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
static const uint8_t multicast[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };
static const uint8_t lldp[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e };

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(group, .init = open_bed);

static struct pkt all(uint32_t src, const uint32_t *tags)
{
	return frame(broadcast, mac_of(src), tags, USUAL_BYTES - 14);
}

static void sent(uint32_t vnic)
{
	counted(&bed, vnic, RACEWAY_TX, RACEWAY_YELLOW);
}

static void got(uint32_t vnic)
{
	counted(&bed, vnic, RACEWAY_RX, RACEWAY_YELLOW);
}

/* N is of segment 10 too, and nowhere. */
static void n_is_nowhere(void)
{
	lost(&bed, N, RACEWAY_RX, RACEWAY_DROP_NO_LOCATION);
}

Test(group, copies_of_a_veb)
{
	arrives(&bed, "untagged from F1", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, F2, all(A, TAGS(C_TAG(10, 1))));
	leaves(&bed, H1, all(A, NO_TAG));
	sent(A), got(B), got(L), n_is_nowhere();
	fire(&bed);

	arrives(&bed, "tagged from F2", F2, all(B, TAGS(C_TAG(10, 0))));
	leaves(&bed, U1, all(B, TAGS(C_TAG(100, 5))));
	leaves(&bed, F1, all(B, NO_TAG));
	leaves(&bed, H1, all(B, NO_TAG));
	sent(B), got(A), got(L), n_is_nowhere();
	fire(&bed);

	arrives(&bed, "from a guest", H1, all(L, NO_TAG));
	leaves(&bed, U1, all(L, TAGS(C_TAG(100, 2))));
	leaves(&bed, F1, all(L, NO_TAG));
	leaves(&bed, F2, all(L, TAGS(C_TAG(10, 2))));
	sent(L), got(A), got(B), n_is_nowhere();
	fire(&bed);

	arrives(&bed, "from the uplink", U1, all(X, TAGS(C_TAG(100, 6))));
	leaves(&bed, F1, all(X, NO_TAG));
	leaves(&bed, F2, all(X, TAGS(C_TAG(10, 5))));
	leaves(&bed, H1, all(X, NO_TAG));
	got(A), got(B), got(L), n_is_nowhere();
	fire(&bed);

	arrives(&bed, "multicast, untagged uplink", U1, frame(multicast, mac_of(X), NO_TAG, 86));
	leaves(&bed, F1, frame(multicast, mac_of(X), TAGS(C_TAG(20, 3)), 86));
	leaves(&bed, F2, frame(multicast, mac_of(X), TAGS(C_TAG(20, 0)), 86));
	leaves(&bed, H2, frame(multicast, mac_of(X), NO_TAG, 86));
	got(C), got(D), got(M);
	fire(&bed);

	arrives(&bed, "no uplink", F1, all(T, TAGS(C_TAG(50, 0))));
	leaves(&bed, F2, all(T, TAGS(C_TAG(50, 0))));
	sent(T), got(U);
	fire(&bed);
}

/* Another vNIC where B is. */
static struct raceway_dp_vnic *add_second(void)
{
	struct raceway_dp_vnic *second = bed_vnic(&bed, BED_VNICS + 1);

	*second = *bed_vnic(&bed, B);
	second->number = BED_VNICS + 1;
	second->mac[5] = 0x77;
	second->pcp = 3;
	bed.config.vnic_count++;
	bed_fill(&bed);
	return second;
}

/* Two vNICs of a segment at one place get one copy, and both are charged for it. */
Test(group, one_copy_per_location)
{
	struct raceway_dp_vnic *second = add_second();

	arrives(&bed, "from elsewhere", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, F2, all(A, TAGS(C_TAG(10, 1))));
	leaves(&bed, H1, all(A, NO_TAG));
	sent(A), got(B), got(BED_VNICS + 1), got(L), n_is_nowhere();
	fire(&bed);

	/* Back to the port it came from, for the other vNIC there. */
	arrives(&bed, "from the first of them", F2, all(B, TAGS(C_TAG(10, 0))));
	leaves(&bed, U1, all(B, TAGS(C_TAG(100, 5))));
	leaves(&bed, F1, all(B, NO_TAG));
	leaves(&bed, F2, all(B, TAGS(C_TAG(10, 5))));
	leaves(&bed, H1, all(B, NO_TAG));
	sent(B), got(A), got(BED_VNICS + 1), got(L), n_is_nowhere();
	fire(&bed);

	second->up = false;
	bed_fill(&bed);
	arrives(&bed, "the last of them down", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, F2, all(A, TAGS(C_TAG(10, 1))));
	leaves(&bed, H1, all(A, NO_TAG));
	sent(A), got(B), got(L), n_is_nowhere();
	lost(&bed, BED_VNICS + 1, RACEWAY_RX, RACEWAY_DROP_DOWN);
	fire(&bed);

	bed_vnic(&bed, B)->up = false;
	bed_fill(&bed);
	arrives(&bed, "both down", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, H1, all(A, NO_TAG));
	sent(A), got(L), n_is_nowhere();
	lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_DOWN);
	lost(&bed, BED_VNICS + 1, RACEWAY_RX, RACEWAY_DROP_DOWN);
	fire(&bed);
	/* Who wanted the copy before this place does not want it here. */
	arrives(&bed, "both down, from a guest", H1, all(L, NO_TAG));
	leaves(&bed, U1, all(L, TAGS(C_TAG(100, 2))));
	leaves(&bed, F1, all(L, NO_TAG));
	sent(L), got(A), n_is_nowhere();
	lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_DOWN);
	lost(&bed, BED_VNICS + 1, RACEWAY_RX, RACEWAY_DROP_DOWN);
	fire(&bed);
}

/* The second moves to F1: its policy says so already, the list of members not yet. Where the copy
 * for those who stay goes is not for it to say, whether it may have a copy or not. */
Test(group, a_move_takes_nobody_along)
{
	struct raceway_vnic *moving = &bed.dp->vnics[BED_VNICS + 1];
	struct raceway_dp_vnic *second = add_second();
	struct raceway_vnic_policy *policy;

	second->dir[RACEWAY_RX] = (struct raceway_dp_rate){ .pir_bps = 1000, .pbs_bytes = 1600 };
	bed_fill(&bed);
	policy = &moving->slot[moving->valid & 1];
	policy->port = F1 + 1;
	policy->ifindex = bed.ifindex[F1];
	policy->vid = 0;
	for (int red = 0; red < 2; red++) {
		if (red)
			moving->meter[RACEWAY_RX].excess_tat = bed_ticks() + RACEWAY_DEPTH_MAX / 2;
		arrives(&bed, red ? "red" : "moving", U1, all(X, TAGS(C_TAG(100, 6))));
		leaves(&bed, F1, all(X, NO_TAG));
		leaves(&bed, F2, all(X, TAGS(C_TAG(10, 5))));
		leaves(&bed, H1, all(X, NO_TAG));
		got(A), got(B), got(L), n_is_nowhere();
		lost(&bed, BED_VNICS + 1, RACEWAY_RX, RACEWAY_DROP_NO_LOCATION);
		fire(&bed);
	}
	/* Where nobody stays it goes along. */
	bed_vnic(&bed, B)->up = false;
	policy = &bed.dp->vnics[B].slot[bed.dp->vnics[B].valid & 1];
	policy->flags &= (uint16_t)~RACEWAY_VNIC_UP;
	moving->meter[RACEWAY_RX].excess_tat = 0;
	arrives(&bed, "alone", U1, all(X, TAGS(C_TAG(100, 6))));
	leaves(&bed, F1, all(X, NO_TAG));
	leaves(&bed, F1, all(X, NO_TAG));
	leaves(&bed, H1, all(X, NO_TAG));
	got(A), got(BED_VNICS + 1), got(L), n_is_nowhere();
	lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_DOWN);
	fire(&bed);
}

Test(group, vepa_and_private)
{
	arrives(&bed, "vepa: the uplink alone", F1, all(P, TAGS(C_TAG(30, 0))));
	leaves(&bed, U1, all(P, TAGS(C_TAG(300, 6))));
	sent(P);
	fire(&bed);
	arrives(&bed, "vepa: hairpinned, not back to the sender", U1, all(P, TAGS(C_TAG(300, 0))));
	leaves(&bed, F2, all(P, TAGS(C_TAG(30, 7))));
	got(Q);
	fire(&bed);
	arrives(&bed, "private: the uplink alone", F1, all(R, TAGS(C_TAG(40, 0))));
	leaves(&bed, U1, all(R, TAGS(C_TAG(400, 0))));
	sent(R);
	fire(&bed);
	arrives(&bed, "private: from the LAN to all", U1, all(X, TAGS(C_TAG(400, 0))));
	leaves(&bed, F1, all(X, TAGS(C_TAG(40, 0))));
	leaves(&bed, F2, all(X, TAGS(C_TAG(40, 0))));
	got(R), got(S);
	fire(&bed);
	arrives(&bed, "private without uplink", F1, all(W, TAGS(C_TAG(70, 0))));
	sent(W);
	lost(&bed, W, RACEWAY_TX, RACEWAY_DROP_PRIVATE);
	fire(&bed);
	is_lost(&bed, "reflected", U1, all(A, TAGS(C_TAG(100, 0))), 0, 0, RACEWAY_DROP_REFLECTED);
	bed.segment[6].switching = RACEWAY_VEPA;
	bed_fill(&bed);
	arrives(&bed, "vepa without uplink", F1, all(W, TAGS(C_TAG(70, 0))));
	sent(W);
	lost(&bed, W, RACEWAY_TX, RACEWAY_DROP_NO_UPLINK);
	fire(&bed);
}

Test(group, who_may_send)
{
	is_lost(&bed, "spoof", F1, all(X, NO_TAG), 0, 0, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "spoof of a guest", H1, all(A, NO_TAG), L, RACEWAY_TX, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "no segment", F1, all(A, TAGS(C_TAG(11, 0))), 0, 0, RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "inner tag", F1, all(A, TAGS(S_TAG(20))), A, RACEWAY_TX, RACEWAY_DROP_VLAN);
	bed_vnic(&bed, A)->up = false;
	bed_fill(&bed);
	is_lost(&bed, "down", F1, all(A, NO_TAG), A, RACEWAY_TX, RACEWAY_DROP_DOWN);
}

Test(group, reserved_addresses)
{
	uint8_t mac[6];

	memcpy(mac, lldp, 6);
	for (uint8_t last = 0; last < 16; last += 5) {
		mac[5] = last;
		is_lost(&bed, "from a vNIC", F1, frame(mac, mac_of(A), NO_TAG, 46), A, RACEWAY_TX,
			RACEWAY_DROP_RESERVED);
		is_lost(&bed, "from a guest", H1, frame(mac, mac_of(L), NO_TAG, 46), L, RACEWAY_TX,
			RACEWAY_DROP_RESERVED);
		is_lost(&bed, "from the uplink", U1, frame(mac, mac_of(X), NO_TAG, 46), 0, 0,
			RACEWAY_DROP_RESERVED);
		arrives(&bed, "host keep", U2, frame(mac, mac_of(X), NO_TAG, 46));
		to_host(&bed, frame(mac, mac_of(X), NO_TAG, 46));
		fire(&bed);
	}
	bed.port[F1].host_keep = true;
	bed_fill(&bed);
	arrives(&bed, "host keep, fabric", F1, frame(lldp, mac_of(X), NO_TAG, 46));
	to_host(&bed, frame(lldp, mac_of(X), NO_TAG, 46));
	fire(&bed);
	bed.port[F1].host_keep = false;
	bed_fill(&bed);
	mac[5] = 0x10; /* the first that is not reserved */
	arrives(&bed, "not reserved", F1, frame(mac, mac_of(T), TAGS(C_TAG(50, 0)), 46));
	leaves(&bed, F2, frame(mac, mac_of(T), TAGS(C_TAG(50, 0)), 46));
	sent(T), got(U);
	fire(&bed);
}

/* The host gets its copy of what the LAN sends, with the tag it had; its own idea of VLANs may
 * differ, so VLANs of no segment are its too. */
Test(group, host_keep)
{
	struct pkt untagged = all(X, NO_TAG);

	arrives(&bed, "untagged", U2, untagged);
	leaves(&bed, F1, all(X, TAGS(C_TAG(60, 0))));
	got(V);
	to_host(&bed, untagged);
	fire(&bed);
	/* The stack takes a tag that no VLAN device wants off before a socket sees it. */
	arrives(&bed, "priority tag", U2, all(X, TAGS(C_TAG(0, 5))));
	leaves(&bed, F1, all(X, TAGS(C_TAG(60, 0))));
	got(V);
	to_host(&bed, untagged);
	fire(&bed);
	arrives(&bed, "VLAN of no segment", U2, all(X, TAGS(C_TAG(99, 5))));
	to_host_with_tag(&bed, untagged);
	fire(&bed);
	is_lost(&bed, "reflected", U2, all(V, NO_TAG), 0, 0, RACEWAY_DROP_REFLECTED);
	bed.segment[5].uplink_vid = 600;
	bed_fill(&bed);
	arrives(&bed, "VLAN of a segment", U2, all(X, TAGS(C_TAG(600, 5))));
	leaves(&bed, F1, all(X, TAGS(C_TAG(60, 0))));
	got(V);
	to_host_with_tag(&bed, untagged);
	fire(&bed);
}

/* Inner tags go to trunks only, and never out where no outer tag covers them. */
Test(group, inner_tags)
{
	uint32_t in[] = { C_TAG(10, 0), C_TAG(20, 2), 0 },
		 out[] = { C_TAG(100, 5), C_TAG(20, 2), 0 };

	bed_vnic(&bed, B)->trunk = bed_vnic(&bed, L)->trunk = bed_vnic(&bed, D)->trunk = true;
	bed_fill(&bed);
	arrives(&bed, "from a trunk", F2, all(B, in));
	leaves(&bed, U1, all(B, out));
	leaves(&bed, H1, all(B, TAGS(C_TAG(20, 2))));
	sent(B), got(L), n_is_nowhere();
	lost(&bed, A, RACEWAY_RX, RACEWAY_DROP_VLAN);
	fire(&bed);
	in[0] = C_TAG(20, 0);
	arrives(&bed, "untagged uplink", F2, all(D, in));
	sent(D);
	lost(&bed, D, RACEWAY_TX, RACEWAY_DROP_VLAN);
	lost(&bed, C, RACEWAY_RX, RACEWAY_DROP_VLAN);
	lost(&bed, M, RACEWAY_RX, RACEWAY_DROP_VLAN);
	fire_tc(&bed);
	bed_vnic(&bed, A)->trunk = true;
	bed_fill(&bed);
	in[0] = C_TAG(100, 0);
	out[0] = C_TAG(10, 5);
	arrives(&bed, "from the uplink, native trunk", U1, all(X, in));
	leaves(&bed, F2, all(X, out));
	leaves(&bed, H1, all(X, TAGS(C_TAG(20, 2))));
	got(B), got(L), n_is_nowhere();
	lost(&bed, A, RACEWAY_RX, RACEWAY_DROP_VLAN);
	fire(&bed);
}

/* One copy that cannot be made leaves the others alone. */
Test(group, copies_fail_alone)
{
	struct raceway_vnic *v = &bed.dp->vnics[L];
	struct pkt in = frame(broadcast, mac_of(A), NO_TAG, 1300);

	bed_ip("link set u1 mtu 1200\n");
	bed_vnic(&bed, B)->mtu = 1000;
	bed_fill(&bed);
	arrives(&bed, "too long for the uplink and for B", F1, in);
	leaves(&bed, H1, in);
	sent(A), got(L), n_is_nowhere();
	lost(&bed, A, RACEWAY_TX, RACEWAY_DROP_MTU);
	lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_MTU);
	fire_tc(&bed);
	/* An interface that is gone: the kernel refuses the copy. */
	v->slot[v->valid & 1].ifindex = 99999;
	arrives(&bed, "no such interface", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, F2, all(A, TAGS(C_TAG(10, 1))));
	sent(A), got(B), got(L), n_is_nowhere();
	lost(&bed, L, RACEWAY_RX, RACEWAY_DROP_REWRITE);
	fire_tc(&bed);
	/* A member whose policy is another segment's: not one frame of this one. */
	v->slot[v->valid & 1].key.segment = 20;
	arrives(&bed, "no policy", F1, all(A, NO_TAG));
	leaves(&bed, U1, all(A, TAGS(C_TAG(100, 1))));
	leaves(&bed, F2, all(A, TAGS(C_TAG(10, 1))));
	sent(A), got(B), n_is_nowhere();
	lost(&bed, L, RACEWAY_RX, RACEWAY_DROP_NO_POLICY);
	fire_tc(&bed);
}

/* A vNIC's own limit of group frames; others and its unicast do not notice. */
Test(group, limit)
{
	struct raceway_vnic *vnic = &bed.dp->vnics[T];
	struct raceway_bucket bucket =
		raceway_bucket_make(8 * RACEWAY_GROUP_PPS, RACEWAY_GROUP_BURST);
	uint64_t before = bed_ticks();

	arrives(&bed, "charged", F1, all(T, TAGS(C_TAG(50, 0))));
	leaves(&bed, F2, all(T, TAGS(C_TAG(50, 0))));
	sent(T), got(U);
	fire(&bed);
	cr_expect_geq(vnic->group_tat, before + raceway_cost(bucket.mult, 1));
	cr_expect_leq(vnic->group_tat, bed_ticks() + raceway_cost(bucket.mult, 1));
	vnic->group_tat = bed_ticks() + bucket.depth + raceway_ticks(RACEWAY_NSEC_PER_SEC);
	is_lost(&bed, "spent", F1, all(T, TAGS(C_TAG(50, 0))), T, RACEWAY_TX,
		RACEWAY_DROP_GROUP_LIMIT);
	passes(&bed, "unicast", F1, usual(U, T, TAGS(C_TAG(50, 0))), F2,
	       usual(U, T, TAGS(C_TAG(50, 0))), T, U);
	arrives(&bed, "another's", F2, all(U, TAGS(C_TAG(50, 0))));
	leaves(&bed, F1, all(U, TAGS(C_TAG(50, 0))));
	sent(U), got(T);
	fire(&bed);
}
