/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Server-sent events to those who listen: a bounded queue of text for each. */
#ifndef RACEWAY_API_STREAM_H
#define RACEWAY_API_STREAM_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#define RACEWAY_STREAM_MAX (1U << 20) /* bytes that a slow listener may lag behind */

struct raceway_streams {
	struct raceway_stream *first;
	size_t count;
	bool closing;
};

/* The endless answer for one connection; `only` NULL: all events, else those of that name. */
struct MHD_Response *raceway_stream_new(struct raceway_streams *streams,
					struct MHD_Connection *connection, const char *only);
/* One event for all; event NULL: a comment, as a sign of life. */
void raceway_streams_send(struct raceway_streams *streams, const char *event, const char *data);
/* Ends all answers; MHD must run once more before it is stopped. */
void raceway_streams_close(struct raceway_streams *streams);

#endif
