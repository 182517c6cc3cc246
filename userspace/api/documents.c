/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole documents: apply and diff, and bodies of requests. */
#include <string.h>

#include "api/api.h"
#include "model/yaml.h"
#include "util/cleanup.h"

#define HTTP_OK 200

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

void raceway_api_apply(struct raceway_core *core, const struct raceway_request *request, bool diff,
		       struct raceway_response *response)
{
	json_auto_t *document = NULL;
	struct raceway_error err = { 0 };
	struct apply apply = { .prune = request->prune };
	const struct raceway_change change = {
		/* to compare is to read */
		.caller = diff ? &raceway_caller_daemon : request->caller,
		.edit = edit,
		.context = &apply,
		.dry_run = diff || request->dry_run,
	};
	json_t *changes = NULL;
	int ret = raceway_api_body(request, &document, &err);

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
