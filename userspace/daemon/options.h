/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's settings: command line first, then the configuration file, then defaults. */
#ifndef RACEWAY_DAEMON_OPTIONS_H
#define RACEWAY_DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/core.h"

struct raceway_options {
	char role[16], run_dir[256], state_dir[256], pin_dir[256], node[64], max_vnics[16];
	char target_name[224]; /* an iSCSI name, RFC 7143 4.2.7.1 */
	char vhba[256];
	char role_group[256];
	char listen[64], director[64], token_file[256];
	char config[256];
	bool foreground;
	bool help, version;
	/* from the above, checked */
	enum raceway_node_role node_role;
	uint32_t vnics;
	struct raceway_role_groups role_groups;
};

/* 0, or an error that says which word is wrong. SYNTAX: the command line was not understood.
 * Once all is right, the directories above run_dir and state_dir are made. */
int raceway_options_parse(int argc, char *const *argv, struct raceway_options *ret_options,
			  struct raceway_error *err);
void raceway_options_help(void);

#endif
