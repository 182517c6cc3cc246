/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Segment, source and destination of a frame. Looks up and decides, changes nothing, so that
 * XDP may still hand the frame to the skb path, which then decides the same. */
#ifndef RACEWAY_BPF_STEER_H
#define RACEWAY_BPF_STEER_H

#include "common.h"
#include "meter.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT + RACEWAY_PORTS);
	__type(key, __u32);
	__type(value, struct raceway_port);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_SEGMENTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct raceway_segment);
} segments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * RACEWAY_SEGMENTS); /* old and new while tables change */
	__type(key, struct raceway_vid_key);
	__type(value, __u16);
} vid_segment SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_FDB_BUCKETS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct raceway_fdb_bucket);
} fdb SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, RACEWAY_VNICS_DEFAULT);
	__type(key, struct raceway_foreign_key);
	__type(value, __u32);
} foreign SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RACEWAY_PORTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct raceway_port_meter);
} port_meters SEC(".maps");

static __always_inline const struct raceway_vnic_policy *policy_of(__u32 vnic)
{
	const struct raceway_vnic *v = bpf_map_lookup_elem(&vnics, &vnic);

	return v ? &v->slot[*(volatile const __u32 *)&v->valid & 1] : NULL;
}

static __always_inline bool same_key(const struct raceway_fdb_key *a,
				     const struct raceway_fdb_key *b)
{
	return *(const __u64 *)a == *(const __u64 *)b;
}

/* Asks for the cache lines that the frame needs later. The values are not used, so the loads
 * run beside those that decide where the frame goes; with many vNICs they all miss the cache. */
static __always_inline void vnic_touch(__u32 vnic, enum raceway_dir dir)
{
	__u32 index = vnic * RACEWAY_DIRS + dir;
	const struct raceway_vnic *v = bpf_map_lookup_elem(&vnics, &vnic);
	const struct raceway_stats *s = bpf_map_lookup_elem(&stats, &index);

	if (v) {
		(void)*(const volatile __u64 *)&v->meter[dir];
		(void)*(const volatile __u64 *)&v->slot[1];
	}
	if (s)
		(void)*(const volatile __u64 *)s;
}

/* Number of the vNIC that the address table has for this key, 0 if none. */
static __always_inline __u32 fdb_find(const struct raceway_fdb_key *key)
{
	__u64 mix = raceway_fdb_mix(key->segment, *(const __u64 *)key >> 16);
	__u32 index = raceway_fdb_first(mix), vnic = 0;
	const struct raceway_fdb_bucket *bucket = bpf_map_lookup_elem(&fdb, &index);

	if (bucket)
		vnic = raceway_fdb_search(bucket, raceway_fdb_tag(mix));
	if (vnic)
		return vnic;
	index = raceway_fdb_second(mix);
	bucket = bpf_map_lookup_elem(&fdb, &index);
	return bucket ? raceway_fdb_search(bucket, raceway_fdb_tag(mix) | RACEWAY_FDB_SECOND) : 0;
}

/* The vNIC with this address in this segment. Its policy must say the same: an entry that is
 * being replaced is no entry. */
static __always_inline const struct raceway_vnic_policy *
vnic_by_mac(__u16 segment, const __u8 *mac, enum raceway_dir dir, __u32 *ret_vnic)
{
	const struct raceway_vnic_policy *policy;
	struct raceway_fdb_key key = { .segment = segment };
	__u32 vnic;

	__builtin_memcpy(key.mac, mac, RACEWAY_ETH_ALEN);
	vnic = fdb_find(&key);
	if (!vnic)
		return NULL;
	*ret_vnic = vnic;
	vnic_touch(vnic, dir);
	policy = policy_of(vnic);
	if (!policy || !same_key(&policy->key, &key))
		return NULL;
	return policy;
}

/* Takes a copy of the segment: either word as one update has left it. The second is stored last,
 * so it is read first: what it calls valid has its uplink. */
static __always_inline enum raceway_drop segment_load(__u32 number, struct verdict *v)
{
	const volatile __u64 *words = bpf_map_lookup_elem(&segments, &number);
	__u64 word[2];

	if (!words)
		return RACEWAY_DROP_NO_SEGMENT;
	word[1] = words[1];
	word[0] = words[0];
	__builtin_memcpy(&v->segment, word, sizeof(word));
	v->segment_number = (__u16)number;
	return v->segment.flags & RACEWAY_SEGMENT_VALID ? RACEWAY_DROP_NONE
							: RACEWAY_DROP_NO_SEGMENT;
}

/* Elements of `ports`, `vid_segment` and `foreign` may be old, or be reused for another key
 * while this frame holds them. So what they lead to must itself name the interface at which the
 * frame has arrived: the segment its uplink, the policy its location. */
static __always_inline enum raceway_drop steer_segment(const struct raceway_port *port,
						       const struct frame *f, struct verdict *v)
{
	__u16 vid = f->l2.tci & RACEWAY_VLAN_VID_MASK;
	__u32 number = vid;

	if (port->role == RACEWAY_ROLE_UPLINK) {
		struct raceway_vid_key key = { .port = port->number, .vid = vid };
		__u16 *found = bpf_map_lookup_elem(&vid_segment, &key);

		if (!found)
			return RACEWAY_DROP_NO_SEGMENT;
		number = *found;
	} else if (!vid) {
		number = port->native_segment;
	}
	if (segment_load(number, v))
		return RACEWAY_DROP_NO_SEGMENT;
	if (port->role == RACEWAY_ROLE_UPLINK &&
	    (v->segment.uplink_ifindex != f->ifindex || v->segment.uplink_vid != vid))
		return RACEWAY_DROP_NO_SEGMENT;
	return RACEWAY_DROP_NONE;
}

/* A tag behind the segment's own is for trunks only. */
static __always_inline bool tag_allowed(const struct raceway_vnic_policy *policy,
					const struct frame *f)
{
	return !f->l2.inner || (policy->flags & RACEWAY_VNIC_TRUNK);
}

static __always_inline enum raceway_drop steer_source(const struct raceway_port *port,
						      const struct frame *f, struct verdict *v)
{
	if (port->role == RACEWAY_ROLE_VNIC) {
		v->src_vnic = port->vnic;
		v->src = policy_of(v->src_vnic);
		if (!v->src)
			return RACEWAY_DROP_NO_POLICY;
		if (v->src->ifindex != f->ifindex) {
			v->src_vnic = 0;
			return RACEWAY_DROP_SPOOF;
		}
		if (!same_mac(v->src->key.mac, f->l2.src)) {
			__u32 owner;

			/* Without the check any address but another vNIC's. */
			if ((v->src->flags & RACEWAY_VNIC_SPOOFCHECK) ||
			    vnic_by_mac(v->src->key.segment, f->l2.src, RACEWAY_TX, &owner))
				return RACEWAY_DROP_SPOOF;
		}
	} else {
		v->src = vnic_by_mac(v->segment_number, f->l2.src, RACEWAY_TX, &v->src_vnic);
		if (!v->src) {
			struct raceway_foreign_key key = {
				.port = port->number,
				.segment = v->segment_number,
			};
			__u32 *vnic = bpf_map_lookup_elem(&foreign, &key);

			v->src_vnic = 0;
			if (!vnic)
				return RACEWAY_DROP_SPOOF;
			v->src = policy_of(*vnic);
			if (!v->src || (v->src->flags & RACEWAY_VNIC_SPOOFCHECK) ||
			    v->src->key.segment != v->segment_number)
				return RACEWAY_DROP_SPOOF;
			v->src_vnic = *vnic;
		}
		if (v->src->ifindex != f->ifindex || !v->src->port) {
			v->src_vnic = 0;
			return RACEWAY_DROP_SPOOF;
		}
	}
	if (!(v->src->flags & RACEWAY_VNIC_UP))
		return RACEWAY_DROP_DOWN;
	return tag_allowed(v->src, f) ? RACEWAY_DROP_NONE : RACEWAY_DROP_VLAN;
}

/* Our own address that comes back: only a segment that sends its frames out to be
 * hairpinned expects that. */
static __always_inline enum raceway_drop steer_reflection(const struct frame *f, struct verdict *v)
{
	__u32 vnic;

	if (!vnic_by_mac(v->segment_number, f->l2.src, RACEWAY_TX, &vnic))
		return RACEWAY_DROP_NONE;
	if (v->segment.switching != RACEWAY_VEPA)
		return RACEWAY_DROP_REFLECTED;
	v->src_vnic = vnic; /* the flood prunes its copy; src stays NULL: it does not send */
	return RACEWAY_DROP_NONE;
}

/* The leaving port must carry the frame; a local vNIC's host end has the vNIC's own MTU. */
static __always_inline enum raceway_drop steer_leaving(const struct frame *f, struct verdict *v)
{
	__u32 index = v->port;

	if (!index)
		return RACEWAY_DROP_NONE;
	v->leaving = bpf_map_lookup_elem(&port_meters, &index);
	if (!v->leaving)
		return RACEWAY_DROP_NO_POLICY;
	return f->payload > v->leaving->mtu ? RACEWAY_DROP_MTU : RACEWAY_DROP_NONE;
}

static __always_inline enum raceway_drop steer_to_uplink(const struct frame *f, struct verdict *v)
{
	v->ifindex = v->segment.uplink_ifindex;
	v->port = v->segment.uplink_port;
	v->vid = v->segment.uplink_vid;
	v->pcp = v->src->pcp;
	if (!v->ifindex)
		return RACEWAY_DROP_NO_UPLINK;
	/* Untagged, an inner tag would become somebody else's VLAN. */
	if (f->l2.inner && !v->vid)
		return RACEWAY_DROP_VLAN;
	return steer_leaving(f, v);
}

static __always_inline enum raceway_drop steer_to_vnic(const struct frame *f, struct verdict *v)
{
	const struct raceway_vnic_policy *dst = v->dst;

	v->blame_dir = RACEWAY_RX;
	v->ifindex = dst->ifindex;
	v->port = dst->port;
	v->vid = dst->vid;
	v->pcp = v->src ? v->src->pcp : dst->pcp;
	if (!(dst->flags & RACEWAY_VNIC_UP))
		return RACEWAY_DROP_DOWN;
	if (!v->ifindex)
		return RACEWAY_DROP_NO_LOCATION;
	if (!tag_allowed(dst, f) || (f->l2.inner && !v->vid && !(dst->flags & RACEWAY_VNIC_LOCAL)))
		return RACEWAY_DROP_VLAN;
	if (f->payload > dst->mtu + (f->l2.inner ? RACEWAY_VLAN_HLEN : 0U))
		return RACEWAY_DROP_MTU;
	return steer_leaving(f, v);
}

/* Design section 4, step 6, for one destination. */
static __always_inline enum raceway_drop steer_unicast(const struct frame *f, struct verdict *v)
{
	v->dst = vnic_by_mac(v->segment_number, f->l2.dst, RACEWAY_RX, &v->dst_vnic);
	if (!v->dst)
		v->dst_vnic = 0;
	if (!v->src) {
		if (!v->dst)
			return RACEWAY_DROP_UNKNOWN;
		return steer_to_vnic(f, v);
	}
	if (v->dst && v->segment.switching == RACEWAY_VEB)
		return steer_to_vnic(f, v);
	if (v->dst && v->segment.switching == RACEWAY_PRIVATE)
		return RACEWAY_DROP_PRIVATE;
	v->dst = NULL;
	v->dst_vnic = 0;
	return steer_to_uplink(f, v);
}

/* Segment and source of any frame. */
static __always_inline enum raceway_drop steer_ingress(const struct raceway_port *port,
						       const struct frame *f, struct verdict *v)
{
	enum raceway_drop drop;

	/* IEEE 802.3 clause 3.2.3: no station sends from a group address. */
	if (raceway_is_group(f->l2.src))
		return RACEWAY_DROP_SPOOF;
	if (port->role == RACEWAY_ROLE_VNIC) {
		drop = steer_source(port, f, v);
		return drop ? drop : segment_load(v->src->key.segment, v);
	}
	drop = steer_segment(port, f, v);
	if (drop)
		return drop;
	if (port->role == RACEWAY_ROLE_UPLINK)
		return steer_reflection(f, v);
	return steer_source(port, f, v);
}

#endif
