// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Who may send, and where a unicast frame goes: source check, switching of the segment,
 * reflection, state, location, MTU, host keep; each drop by its name and owner. */
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "bed.h"

static struct bed bed;

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(steer, .init = open_bed);

#define AT_10 TAGS(C_TAG(10, 0))
#define AT_20 TAGS(C_TAG(20, 0))
#define FROM_100 TAGS(C_TAG(100, 0))

Test(steer, spoof)
{
	is_lost(&bed, "an address of another port", F2, usual(B, A, AT_10), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "an address of nobody", F1, usual(B, X, NO_TAG), 0, 0, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "an address of another segment", F1, usual(B, C, NO_TAG), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "one's own address in another segment", F1, usual(D, A, AT_20), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "the address of a local vNIC", F1, usual(B, L, NO_TAG), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "the address of a vNIC that is nowhere", F1, usual(B, N, NO_TAG), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a guest", H1, usual(B, A, NO_TAG), L, RACEWAY_TX, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a guest, one bit", H1,
		frame(mac_of(B), (const uint8_t *)"\x02\x00\x00\x00\x00\x04", NO_TAG, 86), L,
		RACEWAY_TX, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a guest, in the middle", H1,
		frame(mac_of(B), (const uint8_t *)"\x02\x00\x01\x00\x00\x05", NO_TAG, 86), L,
		RACEWAY_TX, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a group address", F1,
		frame(mac_of(B), (const uint8_t *)"\x03\x00\x00\x00\x00\x01", NO_TAG, 86), 0, 0,
		RACEWAY_DROP_SPOOF);
}

/* Without the check, sources that nobody knows are the vNIC's; those of others stay theirs. */
Test(steer, spoofcheck_off)
{
	static const uint8_t group[6] = { 3, 0, 0, 0, 0, 1 };

	bed_vnic(&bed, B)->spoofcheck = bed_vnic(&bed, L)->spoofcheck = false;
	bed_fill(&bed);
	passes(&bed, "foreign at a fabric port", F2, usual(A, X, AT_10), F1, usual(A, X, NO_TAG), B,
	       A);
	passes(&bed, "foreign to the uplink", F2, usual(X, X, AT_10), U1,
	       usual(X, X, TAGS(C_TAG(100, 5))), B, 0);
	passes(&bed, "its own", F2, usual(A, B, AT_10), F1, usual(A, B, NO_TAG), B, A);
	is_lost(&bed, "another vNIC's", F2, usual(B, A, AT_10), 0, 0, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "foreign in another segment", F2, usual(C, X, AT_20), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "foreign at another port", F1, usual(B, X, NO_TAG), 0, 0, RACEWAY_DROP_SPOOF);
	passes(&bed, "foreign from a guest", H1, usual(A, X, NO_TAG), F1, usual(A, X, NO_TAG), L,
	       A);
	is_lost(&bed, "another vNIC's, from a guest", H1, usual(B, A, NO_TAG), L, RACEWAY_TX,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a group's, from a guest", H1, frame(mac_of(A), group, NO_TAG, 86), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a group's, fabric", F2, frame(mac_of(A), group, AT_10, 86), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "a group's, uplink", U1, frame(mac_of(A), group, FROM_100, 86), 0, 0,
		RACEWAY_DROP_SPOOF);
	is_lost(&bed, "never learnt", U1, usual(X, A, FROM_100), 0, 0, RACEWAY_DROP_REFLECTED);
	is_lost(&bed, "never learnt", U1, frame(mac_of(X), mac_of(D), FROM_100, 86), 0, 0,
		RACEWAY_DROP_UNKNOWN);

	bed_vnic(&bed, B)->spoofcheck = bed_vnic(&bed, L)->spoofcheck = true;
	bed_fill(&bed);
	is_lost(&bed, "on again", F2, usual(A, X, AT_10), 0, 0, RACEWAY_DROP_SPOOF);
	is_lost(&bed, "on again, guest", H1, usual(A, X, NO_TAG), L, RACEWAY_TX,
		RACEWAY_DROP_SPOOF);
}

Test(steer, down)
{
	bed_vnic(&bed, A)->up = bed_vnic(&bed, L)->up = false;
	bed_fill(&bed);
	is_lost(&bed, "from it", F1, usual(B, A, NO_TAG), A, RACEWAY_TX, RACEWAY_DROP_DOWN);
	is_lost(&bed, "to it", F2, usual(A, B, AT_10), A, RACEWAY_RX, RACEWAY_DROP_DOWN);
	is_lost(&bed, "to it from the uplink", U1, usual(A, X, FROM_100), A, RACEWAY_RX,
		RACEWAY_DROP_DOWN);
	is_lost(&bed, "from the guest", H1, usual(B, L, NO_TAG), L, RACEWAY_TX, RACEWAY_DROP_DOWN);
	is_lost(&bed, "to the guest", F2, usual(L, B, AT_10), L, RACEWAY_RX, RACEWAY_DROP_DOWN);
}

Test(steer, nowhere)
{
	is_lost(&bed, "from a vNIC", F1, usual(N, A, NO_TAG), N, RACEWAY_RX,
		RACEWAY_DROP_NO_LOCATION);
	is_lost(&bed, "from the uplink", U1, usual(N, X, FROM_100), N, RACEWAY_RX,
		RACEWAY_DROP_NO_LOCATION);
}

/* veb delivers, vepa sends all to the uplink, private delivers nothing between vNICs. */
Test(steer, switching)
{
	passes(&bed, "vepa", F1, usual(Q, P, TAGS(C_TAG(30, 0))), U1,
	       usual(Q, P, TAGS(C_TAG(300, 6))), P, 0);
	passes(&bed, "vepa, to the LAN", F1, usual(X, P, TAGS(C_TAG(30, 0))), U1,
	       usual(X, P, TAGS(C_TAG(300, 6))), P, 0);
	passes(&bed, "vepa, hairpinned", U1, usual(Q, P, TAGS(C_TAG(300, 0))), F2,
	       usual(Q, P, TAGS(C_TAG(30, 7))), 0, Q);
	passes(&bed, "vepa, from the LAN", U1, usual(Q, X, TAGS(C_TAG(300, 0))), F2,
	       usual(Q, X, TAGS(C_TAG(30, 7))), 0, Q);
	is_lost(&bed, "private", F1, usual(S, R, TAGS(C_TAG(40, 0))), R, RACEWAY_TX,
		RACEWAY_DROP_PRIVATE);
	passes(&bed, "private, to the LAN", F1, usual(X, R, TAGS(C_TAG(40, 0))), U1,
	       usual(X, R, TAGS(C_TAG(400, 0))), R, 0);
	passes(&bed, "private, from the LAN", U1, usual(R, X, TAGS(C_TAG(400, 0))), F1,
	       usual(R, X, TAGS(C_TAG(40, 0))), 0, R);
	passes(&bed, "without uplink", F1, usual(U, T, TAGS(C_TAG(50, 0))), F2,
	       usual(U, T, TAGS(C_TAG(50, 0))), T, U);
	is_lost(&bed, "no uplink", F1, usual(X, T, TAGS(C_TAG(50, 0))), T, RACEWAY_TX,
		RACEWAY_DROP_NO_UPLINK);
	is_lost(&bed, "no uplink, private", F1, usual(X, W, TAGS(C_TAG(70, 0))), W, RACEWAY_TX,
		RACEWAY_DROP_NO_UPLINK);
	is_lost(&bed, "a vNIC of another segment is no vNIC here", F1,
		usual(A, T, TAGS(C_TAG(50, 0))), T, RACEWAY_TX, RACEWAY_DROP_NO_UPLINK);
	passes(&bed, "two vNICs behind one port", F1, usual(V, A, NO_TAG), U1,
	       usual(V, A, TAGS(C_TAG(100, 1))), A, 0);
}

Test(steer, from_the_uplink)
{
	is_lost(&bed, "unknown", U1, usual(X, X, FROM_100), 0, 0, RACEWAY_DROP_UNKNOWN);
	is_lost(&bed, "of another segment", U1, usual(C, X, FROM_100), 0, 0, RACEWAY_DROP_UNKNOWN);
	is_lost(&bed, "reflected", U1, usual(B, A, FROM_100), 0, 0, RACEWAY_DROP_REFLECTED);
	is_lost(&bed, "reflected, private", U1, usual(S, R, TAGS(C_TAG(400, 0))), 0, 0,
		RACEWAY_DROP_REFLECTED);
	passes(&bed, "an address of another segment's vNIC", U1, usual(B, C, FROM_100), F2,
	       usual(B, C, TAGS(C_TAG(10, 5))), 0, B);
}

Test(steer, mtu)
{
	struct pkt in;

	bed_ip("link set u1 mtu 1200\n");
	bed_vnic(&bed, B)->mtu = bed_vnic(&bed, L)->mtu = 1000;
	bed_vnic(&bed, D)->trunk = true;
	bed_fill(&bed);
	for (uint32_t payload = 999; payload <= 1002; payload++) {
		in = frame(mac_of(B), mac_of(A), NO_TAG, payload);
		if (payload <= 1000)
			passes(&bed, "fits the vNIC", F1, in, F2,
			       frame(mac_of(B), mac_of(A), TAGS(C_TAG(10, 1)), payload), A, B);
		else
			is_lost(&bed, "longer than the vNIC", F1, in, B, RACEWAY_RX,
				RACEWAY_DROP_MTU);
		in = frame(mac_of(L), mac_of(B), AT_10, payload);
		if (payload <= 1000)
			passes(&bed, "fits the guest", F2, in, H1,
			       frame(mac_of(L), mac_of(B), NO_TAG, payload), B, L);
		else
			is_lost(&bed, "longer than the guest", F2, in, L, RACEWAY_RX,
				RACEWAY_DROP_MTU);
		in = frame(mac_of(X), mac_of(A), NO_TAG, payload + 200);
		if (payload <= 1000)
			passes(&bed, "fits the uplink", F1, in, U1,
			       frame(mac_of(X), mac_of(A), TAGS(C_TAG(100, 1)), payload + 200), A,
			       0);
		else
			is_lost(&bed, "longer than the uplink", F1, in, A, RACEWAY_TX,
				RACEWAY_DROP_MTU);
	}
}

/* A trunk's tag is not the guest's payload, but the link has to carry it. */
Test(steer, mtu_of_trunks)
{
	uint32_t tags[] = { C_TAG(10, 0), C_TAG(20, 0), 0 };

	bed_vnic(&bed, A)->trunk = bed_vnic(&bed, B)->trunk = bed_vnic(&bed, L)->trunk = true;
	bed_vnic(&bed, L)->mtu = 1000;
	bed_fill(&bed);
	passes(&bed, "fits", F2, frame(mac_of(L), mac_of(B), tags, 1000), H1,
	       frame(mac_of(L), mac_of(B), tags + 1, 1000), B, L);
	is_lost(&bed, "one byte more", F2, frame(mac_of(L), mac_of(B), tags, 1001), L, RACEWAY_RX,
		RACEWAY_DROP_MTU);
	bed_ip("link set u1 mtu 1200\n");
	bed_fill(&bed);
	passes(&bed, "fits the link with its tag", F2, frame(mac_of(X), mac_of(B), tags, 1196), U1,
	       frame(mac_of(X), mac_of(B), TAGS(C_TAG(100, 5), C_TAG(20, 0)), 1196), B, 0);
	is_lost(&bed, "does not", F2, frame(mac_of(X), mac_of(B), tags, 1197), B, RACEWAY_TX,
		RACEWAY_DROP_MTU);
}

/* Host keep: what is for the port's own address is the host's, untouched and uncounted. */
Test(steer, host_keep)
{
	static const uint8_t own[6] = { 2, 0, 0, 0, 2, U2 }, f1[6] = { 2, 0, 0, 0, 2, F1 };
	struct pkt in = frame(own, mac_of(X), NO_TAG, 86);

	arrives(&bed, "to the port's own address", U2, in);
	to_host(&bed, in);
	fire(&bed);
	passes(&bed, "to a vNIC", U2, usual(V, X, NO_TAG), F1, usual(V, X, TAGS(C_TAG(60, 0))), 0,
	       V);
	is_lost(&bed, "to nobody", U2, usual(X, X, NO_TAG), 0, 0, RACEWAY_DROP_UNKNOWN);
	is_lost(&bed, "nearly the port's own", U2, frame(f1, mac_of(X), NO_TAG, 86), 0, 0,
		RACEWAY_DROP_UNKNOWN);
	passes(&bed, "host none: an address of the LAN like any other", F1,
	       frame(f1, mac_of(A), NO_TAG, 86), U1, frame(f1, mac_of(A), TAGS(C_TAG(100, 1)), 86),
	       A, 0);
}

Test(steer, no_port)
{
	cr_assert(!bpf_map_delete_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[F2]));
	cr_assert(!bpf_map_delete_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[H1]));
	is_lost(&bed, "a port", F2, usual(A, B, AT_10), 0, 0, RACEWAY_DROP_NO_PORT);
	is_lost(&bed, "a host end", H1, usual(B, L, NO_TAG), 0, 0, RACEWAY_DROP_NO_PORT);
}

static struct raceway_vnic_policy *policy(uint32_t vnic)
{
	struct raceway_vnic *v = &bed.dp->vnics[vnic];

	return &v->slot[v->valid & 1];
}

/* Tables that contradict each other, which no fill leaves behind: closed all the same. */
Test(steer, tables_that_do_not_fit)
{
	struct raceway_port host_end = { .role = RACEWAY_ROLE_VNIC, .vnic = BED_MAX_VNICS + 7 };
	struct raceway_fdb_key key = { .segment = 10 };
	uint32_t wrong = D, beyond = 99999;

	policy(B)->port = 2000;
	is_lost(&bed, "a port number beyond the table", F1, usual(B, A, NO_TAG), B, RACEWAY_RX,
		RACEWAY_DROP_NO_POLICY);
	policy(B)->port = F2 + 1;
	cr_assert(!bpf_map_update_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[H1], &host_end,
				       BPF_ANY));
	is_lost(&bed, "a host end of no vNIC", H1, usual(B, L, NO_TAG), 0, 0,
		RACEWAY_DROP_NO_POLICY);
	memcpy(key.mac, mac_of(B), 6);
	cr_assert(!raceway_fdb_set(bed.dp, &key, wrong));
	is_lost(&bed, "an address whose policy disagrees", U1, usual(B, X, FROM_100), 0, 0,
		RACEWAY_DROP_UNKNOWN);
	cr_assert(!raceway_fdb_set(bed.dp, &key, beyond));
	is_lost(&bed, "an address of a vNIC beyond the table", F2, usual(A, B, AT_10), 0, 0,
		RACEWAY_DROP_SPOOF);
	bed.dp->segments[20].flags = 0;
	is_lost(&bed, "a segment that is not valid, from a guest", H2, usual(X, M, NO_TAG), M,
		RACEWAY_TX, RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "a segment that is not valid, fabric", F1, usual(D, C, AT_20), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "a segment that is not valid, uplink", U1, usual(D, X, NO_TAG), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
}

/* XDP only: with no way out in the device map the frame is dropped by name. TC redirects by
 * ifindex, and what the kernel then refuses it drops itself: group.c has the copies. */
Test(steer, rewrite)
{
	struct raceway_drop_key key = {
		.id = B,
		.owner = RACEWAY_OWNER_VNIC,
		.dir = RACEWAY_RX,
		.reason = RACEWAY_DROP_REWRITE,
	};
	struct pkt in = usual(B, A, NO_TAG), out;
	uint32_t number = F2 + 1;

	cr_assert(!bpf_map_delete_elem(bed.dp->map[RACEWAY_MAP_LEAVING], &number));
	cr_expect_eq(run_xdp(&bed, F1, &in, &out), XDP_DROP);
	book_frame(&bed, A, RACEWAY_TX, RACEWAY_YELLOW, 1, USUAL_BYTES);
	book_frame(&bed, B, RACEWAY_RX, RACEWAY_YELLOW, 1, USUAL_BYTES);
	book_drop(&bed, key, 1);
	check_books(&bed, "no way out");
}

static void put(enum raceway_map map, const void *key, const void *value)
{
	cr_assert(!bpf_map_update_elem(bed.dp->map[map], key, value, BPF_ANY), "%m");
}

/* What a fill that died has left in the hashes, or a reader sees of an element that is being
 * reused, opens no way into a segment: whatever it leads to must name where the frame arrived. */
Test(steer, stale_entries_open_nothing)
{
	struct raceway_vid_key vid = { .port = U1 + 1, .vid = 555 }, other = { U2 + 1, 100 };
	struct raceway_foreign_key foreign = { .port = F2 + 1, .segment = 20 };
	struct raceway_port entry;
	uint16_t segment = 10;
	uint32_t vnic = B;

	put(RACEWAY_MAP_VID_SEGMENT, &vid, &segment);
	is_lost(&bed, "another VLAN", U1, usual(A, X, TAGS(C_TAG(555, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	put(RACEWAY_MAP_VID_SEGMENT, &other, &segment);
	is_lost(&bed, "another uplink", U2, usual(A, X, FROM_100), 0, 0, RACEWAY_DROP_NO_SEGMENT);

	bed_vnic(&bed, B)->spoofcheck = bed_vnic(&bed, L)->spoofcheck = false;
	bed_fill(&bed);
	put(RACEWAY_MAP_FOREIGN, &foreign, &vnic);
	is_lost(&bed, "answers for another segment", F2, usual(C, X, AT_20), 0, 0,
		RACEWAY_DROP_SPOOF);

	/* H2's element shows H1's vNIC, U1's shows U2, F2's shows F1. */
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[H1], &entry));
	put(RACEWAY_MAP_PORTS, &bed.ifindex[H2], &entry);
	is_lost(&bed, "another guest", H2, usual(A, M, NO_TAG), 0, 0, RACEWAY_DROP_SPOOF);
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[U2], &entry));
	entry.flags = 0;
	put(RACEWAY_MAP_PORTS, &bed.ifindex[U1], &entry);
	is_lost(&bed, "one uplink for another", U1, usual(V, X, NO_TAG), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	cr_assert(!bpf_map_lookup_elem(bed.dp->map[RACEWAY_MAP_PORTS], &bed.ifindex[F1], &entry));
	put(RACEWAY_MAP_PORTS, &bed.ifindex[F2], &entry);
	is_lost(&bed, "one fabric port for another", F2, usual(B, A, NO_TAG), 0, 0,
		RACEWAY_DROP_SPOOF);
}
