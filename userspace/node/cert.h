/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and X.509 certificates of the nodes (RFC 5280): ECDSA P-256, made and judged here. A
 * certificate says who it is by one URI among its alternative names: raceway:director, or
 * raceway:server:NAME. No I/O. */
#ifndef RACEWAY_NODE_CERT_H
#define RACEWAY_NODE_CERT_H

#include <gnutls/x509.h>
#include <stdbool.h>
#include <time.h>

#include "node/token.h"
#include "util/error.h"

#define RACEWAY_CERT_PEM 16384 /* a key and two certificates are far below */

/* Who a certificate is. */
struct raceway_identity {
	bool director;
	char server[RACEWAY_NODE_NAME]; /* "" of the director */
};

struct raceway_validity {
	time_t from, until;
};

static inline void raceway_crt_cleanup(gnutls_x509_crt_t *crt)
{
	if (*crt)
		gnutls_x509_crt_deinit(*crt);
}

static inline void raceway_key_cleanup(gnutls_x509_privkey_t *key)
{
	if (*key)
		gnutls_x509_privkey_deinit(*key);
}

#define RACEWAY_CRT __attribute__((cleanup(raceway_crt_cleanup)))
#define RACEWAY_KEY __attribute__((cleanup(raceway_key_cleanup)))

/* SYSTEM with GnuTLS's words where `r` is an error; 0 where it is none. */
int raceway_cert_result(int r, const char *what, struct raceway_error *err);

int raceway_key_make(gnutls_x509_privkey_t *ret_key, struct raceway_error *err);
/* A certificate of its own that may issue others. */
int raceway_cert_authority(gnutls_x509_privkey_t key, const char *name,
			   const struct raceway_validity *validity, gnutls_x509_crt_t *ret_crt,
			   struct raceway_error *err);
/* A certificate for the key of `request` (PEM, PKCS#10) and for nothing else that it asks. A
 * request that its own key has not signed, or whose key is weak, is INVALID. */
int raceway_cert_issue(gnutls_x509_crt_t authority, gnutls_x509_privkey_t authority_key,
		       const char *request, const struct raceway_identity *who,
		       const struct raceway_validity *validity, gnutls_x509_crt_t *ret_crt,
		       struct raceway_error *err);
/* PKCS#10 in PEM, malloc'd. */
int raceway_cert_request(gnutls_x509_privkey_t key, const char *name, char **ret_pem,
			 struct raceway_error *err);

/* SHA-256 of the certificate. */
void raceway_cert_fingerprint(gnutls_x509_crt_t crt, uint8_t ret_hash[RACEWAY_FINGERPRINT]);
/* Whether `authority` has issued it, it is valid at `now`, and whose it is; FORBIDDEN says what
 * is wrong. */
int raceway_cert_check(gnutls_x509_crt_t crt, gnutls_x509_crt_t authority, time_t now,
		       struct raceway_identity *ret_who, struct raceway_error *err);

/* "-----BEGIN ..." in buf, behind what is there already. -E2BIG. */
int raceway_cert_append(gnutls_x509_crt_t crt, char buf[RACEWAY_CERT_PEM]);
int raceway_key_append(gnutls_x509_privkey_t key, char buf[RACEWAY_CERT_PEM]);
/* The first key and the first certificates of a text; SYSTEM if they are not there. `key` may be
 * NULL. */
int raceway_cert_read(const char *pem, gnutls_x509_privkey_t *ret_key, gnutls_x509_crt_t *ret_crts,
		      unsigned int count, struct raceway_error *err);

#endif
