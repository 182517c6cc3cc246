/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Starts the storage engine as a process of its own, which outlives the daemon. */
#ifndef RACEWAY_STORAGE_PROCESS_H
#define RACEWAY_STORAGE_PROCESS_H

#include <stddef.h>

#define RACEWAY_ENGINE_PROGRAM "raceway-vhba"

/* The program beside our own, else its bare name, for PATH. Returns buf. */
char *raceway_process_beside(const char *name, char *buf, size_t size);
/* Runs argv[0] (by PATH if it has no slash) in a session of its own, as nobody's child, with
 * our standard error and none of our other descriptors; of the capabilities it keeps those that
 * files ask for. 0 once it runs, or -errno: it does not. */
int raceway_process_start(const char *const *argv);

#endif
