/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the director sent becomes this server's model in one change; then how each device is. */
#include <stdio.h>
#include <string.h>

#include "api/show.h"
#include "node/agent.h"
#include "node/document.h"

#define VNIC "vnic "
#define OBJECT_TEXT 160
#define CUT_NAME 80 /* from here on a name in an error may be cut */

struct adoption {
	const json_t *profiles, *without;
};

static int edit(struct raceway_model *model, void *context, struct raceway_error *err)
{
	const struct adoption *adoption = context;

	return raceway_node_adopt(model, adoption->profiles, adoption->without, err);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static char *device_name(const json_t *profile, const json_t *vnic, char buf[OBJECT_TEXT])
{
	snprintf(buf, OBJECT_TEXT, "%.63s/%.63s", text_of(profile, "name"), text_of(vnic, "name"));
	return buf;
}

/* The vNIC of what came that an error is about; errors cut long names. False: it is none of them,
 * or all was tried with it. */
static bool find_device(const struct raceway_agent *a, const json_t *without, const char *said,
			char name[OBJECT_TEXT])
{
	size_t i, k, length = strlen(said);
	json_t *profile, *vnic;

	json_array_foreach (a->profiles, i, profile) {
		json_array_foreach (json_object_get(profile, "vnics"), k, vnic) {
			device_name(profile, vnic, name);
			if (strncmp(name, said, length) ||
			    json_is_false(json_object_get(without, name)))
				continue;
			if (!name[length] || length >= CUT_NAME)
				return true;
		}
	}
	return false;
}

/* A vNIC that this server cannot have keeps none of the others away: it stays as it was, or, where
 * that cannot be either, is left out; its report says why. */
void raceway_agent_adopt(struct raceway_agent *a)
{
	json_auto_t *without = json_object();
	struct adoption adoption = { .profiles = a->profiles, .without = without };
	struct raceway_caller director = { .roles = RACEWAY_USER_ALL,
					   .how = RACEWAY_BY_CERTIFICATE,
					   .name = "director" };
	const struct raceway_change change = {
		.caller = &director, .edit = edit, .context = &adoption, .adopt = true
	};
	struct raceway_error err = { 0 };
	char line[512], name[OBJECT_TEXT];
	int r;

	snprintf(director.from, sizeof(director.from), "tls %.59s", a->address);
	json_decref(a->refused);
	a->refused = json_object();
	while ((r = raceway_core_change(a->core, &change, NULL, &err))) {
		if (strncmp(err.object, VNIC, strlen(VNIC)) ||
		    !find_device(a, without, err.object + strlen(VNIC), name) ||
		    json_object_set_new(without, name,
					json_boolean(!json_object_get(without, name))))
			break;
		if (!json_object_get(a->refused, name))
			json_object_set_new(a->refused, name, json_string(err.message));
		err = (struct raceway_error){ 0 };
	}
	if (r) {
		raceway_error_format(&err, line, sizeof(line));
		fprintf(stderr, "racewayd: what the director sent is not taken over: %s\n", line);
		json_object_set_new(a->refused, "", json_string(line));
	}
	a->report_due = true;
	raceway_core_event(a->core, "director",
			   json_pack("{s:s, s:I, s:s}", "state", r ? "refused" : "applied",
				     "generation", a->generation, "reason", r ? line : ""));
}

static json_t *device(struct raceway_agent *a, const char *name)
{
	const json_t *refused = json_object_get(a->refused, name);
	char reason[400];
	const char *oper;

	if (!refused)
		refused = json_object_get(a->refused, "");
	if (refused)
		return json_pack("{s:s, s:s, s:O}", "vnic", name, "oper", "down", "reason",
				 (json_t *)refused);
	oper = raceway_oper_vnic(a->core, name, reason, sizeof(reason));
	return json_pack("{s:s, s:s, s:s}", "vnic", name, "oper",
			 strcmp(oper, "up") ? "down" : "up", "reason", reason);
}

json_t *raceway_agent_report(struct raceway_agent *a)
{
	json_t *devices = json_array(), *profile, *vnic;
	char name[OBJECT_TEXT];
	size_t i, k;

	json_array_foreach (a->profiles, i, profile) {
		json_array_foreach (json_object_get(profile, "vnics"), k, vnic)
			json_array_append_new(devices, device(a, device_name(profile, vnic, name)));
	}
	if (a->reported && json_equal(devices, a->reported)) {
		json_decref(devices);
		return NULL;
	}
	json_decref(a->reported);
	a->reported = json_incref(devices);
	return json_pack("{s:s, s:I, s:o}", "type", "report", "generation", a->generation,
			 "devices", devices);
}
