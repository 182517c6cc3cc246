/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The netdevs of local vNICs as steps: create, delete, edit, in this and in other namespaces. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/kernel_run.h"
#include "util/cleanup.h"

static struct raceway_have_ns *find_ns(const struct raceway_kernel_run *run, const char *name)
{
	for (size_t i = 0; i < run->ns_count && *name; i++)
		if (!strcmp(run->ns[i].name, name))
			return &run->ns[i];
	return NULL;
}

/* The namespace of a step's guest end if it is another than our own, else NULL. */
static struct raceway_have_ns *other_ns(const struct raceway_kernel_run *run,
					const struct raceway_step *step)
{
	struct raceway_have_ns *ns = find_ns(run, run->want->vnics[step->vnic].netns);

	return ns && !ns->err && ns->nsid != RACEWAY_NSID_OWN ? ns : NULL;
}

/* Opens a socket in each namespace in which these steps change a link, by one helper. */
static int enter(struct raceway_kernel_run *run, const struct raceway_step *steps, size_t count,
		 struct raceway_error *err)
{
	RACEWAY_FREE struct raceway_have_ns **ns = calloc(count, sizeof(*ns));
	RACEWAY_FREE struct raceway_rtnl *inside = calloc(count, sizeof(*inside));
	RACEWAY_FREE int *fds = calloc(count, sizeof(*fds));
	size_t n = 0;
	int ret = -ENOMEM;

	for (size_t i = 0; i < count && ns && inside && fds; i++) {
		struct raceway_have_ns *one = other_ns(run, &steps[i]);

		if (!one || one->inside.fd >= 0 || one->entering)
			continue;
		one->entering = true;
		fds[n] = one->fd;
		ns[n++] = one;
	}
	if (ns && inside && fds)
		ret = n ? raceway_netns_sockets(fds, n, inside) : 0;
	for (size_t i = 0; i < n; i++) {
		ns[i]->entering = false;
		if (!ret)
			ns[i]->inside = inside[i];
	}
	return ret ? raceway_kernel_fail(run, steps, "enter the namespace", ret,
					 raceway_netns_why(ret), err)
		   : 0;
}

static void describe(const struct raceway_kernel_run *run, const struct raceway_step *step,
		     struct raceway_veth *veth)
{
	const struct raceway_want_vnic *v = &run->want->vnics[step->vnic];
	struct raceway_have_ns *ns = other_ns(run, step);

	memcpy(veth->host, v->host, sizeof(v->host));
	memcpy(veth->guest, v->ifname, sizeof(v->ifname));
	snprintf(veth->alias, sizeof(veth->alias), "%s%s", run->kernel->prefix, v->dp.name);
	veth->group = run->kernel->group;
	memcpy(veth->mac, v->dp.mac, sizeof(v->dp.mac));
	veth->mtu = v->dp.mtu;
	if (v->gso_max_bytes != RACEWAY_GSO_MAX_BYTES)
		veth->gso_max_bytes = v->gso_max_bytes;
	if (v->gro_max_bytes != RACEWAY_GSO_MAX_BYTES)
		veth->gro_max_bytes = v->gro_max_bytes;
	veth->ns_fd = ns ? ns->fd : -1;
	veth->inside = ns ? &ns->inside : NULL;
	veth->guest_up = v->dp.up;
}

/* After changes by us: events first, for what is new, then what no event tells. */
static void refresh(struct raceway_kernel_run *run, const struct raceway_step *steps, size_t count)
{
	struct raceway_kernel *k = run->kernel;

	(void)raceway_kernel_listen(k);
	for (size_t i = 0; i < count; i++) {
		uint32_t ifindex = raceway_kernel_index(run, &steps[i]);

		if (ifindex)
			(void)raceway_links_refresh(&k->rtnl, ifindex, &k->links);
	}
}

int raceway_kernel_create(struct raceway_kernel_run *run, const struct raceway_step *steps,
			  size_t count, size_t *ret_failed, struct raceway_error *err)
{
	struct raceway_kernel *k = run->kernel;
	RACEWAY_FREE struct raceway_veth *veth = calloc(count, sizeof(*veth));
	int ret = veth ? enter(run, steps, count, err) : -ENOMEM;

	*ret_failed = 0;
	if (ret)
		return ret;
	for (size_t i = 0; i < count; i++)
		describe(run, &steps[i], &veth[i]);
	ret = raceway_veth_create(&k->rtnl, veth, count, ret_failed);
	refresh(run, steps, ret ? 0 : count);
	if (ret)
		return raceway_kernel_fail(run, &steps[*ret_failed], "make the interfaces", ret,
					   k->rtnl.text, err);
	return 0;
}

uint32_t raceway_kernel_index(const struct raceway_kernel_run *run, const struct raceway_step *step)
{
	const struct raceway_link *link;

	if (step->ifindex)
		return step->ifindex;
	link = raceway_links_by_name(&run->kernel->links, run->want->vnics[step->vnic].host);
	return link ? link->ifindex : 0;
}

int raceway_kernel_delete(struct raceway_kernel_run *run, const struct raceway_step *steps,
			  size_t count, size_t *ret_failed, struct raceway_error *err)
{
	struct raceway_kernel *k = run->kernel;
	RACEWAY_FREE uint32_t *ifindex = calloc(count, sizeof(*ifindex));
	int ret = -ENOMEM;

	*ret_failed = 0;
	for (size_t i = 0; ifindex && i < count; i++)
		ifindex[i] = raceway_kernel_index(run, &steps[i]);
	if (ifindex)
		ret = raceway_links_delete(&k->rtnl, ifindex, count);
	if (ret)
		return raceway_kernel_fail(run, steps, "delete the interfaces", ret, k->rtnl.text,
					   err);
	for (size_t i = 0; i < count; i++)
		raceway_kernel_attached_remove(k, ifindex[i]);
	(void)raceway_kernel_listen(k);
	return 0;
}

/* Edits through one socket. What the kernel made of the first ones is undone if one fails. */
static int edit_links(struct raceway_kernel_run *run, struct raceway_rtnl *rtnl,
		      const struct raceway_step *steps, size_t count, bool back, size_t *ret_failed)
{
	RACEWAY_FREE struct raceway_link_edit *edits = calloc(count, sizeof(*edits));
	RACEWAY_FREE int *errors = calloc(count, sizeof(*errors));
	int ret;

	if (!edits || !errors)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		edits[i] = back ? steps[i].back : steps[i].edit;
		edits[i].ifindex = raceway_kernel_index(run, &steps[i]);
	}
	ret = raceway_link_edit(rtnl, edits, count, errors);
	for (size_t i = count; i-- > 0 && ret;) {
		char text[sizeof(rtnl->text)];
		int ignored;

		if (errors[i]) {
			*ret_failed = i;
			continue;
		}
		if (back)
			continue;
		memcpy(text, rtnl->text, sizeof(text));
		edits[i] = steps[i].back;
		edits[i].ifindex = raceway_kernel_index(run, &steps[i]);
		(void)raceway_link_edit(rtnl, &edits[i], 1, &ignored);
		memcpy(rtnl->text, text, sizeof(text));
	}
	refresh(run, steps, rtnl == &run->kernel->rtnl ? count : 0);
	return ret;
}

int raceway_kernel_edit(struct raceway_kernel_run *run, const struct raceway_step *steps,
			size_t count, bool back, size_t *ret_failed, struct raceway_error *err)
{
	struct raceway_rtnl *rtnl = &run->kernel->rtnl;
	int ret;

	*ret_failed = 0;
	ret = edit_links(run, rtnl, steps, count, back, ret_failed);
	return ret ? raceway_kernel_fail(run, &steps[*ret_failed], "change the interface", ret,
					 rtnl->text, err)
		   : 0;
}

static int edit_guest(struct raceway_kernel_run *run, const struct raceway_step *step, bool back,
		      struct raceway_error *err)
{
	struct raceway_have_ns *ns = other_ns(run, step);
	size_t failed = 0;
	int ret;

	if (!ns)
		return raceway_kernel_edit(run, step, 1, back, &failed, err);
	ret = edit_links(run, &ns->inside, step, 1, back, &failed);
	return ret ? raceway_kernel_fail(run, step, "change the interface", ret, ns->inside.text,
					 err)
		   : 0;
}

/* One after the other: each may be in another namespace. */
int raceway_kernel_edit_guests(struct raceway_kernel_run *run, const struct raceway_step *steps,
			       size_t count, bool back, size_t *ret_failed,
			       struct raceway_error *err)
{
	int ret = enter(run, steps, count, err);

	*ret_failed = 0;
	for (size_t i = 0; i < count && !ret; i++) {
		ret = edit_guest(run, &steps[i], back, err);
		if (!ret)
			continue;
		*ret_failed = i;
		while (i-- > 0 && !back)
			(void)edit_guest(run, &steps[i], true, NULL);
		break;
	}
	return ret;
}
