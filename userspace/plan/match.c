/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Our pairs against the wanted vNICs: our host ends are sorted into kept and going, then names
 * are given out. A host end is ours by its alias, or by its group where a crash left no alias. */
#include "plan/match.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void raceway_plan_problem(struct raceway_planning *c, int port, int vnic, const char *field,
			  const char *format, ...)
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
static const struct raceway_links *guest_links(struct raceway_planning *c,
					       const struct raceway_want_vnic *v, int *ret_nsid)
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
const char *raceway_plan_owner(const struct raceway_have *have, const struct raceway_link *link)
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

static bool sort_in(struct raceway_planning *c, const struct raceway_link *link, const char *owner)
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

int raceway_plan_match(struct raceway_planning *c)
{
	const struct raceway_links *links = c->have->links;

	c->going = calloc(links->count + 1, sizeof(*c->going));
	if (!c->going)
		return -ENOMEM;
	for (size_t i = 0; i < links->count; i++) {
		const struct raceway_link *link = &links->link[i];
		const char *owner = raceway_plan_owner(c->have, link);

		if (owner && !sort_in(c, link, owner))
			c->going[c->going_count++].link = link;
	}
	return 0;
}

/* Frees a name if a pair that is going has it. True if the name is (or will be) free. */
static bool free_name(struct raceway_planning *c, const struct raceway_links *links, int nsid,
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

static void check_names(struct raceway_planning *c, int i)
{
	const struct raceway_want_vnic *v = &c->want->vnics[i];
	const struct raceway_have_ns *ns = v->netns[0] ? find_ns(c->have, v->netns) : NULL;
	const struct raceway_links *links;
	int nsid;

	links = guest_links(c, v, &nsid);
	if (!links) {
		/* Not looked at (a vNIC that is as it was) is no problem. */
		if (!c->host[i] || ns)
			raceway_plan_problem(c, -1, i, "netns", "netns %s: %s", v->netns,
					     raceway_netns_why(ns ? ns->err : -ENOENT));
		return;
	}
	if (!c->host[i] && !free_name(c, c->have->links, RACEWAY_NSID_OWN, v->host))
		raceway_plan_problem(
			c, -1, i, "number",
			"its host end would be called %s, which is another interface's name",
			v->host);
	else if ((!c->guest[i] || strcmp(c->guest[i]->name, v->ifname)) &&
		 !free_name(c, links, nsid, v->ifname))
		raceway_plan_problem(c, -1, i, "ifname", "ifname %s is taken%s%s", v->ifname,
				     v->netns[0] ? " in netns " : "", v->netns);
}

void raceway_plan_names(struct raceway_planning *c)
{
	for (size_t i = 0; i < c->want->vnic_count; i++)
		if (c->want->vnics[i].where == RACEWAY_WHERE_LOCAL)
			check_names(c, (int)i);
}
