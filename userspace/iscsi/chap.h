/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CHAP as iSCSI uses it (RFC 7143 12.1.3, RFC 1994): who knows the secret can answer a challenge
 * that was never asked before. */
#ifndef RACEWAY_ISCSI_CHAP_H
#define RACEWAY_ISCSI_CHAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RACEWAY_CHAP_CHALLENGE_MAX 1024 /* RFC 7143 12.1.3: CHAP_C */
#define RACEWAY_CHAP_DIGEST_MAX 32

/* IANA's numbers of PPP authentication algorithms. */
enum raceway_chap_algorithm {
	RACEWAY_CHAP_NONE = 0,
	RACEWAY_CHAP_MD5 = 5,
	RACEWAY_CHAP_SHA1 = 6,
	RACEWAY_CHAP_SHA256 = 7,
	RACEWAY_CHAP_SHA3_256 = 8,
};

/* What the target asks. */
struct raceway_chap {
	enum raceway_chap_algorithm algorithm;
	uint8_t id;
	uint8_t challenge[RACEWAY_CHAP_DIGEST_MAX];
	size_t challenge_bytes;
};

/* The first of a list of numbers that is known; RACEWAY_CHAP_NONE if none is. */
enum raceway_chap_algorithm raceway_chap_choose(const char *list);
/* A new question of random bytes, as many as the algorithm's digest has (16 at least).
 * 0, or -EIO: no random numbers. */
int raceway_chap_ask(struct raceway_chap *chap, enum raceway_chap_algorithm algorithm);

/* The answer to a challenge. 0 and its length (at most RACEWAY_CHAP_DIGEST_MAX), or -EIO. */
int raceway_chap_answer(enum raceway_chap_algorithm algorithm, uint8_t id, const uint8_t *secret,
			size_t secret_bytes, const uint8_t *challenge, size_t challenge_bytes,
			uint8_t *answer, size_t *ret_bytes);
/* Whether this is the right answer. Takes the same time wherever it differs. */
bool raceway_chap_right(const struct raceway_chap *chap, const uint8_t *secret, size_t secret_bytes,
			const uint8_t *answer, size_t answer_bytes);

#endif
