/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of volumes and of the files they are kept in: NAME.raw in the pool's directory, and
 * nothing else, whatever is asked for. */
#ifndef RACEWAY_VHBA_NAMES_H
#define RACEWAY_VHBA_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* "SAN/NAME" into its parts, each shorter than `size`. NAME begins with a letter or digit and
 * goes on with those and . _ -, so that it is no path. 0 or -EINVAL. */
int raceway_name_split(const char *name, char *ret_san, char *ret_volume, size_t size);
/* Exactly 16 hexadecimal digits. 0 or -EINVAL. */
int raceway_name_hex64(const char *text, uint64_t *ret_value);

#endif
