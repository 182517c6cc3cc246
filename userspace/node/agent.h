/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A server's end of the link: dials its director, enrolls once, takes its profiles over, and
 * reports. Without the director everything stays as it is. node.c is its only caller. */
#ifndef RACEWAY_NODE_AGENT_H
#define RACEWAY_NODE_AGENT_H

#include "api/core.h"
#include "node/pki.h"
#include "node/protocol.h"
#include "node/tls.h"
#include "util/san.h"

enum raceway_agent_state {
	RACEWAY_AGENT_IDLE,	/* until retry_ms */
	RACEWAY_AGENT_DIALLING, /* up to the handshake's end */
	RACEWAY_AGENT_ENROLLING,
	RACEWAY_AGENT_GREETING,
	RACEWAY_AGENT_LINKED,
};

struct raceway_agent {
	struct raceway_core *core;
	struct raceway_pki pki;
	int epoll_fd; /* borrowed */
	uint32_t armed;
	enum raceway_agent_state state;
	struct raceway_address to;
	char address[RACEWAY_NODE_ADDRESS];
	char name[RACEWAY_NODE_NAME]; /* by its certificate, or the token */
	struct raceway_token token;
	bool enroll;				 /* the token is still to be used */
	gnutls_x509_privkey_t asked_key;	 /* of the certificate that was asked for */
	gnutls_certificate_credentials_t nobody; /* while it is not enrolled */
	struct raceway_tls tls;
	struct raceway_delivery delivery;
	json_t *profiles; /* as they came last; NULL: not heard since the start */
	json_t *refused;  /* vNIC, or "" for all -> why it could not be taken over */
	json_t *reported; /* devices as reported last */
	json_int_t generation;
	bool ready, adopt_due, report_due;
	int64_t retry_ms, pause_ms, look_ms;
	char why[320]; /* the link is not there, as it was told last */
};

int raceway_agent_open(struct raceway_agent *agent, struct raceway_core *core,
		       const char *state_dir, const char *director, const char *token_file,
		       int epoll_fd, struct raceway_error *err);
void raceway_agent_close(struct raceway_agent *agent);
/* Does all that is to be done; returns when it is due again at the latest. */
int64_t raceway_agent_turn(struct raceway_agent *agent, int64_t now_ms);
/* The core tells that something happened. */
void raceway_agent_event(struct raceway_agent *agent, const char *event);

/* adopt.c: takes over what came, and reports how it is. */
void raceway_agent_adopt(struct raceway_agent *agent);
/* A report if anything is new in it, a new reference; NULL: nothing is. */
json_t *raceway_agent_report(struct raceway_agent *agent);

/* greet.c: certificates on a server's side. */
/* Whether it is our director that TLS has shown; FORBIDDEN. */
int raceway_agent_judge(struct raceway_agent *agent, struct raceway_error *err);
/* "enroll" or "renew" with a new key, a new reference; NULL and *err. */
json_t *raceway_agent_ask(struct raceway_agent *agent, bool renew, struct raceway_error *err);
/* The answer to it. */
int raceway_agent_answered(struct raceway_agent *agent, const json_t *message,
			   struct raceway_error *err);
/* The token is of no use, but there is a certificate: on with that. 0, or -errno. */
int raceway_agent_go_on(struct raceway_agent *agent);
/* Reads what is kept, and the token if there is a new one. */
int raceway_agent_identify(struct raceway_agent *agent, const char *token_file,
			   struct raceway_error *err);

#endif
