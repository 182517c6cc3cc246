/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Templates: vNICs and vHBAs without identity, and the profiles that are made from them. A
 * profile of an updating template follows it but for the words that were set on the profile's own
 * members ("overrides"); one of an initial template is a copy. */
#ifndef RACEWAY_MODEL_TEMPLATE_H
#define RACEWAY_MODEL_TEMPLATE_H

#include "model/model.h"

/* The kind that the name is of: what templates have in place of `kind` if its parent is a
 * template, else `kind` itself. */
const struct raceway_kind *raceway_template_kind(const struct raceway_model *model,
						 const struct raceway_kind *kind, const char *name);
/* Borrowed: the member of the updating template that the profile's member of this name follows;
 * NULL: it follows none. */
const json_t *raceway_template_pattern(const struct raceway_model *model,
				       const struct raceway_kind *kind, const char *name);
/* Borrowed: the document of the template that the profile is made from, and its name; NULL if
 * there is no such template, the name then too if none is named. */
const json_t *raceway_template_of(const struct raceway_model *model, const char *profile,
				  const char **ret_name);
/* New reference: of changes that led to `model`, those that are not only the template's: a word of
 * a profile's member that is as the template has it is for who wrote the template to answer for.
 * What becomes an override, or is none any more, is a change of that word. */
json_t *raceway_template_rest(const struct raceway_model *model, const json_t *changes);
/* New reference: how the profile's members differ from what its template has, as lines of
 * raceway_change_format(), from the template to the profile. Empty without template. */
json_t *raceway_template_drift(const struct raceway_model *model, const char *profile);

#endif
