/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes the command line apart into words and the options that hold everywhere. */
#include "cli/args.h"

#include <string.h>

const char *raceway_args_value(struct raceway_args *args)
{
	return args->at < args->argc ? args->argv[args->at++] : NULL;
}

static bool take_letters(const char *letters, struct raceway_cli_options *options)
{
	struct raceway_cli_options taken = *options;

	if (letters[0] == '\0')
		return false;
	for (; *letters; letters++) {
		if (*letters == 'j')
			taken.json = true;
		else if (*letters == 'p')
			taken.pretty = true;
		else if (*letters == 's')
			taken.statistics = true;
		else
			return false;
	}
	*options = taken;
	return true;
}

static bool take_long(const char *word, struct raceway_cli_options *options)
{
	if (strcmp(word, "json") == 0)
		options->json = true;
	else if (strcmp(word, "pretty") == 0)
		options->pretty = true;
	else if (strcmp(word, "statistics") == 0)
		options->statistics = true;
	else
		return false;
	return true;
}

static int take_socket(struct raceway_args *args, const char *path, struct raceway_error *err)
{
	if (!path)
		path = raceway_args_value(args);
	if (!path || path[0] == '\0')
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "socket",
					 "--socket needs a path");
	args->options->socket = path;
	return 0;
}

int raceway_args_word(struct raceway_args *args, const char **ret_word, struct raceway_error *err)
{
	static const char socket_is[] = "--socket=";
	int r = 0;

	for (;;) {
		const char *word = raceway_args_value(args);

		if (!word || word[0] != '-') {
			*ret_word = word;
			return 0;
		}
		if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			*ret_word = "help";
			return 0;
		}
		if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0) {
			*ret_word = "version";
			return 0;
		}
		if (strcmp(word, "--socket") == 0)
			r = take_socket(args, NULL, err);
		else if (strncmp(word, socket_is, sizeof(socket_is) - 1) == 0)
			r = take_socket(args, word + sizeof(socket_is) - 1, err);
		else if (word[1] == '-' ? !take_long(word + 2, args->options)
					: !take_letters(word + 1, args->options)) {
			*ret_word = word; /* a command's own option, or none at all */
			return 0;
		}
		if (r < 0)
			return r;
	}
}
