// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* UDP at a given rate in frame bytes, many datagrams per system call, and what of it arrives, by
 * the kernel's time stamps. A stream that begins at the window's begin, where the vNIC has been
 * idle, shows the burst: the largest excess over its cap in the first 100 ms. */
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "flow.h"

#define PAYLOAD 1472
#define FRAME (PAYLOAD + 42)
#define SEGMENTS 40 /* datagrams per send */
#define SENDS_PER_TICK 8
#define TICK_NS 1000000LL
#define TICK_MAX_NS 4000000LL
#define TICK_DATAGRAMS 8 /* worth a turn */
#define MESSAGES 64
#define BUFFER_BYTES (64 << 20)
#define LATE_NS 20000000LL /* what could not be sent in time may follow so much later */
#define BURST_NS 100000000LL

struct udp {
	int out, in;
	bool one_by_one;
	double bps, cap; /* of frame bits */
	bool from_idle;
	int64_t started, tick, next;
	uint64_t offered; /* datagrams, since it was started */
	uint64_t sent, received, sent_from, received_from;
	int64_t first; /* arrival of the first */
	double burst;  /* bytes */
};

static const uint8_t zeros[PAYLOAD * SEGMENTS];

static int udp_open(struct flow_stream *stream, char **words)
{
	struct sockaddr_in to = flow_address(words[2], words[3]);
	int size = PAYLOAD, on = 1, room = BUFFER_BYTES;
	struct udp *udp = calloc(1, sizeof(*udp));

	stream->state = udp;
	if (!udp)
		return -ENOMEM;
	udp->bps = flow_number(words[4]);
	udp->cap = flow_number(words[5]);
	if (udp->bps <= 0 || udp->cap < 0)
		return -EINVAL;
	udp->tick = (int64_t)(TICK_DATAGRAMS * FRAME * 8.0 * NSEC_PER_SEC / udp->bps);
	udp->tick = udp->tick < TICK_NS ? TICK_NS : udp->tick;
	udp->tick = udp->tick > TICK_MAX_NS ? TICK_MAX_NS : udp->tick;
	udp->from_idle = !strcmp(words[6], "idle");
	udp->out = flow_socket(words[0], AF_INET, SOCK_DGRAM, 0);
	udp->in = flow_socket(words[1], AF_INET, SOCK_DGRAM, 0);
	if (udp->out < 0 || udp->in < 0 ||
	    setsockopt(udp->in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(udp->in, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(udp->in, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) ||
	    setsockopt(udp->out, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) ||
	    bind(udp->in, (struct sockaddr *)&to, sizeof(to)) ||
	    connect(udp->out, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	return 0;
}

static void arrived(struct udp *udp, struct msghdr *header, uint64_t datagrams)
{
	struct timespec stamp = { 0 };
	int64_t at;
	double excess;

	udp->received += datagrams;
	if (!udp->cap)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
	at = stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec;
	if (!udp->first)
		udp->first = at;
	if (at - udp->first > BURST_NS)
		return;
	excess = (double)udp->received * FRAME -
		 udp->cap / 8 * (double)(at - udp->first) / NSEC_PER_SEC;
	if (excess > udp->burst)
		udp->burst = excess;
}

static void receive(struct flow_stream *stream)
{
	static struct mmsghdr messages[MESSAGES];
	static uint8_t byte[MESSAGES], control[MESSAGES][128];
	static struct iovec vectors[MESSAGES];
	struct udp *udp = stream->state;
	int count;

	do {
		for (int i = 0; i < MESSAGES; i++) {
			vectors[i] = (struct iovec){ &byte[i], 1 };
			messages[i].msg_hdr = (struct msghdr){
				.msg_iov = &vectors[i],
				.msg_iovlen = 1,
				.msg_control = control[i],
				.msg_controllen = sizeof(control[i]),
			};
		}
		count = recvmmsg(udp->in, messages, MESSAGES, MSG_TRUNC | MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			arrived(udp, &messages[i].msg_hdr, messages[i].msg_len / PAYLOAD);
	} while (count == MESSAGES);
	if (count < 0 && errno != EAGAIN)
		stream->failed = -errno;
}

/* Older kernels want a device that makes checksums for a packet of many datagrams. */
static int send_one_by_one(const struct udp *udp, size_t count)
{
	static struct mmsghdr messages[SEGMENTS];
	static struct iovec vector = { (void *)zeros, PAYLOAD };

	for (size_t i = 0; i < count; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vector, .msg_iovlen = 1 };
	return sendmmsg(udp->out, messages, (unsigned int)count, MSG_DONTWAIT);
}

static int send_many(struct udp *udp, size_t count)
{
	const int no = 0;

	if (!udp->one_by_one) {
		if (send(udp->out, zeros, count * PAYLOAD, MSG_DONTWAIT) >= 0)
			return (int)count;
		if (errno != EIO || setsockopt(udp->out, IPPROTO_UDP, UDP_SEGMENT, &no, sizeof(no)))
			return -1;
		udp->one_by_one = true;
	}
	return send_one_by_one(udp, count);
}

static void transmit(struct flow_stream *stream, int64_t now)
{
	struct udp *udp = stream->state;
	uint64_t due, late;

	if (!udp->started)
		udp->started = now - udp->tick;
	due = (uint64_t)(udp->bps / 8 / FRAME * (double)(now - udp->started) / NSEC_PER_SEC);
	for (int i = 0; i < SENDS_PER_TICK && udp->offered < due; i++) {
		size_t count = due - udp->offered < SEGMENTS ? due - udp->offered : SEGMENTS;
		int sent = send_many(udp, count);

		if (sent < 0) {
			if (errno != EAGAIN && errno != ENOBUFS)
				stream->failed = -errno;
			break;
		}
		udp->sent += (uint64_t)sent;
		udp->offered += (uint64_t)sent;
	}
	late = (uint64_t)(udp->bps / 8 / FRAME * LATE_NS / NSEC_PER_SEC);
	if (due > late && udp->offered < due - late)
		udp->offered = due - late;
}

static int64_t udp_tick(struct flow_stream *stream, int64_t now)
{
	struct udp *udp = stream->state;

	if (now < udp->next)
		return udp->next;
	if (!udp->from_idle || stream->counting)
		transmit(stream, now);
	receive(stream);
	udp->next = now + udp->tick;
	return udp->next;
}

static void udp_mark(struct flow_stream *stream, bool end)
{
	struct udp *udp = stream->state;

	receive(stream);
	udp->sent_from = udp->sent - udp->sent_from;
	udp->received_from = udp->received - udp->received_from;
	if (end && udp->from_idle && !udp->first)
		stream->failed = -ENODATA;
}

static void udp_report(struct flow_stream *stream, double seconds)
{
	struct udp *udp = stream->state;

	printf("\"offered_bps\": %.0f, \"bps\": %.0f, \"burst_bytes\": %.0f",
	       8.0 * FRAME * (double)udp->sent_from / seconds,
	       8.0 * FRAME * (double)udp->received_from / seconds, udp->burst);
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
