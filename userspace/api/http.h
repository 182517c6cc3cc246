/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* HTTP/1.1 around the API, by libmicrohttpd inside the daemon's own epoll loop. No threads. */
#ifndef RACEWAY_API_HTTP_H
#define RACEWAY_API_HTTP_H

#include "api/api.h"

#define RACEWAY_HTTP_BODY_MAX (64U << 20)
#define RACEWAY_HTTP_BODIES_MAX (128U << 20) /* of all connections together */
#define RACEWAY_HTTP_CONNECTIONS 64

struct raceway_http;

/* Makes DIR/raceway.sock (0660, group raceway if there is one) and listens. A socket at which
 * nobody answers is replaced; where somebody does, that is an error. */
int raceway_http_socket(const char *dir, int *ret_fd, struct raceway_error *err);

/* Serves on a listening socket, which becomes its own. */
int raceway_http_open(struct raceway_core *core, int listen_fd, struct raceway_http **ret_http,
		      struct raceway_error *err);
void raceway_http_close(struct raceway_http *http);
/* To wait on; then raceway_http_run(). */
int raceway_http_fd(struct raceway_http *http);
void raceway_http_run(struct raceway_http *http);
/* Milliseconds until raceway_http_run() is due without any event; -1: never. */
int raceway_http_timeout(struct raceway_http *http);

/* How many listen to events. */
size_t raceway_http_streams(const struct raceway_http *http);
/* To all who listen: one server-sent event; data NULL: only a sign of life. */
void raceway_http_event(struct raceway_http *http, const char *event, const json_t *data);

#endif
