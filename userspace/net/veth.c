/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* veth pairs in batches: one system call makes some fifty pairs with all their settings.
 * The group number is set at creation, so a crash leaves no pair that nobody owns. */
#include "net/veth.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/ip.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/ethtool.h"
#include "util/cleanup.h"

#define IPV6_CONF "/proc/sys/net/ipv6/conf"
#define DELETE_GROUP 0x7277de1U /* where links wait, for one system call, to be deleted */

/* An array of messages that frees itself. */
struct messages {
	struct nl_msg **message;
	int *error;
	size_t count;
};

static void messages_freep(struct messages *m)
{
	for (size_t i = 0; i < m->count; i++)
		nlmsg_free(m->message[i]);
	free(m->message);
	free(m->error);
}

static int messages_room(struct messages *m, size_t room)
{
	m->message = calloc(room, sizeof(*m->message));
	m->error = calloc(room, sizeof(*m->error));
	return m->message && m->error ? 0 : -ENOMEM;
}

static int messages_add(struct messages *m, struct nl_msg *message)
{
	if (!message)
		return -ENOMEM;
	m->message[m->count++] = message;
	return 0;
}

static int put_guest(struct nl_msg *message, const struct raceway_veth *veth)
{
	struct ifinfomsg header = { 0 }; /* an end cannot be up before it has its other end */
	struct nlattr *peer = nla_nest_start(message, VETH_INFO_PEER);
	int ret;

	if (!peer)
		return -ENOMEM;
	ret = nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO);
	ret |= nla_put_string(message, IFLA_IFNAME, veth->guest);
	ret |= nla_put(message, IFLA_ADDRESS, sizeof(veth->mac), veth->mac);
	ret |= nla_put_u32(message, IFLA_MTU, veth->mtu);
	if (veth->gso_max_bytes)
		ret |= nla_put_u32(message, IFLA_GSO_MAX_SIZE, veth->gso_max_bytes);
	if (veth->gro_max_bytes)
		ret |= nla_put_u32(message, IFLA_GRO_MAX_SIZE, veth->gro_max_bytes);
	if (veth->ns_fd >= 0)
		ret |= nla_put_u32(message, IFLA_NET_NS_FD, veth->ns_fd);
	nla_nest_end(message, peer);
	return ret ? -ENOMEM : 0;
}

static struct nl_msg *create_message(const struct raceway_veth *veth)
{
	struct ifinfomsg header = { .ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP };
	struct nl_msg *message =
		raceway_rtnl_link(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &header, 512);
	struct nlattr *info, *data;
	int ret;

	if (!message)
		return NULL;
	ret = nla_put_string(message, IFLA_IFNAME, veth->host);
	ret |= nla_put_u32(message, IFLA_MTU, veth->mtu);
	ret |= nla_put_u32(message, IFLA_GROUP, veth->group);
	if (veth->gso_max_bytes)
		ret |= nla_put_u32(message, IFLA_GRO_MAX_SIZE, veth->gso_max_bytes);
	info = nla_nest_start(message, IFLA_LINKINFO);
	ret |= nla_put_string(message, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(message, IFLA_INFO_DATA);
	if (ret || !info || !data || put_guest(message, veth)) {
		nlmsg_free(message);
		return NULL;
	}
	nla_nest_end(message, data);
	nla_nest_end(message, info);
	return message;
}

/* No address of its own making, even should somebody switch IPv6 on. */
static int put_silence(struct nl_msg *message)
{
	struct nlattr *family = nla_nest_start(message, AF_INET6);

	if (!family || nla_put_u8(message, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE))
		return -ENOMEM;
	nla_nest_end(message, family);
	return 0;
}

/* What the kernel takes only for a link that exists. */
static struct nl_msg *own_message(const struct raceway_veth *veth)
{
	struct ifinfomsg header = { 0 };
	struct nl_msg *message = raceway_rtnl_link(RTM_SETLINK, 0, &header, 512);
	struct nlattr *spec, *family, *conf;
	int ret;

	if (!message)
		return NULL;
	ret = nla_put_string(message, IFLA_IFNAME, veth->host);
	ret |= nla_put(message, IFLA_IFALIAS, strlen(veth->alias), veth->alias);
	spec = nla_nest_start(message, IFLA_AF_SPEC);
	family = nla_nest_start(message, AF_INET);
	conf = nla_nest_start(message, IFLA_INET_CONF);
	ret |= nla_put_u32(message, IPV4_DEVCONF_FORWARDING, 0);
	if (ret || !spec || !family || !conf) {
		nlmsg_free(message);
		return NULL;
	}
	nla_nest_end(message, conf);
	nla_nest_end(message, family);
	if (!access(IPV6_CONF, F_OK) && put_silence(message)) {
		nlmsg_free(message);
		return NULL;
	}
	nla_nest_end(message, spec);
	return message;
}

int raceway_link_silence(const char *name)
{
	char path[128];
	int fd, ret = 0;

	snprintf(path, sizeof(path), IPV6_CONF "/%s/disable_ipv6", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (write(fd, "1", 1) != 1)
		ret = -errno;
	close(fd);
	return ret;
}

static void delete_by_name(struct raceway_rtnl *rtnl, const char *name)
{
	struct ifinfomsg header = { 0 };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_DELLINK, 0, &header, 64);

	if (message && !nla_put_string(message, IFLA_IFNAME, name))
		(void)raceway_rtnl_send_one(rtnl, message);
}

/* Takes back what a failed batch made: the pairs whose creation was answered with 0. */
static void take_back(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t count,
		      const int *errors)
{
	char text[sizeof(rtnl->text)];

	memcpy(text, rtnl->text, sizeof(text));
	for (size_t i = 0; i < count; i++)
		if (!errors[2 * i])
			delete_by_name(rtnl, veth[i].host);
	memcpy(rtnl->text, text, sizeof(text));
}

static struct nl_msg *up_message(const struct raceway_veth *veth)
{
	struct ifinfomsg header = { .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct nl_msg *message = raceway_rtnl_link(RTM_SETLINK, 0, &header, 64);

	if (message && nla_put_string(message, IFLA_IFNAME, veth->guest)) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

/* Sets up the guest ends that one socket reaches, from `first` on, as one batch. */
static int guests_up(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t first,
		     size_t count, bool *done)
{
	struct raceway_rtnl *inside = veth[first].inside ? veth[first].inside : rtnl;
	RACEWAY_CLEANUP(messages_freep) struct messages m = { 0 };
	int ret = messages_room(&m, count - first);

	for (size_t i = first; i < count && !ret; i++) {
		if (veth[i].inside != veth[first].inside || !veth[i].guest_up)
			continue;
		done[i] = true;
		ret = messages_add(&m, up_message(&veth[i]));
	}
	if (!ret)
		ret = raceway_rtnl_send(inside, m.message, m.count, m.error);
	if (ret && inside != rtnl)
		memcpy(rtnl->text, inside->text, sizeof(rtnl->text));
	return ret;
}

/* Tunnels leave a guest segment by segment: of a whole packet the data path cannot always tell what
 * its segments' inner headers are, and charges as many bytes as they may be (raceway/gso.h). */
static const char *const tunnel_offloads[] = {
	"tx-gre-segmentation",
	"tx-gre-csum-segmentation",
	"tx-ipxip4-segmentation",
	"tx-ipxip6-segmentation",
	"tx-udp_tnl-segmentation",
	"tx-udp_tnl-csum-segmentation",
	"tx-tunnel-remcsum-segmentation",
	"tx-sctp-segmentation",
	"tx-esp-segmentation",
	"tx-gso-partial",
};

static int guests_segment(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t count,
			  size_t *ret_failed)
{
	RACEWAY_FREE struct ethtool_gstrings *names = NULL;
	RACEWAY_FREE struct ethtool_sfeatures *off = NULL;
	int ret = raceway_ethtool_names(rtnl->fd, veth[0].host, &names);

	if (!ret && !(off = raceway_ethtool_change(names)))
		ret = -ENOMEM;
	for (size_t i = 0; i < sizeof(tunnel_offloads) / sizeof(tunnel_offloads[0]) && !ret; i++) {
		int at = raceway_ethtool_find(names, tunnel_offloads[i]);

		if (at >= 0)
			raceway_ethtool_name(off, at, 0);
	}
	for (size_t i = 0; i < count && !ret; i++) {
		if (veth[i].ns_fd >= 0 && !veth[i].inside)
			continue;
		*ret_failed = i;
		ret = raceway_ethtool(veth[i].inside ? veth[i].inside->fd : rtnl->fd, veth[i].guest,
				      off);
	}
	return ret;
}

/* What can only be done to pairs that exist. */
static int finish(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t count,
		  size_t *ret_failed)
{
	RACEWAY_FREE bool *done = calloc(count, sizeof(*done));
	int ret = done ? 0 : -ENOMEM;

	if (!ret && count)
		ret = guests_segment(rtnl, veth, count, ret_failed);
	for (size_t i = 0; i < count && !ret; i++) {
		*ret_failed = i;
		ret = raceway_link_silence(veth[i].host);
		if (!ret && veth[i].guest_up && !done[i])
			ret = guests_up(rtnl, veth, i, count, done);
	}
	return ret;
}

int raceway_veth_create(struct raceway_rtnl *rtnl, const struct raceway_veth *veth, size_t count,
			size_t *ret_failed)
{
	RACEWAY_CLEANUP(messages_freep) struct messages m = { 0 };
	int ret = messages_room(&m, 2 * count);

	*ret_failed = 0;
	for (size_t i = 0; i < count && !ret; i++) {
		ret = messages_add(&m, create_message(&veth[i]));
		if (!ret)
			ret = messages_add(&m, own_message(&veth[i]));
	}
	if (ret)
		return ret;
	for (size_t i = 0; i < 2 * count; i++)
		m.error[i] = -ECANCELED;
	ret = raceway_rtnl_send(rtnl, m.message, m.count, m.error);
	if (ret)
		for (size_t i = 2 * count; i-- > 0;)
			*ret_failed = m.error[i] ? i / 2 : *ret_failed;
	else
		ret = finish(rtnl, veth, count, ret_failed);
	if (ret)
		take_back(rtnl, veth, count, m.error);
	return ret;
}

static struct nl_msg *edit_message(const struct raceway_link_edit *edit)
{
	struct ifinfomsg header = {
		.ifi_index = edit->ifindex,
		.ifi_flags = (edit->what & RACEWAY_EDIT_UP) && edit->up ? IFF_UP : 0,
		.ifi_change = edit->what & RACEWAY_EDIT_UP ? IFF_UP : 0,
	};
	struct nl_msg *message = raceway_rtnl_link(RTM_SETLINK, 0, &header, 384);
	int ret = 0;

	if (!message)
		return NULL;
	if (edit->what & RACEWAY_EDIT_NAME)
		ret |= nla_put_string(message, IFLA_IFNAME, edit->name);
	if (edit->what & RACEWAY_EDIT_MAC)
		ret |= nla_put(message, IFLA_ADDRESS, sizeof(edit->mac), edit->mac);
	if (edit->what & RACEWAY_EDIT_MTU)
		ret |= nla_put_u32(message, IFLA_MTU, edit->mtu);
	if (edit->what & RACEWAY_EDIT_GSO)
		ret |= nla_put_u32(message, IFLA_GSO_MAX_SIZE, edit->gso_max_bytes);
	if (edit->what & RACEWAY_EDIT_GRO)
		ret |= nla_put_u32(message, IFLA_GRO_MAX_SIZE, edit->gro_max_bytes);
	if (edit->what & RACEWAY_EDIT_ALIAS)
		ret |= nla_put(message, IFLA_IFALIAS, strlen(edit->alias), edit->alias);
	if (edit->what & RACEWAY_EDIT_GROUP)
		ret |= nla_put_u32(message, IFLA_GROUP, edit->group);
	if (edit->what & RACEWAY_EDIT_NETNS)
		ret |= nla_put_u32(message, IFLA_NET_NS_FD, edit->ns_fd);
	if (ret) {
		nlmsg_free(message);
		return NULL;
	}
	return message;
}

int raceway_link_edit(struct raceway_rtnl *rtnl, const struct raceway_link_edit *edits,
		      size_t count, int *ret_errors)
{
	RACEWAY_CLEANUP(messages_freep) struct messages m = { 0 };
	int ret = messages_room(&m, count);

	for (size_t i = 0; i < count && !ret; i++)
		ret = messages_add(&m, edit_message(&edits[i]));
	if (ret)
		return ret;
	return raceway_rtnl_send(rtnl, m.message, m.count, ret_errors);
}

static int delete_one(struct raceway_rtnl *rtnl, uint32_t ifindex)
{
	struct ifinfomsg header = { .ifi_index = ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_DELLINK, 0, &header, 16);
	int ret = message ? raceway_rtnl_send_one(rtnl, message) : -ENOMEM;

	return ret == -ENODEV ? 0 : ret;
}

static int delete_group(struct raceway_rtnl *rtnl)
{
	struct ifinfomsg header = { 0 };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_DELLINK, 0, &header, 64);
	int ret;

	if (!message || nla_put_u32(message, IFLA_GROUP, DELETE_GROUP))
		return -ENOMEM;
	ret = raceway_rtnl_send_one(rtnl, message);
	return ret == -ENODEV ? 0 : ret;
}

int raceway_links_delete(struct raceway_rtnl *rtnl, const uint32_t *ifindex, size_t count)
{
	RACEWAY_CLEANUP(messages_freep) struct messages m = { 0 };
	int ret;

	if (count < 2)
		return count ? delete_one(rtnl, ifindex[0]) : 0;
	ret = messages_room(&m, count);
	for (size_t i = 0; i < count && !ret; i++) {
		struct raceway_link_edit edit = {
			.ifindex = ifindex[i],
			.what = RACEWAY_EDIT_GROUP,
			.group = DELETE_GROUP,
		};

		ret = messages_add(&m, edit_message(&edit));
	}
	if (ret)
		return ret;
	/* A link that is gone meanwhile is what was wanted. */
	(void)raceway_rtnl_send(rtnl, m.message, m.count, m.error);
	return delete_group(rtnl);
}
