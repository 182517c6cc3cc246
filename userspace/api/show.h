/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Objects as `show` gives them: what is configured, with defaults, and what is. */
#ifndef RACEWAY_API_SHOW_H
#define RACEWAY_API_SHOW_H

#include "api/core.h"

/* All drop counters at one moment, by vNIC. */
struct raceway_drops {
	struct raceway_drop_count {
		struct raceway_drop_key key;
		uint64_t packets;
	} * count;
	size_t used, room;
};
int raceway_drops_read(struct raceway_core *core, struct raceway_drops *drops);
void raceway_drops_free(struct raceway_drops *drops);
/* An event for each counter that has grown since *former, which becomes what is now; none if
 * silent. */
void raceway_drops_tell(struct raceway_core *core, struct raceway_drops *former, bool silent);

/* New reference; NULL: out of memory. `drops` NULL: no statistics. */
json_t *raceway_show_object(struct raceway_core *core, const struct raceway_kind *kind,
			    const char *name, const json_t *doc, const struct raceway_drops *drops);
/* "name" and every word that exists, with defaults; absent values are null. */
json_t *raceway_show_words(const struct raceway_kind *kind, const char *name, const json_t *doc);
/* show_storage.c: the list of a kind of storage; one by name, or all where name is NULL. */
json_t *raceway_show_storage(struct raceway_core *core, const struct raceway_kind *kind,
			     const char *name, bool statistics);
/* show_identity.c: what there is to say of pools, templates and what is in these, besides words. */
void raceway_show_identity(struct raceway_core *core, json_t *object,
			   const struct raceway_kind *kind, const char *name, const json_t *doc);
/* Who has what of the pool, sorted: "holders": [{"value", "object"}]. */
void raceway_show_holders(struct raceway_core *core, json_t *object, const char *name);
/* {"schema": 1, "OBJECTs": [...]}: one by name, or all where name is NULL. */
json_t *raceway_show(struct raceway_core *core, const struct raceway_kind *kind, const char *name,
		     bool statistics);

/* Sorted names of the kind whose `word` is `value`, or that begin with "value/" (word NULL). */
json_t *raceway_show_names(struct raceway_core *core, const char *kind_name, const char *word,
			   const char *value);

/* "up", or why not, in buf. */
const char *raceway_oper_port(struct raceway_core *core, const char *name, char *buf, size_t size);
/* "up", "down" or "unbound"; why not up in `reason`, "" if up. */
const char *raceway_oper_vnic(struct raceway_core *core, const char *name, char *reason,
			      size_t size);

/* agents.c: what other nodes have to do with what is shown. */
/* A server's own API may not change what its director gives; REFUSED names the first of it. */
int raceway_agent_may(const struct raceway_core *core, const json_t *changes,
		      struct raceway_error *err);
/* "connected", "since", "address", "agent_version" of a server's agent (of a server: its director's
 * link, at `local`); null without one. */
void raceway_agent_show(const struct raceway_core *core, const char *server, json_t *object);
/* Why the agent of a server keeps it from being up, in buf; NULL: nothing, or there is none. */
const char *raceway_agent_reason(const struct raceway_core *core, const char *server, char *buf,
				 size_t size);
/* What an agent says of a vNIC that is up as far as this node can see: "up", "down", or "unknown"
 * with the reason; NULL: its server has no agent. */
const char *raceway_agent_oper(const struct raceway_core *core, const char *vnic, char *reason,
			       size_t size);

#endif
