/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* GET /v1/audit: who changed what, when, from where. */
#include <string.h>

#include "api/api.h"
#include "util/units.h"

#define HTTP_OK 200
#define LINES 100 /* unless more or fewer are asked for */

/* "vnic web1/eth0", or "vnic" for all of them; both NULL without. */
static int take_object(const char *text, const struct raceway_kind **ret_kind,
		       const char **ret_name, struct raceway_error *err)
{
	const char *space = text ? strchr(text, ' ') : NULL;
	const struct raceway_kind *kind;
	char word[32];

	if (!text || !*text)
		return 0;
	snprintf(word, sizeof(word), "%.*s", space ? (int)(space - text) : 31, text);
	kind = raceway_kind_find(word);
	if (!kind)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "audit", "object",
					 "%s is no kind of object", word);
	*ret_kind = kind;
	*ret_name = space && space[1] ? space + 1 : NULL;
	return 0;
}

void raceway_api_audit(struct raceway_core *core, const struct raceway_request *request,
		       struct raceway_response *response)
{
	const struct raceway_kind *kind = NULL;
	const char *name = NULL;
	struct raceway_error err = { 0 };
	uint64_t limit = LINES;
	json_t *lines = NULL;
	int ret = take_object(request->object, &kind, &name, &err);

	if (!ret && request->limit && (raceway_parse_u64(request->limit, &limit) || !limit))
		ret = raceway_error_set(&err, RACEWAY_FAULT_SYNTAX, "audit", "limit",
					"limit %.40s is no number from 1", request->limit);
	if (!ret)
		ret = raceway_store_audit(core->store, kind ? raceway_kind_word(kind) : NULL, name,
					  limit, &lines, &err);
	if (ret) {
		raceway_api_error(response, &err);
		return;
	}
	response->status = HTTP_OK;
	response->json = json_pack("{s:i, s:o}", "schema", 1, "audit", lines);
}
