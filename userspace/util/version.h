/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The release that all programs of a build belong to. */
#ifndef RACEWAY_UTIL_VERSION_H
#define RACEWAY_UTIL_VERSION_H

#define RACEWAY_VERSION "0.1.0"

#endif
