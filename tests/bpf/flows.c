// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Rates near their limit, in the programs: CE marks, the reserve of small frames, flows of one
 * vNIC that share its rate, vNICs that share a leaving port, what an idle vNIC may send.
 *
 * A meter's state is set just before each frame. Rates are so slow and depths so long that what
 * flows in meanwhile decides nothing: idle is 80 s, of which the nearest limit is 10 s away. */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bed.h"

#define SLOW_BPS 8000 /* a byte per ms */
#define SLOW_BURST 1000000
#define SLOW_IDLE_MS 80000

#define TICKS_PER_MS raceway_ticks(1000000)
#define SLOW_DEPTH (SLOW_BURST * TICKS_PER_MS)
#define SLOW_IDLE (SLOW_IDLE_MS * TICKS_PER_MS)

static struct bed bed;
static struct raceway_class *flows[2]; /* of the ports' programs, of the vNICs' */

static struct raceway_class *map_flows(int prog)
{
	uint32_t id;
	int fd = bed_map_of(prog, "flows", &id);
	void *classes = mmap(NULL, RACEWAY_CLASSES_OF_FLOWS * sizeof(*flows[0]),
			     PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	cr_assert_neq(classes, MAP_FAILED);
	return classes;
}

static void setup(void)
{
	bed_open(&bed);
	flows[0] = map_flows(bed.dp->prog[RACEWAY_PROG_XDP]);
	flows[1] = map_flows(bed.dp->prog[RACEWAY_PROG_VNIC]);
}

TestSuite(flows, .init = setup);

static void (*const hooks[])(struct bed *bed) = { fire_xdp, fire_tc };
#define HOOKS 2

static struct raceway_meter *meter(uint32_t vnic, enum raceway_dir dir)
{
	return &bed.dp->vnics[vnic].meter[dir];
}

static void set_rate(uint32_t vnic, enum raceway_dir dir, uint64_t cir, uint64_t pir)
{
	bed_vnic(&bed, vnic)->dir[dir] = (struct raceway_dp_rate){
		.cir_bps = cir,
		.cbs_bytes = cir ? SLOW_BURST : 0,
		.pir_bps = pir,
		.pbs_bytes = cir && pir > cir ? 2 * SLOW_BURST : SLOW_BURST,
		.idle_ms = SLOW_IDLE_MS,
	};
	bed_fill(&bed);
}

/* What is left of both buckets, in eighths of `idle`. Below 2 is the reserve of small frames,
 * below 4 frames are marked, below a quarter of the depth flows are asked if it is contended. */
static void leave(uint32_t vnic, enum raceway_dir dir, uint64_t eighths, bool contended)
{
	struct raceway_meter *m = meter(vnic, dir);
	uint64_t now = bed_ticks();

	memset(m, 0, sizeof(*m));
	m->committed_tat = m->excess_tat = now + SLOW_DEPTH - SLOW_IDLE / 8 * eighths;
	m->busy = now;
	m->contended = contended ? now + RACEWAY_PATIENCE : 0;
}

/* Arrives and leaves; what is near its limit is told by `marks`, bits by direction. */
struct way {
	enum bed_dev at, to;
	uint32_t src, dst; /* numbers of the addresses */
	uint32_t in[3], out[3];
	uint32_t tx, rx; /* who is counted */
};

static const struct way untagged_in = { F1, F2, A, B, { 0 }, { C_TAG(10, 1) }, A, B };
static const struct way translated = { F1, U1, P, X, { C_TAG(30, 0) }, { C_TAG(300, 6) }, P, 0 };
/* The mark is where the IP header is. */
static const struct way inner_tag = {
	F2, U1, Q, X, { C_TAG(30, 0), C_TAG(5, 0) }, { C_TAG(300, 7), C_TAG(5, 0) }, Q, 0
};
static const struct way tag_off = { F2, F1, B, A, { C_TAG(10, 3) }, { 0 }, B, A };
static const struct way from_guest = { H1, F2, L, B, { 0 }, { C_TAG(10, 2) }, L, B };
static const struct way to_guest = { F1, H1, A, L, { 0 }, { 0 }, A, L };

static void near(const struct way *way, unsigned int dirs)
{
	for (int d = 0; d < RACEWAY_DIRS; d++)
		leave(d ? way->rx : way->tx, d, dirs & 1U << d ? 3 : 5, false);
}

static void expect(const char *what, const struct way *way, struct ip ip, unsigned int marks)
{
	uint32_t who[RACEWAY_DIRS] = { way->tx, way->rx };
	struct ip out = ip;

	arrives(&bed, what, way->at, ip_frame(way->dst, way->src, way->in, ip));
	if (marks)
		out.ecn = CE;
	leaves(&bed, way->to, ip_frame(way->dst, way->src, way->out, out));
	for (int d = 0; d < RACEWAY_DIRS; d++) {
		if (!who[d])
			continue;
		counted(&bed, who[d], d, RACEWAY_YELLOW);
		if (marks & 1U << d)
			counted(&bed, who[d], d, RACEWAY_MARKED);
	}
}

static void marks_by(const char *what, const struct way *way, void (*fire_it)(struct bed *bed))
{
	bed_vnic(&bed, Q)->trunk = true;
	for (int d = 0; d < RACEWAY_DIRS; d++)
		if (d ? way->rx : way->tx)
			set_rate(d ? way->rx : way->tx, d, 0, SLOW_BPS);
	for (int version = 4; version <= 6; version += 2)
		for (enum ecn ecn = NOT_ECT; ecn <= CE; ecn++)
			for (unsigned int dirs = 0; dirs < (way->rx ? 4 : 2); dirs++) {
				bool capable = ecn == ECT_0 || ecn == ECT_1;

				near(way, dirs);
				expect(what, way, (struct ip){ version, ecn, 7, 0, 0, DATA },
				       capable ? dirs : 0);
				fire_it(&bed);
			}
}

/* Marked is what can be, once per direction whose meter is near its limit, beside its colour.
 * All else passes as it is. */
Test(flows, marks_xdp)
{
	marks_by("tag pushed", &untagged_in, fire_xdp);
	marks_by("tag translated", &translated, fire_xdp);
	marks_by("tag popped", &tag_off, fire_xdp);
	marks_by("inner tag", &inner_tag, fire_xdp);
}

Test(flows, marks_tc)
{
	marks_by("tag pushed", &untagged_in, fire_tc);
	marks_by("tag translated", &translated, fire_tc);
	marks_by("tag popped", &tag_off, fire_tc);
	marks_by("inner tag", &inner_tag, fire_tc);
	marks_by("from a guest", &from_guest, fire_tc);
	marks_by("to a guest", &to_guest, fire_tc);
}

static struct pkt to_all(const uint32_t *tags, enum ecn ecn)
{
	struct pkt pkt = ip_frame(X, C, tags, (struct ip){ 4, ecn, 7, 0, 0, DATA });

	memset(pkt.bytes, 0xff, 6);
	return pkt;
}

/* A group frame whose sender is near its limit is marked once, for all who get a copy. */
Test(flows, marks_group_frames)
{
	set_rate(C, RACEWAY_TX, 0, SLOW_BPS);
	for (enum ecn ecn = NOT_ECT; ecn <= CE; ecn++)
		for (int near_limit = 0; near_limit < 2; near_limit++) {
			bool marks = near_limit && (ecn == ECT_0 || ecn == ECT_1);
			enum ecn out = marks ? CE : ecn;

			leave(C, RACEWAY_TX, near_limit ? 3 : 5, false);
			arrives(&bed, "to all", F1, to_all(TAGS(C_TAG(20, 0)), ecn));
			leaves(&bed, U1, to_all(NO_TAG, out));
			leaves(&bed, F2, to_all(TAGS(C_TAG(20, 3)), out));
			leaves(&bed, H2, to_all(NO_TAG, out));
			counted(&bed, C, RACEWAY_TX, RACEWAY_YELLOW);
			counted(&bed, D, RACEWAY_RX, RACEWAY_YELLOW);
			counted(&bed, M, RACEWAY_RX, RACEWAY_YELLOW);
			if (marks)
				counted(&bed, C, RACEWAY_TX, RACEWAY_MARKED);
			fire_tc(&bed);
		}
}

/* What is lost is not marked, whoever was near the limit. At the limit no bit helps. */
Test(flows, the_limit)
{
	set_rate(A, RACEWAY_TX, 0, SLOW_BPS);
	set_rate(B, RACEWAY_RX, 0, SLOW_BPS);
	for (int hook = 0; hook < HOOKS; hook++)
		for (enum ecn ecn = NOT_ECT; ecn <= CE; ecn++) {
			struct ip ip = { 4, ecn, 7, 0, 0, DATA };

			near(&untagged_in, 1);
			leave(B, RACEWAY_RX, 0, hook);
			arrives(&bed, "rx", F1, ip_frame(B, A, NO_TAG, ip));
			counted(&bed, A, RACEWAY_TX, RACEWAY_YELLOW);
			counted(&bed, B, RACEWAY_RX, RACEWAY_RED);
			lost(&bed, B, RACEWAY_RX, RACEWAY_DROP_RATE);
			hooks[hook](&bed);
			leave(A, RACEWAY_TX, 0, hook);
			arrives(&bed, "tx", F1, ip_frame(B, A, NO_TAG, ip));
			counted(&bed, A, RACEWAY_TX, RACEWAY_RED);
			lost(&bed, A, RACEWAY_TX, RACEWAY_DROP_RATE);
			hooks[hook](&bed);
			cr_expect_gt(meter(A, RACEWAY_TX)->contended, bed_ticks());
		}
}

/* What comes above a guarantee is asked before anybody has to slow down. */
Test(flows, a_guarantee_is_marked_where_it_is_the_peak)
{
	struct ip ect = { 6, ECT_0, 7, 0, 0, DATA }, ce = { 6, CE, 7, 0, 0, DATA };

	for (int same = 0; same < 2; same++) {
		set_rate(A, RACEWAY_TX, SLOW_BPS, same ? SLOW_BPS : 2 * SLOW_BPS);
		for (int hook = 0; hook < HOOKS; hook++) {
			leave(A, RACEWAY_TX, 3, false);
			arrives(&bed, "green", F1, ip_frame(B, A, NO_TAG, ect));
			leaves(&bed, F2, ip_frame(B, A, TAGS(C_TAG(10, 1)), same ? ce : ect));
			counted(&bed, A, RACEWAY_TX, RACEWAY_GREEN);
			if (same)
				counted(&bed, A, RACEWAY_TX, RACEWAY_MARKED);
			counted(&bed, B, RACEWAY_RX, RACEWAY_YELLOW);
			hooks[hook](&bed);
		}
	}
}

/* The last of the depth is for ACKs and CNPs, told by what they are and not by their length. */
Test(flows, the_reserve)
{
	static const struct ip others[] = {
		{ 4, NOT_ECT, 7, 0, 60, DATA },
		{ 6, NOT_ECT, 7, 0, 1514, DATA },
		{ 4, NOT_ECT, 7, 0, 132, ACK }, /* padded to more than an ACK needs */
	};
	static const struct ip control[] = {
		{ 4, NOT_ECT, 7, 0, 60, ACK },
		{ 6, ECT_0, 7, 0, 74, ACK },
		{ 4, NOT_ECT, 7, 0, 74, CNP },
		{ 6, NOT_ECT, 7, 0, 94, CNP },
	};

	set_rate(A, RACEWAY_TX, 0, SLOW_BPS);
	for (int hook = 0; hook < HOOKS; hook++) {
		for (int i = 0; i < 3; i++)
			for (int contended = 0; contended < 2; contended++) {
				leave(A, RACEWAY_TX, 1, contended);
				arrives(&bed, "another", F1, ip_frame(B, A, NO_TAG, others[i]));
				counted(&bed, A, RACEWAY_TX, RACEWAY_RED);
				lost(&bed, A, RACEWAY_TX, RACEWAY_DROP_RATE);
				hooks[hook](&bed);
			}
		for (int i = 0; i < 4; i++)
			for (int contended = 0; contended < 2; contended++) {
				struct ip ip = control[i];

				leave(A, RACEWAY_TX, 1, contended);
				expect("control", &untagged_in, ip, ip.ecn ? 1 : 0);
				hooks[hook](&bed);
			}
	}
	memset(flows[0], 0, RACEWAY_CLASSES_OF_FLOWS * sizeof(*flows[0]));
}

/* The classes that were asked are `count`; returns the last and clears them. */
static struct raceway_class *asked(struct raceway_class *classes, int count)
{
	struct raceway_class *found = NULL;

	for (uint32_t i = 0; i < RACEWAY_CLASSES_OF_FLOWS; i++)
		if (classes[i].tat || classes[i].window) {
			found = &classes[i];
			memset(found, 0, sizeof(*found));
			count--;
		}
	cr_assert(found && !count, "%d classes too few", count);
	return found;
}

static void is_red(const char *what, uint32_t src, struct pkt in, void (*fire_it)(struct bed *bed))
{
	arrives(&bed, what, F1, in);
	counted(&bed, src, RACEWAY_TX, RACEWAY_RED);
	lost(&bed, src, RACEWAY_TX, RACEWAY_DROP_RATE);
	fire_it(&bed);
}

static void is_yellow(const char *what, uint32_t src, struct pkt in, struct pkt out,
		      void (*fire_it)(struct bed *bed))
{
	arrives(&bed, what, F1, in);
	leaves(&bed, F2, out);
	counted(&bed, src, RACEWAY_TX, RACEWAY_YELLOW);
	counted(&bed, B, RACEWAY_RX, RACEWAY_YELLOW);
	fire_it(&bed);
}

/* Frames that are of one flow, or are not: those of another pass while the first is above its
 * share, and the first passes again once nobody has been refused for a while. */
static void two_frames(const char *what, const struct pkt in[2], const struct pkt out[2], bool same,
		       void (*fire_it)(struct bed *bed))
{
	struct raceway_class *class;

	leave(A, RACEWAY_TX, 8, true);
	is_yellow(what, A, in[0], out[0], fire_it);
	class = asked(flows[0], 1);
	class->tat = bed_ticks() + SLOW_DEPTH;
	leave(A, RACEWAY_TX, 8, true);
	is_red(what, A, in[0], fire_it);
	leave(A, RACEWAY_TX, 8, true);
	if (same)
		is_red(what, A, in[1], fire_it);
	else
		is_yellow(what, A, in[1], out[1], fire_it);
	leave(A, RACEWAY_TX, 8, false);
	is_yellow(what, A, in[0], out[0], fire_it);
	leave(A, RACEWAY_TX, SLOW_DEPTH / 4 / (SLOW_IDLE / 8) + 3, true);
	is_yellow(what, A, in[0], out[0], fire_it);
	memset(flows[0], 0, RACEWAY_CLASSES_OF_FLOWS * sizeof(*flows[0]));
}

static void two_ips(const char *what, struct ip one, struct ip other, bool same)
{
	const uint32_t *tags = TAGS(C_TAG(10, 1));
	struct pkt in[2] = { ip_frame(B, A, NO_TAG, one), ip_frame(B, A, NO_TAG, other) };
	struct pkt out[2] = { ip_frame(B, A, tags, one), ip_frame(B, A, tags, other) };

	for (int hook = 0; hook < HOOKS; hook++)
		two_frames(what, in, out, same, hooks[hook]);
}

#define MORE_FRAGMENTS 0x2000

Test(flows, a_flow_above_its_share)
{
	set_rate(A, RACEWAY_TX, 0, SLOW_BPS);
	two_ips("IPv4 ports", (struct ip){ 4, 0, 7, 0, 0, DATA },
		(struct ip){ 4, 0, 8, 0, 0, DATA }, false);
	two_ips("IPv6 ports", (struct ip){ 6, 0, 7, 0, 0, DATA },
		(struct ip){ 6, 0, 8, 0, 0, DATA }, false);
	two_ips("one flow", (struct ip){ 4, 0, 7, 0, 0, DATA },
		(struct ip){ 4, 0, 7, 0, 900, DATA }, true);
	two_ips("versions", (struct ip){ 4, 0, 7, 0, 0, DATA }, (struct ip){ 6, 0, 7, 0, 0, DATA },
		false);
	two_ips("fragments", (struct ip){ 4, 0, 7, MORE_FRAGMENTS, 0, DATA },
		(struct ip){ 4, 0, 8, 11, 0, DATA }, true);
}

/* What is not IP is a flow, too: by XDP one for each ethertype and pair of addresses. */
Test(flows, what_is_not_ip)
{
	struct pkt in[2] = { usual(B, A, NO_TAG), usual(B, A, NO_TAG) };
	struct pkt out[2] = { usual(B, A, TAGS(C_TAG(10, 1))), usual(B, A, TAGS(C_TAG(10, 1))) };

	set_rate(A, RACEWAY_TX, 0, SLOW_BPS);
	in[1].bytes[40] = out[1].bytes[44] = 1;
	for (int hook = 0; hook < HOOKS; hook++)
		two_frames("one protocol", in, out, true, hooks[hook]);
	in[1].bytes[13] = out[1].bytes[17] = 0xb6;
	two_frames("two protocols", in, out, false, fire_xdp);
}

/* A frame that two meters judge by flow is of two classes. */
Test(flows, classes_of_each_meter)
{
	const struct way *both[] = { &untagged_in, &from_guest };

	for (int i = 0; i < 2; i++) {
		set_rate(both[i]->tx, RACEWAY_TX, 0, SLOW_BPS);
		set_rate(B, RACEWAY_RX, 0, SLOW_BPS);
		for (int hook = i; hook < HOOKS; hook++) {
			leave(both[i]->tx, RACEWAY_TX, 8, true);
			leave(B, RACEWAY_RX, 8, true);
			expect("both", both[i], (struct ip){ 4, ECT_0, 7, 0, 0, DATA }, 0);
			hooks[hook](&bed);
			asked(flows[i], 2);
		}
	}
}
