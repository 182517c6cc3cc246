/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network interfaces read back from the kernel into a sorted table.
 * The table is a cache that events keep true; a lost event means reading all anew. */
#include "net/link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/pkt_sched.h>
#include <netlink/attr.h>
#include <stdlib.h>
#include <string.h>

#define READ_TRIES 8 /* a dump during changes is torn and done again */

static void parse_info(struct nlattr *info, struct raceway_link *link)
{
	struct nlattr *attrs[IFLA_INFO_MAX + 1];

	if (info && !nla_parse_nested(attrs, IFLA_INFO_MAX, info, NULL) && attrs[IFLA_INFO_KIND])
		nla_strlcpy(link->kind, attrs[IFLA_INFO_KIND], sizeof(link->kind));
}

static void parse_xdp(struct nlattr *xdp, struct raceway_link *link)
{
	struct nlattr *attrs[IFLA_XDP_MAX + 1];

	if (xdp && !nla_parse_nested(attrs, IFLA_XDP_MAX, xdp, NULL) && attrs[IFLA_XDP_PROG_ID])
		link->xdp_prog_id = nla_get_u32(attrs[IFLA_XDP_PROG_ID]);
}

static uint32_t get_u32(struct nlattr *attr)
{
	return attr ? nla_get_u32(attr) : 0;
}

int raceway_link_parse(const struct nlmsghdr *header, struct raceway_link *ret_link)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	const struct ifinfomsg *info;
	struct raceway_link link = { .peer_nsid = RACEWAY_NSID_OWN };

	if (header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK)
		return -EINVAL;
	if (!nlmsg_valid_hdr(header, sizeof(*info)))
		return -EINVAL;
	info = nlmsg_data(header);
	if (info->ifi_family != AF_UNSPEC || info->ifi_index <= 0)
		return -EINVAL;
	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, IFLA_MAX, NULL))
		return -EINVAL;
	link.ifindex = info->ifi_index;
	link.up = info->ifi_flags & IFF_UP;
	link.carrier = info->ifi_flags & IFF_LOWER_UP;
	link.mtu = get_u32(attrs[IFLA_MTU]);
	link.group = get_u32(attrs[IFLA_GROUP]);
	link.gso_max_bytes = get_u32(attrs[IFLA_GSO_MAX_SIZE]);
	link.gro_max_bytes = get_u32(attrs[IFLA_GRO_MAX_SIZE]);
	link.peer_ifindex = get_u32(attrs[IFLA_LINK]);
	if (attrs[IFLA_LINK_NETNSID])
		link.peer_nsid = nla_get_s32(attrs[IFLA_LINK_NETNSID]);
	if (attrs[IFLA_ADDRESS] && nla_len(attrs[IFLA_ADDRESS]) == sizeof(link.mac))
		memcpy(link.mac, nla_data(attrs[IFLA_ADDRESS]), sizeof(link.mac));
	if (attrs[IFLA_IFNAME])
		nla_strlcpy(link.name, attrs[IFLA_IFNAME], sizeof(link.name));
	if (attrs[IFLA_IFALIAS] && nla_len(attrs[IFLA_IFALIAS]) <= (int)sizeof(link.alias))
		nla_strlcpy(link.alias, attrs[IFLA_IFALIAS], sizeof(link.alias));
	parse_info(attrs[IFLA_LINKINFO], &link);
	parse_xdp(attrs[IFLA_XDP], &link);
	*ret_link = link;
	return 0;
}

/* Position of the first link whose index is not below `ifindex`. */
static size_t lower_bound(const struct raceway_links *links, uint32_t ifindex)
{
	size_t low = 0, high = links->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (links->link[middle].ifindex < ifindex)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int insert(struct raceway_links *links, size_t at, const struct raceway_link *link)
{
	if (links->count == links->room) {
		size_t room = links->room ? links->room * 2 : 16;
		struct raceway_link *bigger = reallocarray(links->link, room, sizeof(*links->link));

		if (!bigger)
			return -ENOMEM;
		links->link = bigger;
		links->room = room;
	}
	memmove(links->link + at + 1, links->link + at, (links->count - at) * sizeof(*links->link));
	links->link[at] = *link;
	links->count++;
	return 0;
}

static int take_link(const struct nlmsghdr *header, void *context)
{
	struct raceway_links *links = context;
	struct raceway_link link;
	size_t at;

	if (header->nlmsg_type != RTM_NEWLINK || raceway_link_parse(header, &link))
		return 0;
	at = lower_bound(links, link.ifindex);
	if (at < links->count && links->link[at].ifindex == link.ifindex) {
		links->link[at] = link;
		return 0;
	}
	return insert(links, at, &link);
}

static int read_once(struct raceway_rtnl *rtnl, int nsid, struct raceway_links *links)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_GETLINK, NLM_F_DUMP, &header, 64);

	if (!message)
		return -ENOMEM;
	if (nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))
		return -ENOMEM;
	if (nsid >= 0 && nla_put_s32(message, IFLA_TARGET_NETNSID, nsid))
		return -ENOMEM;
	return raceway_rtnl_query(rtnl, message, take_link, links);
}

int raceway_links_read(struct raceway_rtnl *rtnl, int nsid, struct raceway_links *links)
{
	struct raceway_links fresh = { 0 };
	int ret = -EAGAIN;

	for (int i = 0; i < READ_TRIES && ret == -EAGAIN; i++) {
		fresh.count = 0;
		ret = read_once(rtnl, nsid, &fresh);
	}
	if (ret) {
		raceway_links_free(&fresh);
		return ret;
	}
	raceway_links_free(links);
	*links = fresh;
	return 0;
}

int raceway_links_refresh(struct raceway_rtnl *rtnl, uint32_t ifindex, struct raceway_links *links)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_GETLINK, 0, &header, 64);

	if (!message || nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))
		return -ENOMEM;
	return raceway_rtnl_query(rtnl, message, take_link, links);
}

void raceway_links_free(struct raceway_links *links)
{
	free(links->link);
	*links = (struct raceway_links){ 0 };
}

const struct raceway_link *raceway_links_by_name(const struct raceway_links *links,
						 const char *name)
{
	for (size_t i = 0; i < links->count; i++)
		if (!strcmp(links->link[i].name, name))
			return &links->link[i];
	return NULL;
}

const struct raceway_link *raceway_links_by_index(const struct raceway_links *links,
						  uint32_t ifindex)
{
	size_t at = lower_bound(links, ifindex);

	return at < links->count && links->link[at].ifindex == ifindex ? &links->link[at] : NULL;
}

static enum raceway_link_change compare(const struct raceway_link *old,
					const struct raceway_link *new)
{
	if (strcmp(old->name, new->name) || strcmp(old->alias, new->alias) ||
	    memcmp(old->mac, new->mac, sizeof(old->mac)) || old->mtu != new->mtu)
		return RACEWAY_LINK_CHANGED;
	if (old->up != new->up || old->carrier != new->carrier)
		return RACEWAY_LINK_CARRIER;
	return old->xdp_prog_id != new->xdp_prog_id ? RACEWAY_LINK_PROGRAMS : RACEWAY_LINK_SAME;
}

/* A filter went, or with its qdisc all that were at an interface's hooks; or what queues at its
 * egress came or went. */
static int tc_event(const struct raceway_links *links, const struct nlmsghdr *header,
		    struct raceway_link *ret_link)
{
	const struct raceway_link *link;
	const struct tcmsg *tc;

	if (!nlmsg_valid_hdr(header, sizeof(*tc)))
		return -EINVAL;
	tc = nlmsg_data(header);
	link = raceway_links_by_index(links, (uint32_t)tc->tcm_ifindex);
	if (!link)
		return RACEWAY_LINK_SAME;
	*ret_link = *link;
	if (tc->tcm_parent != TC_H_ROOT && TC_H_MAJ(tc->tcm_parent) == TC_H_MAJ(TC_H_CLSACT))
		return header->nlmsg_type == RTM_NEWQDISC ? RACEWAY_LINK_SAME
							  : RACEWAY_LINK_PROGRAMS;
	return header->nlmsg_type == RTM_DELTFILTER ? RACEWAY_LINK_SAME : RACEWAY_LINK_QDISC;
}

int raceway_links_event(struct raceway_links *links, const struct nlmsghdr *header,
			struct raceway_link *ret_link)
{
	enum raceway_link_change change;
	struct raceway_link link;
	size_t at;
	bool known;
	int ret;

	if (header->nlmsg_type == RTM_DELTFILTER || header->nlmsg_type == RTM_DELQDISC ||
	    header->nlmsg_type == RTM_NEWQDISC)
		return tc_event(links, header, ret_link);
	ret = raceway_link_parse(header, &link);
	if (ret)
		return ret;
	at = lower_bound(links, link.ifindex);
	known = at < links->count && links->link[at].ifindex == link.ifindex;
	*ret_link = link;
	if (header->nlmsg_type == RTM_DELLINK) {
		if (!known)
			return RACEWAY_LINK_SAME;
		memmove(links->link + at, links->link + at + 1,
			(links->count - at - 1) * sizeof(*links->link));
		links->count--;
		return RACEWAY_LINK_VANISHED;
	}
	if (!known) {
		ret = insert(links, at, &link);
		return ret ? ret : RACEWAY_LINK_APPEARED;
	}
	change = compare(&links->link[at], &link);
	links->link[at] = link;
	return change;
}
