/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Effective values: what a document says, else the default, which for bursts and port rates
 * follows from something else. */
#include <assert.h>
#include <raceway/limits.h>
#include <string.h>

#include "model/internal.h"
#include "util/units.h"

#define FRAME_OVERHEAD 18    /* Ethernet header and one tag, besides the MTU */
#define PORT_RATE_PERCENT 98 /* the rest keeps the NIC's own queue from choosing */

static const struct raceway_attr *find(const struct raceway_kind *kind, const char *word)
{
	const struct raceway_attr *attr = raceway_attr_find(kind, word);

	assert(attr);
	return attr;
}

static const json_t *get(const struct raceway_attr *attr, const json_t *doc)
{
	char key[RACEWAY_MODEL_KEY];

	return json_object_get(doc, raceway_attr_key(attr, key, sizeof(key)));
}

uint64_t raceway_model_u64(const struct raceway_kind *kind, const json_t *doc, const char *word)
{
	const struct raceway_attr *attr = find(kind, word);
	const json_t *value = get(attr, doc);
	uint64_t number = 0;

	if (json_is_integer(value))
		return (uint64_t)json_integer_value(value);
	if (!attr->default_text)
		return 0;
	if (attr->type == RACEWAY_TYPE_RATE)
		(void)raceway_parse_rate(attr->default_text, &number);
	else if (attr->type == RACEWAY_TYPE_SIZE)
		(void)raceway_parse_size(attr->default_text, &number);
	else if (attr->type == RACEWAY_TYPE_TIME)
		(void)raceway_parse_time(attr->default_text, &number);
	else
		(void)raceway_parse_u64(attr->default_text, &number);
	return number;
}

bool raceway_model_bool(const struct raceway_kind *kind, const json_t *doc, const char *word)
{
	const struct raceway_attr *attr = find(kind, word);
	const json_t *value = get(attr, doc);

	if (json_is_boolean(value))
		return json_is_true(value);
	return attr->default_text && strcmp(attr->default_text, "on") == 0;
}

const char *raceway_model_text(const struct raceway_kind *kind, const json_t *doc, const char *word)
{
	const struct raceway_attr *attr = find(kind, word);
	const char *text = json_string_value(get(attr, doc));

	return text ? text : attr->default_text;
}

static uint64_t max_u64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t burst_of(uint64_t rate_bps)
{
	return max_u64(rate_bps / 8 * RACEWAY_BURST_MS / 1000, RACEWAY_BURST_MIN_BYTES);
}

/* The committed part of a given peak burst: as much of it as of the rate, a frame at least, and
 * two frames are left for what is above the guarantee (a GSO packet may be as long). */
static uint64_t share_of(uint64_t pbs, uint64_t cir, uint64_t pir, uint64_t frame)
{
	uint64_t share = (uint64_t)((unsigned __int128)pbs * cir / pir);

	if (pbs < 3 * frame)
		return pbs / 3;
	share = max_u64(share, frame);
	return share > pbs - 2 * frame ? pbs - 2 * frame : share;
}

uint64_t raceway_model_frame(const json_t *vnic_doc)
{
	return raceway_model_u64(raceway_kind_find("vnic"), vnic_doc, "mtu") + FRAME_OVERHEAD;
}

uint64_t raceway_model_burst(const json_t *vnic_doc, const char *word)
{
	const struct raceway_kind *kind = raceway_kind_find("vnic");
	bool rx = word[0] == 'r';
	uint64_t cir = raceway_model_u64(kind, vnic_doc, rx ? "rx-cir" : "tx-cir");
	uint64_t pir = raceway_model_u64(kind, vnic_doc, rx ? "rx-pir" : "tx-pir");
	uint64_t cbs = raceway_model_u64(kind, vnic_doc, rx ? "rx-cbs" : "tx-cbs");
	uint64_t pbs = raceway_model_u64(kind, vnic_doc, rx ? "rx-pbs" : "tx-pbs");

	if (cir && !cbs) {
		uint64_t most = pbs;

		cbs = burst_of(cir);
		if (pbs && pir > cir)
			most = share_of(pbs, cir, pir, raceway_model_frame(vnic_doc));
		if (pbs && cbs > most)
			cbs = most;
	}
	if (strcmp(word + 3, "cbs") == 0)
		return cir ? cbs : 0;
	if (!pir)
		return 0;
	if (pbs)
		return pbs;
	return max_u64(burst_of(pir), cir ? cbs + (pir > cir ? RACEWAY_BURST_MIN_BYTES : 0) : 0);
}

uint64_t raceway_model_port_rate(const json_t *port_doc, const struct raceway_world *world)
{
	const struct raceway_kind *kind = raceway_kind_find("port");
	uint64_t rate = raceway_model_u64(kind, port_doc, "rate");

	if (rate || !world || !world->speed_bps)
		return rate;
	return world->speed_bps(world->context, raceway_model_text(kind, port_doc, "dev")) / 100 *
	       PORT_RATE_PERCENT;
}
