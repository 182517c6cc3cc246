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

/* confirm.c: a change that is taken back unless it is confirmed in time. The way back and the end
 * of the time are the store's note. */
struct raceway_confirm {
	int timer_fd;	    /* for epoll: then raceway_core_confirm_due() */
	uint64_t within_ns; /* of the change in the making; 0: it is for good */
	bool taken_back;    /* the last one was */
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
	struct raceway_confirm confirm;
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
	/* Of a director: server -> {"connected", "since", "address", "agent_version", "why",
	 * "vnics": {vNIC -> {"oper", "reason"}}} for each that is enrolled; of a server: "local"
	 * alone, with what is known of its director. NULL: none. */
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
	/* Then all of it is taken back unless it was confirmed (0: never). Refused if it deletes or
	 * resizes what is stored on a volume. */
	uint64_t confirm_ns;
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

/* Keeps what waits to be confirmed; `caller` must have the right to all of it. */
int raceway_core_confirm(struct raceway_core *core, const struct raceway_caller *caller,
			 struct raceway_error *err);
/* New reference: {"until", "left", "within", "changes"} in ns, or null. */
json_t *raceway_core_confirm_show(const struct raceway_core *core);
/* Its time is up. */
void raceway_core_confirm_due(struct raceway_core *core);
/* Parts of raceway_core_open(): between store and kernel; and of a change: whether it must wait,
 * before anything is done, at its commit (`after`: as the store will have it), when that fails,
 * when all is done. */
int raceway_confirm_open(struct raceway_core *core, struct raceway_error *err);
int raceway_confirm_refuses(const struct raceway_core *core, const struct raceway_change *change,
			    struct raceway_error *err);
int raceway_confirm_check(const struct raceway_core *core, const json_t *changes,
			  struct raceway_error *err);
int raceway_confirm_note(struct raceway_core *core, const struct raceway_model *after,
			 struct raceway_error *err);
void raceway_confirm_forget(struct raceway_core *core);
void raceway_confirm_begin(struct raceway_core *core);

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

/* An event for each of the changes that raceway_model_diff() gives, made by whom. */
void raceway_core_tell(struct raceway_core *core, const json_t *changes, const char *by);

#endif
