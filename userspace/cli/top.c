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
#define PATH "/v1/vnics?stats=1"

static const struct raceway_field fields[] = {
	{ "name", "name", RACEWAY_SHOW_TEXT, RACEWAY_IN_TABLE },
	{ "tx.rate", "tx", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "tx.packets", "tx-pps", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "tx.drops", "tx-drops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "rx.rate", "rx", RACEWAY_SHOW_LIVE, RACEWAY_IN_TABLE },
	{ "rx.packets", "rx-pps", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
	{ "rx.drops", "rx-drops", RACEWAY_SHOW_COUNT, RACEWAY_IN_TABLE },
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

static json_t *dir_rates(const json_t *before, const json_t *after, uint64_t interval_ns)
{
	uint64_t bytes =
		per_second(count_of(before, "bytes"), count_of(after, "bytes"), interval_ns);
	uint64_t packets =
		per_second(count_of(before, "packets"), count_of(after, "packets"), interval_ns);

	return json_pack("{s:I, s:I, s:I}", "rate", (json_int_t)(bytes * 8), "packets",
			 (json_int_t)packets, "drops",
			 (json_int_t)per_second(drops_of(before), drops_of(after), interval_ns));
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
	return json_integer_value(raceway_json_at(row, "tx.rate")) +
	       json_integer_value(raceway_json_at(row, "rx.rate"));
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

json_t *raceway_top_rows(const json_t *before, const json_t *after, uint64_t interval_ns)
{
	json_auto_t *index = by_name(json_object_get(before, "vnics"));
	json_t *rows = json_array(), *vnic;
	size_t i;

	json_array_foreach (json_object_get(after, "vnics"), i, vnic) {
		const char *name = json_string_value(json_object_get(vnic, "name"));
		const json_t *then = name ? json_object_get(index, name) : NULL;

		/* A vNIC that is new has no rate yet. */
		if (!then)
			continue;
		json_array_append_new(
			rows, json_pack("{s:s, s:o, s:o}", "name", name, "tx",
					dir_rates(json_object_get(then, "tx"),
						  json_object_get(vnic, "tx"), interval_ns),
					"rx",
					dir_rates(json_object_get(then, "rx"),
						  json_object_get(vnic, "rx"), interval_ns)));
	}
	sort_rows(rows);
	return rows;
}

static void print_round(const struct raceway_cli *cli, FILE *out, json_t *rows,
			uint64_t interval_ns)
{
	if (cli->options.json) {
		json_auto_t *document = json_pack("{s:i, s:I, s:O}", "schema", 1, "interval",
						  (json_int_t)interval_ns, "vnics", rows);

		raceway_print_json(out, document, &cli->options);
	} else {
		fputs(isatty(fileno(out)) ? HOME_AND_CLEAR : "", out);
		raceway_table_print(out, fields, sizeof(fields) / sizeof(fields[0]), rows);
	}
	fflush(out);
}

int raceway_top(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		struct raceway_error *err)
{
	const struct timespec pause = { .tv_sec = 1 };
	json_auto_t *before = NULL;
	uint64_t before_ns, round = 0;
	int r = raceway_fetch(client, "vnics", PATH, &before, err);

	if (r < 0)
		return r;
	before_ns = now_ns();
	while (cli->count == 0 || round++ < cli->count) {
		json_auto_t *after = NULL, *rows = NULL;
		uint64_t after_ns;

		nanosleep(&pause, NULL);
		r = raceway_fetch(client, "vnics", PATH, &after, err);
		if (r < 0)
			return r;
		after_ns = now_ns();
		rows = raceway_top_rows(before, after, after_ns - before_ns);
		print_round(cli, out, rows, after_ns - before_ns);
		json_decref(before);
		before = RACEWAY_TAKE(after);
		before_ns = after_ns;
	}
	return 0;
}
