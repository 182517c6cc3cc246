/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Fills, prints and ranks errors. Texts come from outside (names, files), so whatever could
 * break a terminal line or a JSON string is replaced here, once for all. */
#include "util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* Length of the UTF-8 sequence at s (RFC 3629), 0 if there is none. Stops at the final 0. */
static size_t utf8_length(const unsigned char *s)
{
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return length;
}

static void make_printable(char *text)
{
	unsigned char *s = (unsigned char *)text;

	while (*s) {
		size_t length = utf8_length(s);

		if (length == 0 || *s < 0x20 || *s == 0x7f) {
			*s++ = '?';
			continue;
		}
		/* C1 controls, U+0080 to U+009F: terminals obey some of them */
		if (length == 2 && s[0] == 0xc2 && s[1] < 0xa0)
			s[0] = s[1] = '?';
		s += length;
	}
}

static int fault_errno(enum raceway_fault fault)
{
	switch (fault) {
	case RACEWAY_FAULT_NOT_FOUND:
		return -ENOENT;
	case RACEWAY_FAULT_REFUSED:
	case RACEWAY_FAULT_FORBIDDEN:
		return -EPERM;
	case RACEWAY_FAULT_CANNOT:
		return -EOPNOTSUPP;
	case RACEWAY_FAULT_SYSTEM:
		return -EIO;
	case RACEWAY_FAULT_NONE:
	case RACEWAY_FAULT_SYNTAX:
	case RACEWAY_FAULT_INVALID:
		break;
	}
	return -EINVAL;
}

int raceway_error_set(struct raceway_error *err, enum raceway_fault fault, const char *object,
		      const char *field, const char *format, ...)
{
	va_list args;

	if (!err || err->fault != RACEWAY_FAULT_NONE)
		return fault_errno(fault);
	err->fault = fault;
	snprintf(err->object, sizeof(err->object), "%s", object ? object : "");
	snprintf(err->field, sizeof(err->field), "%s", field ? field : "");
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	make_printable(err->object);
	make_printable(err->field);
	make_printable(err->message);
	return fault_errno(fault);
}

char *raceway_error_format(const struct raceway_error *err, char *buf, unsigned int size)
{
	snprintf(buf, size, "%s%s%s", err->object, err->object[0] ? ": " : "", err->message);
	return buf;
}

int raceway_error_exit_status(enum raceway_fault fault)
{
	switch (fault) {
	case RACEWAY_FAULT_NONE:
		return 0;
	case RACEWAY_FAULT_SYNTAX:
		return 2;
	case RACEWAY_FAULT_CANNOT:
		return 3;
	case RACEWAY_FAULT_INVALID:
	case RACEWAY_FAULT_NOT_FOUND:
	case RACEWAY_FAULT_REFUSED:
	case RACEWAY_FAULT_FORBIDDEN:
	case RACEWAY_FAULT_SYSTEM:
		break;
	}
	return 1;
}

unsigned int raceway_error_http_status(enum raceway_fault fault)
{
	switch (fault) {
	case RACEWAY_FAULT_NONE:
		return 200;
	case RACEWAY_FAULT_SYNTAX:
		return 400;
	case RACEWAY_FAULT_NOT_FOUND:
		return 404;
	case RACEWAY_FAULT_FORBIDDEN:
		return 403;
	case RACEWAY_FAULT_CANNOT:
		return 501;
	case RACEWAY_FAULT_INVALID:
	case RACEWAY_FAULT_REFUSED:
		return 409;
	case RACEWAY_FAULT_SYSTEM:
		break;
	}
	return 500;
}
