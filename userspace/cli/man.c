/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The lists of objects, words, commands and rights for the manual page, as mdoc(7). */
#include <ctype.h>
#include <string.h>

#include "api/rights.h"
#include "cli/help.h"

#define SHORT 96
#define LATER_CHOICES 4

/* Text with the characters that roff would take for its own: a leading dot or quote, \ and -. */
static void print_text(FILE *out, const char *text)
{
	if (text[0] == '.' || text[0] == '\'')
		fputs("\\&", out);
	for (; *text; text++) {
		if (*text == '\\')
			fputs("\\e", out);
		else
			fputc(*text, out);
	}
}

/* The same, beginning with a capital letter. */
static void print_sentence(FILE *out, const char *text)
{
	fputc(toupper((unsigned char)text[0]), out);
	print_text(out, text + 1);
	fputs(".\n", out);
}

/* "a|b" as literal words, "RATE" as an argument. */
static void print_value(FILE *out, const char *value)
{
	const char *bar;

	if (value[0] >= 'A' && value[0] <= 'Z') {
		fprintf(out, " Ar %s", value);
		return;
	}
	for (; (bar = strchr(value, '|')); value = bar + 1)
		fprintf(out, " Cm %.*s | ", (int)(bar - value), value);
	fprintf(out, " Cm %s", value);
}

static void print_attr(FILE *out, const struct raceway_attr *attr)
{
	char value[SHORT];

	raceway_attr_value_text(attr, value, sizeof(value));
	fprintf(out, ".It Cm %s", attr->word);
	if (value[0])
		print_value(out, value);
	fprintf(out, "%s\n", attr->flags & RACEWAY_ATTR_LIST ? " Ns ..." : "");
	print_text(out, attr->help ? attr->help : "");
	fputs(".\n", out);
	if (attr->flags & RACEWAY_ATTR_REQUIRED)
		fputs("Required.\n", out);
	if (attr->default_text)
		fprintf(out, "Default:\n.Cm %s .\n", attr->default_text);
	if (attr->flags & RACEWAY_ATTR_CREATE_ONLY)
		fputs("Only with\n.Cm add .\n", out);
	for (size_t i = 0; i < LATER_CHOICES && attr->later_choices[i]; i++)
		fprintf(out, "%s.Cm %s%s\n", i ? "" : "Not yet:\n", attr->later_choices[i],
			i + 1 < LATER_CHOICES && attr->later_choices[i + 1] ? " ," : " .");
	if (attr->later)
		fputs("Not yet.\n", out);
}

/* One word of a usage: -f and --prune are flags, FILE an argument, everything else literal. */
static void print_usage_word(FILE *out, const char *word, size_t length)
{
	if (word[0] == '-')
		fprintf(out, " Fl %.*s", (int)length - 1, word + 1);
	else if (word[0] >= 'A' && word[0] <= 'Z')
		fprintf(out, " Ar %.*s", (int)length, word);
	else if (length == 3 && strncmp(word, "...", length) == 0)
		fputs(" No ...", out);
	else if (word[0] == '|')
		fputs(" |", out);
	else
		fprintf(out, " Cm %.*s", (int)length, word);
}

/* "-f FILE [--prune]" as " Fl f Ar FILE Oo Fl -prune Oc". */
static void print_usage(FILE *out, const char *usage)
{
	while (*usage) {
		size_t length;

		if (*usage == ' ') {
			usage++;
		} else if (*usage == '[' || *usage == ']') {
			fputs(*usage++ == '[' ? " Oo" : " Oc", out);
		} else {
			length = strcspn(usage, "[] ");
			print_usage_word(out, usage, length);
			usage += length;
		}
	}
	fputc('\n', out);
}

static void print_attrs(FILE *out, const struct raceway_kind *kind)
{
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (size_t i = 0; i < kind->attr_count; i++)
		if (raceway_attr_settable(&kind->attrs[i]))
			print_attr(out, &kind->attrs[i]);
	fputs(".El\n", out);
}

static void print_verbs(FILE *out, const struct raceway_kind *kind)
{
	for (size_t i = 0; i < raceway_verb_count; i++) {
		const struct raceway_verb_info *verb = &raceway_verbs[i];

		if (!verb->kind || !raceway_verb_applies(verb, kind) || verb->later)
			continue;
		fprintf(out, ".Pp\n.Nm Cm %s %s", kind->name, verb->word);
		print_usage(out, verb->usage);
		fputs(".br\n", out);
		print_sentence(out, verb->help);
		if (verb->words)
			print_attrs(out, verb->words);
	}
}

static void print_kind(FILE *out, const struct raceway_kind *kind)
{
	char name[SHORT];

	fprintf(out, ".Ss %s\n", kind->name);
	if (kind->later) {
		print_sentence(out, kind->help);
		fprintf(out, "Refused with status 3: %s.\n", kind->later);
		return;
	}
	fprintf(out, ".Nm Cm %s add Ar %s Oo Ar WORD VALUE Oc Ns ...\n.Pp\n", kind->name,
		raceway_name_text(kind, name, sizeof(name)));
	print_sentence(out, kind->help);
	print_attrs(out, kind);
	print_verbs(out, kind);
}

static void print_command(FILE *out, const struct raceway_command *command)
{
	fprintf(out, ".It Cm %s", command->word);
	print_usage(out, command->usage ? command->usage : "");
	print_sentence(out, command->help);
	fputs(command->later ? "Not yet.\n" : "", out);
	if (!command->options[0].word)
		return;
	fputs(".Bl -tag -width Ds -compact\n", out);
	for (size_t i = 0; i < RACEWAY_OPTIONS_MAX && command->options[i].word; i++) {
		const struct raceway_option *option = &command->options[i];

		fputs(".It", out);
		print_usage_word(out, option->word, strlen(option->word));
		if (option->value)
			fprintf(out, " Ar %s", option->value);
		fputc('\n', out);
		print_sentence(out, option->help);
	}
	fputs(".El\n", out);
}

static void print_roles(FILE *out)
{
	static const char *const help[] = {
#define HELP(id, name, text) text,
		RACEWAY_USER_ROLES(HELP)
#undef HELP
	};

	fputs(".Sh RIGHTS\nWhoever has a role may see everything, and change what is its own:\n"
	      ".Bl -tag -width Ds -compact\n",
	      out);
	for (int role = 0; role < RACEWAY_USER_ROLE_COUNT; role++) {
		fprintf(out, ".It Cm %s\n", raceway_user_role_name(role));
		print_sentence(out, help[role]);
	}
	fputs(".El\n", out);
}

/* "tx-cir tx-pir" as literal words. */
static void print_words(FILE *out, const char *words)
{
	while (*words) {
		size_t length = strcspn(words, " ");

		fprintf(out, ".Cm %.*s%s\n", (int)length, words, words[length] ? " ," : " :");
		words += length + (words[length] == ' ');
	}
}

static void print_rights(FILE *out)
{
	print_roles(out);
	fputs(".Pp\nAdding, deleting and each word that is not named with another role:\n"
	      ".Bl -tag -width Ds -compact\n",
	      out);
	for (size_t i = 0; i < raceway_right_count; i++) {
		const struct raceway_right *right = &raceway_rights[i];

		if (!right->words) {
			fprintf(out, ".It Cm %s\nRole\n.Cm %s .\n", right->kind,
				raceway_user_role_name(right->role));
			continue;
		}
		print_words(out, right->words);
		fprintf(out, "role\n.Cm %s .\n", raceway_user_role_name(right->role));
	}
	fputs(".El\n", out);
}

void raceway_man_words(FILE *out)
{
	fputs(".Sh OBJECTS\n", out);
	for (size_t i = 0; i < raceway_kind_known; i++)
		print_kind(out, &raceway_kinds[i]);
	fputs(".Sh COMMANDS\n.Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < raceway_command_count; i++)
		print_command(out, &raceway_commands[i]);
	fputs(".El\n", out);
	print_rights(out);
}
