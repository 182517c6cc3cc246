/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of rights, and judging a difference by it. Pure. */
#include "api/rights.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WORD 32

/* Words of a vNIC that decide what it may do to others on the network. */
#define VNIC_NETWORK                                                                               \
	"tx-cir tx-pir tx-cbs tx-pbs rx-cir rx-pir rx-cbs rx-pbs weight class acl spoofcheck "     \
	"trunk rdma"
/* Words of a vHBA that decide what it may do to others on the SAN, and who may be it. */
#define VHBA_STORAGE                                                                               \
	"luns auth chap secret-file mutual-chap mutual-secret-file cir pir iops-cir iops-pir "     \
	"weight"

const struct raceway_right raceway_rights[] = {
	{ "port", NULL, RACEWAY_USER_NETWORK },	   { "segment", NULL, RACEWAY_USER_NETWORK },
	{ "server", NULL, RACEWAY_USER_SERVER },   { "server", "port", RACEWAY_USER_NETWORK },
	{ "pool", NULL, RACEWAY_USER_SERVER },	   { "acl", NULL, RACEWAY_USER_NETWORK },
	{ "san", NULL, RACEWAY_USER_STORAGE },	   { "volume", NULL, RACEWAY_USER_STORAGE },
	{ "portal", NULL, RACEWAY_USER_STORAGE },  { "partition", NULL, RACEWAY_USER_NETWORK },
	{ "template", NULL, RACEWAY_USER_SERVER }, { "profile", NULL, RACEWAY_USER_SERVER },
	{ "vnic", NULL, RACEWAY_USER_SERVER },	   { "vnic", VNIC_NETWORK, RACEWAY_USER_NETWORK },
	{ "vhba", NULL, RACEWAY_USER_SERVER },	   { "vhba", VHBA_STORAGE, RACEWAY_USER_STORAGE },
	{ "gid", NULL, RACEWAY_USER_NETWORK },
};
const size_t raceway_right_count = sizeof(raceway_rights) / sizeof(raceway_rights[0]);

/* Whether `field`, "tx-cir" or "tx_cir", is one of the words. */
static bool names(const char *words, const char *field)
{
	size_t length = strlen(field);

	while (words && *words) {
		size_t word = strcspn(words, " "), i = 0;

		while (i < word && i < length &&
		       (words[i] == field[i] || (words[i] == '-' && field[i] == '_')))
			i++;
		if (i == word && i == length)
			return true;
		words += word + (words[word] == ' ');
	}
	return false;
}

enum raceway_user_role raceway_rights_role(const char *kind, const char *field)
{
	enum raceway_user_role role = RACEWAY_USER_ADMIN;

	for (size_t i = 0; i < raceway_right_count; i++) {
		const struct raceway_right *right = &raceway_rights[i];

		if (strcmp(right->kind, kind) != 0)
			continue;
		if (!right->words)
			role = right->role;
		else if (field && names(right->words, field))
			return right->role;
	}
	return role;
}

static bool has(const struct raceway_caller *caller, enum raceway_user_role role)
{
	return caller->roles & (RACEWAY_USER_BIT(role) | RACEWAY_USER_BIT(RACEWAY_USER_ADMIN));
}

/* "may read only", "has only the roles server, network", "may not even read". */
static void describe(const struct raceway_caller *caller, char *buf, size_t size)
{
	unsigned int more = caller->roles & ~RACEWAY_USER_BIT(RACEWAY_USER_READ);
	size_t used;
	int count = 0;

	if (!more) {
		snprintf(buf, size, "%s", caller->roles ? "may read only" : "may not even read");
		return;
	}
	used = (size_t)snprintf(buf, size, "has only the role%s", more & (more - 1) ? "s" : "");
	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT && used < size; role++)
		if (more & RACEWAY_USER_BIT(role))
			used += (size_t)snprintf(buf + used, size - used, "%s %s",
						 count++ ? "," : "", raceway_user_role_name(role));
}

static int refuse(const struct raceway_caller *caller, const struct raceway_role_groups *groups,
		  enum raceway_user_role role, const char *object, const char *field,
		  const char *doing, struct raceway_error *err)
{
	char what[96], how[96];

	describe(caller, what, sizeof(what));
	if (caller->how == RACEWAY_BY_SOCKET && groups)
		snprintf(how, sizeof(how), " (group %s)", groups->name[role]);
	else
		snprintf(how, sizeof(how), "%s",
			 caller->how == RACEWAY_BY_CERTIFICATE ? " in the certificate" : "");
	return raceway_error_set(err, RACEWAY_FAULT_FORBIDDEN, object, field,
				 "user %s %s; %s needs role %s%s", caller->name, what, doing,
				 raceway_user_role_name(role), how);
}

int raceway_rights_need(const struct raceway_caller *caller,
			const struct raceway_role_groups *groups, enum raceway_user_role role,
			const char *doing, struct raceway_error *err)
{
	if (role == RACEWAY_USER_READ ? caller->roles != 0 : has(caller, role))
		return 0;
	return refuse(caller, groups, role, "", "", doing, err);
}

static const char *text(const json_t *change, const char *key)
{
	const char *value = json_string_value(json_object_get(change, key));

	return value ? value : "";
}

/* The first word of a new object that needs a role which the caller has not. */
static bool foreign_word(const struct raceway_caller *caller, const char *kind, const json_t *doc,
			 char *word, size_t size)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)doc, key, value) {
		if (has(caller, raceway_rights_role(kind, key)))
			continue;
		snprintf(word, size, "%s", key);
		for (char *at = word; *at; at++)
			*at = *at == '_' ? '-' : *at;
		return true;
	}
	return false;
}

static int judge_one(const struct raceway_caller *caller, const struct raceway_role_groups *groups,
		     const json_t *change, struct raceway_error *err)
{
	const char *kind = text(change, "kind"), *op = text(change, "op");
	const char *field = text(change, "field")[0] ? text(change, "field") : NULL;
	enum raceway_user_role role = raceway_rights_role(kind, field);
	bool adds = !strcmp(op, "add");
	char object[96], doing[80], word[WORD];

	snprintf(object, sizeof(object), "%s %.80s", kind, text(change, "name"));
	if (!field)
		snprintf(doing, sizeof(doing), "%s %ss", adds ? "adding" : "deleting", kind);
	else
		snprintf(doing, sizeof(doing), "changing %s of %ss", field, kind);
	if (has(caller, role)) {
		if (!adds ||
		    !foreign_word(caller, kind, json_object_get(change, "to"), word, sizeof(word)))
			return 0;
		field = word;
		role = raceway_rights_role(kind, field);
		snprintf(doing, sizeof(doing), "adding %ss with %s", kind, field);
	}
	return refuse(caller, groups, role, object, field ? field : "", doing, err);
}

int raceway_rights_judge(const struct raceway_caller *caller,
			 const struct raceway_role_groups *groups, const json_t *changes,
			 struct raceway_error *err)
{
	const json_t *change;
	size_t i;

	if (caller->roles & RACEWAY_USER_BIT(RACEWAY_USER_ADMIN))
		return 0;
	if (!changes)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	json_array_foreach (changes, i, change) {
		int r = judge_one(caller, groups, change, err);

		if (r < 0)
			return r;
	}
	return 0;
}
