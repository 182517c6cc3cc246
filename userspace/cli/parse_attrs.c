/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* WORD VALUE pairs of add, set and a verb of its own words to the request's JSON body, by the
 * tables alone. */
#include <errno.h>
#include <string.h>

#include "cli/parse.h"

#define HINT 300
#define KEY 64

static const struct raceway_attr *find_attr(const struct raceway_kind *kind, const char *text,
					    struct raceway_cli *cli, struct raceway_error *err)
{
	struct raceway_words words = { .count = 0 };
	char hint[HINT];
	size_t found;

	raceway_words_attrs(&words, kind);
	if (raceway_words_find(&words, text, &found) == 0)
		return raceway_attr_find(kind, words.word[found]);
	raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "", "no word \"%.40s\"; %s", text,
			  raceway_words_hint(&words, text, hint, sizeof(hint)));
	return NULL;
}

static int copy_error(struct raceway_error *to, const struct raceway_error *from)
{
	return raceway_error_set(to, from->fault, from->object, from->field, "%s", from->message);
}

/* One value, or true for a flag. An empty value in `set` is JSON null: remove it. What does not
 * exist yet is kept in *later, the first of it, because a syntax error further on goes before. */
static int parse_value(struct raceway_args *args, struct raceway_cli *cli,
		       const struct raceway_attr *attr, json_t **ret_value,
		       struct raceway_error *later, struct raceway_error *err)
{
	struct raceway_error why = { .fault = RACEWAY_FAULT_NONE };
	const char *text = NULL;
	char what[KEY];

	if (attr->type != RACEWAY_TYPE_FLAG) {
		text = raceway_args_value(args);
		if (!text)
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, attr->word,
						 "%s needs a value: %s", attr->word,
						 raceway_attr_value_text(attr, what, sizeof(what)));
	}
	if (text && text[0] == '\0' && cli->verb->verb == RACEWAY_VERB_SET && !attr->later) {
		*ret_value = json_null();
		return 0;
	}
	if (raceway_value_parse(attr, cli->object, text, ret_value, &why) == 0)
		return 0;
	if (why.fault != RACEWAY_FAULT_CANNOT)
		return copy_error(err, &why);
	copy_error(later, &why);
	*ret_value = json_null();
	return 0;
}

/* A word that takes a list may come several times; every other one once. */
static int store_value(struct raceway_cli *cli, const struct raceway_attr *attr, json_t *value,
		       struct raceway_error *err)
{
	json_t *before;
	char key[KEY];
	int r = 0;

	raceway_attr_key(attr, key, sizeof(key));
	before = json_object_get(cli->body, key);
	if (!before)
		return json_object_set_new(cli->body, key, value) == 0
			       ? 0
			       : raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "",
						   "out of memory");
	if (attr->flags & RACEWAY_ATTR_LIST && json_is_array(before) && json_is_array(value))
		json_array_extend(before, value);
	else
		r = raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, attr->word,
				      "%s is given twice", attr->word);
	json_decref(value);
	return r;
}

static int check_required(struct raceway_cli *cli, const struct raceway_kind *words,
			  struct raceway_error *err)
{
	char key[KEY], what[KEY];

	for (size_t i = 0; i < words->attr_count; i++) {
		const struct raceway_attr *attr = &words->attrs[i];

		if (!(attr->flags & RACEWAY_ATTR_REQUIRED) || !raceway_attr_settable(attr))
			continue;
		if (!json_object_get(cli->body, raceway_attr_key(attr, key, sizeof(key))))
			return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, attr->word,
						 "%s %s is missing", attr->word,
						 raceway_attr_value_text(attr, what, sizeof(what)));
	}
	return 0;
}

/* *previous: the attribute of the pair before. */
static int take_pair(struct raceway_args *args, struct raceway_cli *cli,
		     const struct raceway_kind *words, const char *word,
		     const struct raceway_attr **previous, struct raceway_error *later,
		     struct raceway_error *err)
{
	const struct raceway_attr *attr = find_attr(words, word, cli, err);
	json_t *value = NULL;
	int r;

	if (!attr)
		return -EINVAL;
	attr = raceway_attr_meant(words, attr, *previous);
	*previous = attr;
	r = parse_value(args, cli, attr, &value, later, err);
	if (r < 0)
		return r;
	return store_value(cli, attr, value, err);
}

int raceway_cli_parse_attrs(struct raceway_args *args, struct raceway_cli *cli,
			    struct raceway_error *err)
{
	const struct raceway_kind *words = cli->verb->words ? cli->verb->words : cli->kind;
	struct raceway_error later = { .fault = RACEWAY_FAULT_NONE };
	bool set = cli->verb->verb == RACEWAY_VERB_SET;
	const struct raceway_attr *previous = NULL;
	const char *word;
	int r;

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
		r = take_pair(args, cli, words, word, &previous, &later, err);
		if (r < 0)
			return r;
	}
	if (set && json_object_size(cli->body) == 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, cli->object, "",
					 "set needs at least one word and its value");
	r = set ? 0 : check_required(cli, words, err);
	if (r < 0)
		return r;
	if (later.fault != RACEWAY_FAULT_NONE)
		return copy_error(err, &later);
	return 0;
}
