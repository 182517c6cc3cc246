/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which certificates and tokens count, and that what was decided is still so after a restart. */
#include "node/roster.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "util/files.h"

#define NOW 1800000000

static char dir[] = "/tmp/raceway-roster-XXXXXX";
static struct raceway_roster roster;
static struct raceway_error err;
static uint8_t secret[RACEWAY_TOKEN_SECRET] = { 1 }, second[RACEWAY_TOKEN_SECRET] = { 2 };

static void open_roster(void)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY);

	cr_assert_eq(raceway_roster_open(&roster, fd, &err), 0, "%s", err.message);
}

static void begin(void)
{
	cr_assert(mkdtemp(dir));
	open_roster();
}

static void end(void)
{
	(void)!unlinkat(roster.dir_fd, "servers.json", 0);
	raceway_roster_close(&roster);
	close(roster.dir_fd);
	rmdir(dir);
}

/* As the next daemon finds it. */
static void again(void)
{
	raceway_roster_close(&roster);
	close(roster.dir_fd);
	open_roster();
}

TestSuite(roster, .init = begin, .fini = end);

static void offer(const char *server, const uint8_t *token)
{
	char hash[RACEWAY_FINGERPRINT_TEXT];

	cr_assert_eq(raceway_roster_offer(&roster, server, raceway_token_hash(token, hash),
					  NOW + 3600, &err),
		     0);
}

static void check_no(int r, const char *words)
{
	cr_assert_lt(r, 0);
	cr_assert_eq(err.fault, RACEWAY_FAULT_FORBIDDEN);
	cr_assert(strstr(err.message, words), "%s", err.message);
	err = (struct raceway_error){ 0 };
}

#define MAY(server, token, now) raceway_roster_may(&roster, server, token, now, &err)

Test(roster, a_token_is_for_one_server_one_hour_and_one_use)
{
	offer("s1", secret);
	offer("s2", second);
	again();
	cr_assert(raceway_roster_knows(&roster, "s1"));
	cr_assert_not(raceway_roster_enrolled(&roster, "s1"));
	cr_assert_eq(MAY("s1", secret, NOW + 3600), 0);
	check_no(MAY("s1", secret, NOW + 3601), "has expired");
	check_no(MAY("s1", second, NOW), "for server s2, not for s1");
	check_no(MAY("s3", secret, NOW), "for server s1, not for s3");
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "aa", &err), 0);
	again();
	check_no(MAY("s1", secret, NOW), "was used already");
	cr_assert(raceway_roster_enrolled(&roster, "s1"));
	cr_assert_eq(MAY("s2", second, NOW), 0);
}

Test(roster, the_newest_token_counts)
{
	offer("s1", secret);
	offer("s1", second);
	check_no(MAY("s1", secret, NOW), "not known here");
	cr_assert_eq(MAY("s1", second, NOW), 0);
}

Test(roster, the_newest_certificate_counts)
{
	check_no(raceway_roster_check(&roster, "s1", "aa", &err), "not enrolled");
	offer("s1", secret);
	check_no(raceway_roster_check(&roster, "s1", "", &err), "not enrolled");
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "aa", &err), 0);
	cr_assert_eq(raceway_roster_check(&roster, "s1", "aa", &err), 0);
	check_no(raceway_roster_check(&roster, "s2", "aa", &err), "not enrolled");
	offer("s1", second);
	cr_assert_eq(raceway_roster_check(&roster, "s1", "aa", &err), 0); /* until it is used */
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "bb", &err), 0);
	again();
	check_no(raceway_roster_check(&roster, "s1", "aa", &err), "another certificate");
	cr_assert_eq(raceway_roster_check(&roster, "s1", "bb", &err), 0);
}

Test(roster, a_renewed_certificate_takes_over_with_its_first_use)
{
	offer("s1", secret);
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "aa", &err), 0);
	cr_assert_eq(raceway_roster_renew(&roster, "s1", "bb", &err), 0);
	again();
	cr_assert_eq(raceway_roster_check(&roster, "s1", "aa", &err), 0);
	cr_assert_eq(raceway_roster_check(&roster, "s1", "bb", &err), 0);
	again();
	check_no(raceway_roster_check(&roster, "s1", "aa", &err), "another certificate");
	cr_assert_eq(raceway_roster_check(&roster, "s1", "bb", &err), 0);
}

Test(roster, what_was_renewed_and_not_used_ends_with_a_new_enrolment)
{
	offer("s1", secret);
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "aa", &err), 0);
	cr_assert_eq(raceway_roster_renew(&roster, "s1", "bb", &err), 0);
	offer("s1", second);
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "cc", &err), 0);
	check_no(raceway_roster_check(&roster, "s1", "bb", &err), "another certificate");
	cr_assert_eq(raceway_roster_check(&roster, "s1", "cc", &err), 0);
}

Test(roster, what_is_dropped_counts_no_more)
{
	offer("s1", secret);
	cr_assert_eq(raceway_roster_accept(&roster, "s1", "aa", &err), 0);
	offer("s1", second);
	cr_assert_eq(raceway_roster_drop(&roster, "s1", &err), 0);
	cr_assert_eq(raceway_roster_drop(&roster, "s1", &err), 0);
	again();
	check_no(raceway_roster_check(&roster, "s1", "aa", &err), "not enrolled");
	check_no(MAY("s1", second, NOW), "not known here");
}

Test(roster, no_secret_is_on_disk)
{
	char text[4096] = "", hex[RACEWAY_FINGERPRINT_TEXT];
	size_t bytes = 0;

	offer("s1", secret);
	cr_assert_eq(
		raceway_files_load(roster.dir_fd, "servers.json", text, sizeof(text) - 1, &bytes),
		0);
	cr_assert_gt(bytes, 0);
	cr_assert_not(strstr(text, raceway_hex_format(secret, sizeof(secret), hex)));
}

Test(roster, a_damaged_file_is_told)
{
	struct raceway_roster other;

	cr_assert_eq(raceway_files_save(roster.dir_fd, "servers.json", "{\"s1\"", 5), 0);
	cr_assert_lt(raceway_roster_open(&other, roster.dir_fd, &err), 0);
	cr_assert(strstr(err.message, "damaged"), "%s", err.message);
}
