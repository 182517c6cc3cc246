/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Members of a JSON object of the protocol, checked. */
#ifndef RACEWAY_VHBA_FIELDS_H
#define RACEWAY_VHBA_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* A string of less than `size` bytes; "" if it is absent (or null) and not required. 0 or an
 * error that names `key`. */
int raceway_field_text(const json_t *object, const char *key, bool required, char *ret_text,
		       size_t size, struct raceway_error *err);
/* An integer from `least` to `most`; *ret_number stays as it is if it is absent (or null) and not
 * required. 0 or an error that names `key`. */
int raceway_field_number(const json_t *object, const char *key, bool required, uint64_t least,
			 uint64_t most, uint64_t *ret_number, struct raceway_error *err);

#endif
