/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a GSO packet is on the wire: segments, each with all headers of its own. Plain code for BPF
 * and for the host's tests.
 *
 * Tunnels that stay whole (a guest may ask for that, GRO makes them) repeat the inner headers too.
 * IP in IP and GRE are followed to the inner TCP. Of what cannot be followed every segment is
 * charged as many bytes as it can have at most, and its length is taken for what it has at least:
 * the cap holds, and no legal frame is too long. At most are the bytes that the payload leaves of
 * the packet, and of the longest frame of the interface: so a tunnel's full segments are charged
 * what they are, and short ones more. */
#ifndef RACEWAY_GSO_H
#define RACEWAY_GSO_H

#include "bucket.h"
#include "parse.h"

#define RACEWAY_IPPROTO_IPIP 4
#define RACEWAY_IPPROTO_IPV6 41
#define RACEWAY_IPPROTO_GRE 47
#define RACEWAY_IPPROTO_SCTP 132
#define RACEWAY_SCTP_HLEN 12
/* RFC 2784, 2890: checksum, key, sequence number; all other flags are of other formats. */
#define RACEWAY_GRE_HLEN 4
#define RACEWAY_GRE_CSUM 0x80
#define RACEWAY_GRE_KEY 0x20
#define RACEWAY_GRE_SEQ 0x10
#define RACEWAY_ETH_P_TEB 0x6558 /* Ethernet in GRE, RFC 7637 */

#define RACEWAY_GSO_BY_FRAGS 0xffff /* as size: the segments' lengths differ (SCTP) */
/* What raceway_gso_headers() returns beside a number of bytes. */
#define RACEWAY_HEADERS_MORE (1U << 31) /* more headers follow */
#define RACEWAY_HEADERS_UDP (1U << 30)	/* more follow if the packet is encapsulated */
#define RACEWAY_HEADERS_BYTES 0xffff

/* From an inner Ethernet or IP header at `at` to the payload of TCP. An inner UDP may be one more
 * tunnel's. */
static inline __attribute__((always_inline)) __u32
raceway_inner_headers(const __u8 *data, const __u8 *end, __u32 type, __u32 at)
{
	const __u8 *p = data + (at & 0xff);
	__u32 proto;

	if (type == RACEWAY_ETH_P_TEB) {
		if (p + RACEWAY_ETH_HLEN > end)
			return at | RACEWAY_HEADERS_MORE;
		type = raceway_load_be16(p + 12);
		at += RACEWAY_ETH_HLEN;
		p += RACEWAY_ETH_HLEN;
	}
	if (type == RACEWAY_ETH_P_IP && p + RACEWAY_IPV4_HLEN_MIN <= end) {
		proto = p[9];
		at += (p[0] & 0x0f) * 4;
	} else if (type == RACEWAY_ETH_P_IPV6 && p + RACEWAY_IPV6_HLEN <= end) {
		proto = p[6];
		at += RACEWAY_IPV6_HLEN;
	} else {
		return at | RACEWAY_HEADERS_MORE;
	}
	p = data + (at & 0xff);
	if (proto == RACEWAY_IPPROTO_TCP && p + RACEWAY_TCP_HLEN_MIN <= end &&
	    p[12] >> 4 >= RACEWAY_TCP_HLEN_MIN / 4)
		return at + (p[12] >> 4) * 4;
	return at | RACEWAY_HEADERS_MORE;
}

static inline __attribute__((always_inline)) __u32 raceway_gre_headers(const __u8 *data,
								       const __u8 *end, __u32 at)
{
	const __u8 *p = data + (at & 0xff);

	if (p + RACEWAY_GRE_HLEN > end || p[1] ||
	    (p[0] & ~(RACEWAY_GRE_CSUM | RACEWAY_GRE_KEY | RACEWAY_GRE_SEQ)))
		return at | RACEWAY_HEADERS_MORE;
	at += RACEWAY_GRE_HLEN + (p[0] >> 7) * 4U + (p[0] >> 5 & 1) * 4U + (p[0] >> 4 & 1) * 4U;
	return raceway_inner_headers(data, end, raceway_load_be16(p + 2), at);
}

/* Bytes from the destination MAC to the payload that GSO cuts, as far as the headers are known,
 * and RACEWAY_HEADERS_*. */
static inline __attribute__((always_inline)) __u32
raceway_gso_headers(const void *data, const void *data_end, __u16 ethertype, __u32 offset)
{
	struct raceway_l3 l3;
	const __u8 *p;
	__u32 at;

	if (raceway_parse_l3(data, data_end, ethertype, offset, &l3))
		return offset | RACEWAY_HEADERS_MORE;
	at = l3.l4_offset;
	p = (const __u8 *)data + (at & 0xfff);
	if (l3.fragment)
		return at | RACEWAY_HEADERS_MORE;
	if (l3.proto == RACEWAY_IPPROTO_TCP && p + RACEWAY_TCP_HLEN_MIN <= (const __u8 *)data_end &&
	    p[12] >> 4 >= RACEWAY_TCP_HLEN_MIN / 4)
		return at + (p[12] >> 4) * 4;
	if (l3.proto == RACEWAY_IPPROTO_UDP && p + RACEWAY_UDP_HLEN <= (const __u8 *)data_end)
		return (at + RACEWAY_UDP_HLEN) | RACEWAY_HEADERS_UDP;
	if (l3.proto == RACEWAY_IPPROTO_SCTP)
		return at + RACEWAY_SCTP_HLEN;
	if (l3.proto == RACEWAY_IPPROTO_GRE)
		return raceway_gre_headers(data, data_end, at);
	if (l3.proto == RACEWAY_IPPROTO_IPIP || l3.proto == RACEWAY_IPPROTO_IPV6)
		return raceway_inner_headers(data, data_end,
					     l3.proto == RACEWAY_IPPROTO_IPIP ? RACEWAY_ETH_P_IP
									      : RACEWAY_ETH_P_IPV6,
					     at);
	return at | RACEWAY_HEADERS_MORE;
}

struct raceway_wire {
	__u32 packets;
	__u32 more;    /* bytes beyond those of the packet as it is; RACEWAY_FRAME_MAX: or more */
	__u32 longest; /* segment's bytes, at least */
};

/* The most and the least that headers can have of which *least bytes are known. `room`: no more;
 * 0: not known. */
static inline __attribute__((always_inline)) void raceway_headers_bounds(__u32 length, __u32 size,
									 __u32 segments, __u32 room,
									 __u32 *least, __u32 *most)
{
	/* What the full segments leave is headers and the last one, of 1 to `size`. */
	__u32 full = segments ? (segments - 1) * size : 0;
	__u32 rest = full < length ? length - full : length;

	if (segments && rest > size && rest - size > *least)
		*least = rest - size;
	*most = room && room < rest ? room : rest;
	if (*most < *least)
		*most = *least;
}

/* `length` bytes in segments of `size` bytes of payload; `segments` 0: not counted yet. `headers`
 * as of raceway_gso_headers(); `frame_max` of the interface, 0: not known. */
static inline __attribute__((always_inline)) void raceway_gso_wire(__u32 length, __u32 size,
								   __u32 segments, __u32 headers,
								   __u32 frame_max,
								   struct raceway_wire *ret)
{
	__u32 least = headers & RACEWAY_HEADERS_BYTES, most;
	__u32 room = frame_max > size ? frame_max - size : frame_max;
	__u64 more;

	if (least >= length)
		least = 0;
	most = least;
	if (headers & RACEWAY_HEADERS_MORE)
		raceway_headers_bounds(length, size, segments, room, &least, &most);
	if (size == RACEWAY_GSO_BY_FRAGS) {
		/* As long as they are on average: nothing tells which is longer. */
		segments = segments ? segments : 1;
		size = (length - least) / segments;
	} else if (!segments) {
		segments = (length - least + size - 1) / size;
	}
	more = (__u64)(segments - 1) * most;
	ret->packets = segments;
	ret->more = more < RACEWAY_FRAME_MAX ? (__u32)more : RACEWAY_FRAME_MAX;
	ret->longest = size + least;
}

#endif
