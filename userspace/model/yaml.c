/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads YAML, by libyaml's events: nothing is built that the bounds would not allow. */
#include "model/yaml.h"

#include <string.h>
#include <yaml.h>

#include "util/units.h"

/* 65,536 vNICs with 30 words each come to 4 million; a node costs some 80 bytes. */
#define NODES_MAX (8U << 20)

struct reader {
	yaml_parser_t parser;
	const char *name;
	unsigned int nodes;
	struct raceway_error *err;
};

static int fail(struct reader *reader, const yaml_mark_t *mark, const char *problem)
{
	return raceway_error_set(reader->err, RACEWAY_FAULT_SYNTAX, reader->name, "",
				 "line %zu, column %zu: %s", mark->line + 1, mark->column + 1,
				 problem);
}

/* The next event; on success the caller deletes it. */
static int next(struct reader *reader, yaml_event_t *event)
{
	const yaml_parser_t *p = &reader->parser;

	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	if (p->error == YAML_MEMORY_ERROR)
		return raceway_error_set(reader->err, RACEWAY_FAULT_SYSTEM, reader->name, "",
					 "out of memory");
	/* what is no text at all has no line */
	if (p->error == YAML_READER_ERROR)
		return raceway_error_set(reader->err, RACEWAY_FAULT_SYNTAX, reader->name, "",
					 "byte %zu: %s", p->problem_offset, p->problem);
	return fail(reader, &p->problem_mark, p->problem ? p->problem : "not understood");
}

static bool is_one_of(const char *text, const char *const *words)
{
	while (*words && strcmp(*words, text) != 0)
		words++;
	return *words;
}

/* Integers in their one shortest form; "010" and "0x10" stay text and come back as they were. */
static bool is_integer(const char *text, json_int_t *ret_value)
{
	const char *digits = text + (text[0] == '-');
	uint64_t value;

	if ((digits[0] == '0' && (digits[1] || digits != text)) ||
	    digits[strspn(digits, "0123456789")] != '\0' || raceway_parse_u64(digits, &value) < 0 ||
	    value > INT64_MAX)
		return false;
	*ret_value = digits == text ? (json_int_t)value : -(json_int_t)value;
	return true;
}

/* The core schema of YAML 1.2 without floats. `on` and `off` are Raceway's own words. */
static json_t *plain_value(const char *text)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	json_int_t integer;

	if (is_one_of(text, nulls))
		return json_null();
	if (is_one_of(text, trues))
		return json_true();
	if (is_one_of(text, falses))
		return json_false();
	if (is_integer(text, &integer))
		return json_integer(integer);
	return json_string(text);
}

static int read_scalar(struct reader *reader, const yaml_event_t *event, json_t **ret_value)
{
	const char *text = (const char *)event->data.scalar.value;
	json_t *value;

	if (event->data.scalar.tag)
		return fail(reader, &event->start_mark, "tags are not understood");
	if (event->data.scalar.anchor)
		return fail(reader, &event->start_mark, "anchors are not understood");
	if (strlen(text) != event->data.scalar.length)
		return fail(reader, &event->start_mark, "a zero byte inside of a text");
	value = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text)
								    : json_string(text);
	if (!value)
		return fail(reader, &event->start_mark, "not UTF-8");
	*ret_value = value;
	return 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, unsigned int depth,
		     json_t **ret_value);

/* The elements up to the end of the sequence. */
static int read_sequence(struct reader *reader, unsigned int depth, json_t *list)
{
	for (;;) {
		json_t *value = NULL;
		yaml_event_t event;
		bool end;
		int r;

		r = next(reader, &event);
		if (r < 0)
			return r;
		end = event.type == YAML_SEQUENCE_END_EVENT;
		if (!end)
			r = read_node(reader, &event, depth + 1, &value);
		yaml_event_delete(&event);
		if (end || r < 0)
			return r;
		json_array_append_new(list, value);
	}
}

static int check_key(struct reader *reader, const yaml_event_t *event, const json_t *map)
{
	const char *key = (const char *)event->data.scalar.value;
	char problem[96];

	if (event->type != YAML_SCALAR_EVENT)
		return fail(reader, &event->start_mark, "a key must be a plain word");
	if (event->data.scalar.tag || event->data.scalar.anchor)
		return fail(reader, &event->start_mark, "tags and anchors are not understood");
	if (strlen(key) != event->data.scalar.length)
		return fail(reader, &event->start_mark, "a zero byte inside of a key");
	if (!json_object_get(map, key))
		return 0;
	snprintf(problem, sizeof(problem), "\"%.60s\" is there twice", key);
	return fail(reader, &event->start_mark, problem);
}

/* One key and its value; *ret_end at the end of the mapping. */
static int read_pair(struct reader *reader, unsigned int depth, json_t *map, bool *ret_end)
{
	yaml_event_t key, event;
	json_t *value = NULL;
	int r;

	r = next(reader, &key);
	if (r < 0)
		return r;
	*ret_end = key.type == YAML_MAPPING_END_EVENT;
	if (*ret_end)
		goto out_key;
	r = check_key(reader, &key, map);
	if (r < 0)
		goto out_key;
	r = next(reader, &event);
	if (r < 0)
		goto out_key;
	r = read_node(reader, &event, depth + 1, &value);
	if (r == 0 && json_object_set_new(map, (const char *)key.data.scalar.value, value) < 0)
		r = fail(reader, &key.start_mark, "not UTF-8");
	yaml_event_delete(&event);
out_key:
	yaml_event_delete(&key);
	return r;
}

static int read_mapping(struct reader *reader, unsigned int depth, json_t *map)
{
	bool end = false;
	int r = 0;

	while (r == 0 && !end)
		r = read_pair(reader, depth, map, &end);
	return r;
}

/* The node that begins with `event`, up to its end. */
static int read_node(struct reader *reader, const yaml_event_t *event, unsigned int depth,
		     json_t **ret_value)
{
	bool map = event->type == YAML_MAPPING_START_EVENT;
	json_auto_t *value = NULL;
	int r;

	if (depth > RACEWAY_YAML_DEPTH)
		return fail(reader, &event->start_mark, "nested too deeply");
	if (++reader->nodes > NODES_MAX)
		return fail(reader, &event->start_mark, "too many values");
	if (event->type == YAML_SCALAR_EVENT)
		return read_scalar(reader, event, ret_value);
	if (event->type == YAML_ALIAS_EVENT)
		return fail(reader, &event->start_mark, "aliases are not understood");
	if (map ? event->data.mapping_start.tag || event->data.mapping_start.anchor
		: event->data.sequence_start.tag || event->data.sequence_start.anchor)
		return fail(reader, &event->start_mark, "tags and anchors are not understood");
	value = map ? json_object() : json_array();
	r = map ? read_mapping(reader, depth, value) : read_sequence(reader, depth, value);
	if (r == 0)
		*ret_value = json_incref(value);
	return r;
}

/* The stream: exactly one document. Events other than nodes own nothing. */
static int read_stream(struct reader *reader, json_t **ret_document)
{
	json_auto_t *document = NULL;
	yaml_event_t event;
	int r;

	for (;;) {
		yaml_event_type_t type;

		r = next(reader, &event);
		if (r < 0)
			return r;
		type = event.type;
		if (type == YAML_STREAM_END_EVENT)
			break;
		if (type == YAML_DOCUMENT_START_EVENT && document)
			r = fail(reader, &event.start_mark, "more than one document");
		else if (type != YAML_STREAM_START_EVENT && type != YAML_DOCUMENT_START_EVENT &&
			 type != YAML_DOCUMENT_END_EVENT)
			r = read_node(reader, &event, 1, &document);
		yaml_event_delete(&event);
		if (r < 0)
			return r;
	}
	if (!document || json_is_null(document))
		return raceway_error_set(reader->err, RACEWAY_FAULT_SYNTAX, reader->name, "",
					 "there is no document in it");
	*ret_document = json_incref(document);
	return 0;
}

int raceway_yaml_parse(const char *text, size_t size, const char *name, json_t **ret_document,
		       struct raceway_error *err)
{
	struct reader reader = { .name = name, .err = err };
	int r;

	if (size > RACEWAY_YAML_MAX)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, name, "",
					 "has %zu bytes, at most %u are read", size,
					 RACEWAY_YAML_MAX);
	if (!yaml_parser_initialize(&reader.parser))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, name, "", "out of memory");
	yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	r = read_stream(&reader, ret_document);
	yaml_parser_delete(&reader.parser);
	return r;
}
