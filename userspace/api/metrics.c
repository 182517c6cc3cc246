/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What Prometheus reads: counters per vNIC, direction and colour, drops by reason, ports; storage
 * is in metrics_storage.c. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/show.h"

static const char *const dirs[] = { "tx", "rx" };
static const char *const colours[] = { "green", "yellow", "red", "marked" };

void raceway_metrics_header(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Names have no character that would need escaping (see RACEWAY_TYPE_NAME). */
static void write_counters(FILE *out, struct raceway_core *core, bool bytes)
{
	const struct raceway_want *want = &core->kernel.want;
	const char *name = bytes ? "raceway_vnic_bytes_total" : "raceway_vnic_packets_total";

	raceway_metrics_header(
		out, name, "counter",
		bytes ? "Bytes from destination MAC to payload, by colour; marked ones "
			"count in their colour too."
		      : "Frames, by colour; marked ones count in their colour too.");
	for (size_t i = 0; i < want->vnic_count; i++) {
		for (int dir = 0; dir < RACEWAY_DIRS; dir++) {
			struct raceway_stats s;

			if (raceway_dp_stats(core->kernel.dp, want->vnics[i].dp.number, dir, &s))
				continue;
			for (int c = 0; c < RACEWAY_COLOURS; c++)
				fprintf(out,
					"%s{vnic=\"%s\",dir=\"%s\",colour=\"%s\"} %" PRIu64 "\n",
					name, want->vnics[i].dp.name, dirs[dir], colours[c],
					(uint64_t)(bytes ? s.colour[c].bytes
							 : s.colour[c].packets));
		}
	}
}

static const char *vnic_name(const struct raceway_want *want, uint32_t number)
{
	for (size_t i = 0; i < want->vnic_count; i++)
		if (want->vnics[i].dp.number == number)
			return want->vnics[i].dp.name;
	return NULL;
}

static void write_drops(FILE *out, struct raceway_core *core, const struct raceway_drops *drops)
{
	raceway_metrics_header(out, "raceway_drops_total", "counter", "Frames dropped, by reason.");
	for (size_t i = 0; i < drops->used; i++) {
		const struct raceway_drop_key *key = &drops->count[i].key;
		const char *reason = raceway_drop_name(key->reason);
		bool vnic = key->owner == RACEWAY_OWNER_VNIC;
		const struct raceway_link *link =
			vnic ? NULL : raceway_links_by_index(&core->kernel.links, key->id);
		const char *owner = vnic   ? vnic_name(&core->kernel.want, key->id)
				    : link ? link->name
					   : NULL;

		if (owner && reason && key->dir < RACEWAY_DIRS)
			fprintf(out,
				"raceway_drops_total{%s=\"%s\",dir=\"%s\",reason=\"%s\"} %" PRIu64
				"\n",
				vnic ? "vnic" : "dev", owner, dirs[key->dir], reason,
				drops->count[i].packets);
	}
}

static void write_states(FILE *out, struct raceway_core *core)
{
	const struct raceway_want *want = &core->kernel.want;
	char reason[400];

	raceway_metrics_header(out, "raceway_port_up", "gauge", "Whether the port works.");
	for (size_t i = 0; i < want->port_count; i++)
		fprintf(out, "raceway_port_up{port=\"%s\"} %d\n", want->ports[i].name,
			!strcmp(raceway_oper_port(core, want->ports[i].name, reason,
						  sizeof(reason)),
				"up"));
	raceway_metrics_header(out, "raceway_vnic_up", "gauge", "Whether the vNIC works.");
	for (size_t i = 0; i < want->vnic_count; i++)
		fprintf(out, "raceway_vnic_up{vnic=\"%s\"} %d\n", want->vnics[i].dp.name,
			!strcmp(raceway_oper_vnic(core, want->vnics[i].dp.name, reason,
						  sizeof(reason)),
				"up"));
}

char *raceway_metrics(struct raceway_core *core)
{
	struct raceway_drops drops;
	uint64_t memory = 0;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_counters(out, core, false);
	write_counters(out, core, true);
	if (!raceway_drops_read(core, &drops))
		write_drops(out, core, &drops);
	raceway_drops_free(&drops);
	write_states(out, core);
	raceway_metrics_storage(out, core);
	if (!raceway_dp_memory(core->kernel.dp, &memory)) {
		raceway_metrics_header(out, "raceway_map_bytes", "gauge",
				       "Kernel memory of all maps.");
		fprintf(out, "raceway_map_bytes %" PRIu64 "\n", memory);
	}
	if (ferror(out) || fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}
