/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A daemon that gives set answers on a Unix socket and writes down what it was asked, and the
 * client run against it with its output caught. */
#ifndef RACEWAY_TESTS_FAKE_H
#define RACEWAY_TESTS_FAKE_H

#include <stddef.h>

struct fake_answer {
	char request[64]; /* "GET /v1/vnics" */
	unsigned int status;
	char body[1200];
	const char *type; /* NULL: application/json */
};

/* Listens in a thread of its own and points RACEWAY_SOCKET there. The same request takes its
 * answers in turn, the last one again and again; an unknown one is answered with 404. */
void fake_start(const struct fake_answer *answers, size_t count);
/* Ends it. */
void fake_stop(void);
/* What was asked so far, "METHOD /path BODY\n" each. */
const char *fake_log(void);
const char *fake_socket(void);

struct ran {
	int status;
	char out[8192];
	char err[2048];
};

/* Runs the client in this process with the words of `line`; '' is an empty word. `input` is its
 * standard input, NULL for none. */
void ran_client(struct ran *ran, const char *line, const char *input);

#endif
