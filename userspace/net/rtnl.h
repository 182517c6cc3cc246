/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One rtnetlink socket and batches of requests on it: many messages in one system call, one
 * answer each. No forking and no threads. */
#ifndef RACEWAY_NET_RTNL_H
#define RACEWAY_NET_RTNL_H

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <stddef.h>
#include <stdint.h>

struct raceway_rtnl {
	int fd;
	uint32_t seq;
	char text[160]; /* what the kernel said about the last failed message, or "" */
};

/* In the calling process's network namespace. 0 or -errno. */
int raceway_rtnl_open(struct raceway_rtnl *rtnl);
/* Takes over a netlink socket that was opened elsewhere (in another namespace). */
int raceway_rtnl_adopt(struct raceway_rtnl *rtnl, int fd);
void raceway_rtnl_close(struct raceway_rtnl *rtnl);

/* A link message with its header; the caller adds attributes. NULL: out of memory. `size` is the
 * room for attributes in bytes. */
struct nl_msg *raceway_rtnl_link(int type, int flags, const struct ifinfomsg *header, size_t size);

/* Sends all messages, a chunk per system call, and collects one answer each. ret_errors[i] is 0
 * or -errno. Returns 0 if all are 0, the first error otherwise; a failing message does not stop
 * those after it. The messages stay the caller's. */
int raceway_rtnl_send(struct raceway_rtnl *rtnl, struct nl_msg *const *messages, size_t count,
		      int *ret_errors);
int raceway_rtnl_send_one(struct raceway_rtnl *rtnl, struct nl_msg *message);

/* Sends a request and calls `fn` for every answer until the end of the dump (or the single
 * answer). fn returns 0 to go on. A dump that the kernel marks as inconsistent is -EAGAIN. */
int raceway_rtnl_query(struct raceway_rtnl *rtnl, struct nl_msg *message,
		       int (*fn)(const struct nlmsghdr *header, void *context), void *context);

static inline void raceway_msg_freep(struct nl_msg **message)
{
	if (*message)
		nlmsg_free(*message);
}

#endif
