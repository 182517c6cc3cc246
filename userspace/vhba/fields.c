/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads one member each, and says which one is wrong. */
#include "vhba/fields.h"

#include <inttypes.h>
#include <string.h>

static bool is_absent(const json_t *value, bool required)
{
	return (!value || json_is_null(value)) && !required;
}

int raceway_field_text(const json_t *object, const char *key, bool required, char *ret_text,
		       size_t size, struct raceway_error *err)
{
	const json_t *value = json_object_get(object, key);

	if (is_absent(value, required)) {
		ret_text[0] = '\0';
		return 0;
	}
	if (!json_is_string(value) || (required && !json_string_length(value)) ||
	    json_string_length(value) >= size ||
	    strlen(json_string_value(value)) != json_string_length(value))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", key,
					 "%s is no text of at most %zu bytes", key, size - 1);
	memcpy(ret_text, json_string_value(value), json_string_length(value) + 1);
	return 0;
}

int raceway_field_number(const json_t *object, const char *key, bool required, uint64_t least,
			 uint64_t most, uint64_t *ret_number, struct raceway_error *err)
{
	const json_t *value = json_object_get(object, key);
	json_int_t number = json_integer_value(value);

	if (is_absent(value, required))
		return 0;
	if (!json_is_integer(value) || number < 0 || (uint64_t)number < least ||
	    (uint64_t)number > most)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "", key,
					 "%s is no number from %" PRIu64 " to %" PRIu64, key, least,
					 most);
	*ret_number = (uint64_t)number;
	return 0;
}
