/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Paces a session, and brings what has a place at the store to the device server. */
#include "vhba/flow.h"

#include <stddef.h>

/* Of a task that waits for no turn. */
#define SMALL_BYTES (64U << 10)

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

void raceway_flow_hold(struct raceway_flow *flow)
{
	__atomic_fetch_add(&flow->holds, 1, __ATOMIC_RELAXED);
}

void raceway_flow_put(struct raceway_flow *flow)
{
	if (__atomic_sub_fetch(&flow->holds, 1, __ATOMIC_ACQ_REL))
		return;
	/* What was paced may all have been cancelled. */
	raceway_timer_clear(flow->worker, &flow->timer);
	flow->gone(flow);
}

/* Touches blocks: it costs, and needs a place at the store. */
static bool is_charged(const struct raceway_task *task)
{
	return task->serve.reads || task->serve.writes;
}

static bool is_ordered(const struct raceway_task *task)
{
	return task->attribute == RACEWAY_TASK_ORDERED;
}

/* A task leaves the queues. */
static void let_go(struct raceway_flow *flow, const struct raceway_task *task)
{
	flow->held--;
	flow->barriers -= is_ordered(task);
}

static void cancel(struct raceway_task *task)
{
	raceway_flow_cancel(task->serve.flow, task);
	raceway_scsi_execute(task);
}

/* A task enters the queues. */
static void hold(struct raceway_flow *flow, struct raceway_task *task)
{
	flow->held++;
	flow->barriers += is_ordered(task);
	raceway_scsi_hold(task, cancel);
}

/* Whether it waits for a round of the worker that has room for it. Who wants little need not. */
static bool waits_for_round(const struct raceway_flow *flow, const struct raceway_task *task)
{
	return task->serve.bytes > SMALL_BYTES && raceway_worker_is_busy(flow->worker);
}

/* Tasks that have got their place at the store. */
static void take_granted(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_flow *flow = OF(struct raceway_flow, call, call);
	pthread_mutex_t *lock = &flow->claim->arbiter->lock;
	struct raceway_task *task;
	bool more;

	pthread_mutex_lock(lock);
	/* One by one: to run one may cancel another. */
	while ((task = raceway_tasks_take(&flow->granted))) {
		pthread_mutex_unlock(lock);
		let_go(flow, task);
		raceway_flow_state(task, RACEWAY_TASK_PLACED);
		flow->run(flow, task);
		pthread_mutex_lock(lock);
		if (flow->granted.first && waits_for_round(flow, flow->granted.first))
			break;
	}
	more = flow->granted.first;
	flow->called = more;
	pthread_mutex_unlock(lock);
	if (more)
		raceway_worker_turn(worker, call);
	else
		raceway_flow_put(flow);
}

/* It passes its rate. */
static void charge(struct raceway_flow *flow, const struct raceway_task *task)
{
	raceway_rates_charge(flow->claim->rates, task->serve.bytes, task->serve.since_ns,
			     raceway_worker_now(flow->worker));
}

/* True: it has a place at the store. */
static bool enter_store(struct raceway_flow *flow, struct raceway_task *task)
{
	if (!raceway_arbiter_enter(flow->claim, task, raceway_worker_now(flow->worker)))
		return false;
	raceway_flow_state(task, RACEWAY_TASK_PLACED);
	return true;
}

/* Whether tasks of the flow wait for the store. Only its own worker adds any. */
static bool waits_for_store(struct raceway_flow *flow)
{
	bool waits;

	if (!flow->claim->arbiter)
		return false;
	pthread_mutex_lock(&flow->claim->arbiter->lock);
	waits = flow->ready.first || flow->granted.first;
	pthread_mutex_unlock(&flow->claim->arbiter->lock);
	return waits;
}

static void ask_for_turn(struct raceway_flow *flow)
{
	if (flow->turning)
		return;
	flow->turning = true;
	raceway_flow_hold(flow);
	raceway_worker_turn(flow->worker, &flow->turn);
}

/* Lets go of all that may pass now, and sets the timer for the rest, or waits for the worker's
 * `turn`, with which the first need not wait for one. */
static void pace(struct raceway_flow *flow, bool turn)
{
	struct raceway_task *task;

	while ((task = flow->paced.first)) {
		uint64_t now_ns = raceway_worker_now(flow->worker);
		uint64_t at = raceway_rates_ready(flow->claim->rates, now_ns);

		if (is_charged(task) && at > now_ns &&
		    !raceway_timer_set(flow->worker, &flow->timer, at))
			return;
		if (!turn && waits_for_round(flow, task)) {
			ask_for_turn(flow);
			return;
		}
		turn = false;
		raceway_tasks_take(&flow->paced);
		if (is_charged(task))
			charge(flow, task);
		/* Behind what was before it, it takes its turn there. */
		if (waits_for_store(flow) || (is_charged(task) && !enter_store(flow, task))) {
			raceway_arbiter_wait(flow, task);
			continue;
		}
		let_go(flow, task);
		flow->run(flow, task);
	}
	raceway_timer_clear(flow->worker, &flow->timer);
}

static void expired(struct raceway_timer *timer)
{
	struct raceway_flow *flow = OF(struct raceway_flow, timer, timer);

	/* What runs may end the session. */
	raceway_flow_hold(flow);
	pace(flow, false);
	raceway_flow_put(flow);
}

static void take_turn(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_flow *flow = OF(struct raceway_flow, turn, call);

	flow->turning = false;
	pace(flow, true);
	raceway_flow_put(flow);
}

void raceway_flow_init(struct raceway_flow *flow, struct raceway_claim *claim,
		       struct raceway_worker *worker,
		       void (*run)(struct raceway_flow *flow, struct raceway_task *task),
		       void (*gone)(struct raceway_flow *flow))
{
	*flow = (struct raceway_flow){
		.claim = claim,
		.worker = worker,
		.run = run,
		.gone = gone,
		.holds = 1,
		.timer.expired = expired,
		.turn.run = take_turn,
		.call.run = take_granted,
	};
	raceway_tasks_init(&flow->paced);
	raceway_tasks_init(&flow->ready);
	raceway_tasks_init(&flow->granted);
}

/* Whether it may pass what waits. */
static bool may_pass(const struct raceway_flow *flow, const struct raceway_task *task)
{
	if (!flow->held || task->attribute == RACEWAY_TASK_HEAD)
		return true;
	return !is_charged(task) && !is_ordered(task) && !flow->barriers;
}

bool raceway_flow_enter(struct raceway_flow *flow, struct raceway_task *task)
{
	uint64_t now_ns = raceway_worker_now(flow->worker);

	task->serve.flow = flow;
	raceway_flow_state(task, RACEWAY_TASK_FREE);
	if (may_pass(flow, task)) {
		if (!is_charged(task))
			return false;
		if (!waits_for_round(flow, task) &&
		    raceway_rates_ready(flow->claim->rates, now_ns) == now_ns) {
			charge(flow, task);
			if (enter_store(flow, task))
				return false;
			hold(flow, task);
			raceway_arbiter_wait(flow, task);
			return true;
		}
	}
	hold(flow, task);
	raceway_flow_state(task, RACEWAY_TASK_PACED);
	raceway_tasks_put(&flow->paced, task);
	if (flow->paced.first == task)
		pace(flow, false);
	return true;
}

void raceway_flow_leave(struct raceway_flow *flow, struct raceway_task *task)
{
	if (task->serve.state == RACEWAY_TASK_PLACED)
		raceway_arbiter_leave(flow->claim, raceway_worker_now(flow->worker));
	raceway_flow_state(task, RACEWAY_TASK_FREE);
}

void raceway_flow_cancel(struct raceway_flow *flow, struct raceway_task *task)
{
	if (task->serve.state == RACEWAY_TASK_PACED)
		raceway_tasks_remove(&flow->paced, task);
	else
		raceway_arbiter_cancel(flow, task);
	let_go(flow, task);
	raceway_flow_state(task, RACEWAY_TASK_FREE);
}

void raceway_flow_look(struct raceway_flow *flow)
{
	raceway_flow_hold(flow);
	pace(flow, false);
	raceway_flow_put(flow);
}
