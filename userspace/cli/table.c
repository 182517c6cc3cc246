/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Lays out fields of JSON objects for people: tables with aligned columns, and text. */
#include "cli/table.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "cli/output.h"
#include "util/cleanup.h"
#include "util/units.h"

#define FIELDS_MAX 40
#define PART 64
#define GAP 2
#define NS_PER_S 1000000000LL
#define TEXT_LABEL 18 /* column of the values in text */

const json_t *raceway_json_at(const json_t *object, const char *path)
{
	char part[PART];

	while (object && *path) {
		size_t length = strcspn(path, ".");

		snprintf(part, sizeof(part), "%.*s", (int)length, path);
		object = json_object_get(object, part);
		path += length + (path[length] == '.');
	}
	return object;
}

/* Three digits and the unit, which go up by 1,000. */
static char *format_three(double value, const char *const *units, size_t count, char *buf,
			  size_t size)
{
	size_t unit = 0;

	/* 999.5 would be printed as 1000. */
	while (value >= 999.5 && unit + 1 < count) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, size, "%.*f%s",
		 unit == 0 || value >= 99.95 ? 0
		 : value >= 9.995	     ? 1
					     : 2,
		 value, units[unit]);
	return buf;
}

char *raceway_format_live(uint64_t bps, char *buf, size_t size)
{
	static const char *const units[] = { "bit", "kbit", "mbit", "gbit", "tbit" };

	return format_three((double)bps, units, sizeof(units) / sizeof(units[0]), buf, size);
}

char *raceway_format_time(uint64_t ns, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };

	return format_three((double)ns, units, sizeof(units) / sizeof(units[0]), buf, size);
}

char *raceway_format_clock(int64_t ns, char buf[RACEWAY_CLOCK])
{
	time_t when = (time_t)(ns / NS_PER_S);
	struct tm day;

	if (!localtime_r(&when, &day) || !strftime(buf, RACEWAY_CLOCK, "%Y-%m-%d %H:%M:%S", &day))
		snprintf(buf, RACEWAY_CLOCK, "?");
	return buf;
}

static void put(char *buf, const char *text)
{
	size_t used = strlen(buf);

	snprintf(buf + used, RACEWAY_CELL - used, "%s", text);
}

static void put_scalar(char *buf, const json_t *value)
{
	char number[RACEWAY_UNIT_TEXT];

	if (json_is_string(value)) {
		put(buf, json_string_value(value));
	} else if (json_is_integer(value)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			 json_integer_value(value));
		put(buf, number);
	} else if (json_is_real(value)) {
		snprintf(number, sizeof(number), "%.3g", json_real_value(value));
		put(buf, number);
	} else if (json_is_boolean(value)) {
		put(buf, json_is_true(value) ? "on" : "off");
	}
}

/* One level of list or object inside a cell: "a, b" or "rate 3, spoof 1". */
static void put_text(char *buf, const json_t *value)
{
	const json_t *entry;
	const char *key;
	size_t i;

	if (json_is_array(value)) {
		json_array_foreach (value, i, entry) {
			const json_t *name = json_object_get(entry, "name");

			put(buf, buf[0] ? ", " : "");
			put_scalar(buf, name ? name : entry);
		}
	} else if (json_is_object(value)) {
		json_object_foreach ((json_t *)value, key, entry) {
			put(buf, buf[0] ? ", " : "");
			put(buf, key);
			put(buf, " ");
			put_scalar(buf, entry);
		}
	} else {
		put_scalar(buf, value);
	}
}

static void put_drops(char *buf, const json_t *value)
{
	const json_t *entry;
	const char *key;
	char count[PART];

	json_object_foreach ((json_t *)value, key, entry) {
		if (json_integer_value(entry) == 0)
			continue;
		snprintf(count, sizeof(count), "%s%s %" JSON_INTEGER_FORMAT, buf[0] ? ", " : "",
			 key, json_integer_value(entry));
		put(buf, count);
	}
}

static void put_luns(char *buf, const json_t *value)
{
	const json_t *lun;
	size_t i;

	json_array_foreach (value, i, lun) {
		put(buf, buf[0] ? ", " : "");
		put_scalar(buf, json_object_get(lun, "lun"));
		put(buf, " ");
		put_scalar(buf, json_object_get(lun, "volume"));
		put(buf, json_is_true(json_object_get(lun, "ro")) ? " ro" : "");
		put(buf, json_is_true(json_object_get(lun, "shared")) ? " shared" : "");
	}
}

static void put_peers(char *buf, const json_t *value)
{
	const json_t *session;
	size_t i;

	json_array_foreach (value, i, session) {
		put(buf, buf[0] ? ", " : "");
		put_scalar(buf, json_object_get(session, "peer"));
	}
}

static void put_changed(char *buf, const json_t *value)
{
	char when[RACEWAY_CLOCK];

	put(buf, raceway_format_clock(json_integer_value(json_object_get(value, "time")), when));
	put(buf, " by ");
	put_scalar(buf, json_object_get(value, "by"));
}

/* Everything else is a number, and to the right. */
static bool is_text(const struct raceway_field *field)
{
	return field->how == RACEWAY_SHOW_TEXT || field->how == RACEWAY_SHOW_DROPS ||
	       field->how == RACEWAY_SHOW_LUNS || field->how == RACEWAY_SHOW_PEERS ||
	       field->how == RACEWAY_SHOW_CHANGED;
}

static void put_number(char *buf, const struct raceway_field *field, const json_t *value)
{
	uint64_t number = (uint64_t)json_number_value(value);
	char text[RACEWAY_UNIT_TEXT], clock[RACEWAY_CLOCK];

	switch (field->how) {
	case RACEWAY_SHOW_RATE:
		put(buf, raceway_format_rate(number, text));
		break;
	case RACEWAY_SHOW_LIVE:
		put(buf, raceway_format_live(number, text, sizeof(text)));
		break;
	case RACEWAY_SHOW_SIZE:
		put(buf, raceway_format_size(number, text));
		break;
	case RACEWAY_SHOW_CLOCK:
		put(buf, raceway_format_clock((json_int_t)number, clock));
		break;
	case RACEWAY_SHOW_TIME:
		put(buf, raceway_format_time(number, text, sizeof(text)));
		break;
	default:
		put_scalar(buf, value);
	}
}

char *raceway_cell(const struct raceway_field *field, const json_t *object, char buf[RACEWAY_CELL])
{
	const json_t *value = raceway_json_at(object, field->path);

	buf[0] = '\0';
	if (!value || json_is_null(value)) {
		put(buf, "-");
		return buf;
	}
	if (field->how == RACEWAY_SHOW_DROPS)
		put_drops(buf, value);
	else if (field->how == RACEWAY_SHOW_LUNS)
		put_luns(buf, value);
	else if (field->how == RACEWAY_SHOW_PEERS)
		put_peers(buf, value);
	else if (field->how == RACEWAY_SHOW_CHANGED)
		put_changed(buf, value);
	else if (field->how == RACEWAY_SHOW_TEXT || !json_is_number(value))
		put_text(buf, value);
	else
		put_number(buf, field, value);
	if (buf[0] == '\0')
		put(buf, "-");
	return raceway_printable(buf);
}

static char *head_of(const struct raceway_field *field, char buf[RACEWAY_CELL])
{
	snprintf(buf, RACEWAY_CELL, "%s", field->label);
	for (char *at = buf; *at; at++)
		*at = (char)toupper((unsigned char)*at);
	return buf;
}

/* Columns are as wide on the screen as they have characters, not bytes. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

static void print_cell(FILE *out, const char *text, int width, bool right, bool last)
{
	int fill = width - width_of(text);

	if (right)
		fprintf(out, "%*s%s", fill, "", text);
	else
		fprintf(out, "%s%*s", text, last ? 0 : fill, "");
	fprintf(out, "%*s", last ? 0 : GAP, "");
}

/* Columns that are left out have the width 0. */
static void print_row(FILE *out, const struct raceway_field *fields, size_t count,
		      const int *widths, const json_t *row)
{
	char cell[RACEWAY_CELL];
	size_t last = count;

	while (last > 0 && widths[last - 1] == 0)
		last--;
	for (size_t i = 0; i < last; i++) {
		if (widths[i] == 0)
			continue;
		print_cell(out,
			   row ? raceway_cell(&fields[i], row, cell) : head_of(&fields[i], cell),
			   widths[i], !is_text(&fields[i]), i + 1 == last);
	}
	fputc('\n', out);
}

static int column_width(const struct raceway_field *field, const json_t *rows)
{
	bool shown = field->where & RACEWAY_IN_TABLE;
	char cell[RACEWAY_CELL];
	int widest = width_of(head_of(field, cell));
	const json_t *row;
	size_t i;

	json_array_foreach (rows, i, row) {
		const json_t *value = raceway_json_at(row, field->path);
		int width = width_of(raceway_cell(field, row, cell));

		widest = width > widest ? width : widest;
		if (field->where & RACEWAY_IN_TABLE_IF && value && !json_is_null(value))
			shown = true;
	}
	return shown ? widest : 0;
}

void raceway_table_print(FILE *out, const struct raceway_field *fields, size_t count,
			 const json_t *rows)
{
	int widths[FIELDS_MAX] = { 0 };
	const json_t *row;
	size_t r;

	if (json_array_size(rows) == 0 || count > FIELDS_MAX)
		return;
	for (size_t i = 0; i < count; i++)
		widths[i] = column_width(&fields[i], rows);
	print_row(out, fields, count, widths, NULL);
	json_array_foreach (rows, r, row)
		print_row(out, fields, count, widths, row);
}

static bool named(const struct raceway_field *fields, size_t count, const char *key)
{
	size_t length = strlen(key);

	for (size_t i = 0; i < count; i++)
		if (strncmp(fields[i].path, key, length) == 0 &&
		    (fields[i].path[length] == '\0' || fields[i].path[length] == '.'))
			return true;
	return strcmp(key, "name") == 0;
}

static void print_lines(FILE *out, const char *label, const json_t *list)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		const json_t *value = json_object_get(entry, "value");
		char cell[RACEWAY_CELL] = "";

		put_scalar(cell, value ? value : entry);
		if (value) {
			put(cell, " ");
			put_scalar(cell, json_object_get(entry, "object"));
		}
		fprintf(out, "    %-*s %s\n", TEXT_LABEL, i ? "" : label, raceway_printable(cell));
	}
}

void raceway_text_print(FILE *out, const struct raceway_field *fields, size_t count,
			const json_t *object)
{
	char cell[RACEWAY_CELL];
	const json_t *value;
	const char *key;

	for (size_t i = 0; i < count; i++) {
		value = raceway_json_at(object, fields[i].path);
		if (!(fields[i].where & RACEWAY_IN_TEXT) || !value || json_is_null(value))
			continue;
		if (fields[i].how == RACEWAY_SHOW_LINES)
			print_lines(out, fields[i].label, value);
		else
			fprintf(out, "    %-*s %s\n", TEXT_LABEL, fields[i].label,
				raceway_cell(&fields[i], object, cell));
	}
	json_object_foreach ((json_t *)object, key, value) {
		struct raceway_field rest = { key, key, RACEWAY_SHOW_TEXT, RACEWAY_IN_TEXT };

		if (!named(fields, count, key) && !json_is_null(value))
			fprintf(out, "    %-*s %s\n", TEXT_LABEL, key,
				raceway_cell(&rest, object, cell));
	}
}
