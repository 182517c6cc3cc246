/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which path and method leads where, and errors as answers. */
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/rights.h"
#include "api/show.h"

#define HTTP_OK 200
#define HTTP_NOT_FOUND 404
#define HTTP_METHOD 405
#define PREFIX "/v1/"

static const char *fault_name(enum raceway_fault fault)
{
	switch (fault) {
	case RACEWAY_FAULT_SYNTAX:
		return "syntax";
	case RACEWAY_FAULT_INVALID:
		return "invalid";
	case RACEWAY_FAULT_NOT_FOUND:
		return "not-found";
	case RACEWAY_FAULT_REFUSED:
		return "refused";
	case RACEWAY_FAULT_FORBIDDEN:
		return "forbidden";
	case RACEWAY_FAULT_CANNOT:
		return "cannot";
	default:
		return "system";
	}
}

void raceway_api_error(struct raceway_response *response, const struct raceway_error *err)
{
	raceway_response_clear(response);
	response->status =
		raceway_error_http_status(err->fault ? err->fault : RACEWAY_FAULT_SYSTEM);
	response->json =
		json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "object", err->object, "field",
			  err->field, "message", err->message[0] ? err->message : "internal error",
			  "fault", fault_name(err->fault));
}

void raceway_response_clear(struct raceway_response *response)
{
	json_decref(response->json);
	free(response->text);
	*response = (struct raceway_response){ 0 };
}

static void not_found(struct raceway_response *response, const char *path)
{
	struct raceway_error err = { 0 };

	raceway_error_set(&err, RACEWAY_FAULT_NOT_FOUND, "", "", "there is no %.200s", path);
	raceway_api_error(response, &err);
}

static bool need_method(const struct raceway_request *request, struct raceway_response *response,
			const char *method)
{
	struct raceway_error err = { 0 };

	if (!strcmp(request->method, method) ||
	    (!strcmp(method, "GET") && !strcmp(request->method, "HEAD")))
		return true;
	raceway_error_set(&err, RACEWAY_FAULT_SYNTAX, "", "", "%s is not possible here, only %s",
			  request->method, method);
	raceway_api_error(response, &err);
	response->status = HTTP_METHOD;
	response->allow = method;
	return false;
}

static void answer(struct raceway_response *response, json_t *json)
{
	response->status = HTTP_OK;
	response->json = json;
}

/* The paths that are no objects. True if it was one. */
static bool fixed(struct raceway_core *core, const char *what,
		  const struct raceway_request *request, struct raceway_response *response)
{
	if (!strcmp(what, "apply") || !strcmp(what, "diff")) {
		if (need_method(request, response, "POST"))
			raceway_api_apply(core, request, what[0] == 'd', response);
		return true;
	}
	if (!strcmp(what, "confirm")) {
		raceway_api_confirm(core, request, response);
		return true;
	}
	if (!strcmp(what, "restore")) {
		if (need_method(request, response, "POST"))
			raceway_api_restore(core, request, response);
		return true;
	}
	if (strcmp(what, "export") && strcmp(what, "events") && strcmp(what, "version") &&
	    strcmp(what, "doctor") && strcmp(what, "audit") && strcmp(what, "backup"))
		return false;
	if (!need_method(request, response, "GET"))
		return true;
	if (!strcmp(what, "export")) {
		answer(response, raceway_model_export(core->model));
	} else if (!strcmp(what, "audit")) {
		raceway_api_audit(core, request, response);
	} else if (!strcmp(what, "backup")) {
		raceway_api_backup(core, response);
	} else if (!strcmp(what, "events")) {
		response->status = HTTP_OK;
		response->stream = true;
	} else if (!strcmp(what, "version")) {
		answer(response,
		       json_pack("{s:i, s:s, s:i, s:s}", "schema", 1, "version", RACEWAY_VERSION,
				 "layout", RACEWAY_LAYOUT, "node", core->node));
	} else {
		answer(response, json_pack("{s:i, s:o}", "schema", 1, "checks",
					   raceway_doctor_checks(core, request->dev)));
	}
	return true;
}

static void objects(struct raceway_core *core, const char *path,
		    const struct raceway_request *request, struct raceway_response *response)
{
	const struct raceway_kind *kind;
	const char *name = strchr(path, '/');
	char plural[32];
	size_t length = name ? (size_t)(name - path) : strlen(path);

	if (length >= sizeof(plural)) {
		not_found(response, request->path);
		return;
	}
	memcpy(plural, path, length);
	plural[length] = '\0';
	kind = raceway_kind_find(plural);
	if (!kind || strcmp(kind->plural, plural)) {
		not_found(response, request->path);
		return;
	}
	if (name && !*++name)
		name = NULL;
	raceway_api_objects(core, kind, name, request, response);
}

/* Whoever has no role at all gets no answer but that. */
static int check_caller(struct raceway_core *core, const struct raceway_request *request,
			struct raceway_error *err)
{
	static const struct raceway_caller nobody = { .name = "nobody" };

	return raceway_rights_need(request->caller ? request->caller : &nobody, &core->role_groups,
				   RACEWAY_USER_READ, "reading", err);
}

void raceway_api_handle(struct raceway_core *core, const struct raceway_request *request,
			struct raceway_response *ret_response)
{
	struct raceway_error err = { 0 };

	*ret_response = (struct raceway_response){ 0 };
	if (check_caller(core, request, &err)) {
		raceway_api_error(ret_response, &err);
	} else if (!strcmp(request->path, "/metrics")) {
		if (need_method(request, ret_response, "GET")) {
			ret_response->status = HTTP_OK;
			ret_response->type = "text/plain; version=0.0.4; charset=utf-8";
			ret_response->text = raceway_metrics(core);
		}
	} else if (!strcmp(request->path, "/")) {
		raceway_error_set(&err, RACEWAY_FAULT_CANNOT, "", "",
				  "not yet: there is no web page");
		raceway_api_error(ret_response, &err);
	} else if (strncmp(request->path, PREFIX, strlen(PREFIX))) {
		not_found(ret_response, request->path);
	} else if (!fixed(core, request->path + strlen(PREFIX), request, ret_response)) {
		objects(core, request->path + strlen(PREFIX), request, ret_response);
	}
	if (!ret_response->json && !ret_response->text && ret_response->status == HTTP_OK &&
	    !ret_response->stream) {
		raceway_error_set(&err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
		raceway_api_error(ret_response, &err);
	}
}
