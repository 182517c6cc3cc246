/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `help` at every level: of everything, of an object, of one of its commands. */
#include "cli/help.h"

#include <ctype.h>
#include <string.h>

#define LEFT 26 /* width of the left column */
#define SHORT 96
#define NOT_YET " (not yet)"

static void print_row(FILE *out, const char *left, const char *right, const char *later)
{
	fprintf(out, "  %-*s %s%s\n", LEFT, left, right, later ? NOT_YET : "");
}

static void print_options(FILE *out)
{
	fputs("\nOptions, before or after the object:\n", out);
	print_row(out, "-j", "JSON", NULL);
	print_row(out, "-p", "indented", NULL);
	print_row(out, "-s", "statistics", NULL);
	print_row(out, "--socket PATH",
		  "of racewayd; default $RACEWAY_SOCKET, "
		  "else /run/raceway/raceway.sock",
		  NULL);
	print_row(out, "--if-version N",
		  "change or delete the object only if show says this version of it", NULL);
}

static void help_all(FILE *out)
{
	char left[SHORT];

	fputs("Usage: raceway [-j] [-p] [-s] [--socket PATH] OBJECT [COMMAND] [NAME] "
	      "[KEY VALUE]...\n"
	      "       raceway OBJECT [COMMAND] help\n\nObjects (add, set, del, show):\n",
	      out);
	for (size_t i = 0; i < raceway_kind_known; i++)
		print_row(out, raceway_kinds[i].name, raceway_kinds[i].help,
			  raceway_kinds[i].later);
	fputs("\nCommands:\n", out);
	for (size_t i = 0; i < raceway_command_count; i++) {
		const struct raceway_command *command = &raceway_commands[i];

		snprintf(left, sizeof(left), "%s%s%s", command->word, command->usage ? " " : "",
			 command->usage ? command->usage : "");
		if (strlen(left) > LEFT)
			snprintf(left, sizeof(left), "%s ...", command->word);
		print_row(out, left, command->help, command->later);
	}
	print_options(out);
	fputs("\nWords may be shortened as long as they are unique. Without a command: show.\n"
	      "tx is what the server sends, rx what it receives. Rates: bit/s, or with kbit mbit "
	      "gbit "
	      "(bits), kbps mbps gbps (bytes).\n"
	      "Sizes: bytes, or with k m g t (1024). Exit status: 0 done, 1 refused or failed, "
	      "2 not understood, 3 cannot or not yet.\n",
	      out);
}

static void print_attr(FILE *out, const struct raceway_attr *attr)
{
	char left[2 * SHORT], value[SHORT];

	raceway_attr_value_text(attr, value, sizeof(value));
	snprintf(left, sizeof(left), "%s%s%s%s", attr->word, value[0] ? " " : "", value,
		 attr->flags & RACEWAY_ATTR_LIST ? " ..." : "");
	fprintf(out, "  %-*s %s", LEFT, left, attr->help ? attr->help : "");
	if (attr->flags & RACEWAY_ATTR_REQUIRED)
		fputs(" (required)", out);
	if (attr->default_text)
		fprintf(out, " (default %s)", attr->default_text);
	if (attr->flags & RACEWAY_ATTR_CREATE_ONLY)
		fputs(" (only with add)", out);
	for (size_t i = 0; i < 4 && attr->later_choices[i]; i++)
		fprintf(out, "%s%s", i ? ", " : " (not yet: ", attr->later_choices[i]);
	fprintf(out, "%s%s\n", attr->later_choices[0] ? ")" : "", attr->later ? NOT_YET : "");
}

static void print_attrs(FILE *out, const struct raceway_kind *kind)
{
	fputs("\nWords:\n", out);
	for (size_t i = 0; i < kind->attr_count; i++)
		if (raceway_attr_settable(&kind->attrs[i]))
			print_attr(out, &kind->attrs[i]);
}

/* The verb's usage with the kind's own form of a name, and what may follow. */
static void print_usage(FILE *out, const char *start, const struct raceway_kind *kind,
			const struct raceway_verb_info *verb)
{
	bool takes_words = verb->verb == RACEWAY_VERB_ADD || verb->verb == RACEWAY_VERB_SET;
	const char *name = verb->kind ? NULL : strstr(verb->usage, "NAME");
	char text[SHORT];

	fprintf(out, "%sraceway %s %s ", start, kind->name, verb->word);
	if (name)
		fprintf(out, "%.*s%s%s", (int)(name - verb->usage), verb->usage,
			raceway_name_text(kind, text, sizeof(text)), name + strlen("NAME"));
	else
		fputs(verb->usage, out);
	fprintf(out, "%s%s\n", takes_words ? " [WORD VALUE]..." : "", verb->later ? NOT_YET : "");
}

static void help_verb(FILE *out, const struct raceway_kind *kind,
		      const struct raceway_verb_info *verb)
{
	print_usage(out, "Usage: ", kind, verb);
	fprintf(out, "\n%c%s.\n", toupper((unsigned char)verb->help[0]), verb->help + 1);
	if (kind->later)
		fprintf(out, "%s: %s.\n", kind->name, kind->later);
	if (verb->verb == RACEWAY_VERB_ADD || verb->verb == RACEWAY_VERB_SET)
		print_attrs(out, kind);
	else if (verb->words)
		print_attrs(out, verb->words);
}

static void help_kind(FILE *out, const struct raceway_kind *kind)
{
	const char *start = "Usage: ";

	for (size_t i = 0; i < raceway_verb_count; i++) {
		if (!raceway_verb_applies(&raceway_verbs[i], kind))
			continue;
		print_usage(out, start, kind, &raceway_verbs[i]);
		start = "       ";
	}
	fprintf(out, "\n%c%s.\n", toupper((unsigned char)kind->help[0]), kind->help + 1);
	if (kind->later)
		fprintf(out, "%s: %s.\n", kind->name, kind->later);
	print_attrs(out, kind);
}

static void help_command(FILE *out, const struct raceway_command *command)
{
	fprintf(out, "Usage: raceway %s %s\n\n%c%s%s.\n", command->word,
		command->usage ? command->usage : "", toupper((unsigned char)command->help[0]),
		command->help + 1, command->later ? NOT_YET : "");
	if (!command->options[0].word)
		return;
	fputc('\n', out);
	for (size_t i = 0; i < RACEWAY_OPTIONS_MAX && command->options[i].word; i++) {
		const struct raceway_option *option = &command->options[i];
		char left[SHORT];

		snprintf(left, sizeof(left), "%s%s%s", option->word, option->value ? " " : "",
			 option->value ? option->value : "");
		print_row(out, left, option->help, NULL);
	}
}

void raceway_help(const struct raceway_cli *cli, FILE *out)
{
	if (cli->verb)
		help_verb(out, cli->kind, cli->verb);
	else if (cli->kind)
		help_kind(out, cli->kind);
	else if (cli->command)
		help_command(out, cli->command);
	else
		help_all(out);
}
