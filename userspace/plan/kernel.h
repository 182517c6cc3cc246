/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's side of the daemon: links, namespaces and the data path, made as wanted.
 * Reads what is, plans, applies; remembers what is wrong with which object. */
#ifndef RACEWAY_PLAN_KERNEL_H
#define RACEWAY_PLAN_KERNEL_H

#include "plan/plan.h"

/* What is wrong with a port or vNIC at present. */
struct raceway_trouble {
	struct raceway_error error; /* .object is "vnic web1/eth0" */
};

struct raceway_kernel {
	int pin_fd; /* holds the lock of the pin directory */
	struct raceway_rtnl rtnl;
	int events_fd; /* for epoll: then raceway_kernel_listen() */
	struct raceway_dp *dp;
	struct raceway_links links; /* own namespace, kept true by events */
	char prefix[32];
	uint32_t group;
	uint32_t *attached; /* sorted */
	size_t attached_count, attached_room;
	size_t look_next; /* where raceway_kernel_look() goes on */
	struct raceway_dp_config filled;
	bool is_filled, refill;
	struct raceway_want want; /* as last made */
	struct raceway_trouble *troubles;
	size_t trouble_count;
	/* Called for each link event that changed something. PROGRAMS: ours were taken off. */
	void (*on_link)(enum raceway_link_change change, const struct raceway_link *link,
			void *context);
	void *on_link_context;
};

struct raceway_kernel_options {
	const char *pin_dir;
	uint32_t max_vnics;    /* 0: the default, or what the pins have */
	uint64_t store_id;     /* whose the pins are */
	const char *state_dir; /* the same for people */
};

/* Opens everything in the process's network namespace. The instance, by which our own netdevs
 * are recognised, follows from pin_dir. Pins that another state directory uses are refused. */
int raceway_kernel_open(const struct raceway_kernel_options *options,
			struct raceway_kernel *ret_kernel, struct raceway_error *err);
void raceway_kernel_close(struct raceway_kernel *kernel);

enum raceway_make {
	RACEWAY_MAKE_STRICT,   /* an API call: the first new problem takes everything back */
	RACEWAY_MAKE_TOLERANT, /* reconcile: what cannot be is remembered, the rest is made */
	RACEWAY_MAKE_CHECK, /* only plan: refuse what STRICT would refuse before its first step */
};
/* Makes it so and takes over *want (which is then empty); on failure *want stays the caller's
 * and the kernel is as before. */
int raceway_kernel_make(struct raceway_kernel *kernel, struct raceway_want *want,
			enum raceway_make how, struct raceway_error *err);
/* Takes waiting link events. True if any concerns what is wanted, so that a reconcile is due. */
bool raceway_kernel_listen(struct raceway_kernel *kernel);

/* What is wrong with "vnic web1/eth0", or NULL. */
const struct raceway_error *raceway_kernel_trouble(const struct raceway_kernel *kernel,
						   const char *object);

#endif
