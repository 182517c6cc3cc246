/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* getaddrinfo(3) waits, for many seconds if it must, so that each question has a thread of its own.
 * They are few: an array that is not there is asked for after longer and longer pauses. */
#include "vhba/resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT "3260" /* RFC 7143 4.1: the well-known one */

struct raceway_resolve {
	struct raceway_call call;
	struct raceway_worker *worker;
	void (*found)(void *context, const char *address, const char *why);
	void *context;
	unsigned int turn;
	char host[256], port[8];
	char address[RACEWAY_RESOLVED_MAX]; /* "": there is none */
	char why[256];
	pthread_mutex_t lock;
	bool cancelled; /* lock, until it has answered */
};

/* The host without its port, which is `port` unless there is one. */
static void split(const char *portal, char *host, size_t room, char *port, size_t port_room)
{
	const char *colon = strrchr(portal, ':');
	size_t length = colon ? (size_t)(colon - portal) : strlen(portal);

	snprintf(host, room, "%.*s", (int)length, portal);
	snprintf(port, port_room, "%s", colon ? colon + 1 : PORT);
}

bool raceway_resolve_is_address(const char *portal)
{
	struct in_addr address;
	char host[256], port[8];

	split(portal, host, sizeof(host), port, sizeof(port));
	return portal[0] == '[' || inet_pton(AF_INET, host, &address) == 1;
}

static void free_resolve(struct raceway_resolve *r)
{
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void answer(struct raceway_call *call, struct raceway_worker *worker)
{
	struct raceway_resolve *r =
		(struct raceway_resolve *)((char *)call - offsetof(struct raceway_resolve, call));

	/* The thread lets go of it before it goes. */
	pthread_mutex_lock(&r->lock);
	pthread_mutex_unlock(&r->lock);
	if (!r->cancelled)
		r->found(r->context, r->address[0] ? r->address : NULL, r->why);
	free_resolve(r);
}

/* The one whose turn it is. */
static void choose(struct raceway_resolve *r, const struct addrinfo *list)
{
	const struct addrinfo *one = list;
	unsigned int count = 0, turn;
	char host[NI_MAXHOST];

	for (; one; one = one->ai_next)
		count++;
	turn = count ? r->turn % count : 0;
	for (one = list; turn; one = one->ai_next)
		turn--;
	if (!one || getnameinfo(one->ai_addr, one->ai_addrlen, host, sizeof(host), NULL, 0,
				NI_NUMERICHOST)) {
		snprintf(r->why, sizeof(r->why), "%.200s has no address", r->host);
		return;
	}
	snprintf(r->address, sizeof(r->address),
		 one->ai_family == AF_INET6 ? "[%.48s]:%s" : "%.48s:%s", host, r->port);
}

static void *ask(void *context)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct raceway_resolve *r = context;
	struct addrinfo *list = NULL;
	int error = getaddrinfo(r->host, r->port, &hints, &list);
	bool cancelled;

	if (error)
		snprintf(r->why, sizeof(r->why), "%.150s: %.80s", r->host, gai_strerror(error));
	else
		choose(r, list);
	if (list)
		freeaddrinfo(list);
	pthread_mutex_lock(&r->lock);
	cancelled = r->cancelled;
	/* Under the lock: who cancels may end the worker next. */
	if (!cancelled)
		raceway_worker_call(r->worker, &r->call);
	pthread_mutex_unlock(&r->lock);
	if (cancelled)
		free_resolve(r);
	return NULL;
}

int raceway_resolve_start(const char *portal, unsigned int turn, struct raceway_worker *worker,
			  void (*found)(void *context, const char *address, const char *why),
			  void *context, struct raceway_resolve **ret_resolve)
{
	struct raceway_resolve *r = calloc(1, sizeof(*r));
	pthread_attr_t attributes;
	pthread_t thread;
	int err;

	if (!r)
		return -ENOMEM;
	*r = (struct raceway_resolve){ .call.run = answer,
				       .worker = worker,
				       .found = found,
				       .context = context,
				       .turn = turn };
	split(portal, r->host, sizeof(r->host), r->port, sizeof(r->port));
	pthread_mutex_init(&r->lock, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	err = -pthread_create(&thread, &attributes, ask, r);
	pthread_attr_destroy(&attributes);
	if (err)
		free_resolve(r);
	else
		*ret_resolve = r;
	return err;
}

void raceway_resolve_cancel(struct raceway_resolve *r)
{
	pthread_mutex_lock(&r->lock);
	r->cancelled = true;
	pthread_mutex_unlock(&r->lock);
}
