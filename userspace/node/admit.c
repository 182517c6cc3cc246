/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Who may be a server of this director: certificates that it has given, and tokens for new ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/director.h"

#define TOKEN_S 3600 /* a token's life */

int raceway_director_judge(struct raceway_director *d, struct raceway_peer *peer,
			   struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("server");
	const gnutls_datum_t *chain;
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL;
	struct raceway_identity who = { 0 };
	uint8_t hash[RACEWAY_FINGERPRINT];
	char text[RACEWAY_FINGERPRINT_TEXT];
	unsigned int count = 0;
	int r;

	chain = gnutls_certificate_get_peers(peer->tls.session, &count);
	if (!chain || !count)
		return 0;
	r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER);
	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "the certificate cannot be read: %s", gnutls_strerror(r));
	r = raceway_cert_check(crt, d->pki.authority, time(NULL), &who, err);
	if (r)
		return r;
	if (who.director)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "the certificate is the director's own");
	raceway_cert_fingerprint(crt, hash);
	r = raceway_roster_check(&d->roster, who.server,
				 raceway_hex_format(hash, sizeof(hash), text), err);
	if (!r && !raceway_model_get(d->core->model, kind, who.server))
		r = raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
				      "server %s does not exist here", who.server);
	if (!r)
		memcpy(peer->server, who.server, sizeof(peer->server));
	return r;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int answer(struct raceway_director *d, const char *certificate, json_t **ret_answer,
		  struct raceway_error *err)
{
	char authority[RACEWAY_CERT_PEM];
	int r = raceway_pki_authority_pem(&d->pki, authority);

	if (!r)
		*ret_answer = json_pack("{s:s, s:s, s:s}", "type", "certificate", "certificate",
					certificate, "authority", authority);
	return r || !*ret_answer
		       ? raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory")
		       : 0;
}

int raceway_director_enroll(struct raceway_director *d, const json_t *message, json_t **ret_answer,
			    char ret_server[RACEWAY_NODE_NAME], struct raceway_error *err)
{
	const struct raceway_kind *kind = raceway_kind_find("server");
	const char *server = text_of(message, "server");
	char pem[RACEWAY_CERT_PEM], fingerprint[RACEWAY_FINGERPRINT_TEXT];
	uint8_t secret[RACEWAY_TOKEN_SECRET];
	int r = 0;

	if (!raceway_name_valid(kind, server) || strlen(server) >= RACEWAY_NODE_NAME ||
	    raceway_hex_parse(text_of(message, "secret"), secret, sizeof(secret)))
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "token",
					 "there is no token in what was said");
	snprintf(ret_server, RACEWAY_NODE_NAME, "%s", server);
	r = raceway_roster_may(&d->roster, server, secret, time(NULL), err);
	if (!r && !raceway_model_get(d->core->model, kind, server))
		r = raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "token",
				      "server %s does not exist here", server);
	if (!r)
		r = raceway_pki_sign(&d->pki, text_of(message, "request"), server, time(NULL), pem,
				     fingerprint, err);
	if (!r)
		r = answer(d, pem, ret_answer, err);
	/* Once it counts the token is dead, whether or not the answer arrives. */
	if (!r)
		r = raceway_roster_accept(&d->roster, server, fingerprint, err);
	return r;
}

int raceway_director_renew(struct raceway_director *d, const char *server, const json_t *message,
			   json_t **ret_answer, struct raceway_error *err)
{
	char pem[RACEWAY_CERT_PEM], fingerprint[RACEWAY_FINGERPRINT_TEXT];
	int r = raceway_pki_sign(&d->pki, text_of(message, "request"), server, time(NULL), pem,
				 fingerprint, err);

	if (!r)
		r = answer(d, pem, ret_answer, err);
	if (!r)
		r = raceway_roster_renew(&d->roster, server, fingerprint, err);
	return r;
}

int raceway_director_token(struct raceway_director *d, const char *server, json_t **ret_answer,
			   struct raceway_error *err)
{
	struct raceway_token token = { 0 };
	char text[RACEWAY_TOKEN_TEXT], hash[RACEWAY_FINGERPRINT_TEXT], object[96];
	time_t until = time(NULL) + TOKEN_S;
	int r;

	snprintf(object, sizeof(object), "server %.80s", server);
	if (!strcmp(server, "local"))
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "it is this machine, and needs no agent");
	if (d->listen_fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "this director does not listen for servers: start it with "
					 "racewayd --listen ADDRESS:PORT");
	if (raceway_token_fill(&token))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "",
					 "there are no random numbers");
	raceway_cert_fingerprint(d->pki.authority, token.authority);
	snprintf(token.server, sizeof(token.server), "%s", server);
	snprintf(token.director, sizeof(token.director), "%s", d->address);
	r = raceway_roster_offer(&d->roster, server, raceway_token_hash(token.secret, hash), until,
				 err);
	if (r)
		return r;
	raceway_token_format(&token, text);
	*ret_answer = json_pack("{s:i, s:s, s:s, s:I}", "schema", 1, "server", server, "token",
				text, "expires", (json_int_t)until * 1000000000);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(&token, sizeof(token));
	raceway_director_tell(d, server, "token", NULL);
	return 0;
}
