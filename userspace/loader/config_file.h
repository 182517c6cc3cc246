/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The file of `raceway-loader --maps`: a data path configuration as JSON, every name resolved
 * but ports and interfaces. Its form is in raceway-loader(8). */
#ifndef RACEWAY_LOADER_CONFIG_FILE_H
#define RACEWAY_LOADER_CONFIG_FILE_H

#include "loader/datapath.h"

struct raceway_config_file {
	struct raceway_dp_port *ports;
	struct raceway_dp_segment *segments;
	struct raceway_dp_vnic *vnics;
	char (*vnic_dev)[IFNAMSIZ];	 /* host end of vnics[i], "" if it is behind a port */
	struct raceway_dp_config config; /* points to the arrays above */
};

int raceway_config_file_read(const char *path, struct raceway_config_file *ret_file,
			     struct raceway_error *err);
void raceway_config_file_free(struct raceway_config_file *file);

#endif
