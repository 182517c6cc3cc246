/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/util/san.c: port names, iSCSI names, addresses, and what is none. */
#include "util/san.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

Test(san, wwn)
{
	static const struct {
		const char *text, *canonical; /* NULL: none */
	} cases[] = {
		{ "3000000000000001", "3000000000000001" },
		{ "50:01:43:80:AB:CD:EF:00", "50014380abcdef00" },
		{ "50014380ABCDEF00", "50014380abcdef00" },
		{ "0000000000000000", "0000000000000000" },
		{ "", NULL },
		{ "300000000000001", NULL },
		{ "30000000000000012", NULL },
		{ "3000:0000:0000:0001", NULL },
		{ "50:01:43:80:ab:cd:ef", NULL },
		{ "50:01:43:80:ab:cd:ef:0", NULL },
		{ "50:01:43:80:ab:cd:ef:000", NULL },
		{ "50:01:43:80abcdef00", NULL },
		{ "50:01:43:80-ab:cd:ef:00", NULL },
		{ ":50:01:43:80:ab:cd:ef:00", NULL },
		{ "0x50014380abcdef", NULL },
		{ "500143 0abcdef00", NULL },
	};
	char buf[RACEWAY_WWN_TEXT];

	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t wwn = 42;
		int r = raceway_parse_wwn(cases[i].text, &wwn);

		cr_expect_eq(r, cases[i].canonical ? 0 : -EINVAL, "%s", cases[i].text);
		if (cases[i].canonical)
			cr_expect_str_eq(raceway_format_wwn(wwn, buf), cases[i].canonical);
		else
			cr_expect_eq(wwn, 42, "%s wrote its output", cases[i].text);
	}
}

Test(san, iscsi_names)
{
	static char longest[RACEWAY_ISCSI_NAME_TEXT + 1] = "iqn.2026-11.a:";
	static const struct {
		const char *text, *canonical;
	} cases[] = {
		{ "iqn.2026-11.local.raceway:node1", "iqn.2026-11.local.raceway:node1" },
		{ "IQN.2026-11.Local.Raceway:Node_1", "iqn.2026-11.local.raceway:node_1" },
		{ "iqn.1998-01.a", "iqn.1998-01.a" },
		{ "naa.3000000000000001", "naa.3000000000000001" },
		{ "naa.60000000000000010000000000000ABC", "naa.60000000000000010000000000000abc" },
		{ "eui.02004567A425678D", "eui.02004567a425678d" },
		{ "", NULL },
		{ "iqn", NULL },
		{ "iqn.", NULL },
		{ "iqn.2026", NULL },
		{ "iqn.2026-11", NULL },
		{ "iqn.2026-11.", NULL },
		{ "iqn.2026-11.:x", NULL },
		{ "iqn.26-11.local:x", NULL },
		{ "iqn.2026-11.local:x y", NULL },
		{ "iqn.2026-11.local:x/y", NULL },
		{ "iqn.2026-11.local:\xc3\xa9", NULL },
		{ "naa.300000000000000", NULL },
		{ "naa.30000000000000011", NULL },
		{ "naa.300000000000000g", NULL },
		{ "eui.300000000000000130000000000000ff", NULL },
		{ "raceway", NULL },
	};
	char name[RACEWAY_ISCSI_NAME_TEXT] = "before";

	for (size_t i = 0; i < COUNT(cases); i++) {
		int r = raceway_parse_iscsi_name(cases[i].text, name);

		cr_expect_eq(r, cases[i].canonical ? 0 : -EINVAL, "%s", cases[i].text);
		if (cases[i].canonical)
			cr_expect_str_eq(name, cases[i].canonical, "%s", name);
		else
			cr_expect_neq(strcmp(name, cases[i].text), 0);
	}
	memset(longest + strlen(longest), 'x', sizeof(longest) - 1 - strlen(longest));
	cr_expect_eq(raceway_parse_iscsi_name(longest, name), -EINVAL);
	longest[RACEWAY_ISCSI_NAME_TEXT - 1] = '\0';
	cr_expect_eq(raceway_parse_iscsi_name(longest, name), 0);
}

Test(san, addresses)
{
	static const struct {
		const char *text, *canonical;
		int result;
	} cases[] = {
		{ "192.0.2.1", "192.0.2.1:3260", 0 },
		{ "192.0.2.1:860", "192.0.2.1:860", 0 },
		{ "192.0.2.1:65535", "192.0.2.1:65535", 0 },
		{ "[2001:DB8:0::1]:3261", "[2001:db8::1]:3261", 0 },
		{ "[2001:db8::1]", "[2001:db8::1]:3260", 0 },
		{ "2001:db8::1", "[2001:db8::1]:3260", 0 },
		{ "::1", "[::1]:3260", 0 },
		{ "192.0.2.1:0", NULL, -ERANGE },
		{ "192.0.2.1:65536", NULL, -ERANGE },
		{ "[::1]:99999999999999999999", NULL, -ERANGE },
		{ "", NULL, -EINVAL },
		{ "192.0.2", NULL, -EINVAL },
		{ "192.0.2.256", NULL, -EINVAL },
		{ "192.0.2.1:", NULL, -EINVAL },
		{ "192.0.2.1:x", NULL, -EINVAL },
		{ "192.0.2.1:0x10", NULL, -EINVAL },
		{ "192.0.2.1 :3260", NULL, -EINVAL },
		{ "[::1", NULL, -EINVAL },
		{ "[::1]3260", NULL, -EINVAL },
		{ "[::1]/3260", NULL, -EINVAL },
		{ "[::1]:", NULL, -EINVAL },
		{ "[192.0.2.1]:3260", NULL, -EINVAL },
		{ "[]:3260", NULL, -EINVAL },
		{ "fe80::1%eth0", NULL, -EINVAL },
		{ "localhost:3260", NULL, -EINVAL },
		{ "1:2:3:4:5:6:7:8:9:10:11:12:13:14:15:16:17:18:19:20:21:22:23:24", NULL, -EINVAL },
	};
	char buf[RACEWAY_ADDRESS_TEXT];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_address address = { .size = 7 };
		int r = raceway_parse_address(cases[i].text, RACEWAY_ISCSI_PORT, &address);

		cr_expect_eq(r, cases[i].result, "%s: %d", cases[i].text, r);
		if (cases[i].canonical)
			cr_expect_str_eq(raceway_format_address(&address, buf), cases[i].canonical,
					 "%s: %s", cases[i].text, buf);
		else
			cr_expect_eq(address.size, 7, "%s wrote its output", cases[i].text);
	}
}
