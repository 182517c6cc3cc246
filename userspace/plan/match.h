/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of the planner: what match.c finds out and plan.c makes steps of. */
#ifndef RACEWAY_PLAN_MATCH_H
#define RACEWAY_PLAN_MATCH_H

#include "plan/plan.h"

/* One of our host ends that does not stay. */
struct raceway_going {
	const struct raceway_link *link;
	bool early; /* its name, or its other end's, is needed */
};

struct raceway_planning {
	const struct raceway_want *want;
	const struct raceway_have *have;
	struct raceway_plan *plan;
	/* by index of want->vnics; NULL: there is none */
	const struct raceway_link **host, **guest;
	bool *bad; /* has a problem: left alone */
	struct raceway_going *going;
	size_t going_count;
	int err;
};

/* Which of our pairs belong to which wanted vNIC, and which belong to none. 0 or -ENOMEM. */
int raceway_plan_match(struct raceway_planning *planning);
/* Whether every local vNIC can have its namespace and names; the others get a problem. */
void raceway_plan_names(struct raceway_planning *planning);
/* Whose host end a link is: a vNIC's name, "" where a crash left it unnamed, NULL: not ours. */
const char *raceway_plan_owner(const struct raceway_have *have, const struct raceway_link *link);
void raceway_plan_problem(struct raceway_planning *planning, int port, int vnic, const char *field,
			  const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
