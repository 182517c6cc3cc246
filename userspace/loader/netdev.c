// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the kernel says of an interface: MTU, address, XDP features, a veth's other end. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loader/dp.h"

#define NETNS_DIR "/run/netns"
/* linux/netdev.h is newer than the headers of the oldest system we build on. */
#define NETDEV_FAMILY "netdev"
#define NETDEV_CMD_DEV_GET_NR 1
#define NETDEV_A_DEV_IFINDEX_NR 1
#define NETDEV_A_DEV_XDP_FEATURES_NR 3
#define NETDEV_A_DEV_MAX_NR 8

static int if_ioctl(unsigned long request, struct ifreq *ifr, const char *dev)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	strncpy(ifr->ifr_name, dev, IFNAMSIZ - 1);
	if (ioctl(fd, request, ifr))
		ret = -errno;
	close(fd);
	return ret;
}

int raceway_netdev_mtu(const char *dev, uint32_t *ret_mtu)
{
	struct ifreq ifr = { 0 };
	int ret = if_ioctl(SIOCGIFMTU, &ifr, dev);

	if (!ret)
		*ret_mtu = (uint32_t)ifr.ifr_mtu;
	return ret;
}

int raceway_netdev_mac(const char *dev, uint8_t ret_mac[6])
{
	struct ifreq ifr = { 0 };
	int ret = if_ioctl(SIOCGIFHWADDR, &ifr, dev);

	if (!ret)
		memcpy(ret_mac, ifr.ifr_hwaddr.sa_data, 6);
	return ret;
}

static int take_features(struct nl_msg *msg, void *context)
{
	struct nlattr *attrs[NETDEV_A_DEV_MAX_NR + 1];
	uint64_t *features = context;

	if (!genlmsg_parse(nlmsg_hdr(msg), 0, attrs, NETDEV_A_DEV_MAX_NR, NULL) &&
	    attrs[NETDEV_A_DEV_XDP_FEATURES_NR])
		*features = nla_get_u64(attrs[NETDEV_A_DEV_XDP_FEATURES_NR]);
	return NL_OK;
}

int raceway_netdev_xdp_features(uint32_t ifindex, uint64_t *ret_features)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc();
	uint64_t features = 0;
	int ret = -ENOMEM, family;

	if (!sock || !msg)
		goto out;
	ret = -EOPNOTSUPP;
	if (genl_connect(sock))
		goto out;
	family = genl_ctrl_resolve(sock, NETDEV_FAMILY);
	if (family < 0)
		goto out;
	nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take_features, &features);
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, NETDEV_CMD_DEV_GET_NR, 1);
	if (nla_put_u32(msg, NETDEV_A_DEV_IFINDEX_NR, ifindex) || nl_send_auto(sock, msg) < 0 ||
	    nl_recvmsgs_default(sock) < 0)
		goto out;
	*ret_features = features;
	ret = 0;
out:
	nlmsg_free(msg);
	nl_socket_free(sock);
	return ret;
}

struct link_answer {
	uint32_t peer;
	int nsid;
	bool veth;
};

static int take_link(struct nl_msg *msg, void *context)
{
	struct nlattr *attrs[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	struct link_answer *answer = context;

	if (nlmsg_parse(nlmsg_hdr(msg), sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL))
		return NL_OK;
	if (!attrs[IFLA_LINKINFO] ||
	    nla_parse_nested(info, IFLA_INFO_MAX, attrs[IFLA_LINKINFO], NULL) ||
	    !info[IFLA_INFO_KIND])
		return NL_OK;
	answer->veth = !strcmp(nla_get_string(info[IFLA_INFO_KIND]), "veth");
	if (attrs[IFLA_LINK])
		answer->peer = nla_get_u32(attrs[IFLA_LINK]);
	if (attrs[IFLA_LINK_NETNSID])
		answer->nsid = nla_get_s32(attrs[IFLA_LINK_NETNSID]);
	return NL_OK;
}

static int take_nsid(struct nl_msg *msg, void *context)
{
	struct nlattr *attrs[NETNSA_MAX + 1];
	int *nsid = context;

	if (!nlmsg_parse(nlmsg_hdr(msg), sizeof(struct rtgenmsg), attrs, NETNSA_MAX, NULL) &&
	    attrs[NETNSA_NSID])
		*nsid = nla_get_s32(attrs[NETNSA_NSID]);
	return NL_OK;
}

/* One request, one answer, on a socket of its own. */
static int ask(int type, void *head, size_t head_size, int attr, uint32_t value,
	       nl_recvmsg_msg_cb_t take, void *context)
{
	struct nl_sock *sock = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST);
	int ret = -ENOMEM;

	if (sock && msg) {
		nl_socket_disable_auto_ack(sock);
		nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM, take, context);
		ret = -EIO;
		if (!nlmsg_append(msg, head, head_size, NLMSG_ALIGNTO) &&
		    (!attr || !nla_put_u32(msg, attr, value)) && !nl_connect(sock, NETLINK_ROUTE) &&
		    nl_send_auto(sock, msg) >= 0 && nl_recvmsgs_default(sock) >= 0)
			ret = 0;
	}
	nlmsg_free(msg);
	nl_socket_free(sock);
	return ret;
}

/* The named namespace that this one knows by `nsid`; -1 if none of them is it. */
static int find_netns(int nsid, char *name, size_t size)
{
	DIR *dir = opendir(NETNS_DIR);
	struct dirent *entry;
	int found = -1;

	while (dir && found < 0 && (entry = readdir(dir))) {
		struct rtgenmsg head = { .rtgen_family = AF_UNSPEC };
		int fd, id = -1;

		if (entry->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), entry->d_name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!ask(RTM_GETNSID, &head, sizeof(head), NETNSA_FD, (uint32_t)fd, take_nsid,
			 &id) &&
		    id == nsid) {
			found = fd;
			snprintf(name, size, "%s", entry->d_name);
		} else {
			close(fd);
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

int raceway_netdev_peer(uint32_t ifindex, struct raceway_peer *ret_peer)
{
	struct ifinfomsg head = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	struct link_answer answer = { .nsid = -1 };
	struct raceway_peer peer = { .netns = -1 };
	int ret = ask(RTM_GETLINK, &head, sizeof(head), 0, 0, take_link, &answer);

	if (ret)
		return ret;
	if (answer.veth && answer.peer) {
		peer.ifindex = answer.peer;
		if (answer.nsid >= 0) {
			peer.netns = find_netns(answer.nsid, peer.name, sizeof(peer.name));
			if (peer.netns < 0)
				peer.netns = -2;
		}
	}
	*ret_peer = peer;
	return 0;
}
