/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Settings of both ends' sockets: a peer that is gone without a word is noticed by the kernel. */
#ifndef RACEWAY_NODE_KEEPALIVE_H
#define RACEWAY_NODE_KEEPALIVE_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#define RACEWAY_GONE_S 10 /* without an answer a link counts as cut */

/* TCP_USER_TIMEOUT (RFC 5482) for what was sent, keepalives for when nothing is. */
static inline void raceway_keepalive(int fd)
{
	const int on = 1, idle_s = 4, interval_s = 2, probes = 3;
	const unsigned int gone_ms = RACEWAY_GONE_S * 1000;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &gone_ms, sizeof(gone_ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

#endif
