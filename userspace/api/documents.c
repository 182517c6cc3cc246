/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole documents: apply and diff, what waits to be confirmed, and bodies of requests. */
#include <string.h>

#include "api/api.h"
#include "model/yaml.h"
#include "util/cleanup.h"
#include "util/units.h"

#define HTTP_OK 200
#define CONFIRM_MIN_S 1
#define CONFIRM_MAX_S 3600

struct apply {
	const json_t *document;
	bool prune;
};

int raceway_api_body(const struct raceway_request *request, json_t **ret_body,
		     struct raceway_error *err)
{
	json_error_t where;
	json_t *body = NULL;
	int ret;

	if (!request->body || !request->body_size)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "the request has no body");
	if (request->content_type && strstr(request->content_type, "yaml")) {
		ret = raceway_yaml_parse(request->body, request->body_size, "body", &body, err);
		if (ret)
			return ret;
	} else {
		body = json_loadb(request->body, request->body_size, JSON_REJECT_DUPLICATES,
				  &where);
		if (!body)
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
						 "the body is no JSON: line %d column %d: %s; a "
						 "body of YAML needs the header Content-Type: "
						 "application/yaml",
						 where.line, where.column, where.text);
	}
	if (!json_is_object(body)) {
		json_decref(body);
		return raceway_error_set(
			err, RACEWAY_FAULT_SYNTAX, "", "",
			"the body is no object of keys and values, as {\"schema\": 1} "
			"is");
	}
	*ret_body = body;
	return 0;
}

static int edit(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct apply *a = context;

	return raceway_model_apply(model, a->document, a->prune, err);
}

/* How long the change may wait to be confirmed, 0: it is for good. */
static int confirm_within(const struct raceway_request *request, uint64_t *ret_ns,
			  struct raceway_error *err)
{
	uint64_t ns;

	*ret_ns = 0;
	if (!request->confirm)
		return 0;
	if (raceway_parse_time(request->confirm, &ns))
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "apply", "confirm",
					 "confirm \"%.40s\" is not a time, as 60s",
					 request->confirm);
	if (ns < CONFIRM_MIN_S * RACEWAY_NSEC_PER_SEC || ns > CONFIRM_MAX_S * RACEWAY_NSEC_PER_SEC)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "apply", "confirm",
					 "confirm %.40s is out of range, %ds to %ds",
					 request->confirm, CONFIRM_MIN_S, CONFIRM_MAX_S);
	*ret_ns = ns;
	return 0;
}

void raceway_api_apply(struct raceway_core *core, const struct raceway_request *request, bool diff,
		       struct raceway_response *response)
{
	json_auto_t *document = NULL;
	struct raceway_error err = { 0 };
	struct apply apply = { .prune = request->prune };
	struct raceway_change change = {
		/* to compare is to read */
		.caller = diff ? &raceway_caller_daemon : request->caller,
		.edit = edit,
		.context = &apply,
		.dry_run = diff || request->dry_run,
	};
	json_t *changes = NULL;
	int ret = raceway_api_body(request, &document, &err);

	if (!ret && !diff)
		ret = confirm_within(request, &change.confirm_ns, &err);
	if (!ret) {
		apply.document = document;
		ret = raceway_core_change(core, &change, &changes, &err);
	}
	if (ret) {
		raceway_api_error(response, &err);
		return;
	}
	response->status = HTTP_OK;
	response->json = json_pack("{s:i, s:o}", "schema", 1, "changes", changes);
}

void raceway_api_confirm(struct raceway_core *core, const struct raceway_request *request,
			 struct raceway_response *response)
{
	bool post = !strcmp(request->method, "POST");
	struct raceway_error err = { 0 };

	if (!post && strcmp(request->method, "GET") && strcmp(request->method, "HEAD")) {
		raceway_api_method_error(request, "GET, POST", response);
		return;
	}
	if (post && raceway_core_confirm(core, request->caller, &err)) {
		raceway_api_error(response, &err);
		return;
	}
	response->status = HTTP_OK;
	response->json =
		json_pack("{s:i, s:o}", "schema", 1, "confirm", raceway_core_confirm_show(core));
}
