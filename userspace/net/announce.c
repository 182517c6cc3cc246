// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reverse ARP, ARP and neighbour advertisements, byte by byte. */
#include "net/announce.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#define HOP_LIMIT 255 /* RFC 4861 7.1.2: anything else has not come from this link */

struct arp_ethernet {
	__be16 hardware, protocol;
	uint8_t hardware_bytes, protocol_bytes;
	__be16 operation;
	uint8_t sender_mac[6], sender[4], target_mac[6], target[4];
} __attribute__((packed));

struct advertisement {
	struct nd_neighbor_advert na;
	struct nd_opt_hdr option;
	uint8_t mac[6];
} __attribute__((packed));

static uint8_t *put(uint8_t *at, const void *bytes, size_t size)
{
	memcpy(at, bytes, size);
	return at + size;
}

/* Returns where the payload begins. All that is not written is zero. */
static uint8_t *header(uint8_t *frame, const uint8_t to[6], const uint8_t mac[6], uint16_t vid,
		       uint16_t ethertype)
{
	const __be16 tag[2] = { htons(ETH_P_8021Q), htons(vid) }, type = htons(ethertype);
	uint8_t *at = frame;

	memset(frame, 0, RACEWAY_ANNOUNCE_BYTES);
	at = put(at, to, ETH_ALEN);
	at = put(at, mac, ETH_ALEN);
	if (vid)
		at = put(at, tag, sizeof(tag));
	return put(at, &type, sizeof(type));
}

/* The least is the least without a tag, so that a port that takes the tag off need not pad. */
static size_t padded(const uint8_t *frame, const uint8_t *end, uint16_t vid)
{
	size_t bytes = end - frame, least = ETH_ZLEN + (vid ? 4 : 0);

	return bytes < least ? least : bytes;
}

static size_t arp(uint8_t *frame, const uint8_t mac[6], uint16_t vid, uint16_t ethertype,
		  const struct arp_ethernet *body)
{
	static const uint8_t everybody[ETH_ALEN] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	uint8_t *at = header(frame, everybody, mac, vid, ethertype);

	return padded(frame, put(at, body, sizeof(*body)), vid);
}

static struct arp_ethernet arp_body(uint16_t operation, const uint8_t mac[6])
{
	struct arp_ethernet body = {
		.hardware = htons(ARPHRD_ETHER),
		.protocol = htons(ETH_P_IP),
		.hardware_bytes = sizeof(body.sender_mac),
		.protocol_bytes = sizeof(body.sender),
		.operation = htons(operation),
	};

	memcpy(body.sender_mac, mac, sizeof(body.sender_mac));
	return body;
}

size_t raceway_announce_rarp(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			     uint16_t vid)
{
	struct arp_ethernet body = arp_body(ARPOP_RREQUEST, mac);

	memcpy(body.target_mac, mac, sizeof(body.target_mac));
	return arp(frame, mac, vid, ETH_P_RARP, &body);
}

size_t raceway_announce_arp(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			    uint16_t vid, const uint8_t address[4])
{
	struct arp_ethernet body = arp_body(ARPOP_REQUEST, mac);

	memcpy(body.sender, address, sizeof(body.sender));
	memcpy(body.target, address, sizeof(body.target));
	return arp(frame, mac, vid, ETH_P_ARP, &body);
}

/* RFC 1071, of whole 16-bit words. */
static uint32_t sum(uint32_t so_far, const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i + 1 < size; i += 2)
		so_far += (uint32_t)byte[i] << 8 | byte[i + 1];
	return so_far;
}

static __be16 folded(uint32_t total)
{
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

size_t raceway_announce_na(uint8_t frame[RACEWAY_ANNOUNCE_BYTES], const uint8_t mac[6],
			   uint16_t vid, const uint8_t address[16], bool router)
{
	static const uint8_t all_nodes_mac[ETH_ALEN] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	struct advertisement body = {
		.na.nd_na_type = ND_NEIGHBOR_ADVERT,
		.na.nd_na_flags_reserved = ND_NA_FLAG_OVERRIDE | (router ? ND_NA_FLAG_ROUTER : 0),
		.option.nd_opt_type = ND_OPT_TARGET_LINKADDR,
		.option.nd_opt_len = 1,
	};
	struct ip6_hdr ip = {
		.ip6_flow = htonl(6U << 28),
		.ip6_plen = htons(sizeof(body)),
		.ip6_nxt = IPPROTO_ICMPV6,
		.ip6_hlim = HOP_LIMIT,
	};
	uint32_t total;

	memcpy(&body.na.nd_na_target, address, sizeof(body.na.nd_na_target));
	memcpy(body.mac, mac, sizeof(body.mac));
	memcpy(&ip.ip6_src, address, sizeof(ip.ip6_src));
	memcpy(&ip.ip6_dst, all_nodes, sizeof(ip.ip6_dst));
	/* RFC 8200 8.1: the pseudo header's length and next header, then both addresses. */
	total = sum(sizeof(body) + IPPROTO_ICMPV6, &ip.ip6_src, 2 * sizeof(ip.ip6_src));
	body.na.nd_na_cksum = folded(sum(total, &body, sizeof(body)));
	return padded(frame,
		      put(put(header(frame, all_nodes_mac, mac, vid, ETH_P_IPV6), &ip, sizeof(ip)),
			  &body, sizeof(body)),
		      vid);
}
