/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates, sizes, times and addresses as words. Integer arithmetic throughout: "1.5gbit" is
 * exactly 1500000000, and what does not come out whole or does not fit is refused. */
#include "util/units.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FRACTION_DIGITS 9 /* 10^9 times the largest unit stays below 2^64 times 2^64 */

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit rate_units[] = {
	{ "", 1 },
	{ "bit", 1 },
	{ "kbit", 1000 },
	{ "mbit", 1000000 },
	{ "gbit", 1000000000 },
	{ "tbit", 1000000000000 },
	{ "bps", 8 },
	{ "kbps", 8000 },
	{ "mbps", 8000000 },
	{ "gbps", 8000000000 },
	{ "tbps", 8000000000000 },
	{ NULL, 0 },
};

static const struct unit size_units[] = {
	{ "", 1 },	     { "b", 1 },	   { "k", 1 << 10 }, { "kb", 1 << 10 },
	{ "m", 1 << 20 },    { "mb", 1 << 20 },	   { "g", 1 << 30 }, { "gb", 1 << 30 },
	{ "t", 1ULL << 40 }, { "tb", 1ULL << 40 }, { NULL, 0 },
};

static const struct unit time_units[] = {
	{ "", 1000000000 }, { "ns", 1 },	 { "us", 1000 },
	{ "ms", 1000000 },  { "s", 1000000000 }, { NULL, 0 },
};

/* strtoull() would take signs and spaces, and ctype the locale's digits. */
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int hex_digit(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Digits at *text to a number; moves *text behind them. */
static int take_decimal(const char **text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!is_digit(**text))
		return -EINVAL;
	for (; is_digit(**text); (*text)++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value))
			return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

/* ".25" at *text as 25 and scale 100; nothing there is 0 and 1. */
static int take_fraction(const char **text, uint64_t *ret_fraction, uint64_t *ret_scale)
{
	uint64_t fraction = 0, scale = 1;

	if (**text == '.') {
		(*text)++;
		if (!is_digit(**text))
			return -EINVAL;
		for (int i = 0; is_digit(**text); (*text)++, i++) {
			if (i == FRACTION_DIGITS)
				return -EINVAL;
			fraction = fraction * 10 + (uint64_t)(**text - '0');
			scale *= 10;
		}
	}
	*ret_fraction = fraction;
	*ret_scale = scale;
	return 0;
}

static int parse_units(const char *text, const struct unit *units, uint64_t *ret_value)
{
	uint64_t whole, fraction, scale;
	unsigned __int128 value;

	if (take_decimal(&text, &whole) < 0 || take_fraction(&text, &fraction, &scale) < 0)
		return -EINVAL;
	while (units->suffix && strcasecmp(units->suffix, text) != 0)
		units++;
	if (!units->suffix)
		return -EINVAL;
	value = (unsigned __int128)fraction * units->factor;
	if (value % scale != 0)
		return -EINVAL;
	value = value / scale + (unsigned __int128)whole * units->factor;
	if (value > UINT64_MAX)
		return -EINVAL;
	*ret_value = (uint64_t)value;
	return 0;
}

int raceway_parse_rate(const char *text, uint64_t *ret_bps)
{
	return parse_units(text, rate_units, ret_bps);
}

int raceway_parse_size(const char *text, uint64_t *ret_bytes)
{
	return parse_units(text, size_units, ret_bytes);
}

int raceway_parse_time(const char *text, uint64_t *ret_ns)
{
	return parse_units(text, time_units, ret_ns);
}

int raceway_parse_u64(const char *text, uint64_t *ret_value)
{
	uint64_t value = 0;
	int digit;

	if (text[0] != '0' || (text[1] != 'x' && text[1] != 'X')) {
		if (take_decimal(&text, &value) < 0 || *text)
			return -EINVAL;
		*ret_value = value;
		return 0;
	}
	text += 2;
	if (!*text)
		return -EINVAL;
	for (; *text; text++) {
		digit = hex_digit(*text);
		if (digit < 0 || value >> 60)
			return -EINVAL;
		value = value << 4 | (uint64_t)digit;
	}
	*ret_value = value;
	return 0;
}

int raceway_parse_mac(const char *text, uint8_t ret_mac[6])
{
	uint8_t mac[6];

	for (int i = 0; i < 6; i++) {
		int high, low;

		high = hex_digit(*text);
		if (high < 0)
			return -EINVAL;
		low = hex_digit(*++text);
		if (low < 0)
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
		if (*++text != (i < 5 ? ':' : '\0'))
			return -EINVAL;
		text++;
	}
	memcpy(ret_mac, mac, sizeof(mac));
	return 0;
}

int raceway_parse_onoff(const char *text, bool *ret_on)
{
	if (strcmp(text, "on") == 0)
		*ret_on = true;
	else if (strcmp(text, "off") == 0)
		*ret_on = false;
	else
		return -EINVAL;
	return 0;
}

char *raceway_format_rate(uint64_t bps, char buf[RACEWAY_UNIT_TEXT])
{
	const struct unit *unit = &rate_units[1];

	while (bps && unit->factor < 1000000000 && bps % (unit->factor * 1000) == 0)
		unit++;
	snprintf(buf, RACEWAY_UNIT_TEXT, "%llu%s", (unsigned long long)(bps / unit->factor),
		 unit->suffix);
	return buf;
}

char *raceway_format_size(uint64_t bytes, char buf[RACEWAY_UNIT_TEXT])
{
	static const char *const suffix[] = { "", "k", "m", "g", "t" };
	unsigned int i = 0;

	while (bytes && i < 4 && bytes % 1024 == 0) {
		bytes /= 1024;
		i++;
	}
	snprintf(buf, RACEWAY_UNIT_TEXT, "%llu%s", (unsigned long long)bytes, suffix[i]);
	return buf;
}

char *raceway_format_mac(const uint8_t mac[6], char buf[RACEWAY_UNIT_TEXT])
{
	snprintf(buf, RACEWAY_UNIT_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	return buf;
}
