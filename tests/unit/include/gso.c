// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/gso.h: how many header bytes a GSO packet repeats, tunnels' inner ones among
 * them, and that what is charged is never less than what will be on the wire. Each truncation ends
 * where a page ends and the next cannot be read. */
#include <criterion/criterion.h>
#include <raceway/gso.h>
#include <string.h>

#include "page.h"
#include "random.h"

#define ETH 14
#define TCP_DOFF 8 /* words: with time stamps */

struct build {
	__u8 bytes[512];
	__u32 length;
	__u16 ethertype;
};

static void add(struct build *b, const void *bytes, __u32 length)
{
	memcpy(b->bytes + b->length, bytes, length);
	b->length += length;
}

static void add_eth(struct build *b, __u16 type)
{
	const __u8 eth[ETH] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, type >> 8, type & 0xff };

	add(b, eth, sizeof(eth));
}

static void add_ip(struct build *b, int version, __u8 proto)
{
	__u8 ip[40] = { 0 };

	ip[0] = version == 4 ? 0x45 : 0x60;
	ip[version == 4 ? 9 : 6] = proto;
	add(b, ip, version == 4 ? 20 : 40);
}

static void add_tcp(struct build *b, __u8 words)
{
	__u8 tcp[60] = { 0 };

	tcp[12] = (__u8)(words << 4);
	add(b, tcp, words * 4U < 20 ? 20 : words * 4U);
}

/* Of all versions the outer and the inner ones; the inner packet is TCP. */
static struct build outer_of(int version, __u8 proto)
{
	struct build b = { .ethertype = version == 4 ? 0x0800 : 0x86dd };

	add_eth(&b, b.ethertype);
	add_ip(&b, version, proto);
	return b;
}

static void add_inner(struct build *b, int version)
{
	add_ip(b, version, RACEWAY_IPPROTO_TCP);
	add_tcp(b, TCP_DOFF);
}

static void add_gre(struct build *b, __u8 flags, __u16 type)
{
	const __u8 gre[16] = { flags, 0, type >> 8, type & 0xff };
	__u32 length = 4;

	for (__u8 bit = 0x80; bit; bit >>= 1)
		length += flags & bit ? 4 : 0;
	add(b, gre, length);
}

static __u32 headers(const struct build *b, __u32 length)
{
	memcpy(page_end() - length, b->bytes, length);
	return raceway_gso_headers(page_end() - length, page_end(), b->ethertype, ETH);
}

/* All of them, and that with less to see more are expected: never fewer without a word. */
static void expect_all(const struct build *b, const char *what)
{
	cr_expect_eq(headers(b, b->length), b->length, "%s: %x, not %u", what,
		     headers(b, b->length), b->length);
	for (__u32 length = ETH; length < b->length; length++) {
		__u32 seen = headers(b, length);

		cr_assert(seen == b->length || ((seen & RACEWAY_HEADERS_MORE) &&
						(seen & RACEWAY_HEADERS_BYTES) <= b->length),
			  "%s, %u bytes: %x", what, length, seen);
	}
}

static void expect_more(const struct build *b, const char *what)
{
	__u32 seen = headers(b, b->length);

	cr_expect(seen & RACEWAY_HEADERS_MORE, "%s: %x", what, seen);
	cr_expect_leq(seen & RACEWAY_HEADERS_BYTES, b->length, "%s: %x", what, seen);
}

Test(gso, tunnels_of_ip)
{
	for (int outer = 4; outer <= 6; outer += 2)
		for (int inner = 4; inner <= 6; inner += 2) {
			struct build b = outer_of(outer, inner == 4 ? 4 : 41);

			add_inner(&b, inner);
			expect_all(&b, "IP in IP");
		}
}

Test(gso, gre)
{
	static const __u8 flags[] = { 0, 0x80, 0x20, 0x10, 0xb0 };

	for (int version = 4; version <= 6; version += 2)
		for (size_t i = 0; i < sizeof(flags); i++) {
			struct build b = outer_of(version, RACEWAY_IPPROTO_GRE);

			add_gre(&b, flags[i], version == 4 ? 0x86dd : 0x0800);
			add_inner(&b, version == 4 ? 6 : 4);
			expect_all(&b, "GRE");
			b = outer_of(version, RACEWAY_IPPROTO_GRE);
			add_gre(&b, flags[i], RACEWAY_ETH_P_TEB);
			add_eth(&b, 0x0800);
			add_inner(&b, 4);
			expect_all(&b, "Ethernet in GRE");
		}
}

Test(gso, what_cannot_be_followed)
{
	struct build b = outer_of(4, RACEWAY_IPPROTO_GRE);

	add(&b, "\x40\x00\x08\x00", 4); /* with routes, RFC 1701: they come first */
	add_inner(&b, 4);
	expect_more(&b, "another GRE");
	b = outer_of(4, RACEWAY_IPPROTO_GRE);
	add(&b, "\x20\x01\x08\x00\x00\x00\x00\x00", 8); /* as PPTP has it, RFC 2637 */
	add_inner(&b, 4);
	expect_more(&b, "version 1");
	b = outer_of(4, RACEWAY_IPPROTO_GRE);
	add_gre(&b, 0, 0x8847);
	add_inner(&b, 4);
	expect_more(&b, "MPLS in GRE");
	b = outer_of(4, RACEWAY_IPPROTO_IPIP);
	add_ip(&b, 4, 17);
	add_inner(&b, 4);
	expect_more(&b, "UDP, maybe a tunnel, in IP");
	b = outer_of(4, RACEWAY_IPPROTO_IPIP);
	add_ip(&b, 4, RACEWAY_IPPROTO_IPIP);
	add_inner(&b, 4);
	expect_more(&b, "three times IP");
	b = outer_of(4, RACEWAY_IPPROTO_IPIP);
	add_ip(&b, 4, RACEWAY_IPPROTO_TCP);
	add_tcp(&b, 4);
	expect_more(&b, "a TCP header of 16 bytes");
	b = outer_of(4, 50);
	add_inner(&b, 4);
	expect_more(&b, "ESP");
	b = outer_of(4, 17);
	add_inner(&b, 4);
	cr_expect_eq(headers(&b, b.length), (ETH + 20 + 8) | RACEWAY_HEADERS_UDP);
	b = outer_of(4, RACEWAY_IPPROTO_SCTP);
	add_inner(&b, 4);
	cr_expect_eq(headers(&b, b.length), ETH + 20 + RACEWAY_SCTP_HLEN);
}

/* A packet of `segments` whose last has `last` bytes, each with `real` bytes of headers of which
 * `known` are told. `counted`: the kernel has counted them. */
struct packet {
	__u32 real, known, size, segments, last;
	bool counted, more;
	__u32 frame_max;
};

static struct packet any_packet(struct dice *dice)
{
	struct packet p = {
		.real = (__u32)dice_between(dice, 54, 600),
		.size = (__u32)dice_between(dice, 1, 2000),
		.counted = dice_next(dice) % 4 != 0,
		.more = dice_next(dice) % 2 != 0,
	};

	p.segments = (__u32)dice_between(dice, 1, 60000 / (p.size > 30 ? p.size : 30));
	p.last = dice_next(dice) % 2 ? p.size : (__u32)dice_between(dice, 1, p.size);
	p.known = p.more ? (__u32)dice_between(dice, 14, p.real) : p.real;
	p.frame_max = dice_next(dice) % 2 ? p.real + p.size + (__u32)dice_between(dice, 0, 500) : 0;
	return p;
}

static struct raceway_wire wire_of(const struct packet *p)
{
	struct raceway_wire wire;
	__u32 length = p->real + (p->segments - 1) * p->size + p->last;

	raceway_gso_wire(length, p->size, p->counted ? p->segments : 0,
			 p->known | (p->more ? RACEWAY_HEADERS_MORE : 0), p->frame_max, &wire);
	return wire;
}

Test(gso, never_less_than_on_the_wire)
{
	struct dice dice = { 1 };

	for (int i = 0; i < 300000; i++) {
		struct packet p = any_packet(&dice);
		struct raceway_wire wire = wire_of(&p);
		__u32 real = (p.segments - 1) * p.real;

		real = real < RACEWAY_FRAME_MAX ? real : RACEWAY_FRAME_MAX;
		cr_assert_geq(wire.more, real, "%u x (%u + %u), last %u, known %u, max %u",
			      p.segments, p.real, p.size, p.last, p.known, p.frame_max);
		cr_assert_leq(wire.longest, p.real + p.size);
		if (!p.more) {
			cr_assert_eq(wire.more, real);
			cr_assert_eq(wire.packets, p.segments);
			cr_assert_eq(wire.longest, p.real + p.size);
		}
	}
}

/* So a tunnel that fills the MTU pays for what it sends. */
Test(gso, full_segments_are_charged_what_they_are)
{
	struct packet p = { .real = 116,
			    .known = 42,
			    .size = 1398,
			    .segments = 40,
			    .last = 100,
			    .counted = true,
			    .more = true,
			    .frame_max = 1514 };

	cr_expect_eq(wire_of(&p).more, 39 * 116);
	p.frame_max = 0;
	cr_expect_eq(wire_of(&p).more, 39 * 216, "as if the last were no payload");
	p.last = p.size;
	cr_expect_eq(wire_of(&p).longest, 1514, "what the last cannot be, is headers");
}

/* Segments of different lengths: SCTP. */
Test(gso, segments_as_they_are)
{
	struct raceway_wire wire;

	raceway_gso_wire(46 + 3000, RACEWAY_GSO_BY_FRAGS, 3, 46, 1514, &wire);
	cr_expect_eq(wire.packets, 3);
	cr_expect_eq(wire.more, 2 * 46);
	cr_expect_eq(wire.longest, 1046);
	raceway_gso_wire(200 + 3000, RACEWAY_GSO_BY_FRAGS, 3, 34 | RACEWAY_HEADERS_MORE, 1514,
			 &wire);
	cr_expect_geq(wire.more, 2 * 200, "in a tunnel");
	cr_expect_leq(wire.more, 2 * 1514);
	raceway_gso_wire(1000, RACEWAY_GSO_BY_FRAGS, 0, 46, 1514, &wire);
	cr_expect_eq(wire.packets, 1);
}

/* What nobody has counted, and what no meter can charge. */
Test(gso, nothing_wraps)
{
	static const __u32 odd[] = { 0, 1, 2, 1000, 0xfffe, 0xffff };
	struct raceway_wire wire;

	for (size_t l = 1; l < 6; l++)
		for (size_t z = 1; z < 6; z++)
			for (size_t n = 0; n < 6; n++)
				for (size_t h = 0; h < 12; h++) {
					raceway_gso_wire(odd[l], odd[z], odd[n],
							 odd[h % 6] |
								 (h > 5 ? RACEWAY_HEADERS_MORE : 0),
							 1514, &wire);
					cr_expect_leq(wire.more, RACEWAY_FRAME_MAX);
					cr_expect_leq(wire.packets, 0xffff);
					cr_expect_leq(wire.longest, 3 * 0xffff);
				}
}
