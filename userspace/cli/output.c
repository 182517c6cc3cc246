/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Errors, warnings and JSON as the person or the script sees them. */
#include "cli/output.h"

#include <string.h>

#include "util/cleanup.h"

#define INDENT 4
#define LINE 512

void raceway_print_json(FILE *out, const json_t *document,
			const struct raceway_cli_options *options)
{
	size_t flags = JSON_ENCODE_ANY | (options->pretty ? JSON_INDENT(INDENT) : 0);

	if (json_dumpf(document, out, flags) == 0)
		fputc('\n', out);
}

char *raceway_printable(char *text)
{
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			*at = '?';
	return text;
}

int raceway_print_error(FILE *text_out, FILE *json_out, const struct raceway_error *err,
			const struct raceway_cli_options *options)
{
	char line[LINE];

	raceway_error_format(err, line, sizeof(line));
	fprintf(text_out, "raceway: %s\n", raceway_printable(line));
	if (options->json) {
		json_auto_t *document =
			json_pack("{s:{s:s, s:s, s:s}}", "error", "object", err->object, "field",
				  err->field, "message", err->message);

		if (document)
			raceway_print_json(json_out, document, options);
	}
	return raceway_error_exit_status(err->fault);
}

void raceway_print_warnings(FILE *out, const char *object, const json_t *answer)
{
	const json_t *warnings = json_object_get(answer, "warnings");
	const json_t *entry;
	char line[LINE];
	size_t i;

	json_array_foreach (warnings, i, entry) {
		if (!json_is_string(entry))
			continue;
		snprintf(line, sizeof(line), "%s", json_string_value(entry));
		fprintf(out, "raceway: %s%swarning: %s\n", object, object[0] ? ": " : "",
			raceway_printable(line));
	}
}
