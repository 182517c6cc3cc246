/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/model/schema.c and the tables: every word of the interface, names, keys. */
#include "model/schema.h"

#include <string.h>

#include "helpers.h"

/* As the interface promises them; what is in the tables besides is free. */
static const struct {
	const char *kind, *plural, *words;
	bool later;
} promised[] = {
	{ "port", "ports",
	  "dev role rate mode attach host native-segment trust pfc ets description", false },
	{ "segment", "segments", "number uplink vlan untagged switching description", false },
	{ "server", "servers", "port description", false },
	{ "profile", "profiles", "from server description", false },
	{ "vnic", "vnics",
	  "segment mac pool mtu ifname netns kind tx-cir tx-pir tx-cbs tx-pbs rx-cir rx-pir rx-cbs "
	  "rx-pbs weight acl class spoofcheck trunk rdma state description",
	  false },
	{ "acl", "acls", "default description", true },
	{ "san", "sans", "type path portal target host description", false },
	{ "volume", "volumes", "size dev description", false },
	{ "portal", "portals", "address transport segment mac netns description", false },
	{ "vhba", "vhbas",
	  "san wwpn pool wwnn initiator transport auth chap secret-file mutual-chap cir pir "
	  "iops-cir iops-pir weight luns description",
	  false },
	{ "pool", "pools", "type from to description", false },
	{ "template", "templates", "updating initial description", false },
	{ "gid", "gids", "mac segment description", true },
	{ "partition", "partitions", "pkey description", true },
};

Test(schema, promised_words)
{
	for (size_t i = 0; i < COUNT(promised); i++) {
		const struct raceway_kind *kind = raceway_kind_find(promised[i].kind);
		const char *at = promised[i].words;
		char word[32];

		cr_assert(kind, "%s", promised[i].kind);
		cr_expect_eq(kind, raceway_kind_find(promised[i].plural));
		cr_expect_eq(kind->later != NULL, promised[i].later, "%s", kind->name);
		for (; *at; at += strspn(at, " ")) {
			snprintf(word, sizeof(word), "%.*s", (int)strcspn(at, " "), at);
			at += strlen(word);
			cr_expect(raceway_attr_find(kind, word), "%s has no %s", kind->name, word);
		}
	}
	cr_expect_null(raceway_kind_find("gadget"));
	cr_expect_null(raceway_kind_find(""));
}

/* What is refused as "not yet", and nothing else is. */
Test(schema, later_words)
{
	static const char *const later[] = {
		"port trust", "port pfc", "port ets",	    "vnic acl",
		"vnic rdma",  "san host", "portal segment", "portal mac",
	};
	size_t found = 0;

	for (size_t i = 0; i < raceway_kind_known; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];

		for (size_t j = 0; !kind->later && j < kind->attr_count; j++) {
			char text[64];
			bool listed = false;

			snprintf(text, sizeof(text), "%s %s", kind->name, kind->attrs[j].word);
			for (size_t k = 0; k < COUNT(later); k++)
				listed |= strcmp(later[k], text) == 0;
			cr_expect_eq(kind->attrs[j].later != NULL, listed, "%s", text);
			found += listed;
		}
	}
	cr_expect_eq(found, COUNT(later));
}

Test(schema, tables_are_sound)
{
	for (size_t i = 0; i < raceway_kind_count; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];

		cr_expect(kind->help && kind->help[0], "%s", kind->name);
		for (size_t j = 0; j < kind->attr_count; j++) {
			const struct raceway_attr *attr = &kind->attrs[j];
			json_auto_t *value = NULL;
			char key[32];

			cr_expect(attr->help && attr->help[0], "%s %s", kind->name, attr->word);
			bool own = kind->of && (attr->flags & RACEWAY_ATTR_OWN);

			cr_expect_eq(raceway_attr_find(kind, attr->word), own ? NULL : attr,
				     "%s %s is there twice", kind->name, attr->word);
			cr_expect_eq(
				raceway_attr_find(kind, raceway_attr_key(attr, key, sizeof(key))),
				own ? NULL : attr);
			cr_expect_null(strchr(key, '-'), "%s", key);
			cr_expect_eq(attr->type == RACEWAY_TYPE_REF ||
					     attr->type == RACEWAY_TYPE_LUNS,
				     attr->ref != NULL, "%s %s", kind->name, attr->word);
			cr_expect_eq(attr->after != NULL, attr->as != NULL);
			cr_expect(!attr->after || (raceway_attr_find(kind, attr->after) &&
						   raceway_attr_find(kind, attr->as)));
			cr_expect(!attr->ref || raceway_kind_find(attr->ref));
			cr_expect_eq(attr->type == RACEWAY_TYPE_CHOICE, attr->choices[0] != NULL);
			if (attr->default_text)
				cr_expect_eq(raceway_value_parse(attr, "", attr->default_text,
								 &value, NULL),
					     0, "%s %s", kind->name, attr->word);
		}
	}
}

Test(schema, attr_find)
{
	const struct raceway_kind *vnic = raceway_kind_find("vnic");

	cr_expect_str_eq(raceway_attr_find(vnic, "tx_cir")->word, "tx-cir");
	cr_expect_str_eq(raceway_attr_find(vnic, "tx-cir")->word, "tx-cir");
	cr_expect_null(raceway_attr_find(vnic, "tx"));
	cr_expect_null(raceway_attr_find(vnic, "tx-cirs"));
	cr_expect_null(raceway_attr_find(vnic, ""));
	cr_expect_null(raceway_attr_find(vnic, "TX-CIR"));
}

#define LONG63 "a23456789012345678901234567890123456789012345678901234567890123"

Test(schema, names)
{
	static const struct {
		const char *kind, *name;
		bool valid;
	} cases[] = {
		{ "port", "up0", true },       { "port", "0", true },
		{ "port", "a.b_c-D9", true },  { "port", LONG63, true },
		{ "port", LONG63 "4", false }, { "port", "", false },
		{ "port", ".a", false },       { "port", "-a", false },
		{ "port", "_a", false },       { "port", "a/b", false },
		{ "port", "..", false },       { "port", "a b", false },
		{ "port", "a\n", false },      { "port", "caf\xc3\xa9", false },
		{ "vnic", "web1/eth0", true }, { "vnic", LONG63 "/" LONG63, true },
		{ "vnic", "eth0", false },     { "vnic", "web1/", false },
		{ "vnic", "/eth0", false },    { "vnic", "web1/eth0/x", false },
		{ "vnic", "web1/..", false },  { "vnic", LONG63 "4/eth0", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(raceway_name_valid(raceway_kind_find(cases[i].kind), cases[i].name),
			     cases[i].valid, "%s \"%s\"", cases[i].kind, cases[i].name);
}

Test(schema, ifnames)
{
	static const struct {
		const char *name;
		bool valid;
	} cases[] = {
		{ "eth0", true },
		{ "a23456789012345", true },
		{ "a234567890123456", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "a/b", false },
		{ "a b", false },
		{ "a:b", false },
		{ "eth%d", false },
		{ "a\t", false },
		{ "eth0.100", true },
		{ "br-x_1@2", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(raceway_ifname_valid(cases[i].name), cases[i].valid, "\"%s\"",
			     cases[i].name);
}
