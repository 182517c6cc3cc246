/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What happens on workers and copying threads, on its way to whoever is connected. */
#ifndef RACEWAY_VHBA_EVENTS_H
#define RACEWAY_VHBA_EVENTS_H

#include <jansson.h>

struct raceway_events;

/* 0 or -errno. */
int raceway_events_open(struct raceway_events **ret_events);
void raceway_events_close(struct raceway_events *events);
/* Takes over `event`, {"event": NAME, ...}. Any thread; never blocks for long. When more wait
 * than anybody can read, and when memory is short, it is dropped. */
void raceway_events_put(struct raceway_events *events, json_t *event);
/* Becomes readable when there is one. */
int raceway_events_fd(const struct raceway_events *events);
/* The next one, a new reference, or NULL. Main thread. */
json_t *raceway_events_take(struct raceway_events *events);

#endif
