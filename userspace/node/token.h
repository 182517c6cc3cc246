/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The word by which a server is enrolled: a secret, whose server it admits, by which authority
 * the director is known, and where it is. Text that is safe in a file and a shell. Pure, but for
 * the random numbers. */
#ifndef RACEWAY_NODE_TOKEN_H
#define RACEWAY_NODE_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#define RACEWAY_TOKEN_SECRET 32	    /* bytes: 256 bits */
#define RACEWAY_FINGERPRINT 32	    /* bytes: SHA-256 of a certificate (DER) */
#define RACEWAY_FINGERPRINT_TEXT 65 /* hexadecimal */
#define RACEWAY_NODE_NAME 64	    /* of a server, with the final 0 */
#define RACEWAY_NODE_ADDRESS 64	    /* ADDRESS:PORT */
#define RACEWAY_TOKEN_TEXT 320

struct raceway_token {
	uint8_t secret[RACEWAY_TOKEN_SECRET];
	uint8_t authority[RACEWAY_FINGERPRINT]; /* of the director's CA */
	char server[RACEWAY_NODE_NAME];
	char director[RACEWAY_NODE_ADDRESS]; /* "": unknown */
};

/* A new secret; -EIO. */
int raceway_token_fill(struct raceway_token *token);
/* base64url without padding (RFC 4648 section 5). Returns buf. */
char *raceway_token_format(const struct raceway_token *token, char buf[RACEWAY_TOKEN_TEXT]);
/* White space at both ends is left out. -EINVAL: it is none, or not the whole. */
int raceway_token_parse(const char *text, struct raceway_token *ret_token);

/* What is kept of a secret: its SHA-256 in hexadecimal. Returns buf. */
char *raceway_token_hash(const uint8_t secret[RACEWAY_TOKEN_SECRET],
			 char buf[RACEWAY_FINGERPRINT_TEXT]);
/* Returns buf, 2 * size + 1 characters. */
char *raceway_hex_format(const uint8_t *bytes, size_t size, char *buf);
/* Exactly `size` bytes; -EINVAL. */
int raceway_hex_parse(const char *text, uint8_t *ret_bytes, size_t size);

#endif
