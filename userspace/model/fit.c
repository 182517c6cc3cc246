/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whether things fit where they are put: roles of ports, spoofcheck off, room in the maps, and
 * what the machine has: devices and MTUs. */
#include <stdlib.h>
#include <string.h>

#include "model/check.h"
#include "util/cleanup.h"

#define TRUNK_TAG_BYTES 4

static int fit_uplinks(struct raceway_check *c)
{
	for (size_t i = 0; i < c->segment_count; i++) {
		const struct raceway_check_segment *s = &c->segments[i];

		if (!s->uplink || s->uplink->uplink)
			continue;
		if (s->uplink->touched && !s->touched)
			return RACEWAY_CHECK_FAIL(
				c, RACEWAY_FAULT_REFUSED, port, s->uplink->name, "role",
				"role must stay uplink: it is that of segment %s", s->name);
		return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, segment, s->name, "uplink",
					  "uplink %s is a port of role fabric; it must be one of "
					  "role uplink",
					  s->uplink->name);
	}
	return 0;
}

static int fit_server_ports(struct raceway_check *c)
{
	for (size_t i = 0; i < c->server_count; i++) {
		const struct raceway_check_server *s = &c->servers[i];
		json_t *item;
		size_t n;

		json_array_foreach (s->ports, n, item) {
			const char *name = json_string_value(item);
			const json_t *doc = raceway_model_get(c->model, c->port, name);

			if (strcmp(raceway_model_text(c->port, doc, "role"), "fabric") == 0)
				continue;
			if (raceway_model_touched(c->model, "port", name) && !s->touched)
				return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, port, name,
							  "role",
							  "role must stay fabric: server %s is "
							  "wired to it",
							  s->name);
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, server, s->name, "port",
						  "port %s has role uplink; it must be one of role "
						  "fabric",
						  name);
		}
	}
	return 0;
}

static bool spoofcheck_off(const struct raceway_check *c, const struct raceway_check_key *key)
{
	return !raceway_model_bool(c->vnic, c->vnics[key->index].doc, "spoofcheck");
}

/* Whoever does not check its sources takes in all that nobody else claims, so there must be
 * nobody else of the segment on the port. */
static int fit_spoofcheck(struct raceway_check *c)
{
	RACEWAY_FREE struct raceway_check_key *keys = calloc(c->vnic_count + 1, sizeof(*keys));
	size_t count = 0;

	if (!keys)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	for (size_t i = 0; i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];

		if (v->port)
			keys[count++] = (struct raceway_check_key){ .key = v->segment->number,
								    .text = { v->port->name },
								    .index = i,
								    .touched = v->moved };
	}
	raceway_check_sort(keys, count); /* those of one segment on one port side by side */
	for (size_t i = 1; i < count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[keys[i].index];
		const struct raceway_check_vnic *other = &c->vnics[keys[i - 1].index];

		if (v->port != other->port || v->segment != other->segment)
			continue;
		if (spoofcheck_off(c, &keys[i]))
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name,
						  "spoofcheck",
						  "spoofcheck off needs it to be the only vNIC of "
						  "segment %s on port %s; vnic %s is there too",
						  v->segment->name, v->port->name, other->name);
		if (spoofcheck_off(c, &keys[i - 1]))
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name,
						  "segment",
						  "segment %s on port %s is vnic %s's alone, which "
						  "has spoofcheck off",
						  v->segment->name, v->port->name, other->name);
	}
	return 0;
}

static int fit_room(struct raceway_check *c)
{
	for (size_t i = 0; c->world->max_vnics && i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];

		if (v->touched &&
		    raceway_model_u64(c->vnic, v->doc, "number") >= c->world->max_vnics)
			return RACEWAY_CHECK_FAIL(
				c, RACEWAY_FAULT_REFUSED, vnic, v->name, "",
				"no room: max-vnics is %u, so there may be one fewer",
				c->world->max_vnics);
	}
	return 0;
}

static int fit_devs(struct raceway_check *c)
{
	for (size_t i = 0; c->world->dev_exists && i < c->port_count; i++) {
		const struct raceway_check_port *p = &c->ports[i];

		if (p->new_dev && !c->world->dev_exists(c->world->context, p->dev))
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, port, p->name, "dev",
						  "dev %s does not exist on this machine", p->dev);
	}
	return 0;
}

static int fit_mtu(struct raceway_check *c, const struct raceway_check_vnic *v,
		   struct raceway_check_port *port)
{
	uint64_t mtu = raceway_model_u64(c->vnic, v->doc, "mtu");
	bool trunk = raceway_model_bool(c->vnic, v->doc, "trunk");

	if (!port || !(v->moved || port->new_dev))
		return 0;
	if (!port->mtu_asked)
		port->mtu = c->world->mtu(c->world->context, port->dev);
	port->mtu_asked = true;
	if (!port->mtu || mtu + (trunk ? TRUNK_TAG_BYTES : 0) <= port->mtu)
		return 0;
	return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name, "mtu",
				  "mtu %llu%s does not fit port %s, whose device %s has mtu %u",
				  (unsigned long long)mtu,
				  trunk ? " and 4 bytes of the trunk's tag" : "", port->name,
				  port->dev, port->mtu);
}

static int fit_mtus(struct raceway_check *c)
{
	int r = 0;

	for (size_t i = 0; c->world->mtu && r == 0 && i < c->vnic_count; i++) {
		const struct raceway_check_vnic *v = &c->vnics[i];

		r = fit_mtu(c, v, v->port);
		if (r == 0 && (v->port || v->local))
			r = fit_mtu(c, v, v->segment->uplink);
	}
	return r;
}

int raceway_check_fit(struct raceway_check *c)
{
	static int (*const checks[])(struct raceway_check *) = {
		fit_uplinks, fit_server_ports, fit_spoofcheck, fit_room, fit_devs, fit_mtus,
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
		r = checks[i](c);
	return r;
}
