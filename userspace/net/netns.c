/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Named network namespaces. Making a veth end in one and reading its links needs no entering;
 * changing a link there does, and a helper process does that and hands the socket over. */
#include "net/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/net_namespace.h>
#include <netlink/attr.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/link.h"
#include "util/caps.h"

int raceway_netns_open(const char *name, int *ret_fd)
{
	struct statfs fs;
	char path[sizeof(RACEWAY_NETNS_DIR) + 260];
	int fd;

	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return -EINVAL;
	if (snprintf(path, sizeof(path), "%s/%s", RACEWAY_NETNS_DIR, name) >= (int)sizeof(path))
		return -EINVAL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstatfs(fd, &fs) || fs.f_type != NSFS_MAGIC) {
		close(fd);
		return -EINVAL;
	}
	*ret_fd = fd;
	return 0;
}

static bool is_own(int ns_fd)
{
	struct stat there, here;

	return !fstat(ns_fd, &there) && !stat("/proc/self/ns/net", &here) &&
	       there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

static int take_nsid(const struct nlmsghdr *header, void *context)
{
	struct nlattr *attr;

	if (header->nlmsg_type != RTM_NEWNSID)
		return 0;
	attr = nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct rtgenmsg), NETNSA_NSID);
	if (attr)
		*(int *)context = nla_get_s32(attr);
	return 0;
}

static struct nl_msg *nsid_message(int type, int ns_fd)
{
	struct rtgenmsg header = { .rtgen_family = AF_UNSPEC };
	struct nl_msg *message = nlmsg_alloc_size(256);

	if (!message)
		return NULL;
	if (!nlmsg_put(message, 0, 0, type, sizeof(header), 0))
		goto fail;
	memcpy(nlmsg_data(nlmsg_hdr(message)), &header, sizeof(header));
	if (nla_put_u32(message, NETNSA_FD, ns_fd))
		goto fail;
	if (type == RTM_NEWNSID && nla_put_s32(message, NETNSA_NSID, NETNSA_NSID_NOT_ASSIGNED))
		goto fail;
	return message;
fail:
	nlmsg_free(message);
	return NULL;
}

static int get_nsid(struct raceway_rtnl *rtnl, int ns_fd, int *ret_nsid)
{
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		nsid_message(RTM_GETNSID, ns_fd);

	if (!message)
		return -ENOMEM;
	*ret_nsid = NETNSA_NSID_NOT_ASSIGNED;
	return raceway_rtnl_query(rtnl, message, take_nsid, ret_nsid);
}

int raceway_netns_id(struct raceway_rtnl *rtnl, int ns_fd, int *ret_nsid)
{
	int nsid, ret;

	if (is_own(ns_fd)) {
		*ret_nsid = RACEWAY_NSID_OWN;
		return 0;
	}
	ret = get_nsid(rtnl, ns_fd, &nsid);
	if (!ret && nsid < 0) {
		__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
			nsid_message(RTM_NEWNSID, ns_fd);

		if (!message)
			return -ENOMEM;
		ret = raceway_rtnl_send_one(rtnl, message);
		if (!ret || ret == -EEXIST)
			ret = get_nsid(rtnl, ns_fd, &nsid);
	}
	if (ret)
		return ret;
	if (nsid < 0)
		return -ENOENT;
	*ret_nsid = nsid;
	return 0;
}

static int make_netlink(void *unused)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

/* In the helper: enters one, opens, sends the descriptor with the result. */
static int enter_and_send(int ns_fd, int channel, raceway_netns_make make, void *context)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	int result = 0, fd = -1;
	struct iovec part = { .iov_base = &result, .iov_len = sizeof(result) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int failed;

	(void)raceway_admin_begin(); /* this process ends soon */
	if (setns(ns_fd, CLONE_NEWNET))
		result = -errno;
	else if ((fd = make(context)) < 0)
		result = fd;
	if (fd >= 0) {
		struct cmsghdr *c;

		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	failed = sendmsg(channel, &message, MSG_NOSIGNAL) < 0;
	if (fd >= 0)
		close(fd);
	return failed;
}

static int receive_socket(int channel, int *ret_fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	int result = -EIO;
	struct iovec part = { .iov_base = &result, .iov_len = sizeof(result) };
	struct msghdr message = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t got;

	do {
		got = recvmsg(channel, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got != sizeof(result))
		return -EIO;
	if (result)
		return result;
	c = CMSG_FIRSTHDR(&message);
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EIO;
	memcpy(ret_fd, CMSG_DATA(c), sizeof(*ret_fd));
	return 0;
}

/* The helper that enters them one by one; *ret_channel: where its descriptors come from. */
static int start_helper(const int *ns_fds, size_t count, raceway_netns_make make, void *context,
			pid_t *ret_child, int *ret_channel)
{
	int channel[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel))
		return -errno;
	child = fork();
	if (!child) {
		close(channel[0]);
		for (size_t i = 0; i < count; i++)
			if (enter_and_send(ns_fds[i], channel[1], make, context))
				_exit(1);
		_exit(0);
	}
	close(channel[1]);
	if (child < 0) {
		close(channel[0]);
		return -errno;
	}
	*ret_child = child;
	*ret_channel = channel[0];
	return 0;
}

static void end_helper(pid_t child, int channel)
{
	close(channel);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

int raceway_netns_sockets(const int *ns_fds, size_t count, struct raceway_rtnl *ret_rtnl)
{
	int channel, ret;
	pid_t child;

	for (size_t i = 0; i < count; i++)
		ret_rtnl[i].fd = -1;
	ret = start_helper(ns_fds, count, make_netlink, NULL, &child, &channel);
	if (ret)
		return ret;
	for (size_t i = 0; i < count && !ret; i++) {
		int fd;

		ret = receive_socket(channel, &fd);
		if (!ret)
			ret = raceway_rtnl_adopt(&ret_rtnl[i], fd);
	}
	end_helper(child, channel);
	for (size_t i = 0; i < count && ret; i++)
		raceway_rtnl_close(&ret_rtnl[i]);
	return ret;
}

int raceway_netns_open_inside(int ns_fd, raceway_netns_make make, void *context, int *ret_fd)
{
	int channel, ret;
	pid_t child;

	ret = start_helper(&ns_fd, 1, make, context, &child, &channel);
	if (ret)
		return ret;
	ret = receive_socket(channel, ret_fd);
	end_helper(child, channel);
	return ret;
}

const char *raceway_netns_why(int err)
{
	switch (-err) {
	case ENOENT:
		return "there is no such name under " RACEWAY_NETNS_DIR;
	case EINVAL:
		return "the name under " RACEWAY_NETNS_DIR " is no network namespace";
	case EPERM:
		return "entering a namespace needs CAP_SYS_ADMIN";
	default:
		return strerror(-err);
	}
}
