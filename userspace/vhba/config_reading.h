/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files that read a configuration share. */
#ifndef RACEWAY_VHBA_CONFIG_READING_H
#define RACEWAY_VHBA_CONFIG_READING_H

#include "vhba/config.h"

struct raceway_config_reading {
	struct raceway_config *config;
	json_t *problems;
	struct raceway_error *err;
};

#define RACEWAY_PROBLEM(reading, kind, name, ...)                                                  \
	do {                                                                                       \
		char object_[RACEWAY_VHBA_NAME_MAX + 16];                                          \
                                                                                                   \
		snprintf(object_, sizeof(object_), "%s %s", kind, name);                           \
		raceway_problem_add((reading)->problems, object_, __VA_ARGS__);                    \
	} while (0)

/* Reads a vHBA into a struct raceway_vhba_config: 1 taken, 0 left out, -errno. */
int raceway_config_vhba(struct raceway_config_reading *r, const json_t *from, void *to);
/* Leaves out vHBAs whose initiator name is another's. 0 or -ENOMEM. */
int raceway_config_initiators(struct raceway_config_reading *r);

#endif
