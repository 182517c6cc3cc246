/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The director's end of the links: admits servers, sends them their profiles, keeps what they
 * report. node.c is its only caller. */
#ifndef RACEWAY_NODE_DIRECTOR_H
#define RACEWAY_NODE_DIRECTOR_H

#include "api/core.h"
#include "node/pki.h"
#include "node/roster.h"
#include "node/tls.h"

#define RACEWAY_PEERS_MAX 2048
#define RACEWAY_STRANGERS_MAX 64 /* connections whose certificate is not seen yet, or has none */
#define RACEWAY_STRANGER_MS 1000 /* that each of them has, though others wait */

/* One connection. */
struct raceway_peer {
	struct raceway_peer *next;
	struct raceway_tls tls;
	uint32_t armed; /* as the epoll set has it */
	bool ready;	/* something is to be read or written */
	bool judged;	/* its certificate was looked at */
	bool welcome;	/* hello and welcome are done */
	bool leaving;	/* nothing is taken from it any more: it has had its last answer */
	bool renewed;	/* it has had a new certificate */
	bool dead;	/* to be closed and freed */
	int64_t since_ms;
	int64_t end_ms;			/* when it is closed at last; 0: never */
	char server[RACEWAY_NODE_NAME]; /* by its certificate; "" without one */
	char address[RACEWAY_NODE_ADDRESS];
	json_t *sent; /* its profiles as sent last; NULL: nothing yet */
	json_int_t generation;
};

struct raceway_director {
	struct raceway_core *core;
	struct raceway_pki pki;
	struct raceway_roster roster;
	int epoll_fd; /* borrowed */
	int listen_fd;
	char address[RACEWAY_NODE_ADDRESS]; /* as people reach it; "": unknown */
	bool listening;			    /* the epoll set has the listener */
	int64_t listen_ms; /* when it has it again; 0: with the next connection that ends */
	int64_t renew_ms;  /* when the own certificate is looked at again */
	struct raceway_peer *peers;
	size_t peer_count;
	json_t *touched; /* servers whose profiles may have changed */
	json_int_t generation;
};

int raceway_director_open(struct raceway_director *director, struct raceway_core *core,
			  const char *state_dir, const char *listen, int epoll_fd,
			  struct raceway_error *err);
void raceway_director_close(struct raceway_director *director);
/* An event of the epoll set: a peer, or the director itself for its listener. */
void raceway_director_ready(struct raceway_director *director, void *of);
/* Does all that is to be done; returns when it is due again at the latest. */
int64_t raceway_director_turn(struct raceway_director *director, int64_t now_ms);

/* peers.c: what one peer says, and what is said to it. */
void raceway_peer_turn(struct raceway_director *director, struct raceway_peer *peer,
		       int64_t now_ms);
/* To all whose profiles have changed; who loses any is told before the others. */
void raceway_peers_send(struct raceway_director *director);
/* Tells why, and closes. */
void raceway_peer_refuse(struct raceway_director *director, struct raceway_peer *peer,
			 const char *reason);
/* It is gone; "" : without a word about it. */
void raceway_peer_lost(struct raceway_director *director, struct raceway_peer *peer,
		       const char *why);

/* admit.c: who may be here. */
/* Whose the certificate is that TLS has shown; FORBIDDEN. *ret_server is "" without one. */
int raceway_director_judge(struct raceway_director *director, struct raceway_peer *peer,
			   struct raceway_error *err);
/* The answer to `enroll` or `renew`, a new reference. */
int raceway_director_enroll(struct raceway_director *director, const json_t *message,
			    json_t **ret_answer, char ret_server[RACEWAY_NODE_NAME],
			    struct raceway_error *err);
int raceway_director_renew(struct raceway_director *director, const char *server,
			   const json_t *message, json_t **ret_answer, struct raceway_error *err);
/* A token for people: {"server", "token", "expires"}. */
int raceway_director_token(struct raceway_director *director, const char *server,
			   json_t **ret_answer, struct raceway_error *err);

/* What is known of a server's agent, borrowed; made where it is missing. */
json_t *raceway_director_agent(struct raceway_director *director, const char *server);
/* Tells the core: event "server", with the state. `extra` (may be NULL) is taken over. */
void raceway_director_tell(struct raceway_director *director, const char *server, const char *state,
			   json_t *extra);

#endif
