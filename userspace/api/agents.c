/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of other nodes, as it is shown: a director's servers, a server's director. */
#include <stdio.h>
#include <string.h>

#include "api/show.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What a director gives its servers. */
static bool is_directed(const char *kind)
{
	static const char *const kinds[] = { "segment",	 "server",	  "profile",
					     "vnic",	 "vhba",	  "pool",
					     "template", "template-vnic", "template-vhba" };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i], kind))
			return true;
	return false;
}

int raceway_agent_may(const struct raceway_core *core, const json_t *changes,
		      struct raceway_error *err)
{
	const json_t *change;
	char object[96];
	size_t i;

	if (core->role != RACEWAY_NODE_SERVER)
		return 0;
	json_array_foreach (changes, i, change) {
		const char *kind = text_of(change, "kind");

		if (!is_directed(kind))
			continue;
		snprintf(object, sizeof(object), "%s %.80s", kind, text_of(change, "name"));
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "%ss are the director's: change it there", kind);
	}
	return 0;
}

void raceway_agent_show(const struct raceway_core *core, const char *server, json_t *object)
{
	static const char *const keys[] = { "connected", "since", "address", "agent_version" };
	const json_t *agent = json_object_get(core->agents, server);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		json_t *value = json_object_get(agent, keys[i]);

		json_object_set_new(object, keys[i], value ? json_incref(value) : json_null());
	}
}

const char *raceway_agent_reason(const struct raceway_core *core, const char *server, char *buf,
				 size_t size)
{
	const json_t *agent = json_object_get(core->agents, server);
	const char *why = text_of(agent, "why");

	if (!agent || json_is_true(json_object_get(agent, "connected")))
		return NULL;
	snprintf(buf, size, "its agent is not connected%s%s", *why ? ": " : "", why);
	return buf;
}

const char *raceway_agent_oper(const struct raceway_core *core, const char *vnic, char *reason,
			       size_t size)
{
	const struct raceway_kind *kind = raceway_kind_find("profile");
	const json_t *doc, *agent, *report;
	const char *server, *last;
	char name[160];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(vnic, "/"), vnic);
	doc = raceway_model_get(core->model, kind, name);
	server = doc ? raceway_model_text(kind, doc, "server") : NULL;
	agent = server ? json_object_get(core->agents, server) : NULL;
	if (!agent)
		return NULL;
	report = json_object_get(json_object_get(agent, "vnics"), vnic);
	last = text_of(report, "oper");
	if (!json_is_true(json_object_get(agent, "connected"))) {
		snprintf(reason, size, "the agent of server %s is not connected%s%s", server,
			 *last ? "; it said last: " : "", last);
		return "unknown";
	}
	if (!report) {
		snprintf(reason, size, "server %s has not reported yet", server);
		return "down";
	}
	if (!strcmp(last, "up"))
		return "up";
	snprintf(reason, size, "server %s: %s", server, text_of(report, "reason"));
	return "down";
}
