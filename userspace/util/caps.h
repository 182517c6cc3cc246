/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CAP_SYS_ADMIN only while it is needed: entering another network namespace, and what libxdp and
 * error messages ask of programs by number. All else does with BPF, PERFMON and NET_ADMIN. */
#ifndef RACEWAY_UTIL_CAPS_H
#define RACEWAY_UTIL_CAPS_H

#include "util/cleanup.h"

/* From now on it is permitted and not in effect. Does nothing where the process has it not. */
void raceway_admin_lower(void);

/* In effect between these, which may be nested; without raceway_admin_lower() they do nothing. */
int raceway_admin_begin(void);
void raceway_admin_end(const int *unused);
/* To the end of the scope. */
#define RACEWAY_ADMIN                                                                              \
	RACEWAY_CLEANUP(raceway_admin_end)                                                         \
	__attribute__((unused)) int admin_ = raceway_admin_begin()

#endif
