/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Certificates that are right and every way in which they are not. */
#include "node/cert.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define DAY (24 * 3600)
#define NOW 1800000000

static gnutls_x509_privkey_t authority_key;
static gnutls_x509_crt_t authority;
static struct raceway_error err;

static gnutls_x509_crt_t make_authority(gnutls_x509_privkey_t *ret_key)
{
	const struct raceway_validity validity = { NOW - DAY, NOW + 1000 * DAY };
	gnutls_x509_crt_t crt = NULL;

	cr_assert_eq(raceway_key_make(ret_key, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_cert_authority(*ret_key, "authority", &validity, &crt, &err), 0, "%s",
		     err.message);
	return crt;
}

static void begin(void)
{
	authority = make_authority(&authority_key);
}

static void end(void)
{
	raceway_crt_cleanup(&authority);
	raceway_key_cleanup(&authority_key);
}

TestSuite(cert, .init = begin, .fini = end);

static gnutls_x509_crt_t issue(const char *server, time_t from, time_t until)
{
	const struct raceway_validity validity = { from, until };
	struct raceway_identity who = { .director = !server };
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	RACEWAY_FREE char *request = NULL;
	gnutls_x509_crt_t crt = NULL;

	if (server)
		snprintf(who.server, sizeof(who.server), "%s", server);
	cr_assert_eq(raceway_key_make(&key, &err), 0);
	cr_assert_eq(raceway_cert_request(key, "somebody-else", &request, &err), 0);
	cr_assert_eq(
		raceway_cert_issue(authority, authority_key, request, &who, &validity, &crt, &err),
		0, "%s", err.message);
	return crt;
}

static void check_refused(gnutls_x509_crt_t crt, gnutls_x509_crt_t by, time_t now,
			  const char *words)
{
	struct raceway_identity who = { .server = "untouched" };

	err = (struct raceway_error){ 0 };
	cr_assert_lt(raceway_cert_check(crt, by, now, &who, &err), 0);
	cr_assert_eq(err.fault, RACEWAY_FAULT_FORBIDDEN);
	cr_assert(strstr(err.message, words), "%s", err.message);
	cr_assert_str_eq(who.server, "untouched");
}

Test(cert, says_whose_it_is_and_not_what_was_asked_for)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = issue("srv-1.a_b", NOW, NOW + DAY);
	RACEWAY_CRT gnutls_x509_crt_t director = issue(NULL, NOW, NOW + DAY);
	struct raceway_identity who;
	char name[80];
	size_t size = sizeof(name);

	cr_assert_eq(raceway_cert_check(crt, authority, NOW, &who, &err), 0, "%s", err.message);
	cr_assert_str_eq(who.server, "srv-1.a_b");
	cr_assert_not(who.director);
	cr_assert_eq(gnutls_x509_crt_get_dn(crt, name, &size), 0);
	cr_assert_str_eq(name, "CN=srv-1.a_b");
	cr_assert_eq(raceway_cert_check(director, authority, NOW, &who, &err), 0);
	cr_assert(who.director);
	cr_assert_str_eq(who.server, "");
}

Test(cert, of_the_longest_name)
{
	const char *name = "a23456789012345678901234567890123456789012345678901234567890123";
	RACEWAY_CRT gnutls_x509_crt_t crt = issue(name, NOW, NOW + DAY);
	struct raceway_identity who;

	cr_assert_eq(raceway_cert_check(crt, authority, NOW, &who, &err), 0, "%s", err.message);
	cr_assert_str_eq(who.server, name);
}

Test(cert, counts_in_its_time_only)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = issue("s", NOW, NOW + DAY);
	struct raceway_identity who;

	cr_assert_eq(raceway_cert_check(crt, authority, NOW + DAY, &who, &err), 0);
	check_refused(crt, authority, NOW + DAY + 1, "has expired");
	check_refused(crt, authority, NOW - 1, "not valid yet");
}

Test(cert, of_another_authority_is_refused)
{
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	RACEWAY_CRT gnutls_x509_crt_t other = make_authority(&key);
	RACEWAY_CRT gnutls_x509_crt_t crt = issue("s", NOW, NOW + DAY);

	check_refused(crt, other, NOW, "not issued by this director's authority");
	check_refused(authority, authority, NOW, "that of an authority");
	check_refused(other, authority, NOW, "that of an authority");
}

Test(cert, no_server_can_issue_any)
{
	const struct raceway_validity validity = { NOW, NOW + DAY };
	const struct raceway_identity who = { .server = "forged" };
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL, own = NULL;
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL, forged = NULL;
	const struct raceway_identity server = { .server = "s" };
	RACEWAY_FREE char *request = NULL;
	RACEWAY_FREE char *second = NULL;

	cr_assert_eq(raceway_key_make(&key, &err), 0);
	cr_assert_eq(raceway_cert_request(key, "s", &request, &err), 0);
	cr_assert_eq(raceway_cert_issue(authority, authority_key, request, &server, &validity, &crt,
					&err),
		     0);
	cr_assert_eq(raceway_key_make(&own, &err), 0);
	cr_assert_eq(raceway_cert_request(own, "forged", &second, &err), 0);
	cr_assert_eq(raceway_cert_issue(crt, key, second, &who, &validity, &forged, &err), 0);
	check_refused(forged, authority, NOW, "not issued");
	check_refused(forged, crt, NOW, "not issued");
}

Test(cert, a_request_must_be_one)
{
	const struct raceway_validity validity = { NOW, NOW + DAY };
	const struct raceway_identity who = { .server = "s" };
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	RACEWAY_FREE char *request = NULL;
	gnutls_x509_crt_t none = NULL;
	char *middle;

	cr_assert_lt(raceway_cert_issue(authority, authority_key, "", &who, &validity, &none, &err),
		     0);
	cr_assert_eq(err.fault, RACEWAY_FAULT_INVALID);
	cr_assert_eq(raceway_key_make(&key, &err), 0);
	cr_assert_eq(raceway_cert_request(key, "s", &request, &err), 0);
	middle = request + strlen(request) - 60; /* within the signature */
	*middle = *middle == 'A' ? 'B' : 'A';
	cr_assert_lt(
		raceway_cert_issue(authority, authority_key, request, &who, &validity, &none, &err),
		0);
	cr_assert_null(none);
}

Test(cert, text_and_back)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = issue("s", NOW, NOW + DAY);
	gnutls_x509_crt_t back[2] = { NULL, NULL };
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	uint8_t one[RACEWAY_FINGERPRINT], other[RACEWAY_FINGERPRINT];
	char text[RACEWAY_CERT_PEM] = "";

	cr_assert_eq(raceway_key_append(authority_key, text), 0);
	cr_assert_eq(raceway_cert_append(crt, text), 0);
	err = (struct raceway_error){ 0 };
	cr_assert_lt(raceway_cert_read(text, &key, back, 2, &err), 0);
	cr_assert_null(key);
	cr_assert_eq(raceway_cert_append(authority, text), 0);
	cr_assert_eq(raceway_cert_read(text, &key, back, 2, &err), 0);
	raceway_cert_fingerprint(crt, one);
	raceway_cert_fingerprint(back[0], other);
	cr_assert_eq(memcmp(one, other, sizeof(one)), 0);
	raceway_cert_fingerprint(back[1], other);
	cr_assert_neq(memcmp(one, other, sizeof(one)), 0);
	raceway_crt_cleanup(&back[0]);
	raceway_crt_cleanup(&back[1]);
}
