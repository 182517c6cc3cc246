/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `raceway-loader show`: what the tables hold, read back from them. */
#ifndef RACEWAY_LOADER_SHOW_H
#define RACEWAY_LOADER_SHOW_H

#include <stdio.h>

#include "loader/dp.h"

/* Writes one JSON document: ports, vnics with counters, drops. 0 or -errno. */
int raceway_loader_show(struct raceway_dp *dp, FILE *out);

#endif
