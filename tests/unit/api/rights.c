/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/api/rights.c and peer.c: every kind has a rule, and every role exactly its own. */
#include "api/rights.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/peer.h"
#include "model/schema.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define READ RACEWAY_USER_BIT(RACEWAY_USER_READ)
#define SERVER (READ | RACEWAY_USER_BIT(RACEWAY_USER_SERVER))
#define NETWORK (READ | RACEWAY_USER_BIT(RACEWAY_USER_NETWORK))
#define STORAGE (READ | RACEWAY_USER_BIT(RACEWAY_USER_STORAGE))
#define ADMIN (READ | RACEWAY_USER_BIT(RACEWAY_USER_ADMIN))

/* A kind or word that is added without a rule is the administrators' alone: decide, and say so. */
Test(rights, every_kind_has_a_rule_and_every_rule_its_words)
{
	for (size_t i = 0; i < raceway_kind_count; i++)
		cr_expect_neq(raceway_rights_role(raceway_kind_word(&raceway_kinds[i]), NULL),
			      RACEWAY_USER_ADMIN, "kind %s has no rule", raceway_kinds[i].name);
	for (size_t i = 0; i < raceway_right_count; i++) {
		const struct raceway_right *right = &raceway_rights[i];
		const struct raceway_kind *kind = raceway_kind_find(right->kind);
		const char *word = right->words ? right->words : "";

		cr_assert(kind, "%s", right->kind);
		while (*word) {
			size_t length = strcspn(word, " ");
			char text[32];

			snprintf(text, sizeof(text), "%.*s", (int)length, word);
			cr_expect(raceway_attr_find(kind, text), "%s %s", kind->name, text);
			cr_expect_eq(raceway_rights_role(kind->name, text), right->role, "%s",
				     text);
			word += length + (word[length] == ' ');
		}
	}
	cr_expect_eq(raceway_rights_role("gadget", NULL), RACEWAY_USER_ADMIN);
}

struct judged {
	unsigned int roles;
	const char *change; /* JSON */
	const char *says;   /* NULL: allowed */
};

static const struct judged cases[] = {
	{ READ, "{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\",\"to\":{}}",
	  "user bob may read only; adding segments needs role network (group raceway-network)" },
	{ NETWORK, "{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\",\"to\":{}}", NULL },
	{ SERVER | STORAGE, "{\"op\":\"del\",\"kind\":\"port\",\"name\":\"up\",\"from\":{}}",
	  "user bob has only the roles server, storage; deleting ports needs role network "
	  "(group raceway-network)" },
	{ SERVER, "{\"op\":\"change\",\"kind\":\"vnic\",\"name\":\"w/e\",\"field\":\"tx-pir\"}",
	  "user bob has only the role server; changing tx-pir of vnics needs role network "
	  "(group raceway-network)" },
	{ NETWORK, "{\"op\":\"change\",\"kind\":\"vnic\",\"name\":\"w/e\",\"field\":\"tx-pir\"}",
	  NULL },
	{ NETWORK, "{\"op\":\"change\",\"kind\":\"vnic\",\"name\":\"w/e\",\"field\":\"segment\"}",
	  "user bob has only the role network; changing segment of vnics needs role server "
	  "(group raceway-server)" },
	{ SERVER,
	  "{\"op\":\"add\",\"kind\":\"vnic\",\"name\":\"w/e\",\"to\":{\"segment\":\"lan\"}}",
	  NULL },
	{ SERVER,
	  "{\"op\":\"add\",\"kind\":\"vnic\",\"name\":\"w/e\",\"to\":{\"segment\":\"lan\","
	  "\"rx_cir\":5}}",
	  "user bob has only the role server; adding vnics with rx-cir needs role network "
	  "(group raceway-network)" },
	{ SERVER | NETWORK,
	  "{\"op\":\"add\",\"kind\":\"vnic\",\"name\":\"w/e\",\"to\":{\"rx_cir\":5}}", NULL },
	{ SERVER, "{\"op\":\"del\",\"kind\":\"vnic\",\"name\":\"w/e\",\"from\":{\"rx_cir\":5}}",
	  NULL },
	{ SERVER, "{\"op\":\"change\",\"kind\":\"profile\",\"name\":\"w\",\"field\":\"server\"}",
	  NULL },
	{ STORAGE, "{\"op\":\"change\",\"kind\":\"profile\",\"name\":\"w\",\"field\":\"server\"}",
	  "user bob has only the role storage; changing server of profiles needs role server "
	  "(group raceway-server)" },
	{ SERVER, "{\"op\":\"change\",\"kind\":\"vhba\",\"name\":\"w/h\",\"field\":\"luns\"}",
	  "user bob has only the role server; changing luns of vhbas needs role storage "
	  "(group raceway-storage)" },
	{ STORAGE, "{\"op\":\"change\",\"kind\":\"vhba\",\"name\":\"w/h\",\"field\":\"luns\"}",
	  NULL },
	{ SERVER, "{\"op\":\"change\",\"kind\":\"vhba\",\"name\":\"w/h\",\"field\":\"chap\"}",
	  "user bob has only the role server; changing chap of vhbas needs role storage "
	  "(group raceway-storage)" },
	{ SERVER,
	  "{\"op\":\"change\",\"kind\":\"vhba\",\"name\":\"w/h\",\"field\":"
	  "\"mutual-secret-file\"}",
	  "user bob has only the role server; changing mutual-secret-file of vhbas needs role "
	  "storage (group raceway-storage)" },
	{ SERVER, "{\"op\":\"change\",\"kind\":\"server\",\"name\":\"s\",\"field\":\"port\"}",
	  "user bob has only the role server; changing port of servers needs role network "
	  "(group raceway-network)" },
	{ ADMIN, "{\"op\":\"del\",\"kind\":\"gadget\",\"name\":\"x\"}", NULL },
	{ SERVER | NETWORK | STORAGE, "{\"op\":\"del\",\"kind\":\"gadget\",\"name\":\"x\"}",
	  "user bob has only the roles server, network, storage; deleting gadgets needs role "
	  "admin (group raceway-admin)" },
	{ 0, "{\"op\":\"del\",\"kind\":\"port\",\"name\":\"x\"}",
	  "user bob may not even read; deleting ports needs role network (group "
	  "raceway-network)" },
};

Test(rights, judged_by_what_changes)
{
	struct raceway_role_groups groups;

	raceway_role_groups_default(&groups);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_caller caller = { .roles = cases[i].roles,
						 .how = RACEWAY_BY_SOCKET,
						 .name = "bob" };
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		json_auto_t *change = json_loads(cases[i].change, 0, NULL);
		json_auto_t *changes = json_pack("[O]", change);
		int r = raceway_rights_judge(&caller, &groups, changes, &err);

		cr_expect_eq(r < 0, cases[i].says != NULL, "%s", cases[i].change);
		cr_expect_str_eq(err.message, cases[i].says ? cases[i].says : "", "%s",
				 cases[i].change);
		if (r < 0)
			cr_expect_eq(err.fault, RACEWAY_FAULT_FORBIDDEN);
	}
}

/* One change that is not allowed is enough, wherever it stands. */
Test(rights, the_whole_or_nothing)
{
	struct raceway_caller caller = { .roles = NETWORK,
					 .how = RACEWAY_BY_CERTIFICATE,
					 .name = "carol" };
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *changes = json_loads(
		"[{\"op\":\"add\",\"kind\":\"port\",\"name\":\"up\",\"to\":{}},"
		"{\"op\":\"change\",\"kind\":\"san\",\"name\":\"s\",\"field\":\"path\"}]",
		0, NULL);

	cr_expect_lt(raceway_rights_judge(&caller, NULL, changes, &err), 0);
	cr_expect_str_eq(err.object, "san s");
	cr_expect_str_eq(err.field, "path");
	cr_expect_str_eq(err.message,
			 "user carol has only the role network; changing path of sans needs role "
			 "storage in the certificate");
}

struct grouped {
	uid_t uid;
	gid_t gids[2];
	bool any; /* of the groups exists */
	unsigned int roles;
};

/* The groups are 100 and on, in the order of the roles. */
static const struct grouped grouped[] = {
	{ 0, { 1, 2 }, true, RACEWAY_USER_ALL },
	{ 77, { 1, 2 }, true, RACEWAY_USER_ALL },
	{ 1000, { 1, 2 }, true, READ },
	{ 1000, { 1, 2 }, false, RACEWAY_USER_ALL },
	{ 1000, { 1, 101 }, true, SERVER },
	{ 1000, { 102, 103 }, true, NETWORK | STORAGE },
	{ 1000, { 104, 1 }, true, RACEWAY_USER_ALL },
	{ 1000, { 100, 1 }, true, READ },
	{ 1000, { 101, 102 }, false, RACEWAY_USER_ALL },
};

Test(rights, roles_by_groups)
{
	for (size_t i = 0; i < COUNT(grouped); i++) {
		struct raceway_role_gids gids = { 0 };

		for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++) {
			gids.exists[role] = grouped[i].any;
			gids.divided = grouped[i].any;
			gids.gid[role] = 100 + (gid_t)role;
		}
		cr_expect_eq(raceway_peer_roles(grouped[i].uid, 77, grouped[i].gids, 2, &gids),
			     grouped[i].roles, "%zu", i);
	}
}

/* Whether a group exists must be known: a machine that cannot say has not said no. */
Test(rights, groups_that_cannot_be_looked_up)
{
	struct rlimit none;
	struct raceway_role_groups groups;
	struct raceway_role_gids gids = { .gid = { 7 } };

	raceway_role_groups_default(&groups);
	cr_expect_eq(raceway_peer_groups(&groups, &gids), 0);
	cr_expect_not(gids.divided, "this machine has none of them");
	/* a name that is wrong divides the rights as well as one that is right */
	cr_expect_eq(raceway_role_groups_parse("admin=nosuchgroup", &groups, NULL), 0);
	cr_expect_eq(raceway_peer_groups(&groups, &gids), 0);
	cr_expect(gids.divided);
	cr_expect_eq(raceway_peer_roles(1000, 77, NULL, 0, &gids), READ);
	gids = (struct raceway_role_gids){ .gid = { 7 } };
	raceway_role_groups_default(&groups);
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &none), 0);
	none.rlim_cur = (rlim_t)dup(0); /* all above are refused, as when too many are open */
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	cr_expect_lt(raceway_peer_groups(&groups, &gids), 0);
	cr_expect_eq(gids.gid[0], 7);
}

Test(rights, group_names_from_the_options)
{
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{ "", " is not ROLE=GROUP" },
		{ "admin", "admin is not ROLE=GROUP" },
		{ "admin=", "admin= is not ROLE=GROUP" },
		{ "admin=a,,", " is not ROLE=GROUP" },
		{ "boss=x", "boss is no role; there are read, server, network, storage, admin" },
	};
	struct raceway_role_groups groups, before;
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	raceway_role_groups_default(&groups);
	cr_expect_str_eq(groups.name[RACEWAY_USER_STORAGE], "raceway-storage");
	cr_expect_eq(raceway_role_groups_parse("admin=wheel,read=20005", &groups, &err), 0);
	cr_expect_str_eq(groups.name[RACEWAY_USER_ADMIN], "wheel");
	cr_expect_str_eq(groups.name[RACEWAY_USER_READ], "20005");
	cr_expect_str_eq(groups.name[RACEWAY_USER_SERVER], "raceway-server");
	before = groups;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		err = (struct raceway_error){ .fault = RACEWAY_FAULT_NONE };
		cr_expect_lt(raceway_role_groups_parse(wrong[i].text, &groups, &err), 0, "%s",
			     wrong[i].text);
		cr_expect(strstr(err.message, wrong[i].says), "%s: %s", wrong[i].text, err.message);
		cr_expect_arr_eq(&before, &groups, sizeof(groups));
	}
}

/* What the kernel says of a real socket's other end. */
Test(rights, who_is_at_the_other_end)
{
	struct raceway_role_groups groups;
	struct raceway_caller caller = { .name = "before" };
	int ends[2];

	raceway_role_groups_default(&groups);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	cr_assert_eq(raceway_peer_caller(ends[0], &groups, &caller), 0);
	cr_expect_eq(caller.roles, RACEWAY_USER_ALL, "the daemon's own user");
	cr_expect_eq(caller.how, RACEWAY_BY_SOCKET);
	cr_expect_neq(caller.name[0], '\0');
	close(ends[0]);
	close(ends[1]);
	caller = (struct raceway_caller){ .name = "before" };
	cr_expect_lt(raceway_peer_caller(ends[0], &groups, &caller), 0);
	cr_expect_str_eq(caller.name, "before");
	cr_expect_eq(caller.roles, 0);
}
