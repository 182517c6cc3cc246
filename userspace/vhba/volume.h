/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Volumes that are served: a disk that is open and the logical unit on it. */
#ifndef RACEWAY_VHBA_VOLUME_H
#define RACEWAY_VHBA_VOLUME_H

#include "util/error.h"
#include "vhba/engine.h"

/* Opens what `config` names, for the engine's workers. 0 or an error. */
int raceway_volume_open(struct raceway_engine *engine, const struct raceway_volume_config *config,
			struct raceway_volume **ret_volume, struct raceway_error *err);
/* The same for LUN `config->dev` of an upstream array, in the name of `initiator`. */
int raceway_volume_open_upstream(struct raceway_engine *engine,
				 const struct raceway_volume_config *config, const char *initiator,
				 struct raceway_volume **ret_volume, struct raceway_error *err);
/* The table does not serve it any more: it goes when nobody has it mapped. */
void raceway_volume_close(struct raceway_volume *volume);
/* Whether `volume` is what `config` names, so that it can stay as it is. */
bool raceway_volume_is(const struct raceway_volume *volume,
		       const struct raceway_volume_config *config);
/* Looks for a new size (`size` is that of what has no file), and tells initiators. 0 or -errno. */
int raceway_volume_grow(struct raceway_volume *volume, uint64_t size);

#endif
