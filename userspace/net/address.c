// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Addresses by rtnetlink. A namespace is named by its number in the request, which the kernel takes
 * only where it checks requests strictly. */
#include "net/address.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>

#define NOT_IN_USE (IFA_F_TENTATIVE | IFA_F_DADFAILED)

struct reading {
	uint32_t ifindex;
	struct raceway_ip_address *addresses;
	size_t count, max;
};

static int take_address(const struct nlmsghdr *header, void *context)
{
	const struct ifaddrmsg *info = nlmsg_data(header);
	struct reading *r = context;
	struct nlattr *attrs[IFA_MAX + 1], *address;
	struct raceway_ip_address *to = &r->addresses[r->count];
	uint32_t flags;

	if (header->nlmsg_type != RTM_NEWADDR || info->ifa_index != r->ifindex ||
	    r->count == r->max)
		return 0;
	if (nlmsg_parse((struct nlmsghdr *)header, sizeof(*info), attrs, IFA_MAX, NULL))
		return 0;
	/* Of a link between two IPv4 ends IFA_ADDRESS is the other's. */
	address = attrs[IFA_LOCAL] ? attrs[IFA_LOCAL] : attrs[IFA_ADDRESS];
	flags = attrs[IFA_FLAGS] ? nla_get_u32(attrs[IFA_FLAGS]) : info->ifa_flags;
	if (!address || (flags & NOT_IN_USE))
		return 0;
	if (nla_len(address) != (info->ifa_family == AF_INET6 ? 16 : 4))
		return 0;
	*to = (struct raceway_ip_address){ .v6 = info->ifa_family == AF_INET6 };
	memcpy(to->bytes, nla_data(address), nla_len(address));
	r->count++;
	return 0;
}

static int read_family(struct raceway_rtnl *rtnl, int nsid, int family, struct reading *r)
{
	struct ifaddrmsg header = { .ifa_family = (uint8_t)family, .ifa_index = r->ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		nlmsg_alloc_size(NLMSG_HDRLEN + sizeof(header) + 64);

	if (!message || !nlmsg_put(message, 0, 0, RTM_GETADDR, sizeof(header), NLM_F_DUMP))
		return -ENOMEM;
	memcpy(nlmsg_data(nlmsg_hdr(message)), &header, sizeof(header));
	if (nsid >= 0 && nla_put_s32(message, IFA_TARGET_NETNSID, nsid))
		return -ENOMEM;
	return raceway_rtnl_query(rtnl, message, take_address, r);
}

static int strictly(const struct raceway_rtnl *rtnl, int on)
{
	return setsockopt(rtnl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)) ? -errno
											  : 0;
}

int raceway_addresses_read(struct raceway_rtnl *rtnl, int nsid, uint32_t ifindex,
			   struct raceway_ip_address *ret_addresses, size_t max, size_t *ret_count)
{
	struct reading r = { .ifindex = ifindex, .addresses = ret_addresses, .max = max };
	int ret = strictly(rtnl, 1);

	if (ret)
		return ret;
	ret = read_family(rtnl, nsid, AF_INET, &r);
	if (!ret)
		ret = read_family(rtnl, nsid, AF_INET6, &r);
	(void)strictly(rtnl, 0);
	if (!ret)
		*ret_count = r.count;
	return ret;
}

static int take_forwarding(const struct nlmsghdr *header, void *context)
{
	const struct nlattr *attr =
		nlmsg_find_attr((struct nlmsghdr *)header, sizeof(struct ifinfomsg), IFLA_AF_SPEC);
	int32_t forwarding;

	if (attr)
		attr = nla_find(nla_data(attr), nla_len(attr), AF_INET6);
	if (attr)
		attr = nla_find(nla_data(attr), nla_len(attr), IFLA_INET6_CONF);
	if (!attr || nla_len(attr) < (int)sizeof(forwarding))
		return 0;
	memcpy(&forwarding, nla_data(attr), sizeof(forwarding)); /* the first of DEVCONF_* */
	*(bool *)context = forwarding;
	return 0;
}

int raceway_address_router(struct raceway_rtnl *rtnl, int nsid, uint32_t ifindex, bool *ret_router)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_GETLINK, 0, &header, 64);
	bool router = false;
	int ret;

	if (!message)
		return -ENOMEM;
	if (nsid >= 0 && nla_put_s32(message, IFLA_TARGET_NETNSID, nsid))
		return -ENOMEM;
	ret = raceway_rtnl_query(rtnl, message, take_forwarding, &router);
	if (!ret)
		*ret_router = router;
	return ret;
}
