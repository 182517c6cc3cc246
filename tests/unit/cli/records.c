/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* audit, backup, restore and versions against a daemon of set answers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/run.h"
#include "fake.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BACKUP "{\"schema\":1,\"backup\":1,\"objects\":[]}"

static struct ran ran;

static const struct fake_answer answers[] = {
	{ "GET /v1/audit?", 200,
	  "{\"schema\":1,\"audit\":[{\"version\":7,\"time\":1763752205000000000,\"by\":\"bob\","
	  "\"source\":\"socket uid 1000\",\"op\":\"change\",\"kind\":\"vnic\",\"name\":\"w/e\","
	  "\"field\":\"tx-pir\",\"from\":null,\"to\":1000000000},"
	  "{\"version\":8,\"time\":1763752206000000000,\"by\":\"e\\u001bve\",\"source\":\"x\","
	  "\"op\":\"del\",\"kind\":\"segment\",\"name\":\"lan\",\"field\":null,\"from\":{},"
	  "\"to\":null}]}",
	  NULL },
	{ "GET /v1/audit?limit=3&object=vnic%20w/e", 200, "{\"schema\":1,\"audit\":[]}", NULL },
	{ "GET /v1/audit?object=segment", 200,
	  "{\"schema\":1,\"audit\":[{\"version\":8,\"time\":1763752206000000000,\"by\":\"root\","
	  "\"source\":\"socket uid 0\",\"op\":\"restore\",\"kind\":\"\",\"name\":\"\"}]}",
	  NULL },
	{ "GET /v1/backup", 200, BACKUP, NULL },
	{ "POST /v1/restore?dry_run=1", 200,
	  "{\"schema\":1,\"changes\":[{\"op\":\"add\",\"kind\":\"segment\",\"name\":\"lan\"}]}",
	  NULL },
	{ "POST /v1/restore", 409,
	  "{\"error\":{\"object\":\"restore\",\"field\":\"\",\"message\":\"it is damaged\"}}",
	  NULL },
	{ "PATCH /v1/vnics/w/e", 200, "{}", NULL },
	{ "DELETE /v1/vnics/w/e", 204, "", NULL },
	{ "POST /v1/vhbas/w/h/map", 200, "{}", NULL },
	{ "GET /v1/segments/lan", 200,
	  "{\"schema\":1,\"segments\":[{\"name\":\"lan\",\"number\":1,\"version\":12,"
	  "\"changed\":{\"time\":1763752205000000000,\"by\":\"bob\"}}]}",
	  NULL },
};

static void expect(const char *line, int status, const char *out, const char *err)
{
	ran_client(&ran, line, NULL);
	cr_expect_eq(ran.status, status, "%s: status %d", line, ran.status);
	cr_expect_str_eq(ran.out, out, "%s: out: %s", line, ran.out);
	cr_expect_str_eq(ran.err, err, "%s: err: %s", line, ran.err);
}

static void start(void)
{
	setenv("TZ", "UTC", 1);
	fake_start(answers, COUNT(answers));
}

TestSuite(cli_records, .init = start, .fini = fake_stop);

Test(cli_records, audit_is_one_line_per_change)
{
	expect("audit", 0,
	       "2025-11-21 19:10:05 bob (socket uid 1000) ~ vnic w/e tx-pir none -> 1gbit\n"
	       "2025-11-21 19:10:06 e?ve (x) - segment lan\n",
	       "");
	expect("audit -n 3 vnic w/e", 0, "", "");
	expect("audit seg", 0, "2025-11-21 19:10:06 root (socket uid 0) restored a backup\n", "");
	expect("-j audit vnic w/e -n 3", 0, "{\"schema\": 1, \"audit\": []}\n", "");
}

Test(cli_records, version_goes_along)
{
	expect("vnic set w/e mtu 1400 --if-version 12", 0, "", "");
	expect("--if-version=12 vnic del w/e", 0, "", "");
	expect("vhba map w/h lun 0 volume s/v --if-version 3", 0, "", "");
	expect("vnic set w/e mtu 1400", 0, "", "");
	cr_expect_str_eq(fake_log(),
			 "PATCH /v1/vnics/w/e {\"mtu\":1400} If-Match: \"12\"\n"
			 "DELETE /v1/vnics/w/e If-Match: \"12\"\n"
			 "POST /v1/vhbas/w/h/map {\"lun\":0,\"volume\":\"s/v\"} If-Match: \"3\"\n"
			 "PATCH /v1/vnics/w/e {\"mtu\":1400}\n");
}

Test(cli_records, shown_last)
{
	expect("segment show lan", 0,
	       "segment lan\n    number             1\n    version            12\n"
	       "    changed            2025-11-21 19:10:05 by bob\n",
	       "");
}

Test(cli_records, a_backup_is_its_owners_and_whole)
{
	char dir[] = "/tmp/raceway-backup-XXXXXX", path[64], line[128], text[128];
	struct stat info;
	FILE *file;
	size_t got;

	cr_assert(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/b", dir);
	file = fopen(path, "w");
	cr_assert(file && fputs("the old one", file) >= 0 && !chmod(path, 0644));
	fclose(file);
	snprintf(line, sizeof(line), "backup -w %s", path);
	umask(0);
	expect(line, 0, "", "");
	cr_assert_eq(stat(path, &info), 0);
	cr_expect_eq(info.st_mode & 0777, 0600);
	file = fopen(path, "r");
	got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	cr_expect_str_eq(text, BACKUP "\n");
	snprintf(line, sizeof(line), "restore -f %s --dry-run", path);
	expect(line, 0, "+ segment lan\n", "");
	snprintf(line, sizeof(line), "restore -f %s", path);
	expect(line, 1, "", "raceway: restore: it is damaged\n");
	unlink(path);
	rmdir(dir);
	expect("backup -w -", 0, BACKUP "\n", "");
	ran_client(&ran, "backup -w /nonexistent/b", NULL);
	cr_expect_eq(ran.status, 1);
	ran_client(&ran, "restore -f /dev/null", NULL);
	cr_expect_eq(ran.status, 1);
	cr_expect(strstr(ran.err, "it is no backup, or a damaged one"), "%s", ran.err);
}
