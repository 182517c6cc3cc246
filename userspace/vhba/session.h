/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A login that has succeeded: a vHBA on a connection. Belongs to one worker. */
#ifndef RACEWAY_VHBA_SESSION_H
#define RACEWAY_VHBA_SESSION_H

#include "vhba/engine.h"
#include "vhba/flow.h"

struct raceway_session {
	struct raceway_lane *lane;
	struct raceway_vhba *vhba; /* held */
	struct raceway_portal *portal;
	struct raceway_nexus *nexus;
	struct raceway_iscsi_conn *conn;
	struct raceway_session *next, **link; /* of the lane */
	struct raceway_flow flow;	      /* its holds are the session's */
	struct raceway_stats stats;
	uint64_t since_ns; /* CLOCK_REALTIME */
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	struct sockaddr_storage peer;
};

/* Opens a session of `vhba`, whose hold it takes over also on failure. On the lane's worker.
 * 0 or -errno. */
int raceway_session_open(struct raceway_lane *lane, struct raceway_vhba *vhba,
			 const struct raceway_iscsi_login *login, struct raceway_iscsi_conn *conn,
			 struct raceway_nexus **ret_nexus);
/* The callbacks `close` and `submit` of struct raceway_iscsi_ops. */
void raceway_session_close(void *context, struct raceway_nexus *nexus);
void raceway_session_submit(void *context, struct raceway_task *task);
/* All sessions of a lane follow their vHBAs and portals: they get another view, or end. */
void raceway_session_follow(struct raceway_lane *lane, void *unused);

struct raceway_vhba *raceway_vhba_hold(struct raceway_vhba *vhba);
void raceway_vhba_put(struct raceway_vhba *vhba);

/* "192.0.2.1:3260" or "[2001:db8::1]:3260". Returns `buf`. */
char *raceway_peer_format(const struct sockaddr_storage *peer, char buf[RACEWAY_PEER_TEXT]);

#endif
