/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One value of an attribute: from a word or from JSON to its normalised form. */
#include <raceway/limits.h>
#include <stdio.h>
#include <string.h>

#include "model/internal.h"
#include "util/units.h"

#define TEXT_MAX_BYTES 255
#define SIZE_MAX_BYTES (1ULL << 40)
#define TIME_MAX_NS (24ULL * 3600 * RACEWAY_NSEC_PER_SEC)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static bool is_numeric(const struct raceway_attr *attr)
{
	return attr->type == RACEWAY_TYPE_NUMBER || attr->type == RACEWAY_TYPE_RATE ||
	       attr->type == RACEWAY_TYPE_SIZE || attr->type == RACEWAY_TYPE_TIME;
}

static bool is_storage_name(const struct raceway_attr *attr)
{
	return attr->type == RACEWAY_TYPE_PATH || attr->type == RACEWAY_TYPE_WWN ||
	       attr->type == RACEWAY_TYPE_ISCSI || attr->type == RACEWAY_TYPE_ADDRESS ||
	       attr->type == RACEWAY_TYPE_IDENTITY;
}

static int later(const struct raceway_attr *attr, const char *object, struct raceway_error *err)
{
	return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, attr->word, "%s: %s",
				 attr->word, attr->later);
}

/* What is right in the place of a word that is not. */
static const char *expected(const struct raceway_attr *attr)
{
	switch (attr->type) {
	case RACEWAY_TYPE_NUMBER:
		return "a number";
	case RACEWAY_TYPE_RATE:
		return "a rate, as 10gbit, 500mbit, 64kbps or a number of bit/s";
	case RACEWAY_TYPE_SIZE:
		return "a size, as 64k, 1m or a number of bytes";
	case RACEWAY_TYPE_TIME:
		return "a time, as 60s, 250ms or 10us";
	case RACEWAY_TYPE_ONOFF:
		return "on or off";
	case RACEWAY_TYPE_MAC:
		return "a MAC address, as 02:00:00:00:00:01";
	case RACEWAY_TYPE_FLAG:
		return "true or false";
	case RACEWAY_TYPE_WWN:
		return "a port or node name, 16 hexadecimal digits";
	case RACEWAY_TYPE_ISCSI:
		return "an iSCSI name, as iqn.2026-11.local.raceway:x or naa.3000000000000001";
	case RACEWAY_TYPE_ADDRESS:
		return "an address, as 192.0.2.1, 192.0.2.1:3260 or [2001:db8::1]:3260";
	case RACEWAY_TYPE_IDENTITY:
		return "a MAC address or a port or node name of 16 hexadecimal digits";
	case RACEWAY_TYPE_CHOICE:
	case RACEWAY_TYPE_TEXT:
	case RACEWAY_TYPE_NAME:
	case RACEWAY_TYPE_IFNAME:
	case RACEWAY_TYPE_REF:
	case RACEWAY_TYPE_PATH:
	case RACEWAY_TYPE_LUNS:
		break;
	}
	return "text";
}

/* Too large for JSON's integers is out of every range, which is for the range check to say. */
static json_t *make_integer(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *parse_number(const struct raceway_attr *attr, const char *text)
{
	uint64_t value;
	int r;

	if (attr->type == RACEWAY_TYPE_RATE)
		r = raceway_parse_rate(text, &value);
	else if (attr->type == RACEWAY_TYPE_SIZE)
		r = raceway_parse_size(text, &value);
	else if (attr->type == RACEWAY_TYPE_TIME)
		r = raceway_parse_time(text, &value);
	else
		r = raceway_parse_u64(text, &value);
	if (r < 0 && text[0] && text[strspn(text, "0123456789")] == '\0') {
		value = UINT64_MAX;
		r = 0;
	}
	return r < 0 ? NULL : make_integer(value);
}

/* "uplink or fabric", without the later ones. Returns buf. */
static char *list_choices(const struct raceway_attr *attr, char *buf, size_t size)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < COUNT(attr->choices) && attr->choices[i]; i++) {
		for (size_t j = 0; j < COUNT(attr->later_choices); j++) {
			if (attr->later_choices[j] &&
			    strcmp(attr->later_choices[j], attr->choices[i]) == 0)
				goto next;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s", used ? " or " : "",
					 attr->choices[i]);
		if (used >= size)
			break;
	next:;
	}
	return buf;
}

static int check_choice(const struct raceway_attr *attr, const char *object, const char *text,
			enum raceway_fault fault, struct raceway_error *err)
{
	char choices[128];

	for (size_t i = 0; i < COUNT(attr->later_choices) && attr->later_choices[i]; i++) {
		if (strcmp(attr->later_choices[i], text) == 0)
			return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, attr->word,
						 "%s %s: not yet; use %s", attr->word, text,
						 list_choices(attr, choices, sizeof(choices)));
	}
	for (size_t i = 0; i < COUNT(attr->choices) && attr->choices[i]; i++) {
		if (strcmp(attr->choices[i], text) == 0)
			return 0;
	}
	return raceway_error_set(err, fault, object, attr->word, "%s \"%.40s\" is not %s",
				 attr->word, text, list_choices(attr, choices, sizeof(choices)));
}

/* `fault`: of a choice that is none. */
static int parse_one(const struct raceway_attr *attr, const char *object, const char *text,
		     enum raceway_fault fault, json_t **ret_value, struct raceway_error *err)
{
	char buf[RACEWAY_UNIT_TEXT];
	json_t *value = NULL;
	uint8_t mac[6];
	bool on;
	int r;

	if (attr->type == RACEWAY_TYPE_FLAG) {
		value = text ? NULL : json_true();
	} else if (attr->type == RACEWAY_TYPE_ONOFF) {
		if (raceway_parse_onoff(text, &on) == 0)
			value = json_boolean(on);
	} else if (attr->type == RACEWAY_TYPE_MAC) {
		if (raceway_parse_mac(text, mac) == 0)
			value = json_string(raceway_format_mac(mac, buf));
	} else if (is_numeric(attr)) {
		value = parse_number(attr, text);
	} else if (is_storage_name(attr)) {
		value = raceway_value_name(attr->type, text);
	} else {
		r = attr->type == RACEWAY_TYPE_CHOICE ? check_choice(attr, object, text, fault, err)
						      : 0;
		if (r < 0)
			return r;
		value = json_string(text);
	}
	if (!value)
		return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, attr->word,
					 "%s \"%.40s\" is not %s", attr->word, text ? text : "",
					 expected(attr));
	*ret_value = value;
	return 0;
}

/* "a,b" to an array: no name has a comma. */
static int parse_list(const struct raceway_attr *attr, const char *object, const char *text,
		      json_t **ret_value, struct raceway_error *err)
{
	json_auto_t *list = json_array();

	for (;;) {
		size_t length = strcspn(text, ",");
		char part[TEXT_MAX_BYTES + 1];
		json_t *value = NULL;
		int r;

		snprintf(part, sizeof(part), "%.*s", (int)length, text);
		r = parse_one(attr, object, part, RACEWAY_FAULT_SYNTAX, &value, err);
		if (r < 0)
			return r;
		json_array_append_new(list, value);
		if (!text[length])
			break;
		text += length + 1;
	}
	*ret_value = json_incref(list);
	return 0;
}

int raceway_value_parse(const struct raceway_attr *attr, const char *object, const char *text,
			json_t **ret_value, struct raceway_error *err)
{
	if (attr->later)
		return later(attr, object, err);
	if (attr->flags & RACEWAY_ATTR_LIST)
		return parse_list(attr, object, text, ret_value, err);
	return parse_one(attr, object, text, RACEWAY_FAULT_SYNTAX, ret_value, err);
}

static void own_range(const struct raceway_attr *attr, uint64_t *ret_min, uint64_t *ret_max)
{
	*ret_min = attr->min;
	*ret_max = attr->max;
	if (attr->min || attr->max)
		return;
	*ret_max = INT64_MAX;
	if (attr->type == RACEWAY_TYPE_RATE) {
		*ret_min = RACEWAY_RATE_MIN_BPS;
		*ret_max = RACEWAY_RATE_MAX_BPS;
	} else if (attr->type == RACEWAY_TYPE_SIZE) {
		*ret_max = SIZE_MAX_BYTES;
	} else if (attr->type == RACEWAY_TYPE_TIME) {
		*ret_max = TIME_MAX_NS;
	}
}

static const char *format_number(const struct raceway_attr *attr, uint64_t value,
				 char buf[RACEWAY_UNIT_TEXT])
{
	if (attr->type == RACEWAY_TYPE_RATE)
		return raceway_format_rate(value, buf);
	if (attr->type == RACEWAY_TYPE_SIZE)
		return raceway_format_size(value, buf);
	snprintf(buf, RACEWAY_UNIT_TEXT, "%llu%s", (unsigned long long)value,
		 attr->type == RACEWAY_TYPE_TIME ? "ns" : "");
	return buf;
}

static int check_range(const struct raceway_attr *attr, const char *object, json_int_t value,
		       struct raceway_error *err)
{
	char text[RACEWAY_UNIT_TEXT], low[RACEWAY_UNIT_TEXT], high[RACEWAY_UNIT_TEXT];
	uint64_t min, max;

	own_range(attr, &min, &max);
	if (value >= 0 && (uint64_t)value >= min && (uint64_t)value <= max)
		return 0;
	/* a guarantee of 0 is none, which is its default */
	if (value == 0 && attr->default_text && strcmp(attr->default_text, "0") == 0)
		return 0;
	if (value < 0)
		snprintf(text, sizeof(text), "%lld", (long long)value);
	else
		format_number(attr, (uint64_t)value, text);
	return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
				 "%s %s is out of range, %s to %s", attr->word, text,
				 format_number(attr, min, low), format_number(attr, max, high));
}

static int check_mac(const struct raceway_attr *attr, const char *object, const char *text,
		     struct raceway_error *err)
{
	static const uint8_t zero[6];
	uint8_t mac[6] = { 0 };

	(void)raceway_parse_mac(text, mac);
	if (mac[0] & 1)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %s is a group address; one of a station has an even "
					 "first byte, as 02:00:00:00:00:01",
					 attr->word, text);
	if (memcmp(mac, zero, sizeof(mac)) == 0)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s %s is no address of a station", attr->word, text);
	return 0;
}

static int check_text(const struct raceway_attr *attr, const char *object, const char *text,
		      struct raceway_error *err)
{
	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
						 "%s has a control character; it must be one line "
						 "of text",
						 attr->word);
	}
	if (strlen(text) > TEXT_MAX_BYTES)
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s has %zu bytes, at most %d are allowed", attr->word,
					 strlen(text), TEXT_MAX_BYTES);
	return 0;
}

static int check_string(const struct raceway_attr *attr, const char *object, const char *text,
			struct raceway_error *err)
{
	if (attr->type == RACEWAY_TYPE_MAC ||
	    (attr->type == RACEWAY_TYPE_IDENTITY && strchr(text, ':')))
		return check_mac(attr, object, text, err);
	if (attr->type == RACEWAY_TYPE_TEXT || attr->type == RACEWAY_TYPE_PATH) {
		int r = check_text(attr, object, text, err);

		if (r < 0)
			return r;
	}
	if (is_storage_name(attr))
		return raceway_value_check_name(attr, object, text, err);
	if (attr->type == RACEWAY_TYPE_IFNAME && !raceway_ifname_valid(text))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s \"%.40s\" is no interface name: 1 to 15 characters "
					 "without space, slash, colon or percent sign",
					 attr->word, text);
	if ((attr->type == RACEWAY_TYPE_NAME || attr->type == RACEWAY_TYPE_REF) &&
	    !raceway_name_valid(NULL, text))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, object, attr->word,
					 "%s \"%.70s\" is no name: 1 to 63 letters, digits, "
					 "\".\", \"_\" or \"-\", the first a letter or digit",
					 attr->word, text);
	return 0;
}

/* JSON of whatever type to the normalised type: numbers may be text with units, and text may
 * look like a number, as `name: 10` in YAML. */
static int convert(const struct raceway_attr *attr, const char *object, const json_t *value,
		   json_t **ret_value, struct raceway_error *err)
{
	const char *text = json_string_value(value);
	bool onoff = attr->type == RACEWAY_TYPE_ONOFF, flag = attr->type == RACEWAY_TYPE_FLAG;
	bool words = !is_numeric(attr) && !onoff && !flag;
	char buf[RACEWAY_UNIT_TEXT];
	double real = json_real_value(value);

	if (text && !flag && strlen(text) == json_string_length(value))
		return parse_one(attr, object, text, RACEWAY_FAULT_INVALID, ret_value, err);
	if (json_is_integer(value) && words) {
		snprintf(buf, sizeof(buf), "%lld", (long long)json_integer_value(value));
		return parse_one(attr, object, buf, RACEWAY_FAULT_INVALID, ret_value, err);
	}
	if (json_is_integer(value) && is_numeric(attr)) {
		*ret_value = json_integer(json_integer_value(value));
		return 0;
	}
	/* 1e9: JSON knows one kind of number only; 2^53 is where doubles stop being exact */
	if (json_is_real(value) && is_numeric(attr) && real >= 0 && real <= 9007199254740992.0 &&
	    (double)(json_int_t)real == real) {
		*ret_value = json_integer((json_int_t)real);
		return 0;
	}
	if (json_is_boolean(value) && (onoff || flag)) {
		*ret_value = json_boolean(json_is_true(value));
		return 0;
	}
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, attr->word, "%s must be %s",
				 attr->word, expected(attr));
}

static int check_one(const struct raceway_attr *attr, const char *object, const json_t *value,
		     json_t **ret_value, struct raceway_error *err)
{
	json_auto_t *converted = NULL;
	int r;

	r = convert(attr, object, value, &converted, err);
	if (r == 0 && json_is_integer(converted))
		r = check_range(attr, object, json_integer_value(converted), err);
	if (r == 0 && json_is_string(converted))
		r = check_string(attr, object, json_string_value(converted), err);
	if (r == 0)
		*ret_value = json_incref(converted);
	return r;
}

static int check_list(const struct raceway_attr *attr, const char *object, const json_t *value,
		      json_t **ret_value, struct raceway_error *err)
{
	json_auto_t *list = json_array();
	size_t i, j;
	json_t *item, *seen;

	json_array_foreach (value, i, item) {
		json_t *one = NULL;
		int r = check_one(attr, object, item, &one, err);

		if (r < 0)
			return r;
		json_array_append_new(list, one);
		json_array_foreach (list, j, seen) {
			if (seen != one && json_equal(seen, one))
				return raceway_error_set(err, RACEWAY_FAULT_INVALID, object,
							 attr->word, "%s names %s twice",
							 attr->word, json_string_value(one));
		}
	}
	*ret_value = json_incref(list);
	return 0;
}

int raceway_value_check(const struct raceway_attr *attr, const char *object, const json_t *value,
			json_t **ret_value, struct raceway_error *err)
{
	json_auto_t *parsed = NULL;

	if (attr->later)
		return later(attr, object, err);
	if (attr->type == RACEWAY_TYPE_LUNS)
		return raceway_value_luns(attr, object, value, ret_value, err);
	if (!(attr->flags & RACEWAY_ATTR_LIST))
		return check_one(attr, object, value, ret_value, err);
	if (json_is_array(value))
		return check_list(attr, object, value, ret_value, err);
	if (json_is_string(value)) {
		int r = parse_list(attr, object, json_string_value(value), &parsed, err);

		return r < 0 ? r : check_list(attr, object, parsed, ret_value, err);
	}
	return raceway_error_set(err, RACEWAY_FAULT_SYNTAX, object, attr->word,
				 "%s must be a list of names", attr->word);
}
