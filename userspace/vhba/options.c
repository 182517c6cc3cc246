/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads the engine's options: one table for getopt_long(3) and for the help. */
#include "vhba/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/units.h"

#define RUN_DIR "/run/raceway"
#define STATE_DIR "/var/lib/raceway/vhba"
#define WORKERS_DEFAULT 4 /* at most: a worker serves some 100,000 operations per second */

enum { OPT_RUN_DIR = 256, OPT_STATE_DIR, OPT_WORKERS, OPT_FOREGROUND, OPT_HELP, OPT_VERSION };

static const struct {
	const char *name;
	int value;
	const char *argument, *help;
} words[] = {
	{ "run-dir", OPT_RUN_DIR, "DIR", "where the control socket is (" RUN_DIR ")" },
	{ "state-dir", OPT_STATE_DIR, "DIR", "where reservations are kept (" STATE_DIR ")" },
	{ "workers", OPT_WORKERS, "N", "threads (the cores, at most 4)" },
	{ "foreground", OPT_FOREGROUND, NULL, "print \"ready\" once it answers" },
	{ "help", OPT_HELP, NULL, "this" },
	{ "version", OPT_VERSION, NULL, "the release" },
};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

static int not_understood(int c, const char *word, struct raceway_error *err)
{
	if (c == ':')
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "%s: a value is missing; see raceway-vhba --help", word);
	if (optopt >= OPT_RUN_DIR)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					 "%.*s takes no value; see raceway-vhba --help",
					 (int)strcspn(word, "="), word);
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
				 "%s: there is no such option; see raceway-vhba --help", word);
}

static int set_workers(const char *text, struct raceway_vhba_options *o, struct raceway_error *err)
{
	uint64_t workers;

	if (raceway_parse_u64(text, &workers))
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "workers", "",
					 "%s is no number", text);
	if (workers < 1 || workers > RACEWAY_VHBA_WORKERS_MAX)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "workers", "",
					 "%" PRIu64 " is not in 1 to %d", workers,
					 RACEWAY_VHBA_WORKERS_MAX);
	o->workers = (unsigned int)workers;
	return 0;
}

static int set_dir(const char *word, const char *value, const char **ret_dir,
		   struct raceway_error *err)
{
	if (!*value)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, word, "", "it has no value");
	*ret_dir = value;
	return 0;
}

static int take(int c, struct raceway_vhba_options *o, struct raceway_error *err)
{
	switch (c) {
	case OPT_RUN_DIR:
		return set_dir("run-dir", optarg, &o->run_dir, err);
	case OPT_STATE_DIR:
		return set_dir("state-dir", optarg, &o->state_dir, err);
	case OPT_WORKERS:
		return set_workers(optarg, o, err);
	case OPT_FOREGROUND:
		o->foreground = true;
		return 0;
	case OPT_HELP:
		o->help = true;
		return 0;
	default:
		o->version = true;
		return 0;
	}
}

static unsigned int default_workers(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	return cores < 1 ? 1 : cores > WORKERS_DEFAULT ? WORKERS_DEFAULT : (unsigned int)cores;
}

int raceway_vhba_options_parse(int argc, char *const *argv,
			       struct raceway_vhba_options *ret_options, struct raceway_error *err)
{
	struct raceway_vhba_options o = { .run_dir = RUN_DIR,
					  .state_dir = STATE_DIR,
					  .workers = default_workers() };
	struct option options[WORDS + 1] = { 0 };
	int ret = 0, c;

	for (int i = 0; i < WORDS; i++)
		options[i] = (struct option){ words[i].name,
					      words[i].argument ? required_argument : no_argument,
					      NULL, words[i].value };
	opterr = 0;
	optind = 0; /* anew, for whoever parses twice */
	while (!ret && (c = getopt_long(argc, argv, ":", options, NULL)) != -1)
		ret = c == ':' || c == '?' ? not_understood(c, argv[optind - 1], err)
					   : take(c, &o, err);
	if (!ret && optind < argc)
		ret = raceway_error_set(err, RACEWAY_FAULT_SYNTAX, "", "",
					"%s is not understood; see raceway-vhba --help",
					argv[optind]);
	if (!ret)
		*ret_options = o;
	return ret;
}

void raceway_vhba_options_help(void)
{
	printf("raceway-vhba [OPTION]...   the storage engine of Raceway\n\n");
	for (int i = 0; i < WORDS; i++)
		printf("  --%-11s %-5s %s\n", words[i].name,
		       words[i].argument ? words[i].argument : "", words[i].help);
}
