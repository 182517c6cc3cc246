/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* CHAP secrets out of files that nobody else can read. */
#ifndef RACEWAY_VHBA_SECRET_H
#define RACEWAY_VHBA_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Reads a secret of 1 to `room` bytes; one newline at the end is not part of it. The file is a
 * regular one of this user's or root's, without rights for group and others. 0 or an error, which
 * never has the contents. */
int raceway_secret_read(const char *path, uint8_t *ret_secret, size_t room, size_t *ret_bytes,
			struct raceway_error *err);

#endif
