/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Desired against actual: the steps that lead from one to the other. Pure, no I/O.
 *
 * The order keeps the data path right at every moment: netdevs are made first, then the maps
 * are filled, then programs are attached, only then is a host end set up; what is no longer
 * wanted goes last (except where its name is needed). Steps of one kind stand together, so that
 * they run as one batch. */
#ifndef RACEWAY_PLAN_PLAN_H
#define RACEWAY_PLAN_PLAN_H

#include "net/link.h"
#include "net/netns.h"
#include "net/veth.h"
#include "plan/want.h"

/* X(enum suffix, name) in the order in which they run. */
#define RACEWAY_STEPS(X)                                                                           \
	X(CLEAR, "clear")	      /* delete a pair of ours whose name is needed */             \
	X(HOST_EDIT, "host-edit")     /* MTU, GRO of a host end */                                 \
	X(GUEST_EDIT, "guest-edit")   /* name, MAC, MTU, state of a guest end */                   \
	X(CREATE, "create")	      /* make a pair, host end down */                             \
	X(FILL, "fill")		      /* the data path's tables */                                 \
	X(PORT_ATTACH, "port-attach") /* make fit, attach */                                       \
	X(VNIC_ATTACH, "vnic-attach") /* program on the host end */                                \
	X(HOST_STATE, "host-state")   /* host end up or down: the vNIC's carrier */                \
	X(RETIRE, "retire")	      /* detach from what is no port or vNIC any more */           \
	X(DELETE, "delete")	      /* delete pairs of ours that nobody wants */

enum raceway_step_kind {
#define X(id, name) RACEWAY_STEP_##id,
	RACEWAY_STEPS(X)
#undef X
		RACEWAY_STEP_KINDS
};

/* From here on a failure leaves only rubbish behind, which the next reconcile removes; it is
 * no reason to take the change back. */
#define RACEWAY_STEP_CLEANUP RACEWAY_STEP_RETIRE

struct raceway_step {
	enum raceway_step_kind kind;
	int port;	  /* index in want->ports, -1 */
	int vnic;	  /* index in want->vnics, -1 */
	uint32_t ifindex; /* of the link, 0: made by this plan, look it up by name */
	bool fresh;	  /* *_ATTACH: was not attached before */
	struct raceway_link_edit edit, back; /* *_EDIT, HOST_STATE: the change and its undoing */
	char vnic_name[128];		     /* CLEAR, DELETE: whose it was, "" unknown */
};

/* A namespace that holds guest ends, as it was read. */
struct raceway_have_ns {
	char name[RACEWAY_NETNS_NAME];
	int err; /* why it could not be read, 0 */
	int nsid;
	int fd;
	struct raceway_rtnl inside; /* to change links there; fd -1 until it is needed */
	bool entering;
	struct raceway_links links;
};

/* What is. All borrowed. */
struct raceway_have {
	const struct raceway_links *links; /* own namespace */
	const struct raceway_have_ns *ns;
	size_t ns_count;
	const char *prefix;	  /* of the alias of our host ends: "raceway:INSTANCE:" */
	uint32_t group;		  /* of our host ends */
	const uint32_t *attached; /* sorted: interfaces that carry this process's programs */
	size_t attached_count;
	const struct raceway_dp_config *filled; /* what the tables hold, NULL: unknown */
	bool refill;				/* the tables depend on something that changed */
};

/* Why an object cannot be made so at present. */
struct raceway_problem {
	int port, vnic; /* index in want, the other is -1 */
	struct raceway_error error;
};

struct raceway_plan {
	struct raceway_step *steps;
	size_t count, room;
	struct raceway_problem *problems;
	size_t problem_count;
	struct raceway_dp_config config; /* for FILL, if the links it names are there already */
	bool has_config;
	uint32_t *keep; /* for RETIRE: interfaces that stay, without those still to be made */
	size_t keep_count;
};

/* 0 or -ENOMEM. */
int raceway_plan_make(const struct raceway_want *want, const struct raceway_have *have,
		      struct raceway_plan *ret_plan);
void raceway_plan_free(struct raceway_plan *plan);
const char *raceway_step_name(enum raceway_step_kind kind);

/* The data path's configuration for links as they are. A port that is missing is left out, and
 * so are the places behind it. A host end counts only if its alias (prefix and vNIC) says that it
 * is ours. */
int raceway_config_build(const struct raceway_want *want, const struct raceway_links *links,
			 const char *prefix, struct raceway_dp_config *ret_config);
void raceway_config_free(struct raceway_dp_config *config);
bool raceway_config_equal(const struct raceway_dp_config *one,
			  const struct raceway_dp_config *other);

/* What runs and undoes steps of one kind. */
struct raceway_plan_ops {
	/* All of the steps or none; on failure *ret_failed is the first that could not be done. */
	int (*run)(void *context, const struct raceway_step *steps, size_t count,
		   size_t *ret_failed, struct raceway_error *err);
	/* Takes back steps that were run. Cannot fail: what it cannot do the next reconcile will.
	 */
	void (*undo)(void *context, const struct raceway_step *steps, size_t count);
	/* Whether the step's object failed already before this change, which is then not to blame
	 * for it. May be NULL. */
	bool (*known)(void *context, const struct raceway_step *step);
	/* A step failed and is left out (tolerant, known, or cleaning up). */
	void (*failed)(void *context, const struct raceway_step *step,
		       const struct raceway_error *err);
};

/* Runs the plan. Not tolerant: at the first failure all that was done is undone in reverse
 * order. Tolerant: the step is reported, later steps of its vNIC or port are left out, the rest
 * goes on; only FILL fails the whole. */
int raceway_plan_apply(const struct raceway_plan *plan, const struct raceway_plan_ops *ops,
		       void *context, bool tolerant, struct raceway_error *err);

#endif
