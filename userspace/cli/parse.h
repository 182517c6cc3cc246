/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command line to what is to be done, by the tables alone: pure, without any daemon.
 * Syntax is judged here; ranges and relations are the daemon's. */
#ifndef RACEWAY_CLI_PARSE_H
#define RACEWAY_CLI_PARSE_H

#include "cli/args.h"
#include "cli/commands.h"

#define RACEWAY_CLI_PATH 192 /* "/v1/partitions/" and two names of 63 */

struct raceway_cli {
	struct raceway_cli_options options;
	enum raceway_action action;
	const struct raceway_kind *kind;       /* CHANGE, SHOW, AUDIT; HELP: of what, or NULL */
	const struct raceway_verb_info *verb;  /* CHANGE; HELP: of what, or NULL */
	const struct raceway_command *command; /* the others; HELP: of what, or NULL */
	const char *name;		       /* SHOW, AUDIT: NULL for all; borrowed from argv */
	char object[96];		       /* "vnic web1/eth0", for errors */

	/* CHANGE, SHOW: the request */
	const char *method;
	char path[RACEWAY_CLI_PATH];
	json_t *body; /* NULL: none */

	/* the commands' options */
	const char *file;
	const char *dev;
	const char *confirm; /* a time, as it was given */
	uint64_t count;	     /* 0: no end */
	bool dry_run, prune, exit_code, drops, confirmed;
};

/* Fills *cli. -EINVAL (not understood, exit 2) or -EOPNOTSUPP (not yet, exit 3) with *err set;
 * cli->options is right as far as it was read, so that the error can be told in JSON. */
int raceway_cli_parse(int argc, const char *const *argv, struct raceway_cli *cli,
		      struct raceway_error *err);
void raceway_cli_clear(struct raceway_cli *cli);

/* The rest of the line as WORD VALUE pairs of the verb, or of `kind`, into cli->body. */
int raceway_cli_parse_attrs(struct raceway_args *args, struct raceway_cli *cli,
			    struct raceway_error *err);
/* The rest of the line as options of cli->command. */
int raceway_cli_parse_options(struct raceway_args *args, struct raceway_cli *cli,
			      struct raceway_error *err);

#endif
