/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of userspace/storage share. Nobody else includes this. */
#ifndef RACEWAY_STORAGE_INTERNAL_H
#define RACEWAY_STORAGE_INTERNAL_H

#include "storage/storage.h"

/* raceway_storage_tend() is due in so long; 0: never. */
void raceway_storage_arm(struct raceway_storage *storage, unsigned int ms);
/* After each call: if the engine was lost by it, what was known of it is forgotten, and it is
 * tried again later. Returns `result`. */
int raceway_storage_heard(struct raceway_storage *storage, int result,
			  const struct raceway_error *err);

/* "" where there is no text. */
static inline const char *raceway_storage_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

#endif
