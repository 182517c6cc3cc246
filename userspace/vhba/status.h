/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is served, as operation "status" tells it (protocol.h). */
#ifndef RACEWAY_VHBA_STATUS_H
#define RACEWAY_VHBA_STATUS_H

#include "vhba/engine.h"

/* Adds "portals", "volumes", "vhbas" to `answer`. Main thread. */
void raceway_status_add(struct raceway_engine *engine, bool with_stats, json_t *answer);

#endif
