/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API's client over the Unix socket. An answer that is an error becomes a raceway_error
 * with the daemon's own object, field and message. */
#ifndef RACEWAY_CLI_CLIENT_H
#define RACEWAY_CLI_CLIENT_H

#include <jansson.h>

#include "util/error.h"

#define RACEWAY_SOCKET "/run/raceway/raceway.sock"
#define RACEWAY_SOCKET_ENV "RACEWAY_SOCKET"

struct raceway_client;

/* `socket` NULL: from the environment, else the default. Connects with the first call.
 * timeout_ms 0: as long as a whole document may take. */
int raceway_client_new(const char *socket, long timeout_ms, struct raceway_client **ret_client,
		       struct raceway_error *err);
void raceway_client_free(struct raceway_client *client);
static inline void raceway_client_freep(struct raceway_client **client)
{
	raceway_client_free(*client);
}

/* The calls that follow are only for objects of this version (a number as text); NULL: any. The
 * text must outlive them. */
void raceway_client_if_version(struct raceway_client *client, const char *version);
/* `body` NULL: none. *ret_answer is a new reference, or NULL where the answer has no body;
 * ret_answer itself may be NULL. -errno with *err set. */
int raceway_client_call(struct raceway_client *client, const char *method, const char *path,
			const json_t *body, json_t **ret_answer, struct raceway_error *err);

/* Gives every line of the endless answer to `on_line` (without its end) until that returns
 * nonzero (0 is then returned) or the daemon closes the connection (-EIO). */
typedef int (*raceway_client_line)(void *context, const char *line);
int raceway_client_stream(struct raceway_client *client, const char *path,
			  raceway_client_line on_line, void *context, struct raceway_error *err);

/* The error that an answer of this status and body means. Pure; returns the negative errno. */
int raceway_client_error(unsigned int status, const json_t *answer, struct raceway_error *err);

#endif
