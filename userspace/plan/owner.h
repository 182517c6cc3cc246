/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whose the pins are: a daemon with another state directory must not take what the first has
 * attached for left over, though that one is not running. */
#ifndef RACEWAY_PLAN_OWNER_H
#define RACEWAY_PLAN_OWNER_H

#include <stdint.h>

#include "util/error.h"

/* Writes it at PIN-DIR/v<LAYOUT>/owner, a map of one element. Refuses if the pins are another's,
 * by identity of the store and by path of the state directory, and hold programs on interfaces
 * that are still there. */
int raceway_owner_claim(const char *pin_dir, uint64_t store_id, const char *state_dir,
			struct raceway_error *err);

#endif
