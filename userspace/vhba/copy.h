/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Volumes made out of others. Where the file system shares blocks it is done at once; else a
 * thread copies what was there when it was asked for: a write to what has not been copied yet
 * waits until it has. */
#ifndef RACEWAY_VHBA_COPY_H
#define RACEWAY_VHBA_COPY_H

#include "util/error.h"
#include "vhba/engine.h"

/* `path` is the pool of both. *ret_copied: a copy goes on, whose events "volume-copy" tell of it.
 * 0 or an error. All of these on the main thread. */
int raceway_copy_start(struct raceway_engine *engine, const char *path, const char *from,
		       const char *to, bool *ret_copied, struct raceway_error *err);
/* Copies that have ended are let go of. True if there were any. */
bool raceway_copy_collect(struct raceway_engine *engine);
/* Whether a copy makes `volume`. */
bool raceway_copy_is_making(const struct raceway_engine *engine, const char *volume);
/* How far the copy that makes `volume` is, in per cent; -1 if none does. */
int raceway_copy_percent(const struct raceway_engine *engine, const char *volume);
/* Ends the copy that makes `volume`, if there is one; what is not complete is removed. */
void raceway_copy_stop(struct raceway_engine *engine, const char *volume);
/* The same for all copies. */
void raceway_copy_stop_all(struct raceway_engine *engine);

#endif
