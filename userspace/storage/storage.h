/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* racewayd's side of the storage engine: starts it, tells it what to serve, knows how it is.
 *
 * A change goes: raceway_storage_prepare() makes and enlarges files, the store commits,
 * raceway_storage_make() tells the engine, raceway_storage_delete() deletes files; each step
 * before the commit can be taken back. When the engine dies it is started again, after longer and
 * longer pauses, and told everything anew. One caller, one thread; a call takes two seconds at
 * most before the engine counts as not answering. */
#ifndef RACEWAY_STORAGE_STORAGE_H
#define RACEWAY_STORAGE_STORAGE_H

#include <sys/types.h>

#include "storage/listen.h"

#define RACEWAY_STORAGE_NOBODY "none" /* as a program: somebody else starts the engine */

struct raceway_storage_options {
	const char *run_dir;   /* NULL: there is no storage at all */
	const char *state_dir; /* of the daemon; the engine's is vhba in it */
	const char *program;   /* "" or NULL: raceway-vhba beside the daemon, or by PATH */
	const char *target;    /* "" or NULL: iqn.2026-11.local.raceway:NODE */
	const char *node;
	unsigned int ms; /* 0: RACEWAY_WIRE_MS */
};

struct raceway_storage {
	struct raceway_wire wire;
	struct raceway_listeners listeners;
	int epoll_fd; /* to wait on; then raceway_storage_tend(). -1: no storage */
	int timer_fd;
	char socket[108], program[256], run_dir[256], state_dir[300], node[64];
	char target[RACEWAY_ISCSI_NAME_TEXT];
	json_t *served;	  /* the document that it was given last, NULL: unknown */
	json_t *problems; /* "volume pool/boot" -> why it cannot be served */
	char version[32];
	pid_t pid;
	char why[256]; /* it does not answer, "" if it does */
	int64_t up_ms; /* since when it answers */
	unsigned int pause_ms;
	bool wanted; /* there is something to serve */
	void (*on_event)(void *context, const char *event, json_t *data);
	void *context;
};

/* A name that iSCSI takes, made of the node's. Returns buf. */
char *raceway_storage_target(const char *node, char buf[RACEWAY_ISCSI_NAME_TEXT]);

int raceway_storage_open(struct raceway_storage *storage,
			 const struct raceway_storage_options *options, struct raceway_error *err);
/* The engine goes on without us. */
void raceway_storage_close(struct raceway_storage *storage);

/* At the daemon's start: takes over an engine that runs, starts one if the model has storage, and
 * makes it so; what cannot be is tried again later. */
void raceway_storage_start(struct raceway_storage *storage, const struct raceway_model *model);

/* That it answers; if it should and does not, one is started. `model`: what is to be served. */
int raceway_storage_ensure(struct raceway_storage *storage, const struct raceway_model *model,
			   struct raceway_error *err);

struct raceway_storage_change {
	json_t *made; /* files: {"volume", "type", "path"} */
};
/* Makes the files of volumes that `after` has and `before` has not, copies what is a copy (and
 * notes in `after` where that goes on), and makes larger what grew. On failure nothing is left of
 * it but room in files that grew. */
int raceway_storage_prepare(struct raceway_storage *storage, const struct raceway_model *before,
			    struct raceway_model *after, struct raceway_storage_change *ret_change,
			    struct raceway_error *err);
void raceway_storage_take_back(struct raceway_storage *storage,
			       struct raceway_storage_change *change);
void raceway_storage_change_clear(struct raceway_storage_change *change);

/* Tells the engine. `strict`: what cannot be served, and could be before, is the error, and the
 * engine is to be told of the old model again. Nothing is done where nothing differs. */
int raceway_storage_make(struct raceway_storage *storage, const struct raceway_model *model,
			 bool strict, struct raceway_error *err);
/* Deletes what is left of a volume that is served no more: its file in the pool `path` (NULL: it
 * has none), and what the engine keeps under its `id` (NULL: nothing). 0 also if there is none. */
int raceway_storage_delete(struct raceway_storage *storage, const char *volume, const char *path,
			   const char *id, struct raceway_error *err);

/* Something is to be read, or it is time: events, a new engine, sockets that were missing. */
void raceway_storage_tend(struct raceway_storage *storage, const struct raceway_model *model);
/* Whether raceway_storage_tend() is due though epoll_fd does not say so: events came beside an
 * answer. */
bool raceway_storage_pending(const struct raceway_storage *storage);
/* Tells the engine everything anew: files with secrets may have changed. */
void raceway_storage_again(struct raceway_storage *storage, const struct raceway_model *model);
/* Network namespaces have come or gone. */
void raceway_storage_look(struct raceway_storage *storage, const struct raceway_model *model);

/* The engine's "status", a new reference; NULL: it does not answer. */
json_t *raceway_storage_status(struct raceway_storage *storage, bool statistics);
/* Why "volume pool/boot" cannot be served, or NULL. */
const char *raceway_storage_problem(const struct raceway_storage *storage, const char *kind,
				    const char *name);
bool raceway_storage_up(const struct raceway_storage *storage);

#endif
