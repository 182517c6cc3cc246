/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The login phase of a connection (RFC 7143 sections 6.3 and 11.12) as a state machine: request
 * in, answer out. No I/O: who the initiator is and how it must prove that is asked of
 * ops->identify(). */
#ifndef RACEWAY_ISCSI_LOGIN_H
#define RACEWAY_ISCSI_LOGIN_H

#include "iscsi/chap.h"
#include "iscsi/params.h"
#include "iscsi/pdu.h"
#include "iscsi/target.h"
#include "iscsi/text.h"

/* Of all requests of a login that belong together (bit C). */
#define RACEWAY_LOGIN_TEXT_MAX (16U << 10)
/* Requests of one login: nobody needs more than ten. */
#define RACEWAY_LOGIN_ROUNDS 64

enum raceway_stage {
	RACEWAY_STAGE_SECURITY = 0,
	RACEWAY_STAGE_OPERATIONAL = 1,
	RACEWAY_STAGE_FULL = 3,
};

/* Where the proof stands. */
enum raceway_proof {
	RACEWAY_PROOF_NONE,   /* nothing was said */
	RACEWAY_PROOF_METHOD, /* CHAP was agreed on: CHAP_A comes next */
	RACEWAY_PROOF_ASKED,  /* the challenge is out */
	RACEWAY_PROOF_DONE,   /* or not needed */
};

struct raceway_login {
	/* The caller's to fill in; `who` but for what the login tells. */
	const struct raceway_iscsi_ops *ops;
	struct raceway_iscsi_login who;
	uint16_t group; /* target portal group tag */

	struct raceway_params params;
	enum raceway_stage stage;
	bool begun, identified, declared; /* declared: the initiator was told of our own limit */
	enum raceway_proof proof;
	struct raceway_iscsi_chap wanted;
	struct raceway_chap chap;
	__be32 itt;
	__be32 cid; /* and two reserved bytes, as in the BHS */
	unsigned int rounds;
	struct raceway_text request; /* collected until a request without bit C */
	/* What goes back, and why it is a refusal. */
	struct raceway_bhs answer;
	struct raceway_text text;
	const char *reason;
};

enum raceway_login_outcome {
	RACEWAY_LOGIN_GOES_ON,	/* send the answer */
	RACEWAY_LOGIN_COMPLETE, /* send the answer if the session can be opened */
	RACEWAY_LOGIN_REFUSED,	/* send the answer and close */
};

/* `login` is all zero but for what the caller fills in. */
void raceway_login_begin(struct raceway_login *login);
void raceway_login_end(struct raceway_login *login);

/* A login request with its data. Afterwards login->answer is all but its sequence numbers, TSIH
 * and data length; login->text is its data. */
enum raceway_login_outcome raceway_login_step(struct raceway_login *login,
					      const struct raceway_bhs *request,
					      const uint8_t *data, size_t bytes);
/* Makes the answer a refusal. */
void raceway_login_refuse(struct raceway_login *login, enum raceway_iscsi_login_status status,
			  const char *reason);

/* For login.c: what the pairs of a request in the security stage say. Adds to login->text.
 * SUCCESS, or the refusal with its reason. Pairs that are not of this stage are left out. */
enum raceway_iscsi_login_status raceway_login_prove(struct raceway_login *login,
						    const struct raceway_pair *pairs, size_t count);
/* Whether raceway_login_prove() takes this key. */
bool raceway_login_is_proof(const char *key);

#endif
