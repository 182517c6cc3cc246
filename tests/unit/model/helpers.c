/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the model's tests share. */
#include "helpers.h"

#include <stdlib.h>
#include <string.h>

#include "model/yaml.h"

const char raceway_test_base[] = "schema: 1\n"
				 "ports:\n"
				 "- {name: up0, dev: eth0, role: uplink}\n"
				 "- {name: srv1, dev: eth1, role: fabric, rate: 10gbit}\n"
				 "- {name: srv2, dev: eth2, role: fabric}\n"
				 "segments:\n"
				 "- {name: lan, uplink: up0, vlan: 100}\n"
				 "- {name: flat, uplink: up0, untagged: true}\n"
				 "- {name: priv}\n"
				 "servers:\n"
				 "- {name: a, port: [srv1]}\n"
				 "- {name: b, port: [srv2]}\n"
				 "profiles:\n"
				 "- name: web1\n"
				 "  server: a\n"
				 "  vnics:\n"
				 "  - {name: eth0, segment: lan, mac: '02:00:00:00:00:01',\n"
				 "     rx_cir: 4gbit, rx_pir: 8gbit, tx_cir: 3gbit}\n"
				 "- name: web2\n"
				 "  server: b\n"
				 "  vnics:\n"
				 "  - {name: eth0, segment: lan, mac: '02:00:00:00:00:02'}\n"
				 "- name: box\n"
				 "  server: local\n"
				 "  vnics:\n"
				 "  - {name: eth0, segment: lan, mac: '02:00:00:00:00:03'}\n"
				 "- name: spare\n"
				 "  vnics:\n"
				 "  - {name: eth0, segment: priv, mac: '02:00:00:00:00:04'}\n";

static uint64_t speed_bps(void *context, const char *dev)
{
	return strcmp(dev, "eth0") == 0 || strcmp(dev, "eth1") == 0 ? 10000000000 : 0;
}

static uint32_t mtu(void *context, const char *dev)
{
	return strcmp(dev, "eth1") == 0 ? 9000 : 1500;
}

static bool dev_exists(void *context, const char *dev)
{
	return strlen(dev) == 4 && strncmp(dev, "eth", 3) == 0 && dev[3] <= '3';
}

const struct raceway_world raceway_test_world = {
	.speed_bps = speed_bps,
	.mtu = mtu,
	.dev_exists = dev_exists,
	.max_vnics = 8,
};

json_t *raceway_test_yaml(const char *yaml)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_t *document = NULL;

	cr_assert_eq(raceway_yaml_parse(yaml, strlen(yaml), "test", &document, &err), 0, "%s\n%s",
		     err.message, yaml);
	return document;
}

struct raceway_model *raceway_test_model(const char *yaml)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *model = raceway_model_new();
	json_auto_t *document = raceway_test_yaml(yaml);

	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s: %s", err.object,
		     err.message);
	cr_assert_eq(raceway_model_check(model, &raceway_test_world, &err), 0, "%s: %s", err.object,
		     err.message);
	return model;
}

char *raceway_test_dump(const struct raceway_model *model)
{
	json_auto_t *all = json_object();

	for (size_t i = 0; i < raceway_kind_count; i++)
		json_object_set(
			all, raceway_kinds[i].of ? raceway_kinds[i].name : raceway_kinds[i].plural,
			(json_t *)raceway_model_all(model, &raceway_kinds[i]));
	return json_dumps(all, JSON_SORT_KEYS | JSON_COMPACT);
}

void raceway_test_expect(const char *what, int result, const struct raceway_error *err,
			 const struct raceway_test_error *want)
{
	cr_expect_eq(err->fault, want->fault, "%s: fault %d, not %d: %s: %s", what, err->fault,
		     want->fault, err->object, err->message);
	cr_expect_eq(result < 0, want->fault != RACEWAY_FAULT_NONE, "%s: result %d", what, result);
	cr_expect_str_eq(err->object, want->object ? want->object : "", "%s: object \"%s\"", what,
			 err->object);
	cr_expect_str_eq(err->field, want->field ? want->field : "", "%s: field \"%s\"", what,
			 err->field);
	cr_expect_str_eq(err->message, want->message ? want->message : "", "%s: message \"%s\"",
			 what, err->message);
}

static void one_write(const struct raceway_model *base, const struct raceway_test_write *w)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *model = raceway_model_clone(base);
	json_auto_t *doc = json_loads(w->doc, 0, NULL);
	char what[256], *before = raceway_test_dump(model), *after;
	int r;

	snprintf(what, sizeof(what), "%s %s %s", w->kind, w->name, w->doc);
	cr_assert(doc, "%s", what);
	r = raceway_model_write(model, raceway_kind_find(w->kind), w->name, doc, w->how, &err);
	after = raceway_test_dump(model);
	if (r < 0)
		cr_expect_str_eq(before, after, "%s changed the model and failed", what);
	else
		r = raceway_model_check(model, &raceway_test_world, &err);
	raceway_test_expect(what, r, &err, &w->want);
	free(before);
	free(after);
	raceway_model_free(model);
}

void raceway_test_writes(const char *base, const struct raceway_test_write *writes, size_t count)
{
	struct raceway_model *model = raceway_test_model(base);
	char *before = raceway_test_dump(model), *after;

	for (size_t i = 0; i < count; i++)
		one_write(model, &writes[i]);
	after = raceway_test_dump(model);
	cr_expect_str_eq(before, after, "a write to a clone changed the model");
	free(before);
	free(after);
	raceway_model_free(model);
}
