// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reverse ARP, byte by byte. */
#include "net/announce.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <net/if_arp.h>
#include <string.h>

struct arp_ethernet {
	__be16 hardware, protocol;
	uint8_t hardware_bytes, protocol_bytes;
	__be16 operation;
	uint8_t sender_mac[6], sender[4], target_mac[6], target[4];
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
