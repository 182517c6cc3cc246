// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/parse.h on every truncation of every kind of frame. The frame ends where a
 * page ends and the next one cannot be read, so one byte too far is a crash. */
#include <criterion/criterion.h>
#include <raceway/gso.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "random.h"

#define ROOM 4096
#define L2(...)                                                                                    \
	"\x02\x00\x00\x00\x00\x0a"                                                                 \
	"\x02\x00\x00\x00\x00\x0b" __VA_ARGS__
#define IPV4(ihl, frag, proto)                                                                     \
	ihl "\x00\x00\x54\x12\x34" frag "\x40" proto "\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02"
#define IPV6(next)                                                                                 \
	"\x60\x00\x00\x00\x00\x40" next "\x40"                                                     \
	"\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"                         \
	"\xfd\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
#define TCP(off)                                                                                   \
	"\x13\x88\x14\x51\x00\x00\x00\x01\x00\x00\x00\x01" off "\x10\xff\xff\x00\x00\x00\x00"
#define UDP "\x12\xb7\x12\xb7\x00\x20\x00\x00"
#define EIGHT "\x01\x01\x01\x01\x01\x01\x01\x01"

/* A sample: its bytes, and what must come out when they are all there. Arrays, not pointers. */
struct sample {
	char name[40];
	char bytes[256];
	unsigned int length;
	/* layer 2 */
	__u16 tci, ethertype;
	__u8 tagged, inner, offset;
	/* layers 3 and 4: the shortest length at which each answers, 0 never */
	unsigned int l3_from;
	__u8 proto, fragment;
	unsigned int l4_offset, header;
};

#define SAMPLE(text, ...)                                                                          \
	{                                                                                          \
		.bytes = text, .length = sizeof(text) - 1, __VA_ARGS__                             \
	}
#define PLAIN(type) .ethertype = (type), .offset = 14

static const struct sample samples[] = {
	SAMPLE(L2("\x88\xb5" EIGHT), .name = "no IP", PLAIN(0x88b5), .l3_from = 14,
	       .l4_offset = 14),
	SAMPLE(L2("\x81\x00\x20\x0a\x88\xb5" EIGHT), .name = "one tag", .tci = 0x200a,
	       .ethertype = 0x88b5, .tagged = 1, .offset = 18, .l3_from = 18, .l4_offset = 18),
	SAMPLE(L2("\x81\x00\xa0\x00\x88\xb5" EIGHT), .name = "VID 0", .tci = 0xa000,
	       .ethertype = 0x88b5, .tagged = 1, .offset = 18, .l3_from = 18, .l4_offset = 18),
	SAMPLE(L2("\x81\x00\x20\x0a\x81\x00\x00\x14\x88\xb5" EIGHT), .name = "two tags",
	       .tci = 0x200a, .ethertype = 0x88b5, .tagged = 1, .inner = 1, .offset = 22,
	       .l3_from = 22, .l4_offset = 22),
	SAMPLE(L2("\x81\x00\x20\x0a\x88\xa8\x00\x14\x88\xb5" EIGHT), .name = "C-tag, S-tag",
	       .tci = 0x200a, .ethertype = 0x88b5, .tagged = 1, .inner = 1, .offset = 22,
	       .l3_from = 22, .l4_offset = 22),
	SAMPLE(L2("\x88\xa8\x20\x0a\x81\x00\x00\x14\x88\xb5" EIGHT), .name = "S-tag, C-tag",
	       .ethertype = 0x88b5, .inner = 1, .offset = 22, .l3_from = 22, .l4_offset = 22),
	SAMPLE(L2("\x88\xa8\x20\x0a\x88\xb5" EIGHT), .name = "S-tag", .ethertype = 0x88b5,
	       .inner = 1, .offset = 18, .l3_from = 18, .l4_offset = 18),
	SAMPLE(L2("\x81\x00\x20\x0a\x81\x00\x00\x14\x81\x00\x00\x15" EIGHT), .name = "three tags",
	       .tci = 0x200a, .ethertype = 0x8100, .tagged = 1, .inner = 1, .offset = 22,
	       .l3_from = 22, .l4_offset = 22),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x40\x00", "\x06") TCP("\x50") EIGHT), .name = "TCP",
	       PLAIN(0x0800), .l3_from = 34, .proto = 6, .l4_offset = 34, .header = 54),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x40\x00", "\x06") TCP("\x80") EIGHT EIGHT),
	       .name = "TCP options", PLAIN(0x0800), .l3_from = 34, .proto = 6, .l4_offset = 34,
	       .header = 66),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x40\x00", "\x06") TCP("\x40") EIGHT),
	       .name = "TCP offset 4", PLAIN(0x0800), .l3_from = 34, .proto = 6, .l4_offset = 34),
	SAMPLE(L2("\x08\x00" IPV4("\x47", "\x40\x00", "\x11") EIGHT UDP EIGHT),
	       .name = "IPv4 options", PLAIN(0x0800), .l3_from = 42, .proto = 17, .l4_offset = 42,
	       .header = 50),
	SAMPLE(L2("\x81\x00\x00\x0a\x08\x00" IPV4("\x45", "\x00\x00", "\x11") UDP EIGHT),
	       .name = "UDP behind a tag", .tci = 0x000a, .ethertype = 0x0800, .tagged = 1,
	       .offset = 18, .l3_from = 38, .proto = 17, .l4_offset = 38, .header = 46),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x20\x00", "\x11") UDP EIGHT), .name = "first fragment",
	       PLAIN(0x0800), .l3_from = 34, .proto = 17, .l4_offset = 34, .header = 42),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x00\x01", "\x11") UDP EIGHT), .name = "later fragment",
	       PLAIN(0x0800), .l3_from = 34, .proto = 17, .fragment = 1, .l4_offset = 34),
	SAMPLE(L2("\x08\x00" IPV4("\x44", "\x40\x00", "\x06") TCP("\x50")), .name = "IHL 4",
	       PLAIN(0x0800)),
	SAMPLE(L2("\x08\x00" IPV4("\x55", "\x40\x00", "\x06") TCP("\x50")),
	       .name = "IPv4 that is none", PLAIN(0x0800)),
	SAMPLE(L2("\x08\x00" IPV4("\x45", "\x40\x00", "\x01") EIGHT), .name = "ICMP", PLAIN(0x0800),
	       .l3_from = 34, .proto = 1, .l4_offset = 34),
	SAMPLE(L2("\x86\xdd" IPV6("\x06") TCP("\x50") EIGHT), .name = "IPv6 TCP", PLAIN(0x86dd),
	       .l3_from = 54, .proto = 6, .l4_offset = 54, .header = 74),
	SAMPLE(L2("\x86\xdd" IPV6("\x11") UDP EIGHT), .name = "IPv6 UDP", PLAIN(0x86dd),
	       .l3_from = 54, .proto = 17, .l4_offset = 54, .header = 62),
	SAMPLE(L2("\x86\xdd\x50"
		  "\x00\x00\x00\x00\x40\x11\x40" EIGHT EIGHT EIGHT EIGHT UDP),
	       .name = "IPv6 that is none", PLAIN(0x86dd)),
	SAMPLE(L2("\x86\xdd" IPV6("\x00") "\x2b\x00\x01\x04\x00\x00\x00\x00"
					  "\x3c\x01\x00\x00\x00\x00\x00\x00" EIGHT
					  "\x06\x00\x01\x04\x00\x00\x00\x00" TCP("\x50") EIGHT),
	       .name = "IPv6 hop, routing, destination", PLAIN(0x86dd), .l3_from = 86, .proto = 6,
	       .l4_offset = 86, .header = 106),
	SAMPLE(L2("\x86\xdd" IPV6("\x33") "\x11\x04\x00\x00\x00\x00\x00\x01" EIGHT EIGHT UDP),
	       .name = "IPv6 AH", PLAIN(0x86dd), .l3_from = 62, .proto = 17, .l4_offset = 78,
	       .header = 86),
	SAMPLE(L2("\x86\xdd" IPV6("\x2c") "\x11\x00\x00\x01\x12\x34\x56\x78" UDP EIGHT),
	       .name = "IPv6 first fragment", PLAIN(0x86dd), .l3_from = 62, .proto = 17,
	       .l4_offset = 62, .header = 70),
	SAMPLE(L2("\x86\xdd" IPV6("\x2c") "\x11\x00\x00\x08\x12\x34\x56\x78" UDP EIGHT),
	       .name = "IPv6 later fragment", PLAIN(0x86dd), .l3_from = 62, .proto = 17,
	       .fragment = 1, .l4_offset = 62),
	SAMPLE(L2("\x86\xdd" IPV6("\x00") "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x00\x00\x01\x04\x00\x00\x00\x00"
					  "\x11\x00\x01\x04\x00\x00\x00\x00" UDP EIGHT),
	       .name = "more extensions than are read", PLAIN(0x86dd)),
};

static __u8 *pages; /* one that can be read and one that cannot */

static void make_pages(void)
{
	pages = mmap(NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(pages, MAP_FAILED);
	cr_assert(!mprotect(pages + ROOM, ROOM, PROT_NONE));
}

TestSuite(parse, .init = make_pages);

static const __u8 *at_end(const void *bytes, unsigned int length)
{
	return memcpy(pages + ROOM - length, bytes, length);
}

/* Length from which layer 2 answers: all the tags that it reads. */
static unsigned int l2_from(const struct sample *s)
{
	return s->offset;
}

static void check_l2(const struct sample *s, unsigned int length)
{
	const __u8 *data = at_end(s->bytes, length), *end = pages + ROOM;
	struct raceway_l2 l2, untouched;
	int ret;

	memset(&l2, 0xa5, sizeof(l2));
	untouched = l2;
	ret = raceway_parse_l2(data, end, &l2);
	if (length < l2_from(s)) {
		cr_expect_eq(ret, -1, "%s, %u bytes", s->name, length);
		cr_expect(!memcmp(&l2, &untouched, sizeof(l2)), "%s, %u bytes: output touched",
			  s->name, length);
		return;
	}
	cr_expect_eq(ret, 0, "%s, %u bytes", s->name, length);
	cr_expect(!memcmp(l2.dst, s->bytes, 6) && !memcmp(l2.src, s->bytes + 6, 6), "%s", s->name);
	cr_expect_eq(l2.tci, s->tci, "%s: tci %x", s->name, l2.tci);
	cr_expect_eq(l2.ethertype, s->ethertype, "%s: ethertype %x", s->name, l2.ethertype);
	cr_expect_eq(l2.tagged, s->tagged, "%s: tagged", s->name);
	cr_expect_eq(l2.inner, s->inner, "%s: inner", s->name);
	cr_expect_eq(l2.offset, s->offset, "%s: offset %u", s->name, l2.offset);
}

Test(parse, l2_of_every_truncation)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		for (unsigned int length = 0; length <= samples[i].length; length++)
			check_l2(&samples[i], length);
}

static void check_l3(const struct sample *s, unsigned int length)
{
	const __u8 *data = at_end(s->bytes, length), *end = pages + ROOM;
	struct raceway_l3 l3, untouched;
	unsigned int header;
	int ret;

	memset(&l3, 0xa5, sizeof(l3));
	untouched = l3;
	ret = raceway_parse_l3(data, end, s->ethertype, s->offset, &l3);
	header = raceway_gso_headers(data, end, s->ethertype, s->offset);
	if (!s->l3_from || length < s->l3_from) {
		cr_expect_eq(ret, -1, "%s, %u bytes", s->name, length);
		cr_expect(!memcmp(&l3, &untouched, sizeof(l3)), "%s, %u bytes: output touched",
			  s->name, length);
		cr_expect_eq(header, s->offset | RACEWAY_HEADERS_MORE, "%s, %u bytes: header %x",
			     s->name, length, header);
		return;
	}
	cr_expect_eq(ret, 0, "%s, %u bytes", s->name, length);
	cr_expect_eq(l3.proto, s->proto, "%s: proto %u", s->name, l3.proto);
	cr_expect_eq(l3.fragment, s->fragment, "%s: fragment", s->name);
	cr_expect_eq(l3.l4_offset, s->l4_offset, "%s: layer 4 at %u", s->name, l3.l4_offset);
	/* The header is told from its fixed part; whether its options are there too is the
	 * caller's to compare with the frame's length. */
	if (s->header &&
	    length >= s->l4_offset + (s->proto == RACEWAY_IPPROTO_TCP ? RACEWAY_TCP_HLEN_MIN
								      : RACEWAY_UDP_HLEN))
		cr_expect_eq(header,
			     s->header |
				     (s->proto == RACEWAY_IPPROTO_UDP ? RACEWAY_HEADERS_UDP : 0U),
			     "%s, %u bytes: header %x", s->name, length, header);
	else
		cr_expect_eq(header, s->l4_offset | RACEWAY_HEADERS_MORE, "%s, %u bytes: header %x",
			     s->name, length, header);
}

Test(parse, l3_of_every_truncation)
{
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++)
		for (unsigned int length = samples[i].offset; length <= samples[i].length; length++)
			check_l3(&samples[i], length);
}

/* Whatever the bytes and wherever they end: no read outside, offsets within reason. */
Test(parse, random_bytes)
{
	struct dice dice = { 4242 };

	for (int i = 0; i < 300000; i++) {
		const struct sample *s = &samples[dice_next(&dice) % 26];
		unsigned int length = (unsigned int)dice_between(&dice, 0, s->length);
		__u8 bytes[256];
		struct raceway_l2 l2;
		struct raceway_l3 l3;
		const __u8 *data;

		memcpy(bytes, s->bytes, sizeof(bytes));
		for (int n = (int)(dice_next(&dice) % 4); n >= 0; n--)
			bytes[dice_next(&dice) % sizeof(bytes)] = (__u8)dice_next(&dice);
		data = at_end(bytes, length);
		if (raceway_parse_l2(data, pages + ROOM, &l2))
			continue;
		cr_assert_leq(l2.offset, length, "round %d", i);
		if (!raceway_parse_l3(data, pages + ROOM, l2.ethertype, l2.offset, &l3))
			cr_assert(l3.l4_offset >= l2.offset && l3.l4_offset <= 0xfff + 8,
				  "round %d: %u", i, l3.l4_offset);
		cr_assert_leq(raceway_gso_headers(data, pages + ROOM, l2.ethertype, l2.offset) &
				      ~(RACEWAY_HEADERS_MORE | RACEWAY_HEADERS_UDP),
			      0xfff + 8 + 60, "round %d", i);
	}
}

/* A chain of extension headers that claims to be longer than any frame ends the search. */
Test(parse, endless_extensions)
{
	__u8 bytes[ROOM] = L2("\x86\xdd" IPV6("\x3c"));
	struct raceway_l3 l3;

	for (unsigned int at = 54; at + 8 <= sizeof(bytes); at += 8)
		memcpy(bytes + at, "\x3c\xff\x01\x04\x00\x00\x00\x00", 8);
	cr_expect_eq(raceway_parse_l3(at_end(bytes, sizeof(bytes)), pages + ROOM, 0x86dd, 14, &l3),
		     -1);
}

Test(parse, addresses)
{
	__u8 mac[6] = "\x01\x80\xc2\x00\x00";

	for (unsigned int last = 0; last < 256; last++) {
		mac[5] = (__u8)last;
		cr_expect_eq(raceway_is_reserved(mac), last < 16, "%u", last);
	}
	mac[5] = 0x0e;
	for (int byte = 0; byte < 5; byte++) {
		mac[byte] ^= 0x10;
		cr_expect(!raceway_is_reserved(mac), "byte %d", byte);
		mac[byte] ^= 0x10;
	}
	for (unsigned int first = 0; first < 256; first++) {
		mac[0] = (__u8)first;
		cr_expect_eq(raceway_is_group(mac), first & 1);
	}
	cr_expect_eq(raceway_load_be16("\x12\x34"), 0x1234);
	cr_expect(raceway_is_tag(0x8100) && raceway_is_tag(0x88a8) && !raceway_is_tag(0x9100));
}
