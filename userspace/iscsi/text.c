/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads and writes key=value pairs. A text that outgrows its limit is marked and stays as it is,
 * so that only whoever uses the whole must look. */
#include "iscsi/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void raceway_text_free(struct raceway_text *text)
{
	free(text->data);
	text->data = NULL;
	text->bytes = text->room = 0;
}

void raceway_text_clear(struct raceway_text *text)
{
	text->bytes = 0;
	text->failed = false;
}

/* Room for `bytes` more; NULL marks the text. */
static char *more(struct raceway_text *text, size_t bytes)
{
	size_t need = text->bytes + bytes;
	char *at;

	if (text->failed || need < bytes || need > text->limit) {
		text->failed = true;
		return NULL;
	}
	if (need > text->room) {
		size_t room = need < 512 ? 512 : 2 * need;
		char *data = realloc(text->data, room);

		if (!data) {
			text->failed = true;
			return NULL;
		}
		text->data = data;
		text->room = room;
	}
	at = text->data + text->bytes;
	text->bytes = need;
	return at;
}

void raceway_text_append(struct raceway_text *text, const void *data, size_t bytes)
{
	char *at = bytes ? more(text, bytes) : NULL;

	if (at)
		memcpy(at, data, bytes);
}

void raceway_text_add(struct raceway_text *text, const char *key, const char *value)
{
	size_t key_bytes = strlen(key), value_bytes = strlen(value);
	char *at = more(text, key_bytes + value_bytes + 2);

	if (!at)
		return;
	memcpy(at, key, key_bytes);
	at[key_bytes] = '=';
	memcpy(at + key_bytes + 1, value, value_bytes + 1);
}

void raceway_text_add_number(struct raceway_text *text, const char *key, uint32_t value)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", value);
	raceway_text_add(text, key, number);
}

void raceway_text_add_hex(struct raceway_text *text, const char *key, const uint8_t *data,
			  size_t bytes)
{
	static const char digits[] = "0123456789abcdef";
	size_t key_bytes = strlen(key);
	char *at = more(text, key_bytes + 2 * bytes + 4);

	if (!at)
		return;
	memcpy(at, key, key_bytes);
	memcpy(at + key_bytes, "=0x", 3);
	at += key_bytes + 3;
	for (size_t i = 0; i < bytes; i++) {
		*at++ = digits[data[i] >> 4];
		*at++ = digits[data[i] & 0xf];
	}
	*at = '\0';
}

/* The pair at *at, which moves behind it. 1, 0 at the end, or -EINVAL. */
static int next_pair(struct raceway_text *text, size_t *at, struct raceway_pair *ret_pair)
{
	char *key, *end, *equals;

	/* Some fill the data segment up with zero bytes. */
	while (*at < text->bytes && text->data[*at] == '\0')
		++*at;
	if (*at == text->bytes)
		return 0;
	key = text->data + *at;
	end = memchr(key, '\0', text->bytes - *at);
	if (!end)
		return -EINVAL;
	equals = memchr(key, '=', (size_t)(end - key));
	if (!equals || equals == key || equals - key > RACEWAY_KEY_NAME_MAX)
		return -EINVAL;
	*equals = '\0';
	*at += (size_t)(end - key) + 1;
	*ret_pair = (struct raceway_pair){ key, equals + 1 };
	return 1;
}

int raceway_text_pairs(struct raceway_text *text, struct raceway_pair *pairs, size_t room,
		       size_t *ret_count)
{
	struct raceway_pair pair;
	size_t count = 0, at = 0;
	int more_of_them;

	while ((more_of_them = next_pair(text, &at, &pair)) > 0) {
		if (count == room)
			return -E2BIG;
		pairs[count++] = pair;
	}
	if (more_of_them < 0)
		return more_of_them;
	*ret_count = count;
	return 0;
}

/* -1 for what is no digit. */
static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool begins(const char *value, char letter)
{
	return value[0] == '0' && (value[1] | 0x20) == letter;
}

int raceway_text_number(const char *value, uint32_t *ret_number)
{
	unsigned int base = begins(value, 'x') ? 16 : 10;
	uint64_t number = 0;

	if (base == 16)
		value += 2;
	if (!*value)
		return -EINVAL;
	for (; *value; value++) {
		int digit = hex_digit(*value);

		if (digit < 0 || digit >= (int)base)
			return -EINVAL;
		number = number * base + (unsigned int)digit;
		if (number > UINT32_MAX)
			return -EINVAL;
	}
	*ret_number = (uint32_t)number;
	return 0;
}

int raceway_text_boolean(const char *value, bool *ret_yes)
{
	bool yes = !strcmp(value, "Yes");

	if (!yes && strcmp(value, "No"))
		return -EINVAL;
	*ret_yes = yes;
	return 0;
}

static int hex_binary(const char *value, uint8_t *data, size_t room, size_t *ret_bytes)
{
	size_t bytes = strlen(value) / 2;

	if (!*value || strlen(value) % 2)
		return -EINVAL;
	if (bytes > room)
		return -E2BIG;
	for (size_t i = 0; i < 2 * bytes; i++) {
		int digit = hex_digit(value[i]);

		if (digit < 0)
			return -EINVAL;
		data[i / 2] = (uint8_t)(i % 2 ? data[i / 2] << 4 | digit : digit);
	}
	*ret_bytes = bytes;
	return 0;
}

static int base64_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;

	return found ? (int)(found - digits) : -1;
}

static int base64_binary(const char *value, uint8_t *data, size_t room, size_t *ret_bytes)
{
	size_t length = strlen(value), bytes = 0;
	uint32_t bits = 0;

	if (length == 0 || length % 4)
		return -EINVAL;
	for (int padding = 0; padding < 2 && value[length - 1] == '='; padding++)
		length--;
	for (size_t i = 0; i < length; i++) {
		int digit = base64_digit(value[i]);

		if (digit < 0)
			return -EINVAL;
		bits = bits << 6 | (unsigned int)digit;
		if (i % 4 == 0)
			continue;
		if (bytes == room)
			return -E2BIG;
		data[bytes++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_bytes = bytes;
	return 0;
}

int raceway_text_binary(const char *value, uint8_t *data, size_t room, size_t *ret_bytes)
{
	if (begins(value, 'x'))
		return hex_binary(value + 2, data, room, ret_bytes);
	if (begins(value, 'b'))
		return base64_binary(value + 2, data, room, ret_bytes);
	return -EINVAL;
}

size_t raceway_text_item(const char **list, const char **ret_item)
{
	size_t length;

	while (**list == ',')
		++*list;
	length = strcspn(*list, ",");
	*ret_item = *list;
	*list += length;
	return length;
}

bool raceway_text_is(const char *item, size_t length, const char *word)
{
	return strlen(word) == length && !memcmp(item, word, length);
}
