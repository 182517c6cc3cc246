// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The segment's tag on its way: pushed, popped, translated, and what a second one may do. */
#include "bed.h"

static struct bed bed;

static void open_bed(void)
{
	bed_open(&bed);
}

TestSuite(tags, .init = open_bed);

/* A is untagged at F1, B is tagged at F2; class becomes PCP wherever there is a tag. */
Test(tags, push_pop_translate)
{
	passes(&bed, "push", F1, usual(B, A, NO_TAG), F2, usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	passes(&bed, "pop", F2, usual(A, B, TAGS(C_TAG(10, 0))), F1, usual(A, B, NO_TAG), B, A);
	passes(&bed, "tag kept, PCP ours", F1, usual(D, C, TAGS(C_TAG(20, 7))), F2,
	       usual(D, C, TAGS(C_TAG(20, 3))), C, D);
	passes(&bed, "push of the uplink's", F1, usual(X, A, NO_TAG), U1,
	       usual(X, A, TAGS(C_TAG(100, 1))), A, 0);
	passes(&bed, "translated to the uplink's", F2, usual(X, B, TAGS(C_TAG(10, 2))), U1,
	       usual(X, B, TAGS(C_TAG(100, 5))), B, 0);
	passes(&bed, "popped for the uplink", F1, usual(X, C, TAGS(C_TAG(20, 0))), U1,
	       usual(X, C, NO_TAG), C, 0);
	passes(&bed, "popped from the uplink", U1, usual(A, X, TAGS(C_TAG(100, 7))), F1,
	       usual(A, X, NO_TAG), 0, A);
	passes(&bed, "translated from the uplink", U1, usual(B, X, TAGS(C_TAG(100, 7))), F2,
	       usual(B, X, TAGS(C_TAG(10, 5))), 0, B);
	passes(&bed, "pushed from the uplink", U1, usual(C, X, NO_TAG), F1,
	       usual(C, X, TAGS(C_TAG(20, 3))), 0, C);
}

/* Local guests know nothing of segments: untagged there. */
Test(tags, local)
{
	passes(&bed, "guest to fabric", H1, usual(B, L, NO_TAG), F2,
	       usual(B, L, TAGS(C_TAG(10, 2))), L, B);
	passes(&bed, "guest to native", H1, usual(A, L, NO_TAG), F1, usual(A, L, NO_TAG), L, A);
	passes(&bed, "guest to uplink", H1, usual(X, L, NO_TAG), U1,
	       usual(X, L, TAGS(C_TAG(100, 2))), L, 0);
	passes(&bed, "guest to untagged uplink", H2, usual(X, M, NO_TAG), U1, usual(X, M, NO_TAG),
	       M, 0);
	passes(&bed, "fabric to guest", F2, usual(L, B, TAGS(C_TAG(10, 0))), H1,
	       usual(L, B, NO_TAG), B, L);
	passes(&bed, "native to guest", F1, usual(L, A, NO_TAG), H1, usual(L, A, NO_TAG), A, L);
	passes(&bed, "uplink to guest", U1, usual(L, X, TAGS(C_TAG(100, 3))), H1,
	       usual(L, X, NO_TAG), 0, L);
	passes(&bed, "untagged uplink to guest", U1, usual(M, X, NO_TAG), H2, usual(M, X, NO_TAG),
	       0, M);
}

/* IEEE 802.1Q: a tag with VID 0 carries a priority and no VLAN. */
Test(tags, vid_0_is_untagged)
{
	passes(&bed, "at the native port", F1, usual(B, A, TAGS(C_TAG(0, 6))), F2,
	       usual(B, A, TAGS(C_TAG(10, 1))), A, B);
	passes(&bed, "at the untagged uplink", U1, usual(C, X, TAGS(C_TAG(0, 6))), F1,
	       usual(C, X, TAGS(C_TAG(20, 3))), 0, C);
	passes(&bed, "popped", F1, usual(L, A, TAGS(C_TAG(0, 6))), H1, usual(L, A, NO_TAG), A, L);
	is_lost(&bed, "no native segment", F2, usual(A, B, TAGS(C_TAG(0, 6))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "untagged without native segment", F2, usual(A, B, NO_TAG), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
}

Test(tags, no_segment)
{
	is_lost(&bed, "VLAN of none, fabric", F1, usual(B, A, TAGS(C_TAG(11, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "the highest VID", F1, usual(B, A, TAGS(C_TAG(4095, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "VLAN of none, uplink", U1, usual(A, X, TAGS(C_TAG(101, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "a segment's number is no VLAN of an uplink", U1,
		usual(A, X, TAGS(C_TAG(10, 0))), 0, 0, RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "VLAN of another uplink", U2, usual(A, X, TAGS(C_TAG(100, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "an uplink's VLAN at the fabric", F1, usual(B, A, TAGS(C_TAG(100, 0))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	/* The tag of the native segment is as good as none. */
	passes(&bed, "native segment, tagged", F1, usual(B, A, TAGS(C_TAG(10, 0))), F2,
	       usual(B, A, TAGS(C_TAG(10, 1))), A, B);
}

/* A second tag is somebody else's VLAN: dropped unless both ends are trunks. */
Test(tags, inner_tags_without_trunk)
{
	is_lost(&bed, "two C-tags", F2, usual(A, B, TAGS(C_TAG(10, 0), C_TAG(20, 0))), B,
		RACEWAY_TX, RACEWAY_DROP_VLAN);
	is_lost(&bed, "C-tag and S-tag", F2, usual(A, B, TAGS(C_TAG(10, 0), S_TAG(20))), B,
		RACEWAY_TX, RACEWAY_DROP_VLAN);
	is_lost(&bed, "S-tag at the native port", F1, usual(B, A, TAGS(S_TAG(20))), A, RACEWAY_TX,
		RACEWAY_DROP_VLAN);
	is_lost(&bed, "S-tag without native segment", F2, usual(A, B, TAGS(S_TAG(10))), 0, 0,
		RACEWAY_DROP_NO_SEGMENT);
	is_lost(&bed, "priority tag and C-tag", F1, usual(B, A, TAGS(C_TAG(0, 0), C_TAG(20, 0))), A,
		RACEWAY_TX, RACEWAY_DROP_VLAN);
	is_lost(&bed, "a guest's own tag", H1, usual(B, L, TAGS(C_TAG(20, 0))), L, RACEWAY_TX,
		RACEWAY_DROP_VLAN);
	is_lost(&bed, "a guest's own S-tag", H1, usual(B, L, TAGS(S_TAG(20))), L, RACEWAY_TX,
		RACEWAY_DROP_VLAN);
	passes(&bed, "a guest's priority tag", H1, usual(B, L, TAGS(C_TAG(0, 3))), F2,
	       usual(B, L, TAGS(C_TAG(10, 2))), L, B);
	is_lost(&bed, "from the uplink", U1, usual(A, X, TAGS(C_TAG(100, 0), C_TAG(20, 0))), A,
		RACEWAY_RX, RACEWAY_DROP_VLAN);
	is_lost(&bed, "S-tag from the uplink", U1, usual(C, X, TAGS(S_TAG(100))), C, RACEWAY_RX,
		RACEWAY_DROP_VLAN);
}

Test(tags, trunk)
{
	bed_vnic(&bed, B)->trunk = bed_vnic(&bed, D)->trunk = bed_vnic(&bed, L)->trunk = true;
	bed_fill(&bed);
	passes(&bed, "out by a tagged uplink", F2, usual(X, B, TAGS(C_TAG(10, 0), C_TAG(20, 3))),
	       U1, usual(X, B, TAGS(C_TAG(100, 5), C_TAG(20, 3))), B, 0);
	passes(&bed, "in by it", U1, usual(B, X, TAGS(C_TAG(100, 0), C_TAG(20, 3))), F2,
	       usual(B, X, TAGS(C_TAG(10, 5), C_TAG(20, 3))), 0, B);
	passes(&bed, "an S-tag inside", F2, usual(X, B, TAGS(C_TAG(10, 0), S_TAG(20))), U1,
	       usual(X, B, TAGS(C_TAG(100, 5), S_TAG(20))), B, 0);
	passes(&bed, "three tags", F2, usual(X, B, TAGS(C_TAG(10, 0), C_TAG(20, 3), C_TAG(30, 1))),
	       U1, usual(X, B, TAGS(C_TAG(100, 5), C_TAG(20, 3), C_TAG(30, 1))), B, 0);
	is_lost(&bed, "to one that is no trunk", F2, usual(A, B, TAGS(C_TAG(10, 0), C_TAG(20, 0))),
		A, RACEWAY_RX, RACEWAY_DROP_VLAN);
	/* Untagged, the inner tag would be taken for the LAN's. */
	is_lost(&bed, "out by an untagged uplink", F2,
		usual(X, D, TAGS(C_TAG(20, 0), C_TAG(100, 0))), D, RACEWAY_TX, RACEWAY_DROP_VLAN);
	passes(&bed, "to a local trunk", F2, usual(L, B, TAGS(C_TAG(10, 0), C_TAG(20, 3))), H1,
	       usual(L, B, TAGS(C_TAG(20, 3))), B, L);
	arrives(&bed, "from a local trunk", H1, usual(B, L, TAGS(C_TAG(20, 3))));
	leaves(&bed, F2, usual(B, L, TAGS(C_TAG(10, 2), C_TAG(20, 3))));
	counted(&bed, L, RACEWAY_TX, RACEWAY_YELLOW);
	counted(&bed, B, RACEWAY_RX, RACEWAY_YELLOW);
	fire_tc(&bed);

	bed_vnic(&bed, A)->trunk = true;
	bed_fill(&bed);
	/* Even a trunk: at a native port the inner tag would name another segment. */
	is_lost(&bed, "to a trunk at its native port", F2,
		usual(A, B, TAGS(C_TAG(10, 0), C_TAG(20, 0))), A, RACEWAY_RX, RACEWAY_DROP_VLAN);
}

/* From 14 bytes on, the shortest that a test run takes (shorter: the parser's own tests). */
Test(tags, malformed_at_every_length)
{
	static const struct {
		uint32_t tag[3];
		uint32_t needs;
	} kinds[] = { { { 0 }, 14 },
		      { { C_TAG(10, 0) }, 18 },
		      { { S_TAG(10) }, 18 },
		      { { C_TAG(10, 0), C_TAG(20, 0) }, 22 },
		      { { C_TAG(10, 0), S_TAG(20) }, 22 } };
	struct raceway_drop_key key = {
		.id = bed.ifindex[F2],
		.owner = RACEWAY_OWNER_PORT,
		.dir = RACEWAY_TX,
		.reason = RACEWAY_DROP_MALFORMED,
	};

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (uint32_t length = 14; length < kinds[k].needs; length++) {
			struct pkt in = frame(mac_of(A), mac_of(B), kinds[k].tag, 20), out;

			in.length = length;
			cr_expect_eq(run_xdp(&bed, F2, &in, &out), 1 /* XDP_DROP */, "%u bytes",
				     length);
			book_drop(&bed, key, 1);
			check_books(&bed, "malformed");
		}
}

/* The shortest frames that are whole go their way, byte by byte. */
Test(tags, shortest_frames)
{
	for (uint32_t payload = 0; payload < 50; payload++) {
		struct pkt in = frame(mac_of(A), mac_of(B), TAGS(C_TAG(10, 0)), payload);

		arrives(&bed, "pop of a short frame", F2, in);
		leaves(&bed, F1, frame(mac_of(A), mac_of(B), NO_TAG, payload));
		counted(&bed, B, RACEWAY_TX, RACEWAY_YELLOW);
		counted(&bed, A, RACEWAY_RX, RACEWAY_YELLOW);
		fire_xdp(&bed);
		arrives(&bed, "push on a short frame", F1,
			frame(mac_of(B), mac_of(A), NO_TAG, payload));
		leaves(&bed, F2, frame(mac_of(B), mac_of(A), TAGS(C_TAG(10, 1)), payload));
		counted(&bed, A, RACEWAY_TX, RACEWAY_YELLOW);
		counted(&bed, B, RACEWAY_RX, RACEWAY_YELLOW);
		fire_xdp(&bed);
	}
}
