/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The connections of one worker: who is let in, who must go for others to come in, and how all
 * of them end. */
#include "iscsi/target.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iscsi/conn.h"

#define NS_PER_SECOND 1000000000ULL
/* A connection in login that is older makes room for a new one. */
#define LOGIN_SPARED_NS NS_PER_SECOND
/* What all connections in login may hold together: the oldest goes first. */
#define LOGIN_BYTES_MAX (4ULL << 20)

#define MAX_CONNECTIONS 4096
#define LOGIN_TIMEOUT_MS 15000
#define QUEUE_DEPTH 128
#define RECV_SEGMENT (256U << 10)
#define CONNECTION_BYTES (32ULL << 20)

void raceway_conns_add(struct raceway_conns *conns, struct raceway_iscsi_conn *conn)
{
	conn->in = conns;
	conn->next = NULL;
	conn->link = conns->end;
	*conns->end = conn;
	conns->end = &conn->next;
}

void raceway_conns_remove(struct raceway_iscsi_conn *conn)
{
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	else
		conn->in->end = conn->link;
}

void raceway_iscsi_login_bytes(struct raceway_iscsi_conn *conn)
{
	struct raceway_iscsi *iscsi = conn->iscsi;
	struct raceway_iscsi_conn *oldest = iscsi->entering.first;
	uint32_t bytes = conn->login_room;

	if (conn->login)
		bytes += (uint32_t)(sizeof(*conn->login) + conn->login->request.room +
				    conn->login->text.room);
	if (conn->phase != RACEWAY_PHASE_FULL)
		bytes += conn->receive.room;
	if (conn->dropped) /* it is as good as gone */
		bytes = 0;
	iscsi->login_bytes += bytes;
	iscsi->login_bytes -= conn->login_bytes;
	conn->login_bytes = bytes;
	if (iscsi->login_bytes <= LOGIN_BYTES_MAX || !oldest)
		return;
	raceway_conn_drop(oldest);
	/* Many may come in one round, and what was dropped is freed in the next. */
	if (oldest != conn)
		raceway_enter_free(oldest);
}

/* Half-open connections must not keep others out. */
static bool make_room(struct raceway_iscsi *iscsi)
{
	struct raceway_iscsi_conn *oldest = iscsi->entering.first;

	if (iscsi->count < iscsi->limits.max_connections)
		return true;
	if (!oldest || raceway_worker_now(iscsi->worker) - oldest->since_ns < LOGIN_SPARED_NS)
		return false;
	raceway_conn_drop(oldest);
	return true;
}

static void arrive(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_iscsi_conn *conn = RACEWAY_OF(struct raceway_iscsi_conn, arrive, call);
	struct raceway_iscsi *iscsi = conn->iscsi;
	const int on = 1;

	if (iscsi->ending || !make_room(iscsi)) {
		close(conn->fd);
		free(conn);
		return;
	}
	/* Not for sockets other than TCP. */
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	iscsi->count++;
	raceway_conns_add(&iscsi->entering, conn);
	raceway_conn_init(conn);
	raceway_conn_set_timer(conn);
	raceway_receive_start(conn);
}

void raceway_iscsi_accept(struct raceway_iscsi *iscsi, int fd, void *portal, uint16_t group)
{
	struct raceway_iscsi_conn *conn = calloc(1, sizeof(*conn));

	if (!conn) {
		close(fd);
		return;
	}
	conn->iscsi = iscsi;
	conn->worker = iscsi->worker;
	conn->fd = fd;
	conn->portal = portal;
	conn->group = group;
	conn->arrive.run = arrive;
	raceway_worker_call(iscsi->worker, &conn->arrive);
}

static void set_default(uint32_t *value, uint32_t otherwise)
{
	if (*value == 0)
		*value = otherwise;
}

static void set_least(uint32_t *value, uint32_t least)
{
	if (*value < least)
		*value = least;
}

/* What nobody negotiates has the RFC's default, so ours must not be below. */
static void complete(struct raceway_iscsi_limits *limits)
{
	set_default(&limits->max_connections, MAX_CONNECTIONS);
	set_default(&limits->login_timeout_ms, LOGIN_TIMEOUT_MS);
	set_default(&limits->queue_depth, QUEUE_DEPTH);
	set_default(&limits->max_recv_segment, RECV_SEGMENT);
	set_least(&limits->max_recv_segment, RACEWAY_SEGMENT_MIN);
	set_least(&limits->first_burst, RACEWAY_FIRST_BURST_DEFAULT);
	set_least(&limits->max_burst, RACEWAY_MAX_BURST_DEFAULT);
	set_least(&limits->max_burst, limits->first_burst);
	if (limits->connection_bytes == 0)
		limits->connection_bytes = CONNECTION_BYTES;
}

static void check_end(struct raceway_iscsi *iscsi)
{
	if (!iscsi->ending || iscsi->count > 0)
		return;
	pthread_mutex_lock(&iscsi->lock);
	iscsi->ended = true;
	pthread_cond_signal(&iscsi->changed);
	pthread_mutex_unlock(&iscsi->lock);
}

void raceway_iscsi_gone(struct raceway_iscsi *iscsi)
{
	iscsi->count--;
	check_end(iscsi);
}

/* Who is dropped leaves the list. */
static void drop_all(const struct raceway_conns *conns)
{
	while (conns->first)
		raceway_conn_drop(conns->first);
}

static void end(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_iscsi *iscsi = RACEWAY_OF(struct raceway_iscsi, end, call);

	iscsi->ending = true;
	drop_all(&iscsi->entering);
	drop_all(&iscsi->entered);
	check_end(iscsi);
}

int raceway_iscsi_new(struct raceway_worker *worker, const struct raceway_iscsi_ops *ops,
		      const struct raceway_iscsi_limits *limits, struct raceway_iscsi **ret_iscsi)
{
	struct raceway_iscsi *iscsi = calloc(1, sizeof(*iscsi));

	if (!iscsi)
		return -ENOMEM;
	iscsi->worker = worker;
	iscsi->ops = ops;
	iscsi->limits = *limits;
	complete(&iscsi->limits);
	iscsi->entering.end = &iscsi->entering.first;
	iscsi->entered.end = &iscsi->entered.first;
	iscsi->leaving.end = &iscsi->leaving.first;
	iscsi->end.run = end;
	pthread_mutex_init(&iscsi->lock, NULL);
	pthread_cond_init(&iscsi->changed, NULL);
	*ret_iscsi = iscsi;
	return 0;
}

static void free_kept(struct raceway_iscsi *iscsi)
{
	while (iscsi->free_requests) {
		struct raceway_request *next = iscsi->free_requests->next;

		free(iscsi->free_requests);
		iscsi->free_requests = next;
	}
	while (iscsi->free_outs) {
		struct raceway_out *next = iscsi->free_outs->next;

		free(iscsi->free_outs);
		iscsi->free_outs = next;
	}
	raceway_batches_free(iscsi->free_batches);
}

void raceway_iscsi_free(struct raceway_iscsi *iscsi)
{
	raceway_worker_call(iscsi->worker, &iscsi->end);
	pthread_mutex_lock(&iscsi->lock);
	while (!iscsi->ended)
		pthread_cond_wait(&iscsi->changed, &iscsi->lock);
	pthread_mutex_unlock(&iscsi->lock);
	free_kept(iscsi);
	pthread_cond_destroy(&iscsi->changed);
	pthread_mutex_destroy(&iscsi->lock);
	free(iscsi);
}
