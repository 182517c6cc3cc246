/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Steps are run in batches and undone in reverse; what may fail beside the rest does. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan.h"

static struct raceway_step steps[] = {
	{ .kind = RACEWAY_STEP_CREATE, .vnic = 0, .port = -1 },
	{ .kind = RACEWAY_STEP_CREATE, .vnic = 1, .port = -1 },
	{ .kind = RACEWAY_STEP_FILL, .vnic = -1, .port = -1 },
	{ .kind = RACEWAY_STEP_PORT_ATTACH, .vnic = -1, .port = 0 },
	{ .kind = RACEWAY_STEP_VNIC_ATTACH, .vnic = 0, .port = -1 },
	{ .kind = RACEWAY_STEP_VNIC_ATTACH, .vnic = 1, .port = -1 },
	{ .kind = RACEWAY_STEP_HOST_STATE, .vnic = 1, .port = -1 },
	{ .kind = RACEWAY_STEP_RETIRE, .vnic = -1, .port = -1 },
};
static const struct raceway_plan plan = { .steps = steps,
					  .count = sizeof(steps) / sizeof(steps[0]) };

static char text[1024];
static int bad_kind = -1, bad_vnic = -1, known_vnic = -1;

static void note(const char *what, const struct raceway_step *first, size_t count)
{
	size_t used = strlen(text);

	used += snprintf(text + used, sizeof(text) - used, "%s%s%s:", used ? ", " : "", what,
			 raceway_step_name(first->kind));
	for (size_t i = 0; i < count; i++)
		used += snprintf(text + used, sizeof(text) - used, "%d", first[i].vnic);
}

static int run(void *context, const struct raceway_step *first, size_t count, size_t *ret_failed,
	       struct raceway_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if ((int)first->kind != bad_kind || (bad_vnic >= 0 && first[i].vnic != bad_vnic))
			continue;
		*ret_failed = i;
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "x", "", "broken");
	}
	note("", first, count);
	return 0;
}

static void undo(void *context, const struct raceway_step *first, size_t count)
{
	note("-", first, count);
}

static void failed(void *context, const struct raceway_step *step, const struct raceway_error *err)
{
	note("!", step, 1);
}

static bool known(void *context, const struct raceway_step *step)
{
	return step->vnic >= 0 && step->vnic == known_vnic;
}

static const struct raceway_plan_ops ops = { run, undo, known, failed };

Test(apply, runs_batches_in_order)
{
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, false, NULL), 0);
	cr_expect_str_eq(text, "create:01, fill:-1, port-attach:-1, vnic-attach:01, host-state:1, "
			       "retire:-1");
}

Test(apply, undoes_in_reverse_what_was_done)
{
	struct raceway_error err = { 0 };

	bad_kind = RACEWAY_STEP_VNIC_ATTACH;
	bad_vnic = 1;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, false, &err), -EIO);
	cr_expect_str_eq(err.message, "broken");
	cr_expect_str_eq(text, "create:01, fill:-1, port-attach:-1, "
			       "-port-attach:-1, -fill:-1, -create:01");
}

Test(apply, the_first_failure_undoes_nothing)
{
	bad_kind = RACEWAY_STEP_CREATE;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, false, NULL), -EIO);
	cr_expect_str_eq(text, "");
}

Test(apply, tolerant_leaves_out_one_vnic)
{
	bad_kind = RACEWAY_STEP_CREATE;
	bad_vnic = 1;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, true, NULL), 0);
	cr_expect_str_eq(text, "create:0, !create:1, fill:-1, port-attach:-1, vnic-attach:0, "
			       "retire:-1");
}

Test(apply, tolerant_still_needs_the_tables)
{
	bad_kind = RACEWAY_STEP_FILL;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, true, NULL), -EIO);
	cr_expect_str_eq(text, "create:01, -create:01");
}

Test(apply, what_was_broken_before_is_not_to_blame)
{
	bad_kind = RACEWAY_STEP_VNIC_ATTACH;
	bad_vnic = known_vnic = 0;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, false, NULL), 0);
	cr_expect_str_eq(text, "create:0, create:1, fill:-1, port-attach:-1, !vnic-attach:0, "
			       "vnic-attach:1, host-state:1, retire:-1");
}

Test(apply, cleaning_up_fails_nothing)
{
	bad_kind = RACEWAY_STEP_RETIRE;
	cr_expect_eq(raceway_plan_apply(&plan, &ops, NULL, false, NULL), 0);
	cr_expect(strstr(text, "!retire:-1"));
	cr_expect_null(strstr(text, "-create"));
}
