// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What loopback TCP itself carries in messages of the size of 4 KiB reads: a request of a PDU's
 * head, an answer of a head and the data, `depth` at once. One line of JSON. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define HEAD_BYTES 48U
#define ANSWER_BYTES (HEAD_BYTES + 4096U)
#define DEPTH_MAX 128U
#define NS_PER_S 1e9
#define US_PER_S 1e6

static uint8_t requests[DEPTH_MAX * HEAD_BYTES], answers[DEPTH_MAX * ANSWER_BYTES];
static uint8_t received[1U << 18];

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / NS_PER_S;
}

static int send_all(int fd, const uint8_t *data, size_t bytes)
{
	while (bytes) {
		ssize_t n = send(fd, data, bytes, MSG_NOSIGNAL);

		if (n < 0)
			return -errno;
		data += n;
		bytes -= (size_t)n;
	}
	return 0;
}

/* For each message of in_bytes that came whole, one of out_bytes goes: all of them in one send.
 * Ends at `end` (0: with the connection) and returns how many came. */
static uint64_t exchange(int fd, size_t in_bytes, const uint8_t *out, size_t out_bytes, double end)
{
	uint64_t count = 0;
	size_t rest = 0;

	while (!end || now() < end) {
		ssize_t n = recv(fd, received, sizeof(received), 0);
		size_t whole;

		if (n <= 0)
			break;
		whole = (rest + (size_t)n) / in_bytes;
		rest = (rest + (size_t)n) % in_bytes;
		count += whole;
		if (send_all(fd, out, whole * out_bytes))
			break;
	}
	return count;
}

static int fail(const char *what)
{
	fprintf(stderr, "echo: %s: %s\n", what, strerror(errno));
	return 1;
}

static double cpu_seconds(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / US_PER_S;
}

static int listen_on_loopback(struct sockaddr_in *ret_address)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (void *)&address, sizeof(address)) || listen(fd, 1) ||
	    getsockname(fd, (void *)&address, &length))
		return -1;
	*ret_address = address;
	return fd;
}

static void no_delay(int fd)
{
	const int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

int main(int argc, char **argv)
{
	unsigned long depth = argc == 3 ? strtoul(argv[1], NULL, 10) : 0;
	double seconds = argc == 3 ? strtod(argv[2], NULL) : 0, begin;
	struct sockaddr_in address;
	uint64_t count;
	int listener, fd;
	pid_t server;

	if (depth < 1 || depth > DEPTH_MAX || seconds <= 0) {
		fprintf(stderr, "Usage: storage-echo DEPTH SECONDS\n");
		return 2;
	}
	listener = listen_on_loopback(&address);
	if (listener < 0)
		return fail("listen");
	server = fork();
	if (server < 0)
		return fail("fork");
	if (!server) {
		fd = accept(listener, NULL, NULL);
		no_delay(fd);
		exchange(fd, HEAD_BYTES, answers, ANSWER_BYTES, 0);
		_exit(0);
	}
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (void *)&address, sizeof(address)))
		return fail("connect");
	no_delay(fd);
	begin = now();
	if (send_all(fd, requests, depth * HEAD_BYTES))
		return fail("send");
	count = exchange(fd, ANSWER_BYTES, requests, HEAD_BYTES, begin + seconds);
	seconds = now() - begin;
	close(fd);
	waitpid(server, NULL, 0);
	printf("{\"ios\": %llu, \"seconds\": %.3f, \"client_s\": %.3f, \"server_s\": %.3f}\n",
	       (unsigned long long)count, seconds, cpu_seconds(RUSAGE_SELF),
	       cpu_seconds(RUSAGE_CHILDREN));
	return 0;
}
