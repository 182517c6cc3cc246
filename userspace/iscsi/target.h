/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The iSCSI transport (RFC 7143) between sockets and the device server: who may log in and what
 * becomes of a command is asked of whoever serves (the operations below).
 *
 * One connection per session (MaxConnections 1), ErrorRecoveryLevel 0. A connection belongs to
 * one worker: the operations are called on it, and what takes a connection is called there. */
#ifndef RACEWAY_ISCSI_TARGET_H
#define RACEWAY_ISCSI_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "scsi/nexus.h"

#define RACEWAY_ISCSI_NAME_MAX 223 /* RFC 7143 4.2.7.1 */
#define RACEWAY_CHAP_NAME_MAX 255
#define RACEWAY_CHAP_SECRET_MAX 255

struct raceway_iscsi_conn;
struct raceway_worker;

/* What is known at the end of the first login request that names the initiator. */
struct raceway_iscsi_login {
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	char target[RACEWAY_ISCSI_NAME_MAX + 1]; /* "" in a discovery session */
	bool discovery;
	uint8_t isid[6];
	struct sockaddr_storage peer, local;
	void *portal;	/* as given to raceway_iscsi_accept() */
	int fd;		/* the connection, for getsockopt(2) */
	uint64_t proof; /* as identify() has set it, for open(): what is proven by then */
};

/* RFC 7143 11.13.5: class in the high byte, detail in the low one. */
enum raceway_iscsi_login_status {
	RACEWAY_LOGIN_SUCCESS = 0x0000,
	RACEWAY_LOGIN_INITIATOR_ERROR = 0x0200,
	RACEWAY_LOGIN_AUTH_FAILED = 0x0201,
	RACEWAY_LOGIN_FORBIDDEN = 0x0202,
	RACEWAY_LOGIN_NOT_FOUND = 0x0203,
	RACEWAY_LOGIN_VERSION = 0x0205,
	RACEWAY_LOGIN_TOO_MANY_CONNECTIONS = 0x0206,
	RACEWAY_LOGIN_MISSING = 0x0207,
	RACEWAY_LOGIN_SESSION_TYPE = 0x0209,
	RACEWAY_LOGIN_NO_SESSION = 0x020a,
	RACEWAY_LOGIN_INVALID = 0x020b,
	RACEWAY_LOGIN_TARGET_ERROR = 0x0300,
	RACEWAY_LOGIN_UNAVAILABLE = 0x0301,
	RACEWAY_LOGIN_NO_RESOURCES = 0x0302,
};

struct raceway_iscsi_chap {
	bool required;
	/* What the initiator must prove, and what the target proves if it is asked to; "" none. */
	char user[RACEWAY_CHAP_NAME_MAX + 1], mutual_user[RACEWAY_CHAP_NAME_MAX + 1];
	uint8_t secret[RACEWAY_CHAP_SECRET_MAX], mutual_secret[RACEWAY_CHAP_SECRET_MAX];
	size_t secret_bytes, mutual_secret_bytes;
	uint64_t proof; /* not looked at: it is in the login from here on */
};

/* Reports one name of SendTargets and one of its addresses ("192.0.2.1:3260", "[2001:db8::1]:3260")
 * with its target portal group tag. */
typedef void (*raceway_iscsi_found)(void *context, const char *target, const char *address,
				    uint16_t group);

struct raceway_iscsi_ops {
	/* Whether this initiator may come at all, and how it proves who it is. What is not known
	 * is told only after CHAP where names must not be guessed: the answer for an unknown
	 * initiator is AUTH_FAILED or NOT_FOUND alike for all. */
	enum raceway_iscsi_login_status (*identify)(void *context,
						    const struct raceway_iscsi_login *login,
						    struct raceway_iscsi_chap *ret_chap);
	/* The login is complete and proven: the nexus, whose owner is the callee's. The conn is
	 * remembered there to end the session from outside. Not for discovery sessions. */
	enum raceway_iscsi_login_status (*open)(void *context,
						const struct raceway_iscsi_login *login,
						struct raceway_iscsi_conn *conn,
						struct raceway_worker *worker,
						struct raceway_nexus **ret_nexus);
	/* The session is over; all its tasks are done, or aborted. */
	void (*close)(void *context, struct raceway_nexus *nexus);
	/* What the initiator may see, to a discovery session or SendTargets in a session. */
	void (*discover)(void *context, const struct raceway_iscsi_login *login,
			 raceway_iscsi_found found, void *found_context);
	/* NULL, or hears of every login that is refused, and why. */
	void (*refused)(void *context, const struct raceway_iscsi_login *login, const char *reason);
	/* Runs the command now or later (rates): ends in raceway_scsi_execute(). */
	void (*submit)(void *context, struct raceway_task *task);
	void *context;
};

/* 0 means the default. */
struct raceway_iscsi_limits {
	/* Of the worker, default 4,096. Further ones are closed at once, unless one in login is
	 * older than a second: that one goes. */
	uint32_t max_connections;
	uint32_t login_timeout_ms; /* from accept to full feature phase; default 15,000 */
	uint32_t nop_interval_ms;  /* of an idle connection; 0: never */
	uint32_t nop_timeout_ms;
	uint32_t queue_depth;	   /* CmdSN window, default 128 */
	uint32_t max_recv_segment; /* MaxRecvDataSegmentLength declared; default 256 KiB */
	/* At least what RFC 7143 has where nobody says anything: 64 KiB and 256 KiB. */
	uint32_t first_burst, max_burst;
	/* Of data buffers one connection may hold; default 32 MiB. Half of it is for unsolicited
	 * data, which bounds the window. */
	uint64_t connection_bytes;
};

/* Per worker. `ops` is borrowed. 0 or -ENOMEM. Any thread. */
struct raceway_iscsi;
int raceway_iscsi_new(struct raceway_worker *worker, const struct raceway_iscsi_ops *ops,
		      const struct raceway_iscsi_limits *limits, struct raceway_iscsi **ret_iscsi);
/* Closes all connections; returns when their sockets are closed and tasks are done. From any
 * thread but the worker's, which must go on meanwhile. */
void raceway_iscsi_free(struct raceway_iscsi *iscsi);

/* Takes over a connected socket. `portal` is not looked at, `group` is its target portal group
 * tag. Any thread. */
void raceway_iscsi_accept(struct raceway_iscsi *iscsi, int fd, void *portal, uint16_t group);

/* Asks the initiator to log out (asynchronous message, event 1), and drops the connection after
 * `seconds`; 0: drops it at once. On the worker. */
void raceway_iscsi_end(struct raceway_iscsi_conn *conn, unsigned int seconds);

struct raceway_iscsi_info {
	char initiator[RACEWAY_ISCSI_NAME_MAX + 1];
	struct sockaddr_storage peer, local;
	uint64_t since_ns; /* CLOCK_MONOTONIC, of full feature phase */
	bool header_digest, data_digest;
};
void raceway_iscsi_conn_info(const struct raceway_iscsi_conn *conn,
			     struct raceway_iscsi_info *ret_info);

#endif
