/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The API for people: rights, audit, versions, backups, pools, templates, enrolling. */
#include <stdlib.h>
#include <string.h>

#include "../net/private.h"
#include "bed.h"
#include "util/cleanup.h"

TestSuite(people, .init = bed_begin, .fini = bed_end);

static const struct raceway_caller reader = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ),
					      .how = RACEWAY_BY_SOCKET,
					      .name = "rita",
					      .from = "test" };
static const struct raceway_caller networker = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ) |
							  RACEWAY_USER_BIT(RACEWAY_USER_NETWORK),
						 .how = RACEWAY_BY_SOCKET,
						 .name = "ned",
						 .from = "test" };
static const struct raceway_caller provider = { .roles = RACEWAY_USER_BIT(RACEWAY_USER_READ) |
							 RACEWAY_USER_BIT(RACEWAY_USER_SERVER),
						.how = RACEWAY_BY_SOCKET,
						.name = "sam",
						.from = "test" };

Test(people, nobody_changes_what_is_not_theirs)
{
	add_local_vnic();
	caller = &reader;
	cr_expect_eq(call("GET", "/v1/segments/lan", NULL), 200);
	cr_expect_eq(call("GET", "/v1/export", NULL), 200);
	cr_expect_eq(call("POST", "/v1/segments", "{\"name\":\"x\"}"), 403);
	cr_expect_str_eq(text("error", "object"), "segment x");
	cr_expect_str_eq(text("error", "message"),
			 "user rita may read only; adding segments needs role network (group "
			 "raceway-network)");
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 403);
	/* what changes nothing needs no right */
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"uplink\":\"up0\"}"), 200);
	/* of a document what is not allowed keeps all of it out */
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/apply",
			  "{\"schema\":1,\"segments\":[{\"name\":\"fine\"}],"
			  "\"profiles\":[{\"name\":\"foreign\"}]}"),
		     403);
	cr_expect_str_eq(text("error", "object"), "profile foreign");
	cr_expect_eq(call("POST", "/v1/apply?dry_run=1",
			  "{\"schema\":1,\"profiles\":[{\"name\":\"foreign\"}]}"),
		     403);
	cr_expect_eq(call("GET", "/v1/segments/fine", NULL), 404);
	cr_expect_eq(call("POST", "/v1/apply", "{\"schema\":1,\"segments\":[{\"name\":\"fine\"}]}"),
		     200);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"mtu\":1400}"), 403);
	/* to compare is to read */
	caller = &reader;
	cr_expect_eq(call("POST", "/v1/diff", "{\"schema\":1,\"segments\":[{\"name\":\"y\"}]}"),
		     200);
	caller = NULL;
	cr_expect_eq(call("GET", "/v1/segments/lan", NULL), 403, "nobody at all");
	cr_expect_eq(call("GET", "/metrics", NULL), 403);
}

/* Rates that a template has were judged when the template got them. */
Test(people, templates_bring_their_rates_along)
{

	add_port_and_segment();
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\",\"updating\":true}"), 201);
	cr_expect_eq(call("POST", "/v1/vnics", "{\"name\":\"web/eth0\",\"segment\":\"lan\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"1gbit\"}"), 403);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"one\",\"from\":\"web\"}"), 201);
	cr_expect_eq(call("POST", "/v1/apply",
			  "{\"schema\":1,\"profiles\":[{\"name\":\"two\",\"from\":\"web\","
			  "\"vnics\":[{\"name\":\"eth0\",\"segment\":\"lan\","
			  "\"tx_pir\":\"2gbit\"}]}]}"),
		     403);
	cr_expect_str_eq(text("error", "field"), "tx-pir");
	cr_expect_eq(call("PATCH", "/v1/vnics/one/eth0", "{\"tx_pir\":\"2gbit\"}"), 403);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web/eth0", "{\"tx_pir\":\"3gbit\"}"), 200);
	cr_expect_eq(call("GET", "/v1/vnics/one/eth0", NULL), 200);
	cr_expect_eq(
		json_integer_value(json_object_get(
			json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0),
					"tx"),
			"pir")),
		3000000000);
}

/* Of the list of the answer, which is not empty, the last. */
static const char *last(const char *list, const char *key)
{
	const json_t *lines = json_object_get(answer.json, list);

	return json_string_value(
		json_object_get(json_array_get(lines, json_array_size(lines) - 1), key));
}

static unsigned int audit(const char *object, const char *limit)
{
	struct raceway_request request = { .caller = caller,
					   .method = "GET",
					   .path = "/v1/audit",
					   .object = object,
					   .limit = limit };

	raceway_response_clear(&answer);
	raceway_api_handle(&core, &request, &answer);
	return answer.status;
}

Test(people, changes_are_told_of)
{
	const json_t *object;

	add_local_vnic();
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	object = json_array_get(json_object_get(answer.json, "vnics"), 0);
	cr_expect_eq(json_integer_value(json_object_get(object, "version")), 5);
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(object, "changed"), "by")),
		"ned");
	cr_expect_str_eq(answer.etag, "\"5\"");
	/* neither what is refused nor what is only tried leaves a line */
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"mtu\":1400}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0?dry_run=1", "{\"tx_pir\":\"2gbit\"}"), 200);
	stub.fail_fill = true;
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"3gbit\"}"), 500);
	stub.fail_fill = false;
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(answer.etag, "\"5\"");
	cr_expect_eq(audit(NULL, NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 5);
	cr_expect_str_eq(last("audit", "by"), "ned");
	cr_expect_str_eq(last("audit", "field"), "tx-pir");
	cr_expect_eq(audit("segment lan", NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 1);
	cr_expect_str_eq(last("audit", "by"), "daemon");
	cr_expect_eq(audit("vnic", "1"), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "audit")), 1);
	cr_expect_eq(audit("gadget", NULL), 400);
	cr_expect_eq(audit(NULL, "0"), 400);
	cr_expect_eq(audit(NULL, "many"), 400);
}

Test(people, the_second_is_told_who_was_first)
{
	char first[RACEWAY_ETAG_SIZE];

	add_port_and_segment();
	cr_assert_eq(call("GET", "/v1/segments/lan", NULL), 200);
	memcpy(first, answer.etag, sizeof(first));
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"one\"}"), 200);
	if_match = first;
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"two\"}"), 409);
	cr_expect(strstr(text("error", "message"), "it was changed meanwhile by ned at 20"), "%s",
		  text("error", "message"));
	cr_expect(strstr(text("error", "message"), "its version is 3, not \"2\""), "%s",
		  text("error", "message"));
	cr_expect_eq(call("DELETE", "/v1/segments/nothing", NULL), 409);
	if_match = "*";
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"two\"}"), 200);
	if_match = "\"1\", \"4\"";
	cr_expect_eq(call("DELETE", "/v1/segments/lan", NULL), 204);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"description\":\"x\"}"), 409);
	cr_expect(strstr(text("error", "message"), "it was deleted by ned at 20"), "%s",
		  text("error", "message"));
}

/* The answer of GET as text, to compare and to send back. */
static char *got(const char *path)
{
	cr_assert_eq(call("GET", path, NULL), 200);
	return json_dumps(answer.json, JSON_SORT_KEYS);
}

static void expect_got(const char *path, const char *want)
{
	RACEWAY_FREE char *text_of = got(path);

	cr_expect_str_eq(text_of, want, "%s", path);
}

Test(people, a_backup_brings_everything_back)
{
	RACEWAY_FREE char *backup = NULL, *export = NULL, *shown = NULL, *now = NULL;

	add_local_vnic();
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	backup = got("/v1/backup");
	export = got("/v1/export");
	shown = got("/v1/vnics");
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/restore", backup), 403);
	cr_expect_str_eq(text("error", "message"),
			 "user ned has only the role network; restoring a backup needs role admin "
			 "(group raceway-admin)");
	caller = &raceway_caller_daemon;
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 204);
	cr_expect_eq(call("POST", "/v1/segments", "{\"name\":\"more\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":9}"), 200);
	/* only said, then done */
	now = got("/v1/export");
	cr_expect_eq(call("POST", "/v1/restore?dry_run=1", backup), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "changes")), 3);
	expect_got("/v1/export", now);
	cr_expect_eq(call("POST", "/v1/restore", backup), 200);
	cr_expect_eq(audit(NULL, "4"), 200);
	cr_expect_str_eq(text("audit", "op"), "restore");
	cr_expect_str_eq(text("audit", "by"), "daemon");
	for (int round = 0; round < 2; round++) {
		struct raceway_error err = { 0 };

		expect_got("/v1/export", export);
		expect_got("/v1/vnics", shown);
		cr_expect_eq(stub.vnics, 1);
		cr_expect_eq(raceway_core_reconcile(&core, &err), 0);
		raceway_core_close(&core);
		open_core();
	}
	/* numbers of changes are never given again */
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":10}"), 200);
	cr_expect_str_eq(answer.etag, "\"9\"");
}

Test(people, a_new_machine_becomes_the_old_one)
{
	RACEWAY_FREE char *backup = NULL;
	char path[64];

	add_local_vnic();
	/* what has marks, cursors and overrides that no document shows */
	cr_expect_eq(call("POST", "/v1/pools",
			  "{\"name\":\"macs\",\"type\":\"mac\",\"from\":\"02:00:00:00:10:00\","
			  "\"to\":\"02:00:00:00:10:09\"}"),
		     201);
	cr_expect_eq(call("POST", "/v1/pools/macs/reserve", "{\"value\":\"02:00:00:00:10:03\"}"),
		     200);
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\",\"updating\":true}"), 201);
	cr_expect_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"web/eth0\",\"segment\":\"lan\",\"pool\":\"macs\"}"),
		     201);
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"web2\",\"from\":\"web\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/web2/eth0", "{\"tx_pir\":\"1gbit\"}"), 200);
	backup = got("/v1/backup");
	cr_expect_eq(call("DELETE", "/v1/vnics/web1/eth0", NULL), 204);
	raceway_core_close(&core);
	for (const char *const *s = (const char *const[]){ "", "-wal", "-shm", NULL }; *s; s++) {
		snprintf(path, sizeof(path), "%s/raceway.db%s", bed_state, *s);
		unlink(path);
	}
	open_core();
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 404);
	cr_expect_eq(call("POST", "/v1/restore", backup), 200);
	expect_got("/v1/backup", backup);
	raceway_core_close(&core);
	open_core();
	expect_got("/v1/backup", backup);
}

/* A backup whose sum is right, of "local" with that version. FNV-1a, 64 bits. */
static void with_sum(char *buf, size_t size, int sequence, int version)
{
	json_auto_t *document = json_pack(
		"{s:i, s:i, s:s, s:i, s:[{s:s, s:s, s:{}, s:i, s:{s:i, s:s}}]}", "schema", 1,
		"backup", 1, "salt", "01", "sequence", sequence, "objects", "kind", "server",
		"name", "local", "doc", "version", version, "changed", "time", 1, "by", "x");
	RACEWAY_FREE char *plain = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);
	RACEWAY_FREE char *whole = NULL;
	uint64_t sum = 14695981039346656037ULL;
	char hex[20];

	for (const char *at = plain; *at; at++)
		sum = (sum ^ (uint8_t)*at) * 1099511628211ULL;
	snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)sum);
	json_object_set_new(document, "check", json_string(hex));
	whole = json_dumps(document, JSON_COMPACT);
	snprintf(buf, size, "%s", whole);
}

Test(people, a_backup_that_is_none_changes_nothing)
{
	static const struct {
		const char *from, *to, *says;
	} wrong[] = {
		{ "\"web1/eth0\"", "\"web1/eth9\"", "damaged" },
		{ "\"backup\": 1", "\"backup\": 2", "form 2, and this version reads 1" },
		{ "\"backup\": 1", "\"other\": 1", "this is no backup" },
		{ "\"check\"", "\"shock\"", "damaged" },
	};
	RACEWAY_FREE char *backup = NULL, *before = NULL;
	char wrong_sequence[512];

	add_local_vnic();
	backup = got("/v1/backup");
	cr_expect_eq(call("PATCH", "/v1/segments/lan", "{\"vlan\":9}"), 200);
	before = got("/v1/backup");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *at = strstr(backup, wrong[i].from);
		char *text_of = NULL;

		cr_assert(at, "%s", wrong[i].from);
		cr_assert_gt(asprintf(&text_of, "%.*s%s%s", (int)(at - backup), backup, wrong[i].to,
				      at + strlen(wrong[i].from)),
			     0);
		cr_expect_eq(call("POST", "/v1/restore", text_of), 409, "%s", wrong[i].to);
		cr_expect(strstr(text("error", "message"), wrong[i].says), "%s",
			  text("error", "message"));
		free(text_of);
	}
	with_sum(wrong_sequence, sizeof(wrong_sequence), -1, 0);
	cr_expect_eq(call("POST", "/v1/restore", wrong_sequence), 409);
	cr_expect(strstr(text("error", "message"), "no number of a change"));
	with_sum(wrong_sequence, sizeof(wrong_sequence), 3, 4);
	cr_expect_eq(call("POST", "/v1/restore", wrong_sequence), 409);
	cr_expect(strstr(text("error", "message"), "the version of server local is none of"));
	cr_expect_eq(call("POST", "/v1/restore", "{\"schema\":1,\"segments\":[]}"), 409);
	cr_expect_eq(call("POST", "/v1/restore", "{"), 400);
	cr_expect_eq(call("GET", "/v1/restore", NULL), 405);
	stub.fail_fill = true;
	cr_expect_eq(call("POST", "/v1/restore", backup), 500);
	stub.fail_fill = false;
	expect_got("/v1/backup", before);
	raceway_core_close(&core);
	open_core();
	expect_got("/v1/backup", before);
}

static json_int_t number(const char *list, const char *key)
{
	return json_integer_value(
		json_object_get(json_array_get(json_object_get(answer.json, list), 0), key));
}

Test(people, pools_give_and_reserve)
{
	static const char pool[] = "{\"name\":\"m\",\"type\":\"mac\",\"from\":"
				   "\"02:00:00:00:00:01\",\"to\":\"02:00:00:00:00:04\"}";
	char etag[RACEWAY_ETAG_SIZE];
	json_t *holders;

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/pools", pool), 201);
	cr_expect_eq(call("POST", "/v1/pools/m/reserve", "{\"value\":\"02:00:00:00:00:01\"}"), 200);
	cr_expect_eq(call("GET", "/v1/pools/m/reserve", NULL), 405);
	cr_expect_eq(call("POST", "/v1/pools/m/reserve", "{}"), 400);
	cr_expect_eq(call("POST", "/v1/pools/n/reserve", "{\"value\":\"02:00:00:00:00:01\"}"), 404);
	cr_expect_eq(call("GET", "/v1/pools/m", NULL), 200);
	snprintf(etag, sizeof(etag), "%s", answer.etag);
	cr_expect_eq(call("PATCH", "/v1/vnics/web1/eth0", "{\"pool\":\"m\"}"), 200);
	cr_expect_str_eq(text("vnics", "mac"), "02:00:00:00:00:02");
	cr_expect_eq(stub.vnic[0].mac[5], 2);
	cr_expect_eq(call("GET", "/v1/pools/m", NULL), 200);
	cr_expect_str_eq(answer.etag, etag, "a change of a vNIC is none of the pool");
	cr_expect_eq(number("pools", "size"), 4);
	cr_expect_eq(number("pools", "used"), 1);
	cr_expect_eq(number("pools", "reserved"), 1);
	cr_expect_eq(number("pools", "free"), 2);
	holders = json_object_get(json_array_get(json_object_get(answer.json, "pools"), 0),
				  "holders");
	cr_expect_eq(json_array_size(holders), 1);
	cr_expect_str_eq(json_string_value(json_object_get(json_array_get(holders, 0), "object")),
			 "vnic web1/eth0");
	cr_expect_eq(call("POST", "/v1/pools/m/release", "{\"value\":\"02:00:00:00:00:02\"}"), 409);
	cr_expect_eq(call("POST", "/v1/pools/m/release", "{\"value\":\"02:00:00:00:00:01\"}"), 200);
	cr_expect_eq(number("pools", "free"), 3);
	cr_expect_eq(call("DELETE", "/v1/pools/m", NULL), 409);
	raceway_core_close(&core);
	open_core();
	cr_expect_eq(call("GET", "/v1/vnics/web1/eth0", NULL), 200);
	cr_expect_str_eq(text("vnics", "mac"), "02:00:00:00:00:02");
}

/* What is in a template is reached by the same paths, and is no vNIC of the data path. */
Test(people, templates_are_apart)
{
	json_t *drift;

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/templates", "{\"name\":\"t\",\"updating\":true}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics", "{\"name\":\"t/a\",\"segment\":\"lan\"}"), 201);
	cr_expect_str_eq(text("vnics", "name"), "t/a");
	cr_expect_eq(stub.vnics, 1);
	cr_expect_eq(call("GET", "/v1/vnics", NULL), 200);
	cr_expect_eq(json_array_size(json_object_get(answer.json, "vnics")), 1);
	cr_expect_eq(call("GET", "/v1/template_vnics", NULL), 404);
	cr_expect_eq(call("GET", "/v1/template-vnic", NULL), 404);
	cr_expect_eq(call("GET", "/v1/vnics/t/a", NULL), 200);
	cr_expect_null(
		json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0), "mac"));
	cr_assert_eq(call("POST", "/v1/profiles",
			  "{\"name\":\"w\",\"from\":\"t\",\"server\":\"local\"}"),
		     201);
	cr_expect_eq(stub.vnics, 2);
	cr_expect_eq(call("PUT", "/v1/vnics/t/a", "{\"segment\":\"lan\",\"mtu\":1300}"), 200);
	cr_expect_eq(call("GET", "/v1/vnics/w/a", NULL), 200);
	cr_expect_eq(number("vnics", "mtu"), 1300);
	/* an override that changes nothing else is stored all the same */
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"mtu\":1300}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"mtu\":1200}"), 200);
	cr_expect_eq(call("GET", "/v1/profiles/w", NULL), 200);
	drift = json_object_get(json_array_get(json_object_get(answer.json, "profiles"), 0),
				"drift");
	cr_expect_str_eq(json_string_value(json_array_get(drift, 0)),
			 "~ vnic w/a mtu 1200 -> 1300");
	cr_expect_eq(call("DELETE", "/v1/vnics/w/a", NULL), 409);
	cr_expect_eq(call("DELETE", "/v1/vnics/t/a", NULL), 204);
	cr_expect_eq(call("GET", "/v1/vnics/w/a", NULL), 404);
	cr_expect_eq(stub.vnics, 1);
	cr_expect_eq(call("GET", "/v1/templates/t", NULL), 200);
	cr_expect_eq(call("DELETE", "/v1/templates/t", NULL), 409);
}

static bool announces(void)
{
	raceway_announcer_free(&core.announce.announcer); /* knows nobody */
	raceway_core_announce_update(&core);
	return raceway_heap_first(&core.announce.announcer.due);
}

Test(people, who_comes_is_announced_but_not_by_a_server)
{
	cr_expect(!announces());
	add_local_vnic();
	cr_expect(announces());
	core.role = RACEWAY_NODE_SERVER;
	cr_expect(!announces());
}

/* Who may make profiles may make them from what others wrote, with the rates that it has. */
Test(people, a_template_lends_its_rights)
{

	add_local_vnic();
	cr_assert_eq(call("POST", "/v1/templates", "{\"name\":\"t\",\"updating\":true}"), 201);
	cr_assert_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"t/a\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\"}"),
		     201);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"w\",\"from\":\"t\"}"), 201);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"2gbit\"}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"1gbit\"}"), 403,
		     "an own word is no longer the template's");
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"tx_pir\":\"2gbit\"}"), 403);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"mtu\":1400}"), 200);
	caller = &networker;
	cr_expect_eq(call("PATCH", "/v1/vnics/t/a", "{\"tx_pir\":\"2gbit\"}"), 200);
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"3gbit\"}"), 200);
	caller = &provider;
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":\"2gbit\"}"), 403,
		     "the template's value, but an own word");
	cr_expect_eq(call("PATCH", "/v1/vnics/w/a", "{\"tx_pir\":null}"), 403,
		     "nor is it given back by everybody");
	cr_expect_eq(call("POST", "/v1/vnics",
			  "{\"name\":\"w/b\",\"segment\":\"lan\",\"tx_pir\":\"1gbit\"}"),
		     403);
	cr_expect_eq(call("GET", "/v1/vnics/t/a", NULL), 200);
	cr_expect_str_eq(
		json_string_value(json_object_get(
			json_object_get(json_array_get(json_object_get(answer.json, "vnics"), 0),
					"changed"),
			"by")),
		"ned");
}

static int tokens;

static int give_token(void *context, const char *server, json_t **ret_answer,
		      struct raceway_error *err)
{
	tokens++;
	*ret_answer = json_pack("{s:s, s:s}", "token", "secret", "server", server);
	return 0;
}

Test(people, who_enrolled_a_server_is_in_the_audit)
{
	tokens = 0;
	cr_expect_eq(call("POST", "/v1/servers", "{\"name\":\"s1\"}"), 201);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 409, "this is no director");
	core.nodes.enroll = give_token;
	caller = &networker;
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 403);
	caller = &provider;
	cr_expect_eq(call("POST", "/v1/servers/s2/enroll", NULL), 404);
	cr_expect_eq(tokens, 0);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll", NULL), 200);
	cr_expect_eq(tokens, 1);
	cr_expect_eq(call("POST", "/v1/servers/s1/enroll?dry_run=1", NULL), 409);
	cr_expect_eq(tokens, 1, "a dry run gives nothing out");
	cr_expect_eq(audit("server s1", "1"), 200);
	cr_expect_str_eq(last("audit", "op"), "enroll");
	cr_expect_str_eq(last("audit", "by"), provider.name);
}

Test(people, a_server_node_leaves_names_to_its_director)
{
	core.role = RACEWAY_NODE_SERVER;
	cr_expect_eq(call("POST", "/v1/templates", "{\"name\":\"web\"}"), 409);
	cr_expect_eq(call("POST", "/v1/profiles", "{\"name\":\"web\"}"), 409);
	cr_expect_eq(call("POST", "/v1/pools",
			  "{\"name\":\"m\",\"type\":\"mac\",\"from\":\"02:00:00:00:00:01\","
			  "\"to\":\"02:00:00:00:00:04\"}"),
		     409);
}
