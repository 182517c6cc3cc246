/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The commands that ask the daemon and print its answer: `OBJECT show`, the tree, live rates,
 * events and the machine's abilities. Each returns 0 or -errno with *err set, and prints to
 * `out`; with -j it is the API's JSON. */
#ifndef RACEWAY_CLI_SHOW_H
#define RACEWAY_CLI_SHOW_H

#include <stdio.h>

#include "cli/client.h"
#include "cli/parse.h"

int raceway_show(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err);
int raceway_tree(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		 struct raceway_error *err);
int raceway_top(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		struct raceway_error *err);
int raceway_monitor(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		    struct raceway_error *err);
int raceway_doctor(struct raceway_client *client, const struct raceway_cli *cli, FILE *out,
		   struct raceway_error *err);

/* GET of all objects of a kind: a new reference to the answer, which holds the list under the
 * kind's plural whatever form the daemon gave it. */
int raceway_fetch(struct raceway_client *client, const char *plural, const char *path,
		  json_t **ret_answer, struct raceway_error *err);

/* New reference: rates of the vNICs between two answers `interval_ns` apart, busiest first, as
 * {"name", "tx": {"rate", "packets", "drops"}, "rx": {...}}, bit/s and per second. A counter that
 * went back counts as 0. NULL if memory is short. Pure. */
json_t *raceway_top_rows(const json_t *before, const json_t *after, uint64_t interval_ns);
/* The same of the vHBAs: {"name", "read": {"rate", "ios"}, "write": {...}, "queue_depth"}. */
json_t *raceway_top_io_rows(const json_t *before, const json_t *after, uint64_t interval_ns);

/* Server-sent events, line by line (WHATWG HTML, section 9.2). */
struct raceway_sse {
	char *data; /* owned; NULL: none yet */
	char event[32];
};
/* Takes one line. True when an event is complete: sse->data then holds its data until the next
 * call. Pure. */
bool raceway_sse_line(struct raceway_sse *sse, const char *line);
void raceway_sse_clear(struct raceway_sse *sse);

#endif
