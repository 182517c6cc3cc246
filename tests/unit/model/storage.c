/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SANs, volumes, portals, vHBAs: their rules, what there may be one of, maps, copies. */
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

static const struct raceway_kind *kind(const char *name)
{
	return raceway_kind_find(name);
}

static const char *text_of(const struct raceway_model *model, const char *kind_name,
			   const char *name, const char *word)
{
	return raceway_model_text(kind(kind_name), raceway_model_get(model, kind(kind_name), name),
				  word);
}

Test(storage, sans)
{
	static const struct raceway_test_write cases[] = {
		{ "san", "x", ADD, "{\"type\":\"null\"}", { .fault = NONE } },
		{ "san", "x", ADD, "{\"type\":\"pool\",\"path\":\"/srv/x\"}", { .fault = NONE } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\"}",
		  { INVALID, "san x", "path", "path is missing: a SAN of type pool needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"srv/x\"}",
		  { INVALID, "san x", "path", "path srv/x must be absolute, beginning with /" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"iscsi\",\"portal\":\"a\"}",
		  { INVALID, "san x", "target",
		    "target is missing: a SAN of type iscsi needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"iscsi\",\"target\":\"iqn.2001-01.a:b\"}",
		  { INVALID, "san x", "portal",
		    "portal is missing: a SAN of type iscsi needs it" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"null\",\"path\":\"/srv/x\"}",
		  { INVALID, "san x", "path", "path is for type pool, not for type null" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"/srv/x\",\"portal\":\"a\"}",
		  { INVALID, "san x", "portal", "portal is for type iscsi, not for type pool" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"fc\"}",
		  { CANNOT, "san x", "type", "type fc: not yet; use pool or iscsi or null" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"null\",\"host\":\"host0\"}",
		  { CANNOT, "san x", "host", "host: not yet: there is no Fibre Channel" } },
		{ "san",
		  "pool",
		  PATCH,
		  "{\"type\":\"null\"}",
		  { REFUSED, "san pool", "type", "type cannot be changed; delete and add anew" } },
		{ "san",
		  "x",
		  ADD,
		  "{\"type\":\"pool\",\"path\":\"/srv/pool//\"}",
		  { REFUSED, "san x", "path", "path /srv/pool is already that of san pool" } },
		{ "san",
		  "pool",
		  PATCH,
		  "{\"path\":\"/srv/elsewhere\"}",
		  { REFUSED, "san pool", "path",
		    "path cannot be changed while volume pool/boot is mapped" } },
		{ "san", "other", PATCH, "{\"path\":\"/srv/elsewhere\"}", { .fault = NONE } },
		{ "san", "array", PATCH, "{\"portal\":\"b.example:3261\"}", { .fault = NONE } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, volumes)
{
	static const struct raceway_test_write cases[] = {
		{ "volume", "pool/n", ADD, "{\"size\":\"512\"}", { .fault = NONE } },
		{ "volume", "pool/n", ADD, "{\"dev\":\"/dev/sdc\"}", { .fault = NONE } },
		{ "volume", "array/a16383", ADD, "{\"dev\":\"16383\"}", { .fault = NONE } },
		{ "volume", "pool/data", PATCH, "{\"size\":\"3g\"}", { .fault = NONE } },
		{ "volume",
		  "pool/data",
		  PATCH,
		  "{\"size\":\"1g\"}",
		  { REFUSED, "volume pool/data", "size",
		    "size 1g is smaller than 2g, which it has; a volume can only grow" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{}",
		  { REFUSED, "volume pool/n", "size", "size is missing, or dev of what exists" } },
		{ "volume",
		  "none/m",
		  ADD,
		  "{}",
		  { REFUSED, "volume none/m", "size", "size is missing" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":\"1g\",\"dev\":\"/dev/sdc\"}",
		  { INVALID, "volume pool/n", "dev",
		    "size and dev exclude each other: size makes a new volume, dev names one that "
		    "exists" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":1000}",
		  { INVALID, "volume pool/n", "size", "size 1000 is no multiple of 512" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"size\":0}",
		  { INVALID, "volume pool/n", "size", "size 0 is out of range, 512 to 1024t" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"dev\":\"sdc\"}",
		  { REFUSED, "volume pool/n", "dev",
		    "dev sdc must be a block device's absolute path" } },
		{ "volume",
		  "pool/n",
		  ADD,
		  "{\"dev\":\"/dev/sdb\"}",
		  { REFUSED, "volume pool/n", "dev",
		    "dev /dev/sdb is already that of volume pool/disk" } },
		{ "volume",
		  "other/n",
		  ADD,
		  "{\"dev\":\"/dev/sdb\"}",
		  { REFUSED, "volume other/n", "dev",
		    "dev /dev/sdb is already that of volume pool/disk" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"0\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev 0 is already that of volume array/a0" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"16384\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev 16384 must be the number of a LUN of the array, 0 to 16383" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume array/b", "dev",
		    "dev /dev/sdc must be the number of a LUN of the array, 0 to 16383" } },
		{ "volume",
		  "array/b",
		  ADD,
		  "{\"size\":\"1g\"}",
		  { REFUSED, "volume array/b", "size",
		    "a volume of an array (san array is of type iscsi) is named by dev, the number "
		    "of its LUN there" } },
		{ "volume",
		  "none/m",
		  ADD,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume none/m", "dev",
		    "dev is not for a SAN of type null, which keeps nothing; give size" } },
		{ "volume",
		  "pool/disk",
		  PATCH,
		  "{\"dev\":\"/dev/sdc\"}",
		  { REFUSED, "volume pool/disk", "dev",
		    "dev cannot be changed; delete and add anew" } },
		{ "volume",
		  "nowhere/n",
		  ADD,
		  "{\"size\":\"1g\"}",
		  { NOT_FOUND, "volume nowhere/n", "name", "san nowhere does not exist" } },
		{ "volume",
		  "pool/boot",
		  PATCH,
		  "{\"ro\":true}",
		  { REFUSED, "vhba web1/h0", "ro",
		    "volume pool/boot is read-only: map it with ro" } },
		{ "volume",
		  "pool/boot",
		  PATCH,
		  "{\"id\":\"3000000000000009\"}",
		  { SYNTAX, "volume pool/boot", "id",
		    "\"id\" is no word of a volume; there are: size dev ro description" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, portals)
{
	static const struct raceway_test_write cases[] = {
		{ "portal", "x", ADD, "{\"address\":\"[2001:db8::1]\"}", { .fault = NONE } },
		{ "portal", "x", ADD, "{\"address\":\"10.0.0.1:3261\"}", { .fault = NONE } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.2:3261\",\"netns\":\"red\"}",
		  { .fault = NONE } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1:3260\"}",
		  { REFUSED, "portal x", "address",
		    "address 10.0.0.1:3260 is already that of portal p1" } },
		{ "portal",
		  "p1",
		  PATCH,
		  "{\"address\":\"10.0.0.2:3261\",\"netns\":\"blue\"}",
		  { REFUSED, "portal p1", "address",
		    "address 10.0.0.2:3261 is already that of portal p2" } },
		{ "portal",
		  "x",
		  ADD,
		  "{}",
		  { INVALID, "portal x", "address", "address is missing" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1:70000\"}",
		  { INVALID, "portal x", "address",
		    "address 10.0.0.1:70000: the port is out of range, 1 to 65535" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"0.0.0.0\"}",
		  { INVALID, "portal x", "address",
		    "address 0.0.0.0:3260 is not that of one station; initiators are told to come "
		    "to it" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"ff02::1\"}",
		  { INVALID, "portal x", "address",
		    "address [ff02::1]:3260 is not that of one station; initiators are told to "
		    "come to it" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.1\",\"transport\":\"srp\"}",
		  { CANNOT, "portal x", "transport", "transport srp: not yet; use iscsi" } },
		{ "portal",
		  "x",
		  ADD,
		  "{\"address\":\"10.0.0.9\",\"segment\":\"lan\"}",
		  { CANNOT, "portal x", "segment",
		    "segment: not yet: a portal is at an address of this machine" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, vhba_identities)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba", "web1/n", ADD, "{\"san\":\"pool\"}", { .fault = NONE } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"nowhere\"}",
		  { REFUSED, "vhba web1/n", "san",
		    "san nowhere does not exist; there are: array, none, other, pool" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"wwpn\":\"3000000000000002\"}",
		  { REFUSED, "vhba web1/n", "wwpn",
		    "wwpn 3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"wwpn\":\"3000000000000002\"}",
		  { REFUSED, "vhba web1/h0", "wwpn",
		    "wwpn 3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"wwpn\":\"0000000000000000\"}",
		  { INVALID, "vhba web1/n", "wwpn",
		    "wwpn 0000000000000000 is no name of a port or node" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"initiator\":\"NAA.3000000000000002\"}",
		  { REFUSED, "vhba web1/n", "initiator",
		    "initiator naa.3000000000000002 is already that of vhba web2/h0" } },
		{ "vhba",
		  "web2/h1",
		  PATCH,
		  "{\"initiator\":\"naa.3000000000000001\"}",
		  { REFUSED, "vhba web2/h1", "initiator",
		    "initiator naa.3000000000000001 is already that of vhba web1/h0" } },
		{ "vhba", "web2/h1", PATCH, "{\"wwnn\":\"3000000000000009\"}", { .fault = NONE } },
		{ "vhba",
		  "web2/h1",
		  PATCH,
		  "{\"wwnn\":\"30:00:00:00:00:00:00:0a\"}",
		  { REFUSED, "vhba web2/h1", "wwnn",
		    "wwnn 300000000000000a is already that of vhba web1/h0, of another profile" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"initiator\":\"me\"}",
		  { SYNTAX, "vhba web1/n", "initiator",
		    "initiator \"me\" is not an iSCSI name, as iqn.2026-11.local.raceway:x or "
		    "naa.3000000000000001" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"pool\":\"w\"}",
		  { REFUSED, "vhba web1/n", "pool",
		    "pool w does not exist; there is no pool yet" } },
		{ "vhba",
		  "web1/n",
		  ADD,
		  "{\"san\":\"pool\",\"transport\":\"iser\"}",
		  { CANNOT, "vhba web1/n", "transport", "transport iser: not yet; use iscsi" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

Test(storage, vhba_rules)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"pir\":\"500mbit\"}",
		  { INVALID, "vhba web1/h0", "cir", "cir 1gbit is above pir 500mbit" } },
		{ "vhba", "web1/h0", PATCH, "{\"pir\":\"1gbit\"}", { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"iops_cir\":1001,\"iops_pir\":1000}",
		  { INVALID, "vhba web1/h0", "iops-cir", "iops-cir 1001 is above iops-pir 1000" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"iops_cir\":1000,\"iops_pir\":1000}",
		  { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"weight\":0}",
		  { INVALID, "vhba web1/h0", "weight", "weight 0 is out of range, 1 to 1000" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"auth\":\"chap\"}",
		  { INVALID, "vhba web1/h0", "auth", "auth chap needs chap and secret-file" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"auth\":null,\"chap\":\"u\"}",
		  { INVALID, "vhba web1/h0", "secret-file",
		    "secret-file is missing: chap needs the file with its secret" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "secret-file",
		    "secret-file needs chap, the user whose secret it is" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"chap\":\"u\",\"secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "auth",
		    "auth none asks for no CHAP; leave chap out, or take it away by chap \"\" "
		    "secret-file \"\"" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\",\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web1/h0", "mutual-chap",
		    "mutual-chap needs chap: a target proves itself only to an initiator that "
		    "does" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\"}",
		  { INVALID, "vhba web2/h0", "mutual-secret-file",
		    "mutual-secret-file is missing: mutual-chap needs the file with its secret" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web2/h0", "mutual-secret-file",
		    "mutual-secret-file needs mutual-chap, the user whose secret it is" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"u\",\"mutual_secret_file\":\"/s\"}",
		  { INVALID, "vhba web2/h0", "mutual-chap",
		    "mutual-chap and chap are the same user; the target must prove itself by "
		    "another" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"mutual_chap\":\"t\",\"mutual_secret_file\":\"/s\"}",
		  { .fault = NONE } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  "{\"chap\":null,\"secret_file\":null}",
		  { .fault = NONE } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

#define LUNS(list) "{\"luns\":[" list "]}"

Test(storage, luns)
{
	static const struct raceway_test_write cases[] = {
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":16383,\"volume\":\"pool/boot\"}"),
		  { .fault = NONE } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":16384,\"volume\":\"pool/boot\"}"),
		  { INVALID, "vhba web1/h0", "lun", "lun 16384 is out of range, 0 to 16383" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"volume\":\"pool/boot\"}"),
		  { INVALID, "vhba web1/h0", "lun", "luns: lun is missing" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0}"),
		  { INVALID, "vhba web1/h0", "volume", "luns: volume is missing" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"boot\"}"),
		  { INVALID, "vhba web1/h0", "volume",
		    "luns: volume is no name of one: that is SAN/NAME" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"pool/boot\",\"ro\":\"yes\"}"),
		  { SYNTAX, "vhba web1/h0", "ro", "luns: ro must be true or false" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":0,\"volume\":\"pool/boot\",\"size\":1}"),
		  { SYNTAX, "vhba web1/h0", "size",
		    "\"size\" is no word of a LUN; there are: lun volume ro shared" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("7"),
		  { SYNTAX, "vhba web1/h0", "luns",
		    "luns: each must be an object with lun and volume" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"luns\":{}}",
		  { SYNTAX, "vhba web1/h0", "luns", "luns: must be a list of LUNs" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\"},{\"lun\":1,\"volume\":\"pool/disk\"}"),
		  { REFUSED, "vhba web1/h0", "lun", "lun 1 is already volume pool/boot" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\"},{\"lun\":2,\"volume\":\"pool/boot\"}"),
		  { REFUSED, "vhba web1/h0", "volume", "volume pool/boot is already lun 1" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/nothing\"}"),
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume pool/nothing does not exist; there are: array/a0, none/n, other/x, "
		    "pool/boot, pool/data, ..." } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"other/x\"}"),
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume other/x is not on san pool, the vHBA's" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  "{\"san\":\"other\"}",
		  { REFUSED, "vhba web1/h0", "volume",
		    "volume pool/boot is not on san other, the vHBA's" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/frozen\"}"),
		  { REFUSED, "vhba web1/h0", "ro",
		    "volume pool/frozen is read-only: map it with ro" } },
		{ "vhba",
		  "web1/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/frozen\",\"ro\":true}"),
		  { .fault = NONE } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/data\"}"),
		  { REFUSED, "vhba web2/h0", "shared",
		    "volume pool/data is mapped to vhba web1/h0 too: both maps must say "
		    "shared" } },
		{ "vhba",
		  "web2/h0",
		  PATCH,
		  LUNS("{\"lun\":1,\"volume\":\"pool/boot\",\"shared\":true}"),
		  { REFUSED, "vhba web2/h0", "shared",
		    "volume pool/boot is mapped to vhba web1/h0 too: both maps must say "
		    "shared" } },
	};

	raceway_test_writes(base, cases, COUNT(cases));
}

/* What the machine says about a directory is asked once, when the path is new. */
static int dir_check(void *context, const char *path)
{
	++*(int *)context;
	return strcmp(path, "/srv/gone") == 0 ? -2 : strcmp(path, "/srv/file") == 0 ? -20 : 0;
}

Test(storage, path_must_be_a_directory)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model);
	int asked = 0;
	const struct raceway_world world = { .dir_check = dir_check, .context = &asked };
	json_auto_t *gone = json_pack("{s:s}", "path", "/srv/gone");
	json_auto_t *file = json_pack("{s:s}", "path", "/srv/file");
	struct raceway_error err = { .fault = NONE };

	cr_expect_eq(raceway_model_check(next, &world, &err), 0);
	cr_expect_eq(asked, 0, "it was not changed");
	cr_assert_eq(raceway_model_write(next, kind("san"), "other", gone, PATCH, &err), 0);
	cr_expect_lt(raceway_model_check(next, &world, &err), 0);
	cr_expect_str_eq(err.message, "path /srv/gone: there is no such directory");
	cr_expect_str_eq(err.object, "san other");
	err.fault = NONE;
	cr_assert_eq(raceway_model_write(next, kind("san"), "other", file, PATCH, &err), 0);
	cr_expect_lt(raceway_model_check(next, &world, &err), 0);
	cr_expect_str_eq(err.message, "path /srv/file: Not a directory");
	raceway_model_free(next);
	raceway_model_free(model);
}

Test(storage, what_is_assigned)
{
	struct raceway_model *model = raceway_test_model(base);
	const char *wwpn = text_of(model, "vhba", "web2/h1", "wwpn"),
		   *wwnn = text_of(model, "vhba", "web2/h1", "wwnn"),
		   *id = text_of(model, "volume", "pool/boot", "id");
	char initiator[RACEWAY_ISCSI_NAME_TEXT], first_id[32], first[32];
	json_auto_t *doc = json_pack("{s:s}", "san", "array");
	json_auto_t *volume = json_pack("{s:s}", "size", "1g");
	json_auto_t *given = json_pack("{s:s}", "wwpn", "5000000000000001");
	struct raceway_error err = { .fault = NONE };

	cr_expect_eq(strlen(wwpn), 16);
	cr_expect_eq(wwpn[0], '3', "locally assigned");
	cr_expect_str_eq(wwnn, text_of(model, "vhba", "web2/h0", "wwnn"), "one node");
	cr_expect_str_neq(wwnn, text_of(model, "vhba", "web1/h0", "wwnn"), "two nodes");
	cr_expect_str_neq(wwnn, wwpn);
	cr_expect_str_neq(id, text_of(model, "volume", "pool/data", "id"));
	raceway_vhba_initiator(raceway_model_get(model, kind("vhba"), "web2/h1"), initiator);
	cr_expect_eq(strncmp(initiator, "naa.", 4), 0);
	cr_expect_str_eq(initiator + 4, wwpn);
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web2/h1")),
			 "location");
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web2/h0")),
			 "chap");
	cr_expect_str_eq(raceway_vhba_auth(raceway_model_get(model, kind("vhba"), "web1/h0")),
			 "none");
	/* kept by PUT if Raceway gave it, gone if somebody did, the same after being away */
	snprintf(first, sizeof(first), "%s", wwpn);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", given, PATCH, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), "5000000000000001");
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	cr_assert_eq(raceway_model_delete(model, kind("vhba"), "web2/h1", &err), 0);
	cr_assert_eq(raceway_model_write(model, kind("vhba"), "web2/h1", doc, ADD, &err), 0);
	cr_expect_str_eq(text_of(model, "vhba", "web2/h1", "wwpn"), first);
	/* a volume of the same name is another volume */
	snprintf(first_id, sizeof(first_id), "%s", text_of(model, "volume", "other/x", "id"));
	cr_assert_eq(raceway_model_write(model, kind("volume"), "other/x", volume, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "volume", "other/x", "id"), first_id);
	cr_assert_eq(raceway_model_delete(model, kind("volume"), "other/x", &err), 0);
	cr_assert_eq(raceway_model_write(model, kind("volume"), "other/x", volume, ADD, &err), 0);
	cr_expect_str_neq(text_of(model, "volume", "other/x", "id"), first_id);
	raceway_model_free(model);
}

Test(storage, in_use)
{
	static const struct {
		const char *kind, *name, *message;
	} cases[] = {
		{ "san", "pool", "in use by vhba web1/h0 and 1 more" },
		{ "san", "none", "in use by volume none/n" },
		{ "volume", "pool/data", "in use by vhba web1/h0 and 1 more" },
		{ "volume", "pool/boot", "in use by vhba web1/h0" },
		{ "profile", "web1", "in use by vhba web1/h0" },
	};
	struct raceway_model *model = raceway_test_model(base);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = NONE };

		cr_expect_lt(raceway_model_delete(model, kind(cases[i].kind), cases[i].name, &err),
			     0);
		cr_expect_str_eq(err.message, cases[i].message, "%s: %s", cases[i].name,
				 err.message);
	}
	cr_expect_eq(raceway_model_delete(model, kind("volume"), "none/n", NULL), 0);
	cr_expect_eq(raceway_model_delete(model, kind("san"), "none", NULL), 0);
	raceway_model_free(model);
}

Test(storage, map_and_unmap)
{
	struct raceway_model *model = raceway_test_model(base);
	struct raceway_error err = { .fault = NONE };
	json_auto_t *one = json_pack("{s:i, s:s, s:b}", "lun", 1, "volume", "pool/disk", "ro", 1);
	json_auto_t *taken = json_pack("{s:i, s:s}", "lun", 1, "volume", "pool/frozen");
	json_auto_t *number = json_integer(1);
	const json_t *doc;
	char *text;

	cr_assert_eq(raceway_vhba_map(model, "web1/h0", one, &err), 0, "%s", err.message);
	doc = raceway_model_get(model, kind("vhba"), "web1/h0");
	text = json_dumps(json_object_get(doc, "luns"), JSON_COMPACT);
	cr_expect_str_eq(text, "[{\"lun\":0,\"volume\":\"pool/boot\"},"
			       "{\"lun\":1,\"volume\":\"pool/disk\",\"ro\":true},"
			       "{\"lun\":3,\"volume\":\"pool/data\",\"shared\":true}]");
	free(text);
	cr_expect_lt(raceway_vhba_map(model, "web1/h0", taken, &err), 0);
	cr_expect_str_eq(err.message, "lun 1 is already volume pool/disk");
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_eq(raceway_vhba_unmap(model, "web1/h0", number, &err), 0);
	cr_expect_eq(json_array_size(json_object_get(
			     raceway_model_get(model, kind("vhba"), "web1/h0"), "luns")),
		     2);
	cr_expect_lt(raceway_vhba_unmap(model, "web1/h0", number, &err), 0);
	cr_expect_str_eq(err.message, "lun 1 is not mapped");
	cr_expect_eq(err.fault, NOT_FOUND);
	err.fault = NONE;
	cr_expect_lt(raceway_vhba_map(model, "web1/x", one, &err), 0);
	cr_expect_eq(err.fault, NOT_FOUND);
	raceway_model_free(model);
}

Test(storage, copies)
{
	struct raceway_model *model = raceway_test_model(base);
	struct raceway_error err = { .fault = NONE };
	json_auto_t *put = json_pack("{s:s}", "size", "1g");
	char name[RACEWAY_VOLUME_NAME] = "";

	cr_assert_eq(raceway_volume_copy(model, "pool/boot", "snap", true, name, &err), 0);
	cr_expect_str_eq(name, "pool/snap");
	cr_expect_str_eq(text_of(model, "volume", "pool/snap", "origin"), "pool/boot");
	cr_expect(raceway_model_bool(kind("volume"),
				     raceway_model_get(model, kind("volume"), "pool/snap"), "ro"));
	cr_expect_eq(raceway_model_u64(kind("volume"),
				       raceway_model_get(model, kind("volume"), "pool/snap"),
				       "size"),
		     1 << 30);
	cr_expect_str_neq(text_of(model, "volume", "pool/snap", "id"),
			  text_of(model, "volume", "pool/boot", "id"));
	cr_assert_eq(raceway_volume_copy(model, "pool/snap", "pool/copy", false, name, &err), 0);
	cr_expect_str_eq(name, "pool/copy");
	cr_expect_null(json_object_get(raceway_model_get(model, kind("volume"), name), "ro"));
	/* a document does not know where a volume came from, and does not forget it */
	cr_assert_eq(raceway_model_write(model, kind("volume"), "pool/snap", put, PUT, &err), 0);
	cr_expect_str_eq(text_of(model, "volume", "pool/snap", "origin"), "pool/boot");

	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "snap", true, name, &err), 0);
	cr_expect_str_eq(err.message, "already exists");
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "other/y", false, name, &err), 0);
	cr_expect_str_eq(err.message, "a copy is made on the same SAN: other/y is not on pool");
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/disk", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "none/n", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, REFUSED);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/boot", "../y", false, name, &err), 0);
	cr_expect_eq(err.fault, INVALID);
	err.fault = NONE;
	cr_expect_lt(raceway_volume_copy(model, "pool/none", "y", false, name, &err), 0);
	cr_expect_eq(err.fault, NOT_FOUND);
	raceway_model_free(model);
}

Test(storage, export_and_changes)
{
	struct raceway_model *model = raceway_test_model(base), *same = raceway_model_clone(model),
			     *next;
	json_auto_t *document = raceway_model_export(model);
	json_auto_t *map = json_pack("{s:i, s:s, s:b}", "lun", 9, "volume", "pool/frozen", "ro", 1);
	json_auto_t *changes = NULL;
	struct raceway_error err = { .fault = NONE };
	char *text, line[512];

	text = json_dumps(json_object_get(document, "sans"), JSON_COMPACT);
	cr_expect_str_eq(
		text,
		"[{\"name\":\"array\",\"type\":\"iscsi\",\"portal\":\"array.example\","
		"\"target\":\"iqn.2001-01.example:a\"},{\"name\":\"none\",\"type\":\"null\"},"
		"{\"name\":\"other\",\"type\":\"pool\",\"path\":\"/srv/other\"},"
		"{\"name\":\"pool\",\"type\":\"pool\",\"path\":\"/srv/pool\"}]",
		"%s", text);
	free(text);
	text = json_dumps(json_array_get(json_object_get(document, "volumes"), 6), JSON_COMPACT);
	cr_expect_str_eq(text, "{\"name\":\"pool/frozen\",\"size\":1073741824,\"ro\":true}", "%s",
			 text);
	free(text);
	text = json_dumps(json_object_get(document, "portals"), JSON_COMPACT);
	cr_expect_str_eq(text,
			 "[{\"name\":\"p1\",\"address\":\"10.0.0.1:3260\"},"
			 "{\"name\":\"p2\",\"address\":\"10.0.0.2:3261\",\"netns\":\"blue\"}]",
			 "%s", text);
	free(text);
	text = json_dumps(
		json_object_get(json_array_get(json_object_get(document, "profiles"), 0), "vhbas"),
		JSON_COMPACT);
	cr_expect_not_null(strstr(text, "\"name\":\"h0\",\"san\":\"pool\","
					"\"wwpn\":\"3000000000000001\""),
			   "%s", text);
	cr_expect_not_null(strstr(text, "\"luns\":[{\"lun\":0,\"volume\":\"pool/boot\"},{\"lun\":3,"
					"\"volume\":\"pool/data\",\"shared\":true}]"),
			   "%s", text);
	free(text);

	cr_assert_eq(raceway_model_apply(same, document, true, &err), 0, "%s", err.message);
	changes = raceway_model_diff(model, same);
	cr_expect_eq(json_array_size(changes), 0);
	json_decref(changes);
	next = raceway_model_clone(model);
	raceway_vhba_map(next, "web1/h0", map, &err);
	changes = raceway_model_diff(model, next);
	cr_assert_eq(json_array_size(changes), 1);
	cr_expect_str_eq(
		raceway_change_format(json_array_get(changes, 0), line, sizeof(line)),
		"~ vhba web1/h0 luns 0 pool/boot, 3 pool/data shared -> 0 pool/boot, 3 pool/data "
		"shared, 9 pool/frozen ro",
		"%s", line);
	raceway_model_free(next);
	raceway_model_free(same);
	raceway_model_free(model);
}

/* A document that leaves a volume out that is mapped says what is missing. */
Test(storage, prune)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model);
	json_auto_t *document = raceway_model_export(model);
	struct raceway_error err = { .fault = NONE };

	json_array_clear(json_object_get(document, "volumes"));
	cr_assert_eq(raceway_model_apply(next, document, true, &err), 0, "%s", err.message);
	cr_expect_lt(raceway_model_check(next, NULL, &err), 0);
	cr_expect_str_eq(err.message,
			 "volume pool/boot is not in the document, so prune would "
			 "remove it: add volume pool/boot to the document",
			 "%s", err.message);
	raceway_model_free(next);
	raceway_model_free(model);
}

/* Volumes that are deleted before their files are. */
Test(storage, going)
{
	struct raceway_model *model = raceway_test_model(base), *next = raceway_model_clone(model),
			     *noted;
	struct raceway_error err = { .fault = NONE };
	json_auto_t *going = NULL;
	json_auto_t *back = NULL;
	char *before, *after;

	cr_assert_eq(raceway_model_delete(next, kind("volume"), "other/x", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("san"), "other", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("volume"), "pool/disk", &err), 0);
	cr_assert_eq(raceway_model_delete(next, kind("volume"), "none/n", &err), 0);
	going = raceway_volumes_going(model, next);
	cr_expect_eq(json_object_size(going), 3);
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "none/n"), "going")),
		"none", "there is no file");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "pool/disk"), "going")),
		"none", "a device is left alone");
	cr_expect_str_eq(
		json_string_value(json_object_get(json_object_get(going, "other/x"), "going")),
		"/srv/other", "with the SAN it goes too");
	before = raceway_test_dump(next);
	noted = raceway_volumes_note(next, going);
	cr_expect_not_null(raceway_model_get(noted, kind("volume"), "other/x"));
	back = raceway_volumes_unnote(noted);
	cr_expect(json_equal(back, going));
	after = raceway_test_dump(noted);
	cr_expect_str_eq(before, after);
	free(before);
	free(after);
	raceway_model_free(noted);
	raceway_model_free(next);
	raceway_model_free(model);
}

/* Two servers at one port, as behind a leaf switch: fine, but where a frame came from is no proof.
 */
Test(storage, a_shared_port_is_no_proof)
{
	static const char scene[] =
		"{\"schema\":1,\"ports\":[{\"name\":\"f\",\"dev\":\"eth1\",\"role\":\"fabric\"}],"
		"\"servers\":[{\"name\":\"a\",\"port\":[\"f\"]},{\"name\":\"b\"%s}],"
		"\"sans\":[{\"name\":\"n\",\"type\":\"null\"}],"
		"\"profiles\":[{\"name\":\"p\",\"server\":\"a\",\"vhbas\":[{\"name\":\"h\","
		"\"san\":\"n\",\"auth\":\"%s\"}]}]}";
	static const struct {
		const char *port, *auth;
		bool right;
	} cases[] = { { "", "location", true },
		      { ",\"port\":[\"f\"]", "none", true },
		      { ",\"port\":[\"f\"]", "location", false } };

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_model *model = raceway_model_new();
		struct raceway_error err = { .fault = NONE };
		json_auto_t *document = NULL;
		char text[512];

		snprintf(text, sizeof(text), scene, cases[i].port, cases[i].auth);
		document = json_loads(text, 0, NULL);
		cr_assert_eq(raceway_model_apply(model, document, false, &err), 0, "%s",
			     err.message);
		cr_expect_eq(raceway_model_check(model, NULL, &err) == 0, cases[i].right, "%s",
			     err.message);
		cr_expect_str_eq(err.message,
				 cases[i].right
					 ? ""
					 : "auth location proves nothing here: server b is at "
					   "port f too, as a is; use chap");
		raceway_model_free(model);
	}
}
