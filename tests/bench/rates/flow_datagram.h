/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Datagrams of one length from one namespace to another, many per system call, and when they
 * arrived by the receiving kernel's stamp. */
#ifndef RACEWAY_BENCH_RATES_FLOW_DATAGRAM_H
#define RACEWAY_BENCH_RATES_FLOW_DATAGRAM_H

#include "flow.h"

#define DATAGRAM_FRAME 1514 /* bytes of its frame */

struct datagram {
	int out, in;
	bool one_by_one;
	double credit;	/* frames that were due and are not sent yet */
	int64_t before; /* when they were counted; 0: not begun */
	int64_t tick;	/* how often it is worth a turn */
	uint64_t sent, received;
};

/* Both sockets: words are FROM-NS,TO-NS,ADDRESS,PORT. `bps` is what will be sent at most, in frame
 * bits. 0 or -errno. */
int datagram_open(struct datagram *d, char **words, double bps);
/* Sends what `bps` has made due since the last call. What is later than 20 ms is not sent any more.
 * 0 or -errno; a full queue is no error. */
int datagram_send(struct datagram *d, double bps, int64_t now);
/* Takes what has arrived; fn is told of each packet of one or more datagrams, `at` by the wall
 * clock in ns. 0 or -errno. */
int datagram_receive(struct datagram *d, void (*fn)(void *context, int64_t at, uint64_t datagrams),
		     void *context);

#endif
