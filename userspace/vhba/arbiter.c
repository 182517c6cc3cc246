/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Places at a store, given out one by one under a lock once they are short. */
#include "vhba/arbiter.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "vhba/flow.h"

/* What an operation costs beside its bytes, and how finely shares are told apart. */
#define OVERHEAD_BYTES 16384
#define WEIGHT_SHIFT 10

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

void raceway_tasks_init(struct raceway_tasks *tasks)
{
	tasks->first = NULL;
	tasks->end = &tasks->first;
}

void raceway_tasks_put(struct raceway_tasks *tasks, struct raceway_task *task)
{
	task->serve.next = NULL;
	*tasks->end = task;
	tasks->end = &task->serve.next;
}

struct raceway_task *raceway_tasks_take(struct raceway_tasks *tasks)
{
	struct raceway_task *task = tasks->first;

	if (task) {
		tasks->first = task->serve.next;
		if (!tasks->first)
			tasks->end = &tasks->first;
	}
	return task;
}

bool raceway_tasks_remove(struct raceway_tasks *tasks, struct raceway_task *task)
{
	struct raceway_task **link = &tasks->first;

	while (*link && *link != task)
		link = &(*link)->serve.next;
	if (!*link)
		return false;
	*link = task->serve.next;
	if (!*link)
		tasks->end = link;
	return true;
}

int raceway_arbiter_new(unsigned int depth, struct raceway_arbiter **ret_arbiter)
{
	struct raceway_arbiter *arbiter = calloc(1, sizeof(*arbiter));

	if (!arbiter)
		return -ENOMEM;
	arbiter->depth = depth;
	arbiter->holds = 1;
	pthread_mutex_init(&arbiter->lock, NULL);
	*ret_arbiter = arbiter;
	return 0;
}

struct raceway_arbiter *raceway_arbiter_hold(struct raceway_arbiter *arbiter)
{
	__atomic_fetch_add(&arbiter->holds, 1, __ATOMIC_RELAXED);
	return arbiter;
}

void raceway_arbiter_put(struct raceway_arbiter *arbiter)
{
	if (!arbiter || __atomic_sub_fetch(&arbiter->holds, 1, __ATOMIC_ACQ_REL))
		return;
	raceway_heap_free(&arbiter->fair);
	raceway_heap_free(&arbiter->green);
	pthread_mutex_destroy(&arbiter->lock);
	free(arbiter);
}

int raceway_claim_init(struct raceway_claim *claim, struct raceway_arbiter *arbiter,
		       struct raceway_rates *rates)
{
	int err = 0;

	*claim = (struct raceway_claim){ .rates = rates, .weight = 1 };
	claim->end = &claim->first;
	if (!arbiter)
		return 0;
	pthread_mutex_lock(&arbiter->lock);
	if (raceway_heap_reserve(&arbiter->fair, arbiter->claims + 1) ||
	    raceway_heap_reserve(&arbiter->green, arbiter->claims + 1))
		err = -ENOMEM;
	else
		arbiter->claims++;
	pthread_mutex_unlock(&arbiter->lock);
	if (!err)
		claim->arbiter = raceway_arbiter_hold(arbiter);
	return err;
}

void raceway_claim_free(struct raceway_claim *claim)
{
	struct raceway_arbiter *arbiter = claim->arbiter;

	if (!arbiter)
		return;
	pthread_mutex_lock(&arbiter->lock);
	arbiter->claims--;
	pthread_mutex_unlock(&arbiter->lock);
	raceway_arbiter_put(arbiter);
	claim->arbiter = NULL;
}

/* A place, if there is one. The count is never above the depth, not even for a moment: who looks
 * at it meanwhile would let its task wait, and nobody would wake it. */
static bool take_place(struct raceway_arbiter *arbiter)
{
	unsigned int n = __atomic_load_n(&arbiter->outstanding, __ATOMIC_SEQ_CST);

	while (n < arbiter->depth) {
		if (__atomic_compare_exchange_n(&arbiter->outstanding, &n, n + 1, false,
						__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			return true;
	}
	return false;
}

static void charge_green(struct raceway_claim *claim, const struct raceway_task *task,
			 uint64_t now_ns)
{
	if (raceway_rates_green(claim->rates, now_ns) == now_ns)
		raceway_rates_charge_green(claim->rates, task->serve.bytes, task->serve.since_ns,
					   now_ns);
}

bool raceway_arbiter_enter(struct raceway_claim *claim, const struct raceway_task *task,
			   uint64_t now_ns)
{
	struct raceway_arbiter *arbiter = claim->arbiter;

	if (!arbiter)
		return true;
	if (__atomic_load_n(&arbiter->waiting, __ATOMIC_SEQ_CST) || !take_place(arbiter))
		return false;
	charge_green(claim, task, now_ns);
	return true;
}

/* A claim with flows that wait, to its places in the heaps. */
static void enlist(struct raceway_claim *claim, uint64_t now_ns)
{
	struct raceway_arbiter *arbiter = claim->arbiter;
	uint64_t due = raceway_rates_green(claim->rates, now_ns);
	uint64_t start = claim->finish > arbiter->clock ? claim->finish : arbiter->clock;

	if (!claim->fair.place)
		__atomic_fetch_add(&arbiter->waiting, 1, __ATOMIC_SEQ_CST);
	raceway_heap_put(&arbiter->fair, &claim->fair, start);
	if (due == UINT64_MAX)
		raceway_heap_remove(&arbiter->green, &claim->green);
	else
		raceway_heap_put(&arbiter->green, &claim->green, due);
}

static void delist(struct raceway_claim *claim)
{
	struct raceway_arbiter *arbiter = claim->arbiter;

	if (claim->fair.place)
		__atomic_fetch_sub(&arbiter->waiting, 1, __ATOMIC_SEQ_CST);
	raceway_heap_remove(&arbiter->fair, &claim->fair);
	raceway_heap_remove(&arbiter->green, &claim->green);
}

static void append_flow(struct raceway_claim *claim, struct raceway_flow *flow)
{
	flow->waits = true;
	flow->next = NULL;
	*claim->end = flow;
	claim->end = &flow->next;
}

static void remove_flow(struct raceway_claim *claim, struct raceway_flow *flow)
{
	struct raceway_flow **link = &claim->first;

	while (*link != flow)
		link = &(*link)->next;
	*link = flow->next;
	if (!*link)
		claim->end = link;
	flow->waits = false;
}

/* The next task of the claim's next flow has got a place. */
static void grant(struct raceway_claim *claim, bool green, uint64_t now_ns)
{
	struct raceway_arbiter *arbiter = claim->arbiter;
	struct raceway_flow *flow = claim->first;
	struct raceway_task *task = raceway_tasks_take(&flow->ready);
	uint32_t weight = __atomic_load_n(&claim->weight, __ATOMIC_RELAXED);

	if (green) {
		raceway_rates_charge_green(claim->rates, task->serve.bytes, task->serve.since_ns,
					   now_ns);
	} else {
		/* What is guaranteed does not count in the shares of the rest. */
		arbiter->clock = claim->fair.key;
		claim->finish = claim->fair.key +
				((task->serve.bytes + OVERHEAD_BYTES) << WEIGHT_SHIFT) / weight;
	}
	remove_flow(claim, flow);
	if (flow->ready.first)
		append_flow(claim, flow);
	if (claim->first)
		enlist(claim, now_ns);
	else
		delist(claim);
	raceway_flow_state(task, RACEWAY_TASK_GRANTED);
	raceway_tasks_put(&flow->granted, task);
	if (flow->called)
		return;
	flow->called = true;
	raceway_flow_hold(flow);
	raceway_worker_call(flow->worker, &flow->call);
}

/* Under the lock. */
static void give_out(struct raceway_arbiter *arbiter, uint64_t now_ns)
{
	while (arbiter->fair.count && take_place(arbiter)) {
		struct raceway_heap_node *due = raceway_heap_first(&arbiter->green);
		bool green = due && due->key <= now_ns;

		grant(green ? OF(struct raceway_claim, green, due)
			    : OF(struct raceway_claim, fair, raceway_heap_first(&arbiter->fair)),
		      green, now_ns);
	}
}

void raceway_arbiter_wait(struct raceway_flow *flow, struct raceway_task *task)
{
	struct raceway_arbiter *arbiter = flow->claim->arbiter;
	uint64_t now_ns = raceway_worker_now(flow->worker);

	pthread_mutex_lock(&arbiter->lock);
	raceway_flow_state(task, RACEWAY_TASK_READY);
	raceway_tasks_put(&flow->ready, task);
	if (!flow->waits)
		append_flow(flow->claim, flow);
	if (!flow->claim->fair.place)
		enlist(flow->claim, now_ns);
	/* A place may have become free since it was asked for. */
	give_out(arbiter, now_ns);
	pthread_mutex_unlock(&arbiter->lock);
}

void raceway_arbiter_leave(struct raceway_claim *claim, uint64_t now_ns)
{
	struct raceway_arbiter *arbiter = claim->arbiter;

	if (!arbiter)
		return;
	__atomic_fetch_sub(&arbiter->outstanding, 1, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&arbiter->waiting, __ATOMIC_SEQ_CST))
		return;
	pthread_mutex_lock(&arbiter->lock);
	give_out(arbiter, now_ns);
	pthread_mutex_unlock(&arbiter->lock);
}

void raceway_arbiter_cancel(struct raceway_flow *flow, struct raceway_task *task)
{
	struct raceway_claim *claim = flow->claim;
	struct raceway_arbiter *arbiter = claim->arbiter;
	bool granted;

	pthread_mutex_lock(&arbiter->lock);
	granted = raceway_tasks_remove(&flow->granted, task);
	if (!granted && raceway_tasks_remove(&flow->ready, task) && !flow->ready.first) {
		remove_flow(claim, flow);
		if (!claim->first)
			delist(claim);
	}
	pthread_mutex_unlock(&arbiter->lock);
	if (granted)
		raceway_arbiter_leave(claim, raceway_worker_now(flow->worker));
}
