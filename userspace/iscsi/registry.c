/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A list of sessions under one lock. Calls to other workers are made under it, so that whoever
 * is called cannot have left before. */
#include "iscsi/registry.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct raceway_registered *all;
static uint16_t last_tsih;

/* Same nexus (RFC 7143 4.4.3): only one session at a time. Discovery is no nexus. */
static bool same(const struct raceway_registered *a, const struct raceway_registered *b)
{
	return !a->who->discovery && !b->who->discovery && a->group == b->group &&
	       !memcmp(a->who->isid, b->who->isid, sizeof(a->who->isid)) &&
	       !strcmp(a->who->initiator, b->who->initiator) &&
	       !strcmp(a->who->target, b->who->target);
}

static bool has(uint16_t tsih)
{
	for (const struct raceway_registered *r = all; r; r = r->next) {
		if (r->tsih == tsih)
			return true;
	}
	return false;
}

bool raceway_registry_has(uint16_t tsih)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = has(tsih);
	pthread_mutex_unlock(&lock);
	return found;
}

static int claim(struct raceway_registered *registered)
{
	uint16_t tsih = last_tsih;

	for (struct raceway_registered *r = all; r; r = r->next) {
		if (!same(r, registered))
			continue;
		registered->waits_for = r;
		registered->waiting = true;
		registered->next_waiter = r->waiters;
		r->waiters = registered;
		if (!r->ending)
			raceway_worker_call(r->worker, &r->end);
		r->ending = true;
		return -EINPROGRESS;
	}
	do {
		if (++tsih == last_tsih)
			return -ENOSPC;
	} while (tsih == 0 || has(tsih));
	registered->tsih = last_tsih = tsih;
	registered->registered = true;
	registered->next = all;
	all = registered;
	return 0;
}

int raceway_registry_claim(struct raceway_registered *registered)
{
	int err;

	pthread_mutex_lock(&lock);
	err = claim(registered);
	pthread_mutex_unlock(&lock);
	return err;
}

static void wake_waiters(struct raceway_registered *registered)
{
	struct raceway_registered *waiter = registered->waiters;

	registered->waiters = NULL;
	while (waiter) {
		struct raceway_registered *next = waiter->next_waiter;

		waiter->waits_for = NULL;
		raceway_worker_call(waiter->worker, &waiter->again);
		waiter = next;
	}
}

static void stop_waiting(struct raceway_registered *registered)
{
	struct raceway_registered **link = &registered->waits_for->waiters;

	while (*link != registered)
		link = &(*link)->next_waiter;
	*link = registered->next_waiter;
	registered->waits_for = NULL;
	registered->waiting = false;
}

unsigned int raceway_registry_release(struct raceway_registered *registered)
{
	unsigned int to_run;

	pthread_mutex_lock(&lock);
	if (registered->registered) {
		struct raceway_registered **link = &all;

		while (*link != registered)
			link = &(*link)->next;
		*link = registered->next;
		registered->registered = false;
		wake_waiters(registered);
	}
	if (registered->waits_for)
		stop_waiting(registered);
	to_run = (unsigned int)registered->ending + (unsigned int)registered->waiting;
	pthread_mutex_unlock(&lock);
	return to_run;
}

void raceway_registry_ran(struct raceway_registered *registered, const struct raceway_call *call)
{
	pthread_mutex_lock(&lock);
	if (call == &registered->end)
		registered->ending = false;
	else
		registered->waiting = false;
	pthread_mutex_unlock(&lock);
}
