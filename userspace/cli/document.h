/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole documents: apply, diff, export. Read from YAML or JSON here, judged by the daemon. */
#ifndef RACEWAY_CLI_DOCUMENT_H
#define RACEWAY_CLI_DOCUMENT_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/parse.h"

/* Each returns 0, 1 where --exit-code asks for it and there are changes, or -errno with *err
 * set. Changes go to `out`, one line each. */
int raceway_apply(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		  struct raceway_error *err);
int raceway_diff(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err);
int raceway_export(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err);

/* The changes of an answer, one line each: all, only what is removed, or only what is not. */
void raceway_print_changes(FILE *out, const json_t *answer, bool removed, bool others);
/* New reference to the document in a file, "-" being standard input. */
int raceway_document_read(const char *path, json_t **ret_document, struct raceway_error *err);

#endif
