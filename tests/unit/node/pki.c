/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of a director and of a server, from the first start to the second certificate. */
#include "node/pki.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

static char top[] = "/tmp/raceway-pki-XXXXXX", director_dir[64], server_dir[64];
static struct raceway_pki director, server;
static struct raceway_error err;

static void begin(void)
{
	cr_assert(mkdtemp(top));
	snprintf(director_dir, sizeof(director_dir), "%s/d", top);
	snprintf(server_dir, sizeof(server_dir), "%s/s", top);
	cr_assert_eq(raceway_pki_open(&director, director_dir, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_pki_open(&server, server_dir, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_pki_director(&director, "node", false, time(NULL), &err), 0, "%s",
		     err.message);
}

static void remove_all(const char *dir)
{
	static const char *const names[] = { "authority.pem", "director.pem", "server.pem",
					     "used" };
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/pki/%s", dir, names[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/pki", dir);
	rmdir(path);
	rmdir(dir);
}

static void end(void)
{
	raceway_pki_close(&director);
	raceway_pki_close(&server);
	remove_all(director_dir);
	remove_all(server_dir);
	rmdir(top);
}

TestSuite(pki, .init = begin, .fini = end);

/* One request and its answer; returns what raceway_pki_take() did. */
static int get_certificate(const char *asked, const char *given, time_t now)
{
	char pem[RACEWAY_CERT_PEM], authority[RACEWAY_CERT_PEM];
	char fingerprint[RACEWAY_FINGERPRINT_TEXT];
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	RACEWAY_FREE char *request = NULL;

	err = (struct raceway_error){ 0 };
	cr_assert_eq(raceway_pki_request(asked, &key, &request, &err), 0);
	cr_assert_eq(raceway_pki_sign(&director, request, given, now, pem, fingerprint, &err), 0);
	cr_assert_eq(strlen(fingerprint), 64);
	cr_assert_eq(raceway_pki_authority_pem(&director, authority), 0);
	return raceway_pki_take(&server, key, pem, authority, asked, "192.0.2.1:7471", &err);
}

static void again(struct raceway_pki *pki, const char *dir)
{
	raceway_pki_close(pki);
	cr_assert_eq(raceway_pki_open(pki, dir, &err), 0);
}

Test(pki, a_directors_authority_stays)
{
	uint8_t one[RACEWAY_FINGERPRINT], other[RACEWAY_FINGERPRINT];
	uint8_t own[RACEWAY_FINGERPRINT], own_later[RACEWAY_FINGERPRINT];
	time_t later = time(NULL) + RACEWAY_CERT_S - 100;
	struct stat info;

	raceway_cert_fingerprint(director.authority, one);
	raceway_cert_fingerprint(director.own, own);
	cr_assert_eq(fstat(director.dir_fd, &info), 0);
	cr_assert_eq(info.st_mode & 0777, 0700);
	cr_assert_eq(fstatat(director.dir_fd, "authority.pem", &info, 0), 0);
	cr_assert_eq(info.st_mode & 0777, 0600);
	again(&director, director_dir);
	cr_assert_eq(raceway_pki_director(&director, "node", false, time(NULL), &err), 0);
	raceway_cert_fingerprint(director.authority, other);
	cr_assert_eq(memcmp(one, other, sizeof(one)), 0);
	raceway_cert_fingerprint(director.own, own_later);
	cr_assert_eq(memcmp(own, own_later, sizeof(own)), 0);
	/* its own certificate is made anew in time */
	again(&director, director_dir);
	cr_assert_eq(raceway_pki_director(&director, "node", false, later, &err), 0);
	raceway_cert_fingerprint(director.authority, other);
	cr_assert_eq(memcmp(one, other, sizeof(one)), 0);
	raceway_cert_fingerprint(director.own, own_later);
	cr_assert_neq(memcmp(own, own_later, sizeof(own)), 0);
	cr_assert_not(raceway_pki_old(director.own, later));
}

Test(pki, a_server_keeps_what_it_got)
{
	struct raceway_identity who;

	cr_assert_lt(raceway_pki_server(&server, &err), 0);
	cr_assert_eq(err.fault, RACEWAY_FAULT_NOT_FOUND);
	cr_assert_eq(get_certificate("s1", "s1", time(NULL)), 0, "%s", err.message);
	again(&server, server_dir);
	cr_assert_eq(raceway_pki_server(&server, &err), 0, "%s", err.message);
	cr_assert_str_eq(server.director, "192.0.2.1:7471");
	cr_assert(server.credentials);
	cr_assert_eq(raceway_cert_check(server.own, director.authority, time(NULL), &who, &err), 0);
	cr_assert_str_eq(who.server, "s1");
}

Test(pki, a_certificate_is_renewed_after_two_thirds)
{
	time_t now = time(NULL), life = RACEWAY_CERT_S + RACEWAY_CERT_EARLY_S;
	time_t from = now - RACEWAY_CERT_EARLY_S;
	gnutls_certificate_credentials_t first;

	cr_assert_eq(get_certificate("s1", "s1", now), 0);
	cr_assert_not(raceway_pki_old(server.own, from + life / 3 * 2));
	cr_assert(raceway_pki_old(server.own, from + life / 3 * 2 + 2));
	first = server.credentials;
	cr_assert_eq(get_certificate("s1", "s1", now), 0);
	cr_assert_neq(server.credentials, first);
	cr_assert_eq(server.former, first); /* the connection that is open has them */
}

Test(pki, an_answer_must_fit_the_question)
{
	char pem[RACEWAY_CERT_PEM], authority[RACEWAY_CERT_PEM];
	char fingerprint[RACEWAY_FINGERPRINT_TEXT];
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL, other = NULL;
	RACEWAY_FREE char *request = NULL;
	RACEWAY_FREE char *second = NULL;

	cr_assert_lt(get_certificate("s1", "s2", time(NULL)), 0);
	cr_assert(strstr(err.message, "not the one that was asked for"), "%s", err.message);
	err = (struct raceway_error){ 0 };
	cr_assert_eq(raceway_pki_request("s1", &key, &request, &err), 0);
	cr_assert_eq(raceway_pki_request("s1", &other, &second, &err), 0);
	cr_assert_eq(raceway_pki_sign(&director, request, "s1", time(NULL), pem, fingerprint, &err),
		     0);
	cr_assert_eq(raceway_pki_authority_pem(&director, authority), 0);
	cr_assert_lt(raceway_pki_take(&server, other, pem, authority, "s1", "", &err), 0);
	err = (struct raceway_error){ 0 };
	cr_assert_lt(raceway_pki_take(&server, key, "", authority, "s1", "", &err), 0);
	cr_assert_null(server.own);
	cr_assert_lt(raceway_pki_server(&server, &err), 0);
}

Test(pki, the_used_token_is_remembered)
{
	char hash[RACEWAY_FINGERPRINT_TEXT];

	cr_assert_eq(raceway_pki_used(&server, hash), 0);
	cr_assert_str_eq(hash, "");
	cr_assert_eq(raceway_pki_use(&server, "00ff"), 0);
	cr_assert_eq(raceway_pki_used(&server, hash), 0);
	cr_assert_str_eq(hash, "00ff");
}
