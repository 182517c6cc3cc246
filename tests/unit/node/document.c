/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A director's model to what travels, and that to a server's model. */
#include "node/document.h"

#include <criterion/criterion.h>
#include <string.h>

#define DIRECTOR                                                                                   \
	"{\"schema\":1,\"ports\":[{\"name\":\"up0\",\"dev\":\"up0\",\"role\":\"uplink\"},"         \
	"{\"name\":\"f1\",\"dev\":\"f1\",\"role\":\"fabric\"},"                                    \
	"{\"name\":\"f2\",\"dev\":\"f2\",\"role\":\"fabric\"}],"                                   \
	"\"segments\":[{\"name\":\"red\",\"number\":10,\"uplink\":\"up0\",\"vlan\":100},"          \
	"{\"name\":\"in\",\"number\":20}],"                                                        \
	"\"servers\":[{\"name\":\"s1\",\"port\":[\"f1\"]},{\"name\":\"s2\",\"port\":[\"f2\"]}],"   \
	"\"profiles\":[{\"name\":\"b\",\"server\":\"s1\",\"vnics\":["                              \
	"{\"name\":\"z\",\"segment\":\"red\",\"mac\":\"02:00:00:00:00:02\",\"tx_pir\":1000000,"    \
	"\"netns\":\"g\",\"state\":\"down\",\"mtu\":1400,\"spoofcheck\":false},"                   \
	"{\"name\":\"a\",\"segment\":\"in\",\"mac\":\"02:00:00:00:00:01\"}]},"                     \
	"{\"name\":\"a\",\"server\":\"s1\"},"                                                      \
	"{\"name\":\"c\",\"server\":\"s2\",\"vnics\":[{\"name\":\"e\",\"segment\":\"red\"}]},"     \
	"{\"name\":\"free\",\"vnics\":[{\"name\":\"e\",\"segment\":\"red\"}]}]}"

#define SERVER "{\"schema\":1,\"ports\":[{\"name\":\"fab0\",\"dev\":\"eth1\",\"role\":\"uplink\"}]}"

static struct raceway_error err;

static struct raceway_model *model_of(const char *text)
{
	json_auto_t *document = json_loads(text, 0, NULL);
	struct raceway_model *model = raceway_model_new();

	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s", err.message);
	return model;
}

static json_t *profiles_of(const struct raceway_model *model, const char *server)
{
	json_auto_t *servers = json_pack("{s:b}", server, 1);
	json_auto_t *documents = raceway_node_documents(model, servers);

	cr_assert_eq(json_object_size(documents), 1);
	return json_incref(json_object_get(documents, server));
}

Test(document, has_the_servers_profiles_sorted_and_nothing_else)
{
	struct raceway_model *model = model_of(DIRECTOR);
	json_auto_t *profiles = profiles_of(model, "s1");
	json_auto_t *want = json_loads(
		"[{\"name\":\"a\",\"vnics\":[]},{\"name\":\"b\",\"vnics\":["
		"{\"name\":\"a\",\"segment\":20,\"segment_name\":\"in\","
		"\"mac\":\"02:00:00:00:00:01\"},"
		"{\"name\":\"z\",\"segment\":10,\"segment_name\":\"red\","
		"\"mac\":\"02:00:00:00:00:02\",\"netns\":\"g\",\"state\":\"down\",\"mtu\":1400,"
		"\"spoofcheck\":false}]}]",
		0, NULL);
	char *text = json_dumps(profiles, 0);

	cr_assert(json_equal(profiles, want), "%s", text);
	free(text);
	raceway_model_free(model);
}

/* One change of the director's model, and whom it concerns. */
static void check_touched(const char *kind, const char *name, const char *patch, const char *want)
{
	struct raceway_model *before = model_of(DIRECTOR);
	struct raceway_model *after = raceway_model_clone(before);
	json_auto_t *doc = patch ? json_loads(patch, 0, NULL) : NULL;
	json_auto_t *servers = json_object(), *changes = NULL;
	char *text;

	if (doc)
		cr_assert_eq(raceway_model_write(after, raceway_kind_find(kind), name, doc,
						 RACEWAY_PATCH, &err),
			     0, "%s", err.message);
	else
		cr_assert_eq(raceway_model_delete(after, raceway_kind_find(kind), name, &err), 0,
			     "%s", err.message);
	changes = raceway_model_diff(before, after);
	raceway_node_touched(after, changes, servers);
	text = json_dumps(servers, JSON_SORT_KEYS | JSON_COMPACT);
	cr_assert_str_eq(text, want, "%s %s: %s", kind, name, text);
	free(text);
	raceway_model_free(before);
	raceway_model_free(after);
}

Test(document, a_change_concerns_where_it_was_and_where_it_is)
{
	check_touched("vnic", "b/z", "{\"mtu\":1300}", "{\"s1\":true}");
	check_touched("profile", "b", "{\"server\":\"s2\"}", "{\"s1\":true,\"s2\":true}");
	check_touched("profile", "b", "{\"server\":null}", "{\"s1\":true}");
	check_touched("profile", "free", "{\"server\":\"s2\"}", "{\"s2\":true}");
	check_touched("profile", "a", NULL, "{\"s1\":true}");
	check_touched("vnic", "b/z", NULL, "{\"s1\":true}");
	check_touched("vnic", "free/e", "{\"mtu\":1300}", "{}");
	check_touched("segment", "in", "{\"number\":21}",
		      "{\"local\":true,\"s1\":true,\"s2\":true}");
	check_touched("port", "f1", "{\"rate\":1000000}", "{}");
}

Test(document, becomes_the_servers_model)
{
	struct raceway_model *director = model_of(DIRECTOR), *server = model_of(SERVER);
	const struct raceway_kind *vnic = raceway_kind_find("vnic");
	const struct raceway_kind *segment = raceway_kind_find("segment");
	json_auto_t *profiles = profiles_of(director, "s1"), *none = json_array();
	const json_t *doc;

	cr_assert_eq(raceway_node_adopt(server, profiles, NULL, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_model_check(server, NULL, &err), 0, "%s", err.message);
	doc = raceway_model_get(server, segment, "red");
	cr_assert_eq(raceway_model_u64(segment, doc, "number"), 10);
	cr_assert_eq(raceway_model_u64(segment, doc, "vlan"), 10);
	cr_assert_str_eq(raceway_model_text(segment, doc, "switching"), "vepa");
	cr_assert_str_eq(raceway_model_text(segment, doc, "uplink"), "fab0");
	doc = raceway_model_get(server, vnic, "b/z");
	cr_assert_str_eq(raceway_model_text(vnic, doc, "segment"), "red");
	cr_assert_str_eq(raceway_model_text(vnic, doc, "mac"), "02:00:00:00:00:02");
	cr_assert_str_eq(raceway_model_text(vnic, doc, "state"), "down");
	cr_assert_eq(raceway_model_u64(vnic, doc, "tx-pir"), 0); /* the director's to enforce */
	cr_assert_not(raceway_model_bool(vnic, doc, "spoofcheck"));
	cr_assert_str_eq(
		raceway_model_text(raceway_kind_find("profile"),
				   raceway_model_get(server, raceway_kind_find("profile"), "b"),
				   "server"),
		"local");
	/* again changes nothing, and nothing at all takes all away but the port */
	{
		struct raceway_model *same = raceway_model_clone(server);
		json_auto_t *changes = NULL;

		cr_assert_eq(raceway_node_adopt(same, profiles, NULL, &err), 0);
		changes = raceway_model_diff(server, same);
		cr_assert_eq(json_array_size(changes), 0);
		raceway_model_free(same);
	}
	cr_assert_eq(raceway_node_adopt(server, none, NULL, &err), 0);
	cr_assert_eq(json_object_size(raceway_model_all(server, vnic)), 0);
	cr_assert_eq(json_object_size(raceway_model_all(server, segment)), 0);
	cr_assert(raceway_model_get(server, raceway_kind_find("port"), "fab0"));
	raceway_model_free(director);
	raceway_model_free(server);
}

Test(document, a_vnic_may_stay_as_it_was_or_be_left_out)
{
	struct raceway_model *director = model_of(DIRECTOR), *server = model_of(SERVER);
	json_auto_t *profiles = profiles_of(director, "s1");
	json_auto_t *out = json_pack("{s:b}", "b/z", 0), *stay = json_pack("{s:b}", "b/z", 1);
	const struct raceway_kind *vnic = raceway_kind_find("vnic");
	json_t *sent = json_array_get(json_object_get(json_array_get(profiles, 1), "vnics"), 1);

	/* a new one cannot stay */
	cr_assert_eq(raceway_node_adopt(server, profiles, stay, &err), 0, "%s", err.message);
	cr_assert(raceway_model_get(server, vnic, "b/a"));
	cr_assert_null(raceway_model_get(server, vnic, "b/z"));
	/* one that is there stays as it was, with its segment, until it must go */
	cr_assert_eq(raceway_node_adopt(server, profiles, NULL, &err), 0, "%s", err.message);
	json_object_set_new(sent, "mtu", json_integer(9000));
	cr_assert_eq(raceway_node_adopt(server, profiles, stay, &err), 0, "%s", err.message);
	cr_assert_eq(raceway_model_u64(vnic, raceway_model_get(server, vnic, "b/z"), "mtu"), 1400);
	cr_assert(raceway_model_get(server, raceway_kind_find("segment"), "red"));
	cr_assert_eq(raceway_node_adopt(server, profiles, out, &err), 0, "%s", err.message);
	cr_assert_null(raceway_model_get(server, vnic, "b/z"));
	cr_assert_null(raceway_model_get(server, raceway_kind_find("segment"), "red"));
	raceway_model_free(director);
	raceway_model_free(server);
}

static void check_refused(const char *server_text, const char *profiles_text, const char *words)
{
	struct raceway_model *server = model_of(server_text);
	json_auto_t *profiles = json_loads(profiles_text, 0, NULL);

	err = (struct raceway_error){ 0 };
	cr_assert_lt(raceway_node_adopt(server, profiles, NULL, &err), 0, "%s", profiles_text);
	cr_assert(strstr(err.message, words), "%s", err.message);
	cr_assert_eq(json_object_size(raceway_model_all(server, raceway_kind_find("profile"))), 0);
	raceway_model_free(server);
}

Test(document, what_cannot_be_is_refused_as_a_whole)
{
	const char *good = "[{\"name\":\"p\",\"vnics\":[{\"name\":\"e\",\"segment\":1,"
			   "\"segment_name\":\"x\"}]}]";

	check_refused("{\"schema\":1}", good, "no uplink yet");
	check_refused("{\"schema\":1,\"ports\":["
		      "{\"name\":\"a\",\"dev\":\"a\",\"role\":\"uplink\"},"
		      "{\"name\":\"b\",\"dev\":\"b\",\"role\":\"uplink\"}]}",
		      good, "several uplinks");
	check_refused(SERVER, "[{\"vnics\":[]}]", "without a name");
	check_refused(SERVER, "[{\"name\":\"p\"}]", "without a name or vNICs");
	check_refused(SERVER, "[3]", "without a name");
	check_refused(SERVER, "[{\"name\":\"p\",\"vnics\":[{\"name\":\"e\"}]}]", "no segment");
	check_refused(SERVER, "[{\"name\":\"p\",\"vnics\":[7]}]", "without a name");
	check_refused(SERVER,
		      "[{\"name\":\"p\",\"vnics\":[{\"name\":\"e\",\"segment\":1,"
		      "\"segment_name\":\"x\"},{\"name\":\"f\",\"segment\":2,"
		      "\"segment_name\":\"x\"}]}]",
		      "twice");
	check_refused(SERVER,
		      "[{\"name\":\"p\",\"vnics\":[{\"name\":\"e\",\"segment\":1,"
		      "\"segment_name\":\"x\",\"colour\":\"red\"}]}]",
		      "colour");
	check_refused(SERVER, "[{\"name\":\"../p\",\"vnics\":[]}]", "");
}
