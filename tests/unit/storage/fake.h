/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A storage engine that serves nothing: it remembers what it is told, answers what it is set to,
 * and misbehaves on request. Runs in a thread of the test. */
#ifndef RACEWAY_TESTS_STORAGE_FAKE_H
#define RACEWAY_TESTS_STORAGE_FAKE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FAKE_OPS 64

enum fake_mode {
	FAKE_WELL,
	FAKE_SILENT,   /* reads and does not answer */
	FAKE_GARBAGE,  /* answers with what is no JSON */
	FAKE_WRONG_ID, /* answers what nobody asked */
	FAKE_TOO_LONG, /* announces a frame above the limit */
	FAKE_CLOSE,    /* closes instead of an answer */
	FAKE_CRUMBS,   /* every byte of an answer by itself, an event before it */
};

struct fake {
	char dir[64], path[96];
	enum fake_mode mode;
	char mode_op[16];  /* "" every op, else only this one misbehaves */
	const char *error; /* JSON of "error" for `error_op` */
	const char *error_op;
	const char *problems; /* JSON list that configure answers */
	bool copied;	      /* clones are copies that go on */
	const char *volumes;  /* JSON list that status answers */
	long long netns;      /* cookie of the namespace of all portals; 0: it does not say */
	/* what was seen */
	int count;
	char ops[FAKE_OPS][16];
	json_t *requests[FAKE_OPS];
	json_t *document;  /* of the last configure */
	int fds[FAKE_OPS]; /* that came with each request */
	int listening;	   /* descriptors that listen, of all listen requests */
	json_t *portals;   /* names with a socket */
	int connections;
};

extern struct fake fake;

/* In a directory of its own; ends with the test. */
void fake_dir(void);
void fake_start(void);
/* The thread ends, connections and the socket are gone. */
void fake_stop(void);
void fake_event(const char *json); /* to whoever is connected */
void fake_forget(void);		   /* what was seen */
/* How often `op` was asked. */
int fake_asked(const char *op);
/* The last request of that op, borrowed; NULL: none. */
const json_t *fake_request(const char *op);
/* "hello configure listen" */
const char *fake_order(void);

#endif
