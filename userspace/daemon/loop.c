/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One epoll loop without threads. Timers, all off when there is nothing to wait for: signs of
 * life and drops for those who listen to events, a second look at a namespace that is just made,
 * and, while any is attached, whether the programs are still in place. */
#include "daemon/loop.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "api/show.h"
#include "plan/programs.h"
#include "util/cleanup.h"

#define ALIVE_S 15
#define DROPS_NS 500000000L
#define LOOK_AGAIN_NS 50000000L
#define LOOKS 20 /* a second in all */
#define WATCH_S 5
#define EVENTS 16

struct loop {
	struct raceway_core *core;
	struct raceway_http *http;
	struct raceway_node *node;
	int epoll_fd, signal_fd, alive_fd, drops_fd, look_fd, watch_fd, inotify_fd;
	struct raceway_drops drops; /* as last told to those who listen */
	bool alive_armed, drops_armed, watch_armed, stop;
	int looks;
};

static void blocked_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
}

void raceway_loop_signals(void)
{
	sigset_t set;

	blocked_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void arm(int fd, time_t seconds, long ns)
{
	struct itimerspec when = { .it_value = { seconds, ns } };

	(void)timerfd_settime(fd, 0, &when, NULL);
}

static void reconcile(struct loop *l)
{
	struct raceway_error err = { 0 };
	char line[512];

	if (raceway_core_reconcile(l->core, &err))
		fprintf(stderr, "racewayd: %s\n", raceway_error_format(&err, line, sizeof(line)));
}

static void on_signal(struct loop *l)
{
	struct signalfd_siginfo info;

	if (read(l->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo != SIGHUP) {
		l->stop = true;
		return;
	}
	(void)raceway_kernel_look(&l->core->kernel, true);
	reconcile(l);
	raceway_storage_again(&l->core->storage, l->core->model);
}

static bool misses_namespace(const struct raceway_core *core)
{
	for (size_t i = 0; i < core->kernel.trouble_count; i++)
		if (!strcmp(core->kernel.troubles[i].error.field, "netns"))
			return true;
	return false;
}

static bool misses_anything(const struct raceway_core *core)
{
	return misses_namespace(core) || raceway_listeners_missing(&core->storage.listeners);
}

/* A name appears before the namespace is mounted on it, so look a few times. */
static void on_look(struct loop *l)
{
	uint64_t expirations;

	if (read(l->look_fd, &expirations, sizeof(expirations)) < 0)
		return;
	raceway_storage_look(&l->core->storage, l->core->model);
	if (misses_namespace(l->core))
		reconcile(l);
	if (misses_anything(l->core) && --l->looks > 0)
		arm(l->look_fd, 0, LOOK_AGAIN_NS);
}

static void on_watch(struct loop *l)
{
	uint64_t expirations;

	if (read(l->watch_fd, &expirations, sizeof(expirations)) < 0)
		return;
	l->watch_armed = false;
	raceway_core_look(l->core);
}

static void watch_namespaces(struct loop *l)
{
	/* Without the directory there are no named namespaces; its parent tells when it is made. */
	if (inotify_add_watch(l->inotify_fd, RACEWAY_NETNS_DIR, IN_CREATE | IN_MOVED_TO) < 0)
		(void)inotify_add_watch(l->inotify_fd, "/run", IN_CREATE | IN_ONLYDIR);
}

static void on_namespace(struct loop *l)
{
	char buf[4096] __attribute__((aligned(8)));

	while (read(l->inotify_fd, buf, sizeof(buf)) > 0)
		;
	watch_namespaces(l);
	raceway_storage_look(&l->core->storage, l->core->model);
	if (!misses_anything(l->core))
		return;
	l->looks = LOOKS;
	arm(l->look_fd, 0, LOOK_AGAIN_NS);
}

static void on_alive(struct loop *l)
{
	uint64_t expirations;

	if (read(l->alive_fd, &expirations, sizeof(expirations)) < 0)
		return;
	l->alive_armed = false;
	raceway_http_event(l->http, NULL, NULL);
	raceway_http_run(l->http);
}

static void on_drops(struct loop *l)
{
	uint64_t expirations;

	if (read(l->drops_fd, &expirations, sizeof(expirations)) < 0)
		return;
	l->drops_armed = false;
	if (raceway_http_streams(l->http))
		raceway_drops_tell(l->core, &l->drops, false);
}

/* Drops are read while somebody listens only, and told from then on. */
static void watch_drops(struct loop *l, bool listened)
{
	if (!raceway_http_streams(l->http) || l->drops_armed)
		return;
	if (!listened)
		raceway_drops_tell(l->core, &l->drops, true);
	arm(l->drops_fd, 0, DROPS_NS);
	l->drops_armed = true;
}

static void handle(struct loop *l, int fd)
{
	if (fd == l->signal_fd)
		on_signal(l);
	else if (fd == l->core->kernel.events_fd)
		raceway_core_listen(l->core);
	else if (fd == l->core->announce.timer_fd)
		raceway_core_announce(l->core);
	else if (fd == l->core->storage.epoll_fd)
		raceway_core_storage(l->core);
	else if (fd == raceway_node_fd(l->node))
		raceway_node_run(l->node);
	else if (fd == l->core->confirm.timer_fd)
		raceway_core_confirm_due(l->core);
	else if (fd == l->inotify_fd)
		on_namespace(l);
	else if (fd == l->look_fd)
		on_look(l);
	else if (fd == l->watch_fd)
		on_watch(l);
	else if (fd == l->alive_fd)
		on_alive(l);
	else if (fd == l->drops_fd)
		on_drops(l);
}

static int add(struct loop *l, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static int open_loop(struct loop *l)
{
	sigset_t set;

	blocked_signals(&set);
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	l->alive_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->drops_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->look_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->watch_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (l->inotify_fd >= 0)
		watch_namespaces(l);
	if (l->epoll_fd < 0 || add(l, l->signal_fd) || add(l, l->alive_fd) || add(l, l->look_fd) ||
	    add(l, l->watch_fd) || add(l, l->drops_fd) || add(l, l->inotify_fd) ||
	    add(l, l->core->announce.timer_fd) || add(l, l->core->kernel.events_fd) ||
	    add(l, l->core->storage.epoll_fd) || add(l, l->core->confirm.timer_fd) ||
	    add(l, raceway_http_fd(l->http)) || (l->node && add(l, raceway_node_fd(l->node))))
		return -errno;
	return 0;
}

static void close_loop(struct loop *l)
{
	const int fds[] = { l->epoll_fd, l->signal_fd, l->alive_fd,  l->drops_fd,
			    l->look_fd,	 l->watch_fd,  l->inotify_fd };

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	raceway_drops_free(&l->drops);
}

static void run_once(struct loop *l)
{
	bool listened = raceway_http_streams(l->http);
	struct epoll_event events[EVENTS];
	int n = epoll_wait(l->epoll_fd, events, EVENTS, raceway_http_timeout(l->http));

	for (int i = 0; i < n; i++)
		handle(l, events[i].data.fd);
	/* The API last: what it answers is then true of what the others saw. */
	raceway_http_run(l->http);
	if (raceway_storage_pending(&l->core->storage))
		raceway_core_storage(l->core);
	raceway_node_turn(l->node);
	if (l->core->settle_due) {
		l->core->settle_due = false;
		raceway_dp_settle(l->core->kernel.dp);
	}
	if (l->core->trim_due) {
		l->core->trim_due = false;
		malloc_trim(0);
	}
	if (raceway_http_streams(l->http) && !l->alive_armed) {
		arm(l->alive_fd, ALIVE_S, 0);
		l->alive_armed = true;
	}
	if (l->core->kernel.attached_count && !l->watch_armed) {
		arm(l->watch_fd, WATCH_S, 0);
		l->watch_armed = true;
	}
	watch_drops(l, listened);
}

int raceway_loop_run(struct raceway_core *core, struct raceway_http *http,
		     struct raceway_node *node, struct raceway_error *err)
{
	struct loop l = {
		.core = core,
		.http = http,
		.node = node,
		.epoll_fd = -1,
		.signal_fd = -1,
		.alive_fd = -1,
		.drops_fd = -1,
		.look_fd = -1,
		.watch_fd = -1,
		.inotify_fd = -1,
	};
	int ret = open_loop(&l);

	if (ret)
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "the loop: %s",
				  strerror(-ret));
	if (!ret)
		raceway_node_turn(node); /* dials, though nothing has happened yet */
	while (!ret && !l.stop)
		run_once(&l);
	close_loop(&l);
	return ret;
}
