/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames by which receivers speak to senders: what a vNIC's reserve is for (meter.h). Told by what
 * they are, the same code for BPF and for the host's tests. */
#ifndef RACEWAY_CONTROL_H
#define RACEWAY_CONTROL_H

#include "parse.h"

#define RACEWAY_ROCE_PORT 4791 /* RoCEv2, IBTA annex A17 */
#define RACEWAY_BTH_CNP 0x81   /* congestion notification, annex A17.9.3 */
#define RACEWAY_BTH_RC_ACK 0x11
#define RACEWAY_TCP_FLAGS 0x17 /* ACK, RST, SYN, FIN: RFC 9293 section 3.1 */
#define RACEWAY_TCP_ACK 0x10

/* 1 for a TCP segment that does nothing but acknowledge (what pads the frame does not count), a
 * RoCEv2 CNP or acknowledgement; 0 for all else, fragments and IPv6 extension headers among it. */
static inline __attribute__((always_inline)) int
raceway_is_control(const void *data, const void *data_end, __u16 ethertype, __u32 offset)
{
	const __u8 *p = (const __u8 *)data + (offset & 0x3f), *end = data_end;
	__u32 hlen, length, proto;

	if (ethertype == RACEWAY_ETH_P_IP && p + RACEWAY_IPV4_HLEN_MIN <= end) {
		hlen = (p[0] & 0x0f) * 4;
		length = raceway_load_be16(p + 2) - hlen;
		proto = raceway_load_be16(p + 6) & 0x3fff ? 0 : p[9];
	} else if (ethertype == RACEWAY_ETH_P_IPV6 && p + RACEWAY_IPV6_HLEN <= end) {
		hlen = RACEWAY_IPV6_HLEN;
		length = raceway_load_be16(p + 4);
		proto = p[6];
	} else {
		return 0;
	}
	p += hlen & 0x3c;
	if (proto == RACEWAY_IPPROTO_UDP)
		return p + RACEWAY_UDP_HLEN < end &&
		       raceway_load_be16(p + 2) == RACEWAY_ROCE_PORT &&
		       (p[8] == RACEWAY_BTH_CNP || p[8] == RACEWAY_BTH_RC_ACK);
	return proto == RACEWAY_IPPROTO_TCP && p + RACEWAY_TCP_HLEN_MIN <= end &&
	       (p[13] & RACEWAY_TCP_FLAGS) == RACEWAY_TCP_ACK && length == (__u32)(p[12] >> 4) * 4;
}

#endif
