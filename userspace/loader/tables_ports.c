// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ports, segments, VLANs and the members of segments: their share of a fill. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "loader/tables.h"

static void port_make(const struct raceway_dp_port *port, struct raceway_port *entry)
{
	*entry = (struct raceway_port){
		.number = port->number,
		.role = (uint8_t)port->role,
		.flags = port->host_keep ? RACEWAY_PORT_HOST_KEEP : 0,
		.native_segment = port->native_segment,
	};
	raceway_netdev_mac(port->dev, entry->mac);
}

/* The host ends of local vNICs are ports of a kind: who arrives there is known. */
static int stage_host_ends(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (size_t i = 0; i < t->config->vnic_count; i++) {
		const struct raceway_dp_vnic *vnic = &t->config->vnics[i];
		struct raceway_port entry = { .role = RACEWAY_ROLE_VNIC, .vnic = vnic->number };

		if (vnic->port || !vnic->ifindex)
			continue;
		if (bpf_map_update_elem(dp->map[RACEWAY_MAP_PORTS], &vnic->ifindex, &entry,
					BPF_ANY))
			return -errno;
	}
	return 0;
}

static int stage_foreign(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (size_t i = 0; i < t->config->vnic_count; i++) {
		const struct raceway_dp_vnic *vnic = &t->config->vnics[i];
		struct raceway_foreign_key key = { .port = vnic->port, .segment = vnic->segment };

		if (vnic->spoofcheck || !vnic->port)
			continue;
		if (bpf_map_update_elem(dp->map[RACEWAY_MAP_FOREIGN], &key, &vnic->number, BPF_ANY))
			return -errno;
	}
	return 0;
}

/* A number that is another interface's from now on leads nowhere until no frame is judged any
 * more by what meant the former one. */
static int stage_leaving(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (size_t i = 0; i < t->config->port_count; i++) {
		const struct raceway_dp_port *port = &t->config->ports[i];
		uint32_t number = port->number, former = 0;

		if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_LEAVING], &number, &former) &&
		    former == port->ifindex)
			continue;
		if (former) {
			t->port_former[number] = former;
			bpf_map_delete_elem(dp->map[RACEWAY_MAP_LEAVING], &number);
		} else if (bpf_map_update_elem(dp->map[RACEWAY_MAP_LEAVING], &number,
					       &port->ifindex, BPF_ANY)) {
			return -errno;
		}
	}
	return 0;
}

void raceway_tables_unstage_ports(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (uint32_t n = 1; n <= RACEWAY_PORT_MAX; n++)
		if (t->port_former[n])
			bpf_map_update_elem(dp->map[RACEWAY_MAP_LEAVING], &n, &t->port_former[n],
					    BPF_ANY);
}

void raceway_tables_rebind_ports(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (uint32_t n = 1; n <= RACEWAY_PORT_MAX; n++) {
		if (!t->port_former[n])
			continue;
		dp->unsettled = true;
		raceway_dp_settle(dp);
		for (; n <= RACEWAY_PORT_MAX; n++)
			if (t->port_former[n])
				bpf_map_update_elem(dp->map[RACEWAY_MAP_LEAVING], &n,
						    &t->port_ifindex[n], BPF_ANY);
	}
}

int raceway_tables_stage_ports(struct raceway_dp *dp, struct raceway_tables *t)
{
	return stage_leaving(dp, t) ?: stage_host_ends(dp, t) ?: stage_foreign(dp, t);
}

struct placed {
	uint32_t vnic;
	uint32_t ifindex;
	uint16_t segment;
};

static int by_place(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	if (x->ifindex != y->ifindex)
		return x->ifindex < y->ifindex ? -1 : 1;
	return x->vnic < y->vnic ? -1 : x->vnic > y->vnic;
}

static bool same_members(struct raceway_dp *dp, uint16_t segment, const struct placed *list,
			 uint32_t count)
{
	const struct raceway_segment *old = &dp->segments[segment];
	struct raceway_member member;

	if (old->member_count != count)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		struct raceway_member_key key = {
			.segment = segment,
			.slot = (uint16_t)(old->member_slot & 1),
			.index = i,
		};

		if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_MEMBERS], &key, &member) ||
		    member.vnic != list[i].vnic ||
		    member.last_here != (i + 1 == count || list[i + 1].ifindex != list[i].ifindex))
			return false;
	}
	return true;
}

static int stage_segment_members(struct raceway_dp *dp, struct raceway_tables *t,
				 const struct placed *list, uint32_t count)
{
	uint16_t segment = list[0].segment;
	uint8_t slot = dp->segments[segment].member_slot & 1;

	if (!same_members(dp, segment, list, count)) {
		slot = !slot;
		dp->unsettled = dp->stale[segment] = true; /* swept even if this fill fails */
		for (uint32_t i = 0; i < count; i++) {
			struct raceway_member_key key = {
				.segment = segment,
				.slot = slot,
				.index = i,
			};
			struct raceway_member member = {
				.vnic = list[i].vnic,
				.last_here =
					i + 1 == count || list[i + 1].ifindex != list[i].ifindex,
			};

			if (bpf_map_update_elem(dp->map[RACEWAY_MAP_MEMBERS], &key, &member,
						BPF_ANY))
				return -errno;
		}
	}
	t->member_slot[segment] = slot;
	t->member_count[segment] = (uint16_t)count;
	return 0;
}

/* Deletes a generation's entries from `index` on. They have no gaps: each generation starts
 * where nothing is. */
static void sweep_members(struct raceway_dp *dp, uint16_t segment, uint16_t slot, uint32_t index)
{
	struct raceway_member_key key = { .segment = segment, .slot = slot, .index = index };

	while (!bpf_map_delete_elem(dp->map[RACEWAY_MAP_MEMBERS], &key))
		key.index++;
}

void raceway_tables_sweep(struct raceway_dp *dp)
{
	for (uint16_t n = 1; n <= RACEWAY_SEGMENT_MAX; n++) {
		uint16_t slot = dp->segments[n].member_slot & 1;

		if (!dp->stale[n])
			continue;
		sweep_members(dp, n, slot, dp->segments[n].member_count);
		sweep_members(dp, n, !slot, 0);
		dp->stale[n] = false;
	}
}

int raceway_tables_stage_members(struct raceway_dp *dp, struct raceway_tables *t)
{
	size_t count = t->config->vnic_count;
	struct placed *list = calloc(count + 1, sizeof(*list));
	int ret = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		list[i] = (struct placed){
			.vnic = t->config->vnics[i].number,
			.ifindex = t->policy[i].ifindex,
			.segment = t->config->vnics[i].segment,
		};
	qsort(list, count, sizeof(*list), by_place);
	for (size_t i = 0; !ret && i < count;) {
		size_t n = 1;

		while (i + n < count && list[i + n].segment == list[i].segment)
			n++;
		ret = stage_segment_members(dp, t, &list[i], (uint32_t)n);
		i += n;
	}
	free(list);
	return ret;
}

static int switch_port(struct raceway_dp *dp, const struct raceway_dp_port *port, uint32_t mtu,
		       uint64_t cbs_bytes)
{
	struct raceway_port_meter *meter = &dp->port_meters[port->number];
	struct raceway_port entry;
	uint64_t features = 0;

	raceway_tables_port_meter(meter, port->rate_bps, cbs_bytes);
	raceway_netdev_xdp_features(port->ifindex, &features);
	meter->mtu = mtu;
	/* What its qdisc is, is known by other ways than by a fill. */
	meter->flags = (meter->flags & RACEWAY_LEAVING_FQ) |
		       (features & RACEWAY_XDP_NDO_XMIT_SG ? RACEWAY_LEAVING_FRAGS : 0);
	port_make(port, &entry);
	return bpf_map_update_elem(dp->map[RACEWAY_MAP_PORTS], &port->ifindex, &entry, BPF_ANY)
		       ? -errno
		       : 0;
}

void raceway_tables_switch_ports(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (size_t i = 0; i < t->config->port_count; i++) {
		const struct raceway_dp_port *port = &t->config->ports[i];

		if (t->places)
			switch_port(dp, port, t->port_mtu[port->number], t->port_cbs[port->number]);
		else
			raceway_tables_port_meter(&dp->port_meters[port->number], port->rate_bps,
						  t->port_cbs[port->number]);
	}
}

int raceway_tables_add_port(struct raceway_dp *dp, struct raceway_dp_port *port,
			    struct raceway_error *err)
{
	struct raceway_port entry;
	uint32_t mtu, number = 1;

	if (raceway_netdev_mtu(port->dev, &mtu))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "port", "dev",
					 "%s: no such interface", port->dev);
	if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_PORTS], &port->ifindex, &entry)) {
		if (entry.role != port->role)
			return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "port", "role",
						 "%s is a port of another role", port->dev);
		port->number = entry.number;
		return 0;
	}
	while (number <= RACEWAY_PORT_MAX && dp->port_meters[number].mtu)
		number++;
	if (number > RACEWAY_PORT_MAX)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "port", "number",
					 "all %d ports are in use", RACEWAY_PORT_MAX);
	port->number = (uint16_t)number;
	if (bpf_map_update_elem(dp->map[RACEWAY_MAP_LEAVING], &number, &port->ifindex, BPF_ANY) ||
	    switch_port(dp, port, mtu, 0))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "port", "dev",
					 "%s does not fit the tables: %s", port->dev,
					 strerror(errno));
	return 0;
}

/* Two words, each in one store; a segment is valid only when its second word says so. */
static void segment_store(struct raceway_segment *to, const struct raceway_segment *from)
{
	uint64_t words[2];

	memcpy(words, from, sizeof(words));
	__atomic_store_n((uint64_t *)to, words[0], __ATOMIC_RELEASE);
	__atomic_store_n((uint64_t *)to + 1, words[1], __ATOMIC_RELEASE);
}

void raceway_tables_switch_segments(struct raceway_dp *dp, struct raceway_tables *t)
{
	for (uint16_t n = 1; n <= RACEWAY_SEGMENT_MAX; n++) {
		const struct raceway_dp_segment *segment = t->segment[n];
		struct raceway_segment entry = { 0 };

		if (segment) {
			entry = (struct raceway_segment){
				.uplink_ifindex = t->port_ifindex[segment->uplink_port],
				.uplink_port = segment->uplink_port,
				.uplink_vid = segment->uplink_vid,
				.switching = (uint8_t)segment->switching,
				.flags = RACEWAY_SEGMENT_VALID,
				.member_count = t->member_count[n],
				.member_slot = t->member_slot[n],
			};
		}
		if (memcmp(&entry, &dp->segments[n], sizeof(entry))) {
			segment_store(&dp->segments[n], &entry);
			dp->unsettled = dp->stale[n] = true;
		} else if (dp->verified) {
			continue;
		}
		if (segment && segment->uplink_port) {
			struct raceway_vid_key key = {
				.port = segment->uplink_port,
				.vid = segment->uplink_vid,
			};

			bpf_map_update_elem(dp->map[RACEWAY_MAP_VID_SEGMENT], &key, &n, BPF_ANY);
		}
	}
}

/* Walks a hash and deletes what `keep` does not want. Deletion lags one key behind the walk,
 * because the kernel starts over from a key that is gone. */
static void prune(struct raceway_dp *dp, struct raceway_tables *t, enum raceway_map map,
		  bool (*keep)(struct raceway_dp *dp, struct raceway_tables *t, const void *key,
			       const void *value))
{
	union {
		uint32_t ifindex;
		struct raceway_vid_key vid;
		struct raceway_foreign_key foreign;
	} key, next;
	union {
		uint16_t segment;
		uint32_t vnic;
		struct raceway_port port;
	} value;
	int fd = dp->map[map], end = bpf_map_get_next_key(fd, NULL, &next);

	while (!end) {
		key = next;
		end = bpf_map_get_next_key(fd, &key, &next);
		if (!bpf_map_lookup_elem(fd, &key, &value) && !keep(dp, t, &key, &value))
			bpf_map_delete_elem(fd, &key);
	}
}

static const struct raceway_vnic_policy *policy_now(struct raceway_dp *dp, uint32_t vnic)
{
	struct raceway_vnic *v = &dp->vnics[vnic < dp->max_vnics ? vnic : 0];

	return &v->slot[v->valid & 1];
}

static bool keep_vid(struct raceway_dp *dp, struct raceway_tables *t, const void *key,
		     const void *value)
{
	const struct raceway_vid_key *vid = key;
	uint16_t number = *(const uint16_t *)value & (RACEWAY_SEGMENTS - 1);
	const struct raceway_dp_segment *segment = t->segment[number];

	return segment && segment->uplink_port == vid->port && segment->uplink_vid == vid->vid;
}

static bool keep_port(struct raceway_dp *dp, struct raceway_tables *t, const void *key,
		      const void *value)
{
	const struct raceway_port *port = value;
	uint32_t ifindex = *(const uint32_t *)key;

	if (port->role == RACEWAY_ROLE_VNIC)
		return policy_now(dp, port->vnic)->ifindex == ifindex;
	return t->port_ifindex[port->number & (RACEWAY_PORTS - 1)] == ifindex;
}

static bool keep_foreign(struct raceway_dp *dp, struct raceway_tables *t, const void *key,
			 const void *value)
{
	const struct raceway_foreign_key *foreign = key;
	const struct raceway_vnic_policy *policy = policy_now(dp, *(const uint32_t *)value);

	return policy->key.segment == foreign->segment && policy->port == foreign->port &&
	       !(policy->flags & RACEWAY_VNIC_SPOOFCHECK);
}

void raceway_tables_clear(struct raceway_dp *dp, struct raceway_tables *t)
{
	prune(dp, t, RACEWAY_MAP_VID_SEGMENT, keep_vid);
	prune(dp, t, RACEWAY_MAP_PORTS, keep_port);
	prune(dp, t, RACEWAY_MAP_FOREIGN, keep_foreign);
	if (!dp->verified)
		raceway_fdb_sweep(dp);
	for (uint32_t n = 1; n <= RACEWAY_PORT_MAX; n++)
		if (!t->port_ifindex[n] && dp->port_meters[n].mtu) {
			memset(&dp->port_meters[n], 0, sizeof(dp->port_meters[n]));
			bpf_map_delete_elem(dp->map[RACEWAY_MAP_LEAVING], &n);
		}
}
