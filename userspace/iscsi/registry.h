/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All sessions of the process, so that an initiator that comes back ends what is left of its old
 * session before it gets a new one (RFC 7143 6.3.5), on whatever worker that lives.
 *
 * One lock for all, taken only at login and end of a session. */
#ifndef RACEWAY_ISCSI_REGISTRY_H
#define RACEWAY_ISCSI_REGISTRY_H

#include "iscsi/target.h"
#include "vhba/worker.h"

/* Part of a connection. Between raceway_registry_claim() and raceway_registry_release() it is in
 * the registry, or waits for the session before it. */
struct raceway_registered {
	/* The owner's to fill in. */
	const struct raceway_iscsi_login *who;
	uint16_t group;
	struct raceway_worker *worker;
	/* On `worker`: the session must end, or the one before has ended: claim again. */
	struct raceway_call end, again;

	uint16_t tsih;
	/* The registry's: in it; its end was asked for; it has asked for another's place. The
	 * owner's handlers of `end` and `again` are told first to raceway_registry_ran(). */
	bool registered, ending, waiting;
	struct raceway_registered *next;    /* of the registry */
	struct raceway_registered *waiters; /* who wants this one's place, by next_waiter */
	struct raceway_registered *next_waiter, *waits_for;
};

/* 0: the session is registered and `tsih` is set. -EINPROGRESS: another session has this place
 * and was told to end; `again` runs when it has. -ENOSPC: no free TSIH. */
int raceway_registry_claim(struct raceway_registered *registered);
/* Leaves, if it was there, and wakes who waited. Returns how many of its calls (end, again) are
 * still to run: it must live until they have. */
unsigned int raceway_registry_release(struct raceway_registered *registered);
/* First thing in a handler of `call`. */
void raceway_registry_ran(struct raceway_registered *registered, const struct raceway_call *call);
/* Whether there is a session with this TSIH. Any thread. */
bool raceway_registry_has(uint16_t tsih);

#endif
