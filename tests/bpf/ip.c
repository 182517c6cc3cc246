// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frames that carry IP: data, and what tells senders how to go on. */
#include "bed.h"

static void header_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	ip[10] = ip[11] = 0;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~(sum + (sum >> 16)) & 0xffff;
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

struct pkt ip_frame(uint32_t dst, uint32_t src, const uint32_t *tags, struct ip what)
{
	uint32_t payload = (what.bytes ?: USUAL_BYTES) - 14;
	struct pkt pkt = frame(mac_of(dst), mac_of(src), tags, payload);
	uint8_t *ip = pkt.bytes + pkt.length - payload, *udp = ip + (what.version == 4 ? 20 : 40);

	if (what.version == 4) {
		memcpy(ip - 2, "\x08\x00\x45", 3);
		ip[1] = (uint8_t)(0x28 << 2 | what.ecn);
		ip[2] = (uint8_t)(payload >> 8);
		ip[3] = (uint8_t)payload;
		ip[6] = (uint8_t)(what.fragment >> 8);
		ip[7] = (uint8_t)what.fragment;
		ip[9] = 17;
		header_checksum(ip);
	} else {
		memcpy(ip - 2, "\x86\xdd\x6a", 3);
		ip[1] = (uint8_t)(what.ecn << 4);
		ip[2] = ip[3] = 0; /* a flow label would be all that the kernel hashes */
		ip[4] = (uint8_t)((payload - 40) >> 8);
		ip[5] = (uint8_t)(payload - 40);
		ip[6] = 17;
	}
	udp[0] = (uint8_t)(what.port >> 8);
	udp[1] = (uint8_t)what.port;
	if (what.what == CNP) {
		memcpy(udp + 2, "\x12\xb7", 2); /* 4791 */
		udp[8] = 0x81;
	} else if (what.what == ACK) {
		/* All behind the IP header but for padding. */
		uint32_t length = (uint32_t)(pkt.bytes + pkt.length - udp), ip6 = what.version == 6;

		length = length > 60 ? 20 : length & ~3U;
		udp[12] = (uint8_t)(length / 4 << 4);
		udp[13] = 0x10;
		ip[ip6 ? 6 : 9] = 6;
		ip[ip6 ? 4 : 2] = 0;
		ip[ip6 ? 5 : 3] = (uint8_t)(length + (ip6 ? 0 : 20));
		if (!ip6)
			header_checksum(ip);
	}
	return pkt;
}
