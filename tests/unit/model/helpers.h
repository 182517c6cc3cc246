/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A model to begin with, a machine to run it on, and comparing errors as a whole. */
#ifndef RACEWAY_TESTS_MODEL_HELPERS_H
#define RACEWAY_TESTS_MODEL_HELPERS_H

#include <criterion/criterion.h>

#include "model/model.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Two servers behind fabric ports of 10gbit and of unknown speed, an uplink, four profiles. */
extern const char raceway_test_base[];
/* eth0, eth1, eth2, eth3 exist; eth0 and eth1 have 10 Gbit/s; MTU 1500, eth1 9000. */
extern const struct raceway_world raceway_test_world;

struct raceway_model *raceway_test_model(const char *yaml);
json_t *raceway_test_yaml(const char *yaml);
/* All there is, numbers included, as text to compare and free. */
char *raceway_test_dump(const struct raceway_model *model);

struct raceway_test_error {
	enum raceway_fault fault;
	const char *object, *field, *message; /* message: the whole of it */
};
void raceway_test_expect(const char *what, int result, const struct raceway_error *err,
			 const struct raceway_test_error *want);

/* One write and what becomes of it: write first, then check on the test's world. */
struct raceway_test_write {
	const char *kind, *name;
	enum raceway_write how;
	const char *doc;		/* JSON */
	struct raceway_test_error want; /* fault NONE: it is right */
};
/* On a clone of `base`, which must stay what it is; so must the clone if the write fails. */
void raceway_test_writes(const char *base, const struct raceway_test_write *writes, size_t count);

#endif
