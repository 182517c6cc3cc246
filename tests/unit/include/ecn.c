// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/parse.h: marking "congestion experienced", and which flow a frame is of. The
 * frame ends where a page ends, so one byte too far is a crash. */
#include <criterion/criterion.h>
#include <raceway/meter.h>
#include <raceway/parse.h>
#include <string.h>

#include "page.h"
#include "random.h"

#define OFFSET 14
#define IPV4_LENGTH (OFFSET + 20)
#define IPV6_LENGTH (OFFSET + 40)
#define CE 3
#define OTHER 0x88b5

static void fill(struct dice *dice, uint8_t *at, size_t length)
{
	for (size_t i = 0; i < length; i++)
		at[i] = (uint8_t)dice_next(dice);
}

/* RFC 1071, anew. */
static uint16_t checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		if (i != 10)
			sum += (uint32_t)(header[i] << 8 | header[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void put_checksum(uint8_t *header)
{
	uint16_t sum = checksum(header);

	header[10] = (uint8_t)(sum >> 8);
	header[11] = (uint8_t)sum;
}

/* A header of random words with this ECN, marked. What follows it is not touched. */
static void check_ipv4(uint8_t *frame, struct dice *dice, uint8_t ecn, int identification)
{
	uint8_t before[64], *header = frame + OFFSET;
	bool marks = ecn == 1 || ecn == 2;

	fill(dice, frame, 64);
	header[0] = 0x45;
	header[1] = (uint8_t)((header[1] & ~CE) | ecn);
	if (identification >= 0) {
		header[4] = (uint8_t)(identification >> 8);
		header[5] = (uint8_t)identification;
	}
	put_checksum(header);
	memcpy(before, frame, 64);
	cr_assert_eq(raceway_mark_ce(frame, frame + 64, RACEWAY_ETH_P_IP, OFFSET), marks);
	if (marks) {
		before[OFFSET + 1] |= CE;
		put_checksum(before + OFFSET);
	}
	cr_assert_arr_eq(frame, before, 64, "ECN %u, checksum %04x instead of %04x", ecn,
			 raceway_load_be16(header + 10), raceway_load_be16(before + OFFSET + 10));
}

Test(ecn, ipv4_and_its_checksum)
{
	uint8_t *frame = page_end() - 64;
	struct dice dice = { 1 };

	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		for (int i = 0; i < 20000; i++)
			check_ipv4(frame, &dice, ecn, -1);
		/* All that a checksum can be, 0 and 0xffff's neighbours among them. */
		for (int id = 0; id < 0x10000; id++) {
			struct dice same = { 2 };

			check_ipv4(frame, &same, ecn, id);
		}
	}
}

Test(ecn, ipv6)
{
	uint8_t *frame = page_end() - 64, before[64];
	struct dice dice = { 3 };

	for (int i = 0; i < 1000; i++)
		for (uint8_t ecn = 0; ecn < 4; ecn++) {
			bool marks = ecn == 1 || ecn == 2;

			fill(&dice, frame, 64);
			frame[OFFSET] = (uint8_t)(0x60 | (frame[OFFSET] & 0xf));
			frame[OFFSET + 1] = (uint8_t)((frame[OFFSET + 1] & 0xcf) | ecn << 4);
			memcpy(before, frame, 64);
			before[OFFSET + 1] |= marks ? CE << 4 : 0;
			cr_assert_eq(raceway_mark_ce(frame, frame + 64, RACEWAY_ETH_P_IPV6, OFFSET),
				     marks);
			cr_assert_arr_eq(frame, before, 64, "ECN %u", ecn);
		}
}

/* Neither written nor read behind the end, whatever is missing; and no IP, no mark. */
Test(ecn, marks_nothing_that_is_not_there)
{
	static const uint16_t types[] = { RACEWAY_ETH_P_IP, RACEWAY_ETH_P_IPV6, OTHER };
	uint8_t *end = page_end(), before[64];
	struct dice dice = { 4 };

	for (size_t t = 0; t < 3; t++)
		for (size_t length = OFFSET; length <= 64; length++) {
			uint8_t *frame = end - length;
			int marked;

			fill(&dice, frame, length);
			frame[length > OFFSET + 1 ? OFFSET + 1 : 0] = 0x12; /* either's ECT */
			memcpy(before, frame, length);
			marked = raceway_mark_ce(frame, end, types[t], OFFSET);
			if (types[t] == OTHER || length < IPV4_LENGTH)
				cr_expect_eq(marked, 0, "%zu of %04x", length, types[t]);
			else if (types[t] == RACEWAY_ETH_P_IP || length >= IPV6_LENGTH)
				cr_expect_eq(marked, 1, "%zu of %04x", length, types[t]);
			if (!marked)
				cr_expect_arr_eq(frame, before, length);
		}
}

static uint32_t hash_of(const uint8_t *frame, size_t length, uint16_t type)
{
	return raceway_flow_hash(frame, frame + length, type, OFFSET, 0x1234);
}

static void make_ipv4(uint8_t *frame, struct dice *dice, uint8_t proto)
{
	fill(dice, frame, 64);
	frame[OFFSET] = 0x45;
	frame[OFFSET + 6] = 0x40;
	frame[OFFSET + 7] = 0;
	frame[OFFSET + 9] = proto;
}

static void make_ipv6(uint8_t *frame, struct dice *dice, uint8_t proto)
{
	fill(dice, frame, 64);
	frame[OFFSET] = 0x60;
	frame[OFFSET + 6] = proto;
}

/* What names the flow changes the hash at every bit, and nothing else does at any. */
static void check_bits(uint8_t *frame, uint16_t type, const size_t (*names)[2], const char *what)
{
	uint32_t hash = hash_of(frame, 64, type);

	for (size_t at = 0; at < 64; at++) {
		bool part = false;

		for (int i = 0; names[i][1]; i++)
			part |= at >= names[i][0] && at < names[i][0] + names[i][1];
		/* Where the ports are, and whether there are any. */
		if (type == RACEWAY_ETH_P_IP &&
		    (at == OFFSET || at == OFFSET + 6 || at == OFFSET + 7))
			continue;
		for (int bit = 0; bit < 8; bit++) {
			frame[at] ^= (uint8_t)(1 << bit);
			cr_expect_eq(hash != hash_of(frame, 64, type), part, "%s, byte %zu bit %d",
				     what, at, bit);
			frame[at] ^= (uint8_t)(1 << bit);
		}
	}
}

Test(flow_hash, addresses_protocol_and_ports)
{
	static const size_t ipv4[][2] = { { OFFSET + 9, 1 }, { OFFSET + 12, 12 }, { 0, 0 } };
	static const size_t ipv4_only[][2] = { { OFFSET + 9, 1 }, { OFFSET + 12, 8 }, { 0, 0 } };
	static const size_t ipv6[][2] = { { OFFSET + 6, 1 }, { OFFSET + 8, 36 }, { 0, 0 } };
	static const size_t none[][2] = { { 0, 0 } };
	uint8_t *frame = page_end() - 64;
	struct dice dice = { 5 };

	for (int i = 0; i < 100; i++) {
		make_ipv4(frame, &dice, RACEWAY_IPPROTO_TCP);
		check_bits(frame, RACEWAY_ETH_P_IP, ipv4, "TCP");
		make_ipv4(frame, &dice, RACEWAY_IPPROTO_UDP);
		check_bits(frame, RACEWAY_ETH_P_IP, ipv4, "UDP");
		/* 0x04 has neither TCP nor UDP at a bit's distance: 4, 2 and so on do. */
		make_ipv4(frame, &dice, 0xf0);
		check_bits(frame, RACEWAY_ETH_P_IP, ipv4_only, "no ports");
		make_ipv6(frame, &dice, RACEWAY_IPPROTO_UDP);
		check_bits(frame, RACEWAY_ETH_P_IPV6, ipv6, "UDP over IPv6");
		check_bits(frame, OTHER, none, "no IP");
	}
	cr_expect_neq(raceway_flow_hash(frame, frame + 64, OTHER, OFFSET, 1),
		      raceway_flow_hash(frame, frame + 64, OTHER, OFFSET, 2), "MAC addresses");
	cr_expect_neq(hash_of(frame, 64, OTHER), hash_of(frame, 64, OTHER + 1), "ethertypes");
}

/* A fragment has no ports, and the first one must not either be of another flow. */
Test(flow_hash, fragments_are_of_one_flow)
{
	static const uint16_t fragments[] = { 0x2000, 0x2001, 0x20b9, 0x0172, 0x1fff, 0x3fff };
	uint8_t *frame = page_end() - 64;
	struct dice dice = { 6 };

	for (int i = 0; i < 100; i++) {
		uint32_t hash = 0;

		make_ipv4(frame, &dice, i % 2 ? RACEWAY_IPPROTO_UDP : RACEWAY_IPPROTO_TCP);
		for (size_t n = 0; n < sizeof(fragments) / sizeof(fragments[0]); n++) {
			frame[OFFSET + 6] = (uint8_t)(fragments[n] >> 8);
			frame[OFFSET + 7] = (uint8_t)fragments[n];
			fill(&dice, frame + IPV4_LENGTH, 64 - IPV4_LENGTH);
			cr_expect(!n || hash == hash_of(frame, 64, RACEWAY_ETH_P_IP),
				  "fragment %04x", fragments[n]);
			hash = hash_of(frame, 64, RACEWAY_ETH_P_IP);
		}
		make_ipv6(frame, &dice, RACEWAY_IPPROTO_FRAGMENT);
		hash = hash_of(frame, 64, RACEWAY_ETH_P_IPV6);
		fill(&dice, frame + IPV6_LENGTH, 64 - IPV6_LENGTH);
		cr_expect_eq(hash, hash_of(frame, 64, RACEWAY_ETH_P_IPV6), "IPv6");
	}
}

/* Ports behind options are found; ports that are not all there do not count. */
Test(flow_hash, options_and_truncations)
{
	static const uint16_t types[] = { RACEWAY_ETH_P_IP, RACEWAY_ETH_P_IPV6, OTHER };
	uint8_t *end = page_end();
	struct dice dice = { 7 };

	for (uint8_t ihl = 0; ihl < 16; ihl++)
		for (size_t length = OFFSET; length <= 128; length++) {
			uint8_t *frame = end - length;
			size_t ports = OFFSET + 4U * ihl;

			fill(&dice, frame, length);
			/* Whatever is there names the protocol: first UDP, then anything. */
			for (int i = 0; i < 20; i++) {
				if (length > OFFSET)
					frame[OFFSET] = (uint8_t)(0x40 | ihl);
				for (size_t t = 0; t < 3; t++)
					hash_of(frame, length, types[t]);
				if (length > OFFSET + 9) {
					frame[OFFSET + 6] = (uint8_t)(dice_next(&dice) << 6);
					frame[OFFSET + 9] = (uint8_t)dice_next(&dice) & 17;
				}
			}
			if (ihl < 5 || length < IPV4_LENGTH || length <= ports)
				continue;
			frame[OFFSET + 6] = frame[OFFSET + 7] = 0;
			frame[OFFSET + 9] = RACEWAY_IPPROTO_UDP;

			uint32_t hash = hash_of(frame, length, RACEWAY_ETH_P_IP);

			frame[ports] ^= 1;
			cr_expect_eq(hash != hash_of(frame, length, RACEWAY_ETH_P_IP),
				     length >= ports + 4, "IHL %u, %zu bytes", ihl, length);
		}
}

/* Less than half of the idle part left: marked, and never in the dark. */
Test(ecn, marked_before_the_limit)
{
	struct raceway_meter_params params = {
		.excess = { 1 << RACEWAY_MULT_SHIFT, 1 << 20 }, /* a tick per byte */
		.mult = 1 << RACEWAY_MULT_SHIFT,
		.idle = 1 << 18,
	};
	struct raceway_meter meter = { 0 };
	uint64_t now = raceway_ticks(1000000000ULL), most = now + (1 << 20);
	int last = 0, marks = 0;

	for (;;) {
		int colour = raceway_meter_charge(&params, &meter, now, 1000);

		if (colour == RACEWAY_BY_FLOW)
			break;
		cr_assert_eq(colour & RACEWAY_COLOUR_MASK, 1);
		cr_assert_eq(!!(colour & RACEWAY_CONGESTED),
			     most - meter.excess_tat < params.idle / 2);
		cr_assert_geq(colour, last, "once marked, always marked");
		last = colour;
		marks += !!(colour & RACEWAY_CONGESTED);
	}
	/* From a half down to the quarter that is for control frames. */
	cr_expect(marks >= (1 << 16) / 1000 - 1 && marks <= (1 << 16) / 1000 + 1, "%d", marks);
	for (marks = 0; raceway_meter_take(&params, &meter, now, 64, 0, 1) != 2;)
		marks++;
	cr_expect(marks >= (1 << 16) / 64 - 1 && marks <= (1 << 16) / 60, "%d", marks);
	cr_expect_eq(raceway_meter_take(&params, &meter, now, 1, 0, 0), 2);
}
