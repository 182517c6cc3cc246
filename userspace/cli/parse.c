/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The command line down to object, verb and name; the pairs and options that follow are
 * parse_attrs.c's and parse_options.c's. */
#include "cli/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/units.h"

#define HINT 300

static int fail_word(struct raceway_cli *cli, const char *what, const char *text,
		     const struct raceway_words *words, struct raceway_error *err)
{
	char hint[HINT];

	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "", "no %s \"%.40s\"; %s",
				 what, text, raceway_words_hint(words, text, hint, sizeof(hint)));
}

static int not_yet(struct raceway_cli *cli, const char *word, const char *why,
		   struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_CANNOT, cli->object, "", "%s%s%s", word,
				 word[0] ? ": " : "", why);
}

static int check_name(const struct raceway_kind *kind, const char *object, const char *name,
		      struct raceway_error *err)
{
	char form[HINT];

	if (raceway_name_valid(kind, name))
		return 0;
	if (kind->parent && !strchr(name, '/'))
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "name",
					 "\"%.80s\" is no name of a %s: that is %s", name,
					 kind->name, raceway_name_text(kind, form, sizeof(form)));
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, "name",
				 "\"%.80s\" is no name: 1 to 63 of A-Z a-z 0-9 . _ - , "
				 "beginning with a letter or digit",
				 name);
}

static int take_name(struct raceway_cli *cli, const char *name, struct raceway_error *err)
{
	int r = check_name(cli->kind, cli->kind->name, name, err);

	if (r < 0)
		return r;
	cli->name = name;
	snprintf(cli->object, sizeof(cli->object), "%s %s", cli->kind->name, name);
	return 0;
}

static int expect_end(struct raceway_args *args, struct raceway_cli *cli, struct raceway_error *err)
{
	const char *word;
	int r = raceway_args_word(args, &word, err);

	if (r < 0 || !word)
		return r;
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "",
				 "\"%.40s\" is one word too many", word);
}

static void set_path(struct raceway_cli *cli, const char *method)
{
	cli->method = method;
	snprintf(cli->path, sizeof(cli->path), "/v1/%s%s%s", cli->kind->plural,
		 cli->name ? "/" : "", cli->name ? cli->name : "");
}

static int parse_show(struct raceway_args *args, struct raceway_cli *cli, const char *name,
		      struct raceway_error *err)
{
	int r = name ? take_name(cli, name, err) : 0;

	if (r < 0)
		return r;
	r = expect_end(args, cli, err);
	if (r < 0)
		return r;
	cli->action = RACEWAY_DO_SHOW;
	set_path(cli, "GET");
	if (cli->options.statistics) {
		size_t used = strlen(cli->path);

		snprintf(cli->path + used, sizeof(cli->path) - used, "?stats=1");
	}
	return 0;
}

/* `server SERVER` after `profile bind NAME`. */
static int parse_bind(struct raceway_args *args, struct raceway_cli *cli, struct raceway_error *err)
{
	struct raceway_words words = { .word = { "server" }, .count = 1 };
	const char *word, *server;
	size_t found;
	int r = raceway_args_word(args, &word, err);

	if (r < 0)
		return r;
	if (!word)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "server",
					 "server SERVER is missing");
	if (raceway_words_find(&words, word, &found) < 0)
		return fail_word(cli, "word", word, &words, err);
	server = raceway_args_value(args);
	if (!server)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "server",
					 "server needs a name");
	r = check_name(raceway_kind_find("server"), cli->object, server, err);
	if (r < 0)
		return r;
	json_object_set_new(cli->body, "server", json_string(server));
	return expect_end(args, cli, err);
}

/* NEW after `volume clone SAN/NAME`. */
static int parse_copy(struct raceway_args *args, struct raceway_cli *cli, struct raceway_error *err)
{
	const char *name;
	int r = raceway_args_word(args, &name, err);

	if (r < 0)
		return r;
	if (!name)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "name",
					 "%s needs the name of the copy", cli->verb->word);
	r = check_name(strchr(name, '/') ? cli->kind : NULL, cli->object, name, err);
	if (r < 0)
		return r;
	json_object_set_new(cli->body, "name", json_string(name));
	return expect_end(args, cli, err);
}

/* VALUE after `pool reserve NAME`. */
static int parse_value(struct raceway_args *args, struct raceway_cli *cli,
		       struct raceway_error *err)
{
	const struct raceway_attr *attr = &cli->verb->words->attrs[0];
	const char *text = raceway_args_value(args);
	json_t *value = NULL;
	int r;

	if (!text)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, attr->word,
					 "%s needs a value, one of the %s's", cli->verb->word,
					 cli->kind->name);
	r = raceway_value_parse(attr, cli->object, text, &value, err);
	if (r < 0)
		return r;
	json_object_set_new(cli->body, attr->word, value);
	return expect_end(args, cli, err);
}

static int parse_change(struct raceway_args *args, struct raceway_cli *cli,
			struct raceway_error *err)
{
	static const char *const methods[] = {
		[RACEWAY_VERB_ADD] = "POST",	 [RACEWAY_VERB_SET] = "PATCH",
		[RACEWAY_VERB_DEL] = "DELETE",	 [RACEWAY_VERB_BIND] = "PATCH",
		[RACEWAY_VERB_UNBIND] = "PATCH", [RACEWAY_VERB_COPY] = "POST",
		[RACEWAY_VERB_ACTION] = "POST",	 [RACEWAY_VERB_ENROLL] = "POST",
		[RACEWAY_VERB_VALUE] = "POST",
	};
	size_t used;

	cli->action = RACEWAY_DO_CHANGE;
	set_path(cli, methods[cli->verb->verb]);
	if (cli->verb->verb == RACEWAY_VERB_DEL)
		return expect_end(args, cli, err);
	cli->body = json_object();
	if (!cli->body)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	used = strlen(cli->path);
	switch (cli->verb->verb) {
	case RACEWAY_VERB_COPY:
	case RACEWAY_VERB_ENROLL:
	case RACEWAY_VERB_ACTION:
	case RACEWAY_VERB_VALUE:
		snprintf(cli->path + used, sizeof(cli->path) - used, "/%s", cli->verb->word);
		if (cli->verb->verb == RACEWAY_VERB_ENROLL)
			return expect_end(args, cli, err);
		if (cli->verb->verb == RACEWAY_VERB_COPY)
			return parse_copy(args, cli, err);
		if (cli->verb->verb == RACEWAY_VERB_VALUE)
			return parse_value(args, cli, err);
		break;
	case RACEWAY_VERB_BIND:
		return parse_bind(args, cli, err);
	case RACEWAY_VERB_UNBIND:
		json_object_set_new(cli->body, "server", json_null());
		return expect_end(args, cli, err);
	case RACEWAY_VERB_ADD:
		snprintf(cli->path, sizeof(cli->path), "/v1/%s", cli->kind->plural);
		json_object_set_new(cli->body, "name", json_string(cli->name));
		break;
	default:
		break;
	}
	return raceway_cli_parse_attrs(args, cli, err);
}

/* `add help dev eth0` has a name in mind, and must not end well with nothing done. */
static int expect_help_end(struct raceway_args *args, struct raceway_cli *cli,
			   struct raceway_error *err)
{
	const char *word;
	int r = raceway_args_word(args, &word, err);

	if (r < 0 || !word || strcmp(word, "help") == 0)
		return r;
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "name",
				 "\"help\" is the word for help and no name of a %s here",
				 cli->kind->name);
}

static int parse_verb(struct raceway_args *args, struct raceway_cli *cli, const char *text,
		      struct raceway_error *err)
{
	struct raceway_words words = { .count = 0 };
	const char *name;
	size_t found;
	int r;

	raceway_words_verbs(&words, cli->kind);
	cli->verb = raceway_verb_find(cli->kind, text);
	if (!cli->verb) {
		if (raceway_words_find(&words, text, &found) ==
		    0) { /* help, the one that is no verb */
			cli->action = RACEWAY_DO_HELP;
			return 0;
		}
		/* Without a command a name is shown; only one with a slash cannot be a typing
		 * error. */
		if (cli->kind->parent && strchr(text, '/') && !cli->kind->later)
			return parse_show(args, cli, text, err);
		return fail_word(cli, "command", text, &words, err);
	}
	r = raceway_args_word(args, &name, err);
	if (r < 0)
		return r;
	if (name && strcmp(name, "help") == 0) {
		cli->action = RACEWAY_DO_HELP;
		return expect_help_end(args, cli, err);
	}
	if (cli->kind->later)
		return not_yet(cli, "", cli->kind->later, err);
	if (cli->verb->later)
		return not_yet(cli, cli->verb->word, cli->verb->later, err);
	if (cli->verb->verb == RACEWAY_VERB_SHOW)
		return parse_show(args, cli, name, err);
	if (!name)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "name",
					 "%s needs the name of a %s", cli->verb->word,
					 cli->kind->name);
	r = take_name(cli, name, err);
	return r < 0 ? r : parse_change(args, cli, err);
}

static int parse_kind(struct raceway_args *args, struct raceway_cli *cli, struct raceway_error *err)
{
	const char *text;
	int r;

	snprintf(cli->object, sizeof(cli->object), "%s", cli->kind->name);
	r = raceway_args_word(args, &text, err);
	if (r < 0)
		return r;
	if (text)
		return parse_verb(args, cli, text, err);
	if (cli->kind->later)
		return not_yet(cli, "", cli->kind->later, err);
	return parse_show(args, cli, NULL, err);
}

/* `help`, `help OBJECT`, `help OBJECT COMMAND`: sets what the help is about. */
static int parse_help(struct raceway_args *args, struct raceway_cli *cli,
		      const struct raceway_words *objects, struct raceway_error *err)
{
	const char *text;
	size_t found;
	int r = raceway_args_word(args, &text, err);

	cli->action = RACEWAY_DO_HELP;
	cli->command = NULL;
	if (r < 0 || !text)
		return r;
	if (raceway_words_find(objects, text, &found) < 0)
		return fail_word(cli, "object or command", text, objects, err);
	if (found >= raceway_kind_known) {
		cli->command = &raceway_commands[found - raceway_kind_known];
		return expect_end(args, cli, err);
	}
	cli->kind = &raceway_kinds[found];
	snprintf(cli->object, sizeof(cli->object), "%s", cli->kind->name);
	r = raceway_args_word(args, &text, err);
	if (r < 0 || !text)
		return r;
	cli->verb = raceway_verb_find(cli->kind, text);
	if (!cli->verb) {
		struct raceway_words verbs = { .count = 0 };

		raceway_words_verbs(&verbs, cli->kind);
		return fail_word(cli, "command", text, &verbs, err);
	}
	return expect_end(args, cli, err);
}

/* --if-version: a number, and of something that is there already. */
static int check_version(const struct raceway_cli *cli, struct raceway_error *err)
{
	const char *version = cli->options.if_version;
	uint64_t number;

	if (!version)
		return 0;
	if (raceway_parse_u64(version, &number) < 0 || version[0] == '0' || strlen(version) > 19)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "if-version",
					 "--if-version %.40s is no version: a number, as show has "
					 "it",
					 version);
	if (cli->action == RACEWAY_DO_CHANGE && cli->verb->verb != RACEWAY_VERB_ADD &&
	    cli->verb->verb != RACEWAY_VERB_COPY)
		return 0;
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "if-version",
				 "--if-version is for what changes or deletes one object");
}

static int parse_line(int argc, const char *const *argv, struct raceway_cli *cli,
		      struct raceway_error *err)
{
	struct raceway_args args = { .argv = argv, .argc = argc, .options = &cli->options };
	struct raceway_words objects = { .count = 0 };
	const char *text;
	size_t found;
	int r;

	*cli = (struct raceway_cli){ .action = RACEWAY_DO_HELP };
	raceway_words_objects(&objects);
	r = raceway_args_word(&args, &text, err);
	if (r < 0 || !text)
		return r;
	if (text[0] == '-') {
		struct raceway_words options = {
			{ "-j", "-p", "-s", "--socket", "--if-version", "--help" }, 6
		};

		return fail_word(cli, "option", text, &options, err);
	}
	if (raceway_words_find(&objects, text, &found) < 0)
		return fail_word(cli, "object or command", text, &objects, err);
	if (found < raceway_kind_known) {
		cli->kind = &raceway_kinds[found];
		return parse_kind(&args, cli, err);
	}
	cli->command = &raceway_commands[found - raceway_kind_known];
	cli->action = cli->command->action;
	if (cli->action == RACEWAY_DO_HELP)
		return parse_help(&args, cli, &objects, err);
	return raceway_cli_parse_options(&args, cli, err);
}

int raceway_cli_parse(int argc, const char *const *argv, struct raceway_cli *cli,
		      struct raceway_error *err)
{
	int r = parse_line(argc, argv, cli, err);

	return r < 0 || cli->action == RACEWAY_DO_HELP ? r : check_version(cli, err);
}

void raceway_cli_clear(struct raceway_cli *cli)
{
	json_decref(cli->body);
	*cli = (struct raceway_cli){ .action = RACEWAY_DO_HELP };
}
