// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Datagrams of one length, many per system call both ways. */
#include <errno.h>
#include <linux/udp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "flow_datagram.h"

#define PAYLOAD (DATAGRAM_FRAME - 42)
#define SEGMENTS 40 /* datagrams per send */
#define SENDS_PER_TURN 8
#define TICK_NS 1000000LL
#define TICK_MAX_NS 4000000LL
#define TICK_DATAGRAMS 8 /* worth a turn */
#define MESSAGES 64
#define BUFFER_BYTES (64 << 20)
#define LATE_NS 20000000LL /* what could not be sent in time may follow so much later */

static const uint8_t zeros[PAYLOAD * SEGMENTS];

int datagram_open(struct datagram *d, char **words, double bps)
{
	struct sockaddr_in to = flow_address(words[2], words[3]);
	int size = PAYLOAD, on = 1, room = BUFFER_BYTES;

	if (bps <= 0)
		return -EINVAL;
	d->tick = (int64_t)(TICK_DATAGRAMS * DATAGRAM_FRAME * 8.0 * NSEC_PER_SEC / bps);
	d->tick = d->tick < TICK_NS ? TICK_NS : d->tick;
	d->tick = d->tick > TICK_MAX_NS ? TICK_MAX_NS : d->tick;
	d->out = flow_socket(words[0], AF_INET, SOCK_DGRAM, 0);
	d->in = flow_socket(words[1], AF_INET, SOCK_DGRAM, 0);
	if (d->out < 0 || d->in < 0 ||
	    setsockopt(d->in, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(d->in, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    setsockopt(d->in, IPPROTO_UDP, UDP_GRO, &on, sizeof(on)) ||
	    setsockopt(d->out, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)) ||
	    bind(d->in, (struct sockaddr *)&to, sizeof(to)) ||
	    connect(d->out, (struct sockaddr *)&to, sizeof(to)))
		return -errno;
	return 0;
}

/* Older kernels want a device that makes checksums for a packet of many datagrams. */
static int send_one_by_one(const struct datagram *d, size_t count)
{
	static struct mmsghdr messages[SEGMENTS];
	static struct iovec vector = { (void *)zeros, PAYLOAD };

	for (size_t i = 0; i < count; i++)
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &vector, .msg_iovlen = 1 };
	return sendmmsg(d->out, messages, (unsigned int)count, MSG_DONTWAIT);
}

static int send_many(struct datagram *d, size_t count)
{
	const int no = 0;

	if (!d->one_by_one) {
		if (send(d->out, zeros, count * PAYLOAD, MSG_DONTWAIT) >= 0)
			return (int)count;
		if (errno != EIO || setsockopt(d->out, IPPROTO_UDP, UDP_SEGMENT, &no, sizeof(no)))
			return -1;
		d->one_by_one = true;
	}
	return send_one_by_one(d, count);
}

int datagram_send(struct datagram *d, double bps, int64_t now)
{
	double per_ns = bps / 8 / DATAGRAM_FRAME / NSEC_PER_SEC, late = per_ns * LATE_NS;

	d->credit += per_ns * (double)(d->before ? now - d->before : d->tick);
	d->before = now;
	for (int i = 0; i < SENDS_PER_TURN && d->credit >= 1; i++) {
		size_t count = d->credit < SEGMENTS ? (size_t)d->credit : SEGMENTS;
		int sent = send_many(d, count);

		if (sent < 0 && errno != EAGAIN && errno != ENOBUFS)
			return -errno;
		if (sent < 0)
			break;
		d->sent += (uint64_t)sent;
		d->credit -= sent;
	}
	/* At rates of less than a frame in that time, one that is due stays due. */
	late = late < 1 ? 1 : late;
	d->credit = d->credit > late ? late : d->credit;
	return 0;
}

static int64_t stamp_of(struct msghdr *header)
{
	struct timespec stamp = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
	return stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec;
}

int datagram_receive(struct datagram *d, void (*fn)(void *context, int64_t at, uint64_t datagrams),
		     void *context)
{
	static struct mmsghdr messages[MESSAGES];
	static uint8_t byte[MESSAGES], control[MESSAGES][128];
	static struct iovec vectors[MESSAGES];
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
		count = recvmmsg(d->in, messages, MESSAGES, MSG_TRUNC | MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++) {
			uint64_t datagrams = messages[i].msg_len / PAYLOAD;

			d->received += datagrams;
			fn(context, stamp_of(&messages[i].msg_hdr), datagrams);
		}
	} while (count == MESSAGES);
	return count < 0 && errno != EAGAIN ? -errno : 0;
}
