/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Listening sockets of portals, in their namespaces. */
#include "storage/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/netns.h"
#include "util/cleanup.h"

#define BACKLOG 4096 /* net.core.somaxconn cuts it */

static void drop_sockets(struct raceway_listener *l)
{
	if (l->fd >= 0)
		close(l->fd);
	if (l->netlink >= 0)
		close(l->netlink);
	l->fd = l->netlink = -1;
	l->given = false;
}

void raceway_listeners_close(struct raceway_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		drop_sockets(&listeners->list[i]);
	free(listeners->list);
	*listeners = (struct raceway_listeners){ .list = NULL };
}

const struct raceway_listener *raceway_listeners_find(const struct raceway_listeners *listeners,
						      const char *name)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (strcmp(listeners->list[i].name, name) == 0)
			return &listeners->list[i];
	return NULL;
}

bool raceway_listeners_missing(const struct raceway_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		if (!listeners->list[i].given)
			return true;
	return false;
}

static void begin(struct raceway_listener *l, const char *name, const json_t *doc)
{
	const struct raceway_kind *kind = raceway_kind_find("portal");
	const char *netns = raceway_model_text(kind, doc, "netns");

	*l = (struct raceway_listener){ .fd = -1, .netlink = -1 };
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->address, sizeof(l->address), "%s", raceway_model_text(kind, doc, "address"));
	snprintf(l->netns, sizeof(l->netns), "%s", netns ? netns : "");
	snprintf(l->why, sizeof(l->why), "not listening yet");
}

int raceway_listeners_sync(struct raceway_listeners *listeners, const struct raceway_model *model)
{
	const struct raceway_kind *kind = raceway_kind_find("portal");
	json_auto_t *names = raceway_model_names(model, kind);
	struct raceway_listeners now = { .count = json_array_size(names) };
	json_t *name;
	size_t i;

	now.list = calloc(now.count + 1, sizeof(*now.list));
	if (!names || !now.list)
		return -ENOMEM;
	json_array_foreach (names, i, name) {
		const char *text = json_string_value(name);
		struct raceway_listener *old =
			(struct raceway_listener *)raceway_listeners_find(listeners, text);

		begin(&now.list[i], text, raceway_model_get(model, kind, text));
		if (!old || strcmp(old->address, now.list[i].address) ||
		    strcmp(old->netns, now.list[i].netns))
			continue;
		now.list[i] = *old;
		old->fd = old->netlink = -1;
	}
	raceway_listeners_close(listeners);
	*listeners = now;
	return 0;
}

void raceway_listeners_forget(struct raceway_listeners *listeners)
{
	for (size_t i = 0; i < listeners->count; i++)
		listeners->list[i].given = false;
}

bool raceway_listeners_look(struct raceway_listeners *listeners)
{
	bool changed = false;

	for (size_t i = 0; i < listeners->count; i++) {
		struct raceway_listener *l = &listeners->list[i];
		RACEWAY_CLOSE int ns = -1;
		struct stat info = { 0 };

		if (!l->netns[0] || (l->fd < 0 && !l->given))
			continue;
		if (raceway_netns_open(l->netns, &ns) == 0 && fstat(ns, &info) == 0 &&
		    info.st_dev == l->ns_dev && info.st_ino == l->ns_ino)
			continue;
		drop_sockets(l);
		snprintf(l->why, sizeof(l->why), "netns %s is another one or gone", l->netns);
		changed = true;
	}
	return changed;
}

/* --- making --- */

/* Maybe in a helper process, inside of the portal's namespace. */
static int make_listening(void *context)
{
	const struct raceway_address *address = context;
	RACEWAY_CLOSE int fd = -1;
	int on = 1;

	fd = socket(address->to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (address->to.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address->to, address->size) || listen(fd, BACKLOG))
		return -errno;
	return RACEWAY_TAKE_FD(fd);
}

static int make_netlink(void *unused)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

/* The portal's namespace, which it remembers. 0, or -errno and `why`. */
static int open_namespace(struct raceway_listener *l, int *ret_ns)
{
	struct stat info;
	int r = raceway_netns_open(l->netns, ret_ns);

	if (r == 0 && fstat(*ret_ns, &info))
		r = -errno;
	if (r < 0) {
		snprintf(l->why, sizeof(l->why), "netns %s: %s", l->netns, raceway_netns_why(r));
		return r;
	}
	l->ns_dev = info.st_dev;
	l->ns_ino = info.st_ino;
	return 0;
}

static int make_inside(struct raceway_listener *l, struct raceway_address *address)
{
	RACEWAY_CLOSE int ns = -1;
	int r = open_namespace(l, &ns);

	if (r == 0)
		r = raceway_netns_open_inside(ns, make_listening, address, &l->fd);
	return r < 0 ? r : raceway_netns_open_inside(ns, make_netlink, NULL, &l->netlink);
}

/* The cookie of the portal's namespace; 0: it cannot be told. */
static int cookie_of(struct raceway_listener *l, uint64_t *ret_cookie)
{
	RACEWAY_CLOSE int ns = -1, fd = -1;
	socklen_t length = sizeof(*ret_cookie);
	int r = l->netns[0] ? open_namespace(l, &ns) : 0;

	*ret_cookie = 0;
	if (r < 0)
		return r;
	if (l->netns[0])
		(void)raceway_netns_open_inside(ns, make_netlink, NULL, &fd);
	else
		fd = make_netlink(NULL);
	if (fd >= 0 && getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &length))
		*ret_cookie = 0;
	return 0;
}

bool raceway_listeners_given(struct raceway_listeners *listeners, const char *name, uint64_t netns)
{
	struct raceway_listener *l =
		(struct raceway_listener *)raceway_listeners_find(listeners, name);
	uint64_t cookie;

	if (!l)
		return true;
	if (cookie_of(l, &cookie) || (netns && cookie && netns != cookie))
		return false;
	l->given = true;
	l->why[0] = '\0';
	return true;
}

static int make(struct raceway_listener *l)
{
	struct raceway_address address;
	int r = raceway_parse_address(l->address, RACEWAY_ISCSI_PORT, &address);

	l->why[0] = '\0';
	if (r == 0 && l->netns[0]) {
		r = make_inside(l, &address);
	} else if (r == 0) {
		r = make_listening(&address);
		l->fd = r;
	}
	if (r >= 0)
		return 0;
	drop_sockets(l);
	if (!l->why[0])
		snprintf(l->why, sizeof(l->why), "cannot listen at %s: %s", l->address,
			 r == -EADDRNOTAVAIL ? "it is no address of this machine"
			 : r == -EADDRINUSE  ? "somebody else does"
			 : r == -EPERM	     ? raceway_netns_why(r)
					     : strerror(-r));
	return r;
}

/* 0, -errno of the wire, or 1: it is not made and `why` says so. */
static int give(struct raceway_listener *l, struct raceway_wire *wire, struct raceway_error *err)
{
	int fds[2], r;

	if (l->fd < 0 && make(l) < 0)
		return 1;
	fds[0] = l->fd;
	fds[1] = l->netlink;
	r = raceway_wire_call(wire, "listen", NULL, json_pack("{s:s}", "portal", l->name), fds,
			      l->netlink < 0 ? 1 : 2, NULL, err);
	if (r == 0) {
		l->given = true;
		l->failed = false;
		l->why[0] = '\0';
		return 0;
	}
	snprintf(l->why, sizeof(l->why), "%s", err->message);
	return wire->fd < 0 ? r : 1;
}

int raceway_listeners_give(struct raceway_listeners *listeners, struct raceway_wire *wire,
			   struct raceway_error *err)
{
	int result = 0;

	for (size_t i = 0; i < listeners->count; i++) {
		struct raceway_listener *l = &listeners->list[i];
		struct raceway_error why = { .fault = RACEWAY_FAULT_NONE };
		char object[80];
		int r;

		if (l->given)
			continue;
		r = give(l, wire, &why);
		if (r == 0 || (r > 0 && l->failed))
			continue;
		l->failed = true;
		snprintf(object, sizeof(object), "portal %s", l->name);
		result =
			raceway_error_set(err, r < 0 ? RACEWAY_FAULT_SYSTEM : RACEWAY_FAULT_REFUSED,
					  object, r < 0 ? "" : "address", "%s", l->why);
		if (r < 0)
			break;
	}
	return result;
}
