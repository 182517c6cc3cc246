/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prometheus' view of storage: counters and latencies per vHBA, room per volume. */
#include <inttypes.h>

#include "api/api.h"

#define NS_PER_S 1e9

static const char *const ops[] = { "read", "write" };

static uint64_t number(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

/* Names have no character that would need escaping (see RACEWAY_TYPE_NAME). */
static const char *name_of(const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	return name ? name : "";
}

static void write_counters(FILE *out, const json_t *vhbas, const char *metric, const char *key,
			   const char *help)
{
	json_t *vhba;
	size_t i;

	raceway_metrics_header(out, metric, "counter", help);
	json_array_foreach (vhbas, i, vhba)
		for (int op = 0; op < 2; op++)
			fprintf(out, "%s{vhba=\"%s\",op=\"%s\"} %" PRIu64 "\n", metric,
				name_of(vhba), ops[op],
				number(json_object_get(vhba, ops[op]), key));
}

static void write_latencies(FILE *out, const json_t *vhbas)
{
	static const struct {
		const char *key, *quantile;
	} parts[] = { { "p50", "0.5" }, { "p99", "0.99" }, { "p999", "0.999" } };
	json_t *vhba;
	size_t i;

	raceway_metrics_header(out, "raceway_vhba_latency_seconds", "gauge",
			       "Time of an operation in the engine, by quantile.");
	json_array_foreach (vhbas, i, vhba)
		for (int p = 0; p < 2 * 3; p++) {
			const json_t *latency =
				json_object_get(json_object_get(vhba, ops[p / 3]), "latency");

			if (json_is_integer(json_object_get(latency, parts[p % 3].key)))
				fprintf(out,
					"raceway_vhba_latency_seconds{vhba=\"%s\",op=\"%s\","
					"quantile=\"%s\"} %.9f\n",
					name_of(vhba), ops[p / 3], parts[p % 3].quantile,
					(double)number(latency, parts[p % 3].key) / NS_PER_S);
		}
}

static void write_gauges(FILE *out, const json_t *vhbas, const json_t *volumes)
{
	json_t *object;
	size_t i;

	raceway_metrics_header(out, "raceway_vhba_sessions", "gauge", "Sessions of initiators.");
	json_array_foreach (vhbas, i, object)
		fprintf(out, "raceway_vhba_sessions{vhba=\"%s\"} %zu\n", name_of(object),
			json_array_size(json_object_get(object, "sessions")));
	raceway_metrics_header(out, "raceway_vhba_queue_depth", "gauge", "Operations under way.");
	json_array_foreach (vhbas, i, object)
		fprintf(out, "raceway_vhba_queue_depth{vhba=\"%s\"} %" PRIu64 "\n", name_of(object),
			number(object, "queue_depth"));
	raceway_metrics_header(out, "raceway_volume_bytes", "gauge",
			       "Size of the volume, and what of it takes room.");
	json_array_foreach (volumes, i, object) {
		fprintf(out, "raceway_volume_bytes{volume=\"%s\",of=\"size\"} %" PRIu64 "\n",
			name_of(object), number(object, "size"));
		fprintf(out, "raceway_volume_bytes{volume=\"%s\",of=\"used\"} %" PRIu64 "\n",
			name_of(object), number(object, "used"));
	}
}

void raceway_metrics_storage(FILE *out, struct raceway_core *core)
{
	json_auto_t *status = NULL;
	const json_t *vhbas;

	if (!raceway_storage_any(core->model))
		return;
	status = raceway_storage_status(&core->storage, true);
	raceway_metrics_header(out, "raceway_engine_up", "gauge",
			       "Whether the storage engine answers.");
	fprintf(out, "raceway_engine_up %d\n", status != NULL);
	if (!status)
		return;
	vhbas = json_object_get(status, "vhbas");
	write_counters(out, vhbas, "raceway_vhba_ios_total", "ios", "Operations.");
	write_counters(out, vhbas, "raceway_vhba_bytes_total", "bytes", "Bytes of blocks.");
	write_latencies(out, vhbas);
	write_gauges(out, vhbas, json_object_get(status, "volumes"));
}
