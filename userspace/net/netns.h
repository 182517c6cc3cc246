/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Named network namespaces (/run/netns/NAME): open, number, and a netlink socket inside. */
#ifndef RACEWAY_NET_NETNS_H
#define RACEWAY_NET_NETNS_H

#include "net/rtnl.h"

#define RACEWAY_NETNS_DIR "/run/netns"

/* The namespace's descriptor. -ENOENT: no such name; -EINVAL: the name is no namespace (yet);
 * -EACCES: it may not be opened. */
int raceway_netns_open(const char *name, int *ret_fd);
/* The id by which the socket's namespace knows that of `ns_fd`, made if there is none;
 * RACEWAY_NSID_OWN if it is the process's own. */
int raceway_netns_id(struct raceway_rtnl *rtnl, int ns_fd, int *ret_nsid);
/* A socket inside of each, opened by one helper process that enters them and exits. All or none.
 * Entering needs CAP_SYS_ADMIN: -EPERM without. */
int raceway_netns_sockets(const int *ns_fds, size_t count, struct raceway_rtnl *ret_rtnl);
/* Opens a descriptor or gives -errno, inside of a namespace. */
typedef int (*raceway_netns_make)(void *context);
/* What `make` opens inside of one, in a helper process again; its memory is a copy of ours. */
int raceway_netns_open_inside(int ns_fd, raceway_netns_make make, void *context, int *ret_fd);
/* Why raceway_netns_open() or _sockets() failed, for people. */
const char *raceway_netns_why(int err);

#endif
