/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* userspace/store: what was acknowledged is there again, whatever happened; what is not ours,
 * newer or damaged is refused and left byte for byte. */
#include "store/store.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEGMENT_PAIRS 2000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char base[] = "/tmp/raceway-store-XXXXXX";
static char dir[64], file[96], wal[104];

static void setup(void)
{
	cr_assert(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/state", base);
	snprintf(file, sizeof(file), "%s/raceway.db", dir);
	snprintf(wal, sizeof(wal), "%s-wal", file);
}

static void teardown(void)
{
	static const char *const names[] = { "raceway.db", "raceway.db-wal", "raceway.db-shm",
					     "raceway.lock", "raceway.db.new" };
	char path[128];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		unlink(path);
	}
	rmdir(dir);
	rmdir(base);
}

TestSuite(store, .init = setup, .fini = teardown, .timeout = 60);

static struct raceway_store *open_store(void)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_store *store = NULL;

	cr_assert_eq(raceway_store_open(dir, &store, &err), 0, "%s", err.message);
	return store;
}

static struct raceway_model *load(struct raceway_store *store)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_model *model = NULL;

	cr_assert_eq(raceway_store_load(store, &model, &err), 0, "%s", err.message);
	return model;
}

static void write_doc(struct raceway_model *model, const char *kind, const char *name, json_t *doc)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert(doc);
	cr_assert_eq(
		raceway_model_write(model, raceway_kind_find(kind), name, doc, RACEWAY_PUT, &err),
		0, "%s %s: %s", kind, name, err.message);
	json_decref(doc);
}

static struct raceway_model *example(const struct raceway_model *from)
{
	struct raceway_model *model = raceway_model_clone(from);

	write_doc(model, "port", "up0", json_pack("{s:s,s:s}", "dev", "eth0", "role", "uplink"));
	write_doc(model, "segment", "lan", json_pack("{s:s,s:i}", "uplink", "up0", "vlan", 100));
	write_doc(model, "profile", "web1", json_pack("{s:s}", "server", "local"));
	write_doc(model, "vnic", "web1/eth0",
		  json_pack("{s:s,s:s,s:b,s:s}", "segment", "lan", "tx-pir", "1gbit", "trunk", 1,
			    "description", "caf\xc3\xa9 \"x\" \\ '"));
	return model;
}

static bool same(const struct raceway_model *a, const struct raceway_model *b)
{
	for (size_t i = 0; i < raceway_kind_count; i++) {
		if (!json_equal((json_t *)raceway_model_all(a, &raceway_kinds[i]),
				(json_t *)raceway_model_all(b, &raceway_kinds[i])))
			return false;
	}
	return true;
}

static void commit(struct raceway_store *store, const struct raceway_model *before,
		   const struct raceway_model *after)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };

	cr_assert_eq(raceway_store_commit(store, before, after, NULL, &err), 0, "%s", err.message);
}

Test(store, a_note_goes_with_its_commit)
{
	json_auto_t *note = json_pack("{s:i}", "until", 7);
	struct raceway_store *store = open_store();
	struct raceway_model *empty = load(store), *model = example(empty), *back;

	cr_expect_null(raceway_store_note(store));
	raceway_store_set_note(store, note);
	raceway_store_close(store); /* no commit */
	store = open_store();
	raceway_model_free(load(store));
	cr_expect_null(raceway_store_note(store));
	raceway_store_set_note(store, note);
	commit(store, empty, model);
	raceway_store_close(store);
	store = open_store();
	back = load(store);
	cr_expect(same(model, back));
	cr_expect(json_equal(raceway_store_note(store), note));
	commit(store, back, empty); /* the note stays */
	raceway_store_set_note(store, NULL);
	commit(store, empty, empty);
	raceway_store_close(store);
	store = open_store();
	raceway_model_free(load(store));
	cr_expect_null(raceway_store_note(store));
	raceway_store_close(store);
	raceway_model_free(empty);
	raceway_model_free(model);
	raceway_model_free(back);
}

Test(store, everything_comes_back)
{
	struct raceway_store *store = open_store();
	struct raceway_model *empty = load(store), *model = example(empty), *back, *later;
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct stat info;

	cr_expect_eq(json_object_size(raceway_model_all(empty, raceway_kind_find("server"))), 1);
	commit(store, empty, model);
	raceway_store_close(store);
	cr_assert_eq(stat(dir, &info), 0);
	cr_expect_eq(info.st_mode & 0777, 0700);
	cr_assert_eq(stat(file, &info), 0);
	cr_expect_eq(info.st_mode & 0777, 0600);

	store = open_store();
	back = load(store);
	cr_expect(same(model, back));
	/* also the numbers, which no document shows */
	cr_expect_eq(
		raceway_model_u64(raceway_kind_find("vnic"),
				  raceway_model_get(back, raceway_kind_find("vnic"), "web1/eth0"),
				  "number"),
		1);

	later = raceway_model_clone(back);
	cr_assert_eq(raceway_model_delete(later, raceway_kind_find("vnic"), "web1/eth0", &err), 0);
	write_doc(later, "segment", "lan", json_pack("{s:s,s:i}", "uplink", "up0", "vlan", 7));
	commit(store, back, later);
	raceway_model_free(back);
	raceway_store_close(store);
	store = open_store();
	back = load(store);
	cr_expect(same(later, back));
	cr_expect_not(raceway_model_get(back, raceway_kind_find("vnic"), "web1/eth0"));
	raceway_store_close(store);
	raceway_model_free(empty);
	raceway_model_free(model);
	raceway_model_free(later);
	raceway_model_free(back);
}

/* MACs come from the names; two stores must not make the same ones. */
Test(store, salt_is_the_stores_own)
{
	char macs[3][32];

	for (int i = 0; i < 3; i++) {
		struct raceway_store *store;
		struct raceway_model *empty, *model;
		const json_t *doc;

		if (i == 2) {
			unlink(file);
			unlink(wal);
		}
		store = open_store();
		empty = load(store);
		model = example(empty);
		doc = raceway_model_get(model, raceway_kind_find("vnic"), "web1/eth0");
		snprintf(macs[i], sizeof(macs[i]), "%s",
			 raceway_model_text(raceway_kind_find("vnic"), doc, "mac"));
		raceway_store_close(store);
		raceway_model_free(empty);
		raceway_model_free(model);
	}
	cr_expect_str_eq(macs[0], macs[1]);
	cr_expect_str_neq(macs[0], macs[2]);
}

Test(store, second_daemon_is_refused)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_store *store = open_store(), *second = NULL;
	char pid[32];

	cr_expect_eq(raceway_store_open(dir, &second, &err), -EPERM);
	cr_expect_null(second);
	cr_expect_eq(err.fault, RACEWAY_FAULT_REFUSED);
	cr_expect_str_eq(err.field, "state-dir");
	snprintf(pid, sizeof(pid), "(process %d)", getpid());
	cr_expect(strstr(err.message, dir), "%s", err.message);
	cr_expect(strstr(err.message, "in use by another racewayd"), "%s", err.message);
	cr_expect(strstr(err.message, pid), "%s", err.message);
	raceway_store_close(store);
	store = open_store();
	raceway_store_close(store);
}

static void overwrite(const char *path, const char *bytes, size_t size, off_t at, bool cut)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	cr_assert_geq(fd, 0);
	if (cut)
		cr_assert_eq(ftruncate(fd, at), 0);
	cr_assert_eq(pwrite(fd, bytes, size, at), (ssize_t)size);
	close(fd);
}

static void sql(const char *text)
{
	sqlite3 *db = NULL;

	cr_assert_eq(sqlite3_open(file, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void fill_store(void)
{
	struct raceway_store *store = open_store();
	struct raceway_model *empty = load(store), *model = example(empty);

	commit(store, empty, model);
	raceway_store_close(store);
	raceway_model_free(empty);
	raceway_model_free(model);
}

static size_t slurp(char *buf, size_t size)
{
	int fd = open(file, O_RDONLY);
	ssize_t length;

	cr_assert_geq(fd, 0);
	length = read(fd, buf, size);
	cr_assert(length >= 0 && (size_t)length < size);
	close(fd);
	return (size_t)length;
}

static void garbage(void)
{
	char noise[8192];

	memset(noise, 'x', sizeof(noise));
	overwrite(file, noise, sizeof(noise), 0, true);
}

static void half_page(void)
{
	overwrite(file, "", 0, 5000, true);
}

static void bad_page(void)
{
	char noise[2048];

	memset(noise, 0xa5, sizeof(noise));
	overwrite(file, noise, sizeof(noise), 8192, false);
}

static void emptied(void)
{
	overwrite(file, "", 0, 0, true);
}

static void newer(void)
{
	sql("PRAGMA user_version = 3");
}

static void foreign(void)
{
	sql("PRAGMA application_id = 1");
}

Test(store, refused_and_left_as_it_is)
{
	static const struct {
		const char *what;
		void (*harm)(void);
		const char *says;
	} cases[] = {
		{ "garbage", garbage, "is damaged" },
		{ "cut", half_page, "is damaged" },
		{ "page", bad_page, "is damaged" },
		{ "empty", emptied, "is damaged (it is empty)" },
		{ "newer", newer, "was written by a newer version (schema 3, this one knows 2)" },
		{ "foreign", foreign, "is a database of something else" },
	};
	static char before[1 << 20], after[1 << 20];

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_store *store = NULL;
		size_t size;

		unlink(file);
		unlink(wal);
		fill_store();
		cases[i].harm();
		size = slurp(before, sizeof(before));
		cr_expect_eq(raceway_store_open(dir, &store, &err), -EIO, "%s", cases[i].what);
		cr_expect_null(store);
		cr_expect(strstr(err.message, cases[i].says), "%s: %s", cases[i].what, err.message);
		cr_expect(strstr(err.message, "raceway.db"), "%s: %s", cases[i].what, err.message);
		cr_expect_str_eq(err.field, "state-dir", "%s", cases[i].what);
		cr_expect_eq(slurp(after, sizeof(after)), size, "%s", cases[i].what);
		cr_expect_arr_eq(before, after, size, "%s", cases[i].what);
	}
}

Test(store, log_without_its_file)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_store *store = NULL;

	fill_store();
	unlink(file);
	overwrite(wal, "x", 1, 0, true);
	cr_expect_eq(raceway_store_open(dir, &store, &err), -EIO);
	cr_expect(strstr(err.message, "is missing, but its log"), "%s", err.message);
}

Test(store, objects_not_understood)
{
	static const struct {
		const char *sql, *object, *says;
	} cases[] = {
		{ "INSERT INTO objects(kind, name, doc) VALUES('gadget', 'x', '{}')", "",
		  "holds \"gadget x\", which this version does not understand" },
		{ "INSERT INTO objects(kind, name, doc) VALUES('acl', 'x', '{}')", "",
		  "holds \"acl x\", which this version does not understand" },
		{ "UPDATE objects SET doc = '{' WHERE kind = 'segment'", "",
		  "holds \"segment lan\"" },
		{ "UPDATE objects SET doc = '{\"colour\":1}' WHERE kind = 'segment'", "segment lan",
		  "colour is not known to this version" },
		{ "UPDATE objects SET doc = '{\"vlan\":5000}' WHERE kind = 'segment'",
		  "segment lan", "vlan 5000 is out of range, 1 to 4094" },
		{ "UPDATE objects SET name = '../x' WHERE kind = 'segment'", "segment ../x",
		  "is not an object" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
		struct raceway_store *store;
		struct raceway_model *model = NULL;

		unlink(file);
		unlink(wal);
		fill_store();
		sql(cases[i].sql);
		store = open_store();
		cr_expect_lt(raceway_store_load(store, &model, &err), 0, "%s", cases[i].sql);
		cr_expect_null(model);
		cr_expect_str_eq(err.object, cases[i].object, "%s", cases[i].sql);
		cr_expect(strstr(err.message, cases[i].says), "%s: %s", cases[i].sql, err.message);
		raceway_store_close(store);
	}
}

/* A trigger stands for the disk that fails in the middle of a transaction. */
Test(store, failed_commit_changes_nothing)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	struct raceway_store *store;
	struct raceway_model *empty, *model, *back;

	store = open_store();
	raceway_store_close(store);
	sql("CREATE TRIGGER t BEFORE INSERT ON objects WHEN NEW.kind = 'vnic' "
	    "BEGIN SELECT RAISE(ABORT, 'disk on fire'); END");
	store = open_store();
	empty = load(store);
	model = example(empty);
	cr_expect_eq(raceway_store_commit(store, empty, model, NULL, &err), -EIO);
	cr_expect_eq(err.fault, RACEWAY_FAULT_SYSTEM);
	cr_expect(strstr(err.message, "cannot write"), "%s", err.message);
	cr_expect(strstr(err.message, "disk on fire"), "%s", err.message);
	back = load(store);
	cr_expect(same(empty, back));
	raceway_model_free(back);
	/* and the store still works */
	raceway_store_close(store);
	sql("DROP TRIGGER t");
	store = open_store();
	commit(store, empty, model);
	back = load(store);
	cr_expect(same(model, back));
	raceway_store_close(store);
	raceway_model_free(empty);
	raceway_model_free(model);
	raceway_model_free(back);
}

/* Commits pairs of segments, tells the pipe after each, until it is killed. */
static void write_until_killed(int fd)
{
	struct raceway_store *store = NULL;
	struct raceway_model *model = NULL, *next;

	if (raceway_store_open(dir, &store, NULL) < 0 ||
	    raceway_store_load(store, &model, NULL) < 0)
		_exit(1);
	for (uint32_t i = 1; i < SEGMENT_PAIRS; i++) {
		json_t *doc = json_object();
		char name[32];

		next = raceway_model_clone(model);
		for (int side = 0; side < 2; side++) {
			snprintf(name, sizeof(name), "s%u-%d", i, side);
			if (raceway_model_write(next, raceway_kind_find("segment"), name, doc,
						RACEWAY_PUT, NULL) < 0)
				_exit(2);
		}
		if (raceway_store_commit(store, model, next, NULL, NULL) < 0)
			_exit(3);
		if (write(fd, &i, sizeof(i)) != sizeof(i))
			_exit(4);
		raceway_model_free(model);
		json_decref(doc);
		model = next;
	}
	pause();
}

Test(store, killed_in_the_middle)
{
	const struct raceway_kind *kind = raceway_kind_find("segment");

	for (int round = 0; round < 8; round++) {
		struct raceway_store *store;
		struct raceway_model *model;
		uint32_t acknowledged = 0, seen;
		int pipes[2], status;
		size_t count;
		pid_t pid;

		unlink(file);
		unlink(wal);
		cr_assert_eq(pipe(pipes), 0);
		pid = fork();
		cr_assert_geq(pid, 0);
		if (pid == 0) {
			close(pipes[0]);
			write_until_killed(pipes[1]);
			_exit(0);
		}
		close(pipes[1]);
		/* some commits in, then at a moment that has nothing to do with them */
		while (acknowledged < 5 && read(pipes[0], &seen, sizeof(seen)) == sizeof(seen))
			acknowledged = seen;
		usleep((useconds_t)(round * 1700));
		kill(pid, SIGKILL);
		while (read(pipes[0], &seen, sizeof(seen)) == sizeof(seen))
			acknowledged = seen;
		close(pipes[0]);
		cr_assert_eq(waitpid(pid, &status, 0), pid);
		cr_assert(WIFSIGNALED(status), "the writer ended by itself: %d", status);
		cr_assert_geq(acknowledged, 5);

		store = open_store();
		model = load(store);
		for (uint32_t i = 1; i <= acknowledged; i++) {
			for (int side = 0; side < 2; side++) {
				char name[32];

				snprintf(name, sizeof(name), "s%u-%d", i, side);
				cr_expect(raceway_model_get(model, kind, name),
					  "%s of %u was acknowledged and is gone", name,
					  acknowledged);
			}
		}
		/* at most the one that was not acknowledged any more, and never half of it */
		count = json_object_size(raceway_model_all(model, kind));
		cr_expect(count == acknowledged * 2 || count == acknowledged * 2 + 2,
			  "%zu objects after %u commits", count, acknowledged);
		raceway_store_close(store);
		raceway_model_free(model);
	}
}
