/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The profiles of a server as they travel: made of the director's model, and made into the
 * server's. Pure. */
#ifndef RACEWAY_NODE_DOCUMENT_H
#define RACEWAY_NODE_DOCUMENT_H

#include "model/model.h"

/* New reference, NULL: out of memory: of each server that is a key of `servers` (an object; its
 * values are not looked at) an array of its profiles, sorted by name:
 * {"name", "vnics": [{"name", "segment": NUMBER, "segment_name", "mac", ...}]}. A vNIC's words are
 * those of the model that concern the server's end; rates are the director's to enforce. */
json_t *raceway_node_documents(const struct raceway_model *model, const json_t *servers);
/* Adds to `servers` each server that a change (raceway_model_diff() up to `after`) may concern. */
void raceway_node_touched(const struct raceway_model *after, const json_t *changes,
			  json_t *servers);

/* Makes `model` what came: its segments, profiles and vNICs become exactly those of `profiles`,
 * on its one uplink; what else it has stays. vNICs that are keys of `without` are not taken: with
 * true they stay as the model has them, with false they go. */
int raceway_node_adopt(struct raceway_model *model, const json_t *profiles, const json_t *without,
		       struct raceway_error *err);

#endif
