/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Starts and ends the workers, and visits them. */
#include "vhba/engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vhba/access.h"
#include "vhba/copy.h"
#include "vhba/events.h"
#include "vhba/portal.h"
#include "vhba/session.h"

#define CONNECTIONS_MAX 4096 /* of one worker */
#define LOGIN_TIMEOUT_MS 15000
#define NOP_INTERVAL_MS 30000
#define NOP_TIMEOUT_MS 15000
#define QUEUE_DEPTH 128
#define RECV_SEGMENT (256U << 10)
#define FIRST_BURST (256U << 10)
#define MAX_BURST (1U << 20)
#define STOP_TRIES 2000
#define STOP_PAUSE_US 1000
#define CONNECTION_BYTES (32ULL << 20)

static const struct raceway_iscsi_limits limits = {
	.max_connections = CONNECTIONS_MAX,
	.login_timeout_ms = LOGIN_TIMEOUT_MS,
	.nop_interval_ms = NOP_INTERVAL_MS,
	.nop_timeout_ms = NOP_TIMEOUT_MS,
	.queue_depth = QUEUE_DEPTH,
	.max_recv_segment = RECV_SEGMENT,
	.first_burst = FIRST_BURST,
	.max_burst = MAX_BURST,
	.connection_bytes = CONNECTION_BYTES,
};

/* A visit to a worker that the main thread waits for. */
struct visit {
	struct raceway_call call;
	struct raceway_lane *lane;
	void (*visit)(struct raceway_lane *lane, void *context);
	void *context;
	pthread_mutex_t lock;
	pthread_cond_t done;
	bool over;
};

static void run_visit(struct raceway_call *call, struct raceway_worker *worker)
{
	struct visit *visit = (struct visit *)((char *)call - offsetof(struct visit, call));

	visit->visit(visit->lane, visit->context);
	pthread_mutex_lock(&visit->lock);
	visit->over = true;
	pthread_cond_signal(&visit->done);
	pthread_mutex_unlock(&visit->lock);
}

static void visit_lane(struct raceway_lane *lane,
		       void (*what)(struct raceway_lane *lane, void *context), void *context)
{
	struct visit visit = {
		.call.run = run_visit,
		.lane = lane,
		.visit = what,
		.context = context,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.done = PTHREAD_COND_INITIALIZER,
	};

	raceway_worker_call(lane->worker, &visit.call);
	pthread_mutex_lock(&visit.lock);
	while (!visit.over)
		pthread_cond_wait(&visit.done, &visit.lock);
	pthread_mutex_unlock(&visit.lock);
	pthread_cond_destroy(&visit.done);
	pthread_mutex_destroy(&visit.lock);
}

void raceway_engine_each(struct raceway_engine *engine,
			 void (*visit)(struct raceway_lane *lane, void *context), void *context)
{
	for (unsigned int i = 0; i < engine->lane_count; i++)
		visit_lane(&engine->lanes[i], visit, context);
}

struct raceway_lane *raceway_engine_lane(struct raceway_engine *engine,
					 const struct raceway_worker *worker)
{
	return &engine->lanes[raceway_worker_number(worker)];
}

static int start_lane(struct raceway_engine *engine, unsigned int number)
{
	struct raceway_lane *lane = &engine->lanes[number];
	int err = raceway_worker_start(number, &lane->worker);

	if (err)
		return err;
	lane->engine = engine;
	engine->lane_count++;
	return raceway_iscsi_new(lane->worker, &engine->ops, &limits, &lane->iscsi);
}

int raceway_engine_start(struct raceway_engine *engine, unsigned int workers, const char *state_dir,
			 struct raceway_events *events)
{
	int err;

	memset(engine, 0, sizeof(*engine));
	engine->events = events;
	engine->keep_dir = -1;
	engine->ops = (struct raceway_iscsi_ops){
		.identify = raceway_access_identify,
		.open = raceway_access_open,
		.close = raceway_session_close,
		.discover = raceway_access_discover,
		.refused = raceway_access_refused,
		.submit = raceway_session_submit,
		.context = engine,
	};
	pthread_mutex_init(&engine->lock, NULL);
	err = raceway_keep_open(state_dir, &engine->keep_dir);
	engine->lanes = err ? NULL : calloc(workers, sizeof(*engine->lanes));
	if (!err && !engine->lanes)
		err = -ENOMEM;
	for (unsigned int i = 0; i < workers && !err; i++)
		err = start_lane(engine, i);
	if (err)
		raceway_engine_stop(engine);
	return err;
}

void raceway_engine_stop(struct raceway_engine *engine)
{
	raceway_copy_stop_all(engine);
	for (unsigned int i = 0; i < engine->lane_count; i++) {
		if (engine->lanes[i].iscsi)
			raceway_iscsi_free(engine->lanes[i].iscsi);
	}
	raceway_engine_forget(engine);
	/* They log out, each on its worker. */
	for (int i = 0;
	     i < STOP_TRIES && __atomic_load_n(&engine->open_upstreams, __ATOMIC_ACQUIRE); i++)
		usleep(STOP_PAUSE_US);
	for (unsigned int i = 0; i < engine->lane_count; i++)
		raceway_worker_stop(engine->lanes[i].worker);
	raceway_portal_free_all(engine);
	free(engine->lanes);
	if (engine->keep_dir >= 0)
		close(engine->keep_dir);
	pthread_mutex_destroy(&engine->lock);
}
