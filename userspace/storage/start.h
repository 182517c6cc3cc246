/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How racewayd gets to an engine that answers. */
#ifndef RACEWAY_STORAGE_START_H
#define RACEWAY_STORAGE_START_H

#include "storage/storage.h"

/* The engine's program where none is given: beside our own, else by PATH. Returns buf. */
char *raceway_storage_program(char *buf, size_t size);
/* Connects the wire. If nobody listens and `start` is set, the program is started and waited
 * for. CANNOT: there is no such program; SYSTEM: nobody answers. */
int raceway_storage_connect(struct raceway_storage *storage, bool start, struct raceway_error *err);

#endif
