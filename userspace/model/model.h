/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All configured objects: parse wholly, validate, only then take over. No I/O.
 * A model is a value: a change is made on a clone, checked, and swapped in or thrown away. */
#ifndef RACEWAY_MODEL_MODEL_H
#define RACEWAY_MODEL_MODEL_H

#include "model/schema.h"

struct raceway_model;

/* What only the machine knows and validation needs. Any callback may be NULL. */
struct raceway_world {
	/* Link speed in bit/s of a netdev, 0 if unknown or missing. */
	uint64_t (*speed_bps)(void *context, const char *dev);
	/* MTU of a netdev, 0 if missing. */
	uint32_t (*mtu)(void *context, const char *dev);
	bool (*dev_exists)(void *context, const char *dev);
	/* 0 if it is a directory, else why not, as -errno; what cannot be told is 0. */
	int (*dir_check)(void *context, const char *path);
	uint32_t max_vnics;
	void *context;
};

enum raceway_write {
	RACEWAY_ADD,   /* must not exist */
	RACEWAY_PUT,   /* make it exactly so: an absent attribute takes its default */
	RACEWAY_PATCH, /* must exist; change only what is named; null removes */
};

struct raceway_model *raceway_model_new(void); /* with server "local" */
struct raceway_model *raceway_model_clone(const struct raceway_model *model);
void raceway_model_free(struct raceway_model *model);

/* Part of every assigned MAC besides the name, so that machines with the same names on one LAN
 * do not assign the same; 0 in a new model. The store keeps one of its own. */
void raceway_model_set_salt(struct raceway_model *model, uint64_t salt);
uint64_t raceway_model_salt(const struct raceway_model *model);

/* `doc` as it came (units as text allowed; "name" and "schema" are not needed, and checked).
 * Assigns what is ASSIGNED and absent (numbers: the lowest free one; MACs: locally administered,
 * from the name, unique); PUT keeps what was assigned before, and a number that was given. A
 * value that is the default is not stored. Judges the object alone; the model is unchanged on
 * failure. Nested lists are not taken here. */
int raceway_model_write(struct raceway_model *model, const struct raceway_kind *kind,
			const char *name, const json_t *doc, enum raceway_write how,
			struct raceway_error *err);
/* Refuses while something refers to the object, or a profile has vNICs, and names it. */
int raceway_model_delete(struct raceway_model *model, const struct raceway_kind *kind,
			 const char *name, struct raceway_error *err);
/* A whole document (schema, ports, segments, profiles with vnics and vhbas, ...): every object
 * it names becomes exactly so; with `prune` the others go. Unchanged on failure. */
int raceway_model_apply(struct raceway_model *model, const json_t *document, bool prune,
			struct raceway_error *err);
/* Cross checks of the whole: references, duplicate MACs in a segment, admission per port
 * (section 6 of docs/design.md), MTU, spoofcheck off, ... What depends on the world (speeds,
 * MTUs, devices, max_vnics) is judged only where the model was changed since it was cloned or
 * made, so that a cable that is out does not refuse what has nothing to do with it. `world` may
 * be NULL. */
int raceway_model_check(const struct raceway_model *model, const struct raceway_world *world,
			struct raceway_error *err);

/* Borrowed normalised document or NULL. */
const json_t *raceway_model_get(const struct raceway_model *model, const struct raceway_kind *kind,
				const char *name);
/* Borrowed JSON object name -> document, sorted by name when iterated by the sorted list. */
const json_t *raceway_model_all(const struct raceway_model *model, const struct raceway_kind *kind);
/* A normalised document as it was stored; its form is checked. */
int raceway_model_restore(struct raceway_model *model, const struct raceway_kind *kind,
			  const char *name, const json_t *doc, struct raceway_error *err);
/* Makes it what the other one is, salt included, in one change; what is equal stays untouched. */
void raceway_model_become(struct raceway_model *model, const struct raceway_model *other);
/* New reference: a sorted JSON array of the names of a kind. */
json_t *raceway_model_names(const struct raceway_model *model, const struct raceway_kind *kind);

/* The same of those that belong to `parent`: "PARENT/...". */
json_t *raceway_model_members(const struct raceway_model *model, const struct raceway_kind *kind,
			      const char *parent);

/* Effective values with defaults filled in. 0, false or NULL where absent without default. */
uint64_t raceway_model_u64(const struct raceway_kind *kind, const json_t *doc, const char *word);
bool raceway_model_bool(const struct raceway_kind *kind, const json_t *doc, const char *word);
const char *raceway_model_text(const struct raceway_kind *kind, const json_t *doc,
			       const char *word);
/* Effective burst sizes in bytes, 0 without the rate they belong to. word is tx-cbs, tx-pbs,
 * rx-cbs or rx-pbs. Default: RACEWAY_BURST_MS of the rate and at least RACEWAY_BURST_MIN_BYTES;
 * of a given PBS the CBS is at most its share, as much as the CIR is of the PIR; the PBS at least
 * the CBS, and above it by that least depth where the PIR is above the CIR. */
uint64_t raceway_model_burst(const json_t *vnic_doc, const char *word);
/* Effective rate of a port: given, else 98 % of the link's speed, else 0 (unknown). */
uint64_t raceway_model_port_rate(const json_t *port_doc, const struct raceway_world *world);

/* New references. The document of `export`; changes as an array of
 * {"op": "add"|"change"|"del", "kind", "name", "field", "from", "to"}, empty if none. */
json_t *raceway_model_export(const struct raceway_model *model);
json_t *raceway_model_diff(const struct raceway_model *before, const struct raceway_model *after);
/* Names of the objects of a kind that only one of the two has, or that have another document, in
 * order; malloc'd, borrowed from the models. Only what was touched is looked at where `after` was
 * cloned from what `before` has. before NULL: all. NULL: out of memory. */
const char **raceway_model_differing(const struct raceway_model *before,
				     const struct raceway_model *after,
				     const struct raceway_kind *kind, size_t *ret_count);
/* New reference: what leads from `after` back to `before`, as an array of {"kind", "name", "doc"},
 * doc null where the object was not there. */
json_t *raceway_model_back(const struct raceway_model *before, const struct raceway_model *after);
/* Goes that way; what is gone already need not go. Judges the form of documents only. */
int raceway_model_go_back(struct raceway_model *model, const json_t *back,
			  struct raceway_error *err);
/* "+ vnic web1/eth0", "~ vnic web1/eth0 tx-pir 1gbit -> 2gbit", "- segment lan": one line. */
char *raceway_change_format(const json_t *change, char *buf, size_t size);

#endif
