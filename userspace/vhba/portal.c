/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Accepts connections and hands them to workers. A portal's memory stays, because connections
 * refer to it: there are few. */
#include "vhba/portal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "vhba/location.h"
#include "vhba/session.h"

#define AGAIN_NS 100000000ULL /* after no descriptor was left */
#define STOP_TRIES 500
#define STOP_PAUSE_US 1000

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

static struct raceway_lane *acceptor(struct raceway_portal *portal)
{
	return &portal->engine->lanes[0];
}

/* The one with the fewest sessions; in turn where several have as few. */
static struct raceway_lane *choose_lane(struct raceway_engine *engine)
{
	static unsigned int turn; /* the accepting worker's */
	struct raceway_lane *best = NULL;
	unsigned int least = 0;

	turn++;
	for (unsigned int i = 0; i < engine->lane_count; i++) {
		struct raceway_lane *lane = &engine->lanes[(turn + i) % engine->lane_count];
		unsigned int load = __atomic_load_n(&lane->load, __ATOMIC_RELAXED);

		if (!best || load < least) {
			best = lane;
			least = load;
		}
	}
	return best;
}

static void arm(struct raceway_portal *portal)
{
	struct io_uring_sqe *sqe = raceway_worker_sqe(acceptor(portal)->worker, &portal->accept);

	io_uring_prep_multishot_accept(sqe, portal->fd, NULL, NULL, SOCK_CLOEXEC);
	portal->accepting = true;
}

/* No connection comes any more. */
static void stop(struct raceway_portal *portal)
{
	pthread_mutex_lock(&portal->engine->lock);
	close(portal->fd);
	portal->fd = -1;
	pthread_mutex_unlock(&portal->engine->lock);
	/* It would keep its namespace. */
	pthread_mutex_lock(&portal->ask);
	if (portal->netlink >= 0)
		close(portal->netlink);
	portal->netlink = -1;
	pthread_mutex_unlock(&portal->ask);
}

static void accepted(struct raceway_wait *wait, int result, uint32_t flags)
{
	struct raceway_portal *portal = OF(struct raceway_portal, accept, wait);
	struct raceway_worker *worker = acceptor(portal)->worker;

	if (result >= 0)
		raceway_iscsi_accept(choose_lane(portal->engine)->iscsi, result, portal,
				     portal->group);
	if (flags & IORING_CQE_F_MORE)
		return;
	portal->accepting = false;
	if (__atomic_load_n(&portal->gone, __ATOMIC_ACQUIRE)) {
		stop(portal);
	} else if (result >= 0) {
		arm(portal);
	} else if (raceway_timer_set(worker, &portal->again,
				     raceway_worker_now(worker) + AGAIN_NS)) {
		arm(portal);
	}
}

static void try_again(struct raceway_timer *timer)
{
	struct raceway_portal *portal = OF(struct raceway_portal, again, timer);

	if (!__atomic_load_n(&portal->gone, __ATOMIC_ACQUIRE))
		arm(portal);
}

static void begin(struct raceway_call *call, struct raceway_worker *worker)
{
	arm(OF(struct raceway_portal, call, call));
}

static void cancelled(struct raceway_wait *wait, int result, uint32_t flags)
{
	/* What matters is told to accepted(). */
}

/* On the accepting worker. */
static void end_all_gone(struct raceway_lane *lane, void *left)
{
	struct raceway_engine *engine = lane->engine;

	if (lane != &engine->lanes[0])
		return;
	for (struct raceway_portal *p = engine->portals; p; p = p->next) {
		if (!p->gone || p->fd < 0)
			continue;
		raceway_timer_clear(lane->worker, &p->again);
		if (p->accepting) {
			io_uring_prep_cancel(raceway_worker_sqe(lane->worker, &p->cancelled),
					     &p->accept, 0);
			*(bool *)left = true;
		} else {
			stop(p);
		}
	}
}

/* Returns when their addresses are free again. */
static void wait_for_gone(struct raceway_engine *engine)
{
	bool left = true;

	for (int i = 0; i < STOP_TRIES && left; i++) {
		if (i > 0)
			usleep(STOP_PAUSE_US);
		left = false;
		raceway_engine_each(engine, end_all_gone, &left);
	}
}

static struct raceway_portal *find(struct raceway_engine *engine, const char *name)
{
	struct raceway_portal *portal = engine->portals;

	while (portal && (portal->gone || strcmp(portal->name, name)))
		portal = portal->next;
	return portal;
}

static struct raceway_portal *make(struct raceway_engine *engine,
				   const struct raceway_portal_config *config)
{
	struct raceway_portal *portal = calloc(1, sizeof(*portal));

	if (!portal)
		return NULL;
	portal->engine = engine;
	portal->fd = portal->netlink = -1;
	portal->group = config->group;
	portal->accept.complete = accepted;
	portal->cancelled.complete = cancelled;
	portal->again.expired = try_again;
	portal->call.run = begin;
	pthread_mutex_init(&portal->ask, NULL);
	memcpy(portal->name, config->name, sizeof(portal->name));
	memcpy(portal->address, config->address, sizeof(portal->address));
	return portal;
}

static bool is_wanted(const struct raceway_portal *portal, const struct raceway_config *config)
{
	for (size_t i = 0; i < config->portal_count; i++) {
		const struct raceway_portal_config *p = &config->portals[i];

		if (!strcmp(p->name, portal->name))
			return !strcmp(p->address, portal->address) && p->group == portal->group;
	}
	return false;
}

void raceway_portal_configure(struct raceway_engine *engine, const struct raceway_config *config,
			      json_t *problems)
{
	pthread_mutex_lock(&engine->lock);
	for (struct raceway_portal *p = engine->portals; p; p = p->next) {
		if (!is_wanted(p, config))
			__atomic_store_n(&p->gone, true, __ATOMIC_RELEASE);
	}
	for (size_t i = 0; i < config->portal_count; i++) {
		struct raceway_portal *portal = find(engine, config->portals[i].name);

		if (portal)
			continue;
		portal = make(engine, &config->portals[i]);
		if (!portal) {
			raceway_problem_add(problems, config->portals[i].name, "out of memory");
			continue;
		}
		portal->next = engine->portals;
		engine->portals = portal;
	}
	pthread_mutex_unlock(&engine->lock);
	wait_for_gone(engine);
}

/* Whether it listens for connections of TCP. */
static bool is_listening(int fd)
{
	int listening = 0, protocol = 0;
	socklen_t length = sizeof(int);

	return !getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &length) &&
	       !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) && listening &&
	       protocol == IPPROTO_TCP;
}

int raceway_portal_listen(struct raceway_engine *engine, const char *name, int fd, int netlink,
			  struct raceway_error *err)
{
	RACEWAY_CLOSE int own = fd, ask = netlink;
	struct raceway_portal *portal = find(engine, name);
	struct sockaddr_storage address = { 0 };
	char text[RACEWAY_PEER_TEXT];
	socklen_t length = sizeof(address);

	if (!portal)
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, name, "portal",
					 "it is not configured");
	if (portal->fd >= 0)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, name, "portal",
					 "it listens already");
	if (!is_listening(fd) || getsockname(fd, (struct sockaddr *)&address, &length))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, name, "portal",
					 "no listening TCP socket came with it");
	/* Where that fails, nobody comes by its location. */
	(void)raceway_location_keep_syn(fd);
	if (ask < 0) {
		/* Another namespace's neighbours are not ours. */
		ask = raceway_location_socket();
		if (ask >= 0 && !raceway_location_same_netns(ask, fd)) {
			close(ask);
			ask = -1;
		}
	}
	portal->netlink = ask < 0 ? -1 : RACEWAY_TAKE_FD(ask);
	pthread_mutex_lock(&engine->lock);
	snprintf(portal->bound, sizeof(portal->bound), "%s", raceway_peer_format(&address, text));
	portal->fd = RACEWAY_TAKE_FD(own);
	pthread_mutex_unlock(&engine->lock);
	raceway_worker_call(acceptor(portal)->worker, &portal->call);
	return 0;
}

void raceway_portal_free_all(struct raceway_engine *engine)
{
	struct raceway_portal *portal, *next;

	for (portal = engine->portals; portal; portal = next) {
		next = portal->next;
		if (portal->fd >= 0)
			close(portal->fd);
		if (portal->netlink >= 0)
			close(portal->netlink);
		pthread_mutex_destroy(&portal->ask);
		free(portal);
	}
	engine->portals = NULL;
}
