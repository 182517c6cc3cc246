// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads the file of `raceway-loader --maps`. The whole file or nothing. */
#include "loader/config_file.h"

#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/units.h"

#define DEFAULT_MTU 1500

struct reader {
	const char *kind;
	size_t index;
	const json_t *object;
	struct raceway_error *err;
	int ret; /* the first error sticks */
};

static int fail(struct reader *r, const char *field, const char *message)
{
	char object[96];

	snprintf(object, sizeof(object), "%s %zu", r->kind, r->index);
	r->ret = raceway_error_set(r->err, RACEWAY_FAULT_INVALID, object, field, "%s %s", field,
				   message);
	return r->ret;
}

static uint64_t get_number(struct reader *r, const char *key, uint64_t max, uint64_t absent)
{
	const json_t *value = json_object_get(r->object, key);

	if (!value)
		return absent;
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max) {
		fail(r, key, "is no number in range");
		return absent;
	}
	return (uint64_t)json_integer_value(value);
}

static const char *get_text(struct reader *r, const char *key, const char *absent)
{
	const json_t *value = json_object_get(r->object, key);

	if (!value)
		return absent;
	if (!json_is_string(value)) {
		fail(r, key, "is no string");
		return absent;
	}
	return json_string_value(value);
}

static bool get_bool(struct reader *r, const char *key, bool absent)
{
	const json_t *value = json_object_get(r->object, key);

	if (!value)
		return absent;
	if (!json_is_boolean(value))
		fail(r, key, "is neither true nor false");
	return json_is_true(value);
}

/* Index of a word in a list, by name; fails on a word that is not there. */
static unsigned int get_choice(struct reader *r, const char *key, const char *const *words,
			       unsigned int count, unsigned int absent)
{
	const char *text = get_text(r, key, NULL);

	if (!text)
		return absent;
	for (unsigned int i = 0; i < count; i++)
		if (words[i] && !strcmp(words[i], text))
			return i;
	fail(r, key, "has no such value");
	return absent;
}

/* A word that nobody reads is a mistake: half of what was meant would come into force. */
static void refuse_unknown(struct reader *r, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)r->object, key, value) {
		size_t i = 0;

		while (known[i] && strcmp(known[i], key))
			i++;
		if (!known[i]) {
			fail(r, key, "is no word known here");
			return;
		}
	}
}

static const struct raceway_dp_port *find_port(const struct raceway_config_file *file,
					       const char *name)
{
	for (size_t i = 0; i < file->config.port_count; i++)
		if (!strcmp(file->ports[i].name, name))
			return &file->ports[i];
	return NULL;
}

static void read_port(struct reader *r, struct raceway_config_file *file)
{
	static const char *const roles[] = { NULL, "uplink", "fabric" };
	static const char *const hosts[] = { "none", "keep" };
	static const char *const modes[] = { "native", "generic" };
	static const char *const ways[] = { "link", "libxdp" };
	static const char *const known[] = { "dev",  "name",   "number",	 "role", "host",
					     "mode", "attach", "native_segment", "rate", NULL };
	struct raceway_dp_port *port = &file->ports[r->index];

	refuse_unknown(r, known);
	snprintf(port->dev, sizeof(port->dev), "%s", get_text(r, "dev", ""));
	snprintf(port->name, sizeof(port->name), "%s", get_text(r, "name", port->dev));
	port->number = (uint16_t)get_number(r, "number", RACEWAY_PORT_MAX, r->index + 1);
	port->role = (enum raceway_role)get_choice(r, "role", roles, 3, RACEWAY_ROLE_UPLINK);
	port->host_keep = get_choice(r, "host", hosts, 2, 0);
	port->generic = get_choice(r, "mode", modes, 2, 0);
	port->libxdp = get_choice(r, "attach", ways, 2, 0);
	port->native_segment = (uint16_t)get_number(r, "native_segment", RACEWAY_SEGMENT_MAX, 0);
	port->rate_bps = get_number(r, "rate", RACEWAY_RATE_MAX_BPS, 0);
	port->ifindex = if_nametoindex(port->dev);
	if (!r->ret && !port->ifindex)
		fail(r, "dev", "names no interface");
	file->config.port_count++;
}

static void read_segment(struct reader *r, struct raceway_config_file *file)
{
	static const char *const ways[] = { "veb", "vepa", "private" };
	static const char *const known[] = { "number", "uplink", "vlan", "switching", NULL };
	struct raceway_dp_segment *segment = &file->segments[r->index];
	const char *uplink = get_text(r, "uplink", NULL);

	refuse_unknown(r, known);
	segment->number = (uint16_t)get_number(r, "number", RACEWAY_SEGMENT_MAX, r->index + 1);
	segment->uplink_vid = (uint16_t)get_number(r, "vlan", RACEWAY_SEGMENT_MAX, 0);
	segment->switching =
		(enum raceway_switching)get_choice(r, "switching", ways, 3, RACEWAY_VEB);
	if (uplink) {
		const struct raceway_dp_port *port = find_port(file, uplink);

		if (port)
			segment->uplink_port = port->number;
		else
			fail(r, "uplink", "names no port");
	}
	file->config.segment_count++;
}

#define BURST_MAX (1ULL << 36) /* bytes */

static uint64_t default_burst(uint64_t rate_bps)
{
	uint64_t bytes = rate_bps / 8 * RACEWAY_BURST_MS / 1000;

	return bytes < RACEWAY_BURST_MIN_BYTES ? RACEWAY_BURST_MIN_BYTES : bytes;
}

static void read_rates(struct reader *r, struct raceway_dp_vnic *vnic)
{
	static const char *const prefix[RACEWAY_DIRS] = { "tx", "rx" };

	for (int d = 0; d < RACEWAY_DIRS; d++) {
		struct raceway_dp_rate *rate = &vnic->dir[d];
		char key[8];

		snprintf(key, sizeof(key), "%s_cir", prefix[d]);
		rate->cir_bps = get_number(r, key, RACEWAY_RATE_MAX_BPS, 0);
		snprintf(key, sizeof(key), "%s_pir", prefix[d]);
		rate->pir_bps = get_number(r, key, RACEWAY_RATE_MAX_BPS, 0);
		snprintf(key, sizeof(key), "%s_cbs", prefix[d]);
		rate->cbs_bytes = get_number(r, key, BURST_MAX, 0);
		snprintf(key, sizeof(key), "%s_pbs", prefix[d]);
		rate->pbs_bytes = get_number(r, key, BURST_MAX, 0);
		if (!rate->cbs_bytes && !rate->pbs_bytes)
			rate->idle_ms = RACEWAY_IDLE_MS;
		if (!rate->cbs_bytes)
			rate->cbs_bytes = default_burst(rate->cir_bps);
		if (!rate->pbs_bytes)
			rate->pbs_bytes = default_burst(rate->pir_bps) +
					  (rate->cir_bps ? rate->cbs_bytes : 0);
	}
}

static void read_vnic(struct reader *r, struct raceway_config_file *file)
{
	static const char *const states[] = { "down", "up" };
	struct raceway_dp_vnic *vnic = &file->vnics[r->index];
	static const char *const known[] = { "name",   "number", "mac",	   "segment", "port",
					     "dev",    "mtu",	 "class",  "state",   "spoofcheck",
					     "trunk",  "tx_cir", "tx_pir", "tx_cbs",  "tx_pbs",
					     "rx_cir", "rx_pir", "rx_cbs", "rx_pbs",  "weight",
					     NULL };
	const char *port = get_text(r, "port", NULL), *dev = get_text(r, "dev", NULL);

	refuse_unknown(r, known);
	snprintf(vnic->name, sizeof(vnic->name), "%s", get_text(r, "name", "?"));
	vnic->number = (uint32_t)get_number(r, "number", RACEWAY_VNICS_MAX - 1, r->index + 1);
	vnic->segment = (uint16_t)get_number(r, "segment", RACEWAY_SEGMENT_MAX, 0);
	vnic->mtu = (uint16_t)get_number(r, "mtu", RACEWAY_MTU_MAX, DEFAULT_MTU);
	vnic->pcp = (uint8_t)get_number(r, "class", RACEWAY_CLASSES - 1, 0);
	vnic->weight = (uint16_t)get_number(r, "weight", RACEWAY_WEIGHT_MAX, 1);
	vnic->up = get_choice(r, "state", states, 2, 1);
	vnic->spoofcheck = get_bool(r, "spoofcheck", true);
	vnic->trunk = get_bool(r, "trunk", false);
	if (raceway_parse_mac(get_text(r, "mac", ""), vnic->mac))
		fail(r, "mac", "is no address such as 02:00:00:00:00:01");
	read_rates(r, vnic);
	if (port) {
		const struct raceway_dp_port *found = find_port(file, port);

		if (found)
			vnic->port = found->number;
		else
			fail(r, "port", "names no port");
	} else if (dev) {
		vnic->ifindex = if_nametoindex(dev);
		snprintf(file->vnic_dev[r->index], IFNAMSIZ, "%s", dev);
		if (!vnic->ifindex)
			fail(r, "dev", "names no interface");
	}
	file->config.vnic_count++;
}

static int read_list(const json_t *document, const char *key, const char *kind,
		     void (*read)(struct reader *r, struct raceway_config_file *file),
		     struct raceway_config_file *file, struct raceway_error *err)
{
	const json_t *list = json_object_get(document, key), *object;
	struct reader r = { .kind = kind, .err = err };

	if (list && !json_is_array(list))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, key, key, "%s is no list",
					 key);
	json_array_foreach (list, r.index, object) {
		r.object = object;
		if (!json_is_object(object))
			fail(&r, "entry", "is no object");
		else
			read(&r, file);
		if (r.ret)
			return r.ret;
	}
	return 0;
}

static int read_document(const json_t *document, const char *path, struct raceway_config_file *file,
			 struct raceway_error *err)
{
	size_t ports = json_array_size(json_object_get(document, "ports"));
	size_t segments = json_array_size(json_object_get(document, "segments"));
	size_t vnics = json_array_size(json_object_get(document, "vnics"));
	const char *key;
	json_t *value;
	int ret;

	if (json_integer_value(json_object_get(document, "schema")) != 1)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, path, "schema",
					 "schema is not 1");
	json_object_foreach ((json_t *)document, key, value)
		if (strcmp(key, "schema") && strcmp(key, "ports") && strcmp(key, "segments") &&
		    strcmp(key, "vnics"))
			return raceway_error_set(err, RACEWAY_FAULT_INVALID, path, key,
						 "%s is no word known here", key);
	file->ports = calloc(ports + 1, sizeof(*file->ports));
	file->segments = calloc(segments + 1, sizeof(*file->segments));
	file->vnics = calloc(vnics + 1, sizeof(*file->vnics));
	file->vnic_dev = calloc(vnics + 1, sizeof(*file->vnic_dev));
	if (!file->ports || !file->segments || !file->vnics || !file->vnic_dev)
		return -ENOMEM;
	ret = read_list(document, "ports", "port", read_port, file, err);
	if (!ret)
		ret = read_list(document, "segments", "segment", read_segment, file, err);
	if (!ret)
		ret = read_list(document, "vnics", "vnic", read_vnic, file, err);
	file->config.ports = file->ports;
	file->config.segments = file->segments;
	file->config.vnics = file->vnics;
	return ret;
}

int raceway_config_file_read(const char *path, struct raceway_config_file *ret_file,
			     struct raceway_error *err)
{
	struct raceway_config_file file = { 0 };
	json_error_t json_err;
	json_t *document = json_load_file(path, JSON_REJECT_DUPLICATES, &json_err);
	int ret;

	if (!document && json_err.line < 0)
		return raceway_error_set(err, RACEWAY_FAULT_NOT_FOUND, path, "", "%s",
					 json_err.text);
	if (!document)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, path, "", "line %d: %s",
					 json_err.line, json_err.text);
	ret = read_document(document, path, &file, err);
	json_decref(document);
	if (ret)
		raceway_config_file_free(&file);
	else
		*ret_file = file;
	return ret;
}

void raceway_config_file_free(struct raceway_config_file *file)
{
	free(file->ports);
	free(file->segments);
	free(file->vnics);
	free(file->vnic_dev);
	memset(file, 0, sizeof(*file));
}
