// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The benchmark's rows: printed as a table beside their references, written as JSON. */
#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>

#include "bench.h"

#define ROWS_MAX 64
#define SCHEMA 1

static struct bench_row rows[ROWS_MAX];
static size_t row_count;
static unsigned int invalid_count;

void bench_report_row(const struct bench_row *row)
{
	if (row_count < ROWS_MAX)
		rows[row_count++] = *row;
}

int bench_report_invalid(const char *format, ...)
{
	va_list args;

	invalid_count++;
	fprintf(stderr, "bench: invalid: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return -EIO;
}

bool bench_report_is_valid(void)
{
	return !invalid_count && row_count;
}

static bool is_met(const struct bench_row *row)
{
	return row->target == BENCH_AT_MOST ? row->value <= row->limit : row->value >= row->limit;
}

static void print_number(char *text, size_t size, double value)
{
	if (value >= 1e6)
		snprintf(text, size, "%.2f M", value / 1e6);
	else
		snprintf(text, size, value < 10 ? "%.2f" : "%.1f", value);
}

static void print_row(const struct bench_row *row)
{
	char ours[24], reference[24] = "", ratio[16] = "";

	print_number(ours, sizeof(ours), row->ours);
	if (row->reference > 0) {
		print_number(reference, sizeof(reference), row->reference);
		snprintf(ratio, sizeof(ratio), "%.2f", row->ours / row->reference);
	}
	printf("%c  %-46s %10s  %-9s %10s  %-30s %7s  %-22s %s\n", row->part, row->what, ours,
	       row->unit, reference, row->reference > 0 ? row->reference_what : "", ratio,
	       row->target ? row->target_text : "",
	       !row->target  ? ""
	       : is_met(row) ? "met"
			     : "missed");
}

void bench_report_print(void)
{
	printf("%-49s %10s  %-9s %10s  %-30s %7s  %s\n", "", "ours", "", "reference", "", "ratio",
	       "target");
	for (size_t i = 0; i < row_count; i++)
		print_row(&rows[i]);
}

static json_t *row_json(const struct bench_row *row)
{
	char part[2] = { row->part, '\0' };
	json_t *object = json_pack("{s:s, s:s, s:s, s:f}", "part", part, "what", row->what, "unit",
				   row->unit, "ours", row->ours);

	if (object && row->reference > 0)
		json_object_update_new(object,
				       json_pack("{s:f, s:s, s:f}", "reference", row->reference,
						 "reference_what", row->reference_what, "ratio",
						 row->ours / row->reference));
	if (object && row->target)
		json_object_update_new(object, json_pack("{s:s, s:b}", "target", row->target_text,
							 "met", is_met(row)));
	return object;
}

int bench_report_write(const char *path)
{
	json_t *list = json_array(), *document;
	int ret;

	for (size_t i = 0; i < row_count; i++)
		json_array_append_new(list, row_json(&rows[i]));
	document = json_pack("{s:i, s:b, s:o}", "schema", SCHEMA, "valid", bench_report_is_valid(),
			     "rows", list);
	if (!document)
		return -ENOMEM;
	ret = json_dump_file(document, path, JSON_INDENT(1)) ? -EIO : 0;
	json_decref(document);
	return ret;
}
