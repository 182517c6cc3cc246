/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of the model share among themselves. Nobody else includes this. */
#ifndef RACEWAY_MODEL_INTERNAL_H
#define RACEWAY_MODEL_INTERNAL_H

#include "model/model.h"

#define RACEWAY_MODEL_KINDS 20	    /* at least raceway_kind_count */
#define RACEWAY_MODEL_NAME 160	    /* "partition " and two names of 63 */
#define RACEWAY_MODEL_KEY 32	    /* a JSON key of an attribute */
#define RACEWAY_MODEL_LOCAL "local" /* the server that is this machine */

/* Documents never change once they are in a model, so models share them, and share whole kinds
 * until one of them writes (jansson's reference counts tell). */
struct raceway_model {
	json_t *objects[RACEWAY_MODEL_KINDS]; /* by position in raceway_kinds: name -> document */
	/* "vnic web1/eth0" -> true: changed since made or cloned; a vNIC's number if it was
	 * dropped, which no other gets in the same change: the data path knows it by that alone. */
	json_t *touched;
	json_t *origin[RACEWAY_MODEL_KINDS]; /* the objects that it was cloned from; NULL: none */
	uint64_t salt;
};

/* "vnic web1/eth0". Returns buf. */
char *raceway_model_object(const struct raceway_kind *kind, const char *name,
			   char buf[RACEWAY_MODEL_NAME]);
bool raceway_model_touched(const struct raceway_model *model, const char *kind, const char *name);
/* The document as it was before the change, NULL if it was not there or was not touched. Not for
 * vNICs that were dropped. */
const json_t *raceway_model_before(const struct raceway_model *model, const char *kind,
				   const char *name);

/* Whether all that was changed is right if each object is right by itself: then there is nothing to
 * check, as of a new rate. */
bool raceway_model_differs_alone(const struct raceway_model *model);
/* raceway_model_check() without asking that. */
int raceway_model_check_all(const struct raceway_model *model, const struct raceway_world *world,
			    struct raceway_error *err);

/* What an element of a list of references refers to: a name, or a LUN's volume. */
const char *raceway_model_reference(const json_t *item);

/* A copy that is still the same change: what was touched stays so. */
struct raceway_model *raceway_model_dup(const struct raceway_model *model);
/* The contents of *from move to *to; *from is then empty and only to be freed. */
void raceway_model_move(struct raceway_model *to, struct raceway_model *from);

/* Takes the reference `doc`. Writing what is there already touches nothing. */
void raceway_model_put(struct raceway_model *model, const struct raceway_kind *kind,
		       const char *name, json_t *doc);
void raceway_model_drop(struct raceway_model *model, const struct raceway_kind *kind,
			const char *name);

/* The normalised document that `doc` makes of what the model has, without what is still to be
 * assigned. That may be returned itself. */
int raceway_model_normalise(const struct raceway_model *model, const struct raceway_kind *kind,
			    const char *object, const char *name, const json_t *doc,
			    enum raceway_write how, json_t **ret_doc, struct raceway_error *err);
/* The rules that one object has by itself. */
int raceway_model_rules(const struct raceway_kind *kind, const char *object, const char *name,
			const json_t *doc, struct raceway_error *err);
/* Name and parent of an object that is to be written. */
int raceway_model_nameable(const struct raceway_model *model, const struct raceway_kind *kind,
			   const char *object, const char *name, struct raceway_error *err);

/* Whether the MAC is one that is made from the name, not one that somebody gave. */
bool raceway_assigned_mac(uint64_t salt, const char *name, const char *mac);
/* The same for port names: of a vHBA from its name, of a node from the profile's. */
bool raceway_assigned_wwn(uint64_t salt, const char *name, const char *wwn);

/* Text of one of the types PATH, WWN, ISCSI, ADDRESS to its canonical form; NULL: it is none. */
json_t *raceway_value_name(enum raceway_type type, const char *text);
/* What is wrong with a canonical one, ranges included. */
int raceway_value_check_name(const struct raceway_attr *attr, const char *object, const char *text,
			     struct raceway_error *err);
/* A list of LUNs to its normalised form, sorted by number. */
int raceway_value_luns(const struct raceway_attr *attr, const char *object, const json_t *value,
		       json_t **ret_value, struct raceway_error *err);
/* "0 pool/boot, 1 pool/data ro". */
void raceway_luns_format(const json_t *luns, char *buf, size_t size);

/* The rules that one pool has by itself. */
int raceway_pool_rules(const struct raceway_kind *kind, const char *object, const json_t *doc,
		       struct raceway_error *err);
/* Whether a follower has the word by itself, and not from its template. */
bool raceway_overrides(const json_t *doc, const char *word);
/* Of an object that names a pool: what is not of that pool goes, to be given anew; what `old`
 * (NULL: none) had of it stays. `seen` (NULL: none): words that somebody gave, for the checks to
 * judge. */
void raceway_model_settle_identities(const struct raceway_model *model,
				     const struct raceway_kind *kind, const json_t *old,
				     json_t *doc, const json_t *seen);
/* What follows for profiles from a change of the object: members made, changed or gone. `listed`
 * (NULL: none): profiles whose members are all said, so that an initial template adds none.
 * `named`: kind -> names; what is made or may lack an identity is added to it. */
int raceway_template_sync(struct raceway_model *model, const struct raceway_kind *kind,
			  const char *name, const json_t *listed, json_t *named,
			  struct raceway_error *err);
/* Numbers and identities of the named objects of a kind (name -> anything) that have none. */
int raceway_model_assign(struct raceway_model *model, const struct raceway_kind *kind,
			 const json_t *names, struct raceway_error *err);
/* "PARENT/MEMBER". Returns buf. */
char *raceway_model_join(char buf[RACEWAY_MODEL_NAME], const char *parent, const char *member);
/* Adds to the set of a kind in `named`. */
void raceway_model_name(json_t *named, const struct raceway_kind *kind, const char *name);
/* Adds a change for each word that differs. own: all that users see, else only the words that a
 * template has. */
void raceway_diff_fields(json_t *changes, const struct raceway_kind *kind, const char *name,
			 const json_t *before, const json_t *after, bool own);

/* The rules that one object of storage has by itself. */
int raceway_storage_rules(const struct raceway_kind *kind, const char *object, const json_t *doc,
			  struct raceway_error *err);

/* Bytes of the longest frame of a vNIC. */
uint64_t raceway_model_frame(const json_t *vnic_doc);

/* "10gbit", "on", "a b" of a value; the default or "none" where it is NULL. Returns buf. */
char *raceway_value_format(const struct raceway_attr *attr, const json_t *value, char *buf,
			   size_t size);

#endif
