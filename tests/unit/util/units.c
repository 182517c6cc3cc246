/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/util/units.c: every unit, exact results, and what must be refused with the output
 * left untouched. */
#include "util/units.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define UNTOUCHED 0xdeadbeefULL
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct number_case {
	const char *text;
	int result;
	uint64_t value;
};

static void check_all(int (*parse)(const char *, uint64_t *), const struct number_case *cases,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = UNTOUCHED;
		uint64_t want = cases[i].result ? UNTOUCHED : cases[i].value;

		cr_expect_eq(parse(cases[i].text, &value), cases[i].result, "\"%s\"",
			     cases[i].text);
		cr_expect_eq(value, want, "\"%s\": %llu", cases[i].text, (unsigned long long)value);
	}
}

Test(units, rates)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "1", 0, 1 },
		{ "999", 0, 999 },
		{ "1bit", 0, 1 },
		{ "1kbit", 0, 1000 },
		{ "1mbit", 0, 1000000 },
		{ "1gbit", 0, 1000000000 },
		{ "400gbit", 0, 400000000000 },
		{ "1bps", 0, 8 },
		{ "1kbps", 0, 8000 },
		{ "1mbps", 0, 8000000 },
		{ "1gbps", 0, 8000000000 },
		{ "2.5gbit", 0, 2500000000 },
		{ "0.001kbit", 0, 1 },
		{ "1.000000001gbit", 0, 1000000001 },
		{ "10Gbit", 0, 10000000000 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1 gbit", -EINVAL, 0 },
		{ "1gbits", -EINVAL, 0 },
		{ "1g", -EINVAL, 0 },
		{ "1k", -EINVAL, 0 },
		{ "gbit", -EINVAL, 0 },
		{ ".5gbit", -EINVAL, 0 },
		{ "1.gbit", -EINVAL, 0 },
		{ "1.5", -EINVAL, 0 },
		{ "0.0001kbit", -EINVAL, 0 },
		{ "1.0000000001gbit", -EINVAL, 0 },
		{ "1e9", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "18446744073709551616", -EINVAL, 0 },
		{ "18446744073710gbit", -EINVAL, 0 },
		{ "99999999999999999999", -EINVAL, 0 },
	};

	check_all(raceway_parse_rate, cases, COUNT(cases));
}

Test(units, sizes)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },	      { "1500", 0, 1500 },     { "1500b", 0, 1500 },
		{ "64k", 0, 65536 },  { "64K", 0, 65536 },     { "64kb", 0, 65536 },
		{ "1m", 0, 1048576 }, { "1g", 0, 1073741824 }, { "1t", 0, 1099511627776 },
		{ "1.5k", 0, 1536 },  { "1.5", -EINVAL, 0 },   { "64kbit", -EINVAL, 0 },
		{ "k", -EINVAL, 0 },  { "-1k", -EINVAL, 0 },   { "16777216t", -EINVAL, 0 },
	};

	check_all(raceway_parse_size, cases, COUNT(cases));
}

Test(units, times)
{
	static const struct number_case cases[] = {
		{ "60", 0, 60000000000 },  { "60s", 0, 60000000000 },
		{ "250ms", 0, 250000000 }, { "10us", 0, 10000 },
		{ "7ns", 0, 7 },	   { "1.5s", 0, 1500000000 },
		{ "0.5ns", -EINVAL, 0 },   { "1m", -EINVAL, 0 },
		{ "1h", -EINVAL, 0 },	   { "99999999999s", -EINVAL, 0 },
	};

	check_all(raceway_parse_time, cases, COUNT(cases));
}

Test(units, numbers)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "4094", 0, 4094 },
		{ "010", 0, 10 },
		{ "0x8001", 0, 0x8001 },
		{ "0XfF", 0, 255 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "0xffffffffffffffff", 0, UINT64_MAX },
		{ "18446744073709551616", -EINVAL, 0 },
		{ "0x10000000000000000", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "0xg", -EINVAL, 0 },
		{ "x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
	};

	check_all(raceway_parse_u64, cases, COUNT(cases));
}

Test(units, macs)
{
	static const uint8_t want[6] = { 0x02, 0xab, 0xcd, 0xef, 0x00, 0x99 };
	static const char *const good[] = { "02:ab:cd:ef:00:99", "02:AB:cD:EF:00:99" };
	static const char *const bad[] = {
		"",
		"02",
		"02:ab:cd:ef:00",
		"02:ab:cd:ef:00:9",
		"02:ab:cd:ef:00:99:",
		"02:ab:cd:ef:00:99:01",
		"02-ab-cd-ef-00-99",
		"2:ab:cd:ef:0:99",
		"02:ab:cd:ef:00:9g",
		"02abcdef0099",
		" 02:ab:cd:ef:00:99",
	};
	uint8_t mac[6];

	for (size_t i = 0; i < COUNT(good); i++) {
		memset(mac, 0, sizeof(mac));
		cr_expect_eq(raceway_parse_mac(good[i], mac), 0, "%s", good[i]);
		cr_expect_arr_eq(mac, want, sizeof(mac), "%s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		memcpy(mac, want, sizeof(mac));
		mac[0] = 0x7e;
		cr_expect_eq(raceway_parse_mac(bad[i], mac), -EINVAL, "\"%s\"", bad[i]);
		cr_expect_eq(mac[0], 0x7e, "\"%s\" wrote its output", bad[i]);
	}
}

Test(units, onoff)
{
	bool on = false;

	cr_expect_eq(raceway_parse_onoff("on", &on), 0);
	cr_expect(on);
	cr_expect_eq(raceway_parse_onoff("yes", &on), -EINVAL);
	cr_expect_eq(raceway_parse_onoff("", &on), -EINVAL);
	cr_expect(on);
	cr_expect_eq(raceway_parse_onoff("off", &on), 0);
	cr_expect_not(on);
}

Test(units, formats)
{
	static const struct {
		uint64_t value;
		const char *rate, *size;
	} cases[] = {
		{ 0, "0bit", "0" },
		{ 999, "999bit", "999" },
		{ 1000, "1kbit", "1000" },
		{ 1024, "1024bit", "1k" },
		{ 1500000, "1500kbit", "1500000" },
		{ 131072, "131072bit", "128k" },
		{ 1000000000, "1gbit", "1000000000" },
		{ 2500000000, "2500mbit", "2500000000" },
		{ 400000000000, "400gbit", "390625000k" },
		{ 1000000000000, "1000gbit", "976562500k" },
		{ 1ULL << 40, "1099511627776bit", "1t" },
		{ UINT64_MAX, "18446744073709551615bit", "18446744073709551615" },
	};
	static const uint8_t mac[6] = { 0x02, 0xab, 0, 9, 0x10, 0xff };
	char buf[RACEWAY_UNIT_TEXT];

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t back = UNTOUCHED;

		cr_expect_str_eq(raceway_format_rate(cases[i].value, buf), cases[i].rate);
		cr_expect_eq(raceway_parse_rate(buf, &back), 0);
		cr_expect_eq(back, cases[i].value, "%s", buf);
		cr_expect_str_eq(raceway_format_size(cases[i].value, buf), cases[i].size);
		cr_expect_eq(raceway_parse_size(buf, &back), 0);
		cr_expect_eq(back, cases[i].value, "%s", buf);
	}
	cr_expect_str_eq(raceway_format_mac(mac, buf), "02:ab:00:09:10:ff");
}
