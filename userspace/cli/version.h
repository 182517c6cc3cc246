/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The release this client belongs to. */
#ifndef RACEWAY_CLI_VERSION_H
#define RACEWAY_CLI_VERSION_H

#define RACEWAY_CLI_VERSION "0.1.0"

#endif
