// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* UDP whose rate changes at every turn between two values, and how late what was promised for the
 * turn arrives: the largest t - bytes(t) / promise since the turn began, by the kernel's time
 * stamps. All such streams of a run turn together. A turn in which the sender itself did not get
 * to run says nothing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "flow_datagram.h"

#define TURNS_MAX 256
#define GAP_NS 5000000LL /* between two turns of the sender: from here on it stood still */

struct turns {
	struct datagram d;
	double bps[2], promise[2]; /* in even and odd turns; promise 0: none */
	int64_t length, next;
	int64_t began, began_wall; /* the window */
	int64_t before;
	double bytes[TURNS_MAX], late[TURNS_MAX]; /* late in ns */
	bool disturbed[TURNS_MAX];
};

static int turn_open(struct flow_stream *stream, char **words)
{
	struct turns *t = calloc(1, sizeof(*t));

	stream->state = t;
	if (!t)
		return -ENOMEM;
	for (int i = 0; i < 2; i++) {
		t->bps[i] = flow_number(words[4 + i]);
		t->promise[i] = flow_number(words[6 + i]);
		if (t->bps[i] < 0 || t->promise[i] < 0)
			return -EINVAL;
	}
	t->length = (int64_t)(flow_number(words[8]) * 1e6);
	if (t->length <= 0)
		return -EINVAL;
	return datagram_open(&t->d, words, t->bps[0] > t->bps[1] ? t->bps[0] : t->bps[1]);
}

static int turn_of(const struct turns *t, int64_t since)
{
	int64_t turn = since / t->length;

	return turn < TURNS_MAX ? (int)turn : TURNS_MAX - 1;
}

/* What had been promised until `since` and was not there yet. */
static void look(struct turns *t, int64_t since)
{
	int turn = turn_of(t, since);
	double promise = t->promise[turn & 1] / 8 / NSEC_PER_SEC, late;

	if (promise <= 0)
		return;
	late = (double)(since - turn * t->length) - t->bytes[turn] / promise;
	if (late > t->late[turn])
		t->late[turn] = late;
}

static void arrived(void *context, int64_t at, uint64_t datagrams)
{
	struct turns *t = context;
	int64_t since = at - t->began_wall;

	if (!t->began || since < 0)
		return;
	look(t, since);
	t->bytes[turn_of(t, since)] += (double)datagrams * DATAGRAM_FRAME;
}

static int64_t turn_tick(struct flow_stream *stream, int64_t now)
{
	struct turns *t = stream->state;
	int turn, ret;

	if (now < t->next)
		return t->next;
	turn = t->began ? turn_of(t, now - t->began) : 0;
	if (t->began && now - t->before > GAP_NS)
		t->disturbed[turn] = t->disturbed[turn_of(t, t->before - t->began)] = true;
	t->before = now;
	/* Before the window all send what they send in an even turn. */
	ret = datagram_send(&t->d, t->bps[turn & 1], now);
	if (!ret)
		ret = datagram_receive(&t->d, arrived, t);
	if (ret)
		stream->failed = ret;
	t->next = now + t->d.tick;
	if (t->began && (turn + 1) * t->length < t->next - t->began)
		t->next = t->began + (turn + 1) * t->length;
	return t->next;
}

static void turn_mark(struct flow_stream *stream, bool end)
{
	struct turns *t = stream->state;
	struct timespec wall;
	int ret = datagram_receive(&t->d, arrived, t);

	if (ret)
		stream->failed = ret;
	if (end)
		return;
	clock_gettime(CLOCK_REALTIME, &wall);
	t->began = t->before = flow_now();
	t->began_wall = wall.tv_sec * NSEC_PER_SEC + wall.tv_nsec;
}

/* Of the turns that were whole: [turn, ms late]. */
static void turn_report(struct flow_stream *stream, double seconds)
{
	struct turns *t = stream->state;
	bool any = false;

	printf("\"offered_bps\": %.0f, \"late\": [", t->bps[0]);
	for (int i = 0; i < TURNS_MAX && (i + 1) * t->length < (int64_t)(seconds * 1e9); i++) {
		if (t->promise[i & 1] <= 0 || t->disturbed[i])
			continue;
		look(t, (i + 1) * t->length - 1);
		printf("%s[%d, %.3f]", any ? ", " : "", i, t->late[i] / 1e6);
		any = true;
	}
	printf("]");
}

const struct flow_kind flow_turn = {
	.name = "turn",
	.usage = "FROM-NS,TO-NS,ADDRESS,PORT,EVEN-BPS,ODD-BPS,EVEN-PROMISE,ODD-PROMISE,TURN-MS",
	.words = 9,
	.open = turn_open,
	.tick = turn_tick,
	.mark = turn_mark,
	.report = turn_report,
};
