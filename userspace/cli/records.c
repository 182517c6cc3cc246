/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* audit, backup and restore. */
#include "cli/records.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/document.h"
#include "cli/output.h"
#include "cli/table.h"
#include "model/model.h"
#include "util/cleanup.h"

#define PATH 320
#define CHANGE 1024

static const char *text_of(const json_t *line, const char *key)
{
	const char *text = json_string_value(json_object_get(line, key));

	return text ? text : "";
}

/* "2026-11-21 19:30:05 bob (socket uid 1000) ~ vnic web1/eth0 tx-pir 1gbit -> 2gbit" */
static void print_line(FILE *out, const json_t *line)
{
	char when[RACEWAY_CLOCK], change[CHANGE], who[192];
	json_int_t ns = json_integer_value(json_object_get(line, "time"));

	snprintf(who, sizeof(who), "%s (%s)", text_of(line, "by"), text_of(line, "source"));
	if (strcmp(text_of(line, "op"), "restore") == 0)
		snprintf(change, sizeof(change), "restored a backup");
	else
		raceway_change_format(line, change, sizeof(change));
	fprintf(out, "%s %s %s\n", raceway_format_clock(ns, when), raceway_printable(who),
		raceway_printable(change));
}

int raceway_audit(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		  struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	const json_t *line;
	char path[PATH] = "/v1/audit?";
	size_t i, used = strlen(path);
	int r;

	if (cli->count)
		used += (size_t)snprintf(path + used, sizeof(path) - used, "limit=%llu&",
					 (unsigned long long)cli->count);
	if (cli->kind)
		snprintf(path + used, sizeof(path) - used, "object=%s%s%s", cli->kind->name,
			 cli->name ? "%20" : "", cli->name ? cli->name : "");
	r = raceway_client_call(client, "GET", path, NULL, &answer, err);
	if (r < 0)
		return r;
	if (cli->options.json) {
		raceway_print_json(out, answer, &cli->options);
		return 0;
	}
	json_array_foreach (json_object_get(answer, "audit"), i, line)
		print_line(out, line);
	return 0;
}

static int fail(const char *path, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, path, "", "%s", strerror(errno));
}

static int write_all(FILE *file, const json_t *document)
{
	return json_dumpf(document, file, JSON_COMPACT) < 0 || fputc('\n', file) == EOF ||
	       fflush(file) == EOF;
}

/* Beside its place, and moved there: who is interrupted still has the old one. */
static int write_file(const char *path, const json_t *document, struct raceway_error *err)
{
	char making[PATH_MAX];
	RACEWAY_FCLOSE FILE *file = NULL;
	int fd, r = 0;

	if (snprintf(making, sizeof(making), "%s.XXXXXX", path) >= (int)sizeof(making)) {
		errno = ENAMETOOLONG;
		return fail(path, err);
	}
	fd = mkostemp(making, O_CLOEXEC); /* mode 0600 */
	if (fd < 0)
		return fail(path, err);
	file = fdopen(fd, "w");
	if (!file)
		close(fd);
	if (!file || write_all(file, document) || fsync(fd) < 0 || rename(making, path) < 0) {
		r = fail(path, err);
		unlink(making);
	}
	return r;
}

int raceway_backup(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err)
{
	json_auto_t *document = NULL;
	int r = raceway_client_call(client, "GET", "/v1/backup", NULL, &document, err);

	if (r < 0)
		return r;
	if (strcmp(cli->file, "-") != 0)
		return write_file(cli->file, document, err);
	return write_all(out, document) ? fail("standard output", err) : 0;
}

int raceway_restore(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		    struct raceway_error *err)
{
	bool is_stdin = strcmp(cli->file, "-") == 0;
	const char *name = is_stdin ? "standard input" : cli->file;
	RACEWAY_FCLOSE FILE *opened = is_stdin ? NULL : fopen(cli->file, "re");
	FILE *file = is_stdin ? stdin : opened;
	json_auto_t *document = NULL, *answer = NULL;
	json_error_t where;
	int r;

	if (!file)
		return fail(name, err);
	document = json_loadf(file, JSON_REJECT_DUPLICATES, &where);
	if (!document)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, name, "",
					 "it is no backup, or a damaged one: line %d column %d: %s",
					 where.line, where.column, where.text);
	r = raceway_client_call(client, "POST",
				cli->dry_run ? "/v1/restore?dry_run=1" : "/v1/restore", document,
				&answer, err);
	if (r < 0)
		return r;
	if (cli->options.json)
		raceway_print_json(out, answer, &cli->options);
	else
		raceway_print_changes(out, answer, true, true);
	return 0;
}
