/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Files of a pool, and secrets, in a folder of the test's own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vhba/names.h"
#include "vhba/pool.h"
#include "vhba/secret.h"

static char folder[64];
static struct raceway_error err;

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/rwunit.XXXXXX");
	cr_assert_not_null(mkdtemp(folder));
}

static void end(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	if (fork() == 0)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	else
		wait(NULL);
}

static const char *in_folder(const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	cr_assert_eq(fchmod(fd, mode), 0);
	close(fd);
}

Test(names, are_no_paths)
{
	static const char *const bad[] = { "",	     "a",    "/a",	 "a/",	  "a/b/c", "a/.b",
					   "a/..",   "../b", "a/b\nc",	 "a/-b",  "a/b c", ".a/b",
					   "a/\xc3", "a//b", "a/b;rm *", "a/$(b)" };
	char san[64], name[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_eq(raceway_name_split(bad[i], san, name, sizeof(name)), -EINVAL, "%s",
			     bad[i]);
	cr_assert_eq(raceway_name_split("pool1/web.disk-0_a", san, name, sizeof(name)), 0);
	cr_expect_str_eq(san, "pool1");
	cr_expect_str_eq(name, "web.disk-0_a");
	cr_expect_eq(raceway_name_split("pool1/web.disk-0_a", san, name, 5), -EINVAL, "no room");
}

Test(names, hex64)
{
	uint64_t value = 7;

	cr_expect_eq(raceway_name_hex64("0123456789abcde", &value), -EINVAL);
	cr_expect_eq(raceway_name_hex64("0123456789abcdefa", &value), -EINVAL);
	cr_expect_eq(raceway_name_hex64("0x23456789abcdef", &value), -EINVAL);
	cr_expect_eq(value, 7);
	cr_expect_eq(raceway_name_hex64("0123456789ABcdef", &value), 0);
	cr_expect_eq(value, 0x0123456789abcdefULL);
}

Test(pool, makes_thin_files_and_nothing_twice, .init = begin, .fini = end)
{
	struct stat info;

	cr_assert_eq(raceway_pool_create(folder, "p/one", 1ULL << 30, &err), 0);
	cr_assert_eq(stat(in_folder("one.raw"), &info), 0);
	cr_expect_eq(info.st_size, 1LL << 30);
	cr_expect_eq(info.st_blocks, 0, "it takes no space");
	cr_expect_eq(info.st_mode & 0777, 0600);
	cr_expect_eq(raceway_pool_create(folder, "p/one", 512, &err), -EPERM);
	cr_expect_eq(err.fault, RACEWAY_FAULT_REFUSED);
	cr_expect_str_eq(err.object, "volume p/one");
	cr_assert_eq(stat(in_folder("one.raw"), &info), 0);
	cr_expect_eq(info.st_size, 1LL << 30, "the old one stays as it is");
}

Test(pool, follows_no_link_and_leaves_the_folder_by_no_name, .init = begin, .fini = end)
{
	struct raceway_error more = { 0 };
	int fd = -1;

	write_file("victim", "precious", 0600);
	cr_assert_eq(symlink(in_folder("victim"), "link"), 0);
	cr_assert_eq(rename("link", in_folder("evil.raw")), 0);
	cr_expect_lt(raceway_pool_open(folder, "p/evil", &fd, &err), 0);
	cr_expect_eq(fd, -1);
	cr_expect_lt(raceway_pool_create(folder, "p/evil", 512, &more), 0);
	cr_expect_lt(raceway_pool_create(folder, "p/../evil", 512, NULL), 0);
	cr_expect_lt(raceway_pool_create("relative", "p/one", 512, NULL), 0);
}

Test(pool, grows_only, .init = begin, .fini = end)
{
	struct stat info;

	cr_assert_eq(raceway_pool_create(folder, "p/one", 1 << 20, &err), 0);
	cr_assert_eq(raceway_pool_resize(folder, "p/one", 2 << 20, &err), 0);
	cr_expect_eq(raceway_pool_resize(folder, "p/one", 1 << 20, &err), -EPERM);
	cr_assert_eq(stat(in_folder("one.raw"), &info), 0);
	cr_expect_eq(info.st_size, 2 << 20);
	memset(&err, 0, sizeof(err));
	cr_expect_eq(raceway_pool_resize(folder, "p/two", 1 << 20, &err), -ENOENT);
}

Test(pool, deletes_what_is_there, .init = begin, .fini = end)
{
	cr_assert_eq(raceway_pool_create(folder, "p/one", 512, &err), 0);
	cr_assert_eq(raceway_pool_delete(folder, "p/one", &err), 0);
	cr_expect_neq(access(in_folder("one.raw"), F_OK), 0);
	cr_expect_eq(raceway_pool_delete(folder, "p/one", &err), 0, "gone is gone");
}

Test(pool, copies_become_volumes_when_they_are_kept, .init = begin, .fini = end)
{
	struct raceway_pool_copy copy;
	bool whole = false;
	struct stat info;

	cr_assert_eq(raceway_pool_create(folder, "p/one", 1 << 20, &err), 0);
	cr_assert_eq(raceway_pool_copy_begin(folder, "p/one", "p/two", &copy, &whole, &err), 0);
	cr_expect_neq(access(in_folder("two.raw"), F_OK), 0, "not yet");
	cr_assert_eq(raceway_pool_copy_keep(&copy, &err), 0);
	cr_assert_eq(stat(in_folder("two.raw"), &info), 0);
	cr_expect_eq(info.st_size, 1 << 20);
	cr_expect_lt(raceway_pool_copy_begin(folder, "p/one", "p/two", &copy, &whole, NULL), 0,
		     "there is one");
	cr_assert_eq(raceway_pool_copy_begin(folder, "p/one", "p/three", &copy, &whole, &err), 0);
	raceway_pool_copy_drop(&copy);
	cr_expect_neq(access(in_folder(".three.raw"), F_OK), 0);
	cr_expect_neq(access(in_folder("three.raw"), F_OK), 0);
}

Test(secret, comes_from_a_file_that_others_cannot_read, .init = begin, .fini = end)
{
	uint8_t secret[32];
	size_t bytes = 0;

	write_file("good", "topsecret1234\n", 0600);
	cr_assert_eq(raceway_secret_read(in_folder("good"), secret, sizeof(secret), &bytes, &err),
		     0);
	cr_expect_eq(bytes, 13);
	cr_expect_arr_eq(secret, "topsecret1234", 13);
	cr_expect_eq(raceway_secret_read(in_folder("good"), secret, 12, &bytes, NULL), -EINVAL);
	write_file("group", "topsecret1234", 0640);
	cr_expect_eq(raceway_secret_read(in_folder("group"), secret, 32, &bytes, &err), -EINVAL);
	cr_expect_not_null(strstr(err.message, "read by others"));
	cr_expect_null(strstr(err.message, "topsecret"), "the secret is never told");
	write_file("world", "topsecret1234", 0604);
	cr_expect_eq(raceway_secret_read(in_folder("world"), secret, 32, &bytes, NULL), -EINVAL);
	write_file("empty", "\n", 0600);
	cr_expect_eq(raceway_secret_read(in_folder("empty"), secret, 32, &bytes, NULL), -EINVAL);
	cr_expect_eq(raceway_secret_read(in_folder("none"), secret, 32, &bytes, NULL), -EINVAL);
	cr_expect_eq(raceway_secret_read(folder, secret, 32, &bytes, NULL), -EINVAL);
	cr_expect_eq(bytes, 13, "untouched on failure");
}
