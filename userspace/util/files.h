/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Small files that are there as a whole or not at all, in a directory that is open. */
#ifndef RACEWAY_UTIL_FILES_H
#define RACEWAY_UTIL_FILES_H

#include <stddef.h>

/* DIR/name, made with mode 0700 where it is missing. *ret_fd is the caller's. -errno. */
int raceway_files_dir(const char *dir, const char *name, int *ret_fd);
/* Written beside the old one (mode 0600), made durable, and moved into its place. -errno. */
int raceway_files_save(int dir_fd, const char *name, const void *data, size_t bytes);
/* At most `room` bytes of it; *ret_bytes is 0 where there is no file. -errno. */
int raceway_files_load(int dir_fd, const char *name, void *data, size_t room, size_t *ret_bytes);

#endif
