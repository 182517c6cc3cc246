/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A model with storage in it, and what the tests of that share. Included once by each. */
#ifndef RACEWAY_TESTS_MODEL_SAN_H
#define RACEWAY_TESTS_MODEL_SAN_H

#include "model/storage.h"

#include <stdlib.h>
#include <string.h>

#include "helpers.h"

#define SYNTAX RACEWAY_FAULT_SYNTAX
#define INVALID RACEWAY_FAULT_INVALID
#define REFUSED RACEWAY_FAULT_REFUSED
#define CANNOT RACEWAY_FAULT_CANNOT
#define NOT_FOUND RACEWAY_FAULT_NOT_FOUND
#define NONE RACEWAY_FAULT_NONE
#define ADD RACEWAY_ADD
#define PUT RACEWAY_PUT
#define PATCH RACEWAY_PATCH

static const char base[] =
	"schema: 1\n"
	"sans:\n"
	"- {name: pool, type: pool, path: /srv/pool/}\n"
	"- {name: other, type: pool, path: /srv/other}\n"
	"- {name: array, type: iscsi, portal: array.example, target: 'iqn.2001-01.example:a'}\n"
	"- {name: none, type: 'null'}\n"
	"volumes:\n"
	"- {name: pool/boot, size: 1g}\n"
	"- {name: pool/data, size: 2g}\n"
	"- {name: pool/disk, dev: /dev/sdb}\n"
	"- {name: pool/frozen, size: 1g, ro: true}\n"
	"- {name: other/x, size: 1g}\n"
	"- {name: array/a0, dev: 0}\n"
	"- {name: none/n, size: 1t}\n"
	"portals:\n"
	"- {name: p1, address: 10.0.0.1}\n"
	"- {name: p2, address: '10.0.0.2:3261', netns: blue}\n"
	"profiles:\n"
	"- name: web1\n"
	"  server: local\n"
	"  vhbas:\n"
	"  - {name: h0, san: pool, wwpn: '30:00:00:00:00:00:00:01', wwnn: 300000000000000A, auth: "
	"none, cir: 1gbit,\n"
	"     luns: [{lun: 3, volume: pool/data, shared: true}, {lun: 0, volume: pool/boot}]}\n"
	"- name: web2\n"
	"  vhbas:\n"
	"  - {name: h0, san: pool, wwpn: 3000000000000002, chap: u, secret_file: /etc/s,\n"
	"     luns: [{lun: 1, volume: pool/data, shared: true}]}\n"
	"  - {name: h1, san: array}\n";

static inline const struct raceway_kind *kind(const char *name)
{
	return raceway_kind_find(name);
}

static inline const char *text_of(const struct raceway_model *model, const char *kind_name,
				  const char *name, const char *word)
{
	return raceway_model_text(kind(kind_name), raceway_model_get(model, kind(kind_name), name),
				  word);
}

#endif
