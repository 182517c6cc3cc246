/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The servers that are admitted. A change is on disk before it counts. */
#include "node/roster.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/files.h"

#define FILE_NAME "servers.json"
#define FILE_BYTES_MAX (16U << 20)

int raceway_roster_open(struct raceway_roster *roster, int dir_fd, struct raceway_error *err)
{
	RACEWAY_FREE char *text = malloc(FILE_BYTES_MAX);
	size_t bytes = 0;
	int r = text ? raceway_files_load(dir_fd, FILE_NAME, text, FILE_BYTES_MAX, &bytes)
		     : -ENOMEM;

	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pki", "", FILE_NAME ": %s",
					 strerror(-r));
	roster->dir_fd = dir_fd;
	roster->servers =
		bytes ? json_loadb(text, bytes, JSON_REJECT_DUPLICATES, NULL) : json_object();
	if (json_is_object(roster->servers))
		return 0;
	raceway_roster_close(roster);
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pki", "",
				 FILE_NAME " is damaged; put a copy back, or move it away and "
					   "enroll every server anew");
}

void raceway_roster_close(struct raceway_roster *roster)
{
	json_decref(roster->servers);
	roster->servers = NULL;
}

static const char *text_of(const struct raceway_roster *roster, const char *server, const char *key)
{
	const char *text =
		json_string_value(json_object_get(json_object_get(roster->servers, server), key));

	return text ? text : "";
}

/* `servers`, which is taken over, in the place of what is kept. */
static int keep(struct raceway_roster *roster, json_t *servers, struct raceway_error *err)
{
	json_auto_t *whole = servers;
	RACEWAY_FREE char *text = json_dumps(whole, JSON_INDENT(1) | JSON_SORT_KEYS);
	int r = text ? raceway_files_save(roster->dir_fd, FILE_NAME, text, strlen(text)) : -ENOMEM;

	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "pki", "", FILE_NAME ": %s",
					 strerror(-r));
	json_decref(roster->servers);
	roster->servers = RACEWAY_TAKE(whole);
	return 0;
}

/* A copy of everything in which the server's entry may be changed: borrowed in *ret_entry. */
static json_t *edit(struct raceway_roster *roster, const char *server, json_t **ret_entry)
{
	json_t *servers = json_deep_copy(roster->servers);

	if (!json_object_get(servers, server))
		json_object_set_new(servers, server, json_object());
	*ret_entry = json_object_get(servers, server);
	return servers;
}

bool raceway_roster_knows(const struct raceway_roster *roster, const char *server)
{
	return json_object_get(roster->servers, server);
}

bool raceway_roster_enrolled(const struct raceway_roster *roster, const char *server)
{
	return text_of(roster, server, "fingerprint")[0];
}

int raceway_roster_offer(struct raceway_roster *roster, const char *server, const char *hash,
			 time_t until, struct raceway_error *err)
{
	json_t *entry, *servers = edit(roster, server, &entry);

	json_object_set_new(entry, "token", json_string(hash));
	json_object_set_new(entry, "until", json_integer(until));
	return keep(roster, servers, err);
}

static bool same(const char *a, const char *b)
{
	size_t length = strlen(a);

	return length && length == strlen(b) && !gnutls_memcmp(a, b, length);
}

#define FORBID(...) raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, "", "token", __VA_ARGS__)

int raceway_roster_may(const struct raceway_roster *roster, const char *server,
		       const uint8_t secret[RACEWAY_TOKEN_SECRET], time_t now,
		       struct raceway_error *err)
{
	const json_t *entry = json_object_get(roster->servers, server);
	char hash[RACEWAY_FINGERPRINT_TEXT];
	const char *other;
	json_t *value;

	raceway_token_hash(secret, hash);
	if (same(hash, text_of(roster, server, "token"))) {
		if (now <= json_integer_value(json_object_get(entry, "until")))
			return 0;
		return FORBID("the token has expired; make another: raceway server enroll %s",
			      server);
	}
	if (same(hash, text_of(roster, server, "used")))
		return FORBID("the token was used already; make another: raceway server enroll %s",
			      server);
	json_object_foreach (roster->servers, other, value)
		if (same(hash, text_of(roster, other, "token")))
			return FORBID("the token is for server %s, not for %.63s", other, server);
	return FORBID("the token is not known here; make another: raceway server enroll %.63s",
		      server);
}

int raceway_roster_accept(struct raceway_roster *roster, const char *server,
			  const char *fingerprint, struct raceway_error *err)
{
	json_t *entry, *servers = edit(roster, server, &entry);

	json_object_set(entry, "used", json_object_get(entry, "token"));
	json_object_del(entry, "token");
	json_object_del(entry, "until");
	json_object_del(entry, "next");
	json_object_set_new(entry, "fingerprint", json_string(fingerprint));
	return keep(roster, servers, err);
}

int raceway_roster_renew(struct raceway_roster *roster, const char *server, const char *fingerprint,
			 struct raceway_error *err)
{
	json_t *entry, *servers = edit(roster, server, &entry);

	json_object_set_new(entry, "next", json_string(fingerprint));
	return keep(roster, servers, err);
}

int raceway_roster_check(struct raceway_roster *roster, const char *server, const char *fingerprint,
			 struct raceway_error *err)
{
	json_t *entry, *servers;

	if (same(fingerprint, text_of(roster, server, "fingerprint")))
		return 0;
	if (!raceway_roster_enrolled(roster, server))
		return FORBID("server %.63s is not enrolled here", server);
	if (!same(fingerprint, text_of(roster, server, "next")))
		return FORBID("another certificate of server %s counts now; enroll it anew: "
			      "raceway server enroll %s",
			      server, server);
	servers = edit(roster, server, &entry);
	json_object_del(entry, "next");
	json_object_set_new(entry, "fingerprint", json_string(fingerprint));
	return keep(roster, servers, err);
}

int raceway_roster_drop(struct raceway_roster *roster, const char *server,
			struct raceway_error *err)
{
	json_t *servers;

	if (!json_object_get(roster->servers, server))
		return 0;
	/* in memory in any case: what cannot be written must not count on */
	servers = json_deep_copy(roster->servers);
	json_object_del(servers, server);
	json_object_del(roster->servers, server);
	return keep(roster, servers, err);
}

#undef FORBID
