/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words of the command line: shortened as long as they stay unique, and the nearest one for a
 * word that is none. Pure: no I/O. */
#ifndef RACEWAY_CLI_WORDS_H
#define RACEWAY_CLI_WORDS_H

#include <stddef.h>

#define RACEWAY_WORDS_MAX 64

/* A set of words that are right at one place. The strings are borrowed. */
struct raceway_words {
	const char *word[RACEWAY_WORDS_MAX];
	size_t count;
};

/* Appends; a word too many is left out (the tables are far below the limit). */
void raceway_words_add(struct raceway_words *words, const char *word);

/* Which word `text` is, or is the beginning of: 0 and its position; -ENOENT if it is none,
 * -ENOTUNIQ if it begins several and is none of them. */
int raceway_words_find(const struct raceway_words *words, const char *text, size_t *ret_index);

/* For a `text` that raceway_words_find() refused, what to say about it: "did you mean tx-cir?",
 * "it could be port or portal", "there are: add, set, del, show". Returns buf. */
char *raceway_words_hint(const struct raceway_words *words, const char *text, char *buf,
			 size_t size);

#endif
