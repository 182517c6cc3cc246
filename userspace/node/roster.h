/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which servers the director admits: of each the certificate that counts, and the token by which
 * it may get one. Kept in STATE_DIR/pki/servers.json. */
#ifndef RACEWAY_NODE_ROSTER_H
#define RACEWAY_NODE_ROSTER_H

#include <jansson.h>
#include <stdbool.h>
#include <time.h>

#include "node/token.h"
#include "util/error.h"

struct raceway_roster {
	int dir_fd;	 /* borrowed */
	json_t *servers; /* name -> {"fingerprint", "next", "token", "until", "used"} */
};

/* Reads what is kept; a file that is damaged is an error. */
int raceway_roster_open(struct raceway_roster *roster, int dir_fd, struct raceway_error *err);
void raceway_roster_close(struct raceway_roster *roster);

/* Whether the server has, or may yet get, a certificate. */
bool raceway_roster_knows(const struct raceway_roster *roster, const char *server);
/* Whether it has one. */
bool raceway_roster_enrolled(const struct raceway_roster *roster, const char *server);
/* A token by its hash; an earlier one of that server is dead. */
int raceway_roster_offer(struct raceway_roster *roster, const char *server, const char *hash,
			 time_t until, struct raceway_error *err);
/* Whether the secret may be used now, for this server; FORBIDDEN says why not. */
int raceway_roster_may(const struct raceway_roster *roster, const char *server,
		       const uint8_t secret[RACEWAY_TOKEN_SECRET], time_t now,
		       struct raceway_error *err);
/* The token is used: only this certificate counts from now on. */
int raceway_roster_accept(struct raceway_roster *roster, const char *server,
			  const char *fingerprint, struct raceway_error *err);
/* A certificate that takes the present one's place when it is first used. */
int raceway_roster_renew(struct raceway_roster *roster, const char *server, const char *fingerprint,
			 struct raceway_error *err);
/* Whether this certificate of the server counts; FORBIDDEN says why not. */
int raceway_roster_check(struct raceway_roster *roster, const char *server, const char *fingerprint,
			 struct raceway_error *err);
/* Certificate and token count no more. 0 also if there is none. */
int raceway_roster_drop(struct raceway_roster *roster, const char *server,
			struct raceway_error *err);

#endif
