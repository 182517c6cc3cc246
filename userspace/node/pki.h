/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a node has to prove who it is, in STATE_DIR/pki (0700, files 0600). A director is its own
 * authority and has one certificate of it; a server has the one that it got, and knows the
 * authority. Each file holds all that belongs together, so that it is there as a whole or not. */
#ifndef RACEWAY_NODE_PKI_H
#define RACEWAY_NODE_PKI_H

#include "node/cert.h"

#define RACEWAY_CERT_S (365 * 24 * 3600) /* a certificate's life */
#define RACEWAY_CERT_EARLY_S (24 * 3600) /* begins so long ago: clocks differ */

struct raceway_pki {
	int dir_fd;
	gnutls_x509_crt_t authority;
	gnutls_x509_privkey_t authority_key; /* a director's */
	gnutls_x509_crt_t own;
	gnutls_x509_privkey_t own_key;
	gnutls_certificate_credentials_t credentials; /* for TLS; own certificate only */
	gnutls_certificate_credentials_t former;      /* that a connection may still use */
	char director[RACEWAY_NODE_ADDRESS];	      /* a server's: where it was enrolled */
};

/* Opens the directory only. */
int raceway_pki_open(struct raceway_pki *pki, const char *state_dir, struct raceway_error *err);
void raceway_pki_close(struct raceway_pki *pki);

/* A director's: read, or made where there is none yet; its own certificate also where two thirds
 * of its life are over. `known`: servers have certificates of the authority, so that one that is
 * missing is an error and no beginning. */
int raceway_pki_director(struct raceway_pki *pki, const char *node, bool known, time_t now,
			 struct raceway_error *err);
/* Its own certificate anew; open connections keep the former. */
int raceway_pki_director_again(struct raceway_pki *pki, time_t now, struct raceway_error *err);
/* A certificate for a server's request, and its fingerprint in hexadecimal. */
int raceway_pki_sign(struct raceway_pki *pki, const char *request, const char *server, time_t now,
		     char ret_pem[RACEWAY_CERT_PEM], char ret_fingerprint[RACEWAY_FINGERPRINT_TEXT],
		     struct raceway_error *err);
/* What a server trusts: the authority in PEM. */
int raceway_pki_authority_pem(struct raceway_pki *pki, char ret_pem[RACEWAY_CERT_PEM]);

/* A server's, if it is enrolled: 0, NOT_FOUND if it is not. */
int raceway_pki_server(struct raceway_pki *pki, struct raceway_error *err);
/* A new key of its own, kept in memory only, and the request for a certificate, malloc'd. */
int raceway_pki_request(const char *server, gnutls_x509_privkey_t *ret_key, char **ret_pem,
			struct raceway_error *err);
/* The answer to a request: kept, and taken for all connections from now on. It must be the
 * authority's for this key and this server. */
int raceway_pki_take(struct raceway_pki *pki, gnutls_x509_privkey_t key, const char *certificate,
		     const char *authority, const char *server, const char *director,
		     struct raceway_error *err);
/* Which token was used last: its hash in hexadecimal, "" if none was. */
int raceway_pki_used(struct raceway_pki *pki, char ret_hash[RACEWAY_FINGERPRINT_TEXT]);
int raceway_pki_use(struct raceway_pki *pki, const char *hash);
/* Whether a certificate should be replaced. */
bool raceway_pki_old(gnutls_x509_crt_t crt, time_t now);

#endif
