/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of the kernel's side: one run of a plan, shared by kernel.c, kernel_links.c (netdevs)
 * and kernel_steps.c (data path, table of operations). */
#ifndef RACEWAY_PLAN_KERNEL_RUN_H
#define RACEWAY_PLAN_KERNEL_RUN_H

#include "plan/kernel.h"

struct raceway_kernel_run {
	struct raceway_kernel *kernel;
	const struct raceway_want *want; /* new */
	struct raceway_plan *plan;
	struct raceway_have_ns *ns;
	size_t ns_count;
	uint32_t *keep; /* for RETIRE */
	size_t keep_count;
	struct raceway_dp_config former; /* the tables before this run's FILL, if had_former */
	bool had_former;
	struct raceway_trouble *troubles; /* found in this run */
	size_t trouble_count;
};
extern const struct raceway_plan_ops raceway_kernel_ops;
void raceway_kernel_run_trouble(struct raceway_kernel_run *run, const struct raceway_error *err);

/* kernel_steps.c: the set of interfaces that carry our programs. */
int raceway_kernel_attached_add(struct raceway_kernel *kernel, uint32_t ifindex);
void raceway_kernel_attached_remove(struct raceway_kernel *kernel, uint32_t ifindex);
/* Fills *err for a step that failed with -errno; `text` is the kernel's own, or "". Returns it. */
int raceway_kernel_fail(const struct raceway_kernel_run *run, const struct raceway_step *step,
			const char *what, int error, const char *text, struct raceway_error *err);

/* kernel_links.c: see struct raceway_plan_ops for the contract of run. */
int raceway_kernel_create(struct raceway_kernel_run *run, const struct raceway_step *steps,
			  size_t count, size_t *ret_failed, struct raceway_error *err);
int raceway_kernel_delete(struct raceway_kernel_run *run, const struct raceway_step *steps,
			  size_t count, size_t *ret_failed, struct raceway_error *err);
int raceway_kernel_edit(struct raceway_kernel_run *run, const struct raceway_step *steps,
			size_t count, bool back, size_t *ret_failed, struct raceway_error *err);
int raceway_kernel_edit_guests(struct raceway_kernel_run *run, const struct raceway_step *steps,
			       size_t count, bool back, size_t *ret_failed,
			       struct raceway_error *err);
/* The link of a step: by index, or by name where this plan made it. 0: there is none. */
uint32_t raceway_kernel_index(const struct raceway_kernel_run *run,
			      const struct raceway_step *step);

#endif
