/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model of the storage tests. */
#include "scene.h"

#include <criterion/criterion.h>
#include <string.h>

#include "model/yaml.h"

const char scene_base[] =
	"schema: 1\n"
	"ports: [{name: fab, dev: eth1, role: fabric}]\n"
	"segments: [{name: lan}]\n"
	"servers: [{name: s1, port: [fab]}]\n"
	"sans:\n"
	"- {name: pool, type: pool, path: /srv/pool}\n"
	"- {name: array, type: iscsi, portal: 10.9.9.9, target: 'iqn.2001-01.example:a'}\n"
	"- {name: none, type: 'null'}\n"
	"volumes:\n"
	"- {name: pool/boot, size: 1g}\n"
	"- {name: pool/data, size: 2g}\n"
	"- {name: array/a7, dev: 7}\n"
	"- {name: none/n, size: 1t}\n"
	"portals:\n"
	"- {name: p1, address: '127.0.0.1:3999'}\n"
	"profiles:\n"
	"- name: web1\n"
	"  server: local\n"
	"  vnics: [{name: eth0, segment: lan, mac: '02:00:00:00:00:01'}]\n"
	"  vhbas:\n"
	"  - {name: h0, san: pool, wwpn: 3000000000000001, wwnn: 3000000000000011, cir: 1gbit,\n"
	"     pir: 2gbit, iops_cir: 100, iops_pir: 200, weight: 7, initiator: 'iqn.2026-01.x:Me',\n"
	"     luns: [{lun: 5, volume: pool/data, ro: true, shared: true},\n"
	"            {lun: 0, volume: pool/boot}]}\n"
	"- name: web2\n"
	"  server: local\n"
	"  vnics: [{name: eth0, segment: lan, mac: '02:00:00:00:00:02'}]\n"
	"  vhbas:\n"
	"  - {name: h0, san: pool, wwpn: 3000000000000002, wwnn: 3000000000000022, chap: u,\n"
	"     secret_file: /etc/s, mutual_chap: t, mutual_secret_file: /etc/t,\n"
	"     luns: [{lun: 1, volume: pool/data, ro: true, shared: true}]}\n"
	"- name: far\n"
	"  server: s1\n"
	"  vnics: [{name: eth0, segment: lan, mac: '02:00:00:00:00:03'}]\n"
	"  vhbas: [{name: h0, san: none, wwpn: 3000000000000003, wwnn: 3000000000000033}]\n"
	"- name: far2\n"
	"  server: s1\n"
	"  vnics: [{name: eth0, segment: lan, mac: '02:00:00:00:00:04'}]\n"
	"- name: away\n"
	"  vhbas: [{name: h0, san: pool}]\n";

struct raceway_model *scene_model(const char *yaml)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *model = raceway_model_new(), *clean;
	json_auto_t *document = NULL;

	cr_assert_eq(raceway_yaml_parse(yaml, strlen(yaml), "scene", &document, &err), 0, "%s",
		     err.message);
	cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s: %s", err.object,
		     err.message);
	cr_assert_eq(raceway_model_check(model, NULL, &err), 0, "%s: %s", err.object, err.message);
	clean = raceway_model_clone(model);
	raceway_model_free(model);
	return clean;
}

void scene_free(struct raceway_model *model)
{
	raceway_model_free(model);
}

static void write_one(struct raceway_model *model, const char *kind, const char *name,
		      const char *json, enum raceway_write how)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *doc = json_loads(json, 0, NULL);

	cr_assert_eq(raceway_model_write(model, raceway_kind_find(kind), name, doc, how, &err), 0,
		     "%s: %s", err.object, err.message);
	cr_assert_eq(raceway_model_check(model, NULL, &err), 0, "%s: %s", err.object, err.message);
}

void scene_add(struct raceway_model *model, const char *kind, const char *name, const char *json)
{
	write_one(model, kind, name, json, RACEWAY_ADD);
}

void scene_set(struct raceway_model *model, const char *kind, const char *name, const char *json)
{
	write_one(model, kind, name, json, RACEWAY_PATCH);
}

void scene_del(struct raceway_model *model, const char *kind, const char *name)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(raceway_model_delete(model, raceway_kind_find(kind), name, &err), 0, "%s",
		     err.message);
}
