/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Help at every level and the lists of the manual page, both out of the tables. */
#ifndef RACEWAY_CLI_HELP_H
#define RACEWAY_CLI_HELP_H

#include <stdio.h>

#include "cli/parse.h"

/* Help about what cli->kind, cli->verb or cli->command name; about everything without them. */
void raceway_help(const struct raceway_cli *cli, FILE *out);
/* The generated part of docs/man/raceway.8, as mdoc(7). */
void raceway_man_words(FILE *out);

#endif
