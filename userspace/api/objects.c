/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GET, POST, PUT, PATCH and DELETE of objects, with versions for If-Match. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "api/api.h"
#include "api/show.h"
#include "model/template.h"
#include "util/cleanup.h"

#define HTTP_OK 200
#define HTTP_CREATED 201
#define HTTP_NO_CONTENT 204
#define HTTP_METHOD 405
#define NS_PER_S 1000000000LL

/* One write, for raceway_core_change(). */
struct write {
	const struct raceway_kind *kind;
	const char *name;
	const json_t *doc; /* NULL: delete */
	enum raceway_write how;
};

static void make_etag(struct raceway_core *core, const struct raceway_kind *kind, const char *name,
		      char etag[RACEWAY_ETAG_SIZE])
{
	etag[0] = '\0';
	if (raceway_model_get(core->model, kind, name))
		snprintf(etag, RACEWAY_ETAG_SIZE, "\"%" PRIu64 "\"",
			 raceway_store_version(core->store, kind->name, name));
}

static int object_error(struct raceway_error *err, enum raceway_fault fault,
			const struct raceway_kind *kind, const char *name, const char *message)
{
	char object[96];

	snprintf(object, sizeof(object), "%s %.80s", raceway_kind_word(kind), name);
	return raceway_error_set(err, fault, object, "", "%s", message);
}

/* " by bob at 2026-11-21 19:30:05 UTC" of {"time", "by"}; "" where that is not known. Returns
 * buf. */
static char *by_whom(const json_t *change, char *buf, size_t size)
{
	const char *by = json_string_value(json_object_get(change, "by"));
	time_t when = (time_t)(json_integer_value(json_object_get(change, "time")) / NS_PER_S);
	char clock[32];
	struct tm day;

	buf[0] = '\0';
	if (by && gmtime_r(&when, &day) &&
	    strftime(clock, sizeof(clock), "%Y-%m-%d %H:%M:%S UTC", &day))
		snprintf(buf, size, " by %s at %s", by, clock);
	return buf;
}

/* If-Match for an object that is not there: if it was, who has deleted it. */
static int refuse_gone(struct raceway_core *core, const struct raceway_kind *kind, const char *name,
		       struct raceway_error *err)
{
	json_auto_t *lines = NULL;
	const json_t *last;
	char object[96], who[128];
	const char *op;

	if (raceway_store_audit(core->store, raceway_kind_word(kind), name, 1, &lines, err))
		return -EIO;
	last = json_array_get(lines, 0);
	op = json_string_value(json_object_get(last, "op"));
	if (!op || strcmp(op, "del") != 0)
		return object_error(err, RACEWAY_FAULT_REFUSED, kind, name,
				    "does not exist, and If-Match asks for one that does");
	snprintf(object, sizeof(object), "%s %.80s", raceway_kind_word(kind), name);
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "", "it was deleted%s",
				 by_whom(last, who, sizeof(who)));
}

/* If-Match is a list of versions in quotes, or "*" for any (RFC 9110, 13.1.1). */
static int check_version(struct raceway_core *core, const struct raceway_kind *kind,
			 const char *name, const struct raceway_request *request,
			 struct raceway_error *err)
{
	char etag[RACEWAY_ETAG_SIZE], object[96], who[128];
	const json_t *changed;

	if (!request->if_match)
		return 0;
	make_etag(core, kind, name, etag);
	if (etag[0] && (!strcmp(request->if_match, "*") || strstr(request->if_match, etag)))
		return 0;
	if (!etag[0])
		return refuse_gone(core, kind, name, err);
	changed = json_object_get(raceway_store_mark(core->store, kind->name, name), "changed");
	snprintf(object, sizeof(object), "%s %.80s", raceway_kind_word(kind), name);
	return raceway_error_set(
		err, RACEWAY_FAULT_REFUSED, object, "",
		"it was changed meanwhile%s: its version is %" PRIu64 ", not %.40s",
		by_whom(changed, who, sizeof(who)),
		raceway_store_version(core->store, kind->name, name), request->if_match);
}

static int edit(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct write *w = context;

	if (!w->doc)
		return raceway_model_delete(model, w->kind, w->name, err);
	return raceway_model_write(model, w->kind, w->name, w->doc, w->how, err);
}

/* What the caller should know though all is done. */
static void add_warnings(struct raceway_core *core, const struct raceway_kind *kind,
			 const char *name, json_t *answer)
{
	char object[96];
	const struct raceway_error *trouble;
	json_t *shown = json_array_get(json_object_get(answer, kind->plural), 0);
	json_t *warnings = json_object_get(shown, "warnings");

	snprintf(object, sizeof(object), "%s %.88s", kind->name, name);
	trouble = raceway_kernel_trouble(&core->kernel, object);
	if (!strcmp(kind->name, "volume") && json_is_integer(json_object_get(shown, "copying")))
		json_object_set_new(answer, "warnings",
				    json_pack("[s]", "its file system shares no blocks: it is "
						     "being copied, see volume show"));
	else if (trouble)
		json_object_set_new(answer, "warnings", json_pack("[s]", trouble->message));
	else if (warnings)
		json_object_set(answer, "warnings", warnings);
}

static void answer_object(struct raceway_core *core, const struct raceway_kind *kind,
			  const char *name, bool statistics, struct raceway_response *response)
{
	response->json = raceway_show(core, kind, name, statistics);
	make_etag(core, kind, name, response->etag);
}

void raceway_api_change(struct raceway_core *core, const struct raceway_kind *kind,
			const char *name, raceway_core_edit edit_object, void *context,
			const struct raceway_request *request, struct raceway_response *response)
{
	const struct raceway_change change = {
		.caller = request->caller,
		.edit = edit_object,
		.context = context,
		.dry_run = request->dry_run,
	};
	bool existed = raceway_model_get(core->model, kind, name);
	struct raceway_error err = { 0 };
	int ret = check_version(core, kind, name, request, &err);

	if (!ret)
		ret = raceway_core_change(core, &change, NULL, &err);
	if (ret) {
		raceway_api_error(response, &err);
		return;
	}
	if (!raceway_model_get(core->model, kind, name) || !strcmp(request->method, "DELETE")) {
		response->status = HTTP_NO_CONTENT;
		return;
	}
	response->status = existed ? HTTP_OK : HTTP_CREATED;
	answer_object(core, kind, name, false, response);
	add_warnings(core, kind, name, response->json);
}

static void write_object(struct raceway_core *core, struct write *w,
			 const struct raceway_request *request, struct raceway_response *response)
{
	raceway_api_change(core, w->kind, w->name, edit, w, request, response);
}

/* POST to the collection: the name is in the body. */
static void add_object(struct raceway_core *core, const struct raceway_kind *kind,
		       const struct raceway_request *request, struct raceway_response *response)
{
	json_auto_t *body = NULL;
	struct raceway_error err = { 0 };
	struct write w = { .kind = kind, .how = RACEWAY_ADD };
	int ret = raceway_api_body(request, &body, &err);

	if (!ret) {
		w.name = json_string_value(json_object_get(body, "name"));
		w.doc = body;
		if (!w.name)
			ret = raceway_error_set(&err, RACEWAY_FAULT_SYNTAX, kind->name, "name",
						"name is missing");
	}
	if (ret) {
		raceway_api_error(response, &err);
	} else {
		w.kind = raceway_template_kind(core->model, kind, w.name);
		write_object(core, &w, request, response);
	}
}

static void change_object(struct raceway_core *core, const struct raceway_kind *kind,
			  const char *name, enum raceway_write how,
			  const struct raceway_request *request, struct raceway_response *response)
{
	json_auto_t *body = NULL;
	struct raceway_error err = { 0 };
	struct write w = { .kind = kind, .name = name, .how = how };

	if (raceway_api_body(request, &body, &err)) {
		raceway_api_error(response, &err);
		return;
	}
	w.doc = body;
	write_object(core, &w, request, response);
}

void raceway_api_method_error(const struct raceway_request *request, const char *allow,
			      struct raceway_response *response)
{
	struct raceway_error err = { 0 };

	raceway_error_set(&err, RACEWAY_FAULT_SYNTAX, "", "", "%s is not possible here, only %s",
			  request->method, allow);
	raceway_api_error(response, &err);
	response->status = HTTP_METHOD;
	response->allow = allow;
}

static bool is_get(const struct raceway_request *request)
{
	return !strcmp(request->method, "GET") || !strcmp(request->method, "HEAD");
}

static void get_object(struct raceway_core *core, const struct raceway_kind *kind, const char *name,
		       const struct raceway_request *request, struct raceway_response *response)
{
	struct raceway_error err = { 0 };

	if (!raceway_model_get(core->model, kind, name)) {
		object_error(&err, RACEWAY_FAULT_NOT_FOUND, kind, name, "does not exist");
		raceway_api_error(response, &err);
		return;
	}
	response->status = HTTP_OK;
	answer_object(core, kind, name, request->stats, response);
}

void raceway_api_objects(struct raceway_core *core, const struct raceway_kind *kind,
			 const char *name, const struct raceway_request *request,
			 struct raceway_response *response)
{
	struct write deletion = { .name = name };

	if (name && (raceway_api_action(core, kind, name, request, response) ||
		     raceway_api_enroll(core, kind, name, request, response)))
		return;
	if (name)
		kind = raceway_template_kind(core->model, kind, name);
	deletion.kind = kind;
	if (!name && is_get(request)) {
		response->status = HTTP_OK;
		response->json = raceway_show(core, kind, NULL, request->stats);
	} else if (!name && !strcmp(request->method, "POST")) {
		add_object(core, kind, request, response);
	} else if (!name) {
		raceway_api_method_error(request, "GET, POST", response);
	} else if (is_get(request)) {
		get_object(core, kind, name, request, response);
	} else if (!strcmp(request->method, "PUT")) {
		change_object(core, kind, name, RACEWAY_PUT, request, response);
	} else if (!strcmp(request->method, "PATCH")) {
		change_object(core, kind, name, RACEWAY_PATCH, request, response);
	} else if (!strcmp(request->method, "DELETE")) {
		write_object(core, &deletion, request, response);
	} else {
		raceway_api_method_error(request, "GET, PUT, PATCH, DELETE", response);
	}
}
