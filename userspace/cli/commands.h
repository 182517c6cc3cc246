/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands as tables, beside the schema's kinds and attributes: parser, help, completion
 * and the manual page all read these. */
#ifndef RACEWAY_CLI_COMMANDS_H
#define RACEWAY_CLI_COMMANDS_H

#include "cli/words.h"
#include "model/schema.h"

enum raceway_action {
	RACEWAY_DO_HELP,
	RACEWAY_DO_CHANGE, /* add, set, del, bind, unbind: one request; enroll prints a token */
	RACEWAY_DO_SHOW,
	RACEWAY_DO_TREE,
	RACEWAY_DO_APPLY,
	RACEWAY_DO_DIFF,
	RACEWAY_DO_EXPORT,
	RACEWAY_DO_TOP,
	RACEWAY_DO_MONITOR,
	RACEWAY_DO_DOCTOR,
	RACEWAY_DO_AUDIT,
	RACEWAY_DO_BACKUP,
	RACEWAY_DO_RESTORE,
	RACEWAY_DO_VERSION,
	RACEWAY_DO_NOTHING, /* only ever `later` */
};

enum raceway_verb {
	RACEWAY_VERB_NONE,
	RACEWAY_VERB_ADD,
	RACEWAY_VERB_SET,
	RACEWAY_VERB_DEL,
	RACEWAY_VERB_SHOW,
	RACEWAY_VERB_BIND,
	RACEWAY_VERB_UNBIND,
	RACEWAY_VERB_COPY,   /* of a volume: one more name follows */
	RACEWAY_VERB_ENROLL, /* nothing follows the name; the answer has a token */
	RACEWAY_VERB_ACTION, /* the verb's own words follow */
	RACEWAY_VERB_VALUE,  /* the value of the verb's own, only word follows */
	RACEWAY_VERB_LATER,
};

/* What follows `raceway OBJECT`. */
struct raceway_verb_info {
	const char *kind; /* NULL: every kind has it */
	const char *word;
	const char *alias; /* also understood, not advertised; NULL: none */
	enum raceway_verb verb;
	const char *usage; /* what follows the word; the attributes come from the schema */
	const char *help;
	const char *later;		  /* not NULL: refused with status 3; why */
	const struct raceway_kind *words; /* ACTION, VALUE: what may follow, and no real kind */
};

enum raceway_option_id {
	RACEWAY_OPTION_FILE,
	RACEWAY_OPTION_DRY_RUN,
	RACEWAY_OPTION_PRUNE,
	RACEWAY_OPTION_EXIT_CODE,
	RACEWAY_OPTION_CONFIRM,
	RACEWAY_OPTION_CONFIRMED,
	RACEWAY_OPTION_COUNT,
	RACEWAY_OPTION_DEV,
	RACEWAY_OPTION_DROPS,
};

/* A word or -option of a command that is no object. */
struct raceway_option {
	enum raceway_option_id id;
	const char *word;  /* "-f", "--prune", "dev" */
	const char *value; /* what follows, "FILE"; NULL: nothing */
	const char *help;
	bool required;
	bool alone; /* instead of all others */
};

#define RACEWAY_OPTIONS_MAX 8

/* `raceway COMMAND` where COMMAND is no kind of object. */
struct raceway_command {
	const char *word;
	enum raceway_action action;
	const char *usage;
	const char *help;
	const char *later;
	bool takes_object; /* OBJECT [NAME] may be among the options */
	struct raceway_option options[RACEWAY_OPTIONS_MAX]; /* up to the one without word */
};

extern const struct raceway_verb_info raceway_verbs[];
extern const size_t raceway_verb_count;
extern const struct raceway_command raceway_commands[];
extern const size_t raceway_command_count;

/* Whether `verb` is a verb of `kind`. */
bool raceway_verb_applies(const struct raceway_verb_info *verb, const struct raceway_kind *kind);
/* The verb of `kind` that `text` is, shortens or is an alias of; NULL if none or several. */
const struct raceway_verb_info *raceway_verb_find(const struct raceway_kind *kind,
						  const char *text);
/* Whether `raceway OBJECT add` or `set` takes this attribute. */
bool raceway_attr_settable(const struct raceway_attr *attr);
/* Which attribute is meant when its word comes right behind that of `previous` (NULL: it is the
 * first): `secret-file` behind `mutual-chap` is the other secret. */
const struct raceway_attr *raceway_attr_meant(const struct raceway_kind *kind,
					      const struct raceway_attr *attr,
					      const struct raceway_attr *previous);

/* All words that are right in one place. */
void raceway_words_objects(struct raceway_words *words);
void raceway_words_verbs(struct raceway_words *words, const struct raceway_kind *kind);
void raceway_words_attrs(struct raceway_words *words, const struct raceway_kind *kind);
void raceway_words_options(struct raceway_words *words, const struct raceway_command *command);

/* "RATE", "uplink|fabric", "SEGMENT": what stands for an attribute's value; "" for a flag. */
char *raceway_attr_value_text(const struct raceway_attr *attr, char *buf, size_t size);
/* "NAME" or "PROFILE/NAME", what stands for the name of such an object. Returns buf. */
char *raceway_name_text(const struct raceway_kind *kind, char *buf, size_t size);

#endif
