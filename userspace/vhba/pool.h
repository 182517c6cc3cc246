/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The files of a pool's volumes: volume SAN/NAME is the file NAME.raw in the SAN's directory,
 * thin, as long as the volume. Whatever else lies in the directory is left alone. */
#ifndef RACEWAY_VHBA_POOL_H
#define RACEWAY_VHBA_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "util/error.h"

/* `volume` is SAN/NAME, `path` the pool's directory, sizes are bytes. All are durable when they
 * return 0; errors name the volume. Blocking. */

/* Opens the file for reading and writing. NOT_FOUND if there is none. */
int raceway_pool_open(const char *path, const char *volume, int *ret_fd, struct raceway_error *err);
/* Whether there is one, of whatever kind; an error if that cannot be told. */
int raceway_pool_look(const char *path, const char *volume, bool *ret_there,
		      struct raceway_error *err);
/* REFUSED if there is one. */
int raceway_pool_create(const char *path, const char *volume, uint64_t size,
			struct raceway_error *err);
/* REFUSED if it would become smaller. */
int raceway_pool_resize(const char *path, const char *volume, uint64_t size,
			struct raceway_error *err);
/* No file is no error: it may have been deleted before an answer was lost. */
int raceway_pool_delete(const char *path, const char *volume, struct raceway_error *err);

/* A new volume out of another of the same pool is made under another name; it becomes a volume
 * when it is kept. Refused if there is a volume of that name. *ret_whole: the file system shares
 * the blocks, and it is all there; else it is empty, as long as `from`, and to be filled. */
struct raceway_pool_copy {
	int dir, from, to; /* descriptors */
	char temporary[256], final[256];
};
int raceway_pool_copy_begin(const char *path, const char *from, const char *to,
			    struct raceway_pool_copy *ret_copy, bool *ret_whole,
			    struct raceway_error *err);
/* Keeps it, or removes it; both close what it holds. */
int raceway_pool_copy_keep(struct raceway_pool_copy *copy, struct raceway_error *err);
void raceway_pool_copy_drop(struct raceway_pool_copy *copy);

#endif
