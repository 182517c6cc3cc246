/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tables of verbs and commands, and the sets of words that follow from them and from the
 * schema. A command of the interface that does not exist yet stands here with `later`. */
#include "cli/commands.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NOT_YET "not yet"
#define LUN                                                                                        \
	{                                                                                          \
		.word = "lun", .type = RACEWAY_TYPE_NUMBER, .flags = RACEWAY_ATTR_REQUIRED,        \
		.help = "number by which the vHBA sees it, 0 to 16383"                             \
	}

static const struct raceway_attr map_attrs[] = {
	LUN,
	{ .word = "volume",
	  .type = RACEWAY_TYPE_REF,
	  .ref = "volume",
	  .flags = RACEWAY_ATTR_REQUIRED,
	  .help = "the volume, SAN/NAME" },
	{ .word = "ro", .type = RACEWAY_TYPE_FLAG, .help = "writes are refused" },
	{ .word = "shared",
	  .type = RACEWAY_TYPE_FLAG,
	  .help = "other vHBAs may see the volume too, if they say so as well" },
};
static const struct raceway_attr unmap_attrs[] = { LUN };
static const struct raceway_kind map_words = {
	.name = "map", .attrs = map_attrs, .attr_count = sizeof(map_attrs) / sizeof(map_attrs[0])
};
static const struct raceway_kind unmap_words = { .name = "unmap",
						 .attrs = unmap_attrs,
						 .attr_count = 1 };

static const struct raceway_attr value_attrs[] = { { .word = "value",
						     .type = RACEWAY_TYPE_IDENTITY,
						     .flags = RACEWAY_ATTR_REQUIRED,
						     .help = "one of the pool's" } };
static const struct raceway_kind value_words = { .name = "value",
						 .attrs = value_attrs,
						 .attr_count = 1 };

const struct raceway_verb_info raceway_verbs[] = {
	{ NULL, "add", NULL, RACEWAY_VERB_ADD, "NAME", "make a new one", NULL, NULL },
	{ NULL, "set", "change", RACEWAY_VERB_SET, "NAME",
	  "change what is named and nothing else; an empty value (\"\") removes", NULL, NULL },
	{ NULL, "del", "delete", RACEWAY_VERB_DEL, "NAME",
	  "remove; refused while something refers to it", NULL, NULL },
	{ NULL, "show", "list", RACEWAY_VERB_SHOW, "[NAME]", "one, or all", NULL, NULL },
	{ "profile", "bind", NULL, RACEWAY_VERB_BIND, "NAME server SERVER",
	  "give its I/O to a server, or move it to another", NULL, NULL },
	{ "profile", "unbind", NULL, RACEWAY_VERB_UNBIND, "NAME",
	  "take its I/O away from its server; it stays in the store", NULL, NULL },
	{ "server", "enroll", NULL, RACEWAY_VERB_ENROLL, "NAME",
	  "print a token, for an hour and one use, by which racewayd on that server gets its "
	  "certificate; its earlier certificate counts no more then",
	  NULL, NULL },
	{ "acl", "rule", NULL, RACEWAY_VERB_LATER, "ACL add|del SEQ ...", "edit the rules", NOT_YET,
	  NULL },
	{ "volume", "snapshot", NULL, RACEWAY_VERB_COPY, "SAN/NAME NEW",
	  "freeze a copy that is called NEW, on the same SAN, only to be mapped with ro", NULL,
	  NULL },
	{ "volume", "clone", NULL, RACEWAY_VERB_COPY, "SAN/NAME NEW",
	  "make a writable copy that is called NEW, on the same SAN", NULL, NULL },
	{ "vhba", "map", NULL, RACEWAY_VERB_ACTION,
	  "PROFILE/NAME lun N volume SAN/NAME [ro] [shared]", "show a volume to the vHBA", NULL,
	  &map_words },
	{ "vhba", "unmap", NULL, RACEWAY_VERB_ACTION, "PROFILE/NAME lun N", "hide it again", NULL,
	  &unmap_words },
	{ "pool", "reserve", NULL, RACEWAY_VERB_VALUE, "NAME VALUE",
	  "keep a free identity back: nobody gets it until it is released", NULL, &value_words },
	{ "pool", "release", NULL, RACEWAY_VERB_VALUE, "NAME VALUE",
	  "let it be given again; refused while an object has it", NULL, &value_words },
	{ "partition", "member", NULL, RACEWAY_VERB_LATER, "NAME PROFILE/VNIC full|limited",
	  "admit a vNIC or an uplink", NOT_YET, NULL },
	{ "partition", "import", NULL, RACEWAY_VERB_LATER, "FILE", "read OpenSM's partitions.conf",
	  NOT_YET, NULL },
};
const size_t raceway_verb_count = sizeof(raceway_verbs) / sizeof(raceway_verbs[0]);

#define OPTION_FILE                                                                                \
	{                                                                                          \
		.id = RACEWAY_OPTION_FILE, .word = "-f", .value = "FILE", .required = true,        \
		.help = "the document, YAML or JSON; - is standard input"                          \
	}
#define OPTION_DRY_RUN                                                                             \
	{                                                                                          \
		.id = RACEWAY_OPTION_DRY_RUN, .word = "--dry-run",                                 \
		.help = "only say what would change"                                               \
	}
#define OPTION_PRUNE                                                                               \
	{                                                                                          \
		.id = RACEWAY_OPTION_PRUNE, .word = "--prune",                                     \
		.help = "also remove what the document does not name"                              \
	}
#define OPTION_EXIT_CODE                                                                           \
	{                                                                                          \
		.id = RACEWAY_OPTION_EXIT_CODE, .word = "--exit-code",                             \
		.help = "exit with 1 when there are changes"                                       \
	}

const struct raceway_command raceway_commands[] = {
	{ .word = "apply",
	  .action = RACEWAY_DO_APPLY,
	  .usage = "-f FILE [--dry-run] [--prune] [--exit-code] [--confirm TIME] | --confirmed",
	  .help = "make every object of a document exactly so, the whole or nothing",
	  .options = { OPTION_FILE,
		       OPTION_DRY_RUN,
		       OPTION_PRUNE,
		       OPTION_EXIT_CODE,
		       { .id = RACEWAY_OPTION_CONFIRM,
			 .word = "--confirm",
			 .value = "TIME",
			 .help = "roll back unless confirmed in time, 1s to 3600s" },
		       { .id = RACEWAY_OPTION_CONFIRMED,
			 .word = "--confirmed",
			 .alone = true,
			 .help = "keep what --confirm would roll back" } } },
	{ .word = "diff",
	  .action = RACEWAY_DO_DIFF,
	  .usage = "-f FILE [--prune] [--exit-code]",
	  .help = "say what apply would change, one line per change",
	  .options = { OPTION_FILE, OPTION_PRUNE, OPTION_EXIT_CODE } },
	{ .word = "export",
	  .action = RACEWAY_DO_EXPORT,
	  .help = "write everything as a document (YAML; with -j JSON)" },
	{ .word = "backup",
	  .action = RACEWAY_DO_BACKUP,
	  .usage = "-w FILE",
	  .help = "write all of the state, also what export leaves out",
	  .options = { { .id = RACEWAY_OPTION_FILE,
			 .word = "-w",
			 .value = "FILE",
			 .required = true,
			 .help = "the file, for its owner alone; - is standard output" } } },
	{ .word = "restore",
	  .action = RACEWAY_DO_RESTORE,
	  .usage = "-f FILE [--dry-run]",
	  .help = "make all of the state what a backup holds, the whole or nothing",
	  .options = { { .id = RACEWAY_OPTION_FILE,
			 .word = "-f",
			 .value = "FILE",
			 .required = true,
			 .help = "the backup; - is standard input" },
		       OPTION_DRY_RUN } },
	{ .word = "audit",
	  .action = RACEWAY_DO_AUDIT,
	  .usage = "[-n COUNT] [OBJECT [NAME]]",
	  .help = "who changed what and when, the newest last",
	  .takes_object = true,
	  .options = { { .id = RACEWAY_OPTION_COUNT,
			 .word = "-n",
			 .value = "COUNT",
			 .help = "so many lines; default 100" } } },
	{ .word = "show", .action = RACEWAY_DO_TREE, .help = "the whole as a tree" },
	{ .word = "top",
	  .action = RACEWAY_DO_TOP,
	  .usage = "[-n COUNT]",
	  .help = "live rates of the vNICs and vHBAs, every second",
	  .options = { { .id = RACEWAY_OPTION_COUNT,
			 .word = "-n",
			 .value = "COUNT",
			 .help = "stop after so many tables" } } },
	{ .word = "monitor",
	  .action = RACEWAY_DO_MONITOR,
	  .usage = "[drops]",
	  .help = "events as they happen, one line each",
	  .options = { { .id = RACEWAY_OPTION_DROPS,
			 .word = "drops",
			 .help = "only dropped frames" } } },
	{ .word = "doctor",
	  .action = RACEWAY_DO_DOCTOR,
	  .usage = "[dev IFNAME]",
	  .help = "what this machine, or this NIC, can and cannot do",
	  .options = { { .id = RACEWAY_OPTION_DEV,
			 .word = "dev",
			 .value = "IFNAME",
			 .help = "only this NIC" } } },
	{ .word = "rdma",
	  .action = RACEWAY_DO_NOTHING,
	  .usage = "show | ping ADDRESS",
	  .help = "RDMA devices and reachability",
	  .later = NOT_YET },
	{ .word = "capture",
	  .action = RACEWAY_DO_NOTHING,
	  .usage = "PROFILE/NAME [-w FILE] [-c N]",
	  .help = "frames of a vNIC",
	  .later = NOT_YET },
	{ .word = "trace",
	  .action = RACEWAY_DO_NOTHING,
	  .usage = "PROFILE/NAME ...",
	  .help = "the way of a vNIC's frames",
	  .later = NOT_YET },
	{ .word = "version",
	  .action = RACEWAY_DO_VERSION,
	  .help = "version of the program and of the maps' layout" },
	{ .word = "help",
	  .action = RACEWAY_DO_HELP,
	  .usage = "[OBJECT [COMMAND]]",
	  .help = "this, or more about one word" },
};
const size_t raceway_command_count = sizeof(raceway_commands) / sizeof(raceway_commands[0]);

bool raceway_verb_applies(const struct raceway_verb_info *verb, const struct raceway_kind *kind)
{
	return !verb->kind || strcmp(verb->kind, kind->name) == 0;
}

bool raceway_attr_settable(const struct raceway_attr *attr)
{
	return !(attr->flags & (RACEWAY_ATTR_INTERNAL | RACEWAY_ATTR_DOCUMENT));
}

const struct raceway_attr *raceway_attr_meant(const struct raceway_kind *kind,
					      const struct raceway_attr *attr,
					      const struct raceway_attr *previous)
{
	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++)
		if (previous && a->as && strcmp(a->as, attr->word) == 0 &&
		    strcmp(a->after, previous->word) == 0)
			return a;
	return attr;
}

const struct raceway_verb_info *raceway_verb_find(const struct raceway_kind *kind, const char *text)
{
	struct raceway_words words = { .count = 0 };
	size_t found;

	raceway_words_verbs(&words, kind);
	if (raceway_words_find(&words, text, &found) < 0)
		found = words.count;
	for (size_t i = 0; i < raceway_verb_count; i++) {
		const struct raceway_verb_info *verb = &raceway_verbs[i];

		if (!raceway_verb_applies(verb, kind))
			continue;
		if (found < words.count && strcmp(verb->word, words.word[found]) == 0)
			return verb;
		if (verb->alias && strcmp(verb->alias, text) == 0)
			return verb;
	}
	return NULL;
}

void raceway_words_objects(struct raceway_words *words)
{
	for (size_t i = 0; i < raceway_kind_known; i++)
		raceway_words_add(words, raceway_kinds[i].name);
	for (size_t i = 0; i < raceway_command_count; i++)
		raceway_words_add(words, raceway_commands[i].word);
}

void raceway_words_verbs(struct raceway_words *words, const struct raceway_kind *kind)
{
	for (size_t i = 0; i < raceway_verb_count; i++)
		if (raceway_verb_applies(&raceway_verbs[i], kind))
			raceway_words_add(words, raceway_verbs[i].word);
	raceway_words_add(words, "help");
}

void raceway_words_attrs(struct raceway_words *words, const struct raceway_kind *kind)
{
	for (size_t i = 0; i < kind->attr_count; i++)
		if (raceway_attr_settable(&kind->attrs[i]))
			raceway_words_add(words, kind->attrs[i].word);
}

void raceway_words_options(struct raceway_words *words, const struct raceway_command *command)
{
	for (size_t i = 0; i < RACEWAY_OPTIONS_MAX && command->options[i].word; i++)
		raceway_words_add(words, command->options[i].word);
}

static char *join_choices(const struct raceway_attr *attr, char *buf, size_t size)
{
	size_t used = 0, max = sizeof(attr->choices) / sizeof(attr->choices[0]);

	buf[0] = '\0';
	for (size_t i = 0; i < max && attr->choices[i] && used < size; i++)
		used += (size_t)snprintf(buf + used, size - used, "%s%s", i ? "|" : "",
					 attr->choices[i]);
	return buf;
}

char *raceway_attr_value_text(const struct raceway_attr *attr, char *buf, size_t size)
{
	static const char *const names[] = {
		[RACEWAY_TYPE_TEXT] = "TEXT",	  [RACEWAY_TYPE_NAME] = "NAME",
		[RACEWAY_TYPE_IFNAME] = "IFNAME", [RACEWAY_TYPE_NUMBER] = "N",
		[RACEWAY_TYPE_RATE] = "RATE",	  [RACEWAY_TYPE_SIZE] = "SIZE",
		[RACEWAY_TYPE_TIME] = "TIME",	  [RACEWAY_TYPE_ONOFF] = "on|off",
		[RACEWAY_TYPE_MAC] = "MAC",	  [RACEWAY_TYPE_CHOICE] = "WORD",
		[RACEWAY_TYPE_REF] = "NAME",	  [RACEWAY_TYPE_FLAG] = "",
		[RACEWAY_TYPE_PATH] = "PATH",	  [RACEWAY_TYPE_WWN] = "WWN",
		[RACEWAY_TYPE_ISCSI] = "IQN",	  [RACEWAY_TYPE_ADDRESS] = "IP[:PORT]",
		[RACEWAY_TYPE_LUNS] = "LUNS",	  [RACEWAY_TYPE_IDENTITY] = "IDENTITY",
	};

	if (attr->type == RACEWAY_TYPE_CHOICE && attr->choices[0])
		return join_choices(attr, buf, size);
	if (attr->type == RACEWAY_TYPE_REF && attr->ref) {
		size_t i = 0;

		for (; attr->ref[i] && i + 1 < size; i++)
			buf[i] = (char)toupper((unsigned char)attr->ref[i]);
		buf[i] = '\0';
		return buf;
	}
	snprintf(buf, size, "%s", names[attr->type]);
	return buf;
}

char *raceway_name_text(const struct raceway_kind *kind, char *buf, size_t size)
{
	size_t i = 0;

	if (kind->parent)
		for (; kind->parent[i] && i + 1 < size; i++)
			buf[i] = (char)toupper((unsigned char)kind->parent[i]);
	snprintf(buf + i, size - i, "%sNAME", kind->parent ? "/" : "");
	return buf;
}
