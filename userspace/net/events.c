/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The subscription to events of links and their filters, and what ethtool knows of a link's speed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/pkt_sched.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/link.h"

#define EVENT_BYTES 32768
#define EVENT_BUFFER (2 << 20) /* of 1,024 vNICs made at once, some 2 KB each */
#define MBIT 1000000ULL

/* What somebody else does with filters is much, and of no concern until one goes; that we put a
 * clsact somewhere we know. The kernel sorts it out, so that it neither wakes us nor fills the
 * buffer. A load is big endian, what is loaded is not. */
static int sort_out(int fd)
{
#define TAKE(type, to_end) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(type), to_end, 0)
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		TAKE(RTM_NEWLINK, 7),
		TAKE(RTM_DELLINK, 6),
		TAKE(RTM_DELQDISC, 5),
		TAKE(RTM_DELTFILTER, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWQDISC), 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 NLMSG_HDRLEN + offsetof(struct tcmsg, tcm_parent)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(TC_H_CLSACT), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { .len = sizeof(code) / sizeof(code[0]), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

int raceway_events_open(int *ret_fd)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int link = RTNLGRP_LINK, tc = RTNLGRP_TC, size = EVENT_BUFFER, err;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (sort_out(fd) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &link, sizeof(link)) ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &tc, sizeof(tc))) {
		err = -errno;
		close(fd);
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int raceway_events_read(int fd, struct raceway_links *links,
			void (*fn)(enum raceway_link_change change, const struct raceway_link *link,
				   void *context),
			void *context)
{
	static char buf[EVENT_BYTES] __attribute__((aligned(8)));
	struct raceway_link link;
	int lost = 0;

	for (;;) {
		int left = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (left < 0 && errno == EINTR)
			continue;
		if (left < 0 && errno == ENOBUFS) {
			lost = -ENOBUFS;
			continue;
		}
		if (left < 0)
			return errno == EAGAIN ? lost : -errno;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			int change = raceway_links_event(links, h, &link);

			if (change == -ENOMEM)
				lost = -ENOBUFS;
			else if (change > RACEWAY_LINK_SAME)
				fn(change, &link, context);
		}
	}
}

uint64_t raceway_link_speed_bps(const char *name)
{
	/* The settings are followed by three masks of a length that the kernel tells. */
	_Alignas(8) char buf[sizeof(struct ethtool_link_settings) + 3 * 127 * sizeof(uint32_t)] = {
		0
	};
	struct ethtool_link_settings *settings = (void *)buf;
	struct ifreq ifr = { .ifr_data = buf };
	uint64_t speed = 0;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	memcpy(ifr.ifr_name, name, strnlen(name, IFNAMSIZ - 1));
	settings->cmd = ETHTOOL_GLINKSETTINGS;
	/* The first call tells how long the masks are, as a negative number of words. */
	if (!ioctl(fd, SIOCETHTOOL, &ifr) && settings->link_mode_masks_nwords < 0) {
		settings->cmd = ETHTOOL_GLINKSETTINGS;
		settings->link_mode_masks_nwords = (__s8)-settings->link_mode_masks_nwords;
		if (!ioctl(fd, SIOCETHTOOL, &ifr) && settings->speed != (uint32_t)SPEED_UNKNOWN)
			speed = settings->speed * MBIT;
	}
	close(fd);
	return speed;
}
