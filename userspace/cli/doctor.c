/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `doctor`: what the daemon finds that this machine can and cannot do, and what to do about it. */
#include <string.h>

#include "cli/output.h"
#include "cli/show.h"
#include "cli/table.h"
#include "util/cleanup.h"

#define PATH 64

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static void print_checks(FILE *out, const json_t *checks)
{
	const struct raceway_field fields[] = {
		{ "result", "result", RACEWAY_SHOW_TEXT, 0 },
		{ "name", "name", RACEWAY_SHOW_TEXT, 0 },
		{ "message", "message", RACEWAY_SHOW_TEXT, 0 },
		{ "fix", "fix", RACEWAY_SHOW_TEXT, 0 },
	};
	char cell[RACEWAY_CELL];
	const json_t *check;
	size_t i;

	json_array_foreach (checks, i, check) {
		fprintf(out, "%-6s ", raceway_cell(&fields[0], check, cell));
		fputs(raceway_cell(&fields[1], check, cell), out);
		if (text_of(check, "message")[0])
			fprintf(out, ": %s", raceway_cell(&fields[2], check, cell));
		fputc('\n', out);
		if (text_of(check, "fix")[0])
			fprintf(out, "%-6s %s\n", "", raceway_cell(&fields[3], check, cell));
	}
}

int raceway_doctor(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	const json_t *checks;
	char path[PATH];
	int r;

	snprintf(path, sizeof(path), "/v1/doctor%s%s", cli->dev ? "?dev=" : "",
		 cli->dev ? cli->dev : "");
	r = raceway_client_call(client, "GET", path, NULL, &answer, err);
	if (r < 0)
		return r;
	checks = json_object_get(answer, "checks");
	if (cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	else if (json_is_array(checks))
		print_checks(out, checks);
	else
		raceway_text_print(out, NULL, 0, answer);
	return 0;
}
