/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs a plan's steps in batches of one kind, and back again where one fails.
 * Knows nothing of what the steps do. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan.h"
#include "util/cleanup.h"

struct run {
	const struct raceway_plan *plan;
	const struct raceway_plan_ops *ops;
	void *context;
	bool tolerant;
	bool *skip; /* by step: it failed, or belongs to what failed */
};

static bool same_object(const struct raceway_step *one, const struct raceway_step *other)
{
	if (one->vnic >= 0)
		return one->vnic == other->vnic;
	return one->port >= 0 && one->port == other->port;
}

static void give_up(struct run *r, size_t at, const struct raceway_error *err)
{
	const struct raceway_step *steps = r->plan->steps;

	r->ops->failed(r->context, &steps[at], err);
	r->skip[at] = true;
	for (size_t i = at + 1; i < r->plan->count; i++)
		if (same_object(&steps[at], &steps[i]))
			r->skip[i] = true;
}

/* After a batch failed: each step for itself, so that one bad vNIC harms no other. */
static void one_by_one(struct run *r, size_t from, size_t to)
{
	size_t failed;

	for (size_t i = from; i < to; i++) {
		struct raceway_error err = { 0 };

		if (!r->skip[i] && r->ops->run(r->context, &r->plan->steps[i], 1, &failed, &err))
			give_up(r, i, &err);
	}
}

/* Whether a step's failure is only reported. */
static bool is_soft(struct run *r, const struct raceway_step *step)
{
	if (step->kind == RACEWAY_STEP_FILL)
		return false;
	return r->tolerant || step->kind >= RACEWAY_STEP_CLEANUP ||
	       (r->ops->known && r->ops->known(r->context, step));
}

/* Steps `from` to `to` are of one kind; those to be left out, and those that may fail beside
 * those that may not, split them into several batches. */
static int run_batch(struct run *r, size_t from, size_t to, struct raceway_error *err)
{
	const struct raceway_step *steps = r->plan->steps;

	for (size_t i = from; i < to;) {
		struct raceway_error local = { 0 };
		size_t end = i, failed = 0;
		bool soft = is_soft(r, &steps[i]);
		int ret;

		while (end < to && !r->skip[end] && is_soft(r, &steps[end]) == soft)
			end++;
		if (end == i) {
			i++;
			continue;
		}
		ret = r->ops->run(r->context, &steps[i], end - i, &failed, &local);
		if (ret && !soft) {
			/* Batches before this one have to be undone with the rest. */
			for (size_t k = i; k < to; k++)
				r->skip[k] = true;
			if (err && !err->fault)
				*err = local;
			return ret;
		}
		if (ret && end - i == 1)
			give_up(r, i, &local);
		else if (ret)
			one_by_one(r, i, end);
		i = end;
	}
	return 0;
}

static size_t batch_end(const struct raceway_plan *plan, size_t from)
{
	size_t to = from;

	while (to < plan->count && plan->steps[to].kind == plan->steps[from].kind)
		to++;
	return to;
}

static void undo(struct run *r, size_t to)
{
	while (to) {
		size_t from = to - 1;

		if (r->skip[from]) {
			to = from;
			continue;
		}
		while (from && !r->skip[from - 1] &&
		       r->plan->steps[from - 1].kind == r->plan->steps[to - 1].kind)
			from--;
		r->ops->undo(r->context, &r->plan->steps[from], to - from);
		to = from;
	}
}

int raceway_plan_apply(const struct raceway_plan *plan, const struct raceway_plan_ops *ops,
		       void *context, bool tolerant, struct raceway_error *err)
{
	RACEWAY_FREE bool *skip = calloc(plan->count + 1, sizeof(*skip));
	struct run r = {
		.plan = plan,
		.ops = ops,
		.context = context,
		.tolerant = tolerant,
		.skip = skip,
	};

	if (!skip)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	for (size_t from = 0, to; from < plan->count; from = to) {
		int ret;

		to = batch_end(plan, from);
		ret = run_batch(&r, from, to, err);
		if (ret) {
			undo(&r, to);
			return ret;
		}
	}
	return 0;
}
