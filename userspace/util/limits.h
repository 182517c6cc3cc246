/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a daemon of many connections is allowed. */
#ifndef RACEWAY_UTIL_LIMITS_H
#define RACEWAY_UTIL_LIMITS_H

/* As many descriptors as the hard limit allows; the soft one is made for select(2), which nothing
 * here uses. Where that fails the limit stays. */
void raceway_raise_files(void);

#endif
