/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages between processes: four bytes of length in network byte order, then that much JSON, an
 * object. Here they are cut out of a stream of bytes, and made. No I/O. */
#ifndef RACEWAY_UTIL_FRAMES_H
#define RACEWAY_UTIL_FRAMES_H

#include <jansson.h>
#include <stddef.h>

#define RACEWAY_FRAME_HEADER 4

/* What was received and is no whole frame yet. Zero is an empty one. */
struct raceway_frames {
	char *data;
	size_t used, room;
};

void raceway_frames_clear(struct raceway_frames *frames);
/* Room for `size` bytes more: where to read to; then raceway_frames_read(). NULL: out of memory. */
char *raceway_frames_space(struct raceway_frames *frames, size_t size);
void raceway_frames_read(struct raceway_frames *frames, size_t size);
/* 1 and the next whole frame, a new reference; 0: there is none yet; -EPROTO: it announces more
 * than `max` bytes, or is no JSON object. */
int raceway_frames_take(struct raceway_frames *frames, size_t max, json_t **ret_frame);

/* A frame with its header, malloc'd. -ENOMEM; -E2BIG: above `max` bytes. */
int raceway_frame_make(const json_t *object, size_t max, char **ret_frame, size_t *ret_size);

#endif
