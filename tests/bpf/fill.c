// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* raceway_dp_fill(): the tables are exactly what the configuration says, what stays keeps its
 * state, what goes leaves nothing behind, and a fill that fails has changed nothing. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdlib.h>

#include "bed.h"

static struct bed bed;

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(fill, .init = open_bed);

/* One number per map that changes with any key or value in it. */
struct sums {
	uint64_t map[RACEWAY_MAP_COUNT];
	uint32_t entries[RACEWAY_MAP_COUNT];
};

static void add(uint64_t *sum, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ ((const uint8_t *)bytes)[i]) * 0x100000001b3ULL;
}

static void sum_map(int fd, uint64_t *sum, uint32_t *entries)
{
	struct bpf_map_info info = { 0 };
	uint32_t size = sizeof(info);
	uint8_t key[16], next[16], *value;
	void *previous = NULL;

	cr_assert(!bpf_obj_get_info_by_fd(fd, &info, &size));
	value = calloc((size_t)libbpf_num_possible_cpus() + 1, (info.value_size + 7U) & ~7U);
	cr_assert(value && info.key_size <= sizeof(key));
	while (!bpf_map_get_next_key(fd, previous, next)) {
		memcpy(key, next, sizeof(key));
		previous = key;
		/* A device map has keys without values. */
		if (bpf_map_lookup_elem(fd, key, value))
			continue;
		add(sum, key, info.key_size);
		add(sum, value, info.value_size);
		++*entries;
	}
	free(value);
}

static struct sums sum_maps(void)
{
	struct sums sums = { 0 };

	for (int i = 0; i < RACEWAY_MAP_COUNT; i++)
		if (i != RACEWAY_MAP_FDB)
			sum_map(bed.dp->map[i], &sums.map[i], &sums.entries[i]);
	for (int i = 0; i < (int)(RACEWAY_FDB_BUCKETS * RACEWAY_FDB_WAYS); i++) {
		uint64_t entry = bed.dp->fdb[i / RACEWAY_FDB_WAYS].entry[i % RACEWAY_FDB_WAYS];

		if (!entry)
			continue;
		add(&sums.map[RACEWAY_MAP_FDB], &i, sizeof(i));
		add(&sums.map[RACEWAY_MAP_FDB], &entry, sizeof(entry));
		sums.entries[RACEWAY_MAP_FDB]++;
	}
	return sums;
}

static void expect_same(const char *what, const struct sums *before)
{
	struct sums after = sum_maps();

	for (int i = 0; i < RACEWAY_MAP_COUNT; i++)
		cr_expect_eq(before->map[i], after.map[i], "%s: map %s has changed", what,
			     raceway_map_names[i]);
}

Test(fill, idempotent)
{
	struct sums before;

	passes(&bed, "traffic", F1, usual(B, A, NO_TAG), F2, usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	bed_vnic(&bed, B)->spoofcheck = false;
	bed_fill(&bed);
	raceway_dp_settle(bed.dp);
	before = sum_maps();
	for (int i = 0; i < 3; i++) {
		bed_fill(&bed);
		expect_same("once more", &before);
		cr_expect(!bed.dp->unsettled, "nothing to wait for");
	}
}

/* Every map entry by entry, as the bed's configuration says. */
Test(fill, exactly_the_configuration)
{
	struct sums sums = sum_maps();

	cr_expect_eq(sums.entries[RACEWAY_MAP_PORTS], BED_PORTS + 2);
	cr_expect_eq(sums.entries[RACEWAY_MAP_FDB], BED_VNICS);
	cr_expect_eq(sums.entries[RACEWAY_MAP_MEMBERS], BED_VNICS);
	cr_expect_eq(sums.entries[RACEWAY_MAP_VID_SEGMENT], 5);
	cr_expect_eq(sums.entries[RACEWAY_MAP_FOREIGN], 0);
	cr_expect_eq(sums.entries[RACEWAY_MAP_LEAVING], BED_PORTS);
	cr_expect_eq(sums.entries[RACEWAY_MAP_DROPS], 0);
	for (uint32_t n = 1; n <= BED_PORTS; n++)
		cr_expect_lt(bed_ticks() - bed.dp->port_meters[n].tat, RACEWAY_DEPTH_MAX,
			     "port %u begins now", n);
}

Test(fill, what_goes_leaves_nothing)
{
	struct raceway_dp_config empty = { 0 };
	struct sums sums;

	bed_vnic(&bed, B)->spoofcheck = false;
	bed_fill(&bed);
	/* Half of it first: the vNICs and segments of U1 with their port. */
	bed.config.vnics = bed_vnic(&bed, T);
	bed.config.vnic_count = 2;
	bed.config.segments = &bed.segment[4];
	bed.config.segment_count = 1;
	bed.config.port_count = 2;
	bed_fill(&bed);
	raceway_dp_settle(bed.dp);
	sums = sum_maps();
	cr_expect_eq(sums.entries[RACEWAY_MAP_PORTS], 2);
	cr_expect_eq(sums.entries[RACEWAY_MAP_LEAVING], 2);
	cr_expect_eq(sums.entries[RACEWAY_MAP_FDB], 2);
	cr_expect_eq(sums.entries[RACEWAY_MAP_MEMBERS], 2);
	cr_expect_eq(sums.entries[RACEWAY_MAP_VID_SEGMENT], 0);
	cr_expect_eq(sums.entries[RACEWAY_MAP_FOREIGN], 0);
	passes(&bed, "who stays", F1, usual(U, T, TAGS(C_TAG(50, 0))), F2,
	       usual(U, T, TAGS(C_TAG(50, 0))), T, U);
	is_lost(&bed, "who went", F1, usual(B, A, NO_TAG), 0, 0, RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "a port that went", U1, usual(A, X, TAGS(C_TAG(100, 0))), 0, 0,
		RACEWAY_DROP_NO_PORT);
	is_lost(&bed, "a host end that went", H1, usual(A, L, NO_TAG), 0, 0, RACEWAY_DROP_NO_PORT);

	bed.config = empty;
	bed_fill(&bed);
	raceway_dp_settle(bed.dp);
	sums = sum_maps();
	for (int i = 0; i < RACEWAY_MAP_COUNT; i++)
		if (i != RACEWAY_MAP_SEGMENTS && i != RACEWAY_MAP_VNICS &&
		    i != RACEWAY_MAP_PORT_METERS && i != RACEWAY_MAP_STATS &&
		    i != RACEWAY_MAP_DROPS)
			cr_expect_eq(sums.entries[i], 0, "%u entries left in %s", sums.entries[i],
				     raceway_map_names[i]);
	for (uint32_t n = 0; n < RACEWAY_SEGMENTS; n++)
		cr_expect_eq(bed.dp->segments[n].flags, 0, "segment %u", n);
	for (uint32_t n = 0; n < RACEWAY_PORTS; n++)
		cr_expect_eq(bed.dp->port_meters[n].mtu, 0, "port %u", n);
	for (uint32_t n = 0; n < BED_MAX_VNICS; n++)
		cr_expect_eq(bed.dp->vnics[n].slot[bed.dp->vnics[n].valid & 1].key.segment, 0,
			     "vnic %u", n);
}

/* Tables as full as they get take any change at once: old and new have room together. */
Test(fill, all_changes_in_a_full_table)
{
	struct raceway_dp_vnic vnics[BED_MAX_VNICS - 1] = { 0 };
	struct raceway_dp_segment segments[4];
	struct raceway_error err = { 0 };
	char text[512];

	for (int i = 0; i < 4; i++)
		segments[i] = (struct raceway_dp_segment){ .number = (uint16_t)(i + 1) };
	bed.config.vnics = vnics;
	bed.config.segments = segments;
	bed.config.vnic_count = BED_MAX_VNICS - 1;
	bed.config.segment_count = 4;
	for (int round = 0; round < 6; round++) {
		for (uint32_t i = 0; i < BED_MAX_VNICS - 1; i++)
			vnics[i] = (struct raceway_dp_vnic){
				.number = i + 1,
				.mac = { 2, 0, 0, 1, (uint8_t)round, (uint8_t)i },
				.segment = (uint16_t)(1 + round % 4),
				.port = (uint16_t)(F1 + 1 + round % 2),
				.mtu = 1500,
				.spoofcheck = true,
			};
		cr_assert(!raceway_dp_fill(bed.dp, &bed.config, &err), "round %d: %s", round,
			  raceway_error_format(&err, text, sizeof(text)));
		cr_assert_eq(sum_maps().entries[RACEWAY_MAP_FDB], BED_MAX_VNICS - 1);
	}
	raceway_dp_settle(bed.dp);
	cr_expect_eq(sum_maps().entries[RACEWAY_MAP_MEMBERS], BED_MAX_VNICS - 1);
}

Test(fill, counters_and_meters_stay)
{
	struct raceway_meter *meter = &bed.dp->vnics[A].meter[RACEWAY_TX];
	struct raceway_meter before;
	uint64_t now;

	bed_vnic(&bed, A)->dir[RACEWAY_TX] =
		(struct raceway_dp_rate){ .pir_bps = 1000000, .pbs_bytes = 100000 };
	bed_fill(&bed);
	passes(&bed, "traffic", F1, usual(B, A, NO_TAG), F2, usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	is_lost(&bed, "traffic", F1, frame(mac_of(B), mac_of(A), TAGS(C_TAG(10, 0), S_TAG(1)), 86),
		A, RACEWAY_TX, RACEWAY_DROP_VLAN);
	before = *meter;
	cr_assert(before.excess_tat);
	/* New rate, new address, new place: the same vNIC by its number. */
	bed_vnic(&bed, A)->dir[RACEWAY_TX].pir_bps = 5000000;
	bed_vnic(&bed, A)->mac[4] = 9;
	bed_vnic(&bed, A)->port = F2 + 1;
	bed_fill(&bed);
	cr_expect(!memcmp(&before, meter, sizeof(before)));
	check_books(&bed, "after a change");
	/* Gone and there again: another vNIC that happens to have the number. */
	*bed_vnic(&bed, A) = *bed_vnic(&bed, W);
	bed.config.vnic_count--;
	bed_fill(&bed);
	bed_vnic(&bed, A)->number = A;
	now = bed_ticks();
	bed_fill(&bed);
	memset(bed.stats[A], 0, sizeof(bed.stats[A]));
	cr_assert_eq(bed.drops, 1);
	bed.drops = 0;
	check_books(&bed, "a number used anew");
	cr_expect(meter->excess_tat >= now && meter->excess_tat <= bed_ticks(), "begins now");
}

/* Two vNICs may swap what must be unique, in one fill. */
Test(fill, swaps)
{
	struct raceway_dp_vnic *a = bed_vnic(&bed, A), *b = bed_vnic(&bed, B);
	struct raceway_dp_vnic *l = bed_vnic(&bed, L), *m = bed_vnic(&bed, M);
	struct sums sums;

	memcpy(a->mac, mac_of(B), 6);
	memcpy(b->mac, mac_of(A), 6);
	l->ifindex = bed.ifindex[H2];
	m->ifindex = bed.ifindex[H1];
	bed.segment[2].uplink_vid = 400;
	bed.segment[3].uplink_vid = 300;
	bed_fill(&bed);
	passes(&bed, "addresses", F1, usual(A, B, NO_TAG), F2, usual(A, B, TAGS(C_TAG(10, 1))), A,
	       B);
	passes(&bed, "host ends", H2, usual(B, L, NO_TAG), F1, usual(B, L, NO_TAG), L, A);
	passes(&bed, "host ends", U1, usual(M, X, NO_TAG), H1, usual(M, X, NO_TAG), 0, M);
	passes(&bed, "VLANs", U1, usual(Q, X, TAGS(C_TAG(400, 0))), F2,
	       usual(Q, X, TAGS(C_TAG(30, 7))), 0, Q);
	passes(&bed, "VLANs", F1, usual(X, R, TAGS(C_TAG(40, 0))), U1,
	       usual(X, R, TAGS(C_TAG(300, 0))), R, 0);
	sums = sum_maps();
	cr_expect_eq(sums.entries[RACEWAY_MAP_FDB], BED_VNICS);
	cr_expect_eq(sums.entries[RACEWAY_MAP_VID_SEGMENT], 5);
}

/* The slot that frames may be reading is never written: a change goes into the other one, and
 * a grace period passes before that is used again. */
Test(fill, the_slot_in_force_is_not_written)
{
	for (uint8_t round = 0; round < 5; round++) {
		struct raceway_vnic before;
		struct raceway_segment segment = bed.dp->segments[10];

		raceway_dp_settle(bed.dp);
		cr_expect(!bed.dp->unsettled);
		before = bed.dp->vnics[A];
		bed_vnic(&bed, A)->pcp ^= 4;
		bed_vnic(&bed, L)->ifindex ^= bed.ifindex[H1];
		bed_fill(&bed);
		cr_expect(bed.dp->unsettled, "the next fill has to wait");
		cr_expect_eq(bed.dp->vnics[A].valid, !before.valid);
		cr_expect(!memcmp(&bed.dp->vnics[A].slot[before.valid & 1],
				  &before.slot[before.valid & 1], sizeof(before.slot[0])));
		cr_expect_neq(bed.dp->segments[10].member_slot, segment.member_slot);
		for (uint32_t i = 0; i < segment.member_count; i++) {
			struct raceway_member_key key = {
				.segment = 10,
				.slot = (uint16_t)segment.member_slot,
				.index = i,
			};
			struct raceway_member member;

			cr_expect(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_MEMBERS], &key,
						       &member),
				  "a copy may still be made from the old list");
		}
	}
}

static void must_fail(const char *what, enum raceway_fault fault, const char *object)
{
	struct sums before = sum_maps();
	struct raceway_error err = { 0 };

	cr_expect(raceway_dp_fill(bed.dp, &bed.config, &err) < 0, "%s", what);
	cr_expect_eq(err.fault, fault, "%s: fault %d", what, err.fault);
	cr_expect_str_eq(err.object, object, "%s", what);
	cr_expect(err.message[0], "%s", what);
	expect_same(what, &before);
	check_books(&bed, what);
}

#define BROKEN_VNIC(what, ...)                                                                     \
	do {                                                                                       \
		struct raceway_dp_vnic keep_ = *bed_vnic(&bed, D), *d = bed_vnic(&bed, D);         \
		bed_vnic(&bed, A)->pcp ^= 7; /* what comes before it must not be there either */   \
		__VA_ARGS__;                                                                       \
		must_fail(what, RACEWAY_FAULT_INVALID, "vnic test/4");                             \
		*d = keep_;                                                                        \
	} while (0)

Test(fill, a_vnic_that_cannot_be)
{
	passes(&bed, "traffic", F1, usual(B, A, NO_TAG), F2, usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	raceway_dp_settle(bed.dp);
	BROKEN_VNIC("number 0", d->number = 0);
	BROKEN_VNIC("number above max-vnics", d->number = BED_MAX_VNICS);
	BROKEN_VNIC("number far above max-vnics", d->number = UINT32_MAX);
	BROKEN_VNIC("number twice", d->number = A);
	BROKEN_VNIC("segment 0", d->segment = 0);
	BROKEN_VNIC("no such segment", d->segment = 21);
	BROKEN_VNIC("segment beyond all", d->segment = 4096);
	BROKEN_VNIC("group address", d->mac[0] = 3);
	BROKEN_VNIC("no address", memset(d->mac, 0, 6));
	BROKEN_VNIC("no such port", d->port = 77);
	BROKEN_VNIC("port beyond all", d->port = 1024);
	BROKEN_VNIC("cir above pir",
		    d->dir[0] = (struct raceway_dp_rate){ 2000000, 1000000, 1 << 17, 1 << 17, 0 });
	BROKEN_VNIC("cbs above pbs",
		    d->dir[1] = (struct raceway_dp_rate){ 1000000, 2000000, 1 << 18, 1 << 17, 0 });
}

Test(fill, what_is_there_twice)
{
	struct raceway_dp_vnic *c = bed_vnic(&bed, C), *m = bed_vnic(&bed, M);

	raceway_dp_settle(bed.dp);
	memcpy(c->mac, mac_of(D), 6);
	must_fail("an address twice in a segment", RACEWAY_FAULT_INVALID, "segment ");
	memcpy(c->mac, mac_of(A), 6);
	bed_fill(&bed); /* in another segment it may be */
	memcpy(c->mac, mac_of(C), 6);
	bed_fill(&bed);
	raceway_dp_settle(bed.dp);
	bed_vnic(&bed, A)->spoofcheck = bed_vnic(&bed, V)->spoofcheck = false;
	bed_vnic(&bed, V)->segment = 10;
	must_fail("two that answer for unknown sources", RACEWAY_FAULT_INVALID, "vnic test/14");
	bed_vnic(&bed, V)->segment = 60;
	bed_vnic(&bed, A)->spoofcheck = bed_vnic(&bed, V)->spoofcheck = true;
	bed.segment[2].uplink_vid = 100;
	must_fail("two segments, one VLAN", RACEWAY_FAULT_INVALID, "segment 30");
	bed.segment[2].uplink_vid = 300;
	bed.segment[2].number = 20;
	must_fail("a segment twice", RACEWAY_FAULT_INVALID, "segment 20");
	bed.segment[2].number = 30;
	bed.port[1].number = 1;
	must_fail("a port number twice", RACEWAY_FAULT_INVALID, "port f2");
	bed.port[1].number = 2;
	bed.port[1].ifindex = bed.ifindex[F1];
	must_fail("an interface that is two ports", RACEWAY_FAULT_INVALID, "port f2");
	bed.port[1].ifindex = bed.ifindex[F2];
	m->ifindex = bed.ifindex[H1];
	must_fail("a host end of two vNICs", RACEWAY_FAULT_INVALID, "vnic test/6");
	m->ifindex = bed.ifindex[F1];
	must_fail("a host end that is a port", RACEWAY_FAULT_INVALID, "port f1");
	m->ifindex = bed.ifindex[H2];
	bed_fill(&bed);
}

Test(fill, ports_and_segments_that_cannot_be)
{
	raceway_dp_settle(bed.dp);
	bed.port[2].number = 0;
	must_fail("port 0", RACEWAY_FAULT_INVALID, "port u1");
	bed.port[2].number = RACEWAY_PORT_MAX + 1;
	must_fail("port 1024", RACEWAY_FAULT_INVALID, "port u1");
	bed.port[2].number = 3;
	bed.port[2].role = RACEWAY_ROLE_VNIC;
	must_fail("no role of ports", RACEWAY_FAULT_INVALID, "port u1");
	bed.port[2].role = RACEWAY_ROLE_UPLINK;
	bed.port[2].dev[0] = 'x';
	must_fail("no such interface", RACEWAY_FAULT_INVALID, "port u1");
	bed.port[2].dev[0] = 'u';
	bed.port[2].ifindex = 0;
	must_fail("no interface", RACEWAY_FAULT_INVALID, "port u1");
	bed.port[2].ifindex = bed.ifindex[U1];
	bed.segment[0].number = 0;
	must_fail("segment 0", RACEWAY_FAULT_INVALID, "segment 0");
	bed.segment[0].number = 4095;
	must_fail("segment 4095", RACEWAY_FAULT_INVALID, "segment 4095");
	bed.segment[0].number = 10;
	bed.segment[0].uplink_vid = 4095;
	must_fail("VLAN 4095", RACEWAY_FAULT_INVALID, "segment 10");
	bed.segment[0].uplink_vid = 100;
	bed.segment[0].uplink_port = 9;
	must_fail("no such uplink", RACEWAY_FAULT_INVALID, "segment 10");
}

/* Two ports change numbers. Where XDP sends by a number is what the policies in force mean by
 * it, also if the fill fails after it has staged its ports. */
Test(fill, port_numbers_change_hands)
{
	struct raceway_member_key key = { .segment = 4095 };
	struct raceway_member member = { .vnic = 1 };
	struct raceway_error err = { 0 };
	uint32_t number = F1 + 1, ifindex;

	bed.port[F1].number = F2 + 1;
	bed.port[F2].number = F1 + 1;
	while (!bpf_map_update_elem(bed.dp->map[RACEWAY_MAP_MEMBERS], &key, &member, BPF_ANY))
		key.index++;
	cr_assert(raceway_dp_fill(bed.dp, &bed.config, &err));
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_LEAVING], &number, &ifindex));
	cr_expect_eq(ifindex, bed.ifindex[F1], "after a fill that failed");
	while (key.index--)
		bpf_map_delete_elem(bed.dp->map[RACEWAY_MAP_MEMBERS], &key);
	bed_fill(&bed);
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_LEAVING], &number, &ifindex));
	cr_expect_eq(ifindex, bed.ifindex[F2], "after the fill");
}

/* A vNIC that has used up its bucket gets a better rate: it is not silent for as long as the
 * old rate needed to fill the bucket, nor is the bucket full at once. */
Test(fill, a_new_rate_counts_at_once)
{
	struct raceway_dp_rate *rate = &bed_vnic(&bed, B)->dir[RACEWAY_RX];
	uint64_t *tat = (uint64_t *)&bed.dp->vnics[B].meter[RACEWAY_RX].excess_tat;
	const uint64_t second = RACEWAY_NSEC_PER_SEC << RACEWAY_TICK_SHIFT;
	uint64_t ahead;

	*rate = (struct raceway_dp_rate){ .pir_bps = 100000, .pbs_bytes = 125000 };
	bed_fill(&bed);
	*tat = bed_ticks() + 8 * second; /* 100,000 of 125,000 bytes */
	rate->pir_bps = 1000000000;
	bed_fill(&bed);
	/* It may have passed meanwhile. */
	cr_expect_leq((int64_t)(*tat - bed_ticks()), (int64_t)(second / 1250));
	*tat = bed_ticks() + second; /* less is missing than the smaller bucket holds */
	rate->pbs_bytes = 1000;
	bed_fill(&bed);
	cr_expect_leq((int64_t)(*tat - bed_ticks()), (int64_t)(second / 125000));
	rate->pir_bps = 1000000;
	rate->pbs_bytes = 1000000;
	bed_fill(&bed);
	*tat = bed_ticks() + 4 * second; /* 500,000 bytes */
	rate->pir_bps = 500000;
	bed_fill(&bed);
	ahead = *tat - bed_ticks();
	cr_expect(ahead > 7 * second && ahead <= 8 * second, "%lu ms ahead",
		  ahead / (second / 1000));
}

/* Frames of a vNIC at an uplink would be the LAN's, a segment without an uplink port would send
 * all that it does not know to a server. */
Test(fill, ports_of_the_wrong_role)
{
	bed_vnic(&bed, D)->port = U1 + 1;
	must_fail("a vNIC at an uplink", RACEWAY_FAULT_INVALID, "vnic test/4");
	bed_vnic(&bed, D)->port = F2 + 1;
	bed.segment[1].uplink_port = F1 + 1;
	must_fail("a fabric port as uplink", RACEWAY_FAULT_INVALID, "segment 20");
}
