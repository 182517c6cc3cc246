// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ICMP echo at an interval, timed by the kernel's stamp on the answer: that this process was busy
 * in between is not seen. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "flow.h"

#define PINGS_MAX 65536
#define IDENTITY 0x7261
#define MESSAGE_BYTES 64

struct ping {
	int fd;
	int64_t interval, next;
	unsigned int sent, received;
	int64_t sent_at[PINGS_MAX];
	double ms[PINGS_MAX];
};

static int64_t wall_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static int ping_open(struct flow_stream *stream, char **words)
{
	struct sockaddr_in to = flow_address(words[1], "0");
	struct ping *ping = calloc(1, sizeof(*ping));
	int on = 1;

	stream->state = ping;
	if (!ping)
		return -ENOMEM;
	ping->interval = (int64_t)(flow_number(words[2]) * 1e6);
	ping->fd = flow_socket(words[0], AF_INET, SOCK_RAW, IPPROTO_ICMP);
	if (ping->interval <= 0 || ping->fd < 0 ||
	    setsockopt(ping->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) ||
	    connect(ping->fd, (struct sockaddr *)&to, sizeof(to)))
		return ping->fd < 0 ? ping->fd : -EINVAL;
	return 0;
}

static uint16_t checksum(const uint8_t *bytes, size_t count)
{
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < count; i += 2) {
		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static void transmit(struct flow_stream *stream)
{
	struct ping *ping = stream->state;
	uint8_t message[MESSAGE_BYTES] = { 0 };
	struct icmphdr head = {
		.type = ICMP_ECHO,
		.un.echo = { htons(IDENTITY), htons((uint16_t)ping->sent) },
	};

	memcpy(message, &head, sizeof(head));
	head.checksum = checksum(message, sizeof(message));
	memcpy(message, &head, sizeof(head));
	ping->sent_at[ping->sent++] = wall_clock();
	/* What a full queue does not take is a loss like any other. */
	if (send(ping->fd, message, sizeof(message), MSG_DONTWAIT) < 0 && errno != ENOBUFS &&
	    errno != EAGAIN)
		stream->failed = -errno;
}

/* 1 if there was something to read. */
static int receive(struct ping *ping)
{
	uint8_t packet[256], control[128];
	struct iovec vector = { packet, sizeof(packet) };
	struct msghdr header = { .msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(ping->fd, &header, MSG_DONTWAIT);
	struct timespec stamp = { 0 };
	struct icmphdr head;
	uint16_t sequence;

	if (n < 0)
		return 0;
	if ((size_t)n < sizeof(struct iphdr) + sizeof(head))
		return 1;
	memcpy(&head, packet + sizeof(struct iphdr), sizeof(head));
	sequence = ntohs(head.un.echo.sequence);
	if (head.type != ICMP_ECHOREPLY || head.un.echo.id != htons(IDENTITY) ||
	    sequence >= ping->sent)
		return 1;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&header); c; c = CMSG_NXTHDR(&header, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
	if (ping->received < PINGS_MAX)
		ping->ms[ping->received++] = (double)(stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec -
						      ping->sent_at[sequence]) /
					     1e6;
	return 1;
}

static int64_t ping_tick(struct flow_stream *stream, int64_t now)
{
	struct ping *ping = stream->state;

	if (stream->counting && now >= ping->next && ping->sent < PINGS_MAX) {
		transmit(stream);
		ping->next = now + ping->interval;
	}
	while (receive(ping))
		;
	return stream->counting && ping->next > now ? ping->next : now + ping->interval;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void ping_report(struct flow_stream *stream, double seconds __attribute__((unused)))
{
	struct ping *ping = stream->state;
	unsigned int n = ping->received;

	qsort(ping->ms, n, sizeof(ping->ms[0]), compare);
	printf("\"sent\": %u, \"received\": %u, \"p50_ms\": %.3f, \"p99_ms\": %.3f, "
	       "\"max_ms\": %.3f",
	       ping->sent, n, n ? ping->ms[n / 2] : 0, n ? ping->ms[n * 99 / 100] : 0,
	       n ? ping->ms[n - 1] : 0);
}

const struct flow_kind flow_ping = {
	.name = "ping",
	.usage = "FROM-NS,ADDRESS,INTERVAL-MS",
	.words = 3,
	.drain = true,
	.open = ping_open,
	.tick = ping_tick,
	.report = ping_report,
};
