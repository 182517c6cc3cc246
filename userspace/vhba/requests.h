/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The operations of protocol.h, each from its request to its answer. */
#ifndef RACEWAY_VHBA_REQUESTS_H
#define RACEWAY_VHBA_REQUESTS_H

#include "vhba/control.h"
#include "vhba/engine.h"

/* The callback of struct raceway_control_ops; its context is a struct raceway_engine. */
json_t *raceway_requests_answer(void *context, const json_t *request,
				struct raceway_control_fds *fds);
/* The callback `event`: a copy that is complete is a volume. */
void raceway_requests_event(void *context, const json_t *event);
/* The callback `tick`: a volume that was not there may have come. */
void raceway_requests_tick(void *context);

#endif
