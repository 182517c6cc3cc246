/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which end of the links this node is, and when it is due. */
#include "node/node.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "node/agent.h"
#include "node/director.h"

#define EVENTS 64

struct raceway_node {
	enum raceway_node_role role;
	int epoll_fd, timer_fd;
	union {
		struct raceway_director director;
		struct raceway_agent agent;
	};
};

static int open_end(struct raceway_node *node, struct raceway_core *core,
		    const struct raceway_node_options *options, struct raceway_error *err)
{
	if (node->role == RACEWAY_NODE_DIRECTOR)
		return raceway_director_open(&node->director, core, options->state_dir,
					     options->listen, node->epoll_fd, err);
	return raceway_agent_open(&node->agent, core, options->state_dir, options->director,
				  options->token_file, node->epoll_fd, err);
}

static void close_fds(struct raceway_node *node)
{
	if (node->timer_fd >= 0)
		close(node->timer_fd);
	if (node->epoll_fd >= 0)
		close(node->epoll_fd);
}

int raceway_node_open(struct raceway_core *core, const struct raceway_node_options *options,
		      struct raceway_node **ret_node, struct raceway_error *err)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	struct raceway_node *node;
	int r = 0;

	if (core->role == RACEWAY_NODE_STANDALONE) {
		*ret_node = NULL;
		return 0;
	}
	node = calloc(1, sizeof(*node));
	if (!node)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	node->role = core->role;
	node->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	node->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (node->epoll_fd < 0 || node->timer_fd < 0 ||
	    epoll_ctl(node->epoll_fd, EPOLL_CTL_ADD, node->timer_fd, &event))
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "links of nodes: %s",
				      strerror(errno));
	if (!r)
		r = open_end(node, core, options, err);
	if (r) {
		close_fds(node);
		free(node);
		return r;
	}
	*ret_node = node;
	return 0;
}

void raceway_node_close(struct raceway_node *node)
{
	if (!node)
		return;
	if (node->role == RACEWAY_NODE_DIRECTOR)
		raceway_director_close(&node->director);
	else
		raceway_agent_close(&node->agent);
	close_fds(node);
	free(node);
}

int raceway_node_fd(const struct raceway_node *node)
{
	return node ? node->epoll_fd : -1;
}

void raceway_node_run(struct raceway_node *node)
{
	struct epoll_event events[EVENTS];
	uint64_t expirations;
	int n = epoll_wait(node->epoll_fd, events, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		if (!events[i].data.ptr)
			(void)!read(node->timer_fd, &expirations, sizeof(expirations));
		else if (node->role == RACEWAY_NODE_DIRECTOR)
			raceway_director_ready(&node->director, events[i].data.ptr);
		else
			node->agent.ready = true;
	}
}

void raceway_node_turn(struct raceway_node *node)
{
	struct itimerspec when = { 0 };
	int64_t next, now_ms = raceway_node_now_ms();

	if (!node)
		return;
	if (node->role == RACEWAY_NODE_DIRECTOR)
		next = raceway_director_turn(&node->director, now_ms);
	else
		next = raceway_agent_turn(&node->agent, now_ms);
	if (next < INT64_MAX) {
		next = next > 0 ? next : 1;
		when.it_value = (struct timespec){ next / 1000, next % 1000 * 1000000 };
	}
	(void)timerfd_settime(node->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void raceway_node_event(struct raceway_node *node, const char *event)
{
	if (node && node->role == RACEWAY_NODE_SERVER)
		raceway_agent_event(&node->agent, event);
}
