/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A bounded queue with an eventfd. */
#include "vhba/events.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Somebody who guesses names a thousand times a second must not fill the memory. */
#define EVENTS_MAX 1024

struct raceway_events {
	pthread_mutex_t lock;
	json_t *ring[EVENTS_MAX];
	size_t first, count;
	int fd;
};

int raceway_events_open(struct raceway_events **ret_events)
{
	struct raceway_events *events = calloc(1, sizeof(*events));
	int err;

	if (!events)
		return -ENOMEM;
	events->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (events->fd < 0) {
		err = -errno;
		free(events);
		return err;
	}
	pthread_mutex_init(&events->lock, NULL);
	*ret_events = events;
	return 0;
}

void raceway_events_close(struct raceway_events *events)
{
	json_t *event;

	while ((event = raceway_events_take(events)))
		json_decref(event);
	close(events->fd);
	pthread_mutex_destroy(&events->lock);
	free(events);
}

void raceway_events_put(struct raceway_events *events, json_t *event)
{
	const uint64_t one = 1;
	bool full;

	pthread_mutex_lock(&events->lock);
	full = events->count == EVENTS_MAX;
	if (!full && event) {
		events->ring[(events->first + events->count++) % EVENTS_MAX] = event;
		/* Its counter cannot be full. */
		if (write(events->fd, &one, sizeof(one)) < 0)
			abort();
	}
	pthread_mutex_unlock(&events->lock);
	if (full)
		json_decref(event);
}

int raceway_events_fd(const struct raceway_events *events)
{
	return events->fd;
}

json_t *raceway_events_take(struct raceway_events *events)
{
	json_t *event = NULL;
	uint64_t count;

	pthread_mutex_lock(&events->lock);
	if (events->count > 0) {
		event = events->ring[events->first];
		events->first = (events->first + 1) % EVENTS_MAX;
		events->count--;
	}
	/* Not readable any more, which may have been so before. */
	if (events->count == 0 && read(events->fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		abort();
	pthread_mutex_unlock(&events->lock);
	return event;
}
