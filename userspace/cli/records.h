/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is kept beside the objects: the audit, and backups of all of the state. Each returns 0 or
 * -errno with *err set. */
#ifndef RACEWAY_CLI_RECORDS_H
#define RACEWAY_CLI_RECORDS_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/parse.h"

/* One line for each thing that was changed. */
int raceway_audit(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		  struct raceway_error *err);
/* Writes cli->file anew, mode 0600, when all of the answer is there. */
int raceway_backup(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err);
/* Prints what changes, as apply does. */
int raceway_restore(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		    struct raceway_error *err);

#endif
