/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lists of fields that `show` prints, in the order in which people read them. */
#include "cli/views.h"

#include <string.h>

#define TABLE RACEWAY_IN_TABLE
#define TEXT RACEWAY_IN_TEXT
#define BOTH RACEWAY_IN_BOTH
#define MAYBE (RACEWAY_IN_TABLE_IF | RACEWAY_IN_TEXT)

static const struct raceway_field port_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "dev", "dev", RACEWAY_SHOW_TEXT, BOTH },
	{ "role", "role", RACEWAY_SHOW_TEXT, BOTH },
	{ "mode", "mode", RACEWAY_SHOW_TEXT, BOTH },
	{ "xdp", "xdp", RACEWAY_SHOW_TEXT, TEXT },
	{ "attach", "attach", RACEWAY_SHOW_TEXT, TEXT },
	{ "host", "host", RACEWAY_SHOW_TEXT, BOTH },
	{ "jumbo", "jumbo", RACEWAY_SHOW_TEXT, BOTH },
	{ "pacing", "pacing", RACEWAY_SHOW_TEXT, TEXT },
	{ "mtu", "mtu", RACEWAY_SHOW_COUNT, BOTH },
	{ "rate", "rate", RACEWAY_SHOW_RATE, BOTH },
	{ "guaranteed.tx", "guaranteed-tx", RACEWAY_SHOW_RATE, BOTH },
	{ "guaranteed.rx", "guaranteed-rx", RACEWAY_SHOW_RATE, BOTH },
	{ "headroom.tx", "headroom-tx", RACEWAY_SHOW_RATE, BOTH },
	{ "headroom.rx", "headroom-rx", RACEWAY_SHOW_RATE, BOTH },
	{ "native_segment", "native-segment", RACEWAY_SHOW_TEXT, TEXT },
	{ "description", "description", RACEWAY_SHOW_TEXT, TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "warnings", "warning", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field segment_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "number", "number", RACEWAY_SHOW_COUNT, BOTH },
	{ "uplink", "uplink", RACEWAY_SHOW_TEXT, BOTH },
	{ "vlan", "vlan", RACEWAY_SHOW_COUNT, BOTH },
	{ "untagged", "untagged", RACEWAY_SHOW_TEXT, TEXT },
	{ "switching", "switching", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field server_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "port", "port", RACEWAY_SHOW_TEXT, BOTH },
	{ "profiles", "profiles", RACEWAY_SHOW_TEXT, BOTH },
	{ "connected", "connected", RACEWAY_SHOW_TEXT, MAYBE },
	{ "since", "since", RACEWAY_SHOW_CLOCK, MAYBE },
	{ "address", "address", RACEWAY_SHOW_TEXT, MAYBE },
	{ "agent_version", "agent version", RACEWAY_SHOW_TEXT, RACEWAY_IN_TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field profile_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "server", "server", RACEWAY_SHOW_TEXT, BOTH },
	{ "vnics", "vnics", RACEWAY_SHOW_TEXT, BOTH },
	{ "vhbas", "vhbas", RACEWAY_SHOW_TEXT, BOTH },
	{ "from", "from", RACEWAY_SHOW_TEXT, MAYBE },
	{ "drift", "drift", RACEWAY_SHOW_LINES, TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, TEXT },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field pool_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "type", "type", RACEWAY_SHOW_TEXT, BOTH },
	{ "from", "from", RACEWAY_SHOW_TEXT, BOTH },
	{ "to", "to", RACEWAY_SHOW_TEXT, BOTH },
	{ "size", "size", RACEWAY_SHOW_COUNT, BOTH },
	{ "used", "used", RACEWAY_SHOW_COUNT, BOTH },
	{ "reserved", "reserved", RACEWAY_SHOW_COUNT, BOTH },
	{ "free", "free", RACEWAY_SHOW_COUNT, BOTH },
	{ "last", "given last", RACEWAY_SHOW_TEXT, TEXT },
	{ "reservations", "reservations", RACEWAY_SHOW_LINES, TEXT },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
	{ "holders", "holders", RACEWAY_SHOW_LINES, TEXT },
};

static const struct raceway_field template_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "updating", "updating", RACEWAY_SHOW_TEXT, BOTH },
	{ "initial", "initial", RACEWAY_SHOW_TEXT, 0 }, /* the other way round */
	{ "vnics", "vnics", RACEWAY_SHOW_TEXT, BOTH },
	{ "vhbas", "vhbas", RACEWAY_SHOW_TEXT, BOTH },
	{ "profiles", "profiles", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field vnic_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "number", "number", RACEWAY_SHOW_COUNT, TEXT },
	{ "segment", "segment", RACEWAY_SHOW_TEXT, BOTH },
	{ "mac", "mac", RACEWAY_SHOW_TEXT, BOTH },
	{ "pool", "pool", RACEWAY_SHOW_TEXT, TEXT },
	{ "mtu", "mtu", RACEWAY_SHOW_COUNT, BOTH },
	{ "ifname", "ifname", RACEWAY_SHOW_TEXT, TEXT },
	{ "netns", "netns", RACEWAY_SHOW_TEXT, TEXT },
	{ "location", "location", RACEWAY_SHOW_TEXT, BOTH },
	{ "weight", "weight", RACEWAY_SHOW_COUNT, TEXT },
	{ "tx.cir", "tx-cir", RACEWAY_SHOW_RATE, BOTH },
	{ "tx.pir", "tx-pir", RACEWAY_SHOW_RATE, BOTH },
	{ "tx.cbs", "tx-cbs", RACEWAY_SHOW_SIZE, TEXT },
	{ "tx.pbs", "tx-pbs", RACEWAY_SHOW_SIZE, TEXT },
	{ "tx.idle_burst", "tx burst from idle", RACEWAY_SHOW_SIZE, TEXT },
	{ "tx.enforced_by", "tx enforced by", RACEWAY_SHOW_TEXT, TEXT },
	{ "rx.cir", "rx-cir", RACEWAY_SHOW_RATE, BOTH },
	{ "rx.pir", "rx-pir", RACEWAY_SHOW_RATE, BOTH },
	{ "rx.cbs", "rx-cbs", RACEWAY_SHOW_SIZE, TEXT },
	{ "rx.pbs", "rx-pbs", RACEWAY_SHOW_SIZE, TEXT },
	{ "rx.idle_burst", "rx burst from idle", RACEWAY_SHOW_SIZE, TEXT },
	{ "rx.enforced_by", "rx enforced by", RACEWAY_SHOW_TEXT, TEXT },
	{ "overrides", "overrides", RACEWAY_SHOW_TEXT, TEXT },
	{ "description", "description", RACEWAY_SHOW_TEXT, TEXT },
	{ "state", "state", RACEWAY_SHOW_TEXT, 0 }, /* the same as admin */
	{ "admin", "admin", RACEWAY_SHOW_TEXT, BOTH },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "reason", "reason", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field san_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "type", "type", RACEWAY_SHOW_TEXT, BOTH },
	{ "path", "path", RACEWAY_SHOW_TEXT, MAYBE },
	{ "portal", "portal", RACEWAY_SHOW_TEXT, MAYBE },
	{ "target", "target", RACEWAY_SHOW_TEXT, MAYBE },
	{ "volumes", "volumes", RACEWAY_SHOW_TEXT, BOTH },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field volume_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "size", "size", RACEWAY_SHOW_SIZE, BOTH },
	{ "used", "used", RACEWAY_SHOW_SIZE, BOTH },
	{ "dev", "dev", RACEWAY_SHOW_TEXT, MAYBE },
	{ "ro", "ro", RACEWAY_SHOW_TEXT, TEXT },
	{ "origin", "copy of", RACEWAY_SHOW_TEXT, MAYBE },
	{ "copying", "percent", RACEWAY_SHOW_COUNT, MAYBE },
	{ "mapped", "mapped", RACEWAY_SHOW_TEXT, BOTH },
	{ "id", "id", RACEWAY_SHOW_TEXT, TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field portal_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "address", "address", RACEWAY_SHOW_TEXT, BOTH },
	{ "netns", "netns", RACEWAY_SHOW_TEXT, MAYBE },
	{ "transport", "transport", RACEWAY_SHOW_TEXT, BOTH },
	{ "target", "target", RACEWAY_SHOW_TEXT, BOTH },
	{ "sessions", "sessions", RACEWAY_SHOW_COUNT, BOTH },
	{ "number", "group", RACEWAY_SHOW_COUNT, TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field vhba_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "san", "san", RACEWAY_SHOW_TEXT, BOTH },
	{ "wwpn", "wwpn", RACEWAY_SHOW_TEXT, BOTH },
	{ "pool", "pool", RACEWAY_SHOW_TEXT, TEXT },
	{ "wwnn", "wwnn", RACEWAY_SHOW_TEXT, TEXT },
	{ "wwnn_pool", "wwnn-pool", RACEWAY_SHOW_TEXT, TEXT },
	{ "initiator", "initiator", RACEWAY_SHOW_TEXT, TEXT },
	{ "transport", "transport", RACEWAY_SHOW_TEXT, TEXT },
	{ "target", "target", RACEWAY_SHOW_TEXT, TEXT },
	{ "portal", "portal", RACEWAY_SHOW_TEXT, 0 }, /* the first of the next */
	{ "portals", "portals", RACEWAY_SHOW_TEXT, TEXT },
	{ "auth", "auth", RACEWAY_SHOW_TEXT, BOTH },
	{ "chap", "chap", RACEWAY_SHOW_TEXT, TEXT },
	{ "mutual_chap", "mutual-chap", RACEWAY_SHOW_TEXT, TEXT },
	{ "cir", "cir", RACEWAY_SHOW_RATE, BOTH },
	{ "pir", "pir", RACEWAY_SHOW_RATE, BOTH },
	{ "iops_cir", "iops-cir", RACEWAY_SHOW_COUNT, BOTH },
	{ "iops_pir", "iops-pir", RACEWAY_SHOW_COUNT, BOTH },
	{ "weight", "weight", RACEWAY_SHOW_COUNT, TEXT },
	{ "luns", "luns", RACEWAY_SHOW_LUNS, BOTH },
	{ "sessions", "sessions", RACEWAY_SHOW_PEERS, BOTH },
	{ "read", "read", RACEWAY_SHOW_TEXT, 0 }, /* in a table of their own */
	{ "write", "write", RACEWAY_SHOW_TEXT, 0 },
	{ "overrides", "overrides", RACEWAY_SHOW_TEXT, TEXT },
	{ "description", "description", RACEWAY_SHOW_TEXT, TEXT },
	{ "oper", "oper", RACEWAY_SHOW_TEXT, BOTH },
};

static const struct raceway_field other_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "description", "description", RACEWAY_SHOW_TEXT, MAYBE },
};

static const struct raceway_field stats_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "dir", "dir", RACEWAY_SHOW_TEXT, TABLE },
	{ "count.rate", "rate", RACEWAY_SHOW_LIVE, TABLE },
	{ "count.packets", "packets", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.bytes", "bytes", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.green.packets", "green", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.yellow.packets", "yellow", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.red.packets", "red", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.marked.packets", "marked", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.drops", "drops", RACEWAY_SHOW_DROPS, TABLE },
};

static const struct raceway_field io_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, TABLE },
	{ "dir", "op", RACEWAY_SHOW_TEXT, TABLE },
	{ "count.ios", "ios", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.bytes", "bytes", RACEWAY_SHOW_COUNT, TABLE },
	{ "count.latency.p50", "p50", RACEWAY_SHOW_TIME, TABLE },
	{ "count.latency.p99", "p99", RACEWAY_SHOW_TIME, TABLE },
	{ "count.latency.p999", "p999", RACEWAY_SHOW_TIME, TABLE },
	{ "depth", "depth", RACEWAY_SHOW_COUNT, TABLE },
};

#define VIEW(name, fields)                                                                         \
	{                                                                                          \
		name, fields, sizeof(fields) / sizeof(fields[0])                                   \
	}

const struct raceway_view raceway_stats_view = VIEW("stats", stats_fields);
const struct raceway_view raceway_io_view = VIEW("io", io_fields);

static const struct raceway_view views[] = {
	VIEW("port", port_fields),	   VIEW("segment", segment_fields),
	VIEW("server", server_fields),	   VIEW("profile", profile_fields),
	VIEW("vnic", vnic_fields),	   VIEW("san", san_fields),
	VIEW("volume", volume_fields),	   VIEW("portal", portal_fields),
	VIEW("vhba", vhba_fields),	   VIEW("pool", pool_fields),
	VIEW("template", template_fields), VIEW("", other_fields), /* last: of every other kind */
};

const struct raceway_view *raceway_view_of(const char *kind)
{
	const size_t last = sizeof(views) / sizeof(views[0]) - 1;

	for (size_t i = 0; i < last; i++)
		if (strcmp(views[i].kind, kind) == 0)
			return &views[i];
	return &views[last];
}

/* A row for each of the two members of each object that has counters, told by one of them. */
static json_t *make_rows(const json_t *objects, const char *const members[2], const char *counter)
{
	json_t *rows = json_array();
	const json_t *object;
	size_t i;

	json_array_foreach (objects, i, object) {
		for (size_t d = 0; rows && d < 2; d++) {
			json_t *count = json_object_get(object, members[d]);
			json_t *name = json_object_get(object, "name");
			json_t *row;

			if (!name || !json_object_get(count, counter))
				continue;
			row = json_pack("{s:O, s:s, s:O}", "name", name, "dir", members[d], "count",
					count);
			if (json_object_get(object, "queue_depth"))
				json_object_set(row, "depth",
						json_object_get(object, "queue_depth"));
			json_array_append_new(rows, row);
		}
	}
	return rows;
}

json_t *raceway_stats_rows(const json_t *objects)
{
	static const char *const dirs[] = { "tx", "rx" };

	return make_rows(objects, dirs, "packets");
}

json_t *raceway_io_rows(const json_t *objects)
{
	static const char *const ops[] = { "read", "write" };

	return make_rows(objects, ops, "ios");
}
