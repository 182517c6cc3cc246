/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Completion from the same tables as the parser; objects' names come from the daemon. */
#include "cli/complete.h"

#include <net/if.h>
#include <string.h>

#include "cli/args.h"
#include "cli/commands.h"
#include "util/cleanup.h"

struct completion {
	struct raceway_args args; /* the words before the one that is typed */
	const char *typed;
	raceway_names_of names_of;
	FILE *out;
};

static void offer(const struct completion *c, const char *word)
{
	if (strncmp(word, c->typed, strlen(c->typed)) == 0)
		fprintf(c->out, "%s\n", word);
}

static void offer_words(const struct completion *c, const struct raceway_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		offer(c, words->word[i]);
}

/* Objects and commands that exist by now. */
static void offer_objects(const struct completion *c)
{
	for (size_t i = 0; i < raceway_kind_known; i++)
		if (!raceway_kinds[i].later)
			offer(c, raceway_kinds[i].name);
	for (size_t i = 0; i < raceway_command_count; i++)
		if (!raceway_commands[i].later)
			offer(c, raceway_commands[i].word);
}

static void offer_names(const struct completion *c, const char *kind_name)
{
	const struct raceway_kind *kind = raceway_kind_find(kind_name);
	json_auto_t *names = kind ? c->names_of(c->args.options->socket, kind->plural) : NULL;
	const json_t *name;
	size_t i;

	json_array_foreach (names, i, name)
		if (json_is_string(name))
			offer(c, json_string_value(name));
}

/* The parents of a new object's name, "web1/". */
static void offer_parents(const struct completion *c, const struct raceway_kind *kind)
{
	const struct raceway_kind *parent = kind->parent ? raceway_kind_find(kind->parent) : NULL;
	json_auto_t *names = parent ? c->names_of(c->args.options->socket, parent->plural) : NULL;
	const struct raceway_kind *pattern = raceway_kind_pattern(kind);
	const json_t *name;
	char text[128];
	size_t i;

	json_array_foreach (names, i, name) {
		snprintf(text, sizeof(text), "%s/",
			 json_is_string(name) ? json_string_value(name) : "");
		offer(c, text);
	}
	if (pattern) /* a template's too */
		offer_parents(c, pattern);
}

static void offer_interfaces(const struct completion *c)
{
	struct if_nameindex *list = if_nameindex();

	for (struct if_nameindex *at = list; at && at->if_index; at++)
		offer(c, at->if_name);
	if (list)
		if_freenameindex(list);
}

static void offer_value(const struct completion *c, const struct raceway_attr *attr)
{
	const size_t max = sizeof(attr->choices) / sizeof(attr->choices[0]);

	if (attr->type == RACEWAY_TYPE_ONOFF) {
		offer(c, "on");
		offer(c, "off");
	} else if (attr->type == RACEWAY_TYPE_REF && attr->ref) {
		offer_names(c, attr->ref);
	} else if (attr->type == RACEWAY_TYPE_IFNAME && strcmp(attr->word, "dev") == 0) {
		offer_interfaces(c);
	}
	for (size_t i = 0; i < max && attr->choices[i]; i++)
		offer(c, attr->choices[i]);
}

/* Walks over the pairs that are there already; then a word or a value is due. */
static void complete_attrs(struct completion *c, const struct raceway_kind *kind)
{
	struct raceway_words words = { .count = 0 };
	bool given[RACEWAY_WORDS_MAX] = { false };
	const struct raceway_attr *attr, *previous = NULL;
	const char *word;
	size_t found;

	raceway_words_attrs(&words, kind);
	while (raceway_args_word(&c->args, &word, NULL) == 0 && word) {
		if (raceway_words_find(&words, word, &found) < 0)
			return;
		attr = raceway_attr_find(kind, words.word[found]);
		attr = raceway_attr_meant(kind, attr, previous);
		previous = attr;
		(void)raceway_words_find(&words, attr->word, &found);
		given[found] = !(attr->flags & RACEWAY_ATTR_LIST);
		if (attr->type != RACEWAY_TYPE_FLAG && !raceway_args_value(&c->args)) {
			offer_value(c, attr);
			return;
		}
	}
	for (size_t i = 0; i < words.count; i++)
		if (!given[i] && !raceway_attr_find(kind, words.word[i])->later)
			offer(c, words.word[i]);
}

static void complete_kind(struct completion *c, const struct raceway_kind *kind)
{
	const struct raceway_verb_info *verb;
	struct raceway_words words = { .count = 0 };
	const char *word;

	raceway_words_verbs(&words, kind);
	if (raceway_args_word(&c->args, &word, NULL) < 0 || !word) {
		offer_words(c, &words);
		return;
	}
	verb = raceway_verb_find(kind, word);
	if (!verb || verb->later || kind->later || raceway_args_word(&c->args, &word, NULL) < 0)
		return;
	if (!word) {
		if (verb->verb == RACEWAY_VERB_ADD)
			offer_parents(c, kind);
		else
			offer_names(c, kind->name);
	} else if (verb->verb == RACEWAY_VERB_ADD || verb->verb == RACEWAY_VERB_SET) {
		complete_attrs(c, kind);
	} else if (verb->verb == RACEWAY_VERB_ACTION) {
		complete_attrs(c, verb->words);
	} else if (verb->verb == RACEWAY_VERB_BIND) {
		if (raceway_args_word(&c->args, &word, NULL) == 0 && !word)
			offer(c, "server");
		else if (!raceway_args_value(&c->args))
			offer_names(c, "server");
	}
}

/* OBJECT and then NAME among a command's options. False: `word` (NULL: the one that is typed) is
 * none of them. */
static bool complete_object(const struct completion *c, const struct raceway_kind **kind,
			    bool *named, const char *word)
{
	struct raceway_words kinds = { .count = 0 };
	size_t found;

	for (size_t i = 0; i < raceway_kind_count; i++)
		if (!raceway_kinds[i].later)
			raceway_words_add(&kinds, raceway_kinds[i].name);
	if (!word) {
		if (!*kind)
			offer_words(c, &kinds);
		else if (!*named)
			offer_names(c, (*kind)->name);
		return true;
	}
	if (word[0] == '-')
		return false;
	*named = *kind;
	if (!*kind && raceway_words_find(&kinds, word, &found) == 0)
		*kind = raceway_kind_find(kinds.word[found]);
	return true;
}

static void complete_command(struct completion *c, const struct raceway_command *command)
{
	const struct raceway_kind *kind = NULL;
	struct raceway_words words = { .count = 0 };
	const char *word;
	bool named = false;
	size_t found;

	raceway_words_options(&words, command);
	while (raceway_args_word(&c->args, &word, NULL) == 0 && word) {
		if (command->takes_object && complete_object(c, &kind, &named, word))
			continue;
		if (raceway_words_find(&words, word, &found) < 0)
			return;
		if (command->options[found].value && !raceway_args_value(&c->args)) {
			if (command->options[found].id == RACEWAY_OPTION_DEV)
				offer_interfaces(c);
			return;
		}
	}
	for (size_t i = 0; i < words.count; i++)
		offer(c, words.word[i]);
	if (command->takes_object)
		complete_object(c, &kind, &named, NULL);
}

void raceway_complete(int argc, const char *const *argv, raceway_names_of names_of, FILE *out)
{
	struct raceway_words globals = { .word = { "-j", "-p", "-s", "--socket", "--if-version" },
					 .count = 5 };
	struct raceway_words words = { .count = 0 };
	struct raceway_cli_options options = { .socket = NULL };
	struct completion c = { .names_of = names_of, .out = out };
	const char *word;
	size_t found;

	if (argc < 1)
		return;
	c.typed = argv[argc - 1];
	c.args = (struct raceway_args){ .argv = argv, .argc = argc - 1, .options = &options };
	if (argc >= 2 && (strcmp(argv[argc - 2], "--socket") == 0 ||
			  strcmp(argv[argc - 2], "--if-version") == 0))
		return;
	raceway_words_objects(&words);
	if (raceway_args_word(&c.args, &word, NULL) < 0)
		return;
	if (!word && c.typed[0] == '-') {
		offer_words(&c, &globals);
		return;
	}
	if (!word) {
		offer_objects(&c);
		return;
	}
	if (raceway_words_find(&words, word, &found) < 0)
		return;
	if (found < raceway_kind_known)
		complete_kind(&c, &raceway_kinds[found]);
	else if (raceway_commands[found - raceway_kind_known].action == RACEWAY_DO_HELP)
		offer_objects(&c);
	else
		complete_command(&c, &raceway_commands[found - raceway_kind_known]);
}
