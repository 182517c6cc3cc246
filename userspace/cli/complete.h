/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `raceway --complete WORDS...`: what may stand in the place of the last word, one per line,
 * for the shell's completion. */
#ifndef RACEWAY_CLI_COMPLETE_H
#define RACEWAY_CLI_COMPLETE_H

#include <jansson.h>
#include <stdio.h>

/* New reference: a JSON array of the names of the objects under this plural, or NULL.
 * `socket` is the command line's, or NULL. */
typedef json_t *(*raceway_names_of)(const char *socket, const char *plural);

/* `argv` holds the words after `raceway`, the last one being what is typed, "" if nothing yet.
 * Prints nothing where a file's name or free text is expected. */
void raceway_complete(int argc, const char *const *argv, raceway_names_of names_of, FILE *out);

#endif
