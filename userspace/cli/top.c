/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `top`: asks for the counters every second and prints what passed in between. */
#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "util/cleanup.h"

#define SECOND_NS 1000000000ULL
#define HOME_AND_CLEAR "\033[H\033[J"

/* What is asked for, and the two ways in which it counts. */
static const struct listed {
	const char *plural, *path, *ways[2], *counter;
} vnics = { "vnics", "/v1/vnics?stats=1", { "tx", "rx" }, "packets" },
  vhbas = { "vhbas", "/v1/vhbas?stats=1", { "read", "write" }, "ios" };

static const struct raceway_field fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, RACEWAY_IN_TABLE },
	{ "tx.rate", "tx", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "tx.packets", "tx-pps", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "tx.drops", "tx-drops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "rx.rate", "rx", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "rx.packets", "rx-pps", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "rx.drops", "rx-drops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
};

static const struct raceway_field io_fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, RACEWAY_IN_TABLE },
	{ "read.rate", "read", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "read.ios", "read-iops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "write.rate", "write", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "write.ios", "write-iops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "queue_depth", "depth", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static uint64_t drops_of(const json_t *dir)
{
	const json_t *count;
	const char *reason;
	uint64_t sum = 0;

	json_object_foreach (json_object_get(dir, "drops"), reason, count)
		sum += (uint64_t)json_integer_value(count);
	return sum;
}

static uint64_t per_second(uint64_t before, uint64_t after, uint64_t interval_ns)
{
	if (after <= before)
		return 0;
	return (uint64_t)((double)(after - before) * (double)SECOND_NS / (double)interval_ns + 0.5);
}

static uint64_t count_of(const json_t *dir, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(dir, key));
}

static json_t *rates_of(const struct listed *listed, const json_t *before, const json_t *after,
			uint64_t interval_ns)
{
	uint64_t bytes =
		per_second(count_of(before, "bytes"), count_of(after, "bytes"), interval_ns);
	uint64_t count = per_second(count_of(before, listed->counter),
				    count_of(after, listed->counter), interval_ns);
	json_t *rates = json_pack("{s:I, s:I}", "rate", (json_int_t)(bytes * 8), listed->counter,
				  (json_int_t)count);

	if (listed == &vnics)
		json_object_set_new(rates, "drops",
				    json_integer((json_int_t)per_second(
					    drops_of(before), drops_of(after), interval_ns)));
	return rates;
}

/* Objects of a list by name. */
static json_t *by_name(const json_t *list)
{
	json_t *index = json_object();
	json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (name)
			json_object_set(index, name, entry);
	}
	return index;
}

static int64_t busyness(const json_t *row)
{
	int64_t sum = 0;

	for (int way = 0; way < 2; way++)
		sum += json_integer_value(
			       json_object_get(json_object_get(row, vnics.ways[way]), "rate")) +
		       json_integer_value(
			       json_object_get(json_object_get(row, vhbas.ways[way]), "rate"));
	return sum;
}

static int busiest_first(const void *a, const void *b)
{
	const json_t *left = *(json_t *const *)a, *right = *(json_t *const *)b;
	int64_t l = busyness(left), r = busyness(right);

	if (l != r)
		return l < r ? 1 : -1;
	return strcmp(json_string_value(json_object_get(left, "name")),
		      json_string_value(json_object_get(right, "name")));
}

/* jansson cannot sort: the rows are moved through a plain array. */
static void sort_rows(json_t *rows)
{
	size_t count = json_array_size(rows), i;
	RACEWAY_FREE json_t **list = count ? calloc(count, sizeof(*list)) : NULL;
	json_t *row;

	if (!list)
		return;
	json_array_foreach (rows, i, row)
		list[i] = json_incref(row);
	qsort(list, count, sizeof(*list), busiest_first);
	for (i = 0; i < count; i++)
		json_array_set_new(rows, i, list[i]);
}

static json_t *make_rows(const struct listed *listed, const json_t *before, const json_t *after,
			 uint64_t interval_ns)
{
	json_auto_t *index = by_name(json_object_get(before, listed->plural));
	json_t *rows = json_array(), *object;
	size_t i;

	json_array_foreach (json_object_get(after, listed->plural), i, object) {
		const char *name = json_string_value(json_object_get(object, "name"));
		const json_t *then = name ? json_object_get(index, name) : NULL;
		json_t *row;

		/* What is new has no rate yet. */
		if (!then)
			continue;
		row = json_pack("{s:s}", "name", name);
		for (int way = 0; way < 2; way++)
			json_object_set_new(
				row, listed->ways[way],
				rates_of(listed, json_object_get(then, listed->ways[way]),
					 json_object_get(object, listed->ways[way]), interval_ns));
		if (json_object_get(object, "queue_depth"))
			json_object_set(row, "queue_depth", json_object_get(object, "queue_depth"));
		json_array_append_new(rows, row);
	}
	sort_rows(rows);
	return rows;
}

json_t *raceway_top_rows(const json_t *before, const json_t *after, uint64_t interval_ns)
{
	return make_rows(&vnics, before, after, interval_ns);
}

json_t *raceway_top_io_rows(const json_t *before, const json_t *after, uint64_t interval_ns)
{
	return make_rows(&vhbas, before, after, interval_ns);
}

static void print_round(const struct raceway_cli *cli, FILE *out, const json_t *before,
			const json_t *after, uint64_t interval_ns)
{
	json_auto_t *rows = raceway_top_rows(before, after, interval_ns);
	json_auto_t *io_rows = raceway_top_io_rows(before, after, interval_ns);

	if (cli->options.json) {
		json_auto_t *document =
			json_pack("{s:i, s:I, s:O, s:O}", "schema", 1, "interval",
				  (json_int_t)interval_ns, "vnics", rows, "vhbas", io_rows);

		raceway_print_json(out, document, &cli->options);
	} else {
		fputs(isatty(fileno(out)) ? HOME_AND_CLEAR : "", out);
		raceway_table_print(out, fields, sizeof(fields) / sizeof(fields[0]), rows);
		raceway_table_print(out, io_fields, sizeof(io_fields) / sizeof(io_fields[0]),
				    io_rows);
	}
	fflush(out);
}

/* {"vnics": [...], "vhbas": [...]} with counters. */
static int fetch(struct raceway_client *client, json_t **ret_all, struct raceway_error *err)
{
	const struct listed *const lists[] = { &vnics, &vhbas };
	json_auto_t *all = json_object();

	for (int i = 0; i < 2; i++) {
		json_auto_t *answer = NULL;
		int r = raceway_fetch(client, lists[i]->plural, lists[i]->path, &answer, err);

		if (r < 0)
			return r;
		json_object_set(all, lists[i]->plural, json_object_get(answer, lists[i]->plural));
	}
	*ret_all = RACEWAY_TAKE(all);
	return 0;
}

int raceway_top(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		struct raceway_error *err)
{
	const struct timespec pause = { .tv_sec = 1 };
	json_auto_t *before = NULL;
	uint64_t before_ns, round = 0;
	int r = fetch(client, &before, err);

	if (r < 0)
		return r;
	before_ns = now_ns();
	while (cli->count == 0 || round++ < cli->count) {
		json_auto_t *after = NULL;
		uint64_t after_ns;

		nanosleep(&pause, NULL);
		r = fetch(client, &after, err);
		if (r < 0)
			return r;
		after_ns = now_ns();
		print_round(cli, out, before, after, after_ns - before_ns);
		json_decref(before);
		before = RACEWAY_TAKE(after);
		before_ns = after_ns;
	}
	return 0;
}
