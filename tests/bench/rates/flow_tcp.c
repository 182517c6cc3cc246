// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TCP flows that always have something to send. What arrives is thrown away by the kernel: its
 * checksum was verified, and offloads are off, so that it was a real one. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow.h"

#define FLOWS_MAX 256
#define CHUNK_BYTES (256U << 10)
#define UNSENT_BYTES (512U << 10) /* below this a sender is woken */
#define UNREAD_BYTES (128U << 10) /* from this on a receiver is woken; it acknowledges before */

struct tcp {
	int listener, count, accepted;
	int out[FLOWS_MAX], in[FLOWS_MAX];
	uint64_t received[FLOWS_MAX]; /* in order, acknowledged */
	uint32_t retransmits;
	double rtt_ms;
};

static const uint8_t zeros[CHUNK_BYTES];

static int fail(struct flow_stream *stream)
{
	stream->failed = -errno;
	return -errno;
}

static int open_flow(struct flow_stream *stream, const char *netns, const struct sockaddr_in *to)
{
	struct tcp *tcp = stream->state;
	int fd = flow_socket(netns, AF_INET, SOCK_STREAM, 0), on = 1, low = UNSENT_BYTES;

	if (fd < 0)
		return fd;
	tcp->out[tcp->count++] = fd;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low, sizeof(low));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) && errno != EINPROGRESS)
		return fail(stream);
	return flow_watch(stream, fd, EPOLLOUT);
}

static int tcp_open(struct flow_stream *stream, char **words)
{
	struct sockaddr_in to = flow_address(words[2], words[3]);
	int flows = (int)flow_number(words[4]), on = 1, ret;
	struct tcp *tcp = calloc(1, sizeof(*tcp));

	stream->state = tcp;
	if (!tcp || flows < 1 || flows > FLOWS_MAX)
		return -EINVAL;
	tcp->listener = flow_socket(words[1], AF_INET, SOCK_STREAM, 0);
	if (tcp->listener < 0)
		return tcp->listener;
	setsockopt(tcp->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(tcp->listener, (struct sockaddr *)&to, sizeof(to)) || listen(tcp->listener, flows))
		return fail(stream);
	ret = flow_watch(stream, tcp->listener, EPOLLIN);
	while (!ret && tcp->count < flows)
		ret = open_flow(stream, words[0], &to);
	return ret;
}

static void take_new(struct flow_stream *stream)
{
	struct tcp *tcp = stream->state;
	int fd = accept4(tcp->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	const int low = UNREAD_BYTES;

	if (fd < 0 || tcp->accepted == FLOWS_MAX)
		return;
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &low, sizeof(low));
	tcp->in[tcp->accepted++] = fd;
	flow_watch(stream, fd, EPOLLIN);
}

static void receive(struct flow_stream *stream, int index)
{
	struct tcp *tcp = stream->state;
	ssize_t n = recv(tcp->in[index], NULL, 1U << 30, MSG_TRUNC | MSG_DONTWAIT);

	if (!n || (n < 0 && errno != EAGAIN))
		stream->failed = n ? -errno : -ECONNRESET;
}

static void tcp_ready(struct flow_stream *stream, int fd, uint32_t events __attribute__((unused)))
{
	struct tcp *tcp = stream->state;

	if (fd == tcp->listener) {
		take_new(stream);
		return;
	}
	for (int i = 0; i < tcp->accepted; i++) {
		if (tcp->in[i] == fd) {
			receive(stream, i);
			return;
		}
	}
	if (send(fd, zeros, sizeof(zeros), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN &&
	    errno != ENOTCONN)
		fail(stream);
}

static struct tcp_info info_of(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t size = sizeof(info);

	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size);
	return info;
}

static void tcp_mark(struct flow_stream *stream, bool end)
{
	struct tcp *tcp = stream->state;

	for (int i = 0; i < tcp->accepted; i++) {
		uint64_t bytes = info_of(tcp->in[i]).tcpi_bytes_received;

		tcp->received[i] = bytes - tcp->received[i];
	}
	for (int i = 0; i < tcp->count; i++) {
		struct tcp_info info = info_of(tcp->out[i]);

		tcp->retransmits += end ? info.tcpi_total_retrans : -info.tcpi_total_retrans;
		tcp->rtt_ms = info.tcpi_rtt / 1000.0;
	}
	if (tcp->accepted != tcp->count)
		stream->failed = -ENOTCONN;
}

static void tcp_report(struct flow_stream *stream, double seconds)
{
	struct tcp *tcp = stream->state;
	uint64_t sum = 0;

	printf("\"flows\": [");
	for (int i = 0; i < tcp->count; i++) {
		sum += tcp->received[i];
		printf("%s%.0f", i ? ", " : "", 8 * (double)tcp->received[i] / seconds);
	}
	printf("], \"bps\": %.0f, \"retransmits\": %u, \"rtt_ms\": %.3f", 8 * (double)sum / seconds,
	       tcp->retransmits, tcp->rtt_ms);
}

const struct flow_kind flow_tcp = {
	.name = "tcp",
	.usage = "FROM-NS,TO-NS,ADDRESS,PORT,FLOWS",
	.words = 5,
	.open = tcp_open,
	.ready = tcp_ready,
	.mark = tcp_mark,
	.report = tcp_report,
};
