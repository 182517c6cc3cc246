/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Pinned links: what holds a program on an interface when no process does.
 * A link's pin is named by what it is and where: links/xdp-IFINDEX, links/tcx-IFINDEX. */
#ifndef RACEWAY_LOADER_LINKS_H
#define RACEWAY_LOADER_LINKS_H

#include "loader/dp.h"

enum raceway_link_kind {
	RACEWAY_LINK_XDP,
	RACEWAY_LINK_TCX,
	RACEWAY_LINK_CLSACT,  /* no link: a filter of netlink's, the pin is the program */
	RACEWAY_LINK_LIBXDP,  /* the link is libxdp's, the pin is the program */
	RACEWAY_LINK_GENERIC, /* no XDP: TC does it all, the pin only says so */
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

/* libxdp.c: behind libxdp's dispatcher, or in the place of our former program there. */
int raceway_libxdp_attach(struct raceway_dp *dp, uint32_t ifindex, struct raceway_error *err);
int raceway_libxdp_detach(uint32_t ifindex, int prog_fd);
bool raceway_libxdp_alive(uint32_t ifindex, int prog_fd);

#endif
