/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an HTTP request says in its headers and behind its path's question mark. */
#ifndef RACEWAY_API_REQUEST_H
#define RACEWAY_API_REQUEST_H

#include <microhttpd.h>

#include "api/api.h"

/* Fills what headers and arguments say; leaves caller, method, path and body alone. All is the
 * connection's own until it has been answered. */
void raceway_http_read(struct MHD_Connection *connection, struct raceway_request *request);

#endif
