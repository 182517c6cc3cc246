/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words and -options of the commands that are no objects (apply, top, ...), by their tables. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/parse.h"
#include "util/units.h"

#define HINT 300
#define TIME_LENGTH 32 /* of a time that anybody would write */

static int take_count(struct raceway_cli *cli, const struct raceway_option *option,
		      const char *value, struct raceway_error *err)
{
	uint64_t count;

	if (raceway_parse_u64(value, &count) < 0 || count == 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, option->word,
					 "%s %.40s is no number from 1", option->word, value);
	cli->count = count;
	return 0;
}

/* Its range is the daemon's to judge. */
static int take_confirm(struct raceway_cli *cli, const struct raceway_option *option,
			const char *value, struct raceway_error *err)
{
	uint64_t ns;

	if (strlen(value) > TIME_LENGTH || raceway_parse_time(value, &ns) < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, option->word,
					 "%s %.40s is not a time, as 60s", option->word, value);
	cli->confirm = value;
	return 0;
}

static int store(struct raceway_cli *cli, const struct raceway_option *option, const char *value,
		 struct raceway_error *err)
{
	switch (option->id) {
	case RACEWAY_OPTION_FILE:
		cli->file = value;
		return 0;
	case RACEWAY_OPTION_DRY_RUN:
		cli->dry_run = true;
		return 0;
	case RACEWAY_OPTION_PRUNE:
		cli->prune = true;
		return 0;
	case RACEWAY_OPTION_EXIT_CODE:
		cli->exit_code = true;
		return 0;
	case RACEWAY_OPTION_COUNT:
		return take_count(cli, option, value, err);
	case RACEWAY_OPTION_DEV:
		cli->dev = value;
		return 0;
	case RACEWAY_OPTION_DROPS:
		cli->drops = true;
		return 0;
	case RACEWAY_OPTION_CONFIRM:
		return take_confirm(cli, option, value, err);
	case RACEWAY_OPTION_CONFIRMED:
		cli->confirmed = true;
		return 0;
	}
	return 0;
}

static int take_option(struct raceway_args *args, struct raceway_cli *cli,
		       const struct raceway_option *option, struct raceway_error *err)
{
	const char *value = NULL;

	if (option->value) {
		value = raceway_args_value(args);
		if (!value || value[0] == '\0')
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object,
						 option->word, "%s needs %s", option->word,
						 option->value);
	}
	return store(cli, option, value, err);
}

/* OBJECT and then perhaps NAME. False: `word` is neither. */
static bool take_object(struct raceway_cli *cli, const char *word)
{
	struct raceway_words kinds = { .count = 0 };
	size_t found;

	if (!cli->command->takes_object || word[0] == '-')
		return false;
	if (cli->kind) {
		if (cli->name || !raceway_name_valid(cli->kind, word))
			return false;
		cli->name = word;
		return true;
	}
	for (size_t i = 0; i < raceway_kind_count; i++)
		raceway_words_add(&kinds, raceway_kinds[i].name);
	if (raceway_words_find(&kinds, word, &found) < 0)
		return false;
	cli->kind = &raceway_kinds[found];
	return true;
}

static int fail_word(struct raceway_cli *cli, const char *text, struct raceway_error *err)
{
	struct raceway_words words = { .count = 0 };
	char hint[HINT];

	raceway_words_options(&words, cli->command);
	if (words.count == 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "",
					 "\"%.40s\" is one word too many", text);
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "",
				 "no word \"%.40s\"; %s", text,
				 raceway_words_hint(&words, text, hint, sizeof(hint)));
}

/* What stands alone has nothing beside it, and nothing is missing then. */
static int check_alone(struct raceway_cli *cli, unsigned int seen,
		       const struct raceway_option *alone, struct raceway_error *err)
{
	for (size_t i = 0; i < RACEWAY_OPTIONS_MAX && cli->command->options[i].word; i++) {
		const struct raceway_option *option = &cli->command->options[i];

		if (option != alone && (seen & (1U << option->id)))
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object,
						 option->word, "%s stands alone, without %s",
						 alone->word, option->word);
	}
	return 0;
}

static int finish(struct raceway_cli *cli, unsigned int seen, struct raceway_error *err)
{
	const struct raceway_option *missing = NULL;

	for (size_t i = 0; i < RACEWAY_OPTIONS_MAX && cli->command->options[i].word; i++) {
		const struct raceway_option *option = &cli->command->options[i];

		if (option->alone && (seen & (1U << option->id)))
			return check_alone(cli, seen, option, err);
		if (option->required && !(seen & (1U << option->id)))
			missing = option;
	}
	if (!missing)
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, missing->word,
				 "%s %s is missing", missing->word, missing->value);
}

int raceway_cli_parse_options(struct raceway_args *args, struct raceway_cli *cli,
			      struct raceway_error *err)
{
	struct raceway_words words = { .count = 0 };
	const char *word;
	unsigned int seen = 0;
	size_t found;
	int r;

	snprintf(cli->object, sizeof(cli->object), "%s", cli->command->word);
	raceway_words_options(&words, cli->command);
	for (;;) {
		r = raceway_args_word(args, &word, err);
		if (r < 0)
			return r;
		if (!word)
			break;
		if (strcmp(word, "help") == 0) {
			cli->action = RACEWAY_DO_HELP;
			return 0;
		}
		if (cli->command->later)
			break;
		if (take_object(cli, word))
			continue;
		if (raceway_words_find(&words, word, &found) < 0)
			return fail_word(cli, word, err);
		r = take_option(args, cli, &cli->command->options[found], err);
		if (r < 0)
			return r;
		seen |= 1U << cli->command->options[found].id;
	}
	if (cli->command->later)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, cli->object, "", "%s",
					 cli->command->later);
	return finish(cli, seen, err);
}
