/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What each kind of step does to the kernel, and how it is taken back.
 * Links by netlink in batches, the data path by the loader's library. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/kernel_run.h"
#include "util/caps.h"
#include "util/cleanup.h"

static void vnic_object(const struct raceway_want_vnic *v, char *buf, size_t size)
{
	snprintf(buf, size, "vnic %.88s", v->dp.name);
}

static void object_of(const struct raceway_kernel_run *run, const struct raceway_step *step,
		      char *buf, size_t size)
{
	if (step->vnic >= 0)
		vnic_object(&run->want->vnics[step->vnic], buf, size);
	else if (step->port >= 0)
		snprintf(buf, size, "port %.88s", run->want->ports[step->port].name);
	else
		snprintf(buf, size, "%.88s", step->vnic_name[0] ? step->vnic_name : "kernel");
}

int raceway_kernel_fail(const struct raceway_kernel_run *run, const struct raceway_step *step,
			const char *what, int error, const char *text, struct raceway_error *err)
{
	enum raceway_fault fault = error == -EPERM || error == -EACCES	 ? RACEWAY_FAULT_FORBIDDEN
				   : error == -EEXIST || error == -EBUSY ? RACEWAY_FAULT_REFUSED
				   : error == -EOPNOTSUPP		 ? RACEWAY_FAULT_CANNOT
									 : RACEWAY_FAULT_SYSTEM;
	char object[96];

	object_of(run, step, object, sizeof(object));
	raceway_error_set(err, fault, object, "", "%s: %s%s%s%s", what, strerror(-error),
			  *text ? " (" : "", text, *text ? ")" : "");
	return error;
}

/* --- the set of attached interfaces --- */

int raceway_kernel_attached_add(struct raceway_kernel *k, uint32_t ifindex)
{
	size_t at = 0;

	while (at < k->attached_count && k->attached[at] < ifindex)
		at++;
	if (at < k->attached_count && k->attached[at] == ifindex)
		return 0;
	if (k->attached_count == k->attached_room) {
		size_t room = k->attached_room ? 2 * k->attached_room : 64;
		uint32_t *bigger = reallocarray(k->attached, room, sizeof(*bigger));

		if (!bigger)
			return -ENOMEM;
		k->attached = bigger;
		k->attached_room = room;
	}
	memmove(k->attached + at + 1, k->attached + at,
		(k->attached_count - at) * sizeof(*k->attached));
	k->attached[at] = ifindex;
	k->attached_count++;
	return 0;
}

void raceway_kernel_attached_remove(struct raceway_kernel *k, uint32_t ifindex)
{
	for (size_t i = 0; i < k->attached_count; i++) {
		if (k->attached[i] != ifindex)
			continue;
		memmove(k->attached + i, k->attached + i + 1,
			(k->attached_count - i - 1) * sizeof(*k->attached));
		k->attached_count--;
		return;
	}
}

/* --- the data path --- */

static int run_fill(struct raceway_kernel_run *run, struct raceway_error *err)
{
	struct raceway_kernel *k = run->kernel;
	struct raceway_dp_config config = run->plan->config;
	int ret = 0;

	if (run->plan->has_config)
		run->plan->has_config = false; /* taken over */
	else
		ret = raceway_config_build(run->want, &k->links, k->prefix, &config);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	ret = raceway_dp_change(k->dp, &config, k->is_filled && !k->refill ? &k->filled : NULL,
				err);
	if (ret) {
		raceway_config_free(&config);
		return ret;
	}
	/* The former tables are needed if a later step fails: run.former. */
	raceway_config_free(&run->former);
	run->former = k->filled;
	run->had_former = k->is_filled;
	k->filled = config;
	k->is_filled = true;
	k->refill = false;
	return 0;
}

static void undo_fill(struct raceway_kernel_run *run)
{
	struct raceway_kernel *k = run->kernel;

	if (!run->had_former || raceway_dp_change(k->dp, &run->former, NULL, NULL)) {
		k->refill = true;
		return;
	}
	raceway_config_free(&k->filled);
	k->filled = run->former;
	run->former = (struct raceway_dp_config){ 0 };
	run->had_former = false;
}

static int attach_port(struct raceway_kernel_run *run, const struct raceway_step *step, bool more,
		       struct raceway_error *err)
{
	struct raceway_dp_port port = run->want->ports[step->port];
	RACEWAY_ADMIN; /* the other end of a veth */
	int ret;

	port.more = more;
	port.ifindex = step->ifindex;
	ret = raceway_dp_attach_port(run->kernel->dp, &port, err);
	/* Making the port fit may change what the tables say of it. */
	run->kernel->refill |= !ret && step->fresh;
	return ret ? ret : raceway_kernel_attached_add(run->kernel, step->ifindex);
}

static int attach_vnic(struct raceway_kernel_run *run, const struct raceway_step *step,
		       struct raceway_error *err)
{
	uint32_t ifindex = raceway_kernel_index(run, step);
	int ret;

	ret = raceway_dp_attach_vnic(run->kernel->dp, run->want->vnics[step->vnic].host, ifindex,
				     err);
	if (ret)
		return ret;
	if (!step->ifindex)
		run->keep[run->keep_count++] = ifindex;
	return raceway_kernel_attached_add(run->kernel, ifindex);
}

static void undo_attach(struct raceway_kernel_run *run, const struct raceway_step *step)
{
	struct raceway_kernel *k = run->kernel;
	uint32_t ifindex = raceway_kernel_index(run, step);
	RACEWAY_ADMIN;

	if (!step->fresh) {
		/* The next round attaches it as it was. */
		raceway_kernel_attached_remove(k, ifindex);
		return;
	}
	if (step->port >= 0)
		(void)raceway_dp_detach_port(k->dp, run->want->ports[step->port].dev, ifindex,
					     NULL);
	else
		(void)raceway_dp_detach_vnic(k->dp, run->want->vnics[step->vnic].host, ifindex,
					     NULL);
	raceway_kernel_attached_remove(k, ifindex);
}

static int run_attach(struct raceway_kernel_run *run, const struct raceway_step *steps,
		      size_t count, size_t *ret_failed, struct raceway_error *err)
{
	for (size_t i = 0; i < count; i++) {
		struct raceway_error local = { 0 };
		int ret = steps[i].port >= 0 ? attach_port(run, &steps[i], i + 1 < count, &local)
					     : attach_vnic(run, &steps[i], &local);

		if (!ret)
			continue;
		if (!local.fault)
			raceway_kernel_fail(run, &steps[i], "attach", ret, "", &local);
		object_of(run, &steps[i], local.object, sizeof(local.object));
		if (err && !err->fault)
			*err = local;
		*ret_failed = i;
		while (i-- > 0)
			undo_attach(run, &steps[i]);
		return ret;
	}
	return 0;
}

static int run_retire(struct raceway_kernel_run *run, struct raceway_error *err)
{
	struct raceway_kernel *k = run->kernel;
	RACEWAY_ADMIN;
	int ret = raceway_dp_retire(k->dp, run->keep, run->keep_count, err);
	size_t kept = 0;

	if (ret)
		return ret;
	for (size_t i = 0; i < k->attached_count; i++)
		for (size_t n = 0; n < run->keep_count; n++)
			if (run->keep[n] == k->attached[i]) {
				k->attached[kept++] = k->attached[i];
				break;
			}
	k->attached_count = kept;
	return 0;
}

/* --- the table of operations --- */

static int run_steps(void *context, const struct raceway_step *steps, size_t count,
		     size_t *ret_failed, struct raceway_error *err)
{
	struct raceway_kernel_run *run = context;

	*ret_failed = 0;
	switch (steps->kind) {
	case RACEWAY_STEP_CLEAR:
	case RACEWAY_STEP_DELETE:
		return raceway_kernel_delete(run, steps, count, ret_failed, err);
	case RACEWAY_STEP_HOST_EDIT:
	case RACEWAY_STEP_HOST_STATE:
		return raceway_kernel_edit(run, steps, count, false, ret_failed, err);
	case RACEWAY_STEP_GUEST_EDIT:
		return raceway_kernel_edit_guests(run, steps, count, false, ret_failed, err);
	case RACEWAY_STEP_CREATE:
		return raceway_kernel_create(run, steps, count, ret_failed, err);
	case RACEWAY_STEP_FILL:
		return run_fill(run, err);
	case RACEWAY_STEP_PORT_ATTACH:
	case RACEWAY_STEP_VNIC_ATTACH:
		return run_attach(run, steps, count, ret_failed, err);
	case RACEWAY_STEP_RETIRE:
		return run_retire(run, err);
	case RACEWAY_STEP_KINDS:
		break;
	}
	return -EINVAL;
}

static void undo_steps(void *context, const struct raceway_step *steps, size_t count)
{
	struct raceway_kernel_run *run = context;
	size_t failed;

	switch (steps->kind) {
	case RACEWAY_STEP_HOST_EDIT:
	case RACEWAY_STEP_HOST_STATE:
		(void)raceway_kernel_edit(run, steps, count, true, &failed, NULL);
		break;
	case RACEWAY_STEP_GUEST_EDIT:
		(void)raceway_kernel_edit_guests(run, steps, count, true, &failed, NULL);
		break;
	case RACEWAY_STEP_CREATE:
		(void)raceway_kernel_delete(run, steps, count, &failed, NULL);
		break;
	case RACEWAY_STEP_FILL:
		undo_fill(run);
		break;
	case RACEWAY_STEP_PORT_ATTACH:
	case RACEWAY_STEP_VNIC_ATTACH:
		for (size_t i = count; i-- > 0;)
			undo_attach(run, &steps[i]);
		break;
	default:
		/* CLEAR: the pair is made again when the former state is looked at. */
		break;
	}
}

static bool known_trouble(void *context, const struct raceway_step *step)
{
	const struct raceway_kernel_run *run = context;
	char object[96];

	object_of(run, step, object, sizeof(object));
	return raceway_kernel_trouble(run->kernel, object);
}

static void step_failed(void *context, const struct raceway_step *step,
			const struct raceway_error *err)
{
	struct raceway_error named = *err;

	object_of(context, step, named.object, sizeof(named.object));
	raceway_kernel_run_trouble(context, &named);
}

const struct raceway_plan_ops raceway_kernel_ops = {
	.run = run_steps,
	.undo = undo_steps,
	.known = known_trouble,
	.failed = step_failed,
};
