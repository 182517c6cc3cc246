/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Carries out what the command line says and turns the outcome into output and exit status. */
#include "cli/run.h"

#include <errno.h>
#include <raceway/limits.h>
#include <string.h>

#include "cli/client.h"
#include "cli/complete.h"
#include "cli/document.h"
#include "cli/help.h"
#include "cli/output.h"
#include "cli/parse.h"
#include "cli/records.h"
#include "cli/show.h"
#include "util/cleanup.h"
#include "util/version.h"

#define COMPLETE_MS 300L /* nobody waits longer for a TAB */

static int change(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		  struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	const char *token;
	int r;

	raceway_client_if_version(client, cli->options.if_version);
	r = raceway_client_call(client, cli->method, cli->path, cli->body, &answer, err);
	token = json_string_value(json_object_get(answer, "token"));

	if (r == 0)
		raceway_print_warnings(stderr, cli->object, answer);
	if (r == 0 && token && cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	else if (r == 0 && token)
		fprintf(out, "%s\n", token);
	return r;
}

static int version(const struct raceway_cli *cli, FILE *out)
{
	json_auto_t *document = json_pack("{s:i, s:s, s:i}", "schema", 1, "version",
					  RACEWAY_VERSION, "layout", RACEWAY_LAYOUT);

	if (cli->options.json)
		raceway_print_json(out, document, &cli->options);
	else
		fprintf(out, "raceway %s, map layout %d\n", RACEWAY_VERSION, RACEWAY_LAYOUT);
	return 0;
}

static int ask(const struct raceway_cli *cli, FILE *out, struct raceway_error *err)
{
	static int (*const commands[])(struct raceway_client *, const struct raceway_cli *, FILE *,
				       struct raceway_error *) = {
		[RACEWAY_DO_CHANGE] = change,	      [RACEWAY_DO_SHOW] = raceway_show,
		[RACEWAY_DO_TREE] = raceway_tree,     [RACEWAY_DO_APPLY] = raceway_apply,
		[RACEWAY_DO_DIFF] = raceway_diff,     [RACEWAY_DO_EXPORT] = raceway_export,
		[RACEWAY_DO_TOP] = raceway_top,	      [RACEWAY_DO_MONITOR] = raceway_monitor,
		[RACEWAY_DO_DOCTOR] = raceway_doctor, [RACEWAY_DO_AUDIT] = raceway_audit,
		[RACEWAY_DO_BACKUP] = raceway_backup, [RACEWAY_DO_RESTORE] = raceway_restore,
	};
	RACEWAY_CLEANUP(raceway_client_freep) struct raceway_client *client = NULL;
	int r = raceway_client_new(cli->options.socket, 0, &client, err);

	return r < 0 ? r : commands[cli->action](client, cli, out, err);
}

static int run(const struct raceway_cli *cli, struct raceway_error *err)
{
	int r = 0;

	if (cli->action == RACEWAY_DO_HELP)
		raceway_help(cli, stdout);
	else if (cli->action == RACEWAY_DO_VERSION)
		r = version(cli, stdout);
	else
		r = ask(cli, stdout, err);
	if (r >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "standard output: %s",
					 strerror(errno));
	return r;
}

static json_t *names_of(const char *socket, const char *plural)
{
	RACEWAY_CLEANUP(raceway_client_freep) struct raceway_client *client = NULL;
	json_auto_t *answer = NULL;
	json_t *names, *object;
	char path[64];
	size_t i;

	snprintf(path, sizeof(path), "/v1/%s", plural);
	if (raceway_client_new(socket, COMPLETE_MS, &client, NULL) < 0 ||
	    raceway_fetch(client, plural, path, &answer, NULL) < 0)
		return NULL;
	names = json_array();
	json_array_foreach (json_object_get(answer, plural), i, object)
		json_array_append(names, json_object_get(object, "name"));
	return names;
}

int raceway_cli_run(int argc, const char *const *argv)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_cli cli;
	int r;

	if (argc >= 1 && strcmp(argv[0], "--complete") == 0) {
		raceway_complete(argc - 1, argv + 1, names_of, stdout);
		return 0;
	}
	if (argc == 1 && strcmp(argv[0], "--man-words") == 0) {
		raceway_man_words(stdout);
		return 0;
	}
	r = raceway_cli_parse(argc, argv, &cli, &err);
	if (r == 0)
		r = run(&cli, &err);
	if (r < 0)
		r = raceway_print_error(stderr, stdout, &err, &cli.options);
	raceway_cli_clear(&cli);
	return r;
}
