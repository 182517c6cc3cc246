/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pools of identities: what is in one, who has it, what is kept back. A pool stores no list of
 * what it gave: the objects that have an identity are that list, so the two cannot differ. */
#ifndef RACEWAY_MODEL_POOL_H
#define RACEWAY_MODEL_POOL_H

#include "model/model.h"
#include "util/units.h"

#define RACEWAY_POOL_MAX (1ULL << 24) /* identities in one pool */

struct raceway_pool {
	const char *name, *type; /* "mac", "wwpn" or "wwnn" */
	const json_t *doc;
	uint64_t from, to;
};

/* Which word of which kind holds an identity, which one names the pool that it comes from, and
 * what type that must have. */
struct raceway_pool_word {
	const char *kind, *identity, *pool, *type;
};
extern const struct raceway_pool_word raceway_pool_words[];
extern const size_t raceway_pool_word_count;

/* A MAC or WWN in whatever form as a number; false: it is neither. */
bool raceway_identity_parse(const char *text, uint64_t *ret_value);
/* The canonical form of an identity of that type. Returns buf. */
const char *raceway_identity_format(const char *type, uint64_t value, char buf[RACEWAY_UNIT_TEXT]);

/* False: there is none of that name. */
bool raceway_pool_get(const struct raceway_model *model, const char *name,
		      struct raceway_pool *ret_pool);
uint64_t raceway_pool_size(const struct raceway_pool *pool);
/* Whether the identity is one of the pool's; by its number alone, not by its type. */
bool raceway_pool_holds(const struct raceway_pool *pool, const char *identity);
/* New reference: identity -> "vnic web1/eth0", for each of its identities that an object has,
 * whether the pool gave it or somebody did. */
json_t *raceway_pool_holders(const struct raceway_model *model, const struct raceway_pool *pool);

/* Keeps an identity back: it must be free, and is given to nobody until it is released. */
int raceway_pool_reserve(struct raceway_model *model, const char *name, const json_t *value,
			 struct raceway_error *err);
/* Refused if an object has it (it is free when that is deleted) or if it is not reserved. */
int raceway_pool_release(struct raceway_model *model, const char *name, const json_t *value,
			 struct raceway_error *err);

#endif
