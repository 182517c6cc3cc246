/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters by vNIC, direction and colour, and drops by reason. The programs' single exit
 * comes through here. */
#ifndef RACEWAY_BPF_STATS_H
#define RACEWAY_BPF_STATS_H

#include "common.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT *RACEWAY_DIRS);
	__type(key, __u32);
	__type(value, struct raceway_stats);
} stats SEC(".maps");

/* Filled on first use. A full table loses the name of a drop, never the drop. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT *RACEWAY_DIRS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct raceway_drop_key);
	__type(value, __u64);
} drops SEC(".maps");

static __always_inline void count_frame(__u32 vnic, enum raceway_dir dir, int colour,
					const struct frame *f)
{
	__u32 index = vnic * RACEWAY_DIRS + dir;
	struct raceway_stats *s = bpf_map_lookup_elem(&stats, &index);

	if (!s)
		return;
	s->colour[colour & (RACEWAY_COLOURS - 1)].packets += f->packets;
	s->colour[colour & (RACEWAY_COLOURS - 1)].bytes += f->bytes;
}

/* Not inlined: the drop path must not cost the forwarding path its registers. */
static __noinline void count_drop(__u64 owner_id, __u32 dir, __u32 reason, __u32 packets)
{
	struct raceway_drop_key key = {
		.id = (__u32)owner_id,
		.owner = owner_id >> 32 ? RACEWAY_OWNER_VNIC : RACEWAY_OWNER_PORT,
		.dir = (__u8)dir,
		.reason = (__u16)reason,
	};
	__u64 first = packets, *count = bpf_map_lookup_elem(&drops, &key);

	if (!count) {
		if (!bpf_map_update_elem(&drops, &key, &first, BPF_NOEXIST))
			return;
		count = bpf_map_lookup_elem(&drops, &key);
	}
	if (count)
		*count += packets;
}

static __always_inline void count_vnic_drop(__u32 vnic, enum raceway_dir dir,
					    enum raceway_drop reason, __u32 packets)
{
	count_drop(1ULL << 32 | vnic, dir, reason, packets);
}

#endif
