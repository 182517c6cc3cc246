// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* `raceway-loader show`: what the tables hold, read back from them. */
#include "loader/show.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <jansson.h>
#include <net/if.h>

#include "util/units.h"

static const char *const colours[RACEWAY_COLOURS] = { "green", "yellow", "red", "marked" };

static json_t *show_dir(struct raceway_dp *dp, uint32_t vnic, enum raceway_dir dir)
{
	struct raceway_stats stats = { 0 };
	json_t *object = json_object(), *drops = json_object();

	raceway_dp_stats(dp, vnic, dir, &stats);
	for (int c = 0; c < RACEWAY_COLOURS; c++)
		json_object_set_new(object, colours[c],
				    json_pack("{sI sI}", "packets",
					      (json_int_t)stats.colour[c].packets, "bytes",
					      (json_int_t)stats.colour[c].bytes));
	json_object_set_new(object, "drops", drops);
	return object;
}

static json_t *show_vnics(struct raceway_dp *dp)
{
	json_t *list = json_array();

	for (uint32_t n = 1; n < dp->max_vnics; n++) {
		const struct raceway_vnic_policy *policy =
			&dp->vnics[n].slot[dp->vnics[n].valid & 1];
		char mac[RACEWAY_UNIT_TEXT];

		if (!policy->key.segment)
			continue;
		json_array_append_new(list,
				      json_pack("{si ss si si so so}", "number", (int)n, "mac",
						raceway_format_mac(policy->key.mac, mac), "segment",
						(int)policy->key.segment, "port", (int)policy->port,
						"tx", show_dir(dp, n, RACEWAY_TX), "rx",
						show_dir(dp, n, RACEWAY_RX)));
	}
	return list;
}

static json_t *show_ports(struct raceway_dp *dp)
{
	static const char *const roles[] = { "none", "uplink", "fabric", "vnic" };
	uint32_t key, *previous = NULL;
	json_t *list = json_array();

	while (!bpf_map_get_next_key(dp->map[RACEWAY_MAP_PORTS], previous, &key)) {
		struct raceway_dp_port_info info = { 0 };
		struct raceway_port port;
		static uint32_t last;
		char dev[IFNAMSIZ] = "";

		last = key;
		previous = &last;
		if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_PORTS], &key, &port) ||
		    port.role == RACEWAY_ROLE_VNIC)
			continue;
		if_indextoname(key, dev);
		raceway_dp_port_info(dp, key, &info);
		json_array_append_new(
			list,
			json_pack("{ss si ss sb ss ss ss ss ss}", "dev", dev, "number",
				  (int)port.number, "role", roles[port.role & 3], "attached",
				  (int)info.attached, "mode", info.native ? "native" : "generic",
				  "xdp", raceway_dp_port_xdp(&info), "jumbo",
				  info.jumbo_xdp ? "xdp" : "skb", "pacing", info.fq ? "fq" : "none",
				  "warning", info.warning));
	}
	return list;
}

struct drop_context {
	json_t *vnics, *ports;
};

static int add_drop(const struct raceway_drop_key *key, uint64_t packets, void *context)
{
	struct drop_context *drops = context;
	const char *name = raceway_drop_name(key->reason);
	json_t *entry, *target = NULL;
	size_t i;

	if (!name)
		return 0;
	if (key->owner == RACEWAY_OWNER_PORT) {
		char dev[IFNAMSIZ] = "";

		if_indextoname(key->id, dev);
		json_array_append_new(drops->ports,
				      json_pack("{si ss ss sI}", "ifindex", (int)key->id, "dev",
						dev, "reason", name, "packets",
						(json_int_t)packets));
		return 0;
	}
	json_array_foreach (drops->vnics, i, entry) {
		if (json_integer_value(json_object_get(entry, "number")) != key->id)
			continue;
		target = json_object_get(
			json_object_get(entry, key->dir == RACEWAY_TX ? "tx" : "rx"), "drops");
		json_object_set_new(target, name, json_integer((json_int_t)packets));
	}
	return 0;
}

int raceway_loader_show(struct raceway_dp *dp, FILE *out)
{
	struct drop_context drops = { .vnics = show_vnics(dp), .ports = json_array() };
	json_t *document;
	int ret;

	raceway_dp_drops(dp, add_drop, &drops);
	document = json_pack("{si so so so}", "schema", 1, "ports", show_ports(dp), "vnics",
			     drops.vnics, "drops", drops.ports);
	if (!document)
		return -ENOMEM;
	ret = json_dumpf(document, out, JSON_INDENT(2)) || fputc('\n', out) == EOF ? -EIO : 0;
	json_decref(document);
	return ret;
}
