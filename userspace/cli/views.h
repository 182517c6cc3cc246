/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which fields of each kind of object are shown, once for tables, text and statistics. */
#ifndef RACEWAY_CLI_VIEWS_H
#define RACEWAY_CLI_VIEWS_H

#include "cli/table.h"

struct raceway_view {
	const char *kind;
	const struct raceway_field *fields;
	size_t count;
};

/* The view of a kind; a general one (name, description) where it has none of its own. */
const struct raceway_view *raceway_view_of(const char *kind);

/* The table of counters, for rows from raceway_stats_rows(). */
extern const struct raceway_view raceway_stats_view;
/* New reference: a row per object and direction (tx, rx) that has counters, as
 * {"name", "dir", "count": {packets, bytes, ...}}. NULL if memory is short. */
json_t *raceway_stats_rows(const json_t *objects);
/* The same for vHBAs: rows of read and write, with "depth" beside. */
extern const struct raceway_view raceway_io_view;
json_t *raceway_io_rows(const json_t *objects);

#endif
