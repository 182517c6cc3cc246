/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Desired against actual: the steps, kind by kind in the order in which they run. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/match.h"

const char *raceway_step_name(enum raceway_step_kind kind)
{
	static const char *const names[] = {
#define X(id, name) [RACEWAY_STEP_##id] = name,
		RACEWAY_STEPS(X)
#undef X
	};

	return kind < RACEWAY_STEP_KINDS ? names[kind] : "?";
}

static struct raceway_step *add_step(struct raceway_planning *c, enum raceway_step_kind kind)
{
	static struct raceway_step nowhere; /* written to when there is no memory */
	struct raceway_plan *plan = c->plan;

	if (plan->count == plan->room) {
		size_t room = plan->room ? 2 * plan->room : 16;
		struct raceway_step *bigger = reallocarray(plan->steps, room, sizeof(*bigger));

		if (!bigger) {
			c->err = -ENOMEM;
			return &nowhere;
		}
		plan->steps = bigger;
		plan->room = room;
	}
	plan->steps[plan->count] = (struct raceway_step){ .kind = kind, .port = -1, .vnic = -1 };
	return &plan->steps[plan->count++];
}

static void add_removals(struct raceway_planning *c, enum raceway_step_kind kind, bool early)
{
	for (size_t i = 0; i < c->going_count; i++) {
		const struct raceway_link *link = c->going[i].link;
		const char *owner = raceway_plan_owner(c->have, link);
		struct raceway_step *step;

		if (c->going[i].early != early)
			continue;
		step = add_step(c, kind);
		step->ifindex = link->ifindex;
		snprintf(step->vnic_name, sizeof(step->vnic_name), "%s", owner ? owner : "");
	}
}

static unsigned int gro_difference(const struct raceway_link *link, uint32_t wanted)
{
	return link->gro_max_bytes && link->gro_max_bytes != wanted ? RACEWAY_EDIT_GRO : 0;
}

/* What a guest sends is not merged into more than it may send at once. */
static unsigned int host_differences(const struct raceway_want_vnic *v,
				     const struct raceway_link *host)
{
	return (host->mtu != v->dp.mtu ? RACEWAY_EDIT_MTU : 0) |
	       gro_difference(host, v->gso_max_bytes);
}

static void add_host_edit(struct raceway_planning *c, int i)
{
	const struct raceway_want_vnic *v = &c->want->vnics[i];
	const struct raceway_link *host = c->host[i];
	unsigned int what = host ? host_differences(v, host) : 0;
	struct raceway_step *step;

	if (!what)
		return;
	step = add_step(c, RACEWAY_STEP_HOST_EDIT);
	step->vnic = i;
	step->ifindex = host->ifindex;
	step->edit = (struct raceway_link_edit){
		.ifindex = host->ifindex,
		.what = what,
		.mtu = v->dp.mtu,
		.gro_max_bytes = v->gso_max_bytes,
	};
	step->back = step->edit;
	step->back.mtu = host->mtu;
	step->back.gro_max_bytes = host->gro_max_bytes;
}

static unsigned int guest_differences(const struct raceway_want_vnic *v,
				      const struct raceway_link *guest)
{
	return (strcmp(guest->name, v->ifname) ? RACEWAY_EDIT_NAME : 0) |
	       (memcmp(guest->mac, v->dp.mac, sizeof(guest->mac)) ? RACEWAY_EDIT_MAC : 0) |
	       (guest->mtu != v->dp.mtu ? RACEWAY_EDIT_MTU : 0) |
	       (guest->gso_max_bytes != v->gso_max_bytes ? RACEWAY_EDIT_GSO : 0) |
	       gro_difference(guest, v->gro_max_bytes) |
	       (guest->up != v->dp.up ? RACEWAY_EDIT_UP : 0);
}

static void add_guest_edit(struct raceway_planning *c, int i)
{
	const struct raceway_want_vnic *v = &c->want->vnics[i];
	const struct raceway_link *guest = c->guest[i];
	unsigned int what = guest ? guest_differences(v, guest) : 0;
	struct raceway_step *step;

	if (!what)
		return;
	step = add_step(c, RACEWAY_STEP_GUEST_EDIT);
	step->vnic = i;
	step->ifindex = guest->ifindex;
	step->edit = (struct raceway_link_edit){
		.ifindex = guest->ifindex,
		.what = what,
		.mtu = v->dp.mtu,
		.gso_max_bytes = v->gso_max_bytes,
		.gro_max_bytes = v->gro_max_bytes,
		.up = v->dp.up,
	};
	step->back = step->edit;
	memcpy(step->edit.name, v->ifname, sizeof(v->ifname));
	memcpy(step->edit.mac, v->dp.mac, sizeof(v->dp.mac));
	memcpy(step->back.name, guest->name, sizeof(guest->name));
	memcpy(step->back.mac, guest->mac, sizeof(guest->mac));
	step->back.mtu = guest->mtu;
	step->back.gso_max_bytes = guest->gso_max_bytes;
	step->back.gro_max_bytes = guest->gro_max_bytes;
	step->back.up = guest->up;
}

static bool is_attached(const struct raceway_have *have, uint32_t ifindex)
{
	size_t low = 0, high = have->attached_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (have->attached[middle] == ifindex)
			return true;
		if (have->attached[middle] < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Whether what attaching depends on is as it was when the tables were filled. */
static bool port_is_as_filled(const struct raceway_have *have, const struct raceway_dp_port *p,
			      uint32_t ifindex)
{
	for (size_t i = 0; have->filled && i < have->filled->port_count; i++) {
		const struct raceway_dp_port *old = &have->filled->ports[i];

		if (old->ifindex == ifindex)
			return old->role == p->role && old->host_keep == p->host_keep &&
			       old->generic == p->generic && old->libxdp == p->libxdp &&
			       !strcmp(old->dev, p->dev);
	}
	return false;
}

static void keep(struct raceway_planning *c, uint32_t ifindex)
{
	c->plan->keep[c->plan->keep_count++] = ifindex;
}

static void add_ports(struct raceway_planning *c)
{
	for (size_t i = 0; i < c->want->port_count; i++) {
		const struct raceway_dp_port *p = &c->want->ports[i];
		const struct raceway_link *link = raceway_links_by_name(c->have->links, p->dev);
		struct raceway_step *step;
		bool attached;

		if (!link) {
			raceway_plan_problem(c, i, -1, "dev", "dev %s does not exist", p->dev);
			continue;
		}
		keep(c, link->ifindex);
		attached = is_attached(c->have, link->ifindex);
		if (attached && port_is_as_filled(c->have, p, link->ifindex))
			continue;
		step = add_step(c, RACEWAY_STEP_PORT_ATTACH);
		step->port = i;
		step->ifindex = link->ifindex;
		step->fresh = !attached;
	}
}

static void add_vnic_attach(struct raceway_planning *c, int i)
{
	const struct raceway_link *host = c->host[i];
	struct raceway_step *step;

	if (host) {
		keep(c, host->ifindex);
		if (is_attached(c->have, host->ifindex))
			return;
	}
	step = add_step(c, RACEWAY_STEP_VNIC_ATTACH);
	step->vnic = i;
	step->ifindex = host ? host->ifindex : 0;
	step->fresh = true;
}

/* A vNIC has carrier while its state is up and its segment's uplink has. */
static bool carrier_wanted(struct raceway_planning *c, const struct raceway_want_vnic *v)
{
	const struct raceway_dp_port *uplink;
	const struct raceway_link *link;

	if (!v->dp.up || !v->uplink)
		return v->dp.up;
	uplink = raceway_want_port(c->want, v->uplink);
	link = uplink ? raceway_links_by_name(c->have->links, uplink->dev) : NULL;
	return link && link->carrier;
}

static void add_host_state(struct raceway_planning *c, int i)
{
	const struct raceway_link *host = c->host[i];
	bool up = carrier_wanted(c, &c->want->vnics[i]);
	struct raceway_step *step;

	if (host ? host->up == up : !up)
		return;
	step = add_step(c, RACEWAY_STEP_HOST_STATE);
	step->vnic = i;
	step->ifindex = host ? host->ifindex : 0;
	step->edit = (struct raceway_link_edit){
		.ifindex = step->ifindex,
		.what = RACEWAY_EDIT_UP,
		.up = up,
	};
	step->back = step->edit;
	step->back.up = !up;
}

static bool local_and_good(struct raceway_planning *c, size_t i)
{
	return c->want->vnics[i].where == RACEWAY_WHERE_LOCAL && !c->bad[i];
}

static void each_local(struct raceway_planning *c, void (*fn)(struct raceway_planning *c, int i))
{
	for (size_t i = 0; i < c->want->vnic_count; i++)
		if (local_and_good(c, i))
			fn(c, i);
}

static void add_create(struct raceway_planning *c, int i)
{
	if (!c->host[i])
		add_step(c, RACEWAY_STEP_CREATE)->vnic = i;
}

static bool has_step(const struct raceway_plan *plan, enum raceway_step_kind kind)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->steps[i].kind == kind)
			return true;
	return false;
}

static int add_fill(struct raceway_planning *c)
{
	struct raceway_plan *plan = c->plan;
	bool needed = !c->have->filled || c->have->refill;

	if (has_step(plan, RACEWAY_STEP_CREATE) || has_step(plan, RACEWAY_STEP_CLEAR)) {
		add_step(c, RACEWAY_STEP_FILL);
		return 0;
	}
	if (raceway_config_build(c->want, c->have->links, c->have->prefix, &plan->config))
		return -ENOMEM;
	plan->has_config = true;
	if (needed || !raceway_config_equal(&plan->config, c->have->filled))
		add_step(c, RACEWAY_STEP_FILL);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void add_retire(struct raceway_planning *c)
{
	struct raceway_plan *plan = c->plan;
	bool needed = !c->have->filled; /* at start: whatever an earlier process left pinned */

	qsort(plan->keep, plan->keep_count, sizeof(*plan->keep), by_value);
	for (size_t i = 0; i < c->have->attached_count && !needed; i++)
		needed = !bsearch(&c->have->attached[i], plan->keep, plan->keep_count,
				  sizeof(*plan->keep), by_value);
	if (needed)
		add_step(c, RACEWAY_STEP_RETIRE);
}

static int make(struct raceway_planning *c)
{
	int ret = raceway_plan_match(c);

	if (ret)
		return ret;
	raceway_plan_names(c);
	add_removals(c, RACEWAY_STEP_CLEAR, true);
	each_local(c, add_host_edit);
	each_local(c, add_guest_edit);
	each_local(c, add_create);
	ret = add_fill(c);
	add_ports(c);
	each_local(c, add_vnic_attach);
	each_local(c, add_host_state);
	/* A vNIC with a problem keeps what it has. */
	for (size_t i = 0; i < c->want->vnic_count; i++)
		if (c->bad[i] && c->host[i])
			keep(c, c->host[i]->ifindex);
	add_retire(c);
	add_removals(c, RACEWAY_STEP_DELETE, false);
	return ret ? ret : c->err;
}

int raceway_plan_make(const struct raceway_want *want, const struct raceway_have *have,
		      struct raceway_plan *ret_plan)
{
	struct raceway_plan plan = { 0 };
	struct raceway_planning c = { .want = want, .have = have, .plan = &plan };
	int ret = -ENOMEM;

	c.host = calloc(want->vnic_count + 1, sizeof(*c.host));
	c.guest = calloc(want->vnic_count + 1, sizeof(*c.guest));
	c.bad = calloc(want->vnic_count + 1, sizeof(*c.bad));
	plan.keep = calloc(want->vnic_count + want->port_count + 1, sizeof(*plan.keep));
	if (c.host && c.guest && c.bad && plan.keep)
		ret = make(&c);
	free(c.host);
	free(c.guest);
	free(c.bad);
	free(c.going);
	if (ret) {
		raceway_plan_free(&plan);
		return ret;
	}
	*ret_plan = plan;
	return 0;
}

void raceway_plan_free(struct raceway_plan *plan)
{
	free(plan->steps);
	free(plan->problems);
	free(plan->keep);
	if (plan->has_config)
		raceway_config_free(&plan->config);
	*plan = (struct raceway_plan){ 0 };
}
