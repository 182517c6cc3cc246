/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Traffic of the rates benchmark. One thread serves every stream of a run, both ends of each, so
 * that a machine with one CPU spends it on the path. Only what happens between the warm-up and
 * the end is counted. */
#ifndef RACEWAY_BENCH_RATES_FLOW_H
#define RACEWAY_BENCH_RATES_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOW_WORDS_MAX 10
#define NSEC_PER_SEC 1000000000LL

struct flow_stream;

/* What a kind of traffic does. All but open and report may be absent. */
struct flow_kind {
	const char *name;
	const char *usage;
	int words;  /* behind the name */
	bool drain; /* what is on its way when the window ends is waited for */
	/* Sockets of both ends; 0 or -errno. */
	int (*open)(struct flow_stream *stream, char **words);
	void (*ready)(struct flow_stream *stream, int fd, uint32_t events);
	/* Called often; returns when it wants to be called next. */
	int64_t (*tick)(struct flow_stream *stream, int64_t now);
	/* The window begins, or ends. */
	void (*mark)(struct flow_stream *stream, bool end);
	/* A JSON object, without its braces. */
	void (*report)(struct flow_stream *stream, double seconds);
};

struct flow_stream {
	const struct flow_kind *kind;
	void *state;
	bool counting;
	int failed; /* -errno: the run is invalid */
};

extern const struct flow_kind flow_tcp, flow_udp, flow_turn, flow_ping;

int64_t flow_now(void); /* CLOCK_MONOTONIC, ns */
/* A socket that lives in a named namespace; descriptor or -errno. */
int flow_socket(const char *netns, int domain, int type, int protocol);
int flow_watch(struct flow_stream *stream, int fd, uint32_t events);
int flow_rewatch(struct flow_stream *stream, int fd, uint32_t events);
struct sockaddr_in flow_address(const char *text, const char *port);
double flow_number(const char *text); /* < 0: not a number */

#endif
