/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unique shortening of words, and the nearest word by edit distance for the error message. */
#include "cli/words.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 31 /* no word of the tables is longer */

void raceway_words_add(struct raceway_words *words, const char *word)
{
	if (words->count < RACEWAY_WORDS_MAX)
		words->word[words->count++] = word;
}

int raceway_words_find(const struct raceway_words *words, const char *text, size_t *ret_index)
{
	size_t length = strlen(text), found = 0, index = 0;

	if (length == 0)
		return -ENOENT;
	for (size_t i = 0; i < words->count; i++) {
		if (strncmp(words->word[i], text, length) != 0)
			continue;
		index = i;
		found++;
		if (words->word[i][length] == '\0') {
			found = 1;
			break;
		}
	}
	if (found != 1)
		return found ? -ENOTUNIQ : -ENOENT;
	*ret_index = index;
	return 0;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits (insert, delete, replace, swap two neighbours) between two words of bounded length. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1], la = strlen(a), lb = strlen(b);
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	if (la > LONGEST || lb > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *free_row = before;

		now[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			now[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]),
				       least(last[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				now[j] = least(now[j], before[j - 2] + 1);
		}
		before = last;
		last = now;
		now = free_row;
	}
	return last[lb];
}

static const char *nearest(const struct raceway_words *words, const char *text)
{
	/* A third of the letters may be wrong; more than that is another word. */
	size_t best = strlen(text) / 3 + 1;
	const char *found = NULL;

	for (size_t i = 0; i < words->count; i++) {
		size_t edits = distance(text, words->word[i]);

		if (edits < best) {
			best = edits;
			found = words->word[i];
		}
	}
	return found;
}

static void append(char *buf, size_t size, const char *text)
{
	size_t used = strlen(buf);

	snprintf(buf + used, size - used, "%s", text);
}

char *raceway_words_hint(const struct raceway_words *words, const char *text, char *buf,
			 size_t size)
{
	size_t length = strlen(text), shown = 0, last = 0;
	bool ambiguous = length && raceway_words_find(words, text, &last) == -ENOTUNIQ;
	const char *near = ambiguous ? NULL : nearest(words, text);

	if (near) {
		snprintf(buf, size, "did you mean %s?", near);
		return buf;
	}
	snprintf(buf, size, "%s", ambiguous ? "it could be" : "there are:");
	for (size_t i = 0; i < words->count; i++) {
		if (ambiguous && strncmp(words->word[i], text, length) != 0)
			continue;
		append(buf, size, shown++ ? ", " : " ");
		append(buf, size, words->word[i]);
	}
	return buf;
}
