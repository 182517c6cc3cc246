/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is done with an object beyond its words: a vHBA's maps, copies of a volume, reservations of
 * a pool. */
#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "api/rights.h"
#include "model/pool.h"
#include "util/cleanup.h"

#define HTTP_OK 200

struct action {
	const char *name; /* of the object it is done with */
	const json_t *body;
};

static int map(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct action *a = context;

	return raceway_vhba_map(model, a->name, a->body, err);
}

static int unmap(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct action *a = context;

	return raceway_vhba_unmap(model, a->name, json_object_get(a->body, "lun"), err);
}

static int copy(struct raceway_model *model, const struct action *a, bool frozen,
		struct raceway_error *err)
{
	char made[RACEWAY_VOLUME_NAME];

	return raceway_volume_copy(model, a->name,
				   json_string_value(json_object_get(a->body, "name")), frozen,
				   made, err);
}

static int snapshot(struct raceway_model *model, void *context, struct raceway_error *err)
{
	return copy(model, context, true, err);
}

static int clone(struct raceway_model *model, void *context, struct raceway_error *err)
{
	return copy(model, context, false, err);
}

static int reserve(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct action *a = context;

	return raceway_pool_reserve(model, a->name, json_object_get(a->body, "value"), err);
}

static int release(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct action *a = context;

	return raceway_pool_release(model, a->name, json_object_get(a->body, "value"), err);
}

static const struct known {
	const char *kind, *word;
	raceway_core_edit edit;
	bool copies; /* the answer is another object: body's name */
} actions[] = {
	{ "vhba", "map", map, false },
	{ "vhba", "unmap", unmap, false },
	{ "volume", "snapshot", snapshot, true },
	{ "volume", "clone", clone, true },
	{ "pool", "reserve", reserve, false },
	{ "pool", "release", release, false },
};

/* The object that the answer is about: "SAN/NAME" of a copy. */
static int result_name(const struct known *known, const struct action *a, char *buf, size_t size,
		       struct raceway_error *err)
{
	const char *name = json_string_value(json_object_get(a->body, "name"));
	char object[96];

	snprintf(buf, size, "%s", a->name);
	if (!known->copies)
		return 0;
	snprintf(object, sizeof(object), "%s %.80s", known->kind, a->name);
	if (!name)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "name",
					 "name is missing: that of the copy");
	if (strchr(name, '/'))
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%.*s/%s", (int)strcspn(a->name, "/"), a->name, name);
	return 0;
}

static void run(struct raceway_core *core, const struct raceway_kind *kind,
		const struct known *known, const char *name, const struct raceway_request *request,
		struct raceway_response *response)
{
	json_auto_t *body = NULL;
	struct raceway_error err = { 0 };
	char result[2 * RACEWAY_VOLUME_NAME];
	struct action action = { .name = name };

	if (raceway_api_body(request, &body, &err)) {
		raceway_api_error(response, &err);
		return;
	}
	action.body = body;
	if (result_name(known, &action, result, sizeof(result), &err))
		raceway_api_error(response, &err);
	else
		raceway_api_change(core, kind, result, known->edit, &action, request, response);
}

bool raceway_api_action(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, const struct raceway_request *request,
			struct raceway_response *response)
{
	const char *word = strchr(name, '/');
	char object[RACEWAY_VOLUME_NAME];

	if (kind->parent && word)
		word = strchr(word + 1, '/');
	if (!word || (size_t)(word - name) >= sizeof(object))
		return false;
	snprintf(object, sizeof(object), "%.*s", (int)(word - name), name);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(actions[i].kind, kind->name) || strcmp(actions[i].word, word + 1))
			continue;
		if (strcmp(request->method, "POST"))
			raceway_api_method_error(request, "POST", response);
		else
			run(core, kind, &actions[i], object, request, response);
		return true;
	}
	return false;
}

#define ENROLL "/enroll"

/* Who may enrol a server lets one in: the audit has it before the token is given out. */
static int enroll(struct raceway_core *core, const char *server,
		  const struct raceway_request *request, struct raceway_response *response,
		  struct raceway_error *err)
{
	json_auto_t *lines =
		json_pack("[{s:s, s:s, s:s}]", "op", "enroll", "kind", "server", "name", server);
	const struct raceway_record record = {
		.who = request->caller->name,
		.from = request->caller->from,
		.changes = lines,
	};
	int r = raceway_store_log(core->store, &record, err);

	return r ? r : core->nodes.enroll(core->nodes.context, server, &response->json, err);
}

bool raceway_api_enroll(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, const struct raceway_request *request,
			struct raceway_response *response)
{
	const char *slash = strchr(name, '/');
	struct raceway_error err = { 0 };
	char server[RACEWAY_VOLUME_NAME], object[96];
	int r;

	if (strcmp(kind->name, "server") || !slash || strcmp(slash, ENROLL))
		return false;
	snprintf(server, sizeof(server), "%.*s", (int)(slash - name), name);
	snprintf(object, sizeof(object), "server %.80s", server);
	if (strcmp(request->method, "POST")) {
		raceway_api_method_error(request, "POST", response);
		return true;
	}
	if (request->dry_run)
		r = raceway_error_set(&err, RACEWAY_FAULT_INVALID, object, "",
				      "there is no dry run of enrolling: a token is new each time");
	else if (!raceway_model_get(core->model, kind, server))
		r = raceway_error_set(&err, RACEWAY_FAULT_NOT_FOUND, object, "", "does not exist");
	else if (!core->nodes.enroll)
		r = raceway_error_set(&err, RACEWAY_FAULT_REFUSED, object, "",
				      "only a director enrolls servers: racewayd --role director");
	else
		r = raceway_rights_need(request->caller, &core->role_groups, RACEWAY_USER_SERVER,
					"enrolling a server", &err);
	if (!r)
		r = enroll(core, server, request, response, &err);
	if (r)
		raceway_api_error(response, &err);
	else
		response->status = HTTP_OK;
	return true;
}
