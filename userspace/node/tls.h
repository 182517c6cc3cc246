/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One connection by TLS 1.3 with messages of util/frames.h in it. Nothing here waits: the caller
 * waits for raceway_tls_events() on the descriptor, or until raceway_tls_deadline(), and then
 * calls raceway_tls_turn(). What is bounded: the handshake, the time from a message's first byte
 * to its last, the time in which the peer takes nothing of what it is sent, and how much may
 * wait for it. */
#ifndef RACEWAY_NODE_TLS_H
#define RACEWAY_NODE_TLS_H

#include <gnutls/gnutls.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/frames.h"

#define RACEWAY_NODE_MESSAGE_MAX (4U << 20)
#define RACEWAY_NODE_QUEUE_MAX (64U << 20) /* of what waits for one peer */
#define RACEWAY_NODE_HANDSHAKE_MS 5000
#define RACEWAY_NODE_MESSAGE_MS 10000
#define RACEWAY_NODE_STUCK_MS 10000

struct raceway_tls {
	int fd; /* -1: closed */
	gnutls_session_t session;
	bool client, connecting;
	bool up;	    /* the handshake is done */
	bool resume;	    /* GnuTLS has a record that the socket did not take */
	bool deaf;	    /* what comes is thrown away: it has had its last answer */
	size_t message_max; /* RACEWAY_NODE_MESSAGE_MAX; less for who is not known yet */
	struct raceway_frames in;
	struct raceway_frames out; /* as bytes; from `sent` on they wait */
	size_t sent;
	int64_t handshake_ms, message_ms, stuck_ms; /* until when; 0: nothing to wait for */
	char why[160];				    /* it is of no use any more */
};

int64_t raceway_node_now_ms(void); /* CLOCK_MONOTONIC */

/* Takes over `fd`, non-blocking, which a client may still be connecting. The credentials must
 * outlive it. -errno, and fd is closed then too. */
int raceway_tls_open(struct raceway_tls *tls, int fd, bool client,
		     gnutls_certificate_credentials_t credentials);
/* Says so to the peer if that goes at once. Does nothing twice. */
void raceway_tls_close(struct raceway_tls *tls);

/* EPOLLIN, EPOLLOUT. */
uint32_t raceway_tls_events(const struct raceway_tls *tls);
/* When raceway_tls_turn() is due without any event; INT64_MAX: never. */
int64_t raceway_tls_deadline(const struct raceway_tls *tls);
/* Goes on with handshake, reading and writing. -errno: it has ended, `why` says how; messages
 * that came before can still be taken. */
int raceway_tls_turn(struct raceway_tls *tls, int64_t now_ms);
/* 1 and the next message, a new reference; 0: there is none yet; -EPROTO. */
int raceway_tls_take(struct raceway_tls *tls, json_t **ret_message);
/* Puts a message into the queue; raceway_tls_turn() sends it. -ENOBUFS: too much waits already;
 * -E2BIG. */
int raceway_tls_send(struct raceway_tls *tls, const json_t *message);
/* Bytes that wait to be sent. */
size_t raceway_tls_waiting(const struct raceway_tls *tls);

#endif
