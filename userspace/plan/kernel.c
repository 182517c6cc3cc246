/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads what is, plans, applies, and remembers what could not be made so.
 * The table of links is kept true by events, so that a change needs no dump of all links. */
#include "plan/kernel_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "plan/owner.h"
#include "plan/programs.h"
#include "util/caps.h"
#include "util/cleanup.h"

#define ROUNDS 4 /* attaching a port may change carriers, and that host ends */
#define FNV_BASIS 2166136261U
#define FNV_PRIME 16777619U

/* FNV-1a of the pin directory's real path: the same after a restart, another for each instance. */
static uint32_t instance_of(const char *pin_dir)
{
	char real[PATH_MAX];
	const char *path = realpath(pin_dir, real) ? real : pin_dir;
	uint32_t hash = FNV_BASIS;

	for (; *path; path++)
		hash = (hash ^ (uint8_t)*path) * FNV_PRIME;
	return hash;
}

/* One daemon per pin directory: a second one would take what the first has made for left over.
 * The lock goes with the process, however it ends. */
static int take_pins(const char *pin_dir, int *ret_fd, struct raceway_error *err)
{
	RACEWAY_CLOSE int fd = -1;
	char path[PATH_MAX];

	/* Not pin_dir itself: raceway-loader locks that for as long as it works. */
	if (snprintf(path, sizeof(path), "%s/v%d", pin_dir, RACEWAY_LAYOUT) < (int)sizeof(path))
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pin-dir", "", "%s: %s",
					 pin_dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "pin-dir", "",
					 "%s is in use by another racewayd; give this one its own "
					 "--pin-dir",
					 pin_dir);
	*ret_fd = RACEWAY_TAKE_FD(fd);
	return 0;
}

static int upgrade(struct raceway_dp *dp, struct raceway_error *err)
{
	RACEWAY_ADMIN; /* libxdp */

	return raceway_dp_upgrade(dp, err);
}

int raceway_kernel_open(const struct raceway_kernel_options *options,
			struct raceway_kernel *ret_kernel, struct raceway_error *err)
{
	struct raceway_kernel k = { .pin_fd = -1, .rtnl.fd = -1, .events_fd = -1 };
	const char *pin_dir = options->pin_dir;
	int ret = raceway_dp_open(pin_dir, options->max_vnics, &k.dp, err);

	if (ret)
		return ret;
	ret = take_pins(pin_dir, &k.pin_fd, err);
	if (!ret)
		ret = raceway_owner_claim(pin_dir, options->store_id, options->state_dir, err);
	if (!ret)
		ret = upgrade(k.dp, err);
	if (ret)
		goto fail;
	ret = raceway_events_open(&k.events_fd); /* before reading, so that nothing is missed */
	if (!ret)
		ret = raceway_rtnl_open(&k.rtnl);
	if (!ret)
		ret = raceway_links_read(&k.rtnl, RACEWAY_NSID_OWN, &k.links);
	if (ret) {
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "netlink", "", "%s", strerror(-ret));
		goto fail;
	}
	k.group = instance_of(pin_dir);
	snprintf(k.prefix, sizeof(k.prefix), "raceway:%08x:", k.group);
	k.group = (k.group & INT32_MAX) | 1; /* 0 is everybody's group */
	*ret_kernel = k;
	return 0;
fail:
	raceway_kernel_close(&k);
	return ret;
}

void raceway_kernel_close(struct raceway_kernel *kernel)
{
	raceway_dp_close(kernel->dp);
	kernel->dp = NULL;
	if (kernel->pin_fd >= 0)
		close(kernel->pin_fd);
	kernel->pin_fd = -1;
	raceway_rtnl_close(&kernel->rtnl);
	if (kernel->events_fd >= 0)
		close(kernel->events_fd);
	kernel->events_fd = -1;
	raceway_links_free(&kernel->links);
	raceway_config_free(&kernel->filled);
	raceway_want_free(&kernel->want);
	free(kernel->attached);
	free(kernel->troubles);
}

static const struct raceway_dp_port *port_of_dev(const struct raceway_want *want, const char *dev)
{
	for (size_t i = 0; i < want->port_count; i++)
		if (!strcmp(want->ports[i].dev, dev))
			return &want->ports[i];
	return NULL;
}

static bool is_attached(const struct raceway_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->attached_count; i++)
		if (k->attached[i] == ifindex)
			return true;
	return false;
}

struct listening {
	struct raceway_kernel *kernel;
	bool due;
};

static void on_event(enum raceway_link_change change, const struct raceway_link *link,
		     void *context)
{
	struct listening *l = context;
	struct raceway_kernel *k = l->kernel;
	const struct raceway_dp_port *port = port_of_dev(&k->want, link->name);

	if (change == RACEWAY_LINK_QDISC) {
		if (port)
			(void)raceway_dp_look_at_qdisc(k->dp, link->ifindex);
		return;
	}
	if (change == RACEWAY_LINK_PROGRAMS) {
		/* Where another's program was in the way, it may have gone. */
		l->due |= (port && !is_attached(k, link->ifindex)) ||
			  raceway_kernel_look_at(k, link->ifindex);
		return;
	}
	if (port || is_attached(k, link->ifindex) || !strncmp(link->name, "rw", 2) ||
	    change != RACEWAY_LINK_CARRIER)
		l->due = true;
	if (port && change == RACEWAY_LINK_CHANGED)
		k->refill = true; /* MAC and MTU of ports are in the tables */
	if (k->on_link)
		k->on_link(change, link, k->on_link_context);
}

bool raceway_kernel_listen(struct raceway_kernel *kernel)
{
	struct listening l = { .kernel = kernel };

	if (raceway_events_read(kernel->events_fd, &kernel->links, on_event, &l)) {
		/* Events were lost: read all anew. What cannot be read now stays as it was. */
		(void)raceway_links_read(&kernel->rtnl, RACEWAY_NSID_OWN, &kernel->links);
		(void)raceway_kernel_look(kernel, true);
		kernel->refill = l.due = true;
	}
	return l.due;
}

const struct raceway_error *raceway_kernel_trouble(const struct raceway_kernel *kernel,
						   const char *object)
{
	for (size_t i = 0; i < kernel->trouble_count; i++)
		if (!strcmp(kernel->troubles[i].error.object, object))
			return &kernel->troubles[i].error;
	return NULL;
}

void raceway_kernel_run_trouble(struct raceway_kernel_run *run, const struct raceway_error *err)
{
	struct raceway_trouble *bigger =
		reallocarray(run->troubles, run->trouble_count + 1, sizeof(*bigger));

	if (!bigger)
		return;
	run->troubles = bigger;
	run->troubles[run->trouble_count++].error = *err;
}

/* A namespace is read unless the vNIC is there and is as it was wanted before. */
static bool must_read(const struct raceway_kernel *k, const struct raceway_want_vnic *v)
{
	const struct raceway_want_vnic *old = raceway_want_vnic(&k->want, v->dp.name);
	const struct raceway_link *host = raceway_links_by_name(&k->links, v->host);
	size_t length = strlen(k->prefix);

	return !old || memcmp(old, v, sizeof(*v)) || !host ||
	       strncmp(host->alias, k->prefix, length) || strcmp(host->alias + length, v->dp.name);
}

static void read_one_ns(struct raceway_kernel_run *run, const char *name)
{
	struct raceway_kernel *k = run->kernel;
	struct raceway_have_ns *ns;

	for (size_t i = 0; i < run->ns_count; i++)
		if (!strcmp(run->ns[i].name, name))
			return;
	ns = &run->ns[run->ns_count++];
	*ns = (struct raceway_have_ns){ .fd = -1, .inside.fd = -1 };
	snprintf(ns->name, sizeof(ns->name), "%s", name);
	ns->err = raceway_netns_open(name, &ns->fd);
	if (!ns->err)
		ns->err = raceway_netns_id(&k->rtnl, ns->fd, &ns->nsid);
	if (!ns->err && ns->nsid != RACEWAY_NSID_OWN)
		ns->err = raceway_links_read(&k->rtnl, ns->nsid, &ns->links);
}

static int read_namespaces(struct raceway_kernel_run *run, bool all)
{
	const struct raceway_want *want = run->want;

	run->ns = calloc(want->vnic_count + 1, sizeof(*run->ns));
	if (!run->ns)
		return -ENOMEM;
	for (size_t i = 0; i < want->vnic_count; i++) {
		const struct raceway_want_vnic *v = &want->vnics[i];

		if (v->where == RACEWAY_WHERE_LOCAL && v->netns[0] &&
		    (all || must_read(run->kernel, v)))
			read_one_ns(run, v->netns);
	}
	return 0;
}

static void end_run(struct raceway_kernel_run *run)
{
	for (size_t i = 0; i < run->ns_count; i++) {
		if (run->ns[i].fd >= 0)
			close(run->ns[i].fd);
		raceway_rtnl_close(&run->ns[i].inside);
		raceway_links_free(&run->ns[i].links);
	}
	free(run->ns);
	free(run->keep);
	free(run->troubles);
	raceway_config_free(&run->former);
}

/* A device that went away before the change was not asked for by it. */
static bool is_old(const struct raceway_kernel_run *run, const struct raceway_problem *problem)
{
	return raceway_kernel_trouble(run->kernel, problem->error.object) ||
	       (problem->port >= 0 &&
		port_of_dev(&run->kernel->want, run->want->ports[problem->port].dev));
}

/* Problems of the plan: new ones refuse the change, the others are remembered. */
static int take_problems(struct raceway_kernel_run *run, const struct raceway_plan *plan,
			 bool strict, struct raceway_error *err)
{
	for (size_t i = 0; i < plan->problem_count; i++) {
		const struct raceway_error *problem = &plan->problems[i].error;

		if (strict && !is_old(run, &plan->problems[i])) {
			if (err && !err->fault)
				*err = *problem;
			return -EPERM;
		}
		raceway_kernel_run_trouble(run, problem);
	}
	return 0;
}

static int make_plan(struct raceway_kernel_run *run, bool all, struct raceway_plan *ret_plan)
{
	struct raceway_kernel *k = run->kernel;
	struct raceway_have have = {
		.links = &k->links,
		.prefix = k->prefix,
		.group = k->group,
		.filled = k->is_filled ? &k->filled : NULL,
		.refill = k->refill,
	};
	int ret;

	(void)raceway_kernel_listen(k);
	if (all)
		(void)raceway_kernel_look(k, false);
	have.attached = k->attached;
	have.attached_count = k->attached_count;
	ret = read_namespaces(run, all);
	have.ns = run->ns;
	have.ns_count = run->ns_count;
	have.refill = k->refill;
	return ret ? ret : raceway_plan_make(run->want, &have, ret_plan);
}

/* Whether links may be others than before: tables alone change none. */
static bool only_fills(const struct raceway_plan *plan)
{
	return plan->count == 1 && plan->steps->kind == RACEWAY_STEP_FILL;
}

/* One reading, planning and applying. *ret_steps tells how many steps there were, 0 also where
 * there is no need to look again. */
static int one_round(struct raceway_kernel *k, const struct raceway_want *want,
		     enum raceway_make how, bool all, size_t *ret_steps, struct raceway_error *err)
{
	struct raceway_plan plan = { 0 };
	struct raceway_kernel_run run = { .kernel = k, .want = want, .plan = &plan };
	int ret = make_plan(&run, all, &plan);

	if (ret)
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s", strerror(-ret));
	else
		ret = take_problems(&run, &plan, how != RACEWAY_MAKE_TOLERANT, err);
	if (!ret && how != RACEWAY_MAKE_CHECK) {
		run.keep = calloc(plan.keep_count + plan.count + 1, sizeof(*run.keep));
		if (run.keep) {
			run.keep_count = plan.keep_count;
			memcpy(run.keep, plan.keep, plan.keep_count * sizeof(*run.keep));
			ret = raceway_plan_apply(&plan, &raceway_kernel_ops, &run,
						 how == RACEWAY_MAKE_TOLERANT, err);
		} else {
			ret = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
		}
	}
	if (!ret && how != RACEWAY_MAKE_CHECK) {
		free(k->troubles);
		k->troubles = RACEWAY_TAKE(run.troubles);
		k->trouble_count = run.trouble_count;
	}
	*ret_steps = !ret && only_fills(&plan) ? 0 : plan.count;
	raceway_plan_free(&plan);
	end_run(&run);
	return ret;
}

static void settle_rounds(struct raceway_kernel *k, const struct raceway_want *want)
{
	struct raceway_error ignored = { 0 };
	size_t steps = 1;

	for (int i = 1; i < ROUNDS && steps; i++)
		if (one_round(k, want, RACEWAY_MAKE_TOLERANT, false, &steps, &ignored))
			return;
}

int raceway_kernel_make(struct raceway_kernel *kernel, struct raceway_want *want,
			enum raceway_make how, struct raceway_error *err)
{
	size_t steps = 0;
	int ret = one_round(kernel, want, how, how == RACEWAY_MAKE_TOLERANT, &steps, err);

	if (how == RACEWAY_MAKE_CHECK)
		return ret;
	if (ret) {
		/* What could not be undone step by step is put right by looking again. */
		struct raceway_want *old = &kernel->want;

		if (how == RACEWAY_MAKE_STRICT && steps)
			settle_rounds(kernel, old);
		return ret;
	}
	raceway_want_free(&kernel->want);
	kernel->want = *want;
	*want = (struct raceway_want){ 0 };
	if (steps)
		settle_rounds(kernel, &kernel->want);
	return 0;
}
