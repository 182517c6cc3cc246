/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Takes the command line apart into words and the options that hold everywhere. */
#include "cli/args.h"

#include <stddef.h>
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

/* The options with a value: "--socket PATH" and "--socket=PATH". */
static const struct valued {
	const char *word, *what;
	size_t offset; /* of the text in raceway_cli_options */
} valued[] = {
	{ "--socket", "a path", offsetof(struct raceway_cli_options, socket) },
	{ "--if-version", "a number", offsetof(struct raceway_cli_options, if_version) },
};

static int take_valued(struct raceway_args *args, const char *word, bool *ret_taken,
		       struct raceway_error *err)
{
	for (size_t i = 0; i < sizeof(valued) / sizeof(valued[0]); i++) {
		const struct valued *v = &valued[i];
		size_t length = strlen(v->word);
		const char *value;

		if (strncmp(word, v->word, length) || (word[length] && word[length] != '='))
			continue;
		value = word[length] ? word + length + 1 : raceway_args_value(args);
		if (!value || value[0] == '\0')
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", v->word + 2,
						 "%s needs %s", v->word, v->what);
		memcpy((char *)args->options + v->offset, &value, sizeof(value));
		*ret_taken = true;
		return 0;
	}
	*ret_taken = false;
	return 0;
}

int raceway_args_word(struct raceway_args *args, const char **ret_word, struct raceway_error *err)
{
	bool taken;
	int r;

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
		r = take_valued(args, word, &taken, err);
		if (r < 0)
			return r;
		if (!taken && (word[1] == '-' ? !take_long(word + 2, args->options)
					      : !take_letters(word + 1, args->options))) {
			*ret_word = word; /* a command's own option, or none at all */
			return 0;
		}
	}
}
