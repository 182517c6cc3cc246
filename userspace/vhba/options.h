/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine's command line. */
#ifndef RACEWAY_VHBA_OPTIONS_H
#define RACEWAY_VHBA_OPTIONS_H

#include <stdbool.h>

#include "util/error.h"

#define RACEWAY_VHBA_WORKERS_MAX 64

struct raceway_vhba_options {
	const char *run_dir, *state_dir; /* out of argv, or constants */
	unsigned int workers;
	bool foreground, help, version;
};

/* 0, or an error that says which word is wrong. SYNTAX: the command line was not understood. */
int raceway_vhba_options_parse(int argc, char *const *argv,
			       struct raceway_vhba_options *ret_options, struct raceway_error *err);
void raceway_vhba_options_help(void);

#endif
