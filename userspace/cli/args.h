/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The words of the command line one by one, with the options that hold everywhere (-j, -p, -s,
 * --socket, --if-version) taken out wherever a word may stand, but never where a value is expected.
 */
#ifndef RACEWAY_CLI_ARGS_H
#define RACEWAY_CLI_ARGS_H

#include <stdbool.h>

#include "util/error.h"

struct raceway_cli_options {
	bool json, pretty, statistics;
	const char *socket;	/* borrowed; NULL: not given */
	const char *if_version; /* the same; a number as text */
};

struct raceway_args {
	const char *const *argv; /* without the program's name */
	int argc;
	int at;
	struct raceway_cli_options *options;
};

/* The next word in *ret_word, or NULL at the end. -h and --help are the word "help", -V and
 * --version the word "version". -EINVAL with *err set if an option is wrong. */
int raceway_args_word(struct raceway_args *args, const char **ret_word, struct raceway_error *err);

/* The next argument as it stands, whatever it begins with; NULL at the end. */
const char *raceway_args_value(struct raceway_args *args);

#endif
