/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What goes to standard output and standard error: JSON as it is, errors in one line. */
#ifndef RACEWAY_CLI_OUTPUT_H
#define RACEWAY_CLI_OUTPUT_H

#include <stdio.h>

#include "cli/args.h"
#include "model/schema.h"

/* One JSON document and a newline, indented with -p. */
void raceway_print_json(FILE *out, const json_t *document,
			const struct raceway_cli_options *options);

/* "raceway: vnic web1/eth0: ..." to `text_out`, and with -j {"error": ...} to `json_out`.
 * Returns the exit status. */
int raceway_print_error(FILE *text_out, FILE *json_out, const struct raceway_error *err,
			const struct raceway_cli_options *options);

/* The strings of an answer's "warnings", one line each, to standard error. */
void raceway_print_warnings(FILE *out, const char *object, const json_t *answer);

/* `text` without anything a terminal would act on: control characters become '?'. In place. */
char *raceway_printable(char *text);

#endif
