// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* UDP at a given rate in frame bytes, and what of it arrives, by the kernel's time stamps: how
 * much in each second, how much more than the cap in any window, and how much in the first 100 ms
 * of a stream that begins at the window's begin, where the vNIC has been idle. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flow_datagram.h"

#define BURST_NS 100000000LL
#define SECONDS_MAX 64
#define GAP_NS 8000000LL /* longer between two turns, and a short bucket overflows meanwhile */

struct udp {
	struct datagram d;
	double bps, cap; /* of frame bits */
	bool from_idle;
	int64_t next, before;
	uint64_t sent_from, received_from;
	int64_t first, last;  /* arrivals */
	double level;	      /* bytes above the cap, as a bucket that never refuses has them */
	double burst, excess; /* the most of them: in the first 100 ms, ever */
	double second[SECONDS_MAX];  /* bytes in each second from the first arrival on */
	bool disturbed[SECONDS_MAX]; /* the sender did not get to run */
};

static int udp_open(struct flow_stream *stream, char **words)
{
	struct udp *udp = calloc(1, sizeof(*udp));

	stream->state = udp;
	if (!udp)
		return -ENOMEM;
	udp->bps = flow_number(words[4]);
	udp->cap = flow_number(words[5]);
	if (udp->cap < 0)
		return -EINVAL;
	udp->from_idle = !strcmp(words[6], "idle");
	return datagram_open(&udp->d, words, udp->bps);
}

static size_t second_of(const struct udp *udp, int64_t at)
{
	int64_t second = udp->first && at > udp->first ? (at - udp->first) / NSEC_PER_SEC : 0;

	return second < SECONDS_MAX ? (size_t)second : SECONDS_MAX - 1;
}

static void arrived(void *context, int64_t at, uint64_t datagrams)
{
	struct udp *udp = context;
	double bytes = (double)datagrams * DATAGRAM_FRAME;

	if (!udp->first)
		udp->first = udp->last = at;
	if (at > udp->last) { /* CPUs' stamps may pass each other by a little */
		udp->level -= udp->cap / 8 * (double)(at - udp->last) / NSEC_PER_SEC;
		udp->last = at;
	}
	udp->level = (udp->level > 0 ? udp->level : 0) + bytes;
	if (udp->level > udp->excess)
		udp->excess = udp->level;
	if (at - udp->first <= BURST_NS)
		udp->burst = udp->excess;
	udp->second[second_of(udp, at)] += bytes;
}

static void stood_still(struct udp *udp, int64_t gap)
{
	struct timespec wall;
	int64_t now;

	clock_gettime(CLOCK_REALTIME, &wall);
	now = wall.tv_sec * NSEC_PER_SEC + wall.tv_nsec;
	for (size_t i = second_of(udp, now - gap); i <= second_of(udp, now); i++)
		udp->disturbed[i] = true;
}

static int64_t udp_tick(struct flow_stream *stream, int64_t now)
{
	struct udp *udp = stream->state;
	int ret = 0;

	if (now < udp->next)
		return udp->next;
	if (udp->before && now - udp->before > GAP_NS)
		stood_still(udp, now - udp->before);
	udp->before = now;
	if (!udp->from_idle || stream->counting)
		ret = datagram_send(&udp->d, udp->bps, now);
	if (!ret)
		ret = datagram_receive(&udp->d, arrived, udp);
	if (ret)
		stream->failed = ret;
	udp->next = now + udp->d.tick;
	return udp->next;
}

static void udp_mark(struct flow_stream *stream, bool end)
{
	struct udp *udp = stream->state;
	int ret = datagram_receive(&udp->d, arrived, udp);

	udp->sent_from = udp->d.sent - udp->sent_from;
	udp->received_from = udp->d.received - udp->received_from;
	if (ret || (end && udp->from_idle && !udp->first))
		stream->failed = ret ? ret : -ENODATA;
}

static void udp_report(struct flow_stream *stream, double seconds)
{
	const struct udp *udp = stream->state;

	printf("\"offered_bps\": %.0f, \"bps\": %.0f, \"burst_bytes\": %.0f, "
	       "\"excess_bytes\": %.0f, \"by_second\": [",
	       8.0 * DATAGRAM_FRAME * (double)udp->sent_from / seconds,
	       8.0 * DATAGRAM_FRAME * (double)udp->received_from / seconds, udp->burst,
	       udp->excess);
	/* The last one is not whole. */
	for (size_t i = 0; i < second_of(udp, udp->last); i++)
		printf(udp->disturbed[i] ? "%snull" : "%s%.0f", i ? ", " : "", 8 * udp->second[i]);
	printf("]");
}

const struct flow_kind flow_udp = {
	.name = "udp",
	.usage = "FROM-NS,TO-NS,ADDRESS,PORT,BITS-PER-SECOND,CAP,now|idle",
	.words = 7,
	.open = udp_open,
	.tick = udp_tick,
	.mark = udp_mark,
	.report = udp_report,
};
