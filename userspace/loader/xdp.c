// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* XDP on ports, and when: a frame that enters and leaves by ports never becomes an skb. With one
 * port alone there is no such frame: TC does everything, and a veth with XDP would copy every TCP
 * segment for nothing. So XDP is on the native ports from the second port on. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loader/links.h"
#include "loader/objects.h"
#include "util/cleanup.h"

/* The one in force first: a crash may leave a port's former pin beside its new one. */
static const enum raceway_link_kind port_kinds[] = {
	RACEWAY_LINK_XDP,  RACEWAY_LINK_LIBXDP,	     RACEWAY_LINK_GENERIC,
	RACEWAY_LINK_IDLE, RACEWAY_LINK_IDLE_LIBXDP,
};

#define PORT_KINDS (sizeof(port_kinds) / sizeof(port_kinds[0]))

bool raceway_port_is_idle(enum raceway_link_kind kind)
{
	return kind == RACEWAY_LINK_IDLE || kind == RACEWAY_LINK_IDLE_LIBXDP;
}

bool raceway_port_is_native(enum raceway_link_kind kind)
{
	return kind == RACEWAY_LINK_XDP || kind == RACEWAY_LINK_LIBXDP ||
	       raceway_port_is_idle(kind);
}

int raceway_port_link(struct raceway_dp *dp, uint32_t ifindex, enum raceway_link_kind *ret_kind)
{
	for (size_t k = 0; k < PORT_KINDS; k++) {
		int fd = raceway_link_get(dp, port_kinds[k], ifindex);

		if (fd < 0)
			continue;
		*ret_kind = port_kinds[k];
		return fd;
	}
	return -ENOENT;
}

static void describe_prog(uint32_t id, char *text, size_t size)
{
	RACEWAY_CLOSE int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = { 0 };
	uint32_t length = sizeof(info);

	if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &length))
		snprintf(text, size, "%s (id %u)", info.name, id);
	else
		snprintf(text, size, "id %u", id);
}

int raceway_xdp_refuse_foreign(const char *dev, uint32_t ifindex, const char *object,
			       struct raceway_error *err)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	char name[64];

	if (bpf_xdp_query((int)ifindex, 0, &query) || !query.prog_id)
		return 0;
	describe_prog(query.prog_id, name, sizeof(name));
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "dev",
				 "%s already has another's XDP program %s; detach it first "
				 "(ip link set dev %s xdp off)",
				 dev, name, dev);
}

static bool is_driver_mode(uint32_t ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return !bpf_xdp_query((int)ifindex, 0, &query) && query.attach_mode == XDP_ATTACHED_DRV;
}

static int attach_new_link(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			   const char *object, struct raceway_error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	RACEWAY_CLOSE int fd = -1; /* without its pin the link goes with the descriptor */
	int ret = raceway_xdp_refuse_foreign(dev, ifindex, object, err);

	if (ret)
		return ret;
	fd = bpf_link_create(dp->prog[RACEWAY_PROG_XDP], (int)ifindex, BPF_XDP, &opts);
	if (fd < 0 && errno == EBUSY)
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "dev",
					 "%s is in use by another XDP program", dev);
	if (fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, "mode",
					 "%s does not take native XDP: %s; `mode generic` is "
					 "slower but works on any driver",
					 dev, strerror(errno));
	ret = raceway_link_pin(dp, RACEWAY_LINK_XDP, ifindex, fd);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
					 "the link cannot be pinned: %s", strerror(-ret));
	return 0;
}

static int attach_link(struct raceway_dp *dp, const char *dev, uint32_t ifindex, const char *object,
		       struct raceway_error *err)
{
	int fd = raceway_link_get(dp, RACEWAY_LINK_XDP, ifindex), ret;

	if (fd >= 0 && !is_driver_mode(ifindex)) {
		close(fd);
		raceway_link_remove(dp, RACEWAY_LINK_XDP, ifindex);
		fd = -ENOENT;
	}
	if (fd < 0)
		return attach_new_link(dp, dev, ifindex, object, err);
	ret = bpf_link_update(fd, dp->prog[RACEWAY_PROG_XDP], NULL) ? -errno : 0;
	close(fd);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
					 "the program on %s cannot be replaced: %s", dev,
					 strerror(-ret));
	return 0;
}

static int attach_libxdp(struct raceway_dp *dp, const char *dev, uint32_t ifindex,
			 const char *object, struct raceway_error *err)
{
	int fd = raceway_link_get(dp, RACEWAY_LINK_LIBXDP, ifindex), ret;
	uint8_t have[8] = { 0 }, want[8] = { 1 };

	if (fd >= 0) {
		raceway_objects_tag(fd, have);
		raceway_objects_tag(dp->prog[RACEWAY_PROG_SHARED], want);
		close(fd);
		if (!memcmp(have, want, sizeof(have)) && is_driver_mode(ifindex))
			return 0;
	}
	ret = raceway_libxdp_attach(dp, ifindex, err);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, object, "attach",
					 "libxdp does not attach to %s: %s", dev, strerror(-ret));
	return 0;
}

/* `mode generic`: the TC program alone, and a pin that says so. Generic XDP does not see a tag
 * that lies beside the frame, which then leaves with it, and since 6.9 an skb that the kernel
 * had to copy for it reaches TC without its Ethernet header. */
static int attach_generic(struct raceway_dp *dp, uint32_t ifindex, const char *object,
			  struct raceway_error *err)
{
	int ret = raceway_link_pin(dp, RACEWAY_LINK_GENERIC, ifindex, dp->prog[RACEWAY_PROG_TC]);

	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "mode",
					 "the program cannot be pinned: %s", strerror(-ret));
	return 0;
}

struct ports {
	uint32_t ifindex[RACEWAY_PORTS];
	size_t count;
	uint32_t but; /* not this one */
};

static int note_port(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex,
		     void *context)
{
	struct ports *ports = context;
	enum raceway_link_kind now;
	int fd;

	if (kind == RACEWAY_LINK_TCX || kind == RACEWAY_LINK_CLSACT || ifindex == ports->but ||
	    ports->count == RACEWAY_PORTS)
		return 0;
	for (size_t i = 0; i < ports->count; i++)
		if (ports->ifindex[i] == ifindex)
			return 0;
	fd = raceway_port_link(dp, ifindex, &now);
	if (fd < 0)
		return 0;
	close(fd);
	ports->ifindex[ports->count++] = ifindex;
	return 0;
}

/* An idle port gets its XDP, for the sake of the port that `object` names. */
static int raise_port(struct raceway_dp *dp, uint32_t ifindex, const char *object,
		      struct raceway_error *err)
{
	struct raceway_error why = { 0 };
	enum raceway_link_kind kind;
	char dev[IFNAMSIZ];
	int ret, fd = raceway_port_link(dp, ifindex, &kind);

	if (fd >= 0)
		close(fd);
	if (fd < 0 || !raceway_port_is_idle(kind) || !if_indextoname(ifindex, dev))
		return 0;
	ret = kind == RACEWAY_LINK_IDLE ? attach_link(dp, dev, ifindex, object, &why)
					: attach_libxdp(dp, dev, ifindex, object, &why);
	if (ret)
		return raceway_error_set(err, why.fault, object, why.field,
					 "a second port needs XDP on the first too: %.250s",
					 why.message);
	return raceway_link_remove(dp, kind, ifindex);
}

static int lower_port(struct raceway_dp *dp, uint32_t ifindex)
{
	enum raceway_link_kind kind, idle;
	int ret, fd = raceway_port_link(dp, ifindex, &kind);

	if (fd < 0)
		return 0;
	close(fd);
	if (kind != RACEWAY_LINK_XDP && kind != RACEWAY_LINK_LIBXDP)
		return 0;
	idle = kind == RACEWAY_LINK_XDP ? RACEWAY_LINK_IDLE : RACEWAY_LINK_IDLE_LIBXDP;
	ret = raceway_link_pin(dp, idle, ifindex, dp->prog[RACEWAY_PROG_TC]);
	return ret ? ret : raceway_link_remove(dp, kind, ifindex);
}

int raceway_xdp_lower(struct raceway_dp *dp, struct raceway_error *err)
{
	struct ports all = { 0 };
	int ret = raceway_link_each(dp, note_port, &all);

	if (!ret && all.count == 1)
		ret = lower_port(dp, all.ifindex[0]);
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "port", "",
					 "XDP cannot be taken off the last one: %s",
					 strerror(-ret));
	return 0;
}

/* Whether it is idle in the way that is wanted: then XDP has been tried. */
static bool is_idle_as(struct raceway_dp *dp, const struct raceway_dp_port *port)
{
	enum raceway_link_kind kind;
	int fd = raceway_port_link(dp, port->ifindex, &kind);

	if (fd < 0)
		return false;
	close(fd);
	return kind == (port->libxdp ? RACEWAY_LINK_IDLE_LIBXDP : RACEWAY_LINK_IDLE);
}

int raceway_xdp_attach(struct raceway_dp *dp, const struct raceway_dp_port *port,
		       const char *object, struct raceway_error *err)
{
	struct ports others = { .but = port->ifindex };
	int ret = raceway_link_each(dp, note_port, &others);

	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "",
					 "the pinned links cannot be read: %s", strerror(-ret));
	if (port->generic)
		ret = attach_generic(dp, port->ifindex, object, err);
	else if (others.count || !is_idle_as(dp, port))
		ret = port->libxdp ? attach_libxdp(dp, port->dev, port->ifindex, object, err)
				   : attach_link(dp, port->dev, port->ifindex, object, err);
	for (size_t i = 0; !ret && i < others.count; i++)
		ret = raise_port(dp, others.ifindex[i], object, err);
	if (ret)
		return ret;
	if (others.count) {
		raceway_link_remove(dp, RACEWAY_LINK_IDLE, port->ifindex);
		raceway_link_remove(dp, RACEWAY_LINK_IDLE_LIBXDP, port->ifindex);
	} else if (!port->more) {
		ret = lower_port(dp, port->ifindex);
	}
	if (ret)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, object, "dev",
					 "XDP cannot be taken off again: %s", strerror(-ret));
	return 0;
}

int raceway_xdp_detach(struct raceway_dp *dp, uint32_t ifindex)
{
	int ret = 0;

	for (size_t k = 0; !ret && k < PORT_KINDS; k++)
		ret = raceway_link_remove(dp, port_kinds[k], ifindex);
	return ret;
}
