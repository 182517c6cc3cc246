// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Is a configuration one that the tables can hold? Nothing is written here. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "loader/tables.h"

static int refuse(struct raceway_error *err, const char *kind, const char *name, const char *field,
		  const char *message)
{
	char object[96];

	snprintf(object, sizeof(object), "%s %.80s", kind, name);
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, field, "%s", message);
}

struct claim {
	uint32_t what;
	uint32_t by; /* index of who wants it */
};

static int compare_claim(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->what != y->what)
		return x->what < y->what ? -1 : 1;
	return x->by < y->by ? -1 : x->by > y->by;
}

/* Index of one that claims what another has too, or -1. What is 0 is no claim. */
static long claimed_twice(struct claim *claims, size_t count)
{
	qsort(claims, count, sizeof(*claims), compare_claim);
	for (size_t i = 1; i < count; i++)
		if (claims[i].what && claims[i].what == claims[i - 1].what)
			return claims[i].by;
	return -1;
}

/* Where nothing changes place the ports are as they are in the tables. */
static int port_mtu(struct raceway_dp *dp, const struct raceway_tables *t,
		    const struct raceway_dp_port *port, uint32_t *ret_mtu)
{
	if (t->places)
		return port->ifindex ? raceway_netdev_mtu(port->dev, ret_mtu) : -ENODEV;
	*ret_mtu = dp->port_meters[port->number].mtu;
	return 0;
}

static int check_ports(struct raceway_dp *dp, struct raceway_tables *t, struct raceway_error *err)
{
	const struct raceway_dp_config *config = t->config;

	for (size_t i = 0; i < config->port_count; i++) {
		const struct raceway_dp_port *port = &config->ports[i];
		uint32_t mtu;

		if (!port->number || port->number > RACEWAY_PORT_MAX)
			return refuse(err, "port", port->name, "number",
				      "number is not in 1..1023");
		if (t->port_ifindex[port->number])
			return refuse(err, "port", port->name, "number",
				      "number belongs to another port");
		if (port->role != RACEWAY_ROLE_UPLINK && port->role != RACEWAY_ROLE_FABRIC)
			return refuse(err, "port", port->name, "role",
				      "role is neither uplink nor fabric");
		if (port_mtu(dp, t, port, &mtu))
			return refuse(err, "port", port->name, "dev", "no such interface");
		t->port_ifindex[port->number] = port->ifindex;
		t->port_mtu[port->number] = mtu;
		t->port_native[port->number] = port->native_segment;
		t->port_role[port->number] = (uint8_t)port->role;
	}
	return 0;
}

static int check_segments(struct raceway_tables *t, struct raceway_error *err)
{
	const struct raceway_dp_config *config = t->config;

	for (size_t i = 0; i < config->segment_count; i++) {
		const struct raceway_dp_segment *segment = &config->segments[i];
		char name[16];

		snprintf(name, sizeof(name), "%u", segment->number);
		if (!segment->number || segment->number > RACEWAY_SEGMENT_MAX)
			return refuse(err, "segment", name, "number", "number is not in 1..4094");
		if (t->segment[segment->number])
			return refuse(err, "segment", name, "number", "number is given twice");
		if (segment->uplink_vid > RACEWAY_SEGMENT_MAX)
			return refuse(err, "segment", name, "vlan", "vlan is not in 1..4094");
		if (segment->uplink_port > RACEWAY_PORT_MAX ||
		    (segment->uplink_port && !t->port_ifindex[segment->uplink_port]))
			return refuse(err, "segment", name, "uplink", "uplink is no port");
		if (segment->uplink_port &&
		    t->port_role[segment->uplink_port] != RACEWAY_ROLE_UPLINK)
			return refuse(err, "segment", name, "uplink", "uplink is a fabric port");
		t->segment[segment->number] = segment;
	}
	return 0;
}

static int check_vnic(struct raceway_dp *dp, struct raceway_tables *t,
		      const struct raceway_dp_vnic *vnic, struct raceway_error *err)
{
	static const uint8_t zero[6];

	if (!vnic->number || vnic->number >= dp->max_vnics)
		return refuse(err, "vnic", vnic->name, "number",
			      "number is not below max-vnics; start with a larger --max-vnics");
	if (t->wanted[vnic->number])
		return refuse(err, "vnic", vnic->name, "number", "number is given twice");
	if (vnic->segment > RACEWAY_SEGMENT_MAX || !t->segment[vnic->segment])
		return refuse(err, "vnic", vnic->name, "segment", "segment does not exist");
	if ((vnic->mac[0] & 1) || !memcmp(vnic->mac, zero, sizeof(zero)))
		return refuse(err, "vnic", vnic->name, "mac", "mac is no unicast address");
	if (vnic->port > RACEWAY_PORT_MAX || (vnic->port && !t->port_ifindex[vnic->port]))
		return refuse(err, "vnic", vnic->name, "port", "location is no port");
	if (vnic->port && t->port_role[vnic->port] != RACEWAY_ROLE_FABRIC)
		return refuse(err, "vnic", vnic->name, "port", "location is an uplink");
	for (int d = 0; d < RACEWAY_DIRS; d++) {
		const struct raceway_dp_rate *rate = &vnic->dir[d];

		if (rate->pir_bps && rate->cir_bps > rate->pir_bps)
			return refuse(err, "vnic", vnic->name, "cir", "cir is above pir");
		if (rate->pir_bps > rate->cir_bps && rate->cir_bps &&
		    rate->cbs_bytes > rate->pbs_bytes)
			return refuse(err, "vnic", vnic->name, "cbs", "cbs is above pbs");
	}
	t->wanted[vnic->number] = 1;
	return 0;
}

static int compare_key(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct raceway_fdb_key));
}

static int check_unique(struct raceway_tables *t, struct raceway_error *err)
{
	size_t count = t->config->vnic_count;

	/* `staged` is scratch space here. */
	for (size_t i = 0; i < count; i++) {
		t->staged[i].segment = t->config->vnics[i].segment;
		memcpy(t->staged[i].mac, t->config->vnics[i].mac, sizeof(t->staged[i].mac));
	}
	qsort(t->staged, count, sizeof(*t->staged), compare_key);
	for (size_t i = 1; i < count; i++)
		if (!compare_key(&t->staged[i - 1], &t->staged[i]))
			return refuse(err, "segment", "", "mac",
				      "two vNICs of one segment have the same mac");
	return 0;
}

/* The vNIC was there first: it is the port that is wrong. */
static int refuse_vnic_dev(const struct raceway_dp_config *config,
			   const struct raceway_dp_vnic *vnic, struct raceway_error *err)
{
	for (size_t i = 0; i < config->port_count; i++)
		if (config->ports[i].ifindex == vnic->ifindex)
			return refuse(err, "port", config->ports[i].name, "dev",
				      "dev is the host end of a vNIC; name an interface that is "
				      "no vNIC's");
	return refuse(err, "vnic", vnic->name, "dev", "dev is another vNIC already");
}

/* One interface is one port or one vNIC, one VLAN of an uplink is one segment. */
static int check_claims(struct raceway_tables *t, struct raceway_error *err)
{
	const struct raceway_dp_config *config = t->config;
	size_t ports = config->port_count, vnics = config->vnic_count;
	size_t segments = config->segment_count;
	struct claim *claims = calloc(ports + vnics + segments + 1, sizeof(*claims));
	char name[16];
	long twice;
	int ret = 0;

	if (!claims)
		return -ENOMEM;
	for (size_t i = 0; i < ports + vnics; i++)
		claims[i] = (struct claim){
			.what = i < ports			? config->ports[i].ifindex
				: config->vnics[i - ports].port ? 0
								: config->vnics[i - ports].ifindex,
			.by = (uint32_t)i,
		};
	twice = claimed_twice(claims, ports + vnics);
	if (twice >= (long)ports)
		ret = refuse_vnic_dev(config, &config->vnics[twice - (long)ports], err);
	else if (twice >= 0)
		ret = refuse(err, "port", config->ports[twice].name, "dev",
			     "dev is another port already");
	/* Who answers for unknown sources of a segment at a port can only be one. */
	for (size_t i = 0; i < vnics; i++)
		claims[i] = (struct claim){
			.what = config->vnics[i].spoofcheck || !config->vnics[i].port
					? 0
					: (uint32_t)config->vnics[i].port << 16 |
						  config->vnics[i].segment,
			.by = (uint32_t)i,
		};
	twice = ret ? -1 : claimed_twice(claims, vnics);
	if (twice >= 0)
		ret = refuse(err, "vnic", config->vnics[twice].name, "spoofcheck",
			     "spoofcheck is off for another vNIC of this port and segment already");
	for (size_t i = 0; i < segments; i++)
		claims[i] = (struct claim){
			.what = (uint32_t)config->segments[i].uplink_port << 16 |
				(config->segments[i].uplink_port ? config->segments[i].uplink_vid
								 : 0),
			.by = (uint32_t)i,
		};
	twice = ret ? -1 : claimed_twice(claims, segments);
	if (twice >= 0) {
		snprintf(name, sizeof(name), "%u", config->segments[twice].number);
		ret = refuse(err, "segment", name, "vlan",
			     "vlan of this uplink belongs to another segment");
	}
	free(claims);
	return ret;
}

static void add_cbs(uint64_t *sum, const struct raceway_dp_rate *rate)
{
	if (rate->cir_bps && __builtin_add_overflow(*sum, rate->cbs_bytes, sum))
		*sum = UINT64_MAX;
}

/* What green may send at once: towards a vNIC its rx at its port, from it its tx at the uplink. */
static void sum_cbs(struct raceway_tables *t)
{
	for (size_t i = 0; i < t->config->vnic_count; i++) {
		const struct raceway_dp_vnic *vnic = &t->config->vnics[i];
		uint16_t uplink = t->segment[vnic->segment]->uplink_port;

		if (vnic->port)
			add_cbs(&t->port_cbs[vnic->port], &vnic->dir[RACEWAY_RX]);
		if (uplink)
			add_cbs(&t->port_cbs[uplink], &vnic->dir[RACEWAY_TX]);
	}
}

static bool same_place(const struct raceway_dp_vnic *one, const struct raceway_dp_vnic *other)
{
	return one->number == other->number && one->segment == other->segment &&
	       one->port == other->port && one->ifindex == other->ifindex &&
	       one->spoofcheck == other->spoofcheck &&
	       !memcmp(one->mac, other->mac, sizeof(one->mac));
}

/* The arrays come from calloc and whole assignments, so their padding is equal too. */
void raceway_tables_compare(struct raceway_dp *dp, struct raceway_tables *t,
			    const struct raceway_dp_config *former)
{
	const struct raceway_dp_config *config = t->config;

	t->places =
		!former || !dp->verified || former->vnic_count != config->vnic_count ||
		former->port_count != config->port_count ||
		former->segment_count != config->segment_count ||
		memcmp(former->ports, config->ports, config->port_count * sizeof(*config->ports)) ||
		memcmp(former->segments, config->segments,
		       config->segment_count * sizeof(*config->segments));
	for (size_t i = 0; i < config->vnic_count && !t->places; i++) {
		const struct raceway_dp_vnic *vnic = &config->vnics[i], *old = &former->vnics[i];

		t->changed[i] = memcmp(vnic, old, sizeof(*vnic)) != 0;
		t->places = t->changed[i] && !same_place(vnic, old);
	}
	if (t->places)
		memset(t->changed, true, config->vnic_count);
}

int raceway_tables_check(struct raceway_dp *dp, struct raceway_tables *t, struct raceway_error *err)
{
	const struct raceway_dp_config *config = t->config;
	uint32_t members[RACEWAY_SEGMENTS] = { 0 };
	int ret = check_ports(dp, t, err);

	if (!ret)
		ret = check_segments(t, err);
	for (size_t i = 0; !ret && i < config->vnic_count; i++) {
		if (!t->changed[i])
			continue;
		ret = check_vnic(dp, t, &config->vnics[i], err);
		if (!ret && ++members[config->vnics[i].segment] > RACEWAY_MEMBERS_MAX)
			ret = refuse(err, "vnic", config->vnics[i].name, "segment",
				     "segment has more than 4096 vNICs");
	}
	if (!ret && t->places)
		ret = check_claims(t, err);
	if (!ret && t->places)
		ret = check_unique(t, err);
	if (!ret)
		sum_cbs(t);
	return ret;
}
