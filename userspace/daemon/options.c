/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Command line and configuration file: one table of words for both.
 * The file is "word = value" per line, # begins a comment. */
#include "daemon/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/peer.h"
#include "util/cleanup.h"
#include "util/san.h"
#include "util/units.h"

#define CONFIG_DEFAULT "/etc/raceway/racewayd.conf"
#define LINE_MAX_BYTES 1024
#define PARENT_MODE 0755
#define VNICS_MIN 2 /* number 0 is nobody's */

struct word {
	const char *name;
	size_t offset, size;
	const char *fallback;
	const char *argument;
	const char *help;
};

#define WORD(n, member, fallback, argument, help)                                                  \
	{                                                                                          \
		n, offsetof(struct raceway_options, member),                                       \
			sizeof(((struct raceway_options *)0)->member), fallback, argument, help    \
	}

static const struct word words[] = {
	WORD("role", role, "standalone", "ROLE", "standalone, director or server"),
	WORD("run-dir", run_dir, "/run/raceway", "DIR", "where the API's socket is"),
	WORD("state-dir", state_dir, "/var/lib/raceway", "DIR", "where the profiles are kept"),
	WORD("pin-dir", pin_dir, "/sys/fs/bpf/raceway", "DIR", "on a bpffs: the data path's pins"),
	WORD("node", node, "", "NAME", "name of this node; default the host's"),
	WORD("max-vnics", max_vnics, "", "N", "size of the tables, when they are made"),
	WORD("listen", listen, "", "ADDRESS[:PORT]", "of a director: where its servers reach it"),
	WORD("director", director, "", "ADDRESS[:PORT]",
	     "of a server: where its director is; default where it was enrolled"),
	WORD("token-file", token_file, "", "FILE",
	     "of a server: what `raceway server enroll` printed, to be used once"),
	WORD("target-name", target_name, "", "IQN",
	     "of the storage target; default iqn.2026-11.local.raceway:NODE"),
	WORD("vhba", vhba, "", "PATH",
	     "the storage engine; default raceway-vhba beside racewayd, or by PATH; none: somebody "
	     "else starts it"),
	WORD("role-group", role_group, "", "ROLE=GROUP,...",
	     "which groups give the roles admin, server, network, storage, read; default "
	     "raceway-ROLE"),
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };
enum { OPT_CONFIG = 256, OPT_FOREGROUND, OPT_HELP, OPT_VERSION };

static char *value_of(struct raceway_options *options, const struct word *word)
{
	return (char *)options + word->offset;
}

static int set_value(struct raceway_options *options, const struct word *word, const char *value,
		     struct raceway_error *err)
{
	if (!*value || strlen(value) >= word->size)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, word->name, "",
					 *value ? "%s is too long" : "%sit has no value", value);
	memcpy(value_of(options, word), value, strlen(value) + 1);
	return 0;
}

static char *trim(char *text)
{
	char *end = text + strlen(text);

	while (end > text && isspace((unsigned char)end[-1]))
		*--end = '\0';
	while (isspace((unsigned char)*text))
		text++;
	return text;
}

static int read_line(struct raceway_options *options, char *line, const char *path, int number,
		     struct raceway_error *err)
{
	char *comment = strchr(line, '#'), *equals, *name;
	char where[96];

	if (comment)
		*comment = '\0';
	name = trim(line);
	if (!*name)
		return 0;
	snprintf(where, sizeof(where), "%.80s:%d", path, number);
	equals = strchr(name, '=');
	if (!equals)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, where, "",
					 "%s: expected word = value", name);
	*equals = '\0';
	name = trim(name);
	for (int i = 0; i < WORDS; i++) {
		if (strcmp(words[i].name, name))
			continue;
		/* The command line has been read before and wins. */
		return *value_of(options, &words[i])
			       ? 0
			       : set_value(options, &words[i], trim(equals + 1), err);
	}
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, where, "", "%s is no known word",
				 name);
}

static int read_config(struct raceway_options *options, struct raceway_error *err)
{
	const char *path = options->config[0] ? options->config : CONFIG_DEFAULT;
	RACEWAY_FCLOSE FILE *file = fopen(path, "re");
	char line[LINE_MAX_BYTES];
	int ret = 0;

	if (!file && errno == ENOENT && !options->config[0])
		return 0;
	if (!file)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, path, "", "%s",
					 strerror(errno));
	for (int number = 1; !ret && fgets(line, sizeof(line), file); number++)
		ret = read_line(options, line, path, number, err);
	return ret;
}

static int check_values(struct raceway_options *o, struct raceway_error *err)
{
	static const char *const roles[] = { "standalone", "director", "server" };
	uint64_t vnics = 0; /* the default, or what the pins have */
	char target[RACEWAY_ISCSI_NAME_TEXT];
	size_t role = 0;

	while (role < 3 && strcmp(roles[role], o->role))
		role++;
	if (role == 3)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "role", "",
					 "%s is none of standalone, director, server", o->role);
	o->node_role = (enum raceway_node_role)role;
	if (o->listen[0] && o->node_role != RACEWAY_NODE_DIRECTOR)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "listen", "",
					 "listen is for role director, and this is role %s",
					 o->role);
	if ((o->director[0] || o->token_file[0]) && o->node_role != RACEWAY_NODE_SERVER)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID,
					 o->director[0] ? "director" : "token-file", "",
					 "%s is for role server, and this is role %s",
					 o->director[0] ? "director" : "token-file", o->role);
	if (o->target_name[0] && raceway_parse_iscsi_name(o->target_name, target))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "target-name", "",
					 "%s is no iSCSI name, as iqn.2026-11.local.raceway:node",
					 o->target_name);
	if (o->max_vnics[0] && (raceway_parse_u64(o->max_vnics, &vnics) || vnics < VNICS_MIN ||
				vnics > RACEWAY_VNICS_MAX))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "max-vnics", "",
					 "%s is not in %d to %d", o->max_vnics, VNICS_MIN,
					 RACEWAY_VNICS_MAX);
	o->vnics = (uint32_t)vnics;
	raceway_role_groups_default(&o->role_groups);
	if (o->role_group[0] && raceway_role_groups_parse(o->role_group, &o->role_groups, err))
		return -EINVAL;
	if (!o->node[0] && gethostname(o->node, sizeof(o->node) - 1))
		snprintf(o->node, sizeof(o->node), "localhost");
	return 0;
}

/* All directories above `dir`; `dir` itself is made, with its own mode, by whom it belongs to. */
static int make_parents(const char *word, const char *dir, struct raceway_error *err)
{
	char path[sizeof(((struct raceway_options *)0)->run_dir)];
	size_t length = strlen(dir);

	while (length && dir[length - 1] == '/')
		length--;
	snprintf(path, sizeof(path), "%.*s", (int)length, dir);
	for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		if (mkdir(path, PARENT_MODE) && errno != EEXIST)
			return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, word, "", "make %s: %s",
						 path, strerror(errno));
		*slash = '/';
	}
	return 0;
}

/* What getopt_long() has not understood, as one line. `c` is what it returned. */
static int not_understood(int c, const char *word, struct raceway_error *err)
{
	int name = (int)strcspn(word, "=");

	if (c == ':')
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "%s: a value is missing; see racewayd --help", word);
	if (optopt >= OPT_CONFIG)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "%.*s takes no value; see racewayd --help", name, word);
	if (optopt)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "-%c: there is no such option; see racewayd --help",
					 optopt);
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
				 "%.*s: there is no such option; see racewayd --help", name, word);
}

int raceway_options_parse(int argc, char *const *argv, struct raceway_options *ret_options,
			  struct raceway_error *err)
{
	struct raceway_options o = { 0 };
	struct option options[WORDS + 5] = { 0 };
	int ret = 0, c;

	for (int i = 0; i < WORDS; i++)
		options[i] = (struct option){ words[i].name, required_argument, NULL, i };
	options[WORDS] = (struct option){ "config", required_argument, NULL, OPT_CONFIG };
	options[WORDS + 1] = (struct option){ "foreground", no_argument, NULL, OPT_FOREGROUND };
	options[WORDS + 2] = (struct option){ "help", no_argument, NULL, OPT_HELP };
	options[WORDS + 3] = (struct option){ "version", no_argument, NULL, OPT_VERSION };
	opterr = 0;
	while (!ret && (c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':' || c == '?')
			ret = not_understood(c, argv[optind - 1], err);
		else if (c < WORDS)
			ret = set_value(&o, &words[c], optarg, err);
		else if (c == OPT_CONFIG)
			snprintf(o.config, sizeof(o.config), "%s", optarg);
		else if (c == OPT_FOREGROUND)
			o.foreground = true;
		else if (c == OPT_HELP)
			o.help = true;
		else if (c == OPT_VERSION)
			o.version = true;
	}
	if (!ret && optind < argc)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "%s is not understood, see racewayd --help", argv[optind]);
	if (!ret && !o.help && !o.version)
		ret = read_config(&o, err);
	for (int i = 0; i < WORDS && !ret; i++)
		if (!*value_of(&o, &words[i]) && *words[i].fallback)
			ret = set_value(&o, &words[i], words[i].fallback, err);
	if (!ret && !o.help && !o.version)
		ret = check_values(&o, err);
	if (!ret && !o.help && !o.version)
		ret = make_parents("run-dir", o.run_dir, err);
	if (!ret && !o.help && !o.version)
		ret = make_parents("state-dir", o.state_dir, err);
	if (!ret)
		*ret_options = o;
	return ret;
}

void raceway_options_help(void)
{
	printf("racewayd [OPTION]...   the Raceway daemon\n\n");
	for (int i = 0; i < WORDS; i++) {
		printf("  --%-11s %-5s %s", words[i].name, words[i].argument, words[i].help);
		if (*words[i].fallback)
			printf(" (%s)", words[i].fallback);
		printf("\n");
	}
	printf("  --%-11s %-5s %s (%s)\n", "config", "FILE",
	       "the words above, one \"word = value\" per line", CONFIG_DEFAULT);
	printf("  --%-17s %s\n", "foreground", "say \"ready\" on standard output once all works");
	printf("  --%-17s %s\n  --%-17s %s\n", "help", "this text", "version", "the version");
}
