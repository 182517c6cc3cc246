/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Keys and certificates of a node as files, and as credentials for TLS. */
#include "node/pki.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/files.h"

#define DIR_NAME "pki"
#define FILE_AUTHORITY "authority.pem" /* key, certificate */
#define FILE_DIRECTOR "director.pem"   /* key, certificate */
#define FILE_SERVER "server.pem"       /* key, certificate, the authority's; a comment: where */
#define FILE_USED "used"
#define AUTHORITY_S (30LL * 365 * 24 * 3600)
#define DIRECTOR_LINE "# director "

static int broken(const char *file, int r, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, DIR_NAME, "", "%s: %s", file,
				 strerror(-r));
}

int raceway_pki_open(struct raceway_pki *pki, const char *state_dir, struct raceway_error *err)
{
	int r;

	*pki = (struct raceway_pki){ .dir_fd = -1 };
	r = raceway_files_dir(state_dir, DIR_NAME, &pki->dir_fd);
	return r < 0 ? broken(state_dir, r, err) : 0;
}

static void drop_pair(struct raceway_pki *pki)
{
	raceway_crt_cleanup(&pki->own);
	raceway_key_cleanup(&pki->own_key);
	pki->own = NULL;
	pki->own_key = NULL;
}

static void drop_own(struct raceway_pki *pki)
{
	drop_pair(pki);
	if (pki->former)
		gnutls_certificate_free_credentials(pki->former);
	pki->former = RACEWAY_TAKE(pki->credentials);
}

void raceway_pki_close(struct raceway_pki *pki)
{
	drop_own(pki);
	if (pki->former)
		gnutls_certificate_free_credentials(pki->former);
	raceway_crt_cleanup(&pki->authority);
	raceway_key_cleanup(&pki->authority_key);
	if (pki->dir_fd >= 0)
		close(pki->dir_fd);
	*pki = (struct raceway_pki){ .dir_fd = -1 };
}

/* The text of a file, "" where there is none. */
static int load(struct raceway_pki *pki, const char *file, char text[RACEWAY_CERT_PEM],
		struct raceway_error *err)
{
	size_t bytes = 0;
	int r = raceway_files_load(pki->dir_fd, file, text, RACEWAY_CERT_PEM - 1, &bytes);

	if (r < 0)
		return broken(file, r, err);
	text[bytes] = '\0';
	return 0;
}

static int save(struct raceway_pki *pki, const char *file, const char *text,
		struct raceway_error *err)
{
	int r = raceway_files_save(pki->dir_fd, file, text, strlen(text));

	return r < 0 ? broken(file, r, err) : 0;
}

/* What TLS shows of us; a director shows its authority too, so that a server that has only the
 * fingerprint can find it. */
static int make_credentials(struct raceway_pki *pki, bool chain, struct raceway_error *err)
{
	gnutls_x509_crt_t list[2] = { pki->own, pki->authority };
	gnutls_certificate_credentials_t credentials = NULL;
	int r = gnutls_certificate_allocate_credentials(&credentials);

	if (r >= 0)
		r = gnutls_certificate_set_x509_key(credentials, list, chain ? 2 : 1, pki->own_key);
	if (r < 0) {
		if (credentials)
			gnutls_certificate_free_credentials(credentials);
		return raceway_cert_result(r, "credentials", err);
	}
	pki->credentials = credentials;
	return 0;
}

static int load_pair(struct raceway_pki *pki, const char *file, gnutls_x509_privkey_t *ret_key,
		     gnutls_x509_crt_t *ret_crt, struct raceway_error *err)
{
	char text[RACEWAY_CERT_PEM];
	int r = load(pki, file, text, err);

	if (r || !text[0])
		return r;
	r = raceway_cert_read(text, ret_key, ret_crt, 1, err);
	explicit_bzero(text, sizeof(text));
	return r;
}

static int save_pair(struct raceway_pki *pki, const char *file, gnutls_x509_privkey_t key,
		     gnutls_x509_crt_t crt, struct raceway_error *err)
{
	char text[RACEWAY_CERT_PEM] = "";
	int r = raceway_key_append(key, text);

	if (!r)
		r = raceway_cert_append(crt, text);
	r = r ? broken(file, r, err) : save(pki, file, text, err);
	explicit_bzero(text, sizeof(text));
	return r;
}

static int make_authority(struct raceway_pki *pki, const char *node, time_t now,
			  struct raceway_error *err)
{
	const struct raceway_validity validity = { now - RACEWAY_CERT_EARLY_S, now + AUTHORITY_S };
	char name[RACEWAY_NODE_NAME];
	int r = raceway_key_make(&pki->authority_key, err);

	/* a common name is 64 characters at most (RFC 5280, ub-common-name) */
	snprintf(name, sizeof(name), "Raceway authority of %.40s", node);
	if (!r)
		r = raceway_cert_authority(pki->authority_key, name, &validity, &pki->authority,
					   err);
	return r ? r : save_pair(pki, FILE_AUTHORITY, pki->authority_key, pki->authority, err);
}

bool raceway_pki_old(gnutls_x509_crt_t crt, time_t now)
{
	time_t from = gnutls_x509_crt_get_activation_time(crt);
	time_t until = gnutls_x509_crt_get_expiration_time(crt);

	return now > from + (until - from) / 3 * 2;
}

static int make_director(struct raceway_pki *pki, time_t now, struct raceway_error *err)
{
	const struct raceway_validity validity = { now - RACEWAY_CERT_EARLY_S,
						   now + RACEWAY_CERT_S };
	const struct raceway_identity who = { .director = true };
	RACEWAY_FREE char *request = NULL;
	int r = raceway_pki_request("director", &pki->own_key, &request, err);

	if (!r)
		r = raceway_cert_issue(pki->authority, pki->authority_key, request, &who, &validity,
				       &pki->own, err);
	return r ? r : save_pair(pki, FILE_DIRECTOR, pki->own_key, pki->own, err);
}

int raceway_pki_director_again(struct raceway_pki *pki, time_t now, struct raceway_error *err)
{
	gnutls_x509_privkey_t key = pki->own_key;
	gnutls_x509_crt_t own = pki->own;
	int r;

	pki->own = NULL;
	pki->own_key = NULL;
	r = make_director(pki, now, err);
	if (r) {
		drop_pair(pki);
		pki->own = own;
		pki->own_key = key;
		return r;
	}
	raceway_crt_cleanup(&own);
	raceway_key_cleanup(&key);
	if (pki->former)
		gnutls_certificate_free_credentials(pki->former);
	pki->former = RACEWAY_TAKE(pki->credentials);
	return make_credentials(pki, true, err);
}

int raceway_pki_director(struct raceway_pki *pki, const char *node, bool known, time_t now,
			 struct raceway_error *err)
{
	struct raceway_identity who;
	int r = load_pair(pki, FILE_AUTHORITY, &pki->authority_key, &pki->authority, err);

	if (!r && !pki->authority &&
	    (known || !faccessat(pki->dir_fd, FILE_AUTHORITY, F_OK, AT_SYMLINK_NOFOLLOW)))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, DIR_NAME, "",
					 FILE_AUTHORITY " is missing or empty, and servers are "
							"enrolled: put a copy back, or move all "
							"of pki away and enroll every server anew");
	if (!r && !pki->authority)
		r = make_authority(pki, node, now, err);
	if (!r)
		r = load_pair(pki, FILE_DIRECTOR, &pki->own_key, &pki->own, err);
	if (r)
		return r;
	if (pki->own && (raceway_pki_old(pki->own, now) ||
			 raceway_cert_check(pki->own, pki->authority, now, &who, NULL)))
		drop_own(pki);
	if (!pki->own)
		r = make_director(pki, now, err);
	return r ? r : make_credentials(pki, true, err);
}

int raceway_pki_sign(struct raceway_pki *pki, const char *request, const char *server, time_t now,
		     char ret_pem[RACEWAY_CERT_PEM], char ret_fingerprint[RACEWAY_FINGERPRINT_TEXT],
		     struct raceway_error *err)
{
	const struct raceway_validity validity = { now - RACEWAY_CERT_EARLY_S,
						   now + RACEWAY_CERT_S };
	struct raceway_identity who = { 0 };
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL;
	uint8_t hash[RACEWAY_FINGERPRINT];
	char pem[RACEWAY_CERT_PEM] = "";
	int r;

	snprintf(who.server, sizeof(who.server), "%s", server);
	r = raceway_cert_issue(pki->authority, pki->authority_key, request, &who, &validity, &crt,
			       err);
	if (r)
		return r;
	r = raceway_cert_append(crt, pem);
	if (r)
		return broken("certificate", r, err);
	raceway_cert_fingerprint(crt, hash);
	raceway_hex_format(hash, sizeof(hash), ret_fingerprint);
	memcpy(ret_pem, pem, sizeof(pem));
	return 0;
}

int raceway_pki_authority_pem(struct raceway_pki *pki, char ret_pem[RACEWAY_CERT_PEM])
{
	ret_pem[0] = '\0';
	return raceway_cert_append(pki->authority, ret_pem);
}

/* The comment in a server's file that says where its director is. */
static void read_director(struct raceway_pki *pki, const char *text)
{
	const char *line = strstr(text, DIRECTOR_LINE);

	pki->director[0] = '\0';
	if (line)
		snprintf(pki->director, sizeof(pki->director), "%.*s",
			 (int)strcspn(line + strlen(DIRECTOR_LINE), "\n"),
			 line + strlen(DIRECTOR_LINE));
}

/* Takes over the key, own certificate and authority of a server's file. */
static int adopt(struct raceway_pki *pki, const char *text, struct raceway_error *err)
{
	gnutls_x509_crt_t crts[2] = { NULL, NULL };
	gnutls_x509_privkey_t key = NULL;
	int r = raceway_cert_read(text, &key, crts, 2, err);

	if (r)
		return r;
	drop_own(pki);
	raceway_crt_cleanup(&pki->authority);
	pki->own = crts[0];
	pki->authority = crts[1];
	pki->own_key = key;
	read_director(pki, text);
	return make_credentials(pki, false, err);
}

int raceway_pki_server(struct raceway_pki *pki, struct raceway_error *err)
{
	char text[RACEWAY_CERT_PEM];
	int r = load(pki, FILE_SERVER, text, err);

	if (r)
		return r;
	if (!text[0])
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, "", "",
					 "this server is not enrolled");
	r = adopt(pki, text, err);
	explicit_bzero(text, sizeof(text));
	return r;
}

int raceway_pki_request(const char *server, gnutls_x509_privkey_t *ret_key, char **ret_pem,
			struct raceway_error *err)
{
	RACEWAY_KEY gnutls_x509_privkey_t key = NULL;
	int r = raceway_key_make(&key, err);

	if (!r)
		r = raceway_cert_request(key, server, ret_pem, err);
	if (r)
		return r;
	*ret_key = key;
	key = NULL;
	return 0;
}

/* Whether the answer fits the question. */
static int judge(gnutls_x509_privkey_t key, const char *certificate, const char *authority,
		 const char *server, struct raceway_error *err)
{
	RACEWAY_CRT gnutls_x509_crt_t crt = NULL, issuer = NULL;
	uint8_t mine[64], theirs[64];
	size_t mine_size = sizeof(mine), theirs_size = sizeof(theirs);
	struct raceway_identity who;
	int r = raceway_cert_read(certificate, NULL, &crt, 1, err);

	if (!r)
		r = raceway_cert_read(authority, NULL, &issuer, 1, err);
	if (!r)
		r = raceway_cert_check(crt, issuer, time(NULL), &who, err);
	if (r)
		return r;
	if (gnutls_x509_privkey_get_key_id(key, 0, mine, &mine_size) < 0 ||
	    gnutls_x509_crt_get_key_id(crt, 0, theirs, &theirs_size) < 0 ||
	    mine_size != theirs_size || memcmp(mine, theirs, mine_size) || who.director ||
	    strcmp(who.server, server))
		return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "certificate",
					 "the certificate that came is not the one that was asked "
					 "for");
	return 0;
}

int raceway_pki_take(struct raceway_pki *pki, gnutls_x509_privkey_t key, const char *certificate,
		     const char *authority, const char *server, const char *director,
		     struct raceway_error *err)
{
	char text[RACEWAY_CERT_PEM] = "";
	size_t used;
	int r = judge(key, certificate, authority, server, err);

	if (r)
		return r;
	r = raceway_key_append(key, text);
	used = strlen(text);
	if (!r && snprintf(text + used, sizeof(text) - used, "%s\n%s\n" DIRECTOR_LINE "%s\n",
			   certificate, authority, director) >= (int)(sizeof(text) - used))
		r = -E2BIG;
	r = r ? broken(FILE_SERVER, r, err) : save(pki, FILE_SERVER, text, err);
	if (!r)
		r = adopt(pki, text, err);
	explicit_bzero(text, sizeof(text));
	return r;
}

int raceway_pki_used(struct raceway_pki *pki, char ret_hash[RACEWAY_FINGERPRINT_TEXT])
{
	size_t bytes = 0;
	int r = raceway_files_load(pki->dir_fd, FILE_USED, ret_hash, RACEWAY_FINGERPRINT_TEXT - 1,
				   &bytes);

	ret_hash[r < 0 ? 0 : bytes] = '\0';
	return r;
}

int raceway_pki_use(struct raceway_pki *pki, const char *hash)
{
	return raceway_files_save(pki->dir_fd, FILE_USED, hash, strlen(hash));
}
