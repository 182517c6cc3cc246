/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Desired against actual: which pairs stay, which go, which are to be made, and the steps.
 * First our host ends are sorted into kept and going, then names are given out. */
#include "plan/plan.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

/* One of our host ends that does not stay. */
struct going {
	const struct raceway_link *link;
	bool early; /* its name, or its other end's, is needed */
};

struct context {
	const struct raceway_want *want;
	const struct raceway_have *have;
	struct raceway_plan *plan;
	/* by index of want->vnics; NULL: there is none */
	const struct raceway_link **host, **guest;
	bool *bad; /* has a problem: left alone */
	struct going *going;
	size_t going_count;
	int err;
};

const char *raceway_step_name(enum raceway_step_kind kind)
{
	static const char *const names[] = {
#define X(id, name) [RACEWAY_STEP_##id] = name,
		RACEWAY_STEPS(X)
#undef X
	};

	return kind < RACEWAY_STEP_KINDS ? names[kind] : "?";
}

static struct raceway_step *add_step(struct context *c, enum raceway_step_kind kind)
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

__attribute__((format(printf, 5, 6))) static void
add_problem(struct context *c, int port, int vnic, const char *field, const char *format, ...)
{
	struct raceway_plan *plan = c->plan;
	struct raceway_problem *bigger =
		reallocarray(plan->problems, plan->problem_count + 1, sizeof(*plan->problems));
	char object[96], text[256];
	va_list args;

	if (!bigger) {
		c->err = -ENOMEM;
		return;
	}
	plan->problems = bigger;
	if (vnic >= 0) {
		c->bad[vnic] = true;
		snprintf(object, sizeof(object), "vnic %.88s", c->want->vnics[vnic].dp.name);
	} else {
		snprintf(object, sizeof(object), "port %s", c->want->ports[port].name);
	}
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	bigger[plan->problem_count] = (struct raceway_problem){ .port = port, .vnic = vnic };
	raceway_error_set(&bigger[plan->problem_count++].error, RACEWAY_FAULT_REFUSED, object,
			  field, "%s", text);
}

static const struct raceway_have_ns *find_ns(const struct raceway_have *have, const char *name)
{
	for (size_t i = 0; i < have->ns_count; i++)
		if (!strcmp(have->ns[i].name, name))
			return &have->ns[i];
	return NULL;
}

/* Links of the namespace in which a vNIC's guest end is to be; NULL if it cannot be read. */
static const struct raceway_links *guest_links(struct context *c, const struct raceway_want_vnic *v,
					       int *ret_nsid)
{
	const struct raceway_have_ns *ns;

	*ret_nsid = RACEWAY_NSID_OWN;
	if (!v->netns[0])
		return c->have->links;
	ns = find_ns(c->have, v->netns);
	if (!ns || ns->err)
		return NULL;
	*ret_nsid = ns->nsid;
	return ns->nsid == RACEWAY_NSID_OWN ? c->have->links : &ns->links;
}

/* Whether a link is the host end of a pair of ours, and whose ("" if a crash left it unnamed). */
static const char *owner_of(const struct raceway_have *have, const struct raceway_link *link)
{
	size_t length = strlen(have->prefix);

	if (strcmp(link->kind, "veth"))
		return NULL;
	if (!strncmp(link->alias, have->prefix, length))
		return link->alias + length;
	if (link->group == have->group && !link->alias[0] && !strncmp(link->name, "rw", 2))
		return "";
	return NULL;
}

static bool sort_in(struct context *c, const struct raceway_link *link, const char *owner)
{
	const struct raceway_want_vnic *v = raceway_want_vnic(c->want, owner);
	const struct raceway_links *links;
	const struct raceway_link *guest;
	int nsid;

	if (!v || v->where != RACEWAY_WHERE_LOCAL || strcmp(v->host, link->name))
		return false;
	links = guest_links(c, v, &nsid);
	if (links && nsid != link->peer_nsid)
		return false;
	guest = links ? raceway_links_by_index(links, link->peer_ifindex) : NULL;
	if (links && !guest)
		return false;
	c->host[v - c->want->vnics] = link;
	c->guest[v - c->want->vnics] = guest;
	return true;
}

static int classify(struct context *c)
{
	const struct raceway_links *links = c->have->links;

	c->going = calloc(links->count + 1, sizeof(*c->going));
	if (!c->going)
		return -ENOMEM;
	for (size_t i = 0; i < links->count; i++) {
		const struct raceway_link *link = &links->link[i];
		const char *owner = owner_of(c->have, link);

		if (owner && !sort_in(c, link, owner))
			c->going[c->going_count++].link = link;
	}
	return 0;
}

/* Frees a name if a pair that is going has it. True if the name is (or will be) free. */
static bool free_name(struct context *c, const struct raceway_links *links, int nsid,
		      const char *name)
{
	const struct raceway_link *taken = raceway_links_by_name(links, name);

	if (!taken)
		return true;
	for (size_t i = 0; i < c->going_count; i++) {
		const struct raceway_link *link = c->going[i].link;
		bool host = links == c->have->links && link->ifindex == taken->ifindex;

		if (!host && (link->peer_nsid != nsid || link->peer_ifindex != taken->ifindex))
			continue;
		c->going[i].early = true;
		return true;
	}
	/* Another vNIC's guest end that gets another name in this plan, before pairs are made. */
	for (size_t i = 0; i < c->want->vnic_count; i++)
		if (c->guest[i] == taken && strcmp(c->want->vnics[i].ifname, name))
			return true;
	return false;
}

static void check_names(struct context *c, int i)
{
	const struct raceway_want_vnic *v = &c->want->vnics[i];
	const struct raceway_have_ns *ns = v->netns[0] ? find_ns(c->have, v->netns) : NULL;
	const struct raceway_links *links;
	int nsid;

	links = guest_links(c, v, &nsid);
	if (!links) {
		if (!c->host[i])
			add_problem(c, -1, i, "netns", "netns %s: %s", v->netns,
				    raceway_netns_why(ns ? ns->err : -ENOENT));
		return;
	}
	if (!c->host[i] && !free_name(c, c->have->links, RACEWAY_NSID_OWN, v->host))
		add_problem(c, -1, i, "number",
			    "its host end would be called %s, which is another interface's name",
			    v->host);
	else if ((!c->guest[i] || strcmp(c->guest[i]->name, v->ifname)) &&
		 !free_name(c, links, nsid, v->ifname))
		add_problem(c, -1, i, "ifname", "ifname %s is taken%s%s", v->ifname,
			    v->netns[0] ? " in netns " : "", v->netns);
}

static void add_removals(struct context *c, enum raceway_step_kind kind, bool early)
{
	for (size_t i = 0; i < c->going_count; i++) {
		const struct raceway_link *link = c->going[i].link;
		const char *owner = owner_of(c->have, link);
		struct raceway_step *step;

		if (c->going[i].early != early)
			continue;
		step = add_step(c, kind);
		step->ifindex = link->ifindex;
		snprintf(step->vnic_name, sizeof(step->vnic_name), "%s", owner ? owner : "");
	}
}

static void add_host_edit(struct context *c, int i)
{
	const struct raceway_want_vnic *v = &c->want->vnics[i];
	const struct raceway_link *host = c->host[i];
	struct raceway_step *step;

	if (!host || host->mtu == v->dp.mtu)
		return;
	step = add_step(c, RACEWAY_STEP_HOST_EDIT);
	step->vnic = i;
	step->ifindex = host->ifindex;
	step->edit = (struct raceway_link_edit){
		.ifindex = host->ifindex,
		.what = RACEWAY_EDIT_MTU,
		.mtu = v->dp.mtu,
	};
	step->back = step->edit;
	step->back.mtu = host->mtu;
}

static unsigned int guest_differences(const struct raceway_want_vnic *v,
				      const struct raceway_link *guest)
{
	return (strcmp(guest->name, v->ifname) ? RACEWAY_EDIT_NAME : 0) |
	       (memcmp(guest->mac, v->dp.mac, sizeof(guest->mac)) ? RACEWAY_EDIT_MAC : 0) |
	       (guest->mtu != v->dp.mtu ? RACEWAY_EDIT_MTU : 0) |
	       (guest->gso_max_bytes != v->gso_max_bytes ? RACEWAY_EDIT_GSO : 0) |
	       (guest->up != v->dp.up ? RACEWAY_EDIT_UP : 0);
}

static void add_guest_edit(struct context *c, int i)
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
		.up = v->dp.up,
	};
	step->back = step->edit;
	memcpy(step->edit.name, v->ifname, sizeof(v->ifname));
	memcpy(step->edit.mac, v->dp.mac, sizeof(v->dp.mac));
	memcpy(step->back.name, guest->name, sizeof(guest->name));
	memcpy(step->back.mac, guest->mac, sizeof(guest->mac));
	step->back.mtu = guest->mtu;
	step->back.gso_max_bytes = guest->gso_max_bytes;
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

static void keep(struct context *c, uint32_t ifindex)
{
	c->plan->keep[c->plan->keep_count++] = ifindex;
}

static void add_ports(struct context *c)
{
	for (size_t i = 0; i < c->want->port_count; i++) {
		const struct raceway_dp_port *p = &c->want->ports[i];
		const struct raceway_link *link = raceway_links_by_name(c->have->links, p->dev);
		struct raceway_step *step;
		bool attached;

		if (!link) {
			add_problem(c, i, -1, "dev", "dev %s does not exist", p->dev);
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

static void add_vnic_attach(struct context *c, int i)
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
static bool carrier_wanted(struct context *c, const struct raceway_want_vnic *v)
{
	const struct raceway_dp_port *uplink;
	const struct raceway_link *link;

	if (!v->dp.up || !v->uplink)
		return v->dp.up;
	uplink = raceway_want_port(c->want, v->uplink);
	link = uplink ? raceway_links_by_name(c->have->links, uplink->dev) : NULL;
	return link && link->carrier;
}

static void add_host_state(struct context *c, int i)
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

static bool local_and_good(struct context *c, size_t i)
{
	return c->want->vnics[i].where == RACEWAY_WHERE_LOCAL && !c->bad[i];
}

static void each_local(struct context *c, void (*fn)(struct context *c, int i))
{
	for (size_t i = 0; i < c->want->vnic_count; i++)
		if (local_and_good(c, i))
			fn(c, i);
}

static void add_create(struct context *c, int i)
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

static int add_fill(struct context *c)
{
	struct raceway_dp_config config;
	bool same;

	if (has_step(c->plan, RACEWAY_STEP_CREATE) || has_step(c->plan, RACEWAY_STEP_CLEAR) ||
	    !c->have->filled || c->have->refill) {
		add_step(c, RACEWAY_STEP_FILL);
		return 0;
	}
	if (raceway_config_build(c->want, c->have->links, &config))
		return -ENOMEM;
	same = raceway_config_equal(&config, c->have->filled);
	raceway_config_free(&config);
	if (!same)
		add_step(c, RACEWAY_STEP_FILL);
	return 0;
}

static int by_value(const void *a, const void *b)
{
	const uint32_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static void add_retire(struct context *c)
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

static int make(struct context *c)
{
	int ret = classify(c);

	for (size_t i = 0; i < c->want->vnic_count && !ret; i++)
		if (c->want->vnics[i].where == RACEWAY_WHERE_LOCAL)
			check_names(c, i);
	if (ret)
		return ret;
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
	struct context c = { .want = want, .have = have, .plan = &plan };
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
	*plan = (struct raceway_plan){ 0 };
}
