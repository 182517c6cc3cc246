/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Completion and help, both of which must know every word that the parser knows. */
#include "cli/complete.h"

#include <criterion/criterion.h>

#include "cli/help.h"
#include "line.h"

static json_t *names_of(const char *socket, const char *plural)
{
	if (socket) /* that the option arrives */
		return json_pack("[s]", socket);
	if (strcmp(plural, "vnics") == 0)
		return json_pack("[s, s]", "web1/eth0", "db/eth0");
	if (strcmp(plural, "profiles") == 0)
		return json_pack("[s, s]", "web1", "db");
	if (strcmp(plural, "servers") == 0)
		return json_pack("[s, s]", "local", "s1");
	if (strcmp(plural, "volumes") == 0)
		return json_pack("[s, s]", "pool/boot", "pool/data");
	return NULL;
}

struct completion {
	char line[96];
	char words[120]; /* what is offered, one space between; "..." ends a beginning */
};

static const struct completion completions[] = {
	{ "vn", "vnic " },
	{ "ac", "" }, /* not yet: not offered */
	{ "-", "-j -p -s --socket --if-version " },
	{ "-j v", "volume vnic vhba version " },
	{ "vnic ''", "add set del show help " },
	{ "profile un", "unbind " },
	{ "vnic add ''", "web1/ db/ " },
	{ "vnic add w", "web1/ " },
	{ "vnic set ''", "web1/eth0 db/eth0 " },
	{ "--socket /s vnic del ''", "/s " },
	{ "--socket ''", "" },
	{ "vnic add web1/eth1 seg", "segment " },
	{ "vnic add web1/eth1 segment lan tx-", "tx-cir tx-pir tx-cbs tx-pbs " },
	{ "vnic add web1/eth1 tx-cir 1gbit tx-", "tx-pir tx-cbs tx-pbs " }, /* not twice */
	{ "vnic add web1/eth1 tx-cir ''", "" },
	{ "vnic add web1/eth1 spoofcheck ''", "on off " },
	{ "port add up0 ro", "role " },
	{ "port add up0 role ''", "uplink fabric " },
	{ "port add up0 role up", "uplink " },
	{ "port add up0 dev l", "lo " },
	{ "profile bind web1 ''", "server " },
	{ "profile bind web1 server ''", "local s1 " },
	{ "profile set web1 server l", "local " },
	{ "segment add lan untagged sw", "switching " },
	{ "vhba add web1/h0 wwp", "wwpn " },
	{ "vhba add web1/h0 lu", "" }, /* not by a word */
	{ "vhba add web1/h0 chap u secret-file s secr", "" },
	{ "vhba add web1/h0 mutual-chap u secret-file s secr", "secret-file " },
	{ "vhba map web1/h0 ''", "lun volume ro shared " },
	{ "vhba map web1/h0 lun 0 volume ''", "pool/boot pool/data " },
	{ "vhba map web1/h0 lun 0 volume pool/boot r", "ro " },
	{ "vhba unmap web1/h0 ''", "lun " },
	{ "volume clone pool/boot ''", "" },
	{ "volume sn", "snapshot " },
	{ "san add x type ''", "pool iscsi fc null " },
	{ "apply --", "--dry-run --prune --exit-code --confirm --confirmed " },
	{ "apply -f ''", "" }, /* a file's name: the shell's own */
	{ "help vn", "vnic " },
	{ "bogus ''", "" },
	{ "vnic bogus ''", "" },
	{ "vnic add web1/eth1 bogus ''", "" },
};

Test(cli_complete, offers)
{
	for (size_t i = 0; i < sizeof(completions) / sizeof(completions[0]); i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		struct line line;

		line_split(&line, completions[i].line);
		raceway_complete(line.argc, line.argv, names_of, out);
		fclose(out);
		for (char *at = text; *at; at++)
			*at = *at == '\n' ? ' ' : *at;
		cr_expect_str_eq(text, completions[i].words, "%s: %s", completions[i].line, text);
		free(text);
	}
}

static char *help_of(const char *text)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_cli cli;
	struct line line;
	char *help = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&help, &size);

	line_split(&line, text);
	cr_assert_eq(raceway_cli_parse(line.argc, line.argv, &cli, &err), 0, "%s: %s", text,
		     err.message);
	raceway_help(&cli, out);
	fclose(out);
	raceway_cli_clear(&cli);
	return help;
}

Test(cli_help, names_every_word)
{
	char *all = help_of("help"), *man = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&man, &size);

	raceway_man_words(out);
	fclose(out);
	for (size_t i = 0; i < raceway_kind_known; i++) {
		const struct raceway_kind *kind = &raceway_kinds[i];
		char text[64];
		char *help;

		snprintf(text, sizeof(text), "%s help", kind->name);
		help = help_of(text);
		snprintf(text, sizeof(text), "\n  %s ", kind->name);
		cr_expect_not_null(strstr(all, text), "%s", text);
		snprintf(text, sizeof(text), "\n.Ss %s\n", kind->name);
		cr_expect_not_null(strstr(man, text), "%s", text);
		for (size_t j = 0; j < kind->attr_count; j++) {
			bool shown = raceway_attr_settable(&kind->attrs[j]);

			snprintf(text, sizeof(text), "\n  %s ", kind->attrs[j].word);
			cr_expect_eq(strstr(help, text) != NULL, shown, "%s:%s", kind->name, text);
		}
		free(help);
	}
	for (size_t i = 0; i < raceway_command_count; i++)
		cr_expect_not_null(strstr(all, raceway_commands[i].word));
	free(all);
	free(man);
}

/* Run at the top of the tree; `tools/gen-docs` makes it right. */
Test(cli_help, the_committed_manual_is_current)
{
	static char page[65536];
	FILE *file = fopen("docs/man/raceway.8", "r");
	char *words = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&words, &size);

	cr_assert_not_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	raceway_man_words(out);
	fclose(out);
	cr_expect_not_null(strstr(page, words), "run tools/gen-docs");
	free(words);
}

Test(cli_help, of_one_command)
{
	char *help = help_of("profile bind help");

	cr_expect_eq(strncmp(help, "Usage: raceway profile bind NAME server SERVER\n", 47), 0, "%s",
		     help);
	free(help);
	help = help_of("vnic add help");
	cr_expect_eq(strncmp(help, "Usage: raceway vnic add PROFILE/NAME [WORD VALUE]...\n", 53), 0,
		     "%s", help);
	cr_expect_not_null(strstr(help, "segment SEGMENT"));
	cr_expect_not_null(strstr(help, "(not yet: tap, vf)"));
	free(help);
	help = help_of("vnic del help");
	cr_expect_null(strstr(help, "segment SEGMENT"), "del takes no words");
	free(help);
}
