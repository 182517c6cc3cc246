/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fields of JSON objects as columns of a table or as lines of text: a field is listed once,
 * whichever way it is shown. */
#ifndef RACEWAY_CLI_TABLE_H
#define RACEWAY_CLI_TABLE_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum raceway_show {
	RACEWAY_SHOW_TEXT, /* strings and numbers as they are, booleans on|off */
	RACEWAY_SHOW_RATE, /* configured: exact */
	RACEWAY_SHOW_LIVE, /* measured: three digits */
	RACEWAY_SHOW_SIZE,
	RACEWAY_SHOW_COUNT,
	RACEWAY_SHOW_TIME,    /* of ns */
	RACEWAY_SHOW_CLOCK,   /* of ns since 1970: when, in local time */
	RACEWAY_SHOW_DROPS,   /* {"rate": 3} as "rate 3" */
	RACEWAY_SHOW_LUNS,    /* [{"lun": 0, "volume": "p/a", "ro": true}] as "0 p/a ro" */
	RACEWAY_SHOW_PEERS,   /* [{"peer": "192.0.2.1:860"}]: the peers */
	RACEWAY_SHOW_CHANGED, /* {"time": ns since 1970, "by": "bob"} as "2026-11-21 19:30:05 by
				 bob" */
	RACEWAY_SHOW_LINES,   /* strings, or {"value": V, "object": "vnic a/b"}: a line for each */
};

#define RACEWAY_IN_TABLE (1U << 0)
#define RACEWAY_IN_TEXT (1U << 1)
#define RACEWAY_IN_BOTH (RACEWAY_IN_TABLE | RACEWAY_IN_TEXT)
#define RACEWAY_IN_TABLE_IF (1U << 2) /* a column only where some row has a value */

struct raceway_field {
	const char *path;  /* "tx.cir" */
	const char *label; /* "tx-cir"; a table's head is the same in capitals */
	enum raceway_show how;
	unsigned int where; /* RACEWAY_IN_* */
};

#define RACEWAY_CELL 640 /* the longest text of the daemon's, a reason, fits */

/* The value at a path such as "tx.cir"; NULL if there is none. */
const json_t *raceway_json_at(const json_t *object, const char *path);
/* "-" where there is nothing. Returns buf. */
char *raceway_cell(const struct raceway_field *field, const json_t *object, char buf[RACEWAY_CELL]);
/* 1234567 -> "1.23mbit": three digits, for what is measured. */
char *raceway_format_live(uint64_t bps, char *buf, size_t size);

/* 123456 -> "123us": three digits, for what is measured. */
char *raceway_format_time(uint64_t ns, char *buf, size_t size);

/* Local date and time of ns since 1970. Returns buf. */
#define RACEWAY_CLOCK 32
char *raceway_format_clock(int64_t ns, char buf[RACEWAY_CLOCK]);

/* A row per object of the array, numbers to the right; nothing at all for an empty array. */
void raceway_table_print(FILE *out, const struct raceway_field *fields, size_t count,
			 const json_t *rows);
/* "LABEL VALUE" lines, indented, fields without value left out; then whatever the object holds
 * that no field names, so that nothing the daemon says is hidden. */
void raceway_text_print(FILE *out, const struct raceway_field *fields, size_t count,
			const json_t *object);

#endif
