/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* apply, diff and export: the document travels as JSON, the answer is the list of changes. */
#include "cli/document.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/output.h"
#include "model/model.h"
#include "model/yaml.h"
#include "util/cleanup.h"

#define CHUNK 65536
#define LINE 1024
#define PATH 128

static int fail_file(const char *path, int number, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, path, "", "%s", strerror(number));
}

int raceway_document_read(const char *path, json_t **ret_document, struct raceway_error *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	RACEWAY_FCLOSE FILE *opened = is_stdin ? NULL : fopen(path, "re");
	FILE *file = is_stdin ? stdin : opened;
	const char *name = is_stdin ? "standard input" : path;
	RACEWAY_FREE char *text = NULL;
	json_auto_t *document = NULL;
	size_t used = 0, size = 0, got;
	int r;

	if (!file)
		return fail_file(name, errno, err);
	do {
		if (size - used < CHUNK) {
			char *more = realloc(text, size + 2 * CHUNK + size / 2);

			if (!more)
				return fail_file(name, ENOMEM, err);
			text = more;
			size += 2 * CHUNK + size / 2;
		}
		got = fread(text + used, 1, size - used, file);
		used += got;
		if (used > RACEWAY_YAML_MAX)
			return fail_file(name, EFBIG, err);
	} while (got > 0);
	if (ferror(file))
		return fail_file(name, errno ? errno : EIO, err);
	r = raceway_yaml_parse(text, used, name, &document, err);
	if (r < 0)
		return r;
	if (!json_is_object(document))
		return raceway_error_set(
			err, RACEWAY_FAULT_INVALID, name, "",
			"it holds %s where a document must be: schema: 1, and lists "
			"as ports, segments, profiles (see raceway export)",
			json_is_array(document) ? "a list" : "a single value");
	*ret_document = RACEWAY_TAKE(document);
	return 0;
}

static bool is_removal(const json_t *change)
{
	const char *op = json_string_value(json_object_get(change, "op"));

	return op && strcmp(op, "del") == 0;
}

void raceway_print_changes(FILE *out, const json_t *answer, bool removed, bool others)
{
	const json_t *change;
	char line[LINE];
	size_t i;

	json_array_foreach (json_object_get(answer, "changes"), i, change) {
		if (is_removal(change) ? removed : others)
			fprintf(out, "%s\n",
				raceway_printable(
					raceway_change_format(change, line, sizeof(line))));
	}
}

static int post(struct raceway_client *client, const char *path, const json_t *document,
		json_t **ret_answer, struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	int r = raceway_client_call(client, "POST", path, document, &answer, err);

	if (r < 0)
		return r;
	if (!json_is_array(json_object_get(answer, "changes")))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "the daemon's answer holds no list of changes");
	*ret_answer = RACEWAY_TAKE(answer);
	return 0;
}

static void add_query(char path[PATH], const char *key, const char *value)
{
	size_t used = strlen(path);

	snprintf(path + used, PATH - used, "%c%s=%s", strchr(path, '?') ? '&' : '?', key, value);
}

static int post_apply(struct raceway_client *client, const struct raceway_cli *cli, bool dry_run,
		      const json_t *document, json_t **ret_answer, struct raceway_error *err)
{
	char path[PATH] = "/v1/apply";

	if (dry_run)
		add_query(path, "dry_run", "1");
	if (cli->prune)
		add_query(path, "prune", "1");
	if (cli->confirm)
		add_query(path, "confirm", cli->confirm);
	return post(client, path, document, ret_answer, err);
}

static bool has_changes(const json_t *answer)
{
	return json_array_size(json_object_get(answer, "changes")) > 0;
}

static int result(const struct raceway_cli *cli, const json_t *answer)
{
	return cli->exit_code && has_changes(answer);
}

static int confirm(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	int r = raceway_client_call(client, "POST", "/v1/confirm", NULL, &answer, err);

	if (r == 0 && cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	return r;
}

int raceway_apply(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		  struct raceway_error *err)
{
	json_auto_t *document = NULL, *plan = NULL, *answer = NULL;
	bool say_first = cli->prune && !cli->dry_run && !cli->options.json;
	int r;

	if (cli->confirmed)
		return confirm(client, cli, out, err);
	r = raceway_document_read(cli->file, &document, err);
	if (r < 0)
		return r;
	/* What goes is said before it is gone. */
	if (say_first) {
		r = post_apply(client, cli, true, document, &plan, err);
		if (r < 0)
			return r;
		raceway_print_changes(out, plan, true, false);
		fflush(out);
	}
	r = post_apply(client, cli, cli->dry_run, document, &answer, err);
	if (r < 0)
		return r;
	raceway_print_warnings(stderr, "", answer);
	if (cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	else
		raceway_print_changes(out, answer, !say_first, true);
	if (cli->confirm && !cli->dry_run && has_changes(answer))
		fprintf(stderr,
			"raceway: rolled back after %s unless confirmed: raceway apply "
			"--confirmed\n",
			cli->confirm);
	return result(cli, answer);
}

int raceway_diff(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err)
{
	json_auto_t *document = NULL, *answer = NULL;
	int r;

	r = raceway_document_read(cli->file, &document, err);
	if (r < 0)
		return r;
	r = post(client, cli->prune ? "/v1/diff?prune=1" : "/v1/diff", document, &answer, err);
	if (r < 0)
		return r;
	if (cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	else
		raceway_print_changes(out, answer, true, true);
	return result(cli, answer);
}

int raceway_export(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err)
{
	json_auto_t *document = NULL;
	int r = raceway_client_call(client, "GET", "/v1/export", NULL, &document, err);

	if (r < 0)
		return r;
	if (!json_is_object(document))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
					 "the daemon's answer is no document");
	if (cli->options.json) {
		raceway_print_json(out, document, &cli->options);
		return 0;
	}
	r = raceway_yaml_write(out, document);
	if (r < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "export: %s",
					 strerror(-r));
	return 0;
}
