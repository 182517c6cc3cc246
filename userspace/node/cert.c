/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Certificates by GnuTLS: what is in them is decided here, whatever a request asks for. */
#include "node/cert.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_BYTES 16
#define URI_DIRECTOR "raceway:director"
#define URI_SERVER "raceway:server:"
#define URI_TEXT (sizeof(URI_SERVER) + RACEWAY_NODE_NAME)
#define CURVE_BITS GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)

int raceway_cert_result(int r, const char *what, struct raceway_error *err)
{
	if (r >= 0)
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "%s: %s", what,
				 gnutls_strerror(r));
}

int raceway_key_make(gnutls_x509_privkey_t *ret_key, struct raceway_error *err)
{
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	int r = gnutls_x509_privkey_init(&key);

	if (r >= 0)
		r = gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, CURVE_BITS, 0);
	if (r < 0)
		return raceway_cert_result(r, "a new key", err);
	*ret_key = key;
	key = NULL;
	return 0;
}

/* What all certificates have. */
static int begin(gnutls_x509_crt_t *ret_crt, const char *name,
		 const struct raceway_validity *validity)
{
	uint8_t serial[SERIAL_BYTES];
	int r = gnutls_x509_crt_init(ret_crt);

	if (r >= 0)
		r = gnutls_x509_crt_set_version(*ret_crt, 3);
	if (r >= 0)
		r = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] &= 0x7f; /* positive (RFC 5280 4.1.2.2) */
	serial[0] |= 0x40;
	if (r >= 0)
		r = gnutls_x509_crt_set_serial(*ret_crt, serial, sizeof(serial));
	if (r >= 0)
		r = gnutls_x509_crt_set_activation_time(*ret_crt, validity->from);
	if (r >= 0)
		r = gnutls_x509_crt_set_expiration_time(*ret_crt, validity->until);
	if (r >= 0)
		r = gnutls_x509_crt_set_dn_by_oid(*ret_crt, GNUTLS_OID_X520_COMMON_NAME, 0, name,
						  (unsigned int)strlen(name));
	return r;
}

static int name_key(gnutls_x509_crt_t crt, gnutls_x509_crt_t authority)
{
	uint8_t id[64];
	size_t size = sizeof(id);
	int r = gnutls_x509_crt_get_key_id(crt, 0, id, &size);

	if (r >= 0)
		r = gnutls_x509_crt_set_subject_key_id(crt, id, size);
	size = sizeof(id);
	if (r >= 0)
		r = gnutls_x509_crt_get_key_id(authority, 0, id, &size);
	return r >= 0 ? gnutls_x509_crt_set_authority_key_id(crt, id, size) : r;
}

/* GnuTLS knows parts of a certificate only when it was read, so one that was made is read. */
static int finish(gnutls_x509_crt_t made, gnutls_x509_crt_t *ret_crt)
{
	gnutls_x509_crt_t crt = NULL;
	gnutls_datum_t der = { 0 };
	int r = gnutls_x509_crt_export2(made, GNUTLS_X509_FMT_DER, &der);

	if (r >= 0)
		r = gnutls_x509_crt_init(&crt);
	if (r >= 0)
		r = gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER);
	gnutls_free(der.data);
	if (r >= 0)
		*ret_crt = crt;
	else
		raceway_crt_cleanup(&crt);
	return r;
}

int raceway_cert_authority(gnutls_x509_privkey_t key, const char *name,
			   const struct raceway_validity *validity, gnutls_x509_crt_t *ret_crt,
			   struct raceway_error *err)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL;
	int r = begin(&crt, name, validity);

	if (r >= 0)
		r = gnutls_x509_crt_set_key(crt, key);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 1, 0);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt,
						  GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	if (r >= 0)
		r = name_key(crt, crt);
	if (r >= 0)
		r = gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = finish(crt, ret_crt);
	return raceway_cert_result(r, "the authority's certificate", err);
}

/* The key that asks, into the certificate. */
static int take_key(gnutls_x509_crt_t crt, const char *request, struct raceway_error *err)
{
	gnutls_datum_t text = { (unsigned char *)request, (unsigned int)strlen(request) };
	gnutls_pubkey_t key = NULL;
	gnutls_x509_crq_t crq = NULL;
	unsigned int bits = 0;
	int r = gnutls_x509_crq_init(&crq), algorithm;

	if (r >= 0)
		r = gnutls_x509_crq_import(crq, &text, GNUTLS_X509_FMT_PEM);
	if (r >= 0)
		r = gnutls_x509_crq_verify(crq, 0);
	if (r >= 0)
		r = gnutls_pubkey_init(&key);
	if (r >= 0)
		r = gnutls_pubkey_import_x509_crq(key, crq, 0);
	if (r >= 0)
		r = gnutls_x509_crt_set_pubkey(crt, key);
	algorithm = key ? gnutls_pubkey_get_pk_algorithm(key, &bits) : 0;
	if (key)
		gnutls_pubkey_deinit(key);
	if (crq)
		gnutls_x509_crq_deinit(crq);
	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "request",
					 "the request for a certificate: %s", gnutls_strerror(r));
	if (gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) <
	    GNUTLS_SEC_PARAM_MEDIUM)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", "request",
					 "the request for a certificate: its key of %u bits is "
					 "too weak",
					 bits);
	return 0;
}

static char *uri_of(const struct raceway_identity *who, char buf[URI_TEXT])
{
	snprintf(buf, URI_TEXT, "%s%s", who->director ? URI_DIRECTOR : URI_SERVER, who->server);
	return buf;
}

int raceway_cert_issue(gnutls_x509_crt_t authority, gnutls_x509_privkey_t authority_key,
		       const char *request, const struct raceway_identity *who,
		       const struct raceway_validity *validity, gnutls_x509_crt_t *ret_crt,
		       struct raceway_error *err)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL;
	char uri[URI_TEXT];
	int r = begin(&crt, who->director ? "director" : who->server, validity);

	if (r >= 0 && take_key(crt, request, err))
		return -EINVAL;
	uri_of(who, uri);
	if (r >= 0)
		r = gnutls_x509_crt_set_subject_alt_name(
			crt, GNUTLS_SAN_URI, uri, (unsigned int)strlen(uri), GNUTLS_FSAN_SET);
	if (r >= 0)
		r = gnutls_x509_crt_set_basic_constraints(crt, 0, -1);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_usage(crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (r >= 0)
		r = gnutls_x509_crt_set_key_purpose_oid(
			crt, who->director ? GNUTLS_KP_TLS_WWW_SERVER : GNUTLS_KP_TLS_WWW_CLIENT,
			0);
	if (r >= 0)
		r = name_key(crt, authority);
	if (r >= 0)
		r = gnutls_x509_crt_sign2(crt, authority, authority_key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = finish(crt, ret_crt);
	return raceway_cert_result(r, "a certificate", err);
}

int raceway_cert_request(gnutls_x509_privkey_t key, const char *name, char **ret_pem,
			 struct raceway_error *err)
{
	gnutls_x509_crq_t crq = NULL;
	gnutls_datum_t text = { 0 };
	char *pem = NULL;
	int r = gnutls_x509_crq_init(&crq);

	if (r >= 0)
		r = gnutls_x509_crq_set_version(crq, 1);
	if (r >= 0)
		r = gnutls_x509_crq_set_dn_by_oid(crq, GNUTLS_OID_X520_COMMON_NAME, 0, name,
						  (unsigned int)strlen(name));
	if (r >= 0)
		r = gnutls_x509_crq_set_key(crq, key);
	if (r >= 0)
		r = gnutls_x509_crq_sign2(crq, key, GNUTLS_DIG_SHA256, 0);
	if (r >= 0)
		r = gnutls_x509_crq_export2(crq, GNUTLS_X509_FMT_PEM, &text);
	if (r >= 0)
		pem = strndup((char *)text.data, text.size);
	gnutls_free(text.data);
	if (crq)
		gnutls_x509_crq_deinit(crq);
	if (!pem)
		return raceway_cert_result(r < 0 ? r : GNUTLS_E_MEMORY_ERROR,
					   "a request for a certificate", err);
	*ret_pem = pem;
	return 0;
}

void raceway_cert_fingerprint(gnutls_x509_crt_t crt, uint8_t ret_hash[RACEWAY_FINGERPRINT])
{
	size_t size = RACEWAY_FINGERPRINT;

	if (gnutls_x509_crt_get_fingerprint(crt, GNUTLS_DIG_SHA256, ret_hash, &size) < 0)
		memset(ret_hash, 0, RACEWAY_FINGERPRINT);
}

/* The one URI of ours. */
static int read_identity(gnutls_x509_crt_t crt, struct raceway_identity *ret_who)
{
	struct raceway_identity who = { 0 };
	char uri[URI_TEXT];
	int found = 0;

	for (unsigned int i = 0;; i++) {
		size_t size = sizeof(uri) - 1;
		int type = gnutls_x509_crt_get_subject_alt_name(crt, i, uri, &size, NULL);

		if (type == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			break;
		if (type != GNUTLS_SAN_URI)
			return -EINVAL;
		uri[size] = '\0';
		if (strlen(uri) != size)
			return -EINVAL;
		found++;
		if (!strcmp(uri, URI_DIRECTOR))
			who.director = true;
		else if (!strncmp(uri, URI_SERVER, strlen(URI_SERVER)) &&
			 strlen(uri) - strlen(URI_SERVER) < sizeof(who.server))
			memcpy(who.server, uri + strlen(URI_SERVER),
			       strlen(uri) - strlen(URI_SERVER));
		else
			return -EINVAL;
	}
	if (found != 1 || (!who.director && !who.server[0]))
		return -EINVAL;
	*ret_who = who;
	return 0;
}

#define FORBID(...) raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate", __VA_ARGS__)

int raceway_cert_check(gnutls_x509_crt_t crt, gnutls_x509_crt_t authority, time_t now,
		       struct raceway_identity *ret_who, struct raceway_error *err)
{
	struct raceway_identity who;
	unsigned int status = 0;

	if (gnutls_x509_crt_get_ca_status(crt, NULL) > 0)
		return FORBID("the certificate is that of an authority");
	if (gnutls_x509_crt_verify(crt, &authority, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) <
		    0 ||
	    status)
		return FORBID("the certificate was not issued by this director's authority");
	if (now < gnutls_x509_crt_get_activation_time(crt))
		return FORBID("the certificate is not valid yet: compare the clocks");
	if (now > gnutls_x509_crt_get_expiration_time(crt))
		return FORBID("the certificate has expired");
	if (read_identity(crt, &who))
		return FORBID("the certificate does not say whose it is");
	*ret_who = who;
	return 0;
}

static int append(char buf[RACEWAY_CERT_PEM], gnutls_datum_t *text)
{
	size_t used = strlen(buf), size = text->size;
	int r = used + size < RACEWAY_CERT_PEM ? 0 : -E2BIG;

	if (!r) {
		memcpy(buf + used, text->data, size);
		buf[used + size] = '\0';
	}
	gnutls_free(text->data);
	return r;
}

int raceway_cert_append(gnutls_x509_crt_t crt, char buf[RACEWAY_CERT_PEM])
{
	gnutls_datum_t text = { 0 };

	return gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text) < 0 ? -E2BIG
									    : append(buf, &text);
}

int raceway_key_append(gnutls_x509_privkey_t key, char buf[RACEWAY_CERT_PEM])
{
	gnutls_datum_t text = { 0 };

	return gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text) < 0
		       ? -E2BIG
		       : append(buf, &text);
}

int raceway_cert_read(const char *pem, gnutls_x509_privkey_t *ret_key, gnutls_x509_crt_t *ret_crts,
		      unsigned int count, struct raceway_error *err)
{
	gnutls_datum_t text = { (unsigned char *)pem, (unsigned int)strlen(pem) };
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	unsigned int found = count;
	int r = 0;

	if (ret_key) {
		r = gnutls_x509_privkey_init(&key);
		if (r >= 0)
			r = gnutls_x509_privkey_import(key, &text, GNUTLS_X509_FMT_PEM);
	}
	if (r >= 0)
		r = gnutls_x509_crt_list_import(ret_crts, &found, &text, GNUTLS_X509_FMT_PEM,
						GNUTLS_X509_CRT_LIST_IMPORT_FAIL_IF_EXCEED);
	if (r < 0) {
		/* what is there now was freed by GnuTLS */
		memset(ret_crts, 0, count * sizeof(*ret_crts));
		return raceway_cert_result(r, "the certificate", err);
	}
	if (found != count) {
		for (unsigned int i = 0; i < found; i++)
			gnutls_x509_crt_deinit(ret_crts[i]);
		memset(ret_crts, 0, count * sizeof(*ret_crts));
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "the certificate: there are %u and not %u", found, count);
	}
	if (ret_key) {
		*ret_key = key;
		key = NULL;
	}
	return 0;
}

#undef FORBID
