// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The root qdisc stands in the link's own answer, which is cheap. Only fq's horizon, and what is
 * below mq, need the dump, which the kernel gives of all interfaces at once. */
#include "net/qdisc.h"

#include <errno.h>
#include <linux/pkt_sched.h>
#include <netlink/attr.h>
#include <string.h>

#define READ_TRIES 8 /* a dump during changes is torn and done again */

static bool is_kind(struct nlattr *kind, const char *name)
{
	return kind && !nla_strcmp(kind, name);
}

static int take_root(const struct nlmsghdr *header, void *context)
{
	struct nlattr *attrs[IFLA_MAX + 1];
	bool *candidate = context;

	if (header->nlmsg_type != RTM_NEWLINK ||
	    nlmsg_parse((struct nlmsghdr *)header, sizeof(struct ifinfomsg), attrs, IFLA_MAX, NULL))
		return 0;
	*candidate = is_kind(attrs[IFLA_QDISC], "fq") || is_kind(attrs[IFLA_QDISC], "mq");
	return 0;
}

static int read_root(struct raceway_rtnl *rtnl, uint32_t ifindex, bool *ret_candidate)
{
	struct ifinfomsg header = { .ifi_family = AF_UNSPEC, .ifi_index = (int)ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		raceway_rtnl_link(RTM_GETLINK, 0, &header, 64);

	if (!message || nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS))
		return -ENOMEM;
	return raceway_rtnl_query(rtnl, message, take_root, ret_candidate);
}

struct queues {
	int ifindex;
	unsigned int fq, others;
};

/* fq drops what is to leave beyond its horizon, or lets it leave there (before 5.7: never). */
static bool keeps_long_enough(struct nlattr *options)
{
	struct nlattr *attrs[TCA_FQ_MAX + 1];

	if (!options || nla_parse_nested(attrs, TCA_FQ_MAX, options, NULL))
		return false;
	return !attrs[TCA_FQ_HORIZON] ||
	       nla_get_u32(attrs[TCA_FQ_HORIZON]) >= RACEWAY_QDISC_HORIZON_US;
}

static int take_queue(const struct nlmsghdr *header, void *context)
{
	struct nlattr *attrs[TCA_MAX + 1];
	struct queues *queues = context;
	const struct tcmsg *tc = nlmsg_data(header);

	if (header->nlmsg_type != RTM_NEWQDISC ||
	    !nlmsg_valid_hdr((struct nlmsghdr *)header, sizeof(*tc)) ||
	    tc->tcm_ifindex != queues->ifindex || tc->tcm_parent == TC_H_CLSACT ||
	    nlmsg_parse((struct nlmsghdr *)header, sizeof(*tc), attrs, TCA_MAX, NULL) ||
	    is_kind(attrs[TCA_KIND], "mq"))
		return 0;
	if (is_kind(attrs[TCA_KIND], "fq") && keeps_long_enough(attrs[TCA_OPTIONS]))
		queues->fq++;
	else
		queues->others++;
	return 0;
}

static int read_queues(struct raceway_rtnl *rtnl, struct queues *queues)
{
	struct tcmsg header = { .tcm_family = AF_UNSPEC, .tcm_ifindex = queues->ifindex };
	__attribute__((cleanup(raceway_msg_freep))) struct nl_msg *message =
		nlmsg_alloc_simple(RTM_GETQDISC, NLM_F_DUMP);

	if (!message || nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO))
		return -ENOMEM;
	queues->fq = queues->others = 0;
	return raceway_rtnl_query(rtnl, message, take_queue, queues);
}

int raceway_qdisc_is_fq(struct raceway_rtnl *rtnl, uint32_t ifindex, bool *ret_fq)
{
	struct queues queues = { .ifindex = (int)ifindex };
	bool candidate = false;
	int ret = read_root(rtnl, ifindex, &candidate);

	if (ret)
		return ret;
	if (candidate) {
		ret = -EAGAIN;
		for (int i = 0; i < READ_TRIES && ret == -EAGAIN; i++)
			ret = read_queues(rtnl, &queues);
	}
	if (!ret)
		*ret_fq = queues.fq && !queues.others;
	return ret;
}
