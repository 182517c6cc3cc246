/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The gate of a logical unit. Commands that share it only count themselves in their own I_T_L
 * nexus and then look whether anybody wants to be alone; who wants to be alone says so first and
 * then looks at all counts. One of the two sees the other, so that the common way takes no lock. */
#include "scsi/lu.h"

#include <stddef.h>

struct resume {
	struct raceway_task *first, **end;
};

/* What this thread goes through: who is let in by one that runs from it is appended, or each would
 * run on the stack of the one before. */
static _Thread_local struct resume *running;

static void append(struct raceway_task ***end, struct raceway_task *task)
{
	task->gate_next = NULL;
	**end = task;
	*end = &task->gate_next;
}

static void run_list(struct resume *resume)
{
	struct raceway_task *task;

	running = resume;
	while ((task = resume->first)) {
		resume->first = task->gate_next;
		if (!resume->first)
			resume->end = &resume->first;
		task->admitted(task);
	}
	running = NULL;
}

/* On the worker of the I_T_L nexus. It lives as long as its tasks, and there is one at least. */
static void wake(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_itl *itl =
		(struct raceway_itl *)((char *)call - offsetof(struct raceway_itl, wake));
	struct resume resume;

	(void)worker;
	pthread_mutex_lock(&itl->lu->lock);
	resume = (struct resume){ itl->ready, itl->ready_end };
	itl->ready = NULL;
	itl->waking = false;
	pthread_mutex_unlock(&itl->lu->lock);
	run_list(&resume);
}

static bool empty(const struct raceway_lu *lu)
{
	for (struct raceway_itl *itl = lu->itls; itl; itl = itl->next)
		if (atomic_load(&itl->inside))
			return false;
	return true;
}

/* The task may go on: here, once the lock is given back, or on its own worker. */
static void admit(struct raceway_task *task, const struct raceway_worker *here,
		  struct resume *resume)
{
	struct raceway_itl *itl = task->gate;

	if (task->worker == here) {
		append(&resume->end, task);
		return;
	}
	if (!itl->ready)
		itl->ready_end = &itl->ready;
	append(&itl->ready_end, task);
	if (itl->waking)
		return;
	itl->waking = true;
	itl->wake.run = wake;
	raceway_worker_call(task->worker, &itl->wake);
}

/* Lets in who may come in, in their order. Under the lock. */
static void promote(struct raceway_lu *lu, const struct raceway_worker *here, struct resume *resume)
{
	while (lu->waiting && !lu->exclusive) {
		struct raceway_task *task = lu->waiting;

		if (task->exclusive && !empty(lu))
			return;
		lu->waiting = task->gate_next;
		if (!lu->waiting)
			lu->waiting_end = &lu->waiting;
		if (task->exclusive)
			lu->exclusive = task;
		else
			atomic_fetch_add(&task->gate->inside, 1);
		admit(task, here, resume);
	}
}

/* With the lock held, which it gives back. */
static void promote_and_run(struct raceway_lu *lu, const struct raceway_worker *here)
{
	struct resume own = { .end = &own.first };

	promote(lu, here, running ? running : &own);
	pthread_mutex_unlock(&lu->lock);
	if (own.first)
		run_list(&own);
}

/* Waits in the queue, unless it is empty and the task may go on. */
static bool enter_slowly(struct raceway_task *task, struct raceway_itl *itl)
{
	struct raceway_lu *lu = itl->lu;
	bool in = !lu->waiting && !lu->exclusive && (!task->exclusive || empty(lu));

	if (in && task->exclusive)
		lu->exclusive = task;
	else if (in)
		atomic_fetch_add(&itl->inside, 1);
	else
		append(&lu->waiting_end, task);
	return in;
}

bool raceway_gate_enter(struct raceway_task *task, struct raceway_itl *itl, bool exclusive,
			void (*admitted)(struct raceway_task *task))
{
	struct raceway_lu *lu = itl->lu;
	bool in;

	task->gate = itl;
	task->exclusive = exclusive;
	task->admitted = admitted;
	if (!exclusive) {
		atomic_fetch_add(&itl->inside, 1);
		if (!atomic_load(&lu->gate))
			return true;
	}
	pthread_mutex_lock(&lu->lock);
	if (exclusive)
		atomic_fetch_add(&lu->gate, 1);
	else
		atomic_fetch_sub(&itl->inside, 1);
	in = enter_slowly(task, itl);
	/* Whoever wants to be alone may have seen the count that was taken back. */
	promote_and_run(lu, task->worker);
	return in;
}

void raceway_gate_leave(struct raceway_task *task)
{
	struct raceway_itl *itl = task->gate;
	struct raceway_lu *lu;

	if (!itl)
		return;
	lu = itl->lu;
	task->gate = NULL;
	if (!task->exclusive) {
		atomic_fetch_sub(&itl->inside, 1);
		if (!atomic_load(&lu->gate))
			return;
	}
	pthread_mutex_lock(&lu->lock);
	if (task->exclusive) {
		lu->exclusive = NULL;
		atomic_fetch_sub(&lu->gate, 1);
	}
	promote_and_run(lu, task->worker);
}
