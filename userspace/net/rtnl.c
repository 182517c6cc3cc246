/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One rtnetlink socket and batches of requests on it.
 * libnl builds and parses the messages; the socket is plain so that a batch is one call. */
#include "net/rtnl.h"

#include <errno.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Answers to one chunk must fit the receive buffer (208 KiB by default, some 900 bytes each). */
#define CHUNK_MESSAGES 96
#define RECEIVE_BYTES 65536
#define DUMP_RECEIVE_BUFFER (1 << 20)

int raceway_rtnl_adopt(struct raceway_rtnl *rtnl, int fd)
{
	int one = 1, size = DUMP_RECEIVE_BUFFER;

	*rtnl = (struct raceway_rtnl){ .fd = fd, .seq = 1 };
	/* Without these two the answers are larger and say less, and all still works. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return 0;
}

int raceway_rtnl_open(struct raceway_rtnl *rtnl)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return raceway_rtnl_adopt(rtnl, fd);
}

void raceway_rtnl_close(struct raceway_rtnl *rtnl)
{
	if (rtnl->fd >= 0)
		close(rtnl->fd);
	rtnl->fd = -1;
}

struct nl_msg *raceway_rtnl_link(int type, int flags, const struct ifinfomsg *header, size_t size)
{
	struct nl_msg *message = nlmsg_alloc_size(NLMSG_HDRLEN + sizeof(*header) + size);

	if (!message)
		return NULL;
	if (!nlmsg_put(message, 0, 0, type, sizeof(*header), flags)) {
		nlmsg_free(message);
		return NULL;
	}
	memcpy(nlmsg_data(nlmsg_hdr(message)), header, sizeof(*header));
	return message;
}

static void take_text(struct raceway_rtnl *rtnl, const struct nlmsghdr *header)
{
	const struct nlmsgerr *error = nlmsg_data(header);
	const int fixed = NLMSG_HDRLEN + (int)sizeof(*error);
	struct nlattr *text;

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS) || (int)header->nlmsg_len < fixed)
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		return;
	text = nla_find((struct nlattr *)((char *)header + fixed), header->nlmsg_len - fixed,
			NLMSGERR_ATTR_MSG);
	if (text)
		nla_strlcpy(rtnl->text, text, sizeof(rtnl->text));
}

static int receive(struct raceway_rtnl *rtnl, char *buf, size_t size)
{
	ssize_t got;

	do {
		got = recv(rtnl->fd, buf, size, 0);
	} while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : (int)got;
}

/* Answers may come in any number of datagrams; each carries the sequence number it answers. */
static int collect(struct raceway_rtnl *rtnl, uint32_t first, size_t count, int *ret_errors)
{
	static char buf[RECEIVE_BYTES] __attribute__((aligned(8)));
	size_t missing = count;
	int ret = 0;

	while (missing) {
		int left = receive(rtnl, buf, sizeof(buf));

		if (left < 0)
			return left;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			const struct nlmsgerr *error = nlmsg_data(h);

			if (h->nlmsg_type != NLMSG_ERROR || h->nlmsg_seq - first >= count)
				continue;
			ret_errors[h->nlmsg_seq - first] = error->error;
			if (error->error && !ret) {
				ret = error->error;
				take_text(rtnl, h);
			}
			missing--;
		}
	}
	return ret;
}

static int send_chunk(struct raceway_rtnl *rtnl, struct nl_msg *const *messages, size_t count,
		      int *ret_errors)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct iovec parts[CHUNK_MESSAGES];
	struct msghdr header = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = parts,
		.msg_iovlen = count,
	};
	uint32_t first = rtnl->seq;

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *h = nlmsg_hdr(messages[i]);

		h->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
		h->nlmsg_seq = rtnl->seq++;
		h->nlmsg_pid = 0;
		parts[i] = (struct iovec){ .iov_base = h, .iov_len = NLMSG_ALIGN(h->nlmsg_len) };
	}
	if (sendmsg(rtnl->fd, &header, 0) < 0)
		return -errno;
	return collect(rtnl, first, count, ret_errors);
}

int raceway_rtnl_send(struct raceway_rtnl *rtnl, struct nl_msg *const *messages, size_t count,
		      int *ret_errors)
{
	int ret = 0;

	rtnl->text[0] = '\0';
	for (size_t done = 0; done < count;) {
		size_t chunk = count - done < CHUNK_MESSAGES ? count - done : CHUNK_MESSAGES;
		int err = send_chunk(rtnl, messages + done, chunk, ret_errors + done);

		if (err && !ret)
			ret = err;
		done += chunk;
	}
	return ret;
}

int raceway_rtnl_send_one(struct raceway_rtnl *rtnl, struct nl_msg *message)
{
	int error = 0;
	int ret = raceway_rtnl_send(rtnl, &message, 1, &error);

	return ret ? ret : error;
}

int raceway_rtnl_query(struct raceway_rtnl *rtnl, struct nl_msg *message,
		       int (*fn)(const struct nlmsghdr *header, void *context), void *context)
{
	static char buf[RECEIVE_BYTES] __attribute__((aligned(8)));
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *request = nlmsg_hdr(message);
	bool dump = request->nlmsg_flags & NLM_F_DUMP, torn = false;
	int ret = 0;

	request->nlmsg_flags |= NLM_F_REQUEST;
	request->nlmsg_seq = rtnl->seq++;
	rtnl->text[0] = '\0';
	if (sendto(rtnl->fd, request, request->nlmsg_len, 0, (struct sockaddr *)&kernel,
		   sizeof(kernel)) < 0)
		return -errno;
	for (;;) {
		int left = receive(rtnl, buf, sizeof(buf));

		if (left < 0)
			return left;
		for (struct nlmsghdr *h = (struct nlmsghdr *)buf; nlmsg_ok(h, left);
		     h = nlmsg_next(h, &left)) {
			const struct nlmsgerr *error = nlmsg_data(h);

			if (h->nlmsg_seq != request->nlmsg_seq)
				continue;
			torn |= !!(h->nlmsg_flags & NLM_F_DUMP_INTR);
			if (h->nlmsg_type == NLMSG_DONE)
				return ret ? ret : torn ? -EAGAIN : 0;
			if (h->nlmsg_type == NLMSG_ERROR) {
				take_text(rtnl, h);
				return ret ? ret : error->error;
			}
			if (!ret)
				ret = fn(h, context);
			if (!dump)
				return ret;
		}
	}
}
