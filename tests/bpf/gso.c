// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* GSO packets of tunnels in the program, as far as a test run can make them: it has no way to say
 * that a packet is encapsulated, so that of UDP is for tests/net/daemon_tunnel.sh. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>

#include "bed.h"

#define IPIP 4
#define GRE 47
#define ETH 14
#define IPV4 20
#define TCP 20

static struct bed bed;

static void setup(void)
{
	bed_open(&bed);
}

TestSuite(gso, .init = setup);

static uint32_t put_ip(uint8_t *bytes, uint32_t length, uint8_t proto)
{
	memset(bytes, 0, IPV4);
	bytes[0] = 0x45;
	bytes[2] = (uint8_t)(length >> 8);
	bytes[3] = (uint8_t)length;
	bytes[8] = 64;
	bytes[9] = proto;
	return IPV4;
}

/* TCP in IPv4 in IPv4, GRE with a key between them, from the guest behind H1. Returns the bytes of
 * all headers. */
static uint32_t put_tunnel(uint8_t *bytes, uint8_t proto, uint32_t payload)
{
	uint32_t gre = proto == GRE ? 8 : 0, at = ETH;

	memset(bytes, 0x5a, ETH + 2 * IPV4 + gre + TCP + payload);
	memcpy(bytes, mac_of(X), 6);
	memcpy(bytes + 6, mac_of(L), 6);
	memcpy(bytes + 12, "\x08\x00", 2);
	at += put_ip(bytes + at, 2 * IPV4 + gre + TCP + payload, proto);
	if (gre)
		memcpy(bytes + at, "\x20\x00\x08\x00", 4);
	at += gre;
	at += put_ip(bytes + at, IPV4 + TCP + payload, 6);
	bytes[at + 12] = 0x50;
	return at + TCP;
}

static int send_tunnel(uint8_t proto, uint32_t payload, uint32_t size, uint32_t segments)
{
	struct __sk_buff ctx = { .gso_size = size, .gso_segs = segments };
	static uint8_t bytes[4096];

	return run_tc(&bed, RACEWAY_PROG_VNIC, H1, bytes,
		      put_tunnel(bytes, proto, payload) + payload, &ctx);
}

static void expect_charged(uint8_t proto, uint32_t headers)
{
	struct raceway_drop_key mtu = {
		.id = L,
		.owner = RACEWAY_OWNER_VNIC,
		.dir = RACEWAY_TX,
		.reason = RACEWAY_DROP_MTU,
	};
	uint32_t full = ETH + 1500 - headers;

	cr_expect_eq(send_tunnel(proto, 2500, 1000, 3), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 3, 2500 + 3 * headers);
	check_books(&bed, "three segments");
	cr_expect_eq(send_tunnel(proto, 500, 100, 0), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 5, 500 + 5 * headers);
	check_books(&bed, "segments that nobody has counted");
	cr_expect_eq(send_tunnel(proto, 2 * full, full, 2), TC_ACT_REDIRECT);
	book_frame(&bed, L, RACEWAY_TX, RACEWAY_YELLOW, 2, 2 * full + 2 * headers);
	check_books(&bed, "as long as the link carries");
	cr_expect_eq(send_tunnel(proto, 2 * full + 2, full + 1, 2), TC_ACT_SHOT);
	book_drop(&bed, mtu, 2);
	check_books(&bed, "a byte longer");
}

Test(gso, ip_in_ip)
{
	expect_charged(IPIP, ETH + 2 * IPV4 + TCP);
}

Test(gso, gre)
{
	expect_charged(GRE, ETH + 2 * IPV4 + 8 + TCP);
}
