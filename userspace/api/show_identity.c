/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pools, templates and what is in templates, as `show` gives them. */
#include <stdlib.h>
#include <string.h>

#include "api/show.h"
#include "model/pool.h"

static void set_number(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

static void show_pool(struct raceway_core *core, json_t *object, const char *name)
{
	struct raceway_pool pool;
	json_auto_t *holders = NULL;
	size_t used, reserved;

	if (!raceway_pool_get(core->model, name, &pool))
		return;
	holders = raceway_pool_holders(core->model, &pool);
	used = json_object_size(holders);
	reserved = json_array_size(json_object_get(pool.doc, "reservations"));
	if (!reserved)
		json_object_set_new(object, "reservations", json_array());
	set_number(object, "size", raceway_pool_size(&pool));
	set_number(object, "used", used);
	set_number(object, "reserved", reserved);
	set_number(object, "free", raceway_pool_size(&pool) - used - reserved);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void raceway_show_holders(struct raceway_core *core, json_t *object, const char *name)
{
	struct raceway_pool pool;
	json_auto_t *holders = NULL;
	json_t *list = json_array(), *holder;
	const char **values, *value;
	size_t count = 0;

	if (raceway_pool_get(core->model, name, &pool))
		holders = raceway_pool_holders(core->model, &pool);
	values = calloc(json_object_size(holders) + 1, sizeof(*values));
	if (values) {
		json_object_foreach (holders, value, holder)
			values[count++] = value;
		qsort(values, count, sizeof(*values), by_text);
	}
	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_pack("{s:s, s:O}", "value", values[i], "object",
						      json_object_get(holders, values[i])));
	free(values);
	json_object_set_new(object, "holders", list);
}

static void show_template(struct raceway_core *core, json_t *object, const char *name,
			  const json_t *doc)
{
	bool updating = raceway_model_bool(raceway_kind_find("template"), doc, "updating");

	json_object_set_new(object, "updating", json_boolean(updating));
	json_object_set_new(object, "initial", json_boolean(!updating));
	json_object_set_new(object, "vnics", raceway_show_names(core, "template-vnic", NULL, name));
	json_object_set_new(object, "vhbas", raceway_show_names(core, "template-vhba", NULL, name));
	json_object_set_new(object, "profiles", raceway_show_names(core, "profile", "from", name));
}

/* Its rates, as a vNIC of a profile has them; nobody enforces them here. */
static void show_rates(json_t *object, const json_t *doc)
{
	static const char *const words[2][4] = { { "tx-cir", "tx-pir", "tx-cbs", "tx-pbs" },
						 { "rx-cir", "rx-pir", "rx-cbs", "rx-pbs" } };
	static const char *const dirs[2] = { "tx", "rx" };
	const struct raceway_kind *kind = raceway_kind_find("vnic");

	for (int d = 0; d < 2; d++) {
		json_t *rates = json_object();

		for (int i = 0; i < 4; i++) {
			uint64_t value = i < 2 ? raceway_model_u64(kind, doc, words[d][i])
					       : raceway_model_burst(doc, words[d][i]);

			json_object_set_new(rates, words[d][i] + strlen("tx-"),
					    value || i == 0 ? json_integer((json_int_t)value)
							    : json_null());
		}
		json_object_set_new(object, dirs[d], rates);
	}
}

void raceway_show_identity(struct raceway_core *core, json_t *object,
			   const struct raceway_kind *kind, const char *name, const json_t *doc)
{
	if (!strcmp(kind->name, "pool"))
		show_pool(core, object, name);
	else if (!strcmp(kind->name, "template"))
		show_template(core, object, name, doc);
	else if (!strcmp(kind->name, "template-vnic"))
		show_rates(object, doc);
}
