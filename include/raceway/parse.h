/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frame parser over a bounded buffer, the same code for BPF and for the host's tests.
 * Every function takes [data, data_end), reads nothing outside, and returns 0 or -1 for a
 * frame that is shorter than its headers; outputs are untouched on failure. */
#ifndef RACEWAY_PARSE_H
#define RACEWAY_PARSE_H

#include <linux/types.h>

#define RACEWAY_ETH_ALEN 6
#define RACEWAY_ETH_HLEN 14
#define RACEWAY_VLAN_HLEN 4
#define RACEWAY_VLAN_VID_MASK 0x0fff
#define RACEWAY_VLAN_PCP_SHIFT 13

#define RACEWAY_ETH_P_IP 0x0800
#define RACEWAY_ETH_P_8021Q 0x8100
#define RACEWAY_ETH_P_IPV6 0x86dd
#define RACEWAY_ETH_P_8021AD 0x88a8

#define RACEWAY_IPPROTO_HOPOPTS 0
#define RACEWAY_IPPROTO_TCP 6
#define RACEWAY_IPPROTO_UDP 17
#define RACEWAY_IPPROTO_ROUTING 43
#define RACEWAY_IPPROTO_FRAGMENT 44
#define RACEWAY_IPPROTO_AH 51
#define RACEWAY_IPPROTO_DSTOPTS 60
#define RACEWAY_IPV6_EXTENSIONS_MAX 8

#define RACEWAY_TCP_HLEN_MIN 20
#define RACEWAY_UDP_HLEN 8
#define RACEWAY_IPV4_HLEN_MIN 20
#define RACEWAY_IPV6_HLEN 40

struct raceway_l2 {
	__u8 dst[RACEWAY_ETH_ALEN];
	__u8 src[RACEWAY_ETH_ALEN];
	__u16 tci;	 /* of the first 802.1Q tag, 0 without one */
	__u16 ethertype; /* behind the tags that were read */
	__u8 tagged;	 /* an 802.1Q tag is there, be its VID 0 (priority tag) */
	__u8 inner;	 /* another tag follows, or the first one is no C-tag */
	__u8 offset;	 /* of what the ethertype names: 14, 18 or 22 */
};

static inline __attribute__((always_inline)) __u16 raceway_load_be16(const void *from)
{
	const __u8 *b = from;

	return (__u16)(b[0] << 8 | b[1]);
}

static inline __attribute__((always_inline)) int raceway_is_tag(__u16 ethertype)
{
	return ethertype == RACEWAY_ETH_P_8021Q || ethertype == RACEWAY_ETH_P_8021AD;
}

/* IEEE 802.3 clause 3.2.3: the group bit is the first bit on the wire. */
static inline __attribute__((always_inline)) int raceway_is_group(const __u8 *mac)
{
	return mac[0] & 1;
}

/* 01-80-C2-00-00-0x, IEEE 802.1Q table 8-1: never forwarded by a bridge. */
static inline __attribute__((always_inline)) int raceway_is_reserved(const __u8 *mac)
{
	return mac[0] == 0x01 && mac[1] == 0x80 && mac[2] == 0xc2 && mac[3] == 0 && mac[4] == 0 &&
	       (mac[5] & 0xf0) == 0;
}

/* Ethernet and up to two tags. An S-tag (802.1ad) in front counts as an inner tag: it names no
 * segment of ours. */
static inline __attribute__((always_inline)) int
raceway_parse_l2(const void *data, const void *data_end, struct raceway_l2 *ret_l2)
{
	const __u8 *p = data;
	__u16 type;

	if (p + RACEWAY_ETH_HLEN > (const __u8 *)data_end)
		return -1;
	type = raceway_load_be16(p + 12);
	if (type != RACEWAY_ETH_P_8021Q && type != RACEWAY_ETH_P_8021AD) {
		ret_l2->tci = 0;
		ret_l2->tagged = 0;
		ret_l2->inner = 0;
		ret_l2->offset = RACEWAY_ETH_HLEN;
	} else {
		__u16 next;

		if (p + RACEWAY_ETH_HLEN + RACEWAY_VLAN_HLEN > (const __u8 *)data_end)
			return -1;
		next = raceway_load_be16(p + 16);
		if (raceway_is_tag(next) &&
		    p + RACEWAY_ETH_HLEN + 2 * RACEWAY_VLAN_HLEN > (const __u8 *)data_end)
			return -1;
		ret_l2->tagged = type == RACEWAY_ETH_P_8021Q;
		ret_l2->inner = !ret_l2->tagged || raceway_is_tag(next);
		ret_l2->tci = ret_l2->tagged ? raceway_load_be16(p + 14) : 0;
		ret_l2->offset = RACEWAY_ETH_HLEN + RACEWAY_VLAN_HLEN;
		if (raceway_is_tag(next)) {
			next = raceway_load_be16(p + 20);
			ret_l2->offset += RACEWAY_VLAN_HLEN;
		}
		type = next;
	}
	ret_l2->ethertype = type;
	__builtin_memcpy(ret_l2->dst, p, RACEWAY_ETH_ALEN);
	__builtin_memcpy(ret_l2->src, p + RACEWAY_ETH_ALEN, RACEWAY_ETH_ALEN);
	return 0;
}

struct raceway_l3 {
	__u16 l4_offset; /* from the start of the frame */
	__u8 proto;	 /* of layer 4; 0 if it is not IP */
	__u8 fragment;	 /* a fragment other than the first: there is no layer 4 header */
};

/* IPv4 with options, IPv6 with extension headers; what is neither gives proto 0 at `offset`. */
static inline __attribute__((always_inline)) int raceway_parse_l3(const void *data,
								  const void *data_end,
								  __u16 ethertype, __u32 offset,
								  struct raceway_l3 *ret_l3)
{
	const __u8 *p = (const __u8 *)data + (offset & 0x3f), *end = data_end;
	__u32 at = offset & 0x3f;
	__u8 proto;

	if (ethertype == RACEWAY_ETH_P_IP) {
		__u32 hlen;

		if (p + RACEWAY_IPV4_HLEN_MIN > end)
			return -1;
		hlen = (p[0] & 0x0f) * 4;
		if (p[0] >> 4 != 4 || hlen < RACEWAY_IPV4_HLEN_MIN || p + hlen > end)
			return -1;
		ret_l3->proto = p[9];
		ret_l3->fragment = (raceway_load_be16(p + 6) & 0x1fff) != 0;
		ret_l3->l4_offset = (__u16)(at + hlen);
		return 0;
	}
	if (ethertype != RACEWAY_ETH_P_IPV6) {
		ret_l3->proto = 0;
		ret_l3->fragment = 0;
		ret_l3->l4_offset = (__u16)at;
		return 0;
	}
	if (p + RACEWAY_IPV6_HLEN > end || p[0] >> 4 != 6)
		return -1;
	proto = p[6];
	at += RACEWAY_IPV6_HLEN;
	for (int i = 0; i < RACEWAY_IPV6_EXTENSIONS_MAX; i++) {
		__u32 hlen;

		p = (const __u8 *)data + (at & 0xfff);
		if (proto == RACEWAY_IPPROTO_FRAGMENT) {
			if (p + 8 > end)
				return -1;
			if (raceway_load_be16(p + 2) & 0xfff8) {
				ret_l3->proto = p[0];
				ret_l3->fragment = 1;
				ret_l3->l4_offset = (__u16)(at + 8);
				return 0;
			}
			hlen = 8;
		} else if (proto == RACEWAY_IPPROTO_HOPOPTS || proto == RACEWAY_IPPROTO_ROUTING ||
			   proto == RACEWAY_IPPROTO_DSTOPTS) {
			if (p + 8 > end)
				return -1;
			hlen = (p[1] + 1) * 8;
		} else if (proto == RACEWAY_IPPROTO_AH) {
			if (p + 8 > end)
				return -1;
			hlen = (p[1] + 2) * 4;
		} else {
			ret_l3->proto = proto;
			ret_l3->fragment = 0;
			ret_l3->l4_offset = (__u16)at;
			return 0;
		}
		proto = p[0];
		at += hlen;
		if (at > 0xfff)
			return -1;
	}
	return -1;
}

static inline __attribute__((always_inline)) __u32 raceway_mac_hash(const struct raceway_l2 *l2)
{
	__u32 src, dst;

	__builtin_memcpy(&src, l2->src + 2, sizeof(src));
	__builtin_memcpy(&dst, l2->dst + 2, sizeof(dst));
	return src * 0x9e3779b1U ^ dst;
}

/* Eight bytes at any alignment, in any fixed order: two addresses, or half of one. */
static inline __attribute__((always_inline)) __u64 raceway_load_pair(const __u8 *p)
{
	__u64 pair;

	__builtin_memcpy(&pair, p, sizeof(pair));
	return pair;
}

/* Names the flow of a frame: addresses, protocol and ports where it is IP, else `macs` and the
 * ethertype. All fragments of a packet are of one flow. The caller adds a secret. */
static inline __attribute__((always_inline)) __u32
raceway_flow_hash(const void *data, const void *data_end, __u16 ethertype, __u32 offset, __u32 macs)
{
	const __u8 *p = (const __u8 *)data + (offset & 0x3f), *end = data_end;
	__u64 hash = 0x9e3779b97f4a7c15ULL;
	__u32 hlen = 0, proto = 0;

	if (ethertype == RACEWAY_ETH_P_IP && p + RACEWAY_IPV4_HLEN_MIN <= end) {
		hash ^= raceway_load_pair(p + 12);
		proto = p[9];
		hlen = (p[0] & 0x0f) * 4;
		if (raceway_load_be16(p + 6) & 0x3fff)
			hlen = 0;
	} else if (ethertype == RACEWAY_ETH_P_IPV6 && p + RACEWAY_IPV6_HLEN <= end) {
		hash ^= raceway_load_pair(p + 8);
		hash *= 0xbf58476d1ce4e5b9ULL;
		hash ^= raceway_load_pair(p + 16);
		hash *= 0xbf58476d1ce4e5b9ULL;
		hash ^= raceway_load_pair(p + 24);
		hash *= 0xbf58476d1ce4e5b9ULL;
		hash ^= raceway_load_pair(p + 32);
		proto = p[6];
		hlen = RACEWAY_IPV6_HLEN;
	} else {
		hash ^= macs + ((__u64)ethertype << 32);
	}
	hash = (hash ^ hash >> 31 ^ proto) * 0xbf58476d1ce4e5b9ULL;
	if (hlen && (proto == RACEWAY_IPPROTO_TCP || proto == RACEWAY_IPPROTO_UDP)) {
		p += hlen & 0x3f;
		if (p + 4 <= end)
			hash ^= raceway_load_be16(p) | (__u64)raceway_load_be16(p + 2) << 16;
	}
	hash = (hash ^ hash >> 29) * 0x94d049bb133111ebULL;
	return (__u32)(hash >> 32);
}

/* Marks an ECN-capable packet "congestion experienced", RFC 3168 section 5: the bits and, in
 * IPv4, the header's checksum (RFC 1624). Returns 1 if it has marked the packet, 0 if that is not
 * capable, marked already, or not IP. */
static inline __attribute__((always_inline)) int raceway_mark_ce(void *data, const void *data_end,
								 __u16 ethertype, __u32 offset)
{
	__u8 *p = (__u8 *)data + (offset & 0x3f), ecn;
	__u32 sum;

	if (p + RACEWAY_IPV4_HLEN_MIN > (const __u8 *)data_end)
		return 0;
	if (ethertype == RACEWAY_ETH_P_IPV6) {
		ecn = p[1] >> 4 & 3;
		if (!ecn || ecn == 3)
			return 0;
		p[1] |= 0x30;
		return 1;
	}
	ecn = p[1] & 3;
	if (ethertype != RACEWAY_ETH_P_IP || !ecn || ecn == 3)
		return 0;
	p[1] |= 3;
	/* RFC 1624 equation 3: never 0xffff for 0. */
	sum = (raceway_load_be16(p + 10) ^ 0xffffU) + (3U - ecn);
	sum = ((sum & 0xffff) + (sum >> 16)) ^ 0xffffU;
	p[10] = (__u8)(sum >> 8);
	p[11] = (__u8)sum;
	return 1;
}

#endif
