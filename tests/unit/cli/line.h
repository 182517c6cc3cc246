/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A command line in one string, for tables of tests: words are separated by one space, and ''
 * is an empty word. */
#ifndef RACEWAY_TESTS_LINE_H
#define RACEWAY_TESTS_LINE_H

#include <string.h>

#define LINE_WORDS 64

struct line {
	char text[512];
	const char *argv[LINE_WORDS];
	int argc;
};

static inline void line_split(struct line *line, const char *text)
{
	char *rest = line->text, *word;

	line->argc = 0;
	strncpy(line->text, text, sizeof(line->text) - 1);
	line->text[sizeof(line->text) - 1] = '\0';
	while (text[0] && (word = strsep(&rest, " ")) && line->argc < LINE_WORDS)
		line->argv[line->argc++] = strcmp(word, "''") == 0 ? "" : word;
}

#endif
