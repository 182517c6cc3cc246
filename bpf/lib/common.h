/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What every part of the data path works on: one frame and the verdict on it.
 * Only UAPI headers: the programs load on kernels without BTF too. */
#ifndef RACEWAY_BPF_COMMON_H
#define RACEWAY_BPF_COMMON_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <raceway/maps.h>
#include <raceway/parse.h>

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifndef __noinline
#define __noinline __attribute__((noinline))
#endif

/* Both sides lie on even addresses; the verifier wants no more. */
static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	const __u16 *x = (const void *)a, *y = (const void *)b;

	return !((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]));
}

/* A frame as the policy sees it, whichever hook it came through. */
struct frame {
	struct raceway_l2 l2;
	__u32 bytes;   /* destination MAC to payload without the segment's tag; GSO: all segments */
	__u32 packets; /* on the wire: segments of a GSO packet */
	__u32 payload; /* longest packet's bytes behind the Ethernet header, for the MTU */
	__u32 ifindex; /* where it arrived */
	__u32 congested; /* bit per enum raceway_dir: that meter is near its limit */
	__u64 now;	 /* ticks, read once per frame */
};

/* Where it came from, where it goes. A number of 0 means "no vNIC". */
struct verdict {
	struct raceway_segment segment; /* as it was when the frame came, each word read at once */
	const struct raceway_vnic_policy *src;
	const struct raceway_vnic_policy *dst;
	struct raceway_port_meter *leaving; /* NULL: the host end of a local vNIC */
	__u32 src_vnic;
	__u32 dst_vnic;
	__u32 ifindex; /* leaving */
	__u16 segment_number;
	__u16 port; /* leaving port's number, 0 for the host end of a local vNIC */
	__u16 vid;  /* leaving tag, 0 untagged */
	__u8 pcp;
	__u8 blame_dir; /* which vNIC a drop is counted on: RACEWAY_TX src, RACEWAY_RX dst */
};

#endif
