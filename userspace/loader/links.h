/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pinned links: what holds a program on an interface when no process does.
 * A link's pin is named by what it is and where: links/xdp-IFINDEX, links/tcx-IFINDEX. */
#ifndef RACEWAY_LOADER_LINKS_H
#define RACEWAY_LOADER_LINKS_H

#include "loader/dp.h"

enum raceway_link_kind {
	RACEWAY_LINK_XDP,
	RACEWAY_LINK_TCX,
	RACEWAY_LINK_CLSACT, /* no link: a filter of netlink's, the pin is the program */
	RACEWAY_LINK_LIBXDP, /* the link is libxdp's, the pin is the program */
	/* No XDP, TC does it all: the pin only says what the port is. */
	RACEWAY_LINK_GENERIC,
	RACEWAY_LINK_IDLE, /* native, without a second port */
	RACEWAY_LINK_IDLE_LIBXDP,
};

/* The pinned link of an interface that is still attached there, or -ENOENT. A pin whose
 * interface is gone is removed. */
int raceway_link_get(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex);
int raceway_link_pin(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex, int fd);
/* Detaches and unpins. 0 also if there is none. */
int raceway_link_remove(struct raceway_dp *dp, enum raceway_link_kind kind, uint32_t ifindex);
/* Calls fn for every pin; fn may remove it. Stops at non-zero and returns it. */
int raceway_link_each(struct raceway_dp *dp,
		      int (*fn)(struct raceway_dp *dp, enum raceway_link_kind kind,
				uint32_t ifindex, void *context),
		      void *context);

/* The program of netlink's kind on the clsact hook of an interface. */
int raceway_clsact_attach(struct raceway_dp *dp, uint32_t ifindex, int prog);
int raceway_clsact_detach(struct raceway_dp *dp, uint32_t ifindex);

/* xdp.c: the pin that makes an interface a port, and its kind; -ENOENT if it is none. */
int raceway_port_link(struct raceway_dp *dp, uint32_t ifindex, enum raceway_link_kind *ret_kind);
/* Native, or libxdp's, with or without a program on the interface at present. */
bool raceway_port_is_native(enum raceway_link_kind kind);
bool raceway_port_is_idle(enum raceway_link_kind kind);
/* 0 if XDP on the interface is free, -EPERM with the other program's name. */
int raceway_xdp_refuse_foreign(const char *dev, uint32_t ifindex, const char *object,
			       struct raceway_error *err);
/* Makes an interface whose TC program is attached a port of the wanted mode. With another port
 * in the data path XDP is on all native ones when this returns; without one it has been tried
 * and taken off again, unless `port->more` says that another follows. */
int raceway_xdp_attach(struct raceway_dp *dp, const struct raceway_dp_port *port,
		       const char *object, struct raceway_error *err);
/* Takes XDP off and forgets that the interface was a port. */
int raceway_xdp_detach(struct raceway_dp *dp, uint32_t ifindex);
/* After ports went: XDP off where one alone is left. */
int raceway_xdp_lower(struct raceway_dp *dp, struct raceway_error *err);

/* libxdp.c: behind libxdp's dispatcher, or in the place of our former program there. */
int raceway_libxdp_attach(struct raceway_dp *dp, uint32_t ifindex, struct raceway_error *err);
int raceway_libxdp_detach(uint32_t ifindex, int prog_fd);
bool raceway_libxdp_alive(uint32_t ifindex, int prog_fd);

#endif
