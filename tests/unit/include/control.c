// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/control.h: which frames are for the reserve of a meter, and that it is theirs. */
#include <criterion/criterion.h>
#include <raceway/control.h>
#include <string.h>

#include "metered.h"
#include "page.h"

#define OFFSET 18 /* behind a tag */

/* A frame from its IP header on. */
struct ip {
	int version;
	unsigned int options; /* bytes of IPv4 */
	uint8_t proto, flags, doff, opcode;
	uint16_t port, fragment, payload, padding;
};

static const struct ip ack = { .version = 4, .proto = 6, .flags = 0x10, .doff = 5 };
static const struct ip cnp = { .version = 4, .proto = 17, .port = 4791, .opcode = 0x81 };

static void put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* Returns how long the frame is; `at` has room for 256 bytes. */
static size_t build(uint8_t *at, struct ip ip)
{
	size_t hlen = ip.version == 4 ? 20 + ip.options : 40;
	size_t l4 = (ip.proto == 6 ? ip.doff * 4U : 24U) + ip.payload;
	uint8_t *p = at + OFFSET, *l4_at = p + hlen;

	memset(at, 0xee, 256);
	if (ip.version == 4) {
		p[0] = (uint8_t)(0x40 | hlen / 4);
		put16(p + 2, hlen + l4);
		put16(p + 6, ip.fragment);
		p[9] = ip.proto;
	} else {
		p[0] = 0x60;
		put16(p + 4, l4);
		p[6] = ip.proto;
	}
	if (ip.proto == 6) {
		l4_at[12] = (uint8_t)(ip.doff << 4);
		l4_at[13] = ip.flags;
	} else {
		put16(l4_at + 2, ip.port);
		l4_at[8] = ip.opcode;
	}
	return OFFSET + hlen + l4 + ip.padding;
}

static int is_control(struct ip ip)
{
	uint8_t room[256], *frame;
	size_t length = build(room, ip);

	frame = page_end() - length;
	memcpy(frame, room, length);
	return raceway_is_control(frame, page_end(), ip.version == 4 ? 0x0800 : 0x86dd, OFFSET);
}

Test(control, what_is)
{
	for (int version = 4; version <= 6; version += 2) {
		struct ip a = ack, c = cnp;

		a.version = c.version = version;
		cr_expect(is_control(a), "an ACK, IPv%d", version);
		a.padding = 6;
		cr_expect(is_control(a), "padded, IPv%d", version);
		a.doff = 15;	/* SACK, time stamps */
		a.flags = 0xd8; /* CWR, ECE, PSH beside */
		cr_expect(is_control(a), "with options, IPv%d", version);
		cr_expect(is_control(c), "a CNP, IPv%d", version);
		c.opcode = 0x11;
		cr_expect(is_control(c), "an RC ACK, IPv%d", version);
	}
	for (unsigned int options = 4; options <= 40; options += 4) {
		struct ip a = ack, c = cnp;

		a.options = c.options = options;
		cr_expect(is_control(a) && is_control(c), "%u bytes of IP options", options);
	}
}

Test(control, what_is_not)
{
	for (int version = 4; version <= 6; version += 2) {
		struct ip a = ack, c = cnp;

		a.version = c.version = version;
		for (unsigned int flags = 0; flags < 256; flags++) {
			a.flags = (uint8_t)flags;
			cr_expect_eq(is_control(a), (flags & 0x17) == 0x10, "flags %x", flags);
		}
		a.flags = 0x10;
		a.payload = 1;
		cr_expect(!is_control(a), "a byte of data, IPv%d", version);
		for (unsigned int opcode = 0; opcode < 256; opcode++) {
			c.opcode = (uint8_t)opcode;
			cr_expect_eq(is_control(c), opcode == 0x81 || opcode == 0x11, "%x", opcode);
		}
		c.opcode = 0x81;
		c.port = 4792;
		cr_expect(!is_control(c), "another port, IPv%d", version);
		c.port = 4791;
		c.proto = 132;
		cr_expect(!is_control(c), "another protocol, IPv%d", version);
	}
	for (uint16_t fragment = 1; fragment; fragment = (uint16_t)(fragment << 1)) {
		struct ip a = ack, c = cnp;

		a.fragment = c.fragment = fragment;
		cr_expect_eq(is_control(a), fragment > 0x2000, "fragment %x", fragment);
		cr_expect_eq(is_control(c), fragment > 0x2000, "fragment %x", fragment);
	}
}

/* Shorter than its headers: read is what there is. */
Test(control, truncated)
{
	for (int which = 0; which < 4; which++) {
		struct ip ip = which & 1 ? ack : cnp;
		uint8_t room[256], *end = page_end();
		size_t whole, least;

		ip.version = which & 2 ? 6 : 4;
		whole = build(room, ip);
		least = OFFSET + (which & 2 ? 40 : 20) + (which & 1 ? 20 : 9);
		for (size_t length = OFFSET; length <= whole; length++) {
			memcpy(end - length, room, length);
			cr_expect_eq(raceway_is_control(end - length, end,
							which & 2 ? 0x86dd : 0x0800, OFFSET),
				     length >= least, "%d: %zu bytes", which, length);
			cr_expect(!raceway_is_control(end - length, end, 0x0806, OFFSET));
		}
	}
}

/* Only they pass in the last quarter of what an idle vNIC may send, whatever their flow, and not
 * if they are longer than such a frame is. */
Test(control, the_reserve)
{
	static struct metered m;
	uint64_t now = 100 * NSEC, passed = 0;

	metered_init(&m, 0, 1000000000);
	raceway_meter_begin(&m.meter, raceway_ticks(now));
	/* Short ones are no control frames for that. */
	while (metered_passes(&m, 0, now, 1000))
		passed += 1000;
	while (metered_passes(&m, 0, now, 60))
		passed += 60;
	cr_expect(passed > 1687500 - 60 && passed <= 1687500, "%lu bytes of 3/4", passed);
	for (int flow = 0; passed < 2250000 - 128; flow = !flow) {
		int colour = raceway_meter_charge_flow(&m.params, &m.meter, &m.class[flow],
						       raceway_ticks(now), 128 | RACEWAY_CONTROL);

		cr_assert_eq(colour & RACEWAY_COLOUR_MASK, RACEWAY_YELLOW, "after %lu", passed);
		passed += 128;
		cr_assert_eq(raceway_meter_charge_flow(&m.params, &m.meter, &m.class[2],
						       raceway_ticks(now), 129 | RACEWAY_CONTROL),
			     RACEWAY_RED, "a long one");
	}
	passed = 0;
	while (passed < 100 &&
	       raceway_meter_charge_flow(&m.params, &m.meter, &m.class[0], raceway_ticks(now),
					 128 | RACEWAY_CONTROL) != RACEWAY_RED)
		passed++;
	cr_expect_leq(passed, 8, "the reserve has an end");
}
