/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The text of login and text PDUs (RFC 7143 section 6.1): key=value pairs, each ended by a zero
 * byte, and the forms of numbers in it. */
#ifndef RACEWAY_ISCSI_TEXT_H
#define RACEWAY_ISCSI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RACEWAY_KEY_NAME_MAX 63
/* More in one text than any initiator has to say. */
#define RACEWAY_PAIRS_MAX 128

/* A text that is written, or collected from several PDUs. All zero is an empty one without
 * room: set `limit`. */
struct raceway_text {
	char *data;
	size_t bytes, room, limit;
	bool failed; /* did not fit the limit or the memory: what is there is not the whole */
};

void raceway_text_free(struct raceway_text *text);
/* Forgets the contents, keeps the memory. */
void raceway_text_clear(struct raceway_text *text);
/* "key=value" and the zero byte. */
void raceway_text_add(struct raceway_text *text, const char *key, const char *value);
void raceway_text_add_number(struct raceway_text *text, const char *key, uint32_t value);
/* The value as 0x and hexadecimal digits. */
void raceway_text_add_hex(struct raceway_text *text, const char *key, const uint8_t *data,
			  size_t bytes);
/* Whatever it is, as it is. */
void raceway_text_append(struct raceway_text *text, const void *data, size_t bytes);

struct raceway_pair {
	const char *key, *value;
};

/* The pairs of a whole text, which is changed by it: each '=' becomes a zero byte. 0; -EINVAL:
 * no '=', an empty or overlong key, no zero byte at the end; -E2BIG: more than `room`. */
int raceway_text_pairs(struct raceway_text *text, struct raceway_pair *pairs, size_t room,
		       size_t *ret_count);

/* 0 and the result, or -EINVAL and the result is untouched. */
/* Decimal or 0x and hexadecimal, at most 32 bits. */
int raceway_text_number(const char *value, uint32_t *ret_number);
/* "Yes" or "No". */
int raceway_text_boolean(const char *value, bool *ret_yes);
/* 0x and pairs of hexadecimal digits, or 0b and base64 (RFC 7143 6.1); -E2BIG beyond `room`.
 * `data` may be half written then, but *ret_bytes is not. */
int raceway_text_binary(const char *value, uint8_t *data, size_t room, size_t *ret_bytes);
/* The next of a list of values separated by commas: its length, 0 at the end. *list moves on. */
size_t raceway_text_item(const char **list, const char **ret_item);
/* Whether `length` bytes at `item` are this word. */
bool raceway_text_is(const char *item, size_t length, const char *word);

#endif
