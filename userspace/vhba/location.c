/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Two questions by rtnetlink(7): the route to the peer, then the neighbour on that link. */
#include "vhba/location.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define ANSWER_BYTES 8192
#define ANSWER_MS 500
#define SYN_BYTES 256 /* Ethernet, IP and TCP with all options */
/* The handshake went through this entry, so that it is known, if perhaps not of late. */
#define KNOWN_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

struct question {
	struct nlmsghdr header;
	union {
		struct rtmsg route;
		struct ndmsg neighbour;
	};
	uint8_t attributes[64];
};

static void begin(struct question *question, uint16_t type, size_t bytes)
{
	static uint32_t sequence;

	memset(question, 0, sizeof(*question));
	question->header.nlmsg_type = type;
	question->header.nlmsg_flags = NLM_F_REQUEST;
	question->header.nlmsg_seq = __atomic_add_fetch(&sequence, 1, __ATOMIC_RELAXED);
	question->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(bytes);
}

static void add(struct question *question, uint16_t type, const void *data, size_t bytes)
{
	struct rtattr *attribute =
		(struct rtattr *)((char *)question + NLMSG_ALIGN(question->header.nlmsg_len));

	attribute->rta_type = type;
	attribute->rta_len = (uint16_t)RTA_LENGTH(bytes);
	memcpy(RTA_DATA(attribute), data, bytes);
	question->header.nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(question->header.nlmsg_len) + RTA_ALIGN(attribute->rta_len));
}

/* The answer to `question` is in `answer`. 0 or -errno. */
static int ask(int fd, const struct question *question, struct nlmsghdr *answer, size_t room)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(fd, question, question->header.nlmsg_len, 0, (const struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	for (;;) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t bytes = recvfrom(fd, answer, room, 0, (struct sockaddr *)&from, &length);

		if (bytes < 0)
			return errno == EINTR ? -EAGAIN : -errno;
		if (from.nl_pid != 0 || !NLMSG_OK(answer, (size_t)bytes) ||
		    answer->nlmsg_seq != question->header.nlmsg_seq)
			continue; /* late, to a question that nobody waits for */
		if (answer->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(answer);

			return error->error ? error->error : -EPROTO;
		}
		return 0;
	}
}

/* An attribute of `bytes` or more, or NULL. */
static const void *find(const struct nlmsghdr *answer, size_t header, uint16_t type, size_t bytes)
{
	size_t left = answer->nlmsg_len - NLMSG_SPACE(header);
	struct rtattr *a = (struct rtattr *)((char *)answer + NLMSG_SPACE(header));

	if (answer->nlmsg_len < NLMSG_SPACE(header))
		return NULL;
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if (a->rta_type == type)
			return RTA_PAYLOAD(a) >= bytes ? RTA_DATA(a) : NULL;
	}
	return NULL;
}

struct address {
	uint8_t family, bytes;
	uint8_t data[16];
	uint32_t scope; /* interface of a link-local one */
};

static int read_address(const struct sockaddr_storage *from, struct address *ret)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;

	*ret = (struct address){ .family = (uint8_t)from->ss_family };
	if (from->ss_family == AF_INET) {
		ret->bytes = sizeof(in->sin_addr);
		memcpy(ret->data, &in->sin_addr, ret->bytes);
	} else if (from->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		ret->family = AF_INET;
		ret->bytes = sizeof(in->sin_addr);
		memcpy(ret->data, &in6->sin6_addr.s6_addr[12], ret->bytes);
	} else if (from->ss_family == AF_INET6) {
		ret->bytes = sizeof(in6->sin6_addr);
		memcpy(ret->data, &in6->sin6_addr, ret->bytes);
		ret->scope = in6->sin6_scope_id;
	} else {
		return -EAFNOSUPPORT;
	}
	return 0;
}

static int ask_neighbour(int fd, const struct address *peer, uint32_t link,
			 struct raceway_location *ret)
{
	char answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	const struct ndmsg *neighbour = NLMSG_DATA(header);
	struct question question;
	const uint8_t *mac;
	int err;

	begin(&question, RTM_GETNEIGH, sizeof(question.neighbour));
	question.neighbour.ndm_family = peer->family;
	question.neighbour.ndm_ifindex = (int)link;
	add(&question, NDA_DST, peer->data, peer->bytes);
	err = ask(fd, &question, (struct nlmsghdr *)answer, sizeof(answer));
	if (err)
		return err == -ENOENT ? 0 : err;
	mac = find(header, sizeof(*neighbour), NDA_LLADDR, sizeof(ret->mac));
	if (mac && (neighbour->ndm_state & KNOWN_STATES)) {
		memcpy(ret->mac, mac, sizeof(ret->mac));
		ret->neighbour = true;
	}
	return 0;
}

int raceway_location_find(int netlink, const struct sockaddr_storage *peer,
			  const struct sockaddr_storage *local,
			  struct raceway_location *ret_location)
{
	char answer[ANSWER_BYTES] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *header = (const struct nlmsghdr *)answer;
	const struct rtmsg *route = NLMSG_DATA(header);
	struct raceway_location location = { 0 };
	struct address to, from;
	struct question question;
	const uint32_t *link;
	int err = read_address(peer, &to);

	if (!err)
		err = read_address(local, &from);
	if (err)
		return err;
	begin(&question, RTM_GETROUTE, sizeof(question.route));
	question.route.rtm_family = to.family;
	question.route.rtm_dst_len = (uint8_t)(to.bytes * 8);
	question.route.rtm_src_len = (uint8_t)(from.bytes * 8);
	add(&question, RTA_DST, to.data, to.bytes);
	add(&question, RTA_SRC, from.data, from.bytes);
	if (to.scope)
		add(&question, RTA_OIF, &to.scope, sizeof(to.scope));
	err = ask(netlink, &question, (struct nlmsghdr *)answer, sizeof(answer));
	if (err)
		return err;
	link = find(header, sizeof(*route), RTA_OIF, sizeof(*link));
	location.local = route->rtm_type == RTN_LOCAL;
	if (route->rtm_type == RTN_UNICAST && link &&
	    !find(header, sizeof(*route), RTA_GATEWAY, 1) &&
	    !find(header, sizeof(*route), RTA_VIA, 1))
		err = ask_neighbour(netlink, &to, *link, &location);
	if (!err)
		*ret_location = location;
	return err;
}

int raceway_location_keep_syn(int listener)
{
	const int from_ethernet = 2;

	return setsockopt(listener, IPPROTO_TCP, TCP_SAVE_SYN, &from_ethernet,
			  sizeof(from_ethernet))
		       ? -errno
		       : 0;
}

int raceway_location_syn_mac(int connection, uint8_t ret_mac[6])
{
	uint8_t frame[SYN_BYTES];
	socklen_t bytes = sizeof(frame);
	const struct ethhdr *header = (const struct ethhdr *)frame;
	uint8_t version;

	if (getsockopt(connection, IPPROTO_TCP, TCP_SAVED_SYN, frame, &bytes))
		return -errno;
	if (bytes < sizeof(*header) + sizeof(struct iphdr))
		return -ENODATA;
	/* A link without Ethernet headers has its frames begin with IP. */
	version = frame[sizeof(*header)] >> 4;
	if (!(header->h_proto == htons(ETH_P_IP) && version == 4) &&
	    !(header->h_proto == htons(ETH_P_IPV6) && version == 6))
		return -ENODATA;
	memcpy(ret_mac, header->h_source, sizeof(header->h_source));
	return 0;
}

int raceway_location_socket(void)
{
	const struct timeval wait = { .tv_usec = ANSWER_MS * 1000L };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	return fd < 0 ? -errno : fd;
}

uint64_t raceway_location_netns(int fd)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) ? 0 : cookie;
}

bool raceway_location_same_netns(int fd, int other)
{
	uint64_t cookie = raceway_location_netns(fd);

	return cookie && cookie == raceway_location_netns(other);
}
