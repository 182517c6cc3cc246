/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The director's listener and the life of its connections. A peer that is slow, stuck or no server
 * at all costs its own connection and nothing else. */
#include "node/director.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "node/document.h"
#include "node/keepalive.h"
#include "node/node.h"
#include "util/cleanup.h"
#include "util/san.h"

#define BACKLOG 128
#define ACCEPTS 64 /* a turn */
#define LISTEN_AGAIN_MS 100
#define LOOK_MS (3600 * 1000) /* at the own certificate */

void raceway_director_tell(struct raceway_director *d, const char *server, const char *state,
			   json_t *extra)
{
	json_t *data = json_pack("{s:s, s:s}", "server", server, "state", state);

	if (extra)
		json_object_update_missing(data, extra);
	json_decref(extra);
	raceway_core_event(d->core, "server", data);
}

json_t *raceway_director_agent(struct raceway_director *d, const char *server)
{
	if (!json_object_get(d->core->agents, server))
		json_object_set_new(d->core->agents, server,
				    json_pack("{s:b, s:{}}", "connected", 0, "vnics"));
	return json_object_get(d->core->agents, server);
}

/* --- changes of the model --- */

static void revoke_server(struct raceway_director *d, const char *server)
{
	struct raceway_error err = { 0 };

	if (!raceway_roster_knows(&d->roster, server))
		return;
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (!p->dead && !strcmp(p->server, server))
			raceway_peer_lost(d, p, "its server was deleted");
	if (raceway_roster_drop(&d->roster, server, &err))
		fprintf(stderr, "racewayd: server %s: its certificate is not revoked: %s\n", server,
			err.message);
	json_object_del(d->core->agents, server);
	raceway_director_tell(d, server, "revoked", NULL);
}

static void on_change(void *context, const json_t *changes)
{
	struct raceway_director *d = context;
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *op = json_string_value(json_object_get(change, "op"));
		const char *kind = json_string_value(json_object_get(change, "kind"));

		if (op && kind && !strcmp(op, "del") && !strcmp(kind, "server"))
			revoke_server(d, json_string_value(json_object_get(change, "name")));
	}
	raceway_node_touched(d->core->model, changes, d->touched);
}

static int on_enroll(void *context, const char *server, json_t **ret_answer,
		     struct raceway_error *err)
{
	return raceway_director_token(context, server, ret_answer, err);
}

/* --- opening --- */

/* 0.0.0.0, [::]: nobody can dial that. */
static bool is_any(const struct raceway_address *address)
{
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->to;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->to;

	return address->to.ss_family == AF_INET ? v4->sin_addr.s_addr == htonl(INADDR_ANY)
						: IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr);
}

static int open_listener(struct raceway_director *d, const char *listen_at,
			 struct raceway_error *err)
{
	struct raceway_address address;
	RACEWAY_CLOSE int fd = -1;
	const int on = 1;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = d };

	if (raceway_parse_address(listen_at, RACEWAY_NODE_PORT, &address))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "listen", "",
					 "%s is no ADDRESS:PORT", listen_at);
	fd = socket(address.to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address.to, address.size) || listen(fd, BACKLOG) ||
	    epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "listen", "", "%s: %s",
					 listen_at, strerror(errno));
	if (!is_any(&address))
		raceway_format_address(&address, d->address);
	d->listening = true;
	d->listen_fd = RACEWAY_TAKE_FD(fd);
	return 0;
}

/* Servers that were deleted while nobody could revoke, and what is known of the others: nothing
 * yet. */
static int first_look(struct raceway_director *d, struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("server");
	json_auto_t *names = json_copy(d->roster.servers);
	/* a store that is new may yet get its servers back from a backup */
	bool empty = json_object_size(raceway_model_all(d->core->model, kind)) <= 1;
	const char *name;
	json_t *entry;
	int r = 0;

	json_object_foreach (names, name, entry) {
		if (!raceway_model_get(d->core->model, kind, name) && !empty)
			r = r ? r : raceway_roster_drop(&d->roster, name, err);
		else if (raceway_roster_enrolled(&d->roster, name))
			raceway_director_agent(d, name);
	}
	return r;
}

int raceway_director_open(struct raceway_director *d, struct raceway_core *core,
			  const char *state_dir, const char *listen_at, int epoll_fd,
			  struct raceway_error *err)
{
	int r;

	*d = (struct raceway_director){ .core = core, .epoll_fd = epoll_fd, .listen_fd = -1 };
	d->touched = json_object();
	core->agents = json_object();
	r = raceway_pki_open(&d->pki, state_dir, err);
	if (!r)
		r = raceway_roster_open(&d->roster, d->pki.dir_fd, err);
	if (!r)
		r = first_look(d, err);
	if (!r && listen_at && *listen_at) {
		r = raceway_pki_director(&d->pki, core->node, json_object_size(d->roster.servers),
					 time(NULL), err);
		if (!r)
			r = open_listener(d, listen_at, err);
	}
	if (r) {
		raceway_director_close(d);
		return r;
	}
	core->nodes = (struct raceway_core_nodes){
		.context = d,
		.on_change = on_change,
		.enroll = on_enroll,
	};
	return 0;
}

static void free_peer(struct raceway_peer *peer)
{
	raceway_tls_close(&peer->tls);
	json_decref(peer->sent);
	free(peer);
}

void raceway_director_close(struct raceway_director *d)
{
	d->core->nodes = (struct raceway_core_nodes){ 0 };
	while (d->peers) {
		struct raceway_peer *peer = d->peers;

		d->peers = peer->next;
		free_peer(peer);
	}
	if (d->listen_fd >= 0)
		close(d->listen_fd);
	d->listen_fd = -1;
	json_decref(d->touched);
	d->touched = NULL;
	raceway_roster_close(&d->roster);
	raceway_pki_close(&d->pki);
}

/* --- connections --- */

static bool is_stranger(const struct raceway_peer *peer)
{
	return !peer->dead && !peer->server[0];
}

/* Where too many are about to show who they are, the oldest goes once it has had its time, and
 * whoever comes waits in the backlog until then: servers that all dial at once get in one after
 * the other. False: nobody can be let in now. */
static bool make_room(struct raceway_director *d, int64_t now_ms)
{
	struct raceway_peer *oldest = NULL;
	size_t strangers = 0;

	if (d->peer_count >= RACEWAY_PEERS_MAX)
		return false;
	for (struct raceway_peer *p = d->peers; p; p = p->next) {
		if (is_stranger(p)) {
			oldest = p;
			strangers++;
		}
	}
	if (strangers < RACEWAY_STRANGERS_MAX)
		return true;
	if (now_ms < oldest->since_ms + RACEWAY_STRANGER_MS)
		return false;
	raceway_peer_lost(d, oldest, "");
	return true;
}

/* The listener in or out of the epoll set: a level that nobody takes would keep the loop awake. */
static void listen_or_not(struct raceway_director *d, bool on)
{
	struct epoll_event event = { .events = on ? EPOLLIN : 0, .data.ptr = d };

	if (d->listening != on && !epoll_ctl(d->epoll_fd, EPOLL_CTL_MOD, d->listen_fd, &event))
		d->listening = on;
}

static int add_peer(struct raceway_director *d, int fd, const struct raceway_address *from)
{
	struct raceway_peer *peer = calloc(1, sizeof(*peer));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = peer };

	if (!peer) {
		close(fd);
		return -ENOMEM;
	}
	raceway_keepalive(fd);
	if (raceway_tls_open(&peer->tls, fd, false, d->pki.credentials)) {
		free(peer);
		return -ENOMEM;
	}
	raceway_format_address(from, peer->address);
	if (epoll_ctl(d->epoll_fd, EPOLL_CTL_ADD, fd, &event)) {
		free_peer(peer);
		return -errno;
	}
	peer->armed = EPOLLIN;
	peer->since_ms = raceway_node_now_ms();
	peer->ready = true;
	peer->next = d->peers; /* the newest first */
	d->peers = peer;
	d->peer_count++;
	return 0;
}

static void accept_some(struct raceway_director *d)
{
	for (int i = 0; i < ACCEPTS; i++) {
		struct raceway_address from = { .size = sizeof(from.to) };
		int fd;

		if (!make_room(d, raceway_node_now_ms()))
			goto later;
		fd = accept4(d->listen_fd, (struct sockaddr *)&from.to, &from.size,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
			return;
		if (fd < 0 || add_peer(d, fd, &from))
			goto later; /* no descriptors, no memory: others may give some back */
	}
	return;
later:
	d->listen_ms = raceway_node_now_ms() + LISTEN_AGAIN_MS;
	listen_or_not(d, false);
}

void raceway_director_ready(struct raceway_director *d, void *of)
{
	struct raceway_peer *peer = of;

	if (of == d)
		accept_some(d);
	else
		peer->ready = true;
}

static void sweep(struct raceway_director *d)
{
	struct raceway_peer **at = &d->peers;

	while (*at) {
		struct raceway_peer *peer = *at;

		if (peer->dead) {
			*at = peer->next;
			d->peer_count--;
			free_peer(peer);
		} else {
			at = &peer->next;
		}
	}
}

static void arm(struct raceway_director *d, struct raceway_peer *peer)
{
	struct epoll_event event = { .events = raceway_tls_events(&peer->tls), .data.ptr = peer };

	if (event.events == peer->armed)
		return;
	if (!epoll_ctl(d->epoll_fd, EPOLL_CTL_MOD, peer->tls.fd, &event))
		peer->armed = event.events;
}

static int64_t due(const struct raceway_peer *peer)
{
	int64_t tls = raceway_tls_deadline(&peer->tls);

	return peer->end_ms && peer->end_ms < tls ? peer->end_ms : tls;
}

/* The own certificate in time, and the listener when it is its time again. */
static int64_t look_after(struct raceway_director *d, int64_t now_ms)
{
	struct raceway_error err = { 0 };

	if (now_ms >= d->renew_ms) {
		d->renew_ms = now_ms + LOOK_MS;
		if (raceway_pki_old(d->pki.own, time(NULL)) &&
		    raceway_pki_director_again(&d->pki, time(NULL), &err))
			fprintf(stderr, "racewayd: the director's certificate: %s\n", err.message);
	}
	if (!d->listening && now_ms >= d->listen_ms)
		listen_or_not(d, true);
	return d->listening ? d->renew_ms : d->listen_ms;
}

int64_t raceway_director_turn(struct raceway_director *d, int64_t now_ms)
{
	int64_t next = d->listen_fd >= 0 ? look_after(d, now_ms) : INT64_MAX;

	for (struct raceway_peer *p = d->peers; p; p = p->next) {
		if (!p->dead && (p->ready || now_ms >= due(p)))
			raceway_peer_turn(d, p, now_ms);
		p->ready = false;
	}
	raceway_peers_send(d);
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (!p->dead && raceway_tls_waiting(&p->tls) && !(p->armed & EPOLLOUT))
			raceway_peer_turn(d, p, now_ms);
	sweep(d);
	for (struct raceway_peer *p = d->peers; p; p = p->next) {
		arm(d, p);
		if (due(p) < next)
			next = due(p);
	}
	return next;
}
