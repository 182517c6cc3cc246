/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the storage engine should serve, out of the model. Pure. */
#ifndef RACEWAY_STORAGE_DOCUMENT_H
#define RACEWAY_STORAGE_DOCUMENT_H

#include "model/storage.h"

/* New reference: the members of "configure" (userspace/vhba/protocol.h), everything by name. A
 * vHBA whose profile is bound to no server is not in it. NULL: out of memory. */
json_t *raceway_storage_document(const struct raceway_model *model, const char *target);
/* Whether the vHBA's profile is bound. */
bool raceway_vhba_bound(const struct raceway_model *model, const char *vhba);

#endif
