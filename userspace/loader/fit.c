// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Makes a port fit for frames that carry their tag and checksum in their bytes, and puts back
 * what was changed (docs/design.md section 4). What was changed is kept in the map `saved`. */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader/dp.h"
#include "loader/features.h"
#include "util/cleanup.h"

#define SYSCTL_IPV6 "/proc/sys/net/ipv6/conf/%s/disable_ipv6"
#define SYSCTL_FORWARD "/proc/sys/net/ipv4/conf/%s/forwarding"

/* Sets and clears flags of the interface; *ret_old is what they were. */
static int change_flags(const char *dev, short set, short clear, short *ret_old)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;

	if (fd < 0)
		return -errno;
	strncpy(ifr.ifr_name, dev, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFFLAGS, &ifr)) {
		ret = -errno;
	} else {
		short old = ifr.ifr_flags;

		ifr.ifr_flags = (short)((old | set) & ~clear);
		if (ifr.ifr_flags != old && ioctl(fd, SIOCSIFFLAGS, &ifr))
			ret = -errno;
		else if (ret_old)
			*ret_old = old;
	}
	close(fd);
	return ret;
}

/* Sets the interface's switch that `pattern` names to 0 or 1. Returns the former value, or
 * -errno; where the kernel has no such switch it is as it should be. */
static int set_switch(const char *pattern, const char *dev, int value)
{
	char path[96], old = (char)('0' + value), new = old;
	RACEWAY_CLOSE int fd = -1;

	snprintf(path, sizeof(path), pattern, dev);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? value : -errno;
	if (read(fd, &old, 1) != 1)
		return -EIO;
	if (old != new &&pwrite(fd, &new, 1, 0) != 1)
		return -errno;
	return old - '0';
}

/* Work on a veth's other end. Its namespace is entered by a child that exits, so that this
 * process needs to be nowhere but at home. The child answers with the bits it changed. */
static int at_peer(const struct raceway_peer *peer, int (*work)(const char *dev, uint32_t *bits),
		   uint32_t *bits)
{
	struct {
		int ret;
		uint32_t bits;
	} answer = { .ret = -EIO };
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid < 0) {
		close(fds[0]);
		close(fds[1]);
		return -errno;
	}
	if (!pid) {
		char dev[IFNAMSIZ];

		answer.bits = *bits;
		if (peer->netns >= 0 && setns(peer->netns, CLONE_NEWNET))
			answer.ret = -errno;
		else if (!if_indextoname(peer->ifindex, dev))
			answer.ret = -errno;
		else
			answer.ret = work(dev, &answer.bits);
		_exit(write(fds[1], &answer, sizeof(answer)) != sizeof(answer));
	}
	close(fds[1]);
	if (read(fds[0], &answer, sizeof(answer)) != sizeof(answer))
		answer.ret = -EIO;
	close(fds[0]);
	waitpid(pid, NULL, 0);
	if (!answer.ret)
		*bits = answer.bits;
	return answer.ret;
}

static int fit_features(const char *dev, uint32_t *bits)
{
	uint32_t unfit;
	int ret = raceway_features_unfit(dev, true, &unfit);

	if (!ret && unfit)
		ret = raceway_features_set(dev, unfit, true);
	*bits = unfit;
	return ret;
}

static int read_features(const char *dev, uint32_t *bits)
{
	return raceway_features_unfit(dev, true, bits);
}

static int unfit_features(const char *dev, uint32_t *bits)
{
	return raceway_features_set(dev, *bits, false);
}

static void fit_peer(uint32_t ifindex, struct raceway_saved *saved)
{
	struct raceway_peer peer;
	uint32_t bits = 0;

	if (raceway_netdev_peer(ifindex, &peer))
		return;
	if (peer.ifindex && peer.netns != -2 && !at_peer(&peer, fit_features, &bits))
		saved->peer_features |= bits;
	if (peer.netns >= 0)
		close(peer.netns);
}

void raceway_fit_warning(const char *dev, uint32_t ifindex, char *warning, size_t size)
{
	struct raceway_peer peer;
	uint32_t bits = 0;

	warning[0] = '\0';
	if (raceway_netdev_peer(ifindex, &peer) || !peer.ifindex)
		return;
	if (peer.netns == -2)
		snprintf(
			warning, size,
			"the other end of veth %s is out of reach; there, do: ethtool -K IF tx off "
			"txvlan off gro on",
			dev);
	else if (at_peer(&peer, read_features, &bits) || bits)
		snprintf(warning, size,
			 "the other end of veth %s (interface %u%s%.60s) keeps tags or checksums "
			 "outside the frame; there, do: ethtool -K IF tx off txvlan off gro on",
			 dev, peer.ifindex, peer.name[0] ? " in " : "", peer.name);
	if (peer.netns >= 0)
		close(peer.netns);
}

static int fit_flags(const struct raceway_dp_port *port, struct raceway_saved *saved)
{
	short set = IFF_PROMISC, clear = 0, old = 0;
	int ret;

	if (port->host_keep) {
		/* What `host none` has taken from the host it gets back. */
		if (saved->changed & RACEWAY_SAVED_NOARP)
			clear |= IFF_NOARP;
		if (saved->changed & RACEWAY_SAVED_IPV6)
			set_switch(SYSCTL_IPV6, port->dev, 0);
		saved->changed &= ~(RACEWAY_SAVED_NOARP | RACEWAY_SAVED_IPV6);
	} else {
		set |= IFF_NOARP;
		/* Before it comes up, or it would speak. */
		ret = set_switch(SYSCTL_IPV6, port->dev, 1);
		if (ret < 0)
			return ret;
		if (ret == 0)
			saved->changed |= RACEWAY_SAVED_IPV6;
	}
	ret = change_flags(port->dev, set, clear, &old);
	if (ret)
		return ret;
	if (!(old & IFF_PROMISC))
		saved->changed |= RACEWAY_SAVED_PROMISC;
	if ((set & IFF_NOARP) && !(old & IFF_NOARP))
		saved->changed |= RACEWAY_SAVED_NOARP;
	return 0;
}

int raceway_fit_vnic(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
		     struct raceway_error *err)
{
	struct raceway_saved saved = { 0 }, before;
	short old = IFF_NOARP;
	int ipv6, forward, ret;

	bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved);
	before = saved;
	ipv6 = set_switch(SYSCTL_IPV6, dev, 1);
	forward = set_switch(SYSCTL_FORWARD, dev, 0);
	ret = change_flags(dev, IFF_NOARP, 0, &old);
	if (ipv6 == 0)
		saved.changed |= RACEWAY_SAVED_IPV6;
	if (forward == 1)
		saved.changed |= RACEWAY_SAVED_FORWARD;
	if (!(old & IFF_NOARP))
		saved.changed |= RACEWAY_SAVED_NOARP;
	if (saved.changed != before.changed &&
	    bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved, BPF_ANY))
		ret = -errno;
	ret = ipv6 < 0 ? ipv6 : forward < 0 ? forward : ret;
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, dev, "dev",
					 "the host end cannot be silenced: %s", strerror(-ret));
	return 0;
}

/* A port that would lose frames or take them for others. */
static int refuse_stuck(const struct raceway_dp_port *port, const char *object, bool veth,
			const char *stuck, struct raceway_error *err)
{
	char generic[64] = "";
	bool would_do = !port->generic &&
			!raceway_features_stuck(port->dev, veth, false, generic, sizeof(generic)) &&
			!generic[0];

	return raceway_error_set(
		err, RACEWAY_FAULT_CANNOT, object, "dev",
		"%s: %s, its driver does not change it, and so it can be no port%s", port->dev,
		stuck, would_do ? " but in `mode generic`" : "");
}

static int fit_own_features(const struct raceway_dp_port *port, const char *object,
			    struct raceway_saved *saved, struct raceway_error *err)
{
	struct raceway_peer peer = { .netns = -1 };
	char stuck[64] = "";
	uint32_t bits = 0;
	int ret;

	raceway_netdev_peer(port->ifindex, &peer);
	if (peer.netns >= 0)
		close(peer.netns);
	ret = raceway_features_unfit(port->dev, peer.ifindex, &bits);
	if (!ret && bits) {
		ret = raceway_features_set(port->dev, bits, true);
		saved->features |= bits;
	}
	if (!ret)
		ret = raceway_features_stuck(port->dev, peer.ifindex, !port->generic, stuck,
					     sizeof(stuck));
	if (ret && ret != -EOPNOTSUPP)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
					 "offloads of %s cannot be set: %s", port->dev,
					 strerror(-ret));
	return ret || !stuck[0] ? 0 : refuse_stuck(port, object, peer.ifindex, stuck, err);
}

int raceway_fit_port(struct raceway_dp *dp, const struct raceway_dp_port *port,
		     struct raceway_error *err)
{
	struct raceway_saved saved = { 0 };
	char object[80];
	int ret;

	snprintf(object, sizeof(object), "port %s", port->name);
	bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &port->ifindex, &saved);
	ret = fit_own_features(port, object, &saved, err);
	if (!ret) {
		fit_peer(port->ifindex, &saved);
		ret = fit_flags(port, &saved);
	}
	/* Kept even on failure: whatever was changed can be put back. */
	if (bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &port->ifindex, &saved, BPF_ANY))
		ret = ret ? ret : -errno;
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
					 "%s cannot be made ready: %s", port->dev, strerror(-ret));
	return 0;
}

int raceway_fit_up(struct raceway_dp *dp, const struct raceway_dp_port *port,
		   struct raceway_error *err)
{
	struct raceway_saved saved = { 0 };
	char object[80];
	short old = 0;
	int ret = change_flags(port->dev, IFF_UP, 0, &old);

	bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &port->ifindex, &saved);
	if (!ret && !(old & IFF_UP)) {
		saved.changed |= RACEWAY_SAVED_UP;
		if (bpf_map_update_elem(dp->map[RACEWAY_MAP_SAVED], &port->ifindex, &saved,
					BPF_ANY))
			ret = -errno;
	}
	if (!ret)
		return 0;
	snprintf(object, sizeof(object), "port %s", port->name);
	return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
				 "%s does not come up: %s", port->dev, strerror(-ret));
}

void raceway_unfit_down(struct raceway_dp *dp, const char *dev, uint32_t ifindex)
{
	struct raceway_saved saved;

	if (!bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved) &&
	    (saved.changed & RACEWAY_SAVED_UP))
		change_flags(dev, 0, IFF_UP, NULL);
}

int raceway_unfit_port(struct raceway_dp *dp, const char *dev, uint32_t ifindex)
{
	struct raceway_saved saved;
	struct raceway_peer peer;
	short clear = 0;

	if (bpf_map_lookup_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex, &saved))
		return 0;
	if (saved.changed & RACEWAY_SAVED_PROMISC)
		clear |= IFF_PROMISC;
	if (saved.changed & RACEWAY_SAVED_NOARP)
		clear |= IFF_NOARP;
	if (saved.changed & RACEWAY_SAVED_UP)
		clear |= IFF_UP;
	if (clear)
		change_flags(dev, 0, clear, NULL);
	if (saved.features)
		raceway_features_set(dev, saved.features, false);
	if (saved.changed & RACEWAY_SAVED_IPV6)
		set_switch(SYSCTL_IPV6, dev, 0);
	if (saved.changed & RACEWAY_SAVED_FORWARD)
		set_switch(SYSCTL_FORWARD, dev, 1);
	if (saved.peer_features && !raceway_netdev_peer(ifindex, &peer)) {
		if (peer.ifindex && peer.netns != -2)
			at_peer(&peer, unfit_features, &saved.peer_features);
		if (peer.netns >= 0)
			close(peer.netns);
	}
	bpf_map_delete_elem(dp->map[RACEWAY_MAP_SAVED], &ifindex);
	return 0;
}
