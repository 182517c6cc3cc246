/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a server knows its director, and gets a certificate of its own. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "node/agent.h"
#include "util/cleanup.h"

#define TOKEN_FILE_BYTES 1024

static int read_token(const char *file, struct raceway_token *ret_token, struct raceway_error *err)
{
	char text[TOKEN_FILE_BYTES];
	RACEWAY_CLOSE int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int r;

	if (n < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "token-file", "", "%s: %s",
					 file, strerror(errno));
	text[n] = '\0';
	r = raceway_token_parse(text, ret_token);
	explicit_bzero(text, sizeof(text));
	if (r || !raceway_name_valid(raceway_kind_find("server"), ret_token->server))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "token-file", "",
					 "%s holds no token, or not the whole of one", file);
	return 0;
}

/* The name in our certificate. */
static int own_name(struct raceway_agent *a, struct raceway_error *err)
{
	struct raceway_identity who;
	time_t from = gnutls_x509_crt_get_activation_time(a->pki.own);
	int r = raceway_cert_check(a->pki.own, a->pki.authority, from, &who, err);

	if (!r && who.director)
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pki", "",
				      "the certificate is a director's");
	if (!r)
		memcpy(a->name, who.server, sizeof(a->name));
	return r;
}

int raceway_agent_identify(struct raceway_agent *a, const char *token_file,
			   struct raceway_error *err)
{
	char hash[RACEWAY_FINGERPRINT_TEXT], used[RACEWAY_FINGERPRINT_TEXT];
	struct raceway_error why = { 0 };
	int r = raceway_pki_server(&a->pki, &why);
	bool enrolled = !r;

	if (r && why.fault != RACEWAY_FAULT_NOT_FOUND) {
		*err = why;
		return r;
	}
	r = enrolled ? own_name(a, err) : 0;
	if (r || !token_file || !*token_file)
		return r ? r
		       : enrolled
			       ? 0
			       : raceway_error_set(err, RACEWAY_FAULT_REFUSED, "token-file", "",
						   "this server is not enrolled: on the director, "
						   "raceway server enroll NAME, and give what it "
						   "prints here as a file");
	/* One that was used is left where it is by most; a missing one matters no more then. */
	if (enrolled && access(token_file, R_OK))
		return 0;
	r = read_token(token_file, &a->token, err);
	if (r)
		return r;
	(void)raceway_pki_used(&a->pki, used);
	a->enroll = !enrolled || strcmp(raceway_token_hash(a->token.secret, hash), used);
	if (a->enroll)
		memcpy(a->name, a->token.server, sizeof(a->name));
	return 0;
}

int raceway_agent_go_on(struct raceway_agent *a)
{
	int r = own_name(a, NULL);

	if (!r)
		a->enroll = false;
	return r;
}

/* The certificate of the chain that the token names. */
static int find_authority(struct raceway_agent *a, const gnutls_datum_t *chain, unsigned int count,
			  gnutls_x509_crt_t *ret_crt)
{
	uint8_t hash[RACEWAY_FINGERPRINT];

	for (unsigned int i = 1; i < count; i++) {
		RACEWAY_CRT gnutls_x509_crt_t crt = NULL;

		if (gnutls_x509_crt_init(&crt) < 0 ||
		    gnutls_x509_crt_import(crt, &chain[i], GNUTLS_X509_FMT_DER) < 0)
			return -EINVAL;
		raceway_cert_fingerprint(crt, hash);
		if (!memcmp(hash, a->token.authority, sizeof(hash))) {
			*ret_crt = crt;
			crt = NULL;
			return 0;
		}
	}
	return -ENOENT;
}

int raceway_agent_judge(struct raceway_agent *a, struct raceway_error *err)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL, found = NULL;
	struct raceway_identity who = { 0 };
	unsigned int count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(a->tls.session, &count);
	int r;

	if (!chain || !count || gnutls_x509_crt_init(&crt) < 0 ||
	    gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) < 0)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "who answers shows no certificate");
	if (a->enroll && find_authority(a, chain, count, &found))
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "who answers is not the director that the token is from");
	r = raceway_cert_check(crt, a->enroll ? found : a->pki.authority, time(NULL), &who, err);
	if (!r && !who.director)
		r = raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
				      "who answers is server %s and no director", who.server);
	return r;
}

json_t *raceway_agent_ask(struct raceway_agent *a, bool renew, struct raceway_error *err)
{
	RACEWAY_FREE char *request = NULL;
	char secret[RACEWAY_FINGERPRINT_TEXT];

	raceway_key_cleanup(&a->asked_key);
	a->asked_key = NULL;
	if (raceway_pki_request(a->name, &a->asked_key, &request, err))
		return NULL;
	if (renew)
		return json_pack("{s:s, s:s}", "type", "renew", "request", request);
	raceway_hex_format(a->token.secret, sizeof(a->token.secret), secret);
	return json_pack("{s:s, s:s, s:s, s:s}", "type", "enroll", "server", a->name, "secret",
			 secret, "request", request);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

int raceway_agent_answered(struct raceway_agent *a, const json_t *message,
			   struct raceway_error *err)
{
	char hash[RACEWAY_FINGERPRINT_TEXT];
	int r;

	if (!a->asked_key)
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "a certificate came that was not asked for");
	r = raceway_pki_take(&a->pki, a->asked_key, text_of(message, "certificate"),
			     text_of(message, "authority"), a->name, a->address, err);
	raceway_key_cleanup(&a->asked_key);
	a->asked_key = NULL;
	if (!r && a->enroll) {
		a->enroll = false;
		(void)raceway_pki_use(&a->pki, raceway_token_hash(a->token.secret, hash));
		explicit_bzero(a->token.secret, sizeof(a->token.secret));
	}
	return r;
}
