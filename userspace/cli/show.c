/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `OBJECT show`: a table of all, the fields of one, statistics with -s, JSON with -j. */
#include "cli/show.h"

#include <stdbool.h>

#include "cli/output.h"
#include "cli/views.h"
#include "util/cleanup.h"

int raceway_fetch(struct raceway_client *client, const char *plural, const char *path,
		  json_t **ret_answer, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	int r = raceway_client_call(client, "GET", path, NULL, &answer, err);

	if (r < 0)
		return r;
	if (json_is_object(answer) && !json_is_array(json_object_get(answer, plural))) {
		json_t *wrapped = json_pack("{s:i, s:[O]}", "schema", 1, plural, answer);

		json_decref(answer);
		answer = wrapped;
	}
	if (!json_is_array(json_object_get(answer, plural)))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "the daemon's answer holds no %s", plural);
	*ret_answer = RACEWAY_TAKE(answer);
	return 0;
}

/* Every object has these, and they come last. */
static const struct raceway_field mark_fields[] = {
	{ "version", "version", RACEWAY_SHOW_COUNT, RACEWAY_IN_TEXT },
	{ "changed", "changed", RACEWAY_SHOW_CHANGED, RACEWAY_IN_TEXT },
};

static void print_one(FILE *out, const struct raceway_cli *cli, const struct raceway_view *view,
		      const json_t *object)
{
	json_auto_t *rest = json_copy((json_t *)object);
	json_auto_t *mark = json_object();

	for (size_t i = 0; i < sizeof(mark_fields) / sizeof(mark_fields[0]); i++) {
		json_object_set(mark, mark_fields[i].path,
				json_object_get(object, mark_fields[i].path));
		json_object_del(rest, mark_fields[i].path);
	}
	fprintf(out, "%s %s\n", cli->kind->name, cli->name);
	raceway_text_print(out, view->fields, view->count, rest);
	raceway_text_print(out, mark_fields, sizeof(mark_fields) / sizeof(mark_fields[0]), mark);
}

/* Takes over the rows. False if there are none. */
static bool print_statistics(FILE *out, json_t *rows, const struct raceway_view *view)
{
	bool any = json_array_size(rows) > 0;

	raceway_table_print(out, view->fields, view->count, rows);
	json_decref(rows);
	return any;
}

int raceway_show(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err)
{
	const struct raceway_view *view = raceway_view_of(cli->kind->name);
	const json_t *objects, *object;
	json_auto_t *answer = NULL;
	bool counted = false;
	size_t i;
	int r;

	r = raceway_fetch(client, cli->kind->plural, cli->path, &answer, err);
	if (r < 0)
		return r;
	if (cli->options.json) {
		raceway_print_json(out, answer, &cli->options);
		return 0;
	}
	objects = json_object_get(answer, cli->kind->plural);
	if (cli->name) {
		json_array_foreach (objects, i, object)
			print_one(out, cli, view, object);
	}
	if (cli->options.statistics)
		counted = print_statistics(out, raceway_stats_rows(objects), &raceway_stats_view) |
			  print_statistics(out, raceway_io_rows(objects), &raceway_io_view);
	if (!counted && !cli->name)
		raceway_table_print(out, view->fields, view->count, objects);
	return 0;
}
