/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames of the daemon's own, out of a port. The data path at the port's ingress does not see
 * them, and no counter or meter of a vNIC is touched. */
#ifndef RACEWAY_LOADER_SEND_H
#define RACEWAY_LOADER_SEND_H

#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

/* Loads what sends; needs CAP_BPF and CAP_NET_ADMIN, no CAP_NET_RAW. The descriptor is the
 * caller's. */
int raceway_send_open(int *ret_fd, struct raceway_error *err);
/* Sends a whole frame, destination MAC first, its tag in the bytes, out of an interface of the
 * caller's network namespace. -EIO: the interface did not take it. */
int raceway_send_frame(int fd, uint32_t ifindex, const uint8_t *frame, size_t bytes);

#endif
