/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of storage networks: port names, iSCSI names, addresses of portals. No I/O. */
#include "util/san.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "util/units.h"

#define WWN_DIGITS 16

static int hex_value(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

int raceway_parse_wwn(const char *text, uint64_t *ret_wwn)
{
	bool colons = strchr(text, ':');
	uint64_t wwn = 0;

	for (int i = 0; i < WWN_DIGITS; i++) {
		int digit;

		if (colons && i && i % 2 == 0 && *text++ != ':')
			return -EINVAL;
		digit = hex_value(*text);
		if (digit < 0)
			return -EINVAL;
		wwn = wwn << 4 | (uint64_t)digit;
		text++;
	}
	if (*text)
		return -EINVAL;
	*ret_wwn = wwn;
	return 0;
}

char *raceway_format_wwn(uint64_t wwn, char buf[RACEWAY_WWN_TEXT])
{
	snprintf(buf, RACEWAY_WWN_TEXT, "%016" PRIx64, wwn);
	return buf;
}

static bool all_hex(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (hex_value(text[i]) < 0)
			return false;
	return text[length] == '\0';
}

/* "1998-01.com.example", perhaps with ":anything" behind. */
static bool is_dated(const char *text)
{
	for (int i = 0; i < 7; i++)
		if (i == 4 ? text[i] != '-' : text[i] < '0' || text[i] > '9')
			return false;
	return text[7] == '.' && text[8] && text[8] != ':' && text[8] != '.';
}

int raceway_parse_iscsi_name(const char *text, char ret_name[RACEWAY_ISCSI_NAME_TEXT])
{
	char name[RACEWAY_ISCSI_NAME_TEXT];
	size_t length = strlen(text);
	bool right;

	if (length >= sizeof(name))
		return -EINVAL;
	for (size_t i = 0; i <= length; i++) {
		char c = text[i];

		name[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		if (c && !strchr("abcdefghijklmnopqrstuvwxyz0123456789.-_:", name[i]))
			return -EINVAL;
	}
	if (strncmp(name, "iqn.", 4) == 0)
		right = is_dated(name + 4);
	else if (strncmp(name, "eui.", 4) == 0)
		right = length == 4 + 16 && all_hex(name + 4, 16);
	else if (strncmp(name, "naa.", 4) == 0)
		right = (length == 4 + 16 || length == 4 + 32) && all_hex(name + 4, length - 4);
	else
		right = false;
	if (!right)
		return -EINVAL;
	memcpy(ret_name, name, length + 1);
	return 0;
}

/* The port behind the last colon of `text`, which may be "". */
static int parse_port(const char *text, uint16_t default_port, uint16_t *ret_port)
{
	uint64_t port;

	if (!*text) {
		*ret_port = default_port;
		return 0;
	}
	if (*text != ':' || !text[1] || text[1 + strspn(text + 1, "0123456789")])
		return -EINVAL;
	if (raceway_parse_u64(text + 1, &port) || port < 1 || port > UINT16_MAX)
		return -ERANGE;
	*ret_port = (uint16_t)port;
	return 0;
}

static int parse_v6(const char *text, uint16_t default_port, struct raceway_address *ret_address)
{
	struct sockaddr_in6 *to = (struct sockaddr_in6 *)&ret_address->to;
	bool brackets = text[0] == '[';
	size_t length = brackets ? strcspn(++text, "]") : strlen(text);
	char host[INET6_ADDRSTRLEN];
	uint16_t port = default_port;
	int r;

	if (length >= sizeof(host) || (brackets && !text[length]))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	if (inet_pton(AF_INET6, host, &to->sin6_addr) != 1)
		return -EINVAL;
	r = brackets ? parse_port(text + length + 1, default_port, &port) : 0;
	to->sin6_family = AF_INET6;
	to->sin6_port = htons(port);
	ret_address->size = sizeof(*to);
	return r;
}

static int parse_v4(const char *text, uint16_t default_port, struct raceway_address *ret_address)
{
	struct sockaddr_in *to = (struct sockaddr_in *)&ret_address->to;
	size_t length = strcspn(text, ":");
	char host[INET_ADDRSTRLEN];
	uint16_t port;
	int r;

	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	if (inet_pton(AF_INET, host, &to->sin_addr) != 1)
		return -EINVAL;
	r = parse_port(text + length, default_port, &port);
	if (r < 0)
		return r;
	to->sin_family = AF_INET;
	to->sin_port = htons(port);
	ret_address->size = sizeof(*to);
	return 0;
}

int raceway_parse_address(const char *text, uint16_t default_port,
			  struct raceway_address *ret_address)
{
	struct raceway_address address = { .size = 0 };
	const char *colon = strchr(text, ':');
	bool v6 = text[0] == '[' || (colon && strchr(colon + 1, ':'));
	int r = v6 ? parse_v6(text, default_port, &address)
		   : parse_v4(text, default_port, &address);

	if (r == 0)
		*ret_address = address;
	return r;
}

char *raceway_format_address(const struct raceway_address *address, char buf[RACEWAY_ADDRESS_TEXT])
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address->to;
	const struct sockaddr_in *four = (const struct sockaddr_in *)&address->to;
	char host[INET6_ADDRSTRLEN] = "";

	if (address->to.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &six->sin6_addr, host, sizeof(host));
		snprintf(buf, RACEWAY_ADDRESS_TEXT, "[%s]:%u", host, ntohs(six->sin6_port));
	} else {
		inet_ntop(AF_INET, &four->sin_addr, host, sizeof(host));
		snprintf(buf, RACEWAY_ADDRESS_TEXT, "%s:%u", host, ntohs(four->sin_port));
	}
	return buf;
}
