/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unique shortening and the nearest word. */
#include "cli/words.h"

#include <criterion/criterion.h>
#include <errno.h>

static const struct raceway_words words = {
	{ "port", "portal", "segment", "server", "tx-cir", "tx-pir", "x" }, 7
};

static int find(const char *text)
{
	size_t found = 99;
	int r = raceway_words_find(&words, text, &found);

	if (r < 0)
		cr_expect_eq(found, 99, "%s: output touched", text);
	return r < 0 ? r : (int)found;
}

Test(cli_words, shortened_as_long_as_unique)
{
	cr_expect_eq(find("segment"), 2);
	cr_expect_eq(find("seg"), 2);
	cr_expect_eq(find("ser"), 3);
	cr_expect_eq(find("tx-c"), 4);
	cr_expect_eq(find("se"), -ENOTUNIQ);
	cr_expect_eq(find("tx"), -ENOTUNIQ);
	cr_expect_eq(find("segments"), -ENOENT);
	cr_expect_eq(find(""), -ENOENT);
	cr_expect_eq(find("Seg"), -ENOENT);
}

Test(cli_words, a_whole_word_wins_over_a_longer_one)
{
	cr_expect_eq(find("port"), 0);
	cr_expect_eq(find("porta"), 1);
	cr_expect_eq(find("por"), -ENOTUNIQ);
}

static void expect_hint(const char *text, const char *hint)
{
	char buf[128];

	cr_expect_str_eq(raceway_words_hint(&words, text, buf, sizeof(buf)), hint, "%s: %s", text,
			 buf);
}

Test(cli_words, hint)
{
	expect_hint("prot", "did you mean port?");	/* two neighbours swapped */
	expect_hint("segmnt", "did you mean segment?"); /* one missing */
	expect_hint("serrver", "did you mean server?"); /* one too many */
	expect_hint("tx-cit", "did you mean tx-cir?");	/* one wrong */
	expect_hint("tx-", "it could be tx-cir, tx-pir");
	expect_hint("zzzzzz", "there are: port, portal, segment, server, tx-cir, tx-pir, x");
	expect_hint("y", "there are: port, portal, segment, server, tx-cir, tx-pir, x");
	expect_hint("", "there are: port, portal, segment, server, tx-cir, tx-pir, x");
}

Test(cli_words, hint_fits_its_buffer)
{
	char buf[12] = "###########";

	raceway_words_hint(&words, "zzzzzz", buf, sizeof(buf));
	cr_expect_str_eq(buf, "there are: ");
	/* longer than any word: must not be measured against the table */
	raceway_words_hint(&words, "a-word-that-is-far-longer-than-every-word-there-is", buf,
			   sizeof(buf));
	cr_expect_str_eq(buf, "there are: ");
}

Test(cli_words, no_more_than_fit)
{
	struct raceway_words many = { .count = 0 };

	for (int i = 0; i < RACEWAY_WORDS_MAX + 10; i++)
		raceway_words_add(&many, "w");
	cr_expect_eq(many.count, RACEWAY_WORDS_MAX);
}
