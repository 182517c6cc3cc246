/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes YAML that any reader understands the same: what some version of YAML could take for
 * something else than text is quoted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "model/yaml.h"

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Text that needs no quotes. Digits first may be a number or a date, colons a time. */
static bool is_safe(const char *text)
{
	static const char *const special[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null",
	};

	if (!is_letter(text[0]) && text[0] != '/')
		return false;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
		if (strcasecmp(special[i], text) == 0)
			return false;
	}
	for (; *text; text++) {
		if (!is_letter(*text) && !(*text >= '0' && *text <= '9') && !strchr("_./-", *text))
			return false;
	}
	return true;
}

/* Takes the event, which emitting deletes. */
static int emit(yaml_emitter_t *emitter, int made, yaml_event_t *event)
{
	if (!made)
		return -ENOMEM;
	if (!yaml_emitter_emit(emitter, event))
		return emitter->error == YAML_MEMORY_ERROR ? -ENOMEM : -EIO;
	return 0;
}

static int write_scalar(yaml_emitter_t *emitter, const char *text, bool quoted)
{
	yaml_event_t event;

	return emit(emitter,
		    yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)text,
						 (int)strlen(text), !quoted, quoted,
						 quoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE
							: YAML_PLAIN_SCALAR_STYLE),
		    &event);
}

static int write_node(yaml_emitter_t *emitter, const json_t *value, unsigned int depth);

static int write_sequence(yaml_emitter_t *emitter, const json_t *list, unsigned int depth)
{
	yaml_event_t event;
	json_t *value;
	size_t i;
	int r;

	r = emit(emitter,
		 yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
						      YAML_BLOCK_SEQUENCE_STYLE),
		 &event);
	json_array_foreach (list, i, value) {
		if (r == 0)
			r = write_node(emitter, value, depth + 1);
	}
	return r < 0 ? r : emit(emitter, yaml_sequence_end_event_initialize(&event), &event);
}

static int write_mapping(yaml_emitter_t *emitter, const json_t *map, unsigned int depth)
{
	yaml_event_t event;
	const char *key;
	json_t *value;
	int r;

	r = emit(emitter,
		 yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
						     YAML_BLOCK_MAPPING_STYLE),
		 &event);
	json_object_foreach ((json_t *)map, key, value) {
		if (r == 0)
			r = write_scalar(emitter, key, !is_safe(key));
		if (r == 0)
			r = write_node(emitter, value, depth + 1);
	}
	return r < 0 ? r : emit(emitter, yaml_mapping_end_event_initialize(&event), &event);
}

static int write_node(yaml_emitter_t *emitter, const json_t *value, unsigned int depth)
{
	const char *text = json_string_value(value);
	char number[32];

	if (depth > RACEWAY_YAML_DEPTH)
		return -EINVAL;
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return write_mapping(emitter, value, depth);
	case JSON_ARRAY:
		return write_sequence(emitter, value, depth);
	case JSON_STRING:
		if (strlen(text) != json_string_length(value))
			return -EINVAL;
		return write_scalar(emitter, text, !is_safe(text));
	case JSON_INTEGER:
		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
		return write_scalar(emitter, number, false);
	case JSON_TRUE:
		return write_scalar(emitter, "true", false);
	case JSON_FALSE:
		return write_scalar(emitter, "false", false);
	case JSON_NULL:
		return write_scalar(emitter, "null", false);
	case JSON_REAL: /* documents have none, and the reader leaves them text */
		break;
	}
	return -EINVAL;
}

static int write_document(yaml_emitter_t *emitter, const json_t *document)
{
	yaml_event_t event;
	int r;

	r = emit(emitter, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING), &event);
	if (r == 0)
		r = emit(emitter, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1),
			 &event);
	if (r == 0)
		r = write_node(emitter, document, 1);
	if (r == 0)
		r = emit(emitter, yaml_document_end_event_initialize(&event, 1), &event);
	if (r == 0)
		r = emit(emitter, yaml_stream_end_event_initialize(&event), &event);
	return r;
}

int raceway_yaml_write(FILE *out, const json_t *document)
{
	yaml_emitter_t emitter;
	int r;

	if (!yaml_emitter_initialize(&emitter))
		return -ENOMEM;
	yaml_emitter_set_output_file(&emitter, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	r = write_document(&emitter, document);
	if (r == 0 && !yaml_emitter_flush(&emitter))
		r = -EIO;
	yaml_emitter_delete(&emitter);
	return r == 0 && fflush(out) != 0 ? -EIO : r;
}
