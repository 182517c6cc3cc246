/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's state and the one way to change it: clone, change, check, plan, store, make, swap.
 * Nothing is ever half done: what fails is taken back, in the kernel, in the storage engine and in
 * the store. */
#ifndef RACEWAY_API_CORE_H
#define RACEWAY_API_CORE_H

#include "api/caller.h"
#include "model/model.h"
#include "plan/announce.h"
#include "plan/kernel.h"
#include "storage/storage.h"
#include "store/store.h"

struct raceway_samples;

enum raceway_node_role {
	RACEWAY_NODE_STANDALONE,
	RACEWAY_NODE_DIRECTOR,
	RACEWAY_NODE_SERVER,
};

struct raceway_core_options {
	const char *state_dir;
	const char *pin_dir;
	uint32_t max_vnics; /* 0: the default, or what the pins have */
	enum raceway_node_role role;
	const char *node;
	const char *run_dir; /* NULL: no storage */
	const char *vhba;    /* the engine's program, "none"; NULL or "": found by itself */
	const char *target;  /* NULL or "": from the node's name */
	const struct raceway_role_groups *role_groups; /* NULL: the default ones */
};

/* What links between nodes have to do with the core (node/node.h); all NULL without them. */
struct raceway_core_nodes {
	void *context;
	/* A change is made: `changes` as raceway_model_diff() gives it, borrowed. */
	void (*on_change)(void *context, const json_t *changes);
	/* A token for a server: {"token", "server", "expires"}, a new reference. */
	int (*enroll)(void *context, const char *server, json_t **ret_answer,
		      struct raceway_error *err);
};

struct raceway_core {
	struct raceway_store *store;
	struct raceway_model *model;
	struct raceway_kernel kernel;
	struct raceway_storage storage;
	struct {
		struct raceway_announcer announcer;
		int timer_fd; /* for epoll: then raceway_core_announce() */
		int send_fd;
	} announce;
	struct raceway_world world;
	enum raceway_node_role role;
	json_t *going;	    /* deleted volumes whose files are still there (model/storage.h) */
	int64_t settled_ms; /* storage.up_ms when copies were looked at */
	bool host_keep;	    /* of ports that do not say */
	bool settle_due;    /* raceway_dp_settle() after the reply */
	bool trim_due;	    /* give memory back after the reply */
	struct raceway_role_groups role_groups;
	char node[64];
	char pin_dir[256];
	struct raceway_samples *samples;
	struct raceway_core_nodes nodes;
	/* Of a director: server -> {"connected", "since", "address", "agent_version", "why", "vnics":
	 * {vNIC -> {"oper", "reason"}}} for each that is enrolled; of a server: "local" alone, with
	 * what is known of its director. NULL: none. */
	json_t *agents;
	/* Something happened; `data` is borrowed. May be NULL. */
	void (*on_event)(void *context, const char *event, json_t *data);
	void *on_event_context;
};

/* Opens store and data path, makes the kernel as the store says (what cannot be made so is
 * remembered as a trouble of its object). *core must stay where it is. */
int raceway_core_open(struct raceway_core *core, const struct raceway_core_options *options,
		      struct raceway_error *err);
/* The data path goes on without us. */
void raceway_core_close(struct raceway_core *core);

/* Changes a clone of the model; context is the caller's. */
typedef int (*raceway_core_edit)(struct raceway_model *model, void *context,
				 struct raceway_error *err);
/* One change, on whose account. */
struct raceway_change {
	const struct raceway_caller *caller; /* must have the right to all that it changes */
	raceway_core_edit edit;
	void *context;
	bool dry_run; /* everything short of the store and the kernel */
	/* What the director of this server says: nothing that is its own is refused, what the
	 * kernel does not take is remembered as a trouble of its object, and the rest is made. */
	bool adopt;
	/* A whole state from elsewhere: as in struct raceway_record. */
	const json_t *marks;
	uint64_t sequence;
};

/* All or nothing. *ret_changes (may be NULL) is a new reference to what changed, as
 * raceway_model_diff() gives it. */
int raceway_core_change(struct raceway_core *core, const struct raceway_change *change,
			json_t **ret_changes, struct raceway_error *err);

/* copies.c: an event of the engine about a copy. */
void raceway_core_copy_event(struct raceway_core *core, const json_t *event);
/* Once for each engine that comes: copies that nobody goes on with, files that should be gone. */
void raceway_core_settle(struct raceway_core *core);
/* Deletes the files of core->going, and then forgets them. */
void raceway_core_sweep(struct raceway_core *core);

/* announce.c: before the tables are filled for the first time. */
int raceway_core_announce_open(struct raceway_core *core, struct raceway_error *err);
void raceway_core_announce_close(struct raceway_core *core);
/* The tables may have changed: who has come to a new place is announced, by the timer. */
void raceway_core_announce_update(struct raceway_core *core);
/* A link (or NULL) that may have its carrier again. */
void raceway_core_announce_link(struct raceway_core *core, const struct raceway_link *link);
/* It is time to send. */
void raceway_core_announce(struct raceway_core *core);

/* Link events are waiting: takes them, and makes right what they concern. */
void raceway_core_listen(struct raceway_core *core);
/* Whether programs were taken off without an event; then makes it right. */
void raceway_core_look(struct raceway_core *core);
/* The storage engine has something to say, or it is time to look for it. */
void raceway_core_storage(struct raceway_core *core);
/* Looks at everything anew. */
int raceway_core_reconcile(struct raceway_core *core, struct raceway_error *err);

/* Tells on_event: {"time": ns, ...} with the given members, taking over `data`. */
void raceway_core_event(struct raceway_core *core, const char *event, json_t *data);

#endif
