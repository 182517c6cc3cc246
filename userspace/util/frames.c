/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Length and JSON: cutting frames out of what was received, and making them. */
#include "util/frames.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

void raceway_frames_clear(struct raceway_frames *frames)
{
	free(frames->data);
	*frames = (struct raceway_frames){ 0 };
}

char *raceway_frames_space(struct raceway_frames *frames, size_t size)
{
	size_t room = frames->room;
	char *more;

	if (room - frames->used < size) {
		room += frames->used + size;
		more = realloc(frames->data, room);
		if (!more)
			return NULL;
		frames->data = more;
		frames->room = room;
	}
	return frames->data + frames->used;
}

void raceway_frames_read(struct raceway_frames *frames, size_t size)
{
	frames->used += size;
}

int raceway_frames_take(struct raceway_frames *frames, size_t max, json_t **ret_frame)
{
	uint32_t length;
	json_t *frame;

	if (frames->used < RACEWAY_FRAME_HEADER)
		return 0;
	memcpy(&length, frames->data, RACEWAY_FRAME_HEADER);
	length = ntohl(length);
	if (length > max)
		return -EPROTO;
	if (frames->used - RACEWAY_FRAME_HEADER < length)
		return 0;
	frame = json_loadb(frames->data + RACEWAY_FRAME_HEADER, length, JSON_REJECT_DUPLICATES,
			   NULL);
	frames->used -= RACEWAY_FRAME_HEADER + length;
	memmove(frames->data, frames->data + RACEWAY_FRAME_HEADER + length, frames->used);
	if (!json_is_object(frame)) {
		json_decref(frame);
		return -EPROTO;
	}
	*ret_frame = frame;
	return 1;
}

int raceway_frame_make(const json_t *object, size_t max, char **ret_frame, size_t *ret_size)
{
	RACEWAY_FREE char *text = json_dumps(object, JSON_COMPACT);
	size_t length = text ? strlen(text) : 0;
	uint32_t header = htonl((uint32_t)length);
	char *frame;

	if (!text)
		return -ENOMEM;
	if (length > max)
		return -E2BIG;
	frame = malloc(RACEWAY_FRAME_HEADER + length);
	if (!frame)
		return -ENOMEM;
	memcpy(frame, &header, RACEWAY_FRAME_HEADER);
	memcpy(frame + RACEWAY_FRAME_HEADER, text, length);
	*ret_frame = frame;
	*ret_size = RACEWAY_FRAME_HEADER + length;
	return 0;
}
