/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `raceway show`: ports with the segments behind them, SANs with their volumes, portals, servers
 * with their profiles, vNICs and vHBAs. */
#include <raceway/limits.h>
#include <stdbool.h>
#include <string.h>

#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "util/cleanup.h"

enum {
	PORTS,
	SEGMENTS,
	POOLS,
	SANS,
	VOLUMES,
	PORTALS,
	SERVERS,
	PROFILES,
	VNICS,
	VHBAS,
	TEMPLATES,
	LISTS
};

static const char *const plurals[LISTS] = {
	"ports",   "segments", "pools", "sans",	 "volumes",   "portals",
	"servers", "profiles", "vnics", "vhbas", "templates",
};

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* " LABEL VALUE" for each field that has a value; the label is left out where it is "". */
static void print_line(FILE *out, const json_t *object, const struct raceway_field *fields,
		       size_t count)
{
	char cell[RACEWAY_CELL];

	for (size_t i = 0; i < count; i++) {
		const json_t *value = raceway_json_at(object, fields[i].path);

		if (!value || json_is_null(value))
			continue;
		raceway_cell(&fields[i], object, cell);
		fprintf(out, " %s%s%s", fields[i].label, fields[i].label[0] ? " " : "", cell);
	}
	fputc('\n', out);
}

static void print_segment(FILE *out, const json_t *segment, const char *indent)
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "number", "number", RACEWAY_SHOW_COUNT, 0 },
		{ "vlan", "vlan", RACEWAY_SHOW_COUNT, 0 },
		{ "switching", "", RACEWAY_SHOW_TEXT, 0 },
	};

	fprintf(out, "%ssegment", indent);
	print_line(out, segment, fields, sizeof(fields) / sizeof(fields[0]));
}

static void print_ports(FILE *out, json_t *const lists[LISTS])
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },	  { "dev", "dev", RACEWAY_SHOW_TEXT, 0 },
		{ "role", "", RACEWAY_SHOW_TEXT, 0 },	  { "mode", "", RACEWAY_SHOW_TEXT, 0 },
		{ "rate", "rate", RACEWAY_SHOW_RATE, 0 }, { "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	const json_t *port, *segment;
	size_t i, j;

	json_array_foreach (lists[PORTS], i, port) {
		fputs("port", out);
		print_line(out, port, fields, sizeof(fields) / sizeof(fields[0]));
		json_array_foreach (lists[SEGMENTS], j, segment)
			if (strcmp(text_of(segment, "uplink"), text_of(port, "name")) == 0)
				print_segment(out, segment, "    ");
	}
	json_array_foreach (lists[SEGMENTS], j, segment)
		if (text_of(segment, "uplink")[0] == '\0')
			print_segment(out, segment, "");
}

/* Each of the list whose name begins with "parent/". */
static void print_children(FILE *out, const json_t *list, const char *parent, const char *kind,
			   const struct raceway_field *fields, size_t count)
{
	size_t length = strlen(parent), i;
	const json_t *child;

	json_array_foreach (list, i, child) {
		const char *name = text_of(child, "name");

		if (strncmp(name, parent, length) != 0 || name[length] != '/')
			continue;
		fputs(kind, out);
		print_line(out, child, fields, count);
	}
}

static void print_storage(FILE *out, json_t *const lists[LISTS])
{
	static const struct raceway_field san_fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "type", "", RACEWAY_SHOW_TEXT, 0 },
		{ "path", "path", RACEWAY_SHOW_TEXT, 0 },
		{ "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	static const struct raceway_field volume_fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "size", "size", RACEWAY_SHOW_SIZE, 0 },
		{ "dev", "dev", RACEWAY_SHOW_TEXT, 0 },
		{ "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	static const struct raceway_field portal_fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "address", "", RACEWAY_SHOW_TEXT, 0 },
		{ "netns", "netns", RACEWAY_SHOW_TEXT, 0 },
		{ "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	const json_t *entry;
	size_t i;

	json_array_foreach (lists[SANS], i, entry) {
		fputs("san", out);
		print_line(out, entry, san_fields, sizeof(san_fields) / sizeof(san_fields[0]));
		print_children(out, lists[VOLUMES], text_of(entry, "name"), "    volume",
			       volume_fields, sizeof(volume_fields) / sizeof(volume_fields[0]));
	}
	json_array_foreach (lists[PORTALS], i, entry) {
		fputs("portal", out);
		print_line(out, entry, portal_fields,
			   sizeof(portal_fields) / sizeof(portal_fields[0]));
	}
}

static void print_members(FILE *out, json_t *const lists[LISTS], const char *profile)
{
	static const struct raceway_field vhba_fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },	  { "san", "san", RACEWAY_SHOW_TEXT, 0 },
		{ "wwpn", "wwpn", RACEWAY_SHOW_TEXT, 0 }, { "auth", "auth", RACEWAY_SHOW_TEXT, 0 },
		{ "luns", "luns", RACEWAY_SHOW_LUNS, 0 }, { "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	static const struct raceway_field vnic_fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "segment", "segment", RACEWAY_SHOW_TEXT, 0 },
		{ "mac", "mac", RACEWAY_SHOW_TEXT, 0 },
		{ "location", "at", RACEWAY_SHOW_TEXT, 0 },
		{ "tx.cir", "tx-cir", RACEWAY_SHOW_RATE, 0 },
		{ "tx.pir", "tx-pir", RACEWAY_SHOW_RATE, 0 },
		{ "rx.cir", "rx-cir", RACEWAY_SHOW_RATE, 0 },
		{ "rx.pir", "rx-pir", RACEWAY_SHOW_RATE, 0 },
		{ "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};

	print_children(out, lists[VNICS], profile, "        vnic", vnic_fields,
		       sizeof(vnic_fields) / sizeof(vnic_fields[0]));
	print_children(out, lists[VHBAS], profile, "        vhba", vhba_fields,
		       sizeof(vhba_fields) / sizeof(vhba_fields[0]));
}

static void print_profiles(FILE *out, json_t *const lists[LISTS], const char *server)
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "description", "", RACEWAY_SHOW_TEXT, 0 },
	};
	const json_t *profile;
	size_t i;

	json_array_foreach (lists[PROFILES], i, profile) {
		if (strcmp(text_of(profile, "server"), server) != 0)
			continue;
		fputs("    profile", out);
		print_line(out, profile, fields, sizeof(fields) / sizeof(fields[0]));
		print_members(out, lists, text_of(profile, "name"));
	}
}

static void print_pools(FILE *out, const json_t *pools)
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },	   { "type", "", RACEWAY_SHOW_TEXT, 0 },
		{ "from", "from", RACEWAY_SHOW_TEXT, 0 },  { "to", "to", RACEWAY_SHOW_TEXT, 0 },
		{ "free", "free", RACEWAY_SHOW_COUNT, 0 },
	};
	const json_t *pool;
	size_t i;

	json_array_foreach (pools, i, pool) {
		fputs("pool", out);
		print_line(out, pool, fields, sizeof(fields) / sizeof(fields[0]));
	}
}

/* Apart from what there is: profiles are made from them. */
static void print_templates(FILE *out, const json_t *templates)
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "updating", "updating", RACEWAY_SHOW_TEXT, 0 },
		{ "vnics", "vnics", RACEWAY_SHOW_TEXT, 0 },
		{ "vhbas", "vhbas", RACEWAY_SHOW_TEXT, 0 },
		{ "profiles", "profiles", RACEWAY_SHOW_TEXT, 0 },
	};
	const json_t *entry;
	size_t i;

	json_array_foreach (templates, i, entry) {
		fputs("template", out);
		print_line(out, entry, fields, sizeof(fields) / sizeof(fields[0]));
	}
}

static void print_tree(FILE *out, json_t *const lists[LISTS])
{
	static const struct raceway_field fields[] = {
		{ "name", "", RACEWAY_SHOW_TEXT, 0 },
		{ "port", "port", RACEWAY_SHOW_TEXT, 0 },
		{ "oper", "", RACEWAY_SHOW_TEXT, 0 },
	};
	bool unbound = false;
	const json_t *entry;
	size_t i;

	print_ports(out, lists);
	print_pools(out, lists[POOLS]);
	print_storage(out, lists);
	json_array_foreach (lists[SERVERS], i, entry) {
		fputs("server", out);
		print_line(out, entry, fields, sizeof(fields) / sizeof(fields[0]));
		print_profiles(out, lists, text_of(entry, "name"));
	}
	json_array_foreach (lists[PROFILES], i, entry)
		unbound = unbound || text_of(entry, "server")[0] == '\0';
	if (unbound) {
		fputs("not bound\n", out);
		print_profiles(out, lists, "");
	}
	print_templates(out, lists[TEMPLATES]);
}

/* What waits to be confirmed, "confirm": null if nothing does. */
static int ask_confirm(struct raceway_client *client, json_t *whole, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	int r = raceway_client_call(client, "GET", "/v1/confirm", NULL, &answer, err);

	if (r == 0)
		json_object_set(whole, "confirm", json_object_get(answer, "confirm"));
	return r;
}

static void print_confirm(FILE *out, const json_t *confirm)
{
	if (json_is_object(confirm))
		fprintf(out,
			"not confirmed: %zu changes are rolled back in %lld s, to keep them: "
			"raceway apply --confirmed\n",
			json_array_size(json_object_get(confirm, "changes")),
			(long long)(json_integer_value(json_object_get(confirm, "left")) /
				    (json_int_t)RACEWAY_NSEC_PER_SEC));
}

int raceway_tree(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err)
{
	json_auto_t *whole = json_pack("{s:i}", "schema", 1);
	json_t *lists[LISTS];
	int r;

	for (size_t i = 0; i < LISTS; i++) {
		json_auto_t *answer = NULL;
		char path[64];

		snprintf(path, sizeof(path), "/v1/%s%s", plurals[i],
			 cli->options.statistics ? "?stats=1" : "");
		r = raceway_fetch(client, plurals[i], path, &answer, err);
		if (r < 0)
			return r;
		lists[i] = json_object_get(answer, plurals[i]);
		if (json_object_set(whole, plurals[i], lists[i]) < 0)
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
						 "out of memory");
	}
	r = ask_confirm(client, whole, err);
	if (r < 0)
		return r;
	if (cli->options.json) {
		raceway_print_json(out, whole, &cli->options);
		return 0;
	}
	print_tree(out, lists);
	print_confirm(out, json_object_get(whole, "confirm"));
	return 0;
}
