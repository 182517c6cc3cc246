/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Server-sent events. A connection with nothing to say is suspended, so that it costs nothing;
 * who does not read fast enough is told that events were lost. */
#include "api/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096

struct raceway_stream {
	struct raceway_stream *next;
	struct raceway_streams *owner;
	struct MHD_Connection *connection;
	char *text;
	size_t used, room;
	bool suspended, lost;
	char only[32];
};

static ssize_t read_stream(void *context, uint64_t pos, char *buf, size_t max)
{
	struct raceway_stream *s = context;
	size_t n = s->used < max ? s->used : max;

	if (!n && s->owner->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (!n) {
		s->suspended = true;
		MHD_suspend_connection(s->connection);
		return 0;
	}
	memcpy(buf, s->text, n);
	memmove(s->text, s->text + n, s->used - n);
	s->used -= n;
	return (ssize_t)n;
}

static void free_stream(void *context)
{
	struct raceway_stream *s = context, **at = &s->owner->first;

	while (*at && *at != s)
		at = &(*at)->next;
	if (*at) {
		*at = s->next;
		s->owner->count--;
	}
	free(s->text);
	free(s);
}

static bool append(struct raceway_stream *s, const char *text, size_t size)
{
	if (s->used + size > s->room) {
		size_t room = 2 * (s->used + size);
		char *bigger = realloc(s->text, room);

		if (!bigger)
			return false;
		s->text = bigger;
		s->room = room;
	}
	memcpy(s->text + s->used, text, size);
	s->used += size;
	return true;
}

struct MHD_Response *raceway_stream_new(struct raceway_streams *streams,
					struct MHD_Connection *connection, const char *only)
{
	static const char hello[] = ": events follow\n\n";
	struct raceway_stream *s = calloc(1, sizeof(*s));
	struct MHD_Response *response;

	if (!s)
		return NULL;
	s->owner = streams;
	s->connection = connection;
	snprintf(s->only, sizeof(s->only), "%s", only ? only : "");
	if (!append(s, hello, sizeof(hello) - 1)) {
		free(s);
		return NULL;
	}
	s->next = streams->first;
	streams->first = s;
	streams->count++;
	response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, s,
						     free_stream);
	if (!response)
		free_stream(s);
	return response;
}

static void wake(struct raceway_stream *s)
{
	if (s->suspended) {
		s->suspended = false;
		MHD_resume_connection(s->connection);
	}
}

static void send_one(struct raceway_stream *s, const char *text, size_t size)
{
	static const char lost[] = "event: lost\ndata: {}\n\n";

	if (s->used + size > RACEWAY_STREAM_MAX) {
		s->lost = true;
		return;
	}
	if (s->lost && append(s, lost, sizeof(lost) - 1))
		s->lost = false;
	append(s, text, size);
	wake(s);
}

void raceway_streams_send(struct raceway_streams *streams, const char *event, const char *data)
{
	char *text = NULL;
	int size = event ? asprintf(&text, "event: %s\ndata: %s\n\n", event, data)
			 : asprintf(&text, ":\n\n");

	if (size < 0)
		return;
	for (struct raceway_stream *s = streams->first; s; s = s->next)
		if (!event || !s->only[0] || !strncmp(s->only, event, strlen(event)))
			send_one(s, text, (size_t)size);
	free(text);
}

void raceway_streams_close(struct raceway_streams *streams)
{
	streams->closing = true;
	for (struct raceway_stream *s = streams->first; s; s = s->next)
		wake(s);
}
