// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* rates-flow WARM-UP SECONDS STREAM...: runs all streams at once, prints a JSON array with what
 * each did between the warm-up and the end. A stream is its kind and words, by commas. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "flow.h"

#define STREAMS_MAX 64
#define EVENTS_MAX 64
#define FDS_MAX 4096
#define WAIT_MAX_NS 5000000LL /* the window's ends are this exact where nothing happens */

#define DRAIN_NS NSEC_PER_SEC
#define STALL_NS 40000000LL

static const struct flow_kind *const kinds[] = { &flow_tcp, &flow_udp, &flow_turn, &flow_ping };
static struct flow_stream streams[STREAMS_MAX];
static size_t stream_count;
static struct flow_stream *by_fd[FDS_MAX];
static int poller = -1;
static double busy;    /* CPU seconds of the whole machine within the window */
static double stalled; /* seconds of it in which this process did not get to run */

int64_t flow_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

double flow_number(const char *text)
{
	char *end;
	double value = strtod(text, &end);

	return end == text || *end ? -1 : value;
}

struct sockaddr_in flow_address(const char *text, const char *port)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
	};

	inet_pton(AF_INET, text, &in.sin_addr);
	return in;
}

int flow_socket(const char *netns, int domain, int type, int protocol)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), away, fd = -1;
	char path[64];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	away = open(path, O_RDONLY | O_CLOEXEC);
	if (home >= 0 && away >= 0 && !setns(away, CLONE_NEWNET)) {
		fd = socket(domain, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
		if (setns(home, CLONE_NEWNET))
			abort();
	}
	if (fd < 0)
		fd = -errno;
	if (away >= 0)
		close(away);
	if (home >= 0)
		close(home);
	return fd;
}

static int control(struct flow_stream *stream, int fd, int op, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	if (fd >= FDS_MAX)
		return -EMFILE;
	by_fd[fd] = stream;
	return epoll_ctl(poller, op, fd, &event) ? -errno : 0;
}

int flow_watch(struct flow_stream *stream, int fd, uint32_t events)
{
	return control(stream, fd, EPOLL_CTL_ADD, events);
}

int flow_rewatch(struct flow_stream *stream, int fd, uint32_t events)
{
	return control(stream, fd, EPOLL_CTL_MOD, events);
}

static int add_stream(char *text)
{
	char *words[FLOW_WORDS_MAX + 1] = { NULL }, *word;
	struct flow_stream *stream = &streams[stream_count];
	int count = 0;

	while (count <= FLOW_WORDS_MAX && (word = strsep(&text, ",")))
		words[count++] = word;
	if (text || stream_count == STREAMS_MAX)
		return -E2BIG;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i]->name, words[0]))
			continue;
		if (count != kinds[i]->words + 1)
			return -EINVAL;
		stream->kind = kinds[i];
		stream_count++;
		return kinds[i]->open(stream, words + 1);
	}
	return -EINVAL;
}

static void mark_all(bool end)
{
	for (size_t i = 0; i < stream_count; i++) {
		if (streams[i].kind->mark)
			streams[i].kind->mark(&streams[i], end);
		streams[i].counting = !end;
	}
}

/* System calls are dear in User-mode Linux: one for the clock and one wait per turn. */
static void turn(int64_t now, int64_t until)
{
	struct epoll_event events[EVENTS_MAX];
	struct timespec wait;
	int64_t next = now + WAIT_MAX_NS, at;
	int count;

	next = until < next ? until : next;
	for (size_t i = 0; i < stream_count; i++) {
		at = streams[i].kind->tick ? streams[i].kind->tick(&streams[i], now) : next;
		next = at < next ? at : next;
	}
	wait = (struct timespec){ .tv_nsec = next > now ? next - now : 0 };
	count = epoll_pwait2(poller, events, EVENTS_MAX, &wait, NULL);
	for (int i = 0; i < count; i++) {
		struct flow_stream *stream = by_fd[events[i].data.fd];

		stream->kind->ready(stream, events[i].data.fd, events[i].events);
	}
}

/* What all CPUs together have worked since the machine was started. */
static double busy_seconds(void)
{
	double user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
	FILE *file = fopen("/proc/stat", "re");

	if (!file)
		return 0;
	if (fscanf(file, "cpu %lf %lf %lf %*f %*f %lf %lf", &user, &nice, &system, &irq,
		   &softirq) != 5)
		user = nice = system = irq = softirq = 0;
	fclose(file);
	return (user + nice + system + irq + softirq) / (double)sysconf(_SC_CLK_TCK);
}

static void run(double warm_up, double seconds, double *ret_seconds)
{
	int64_t now = flow_now(), from = now + (int64_t)(warm_up * NSEC_PER_SEC), to;

	for (; now < from; now = flow_now())
		turn(now, from);
	busy = busy_seconds();
	mark_all(false);
	from = now = flow_now();
	to = from + (int64_t)(seconds * NSEC_PER_SEC);
	for (int64_t before; now < to;) {
		before = now;
		turn(now, to);
		now = flow_now();
		if (now - before > STALL_NS)
			stalled += (double)(now - before) / NSEC_PER_SEC;
	}
	mark_all(true);
	busy = busy_seconds() - busy;
	*ret_seconds = (double)(now - from) / NSEC_PER_SEC;
	for (size_t i = 0; i < stream_count; i++)
		to = streams[i].kind->drain ? now + DRAIN_NS : to;
	for (; now < to; now = flow_now())
		turn(now, to);
}

static int report_all(double seconds)
{
	int failed = 0;

	printf("[");
	for (size_t i = 0; i < stream_count; i++) {
		printf("%s{\"kind\": \"%s\", \"seconds\": %.4f, \"busy\": %.2f, \"stalled\": %.3f, "
		       "\"failed\": %d, ",
		       i ? ",\n " : "", streams[i].kind->name, seconds, busy, stalled,
		       streams[i].failed);
		streams[i].kind->report(&streams[i], seconds);
		printf("}");
		failed |= streams[i].failed;
	}
	printf("]\n");
	return failed ? 1 : 0;
}

int main(int argc, char **argv)
{
	double warm_up, seconds, took;

	if (argc < 4 || (warm_up = flow_number(argv[1])) < 0 ||
	    (seconds = flow_number(argv[2])) <= 0) {
		fprintf(stderr, "Usage: rates-flow WARM-UP SECONDS STREAM...\n");
		for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
			fprintf(stderr, "  %s,%s\n", kinds[i]->name, kinds[i]->usage);
		return 2;
	}
	poller = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 3; i < argc; i++) {
		int ret = add_stream(argv[i]);

		if (ret) {
			fprintf(stderr, "rates-flow: stream %d: %s\n", i - 2, strerror(-ret));
			return 1;
		}
	}
	run(warm_up, seconds, &took);
	return report_all(took);
}
