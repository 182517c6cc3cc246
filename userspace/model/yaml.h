/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* YAML documents to JSON and back, by libyaml. Only the plain subset of data: no tags, no
 * anchors and aliases (a bomb of aliases is refused), duplicate keys are an error, bounded depth
 * and size. Errors name line and column. */
#ifndef RACEWAY_MODEL_YAML_H
#define RACEWAY_MODEL_YAML_H

#include <stdio.h>

#include "model/schema.h"

#define RACEWAY_YAML_MAX (64U << 20) /* bytes of input */
#define RACEWAY_YAML_DEPTH 16

/* `name` is the file's name for errors. New reference in *ret_document. */
int raceway_yaml_parse(const char *text, size_t size, const char *name, json_t **ret_document,
		       struct raceway_error *err);
/* Writes the document as YAML that raceway_yaml_parse() reads back to the same. */
int raceway_yaml_write(FILE *out, const json_t *document);

#endif
