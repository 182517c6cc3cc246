/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Inside of the transport: a connection, the session on it, its requests, and what waits to be
 * sent. Everything belongs to the worker of its connection.
 *
 * Files: target.c the connections of a worker; conn.c the life of one; receive.c bytes to PDUs;
 * order.c requests in the order of CmdSN; memory.c how much of it a connection may hold;
 * command.c SCSI commands; data.c Data-Out and R2T; turn.c ordered commands; function.c task
 * management; request.c all else that an initiator asks for; enter.c from login to full feature
 * phase; send.c PDUs to bytes.
 *
 * Life of a connection: raceway_conn_drop() may be called wherever the connection is valid. It
 * frees nothing: whoever keeps the connection for later (an operation of the ring, a task, a
 * call) holds it, and the last raceway_conn_put() after the drop frees it. */
#ifndef RACEWAY_ISCSI_CONN_H
#define RACEWAY_ISCSI_CONN_H

#include <pthread.h>
#include <sys/uio.h>

#include "iscsi/login.h"
#include "iscsi/pdu.h"
#include "iscsi/registry.h"
#include "iscsi/target.h"
#include "scsi/task.h"
#include "vhba/worker.h"

#define RACEWAY_MAX_R2T 8
/* Of requests with bit I, which no window holds back (RFC 7143 4.2.2.1). */
#define RACEWAY_IMMEDIATE_MAX 16
/* Answers that wait to be sent, without those of commands: if there are more, nothing is
 * received. */
#define RACEWAY_ANSWERS_MAX 64
#define RACEWAY_ITT_BUCKETS 64

#define RACEWAY_OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

struct raceway_request;
struct raceway_batch;

/* One PDU that waits to be sent, or the answer to a command, which may be many. */
struct raceway_out {
	struct raceway_out *next;
	struct raceway_bhs bhs;
	void *data; /* freed when it is sent */
	uint32_t data_bytes;
	bool takes_statsn;
	bool last;			 /* the connection ends after it */
	struct raceway_request *request; /* whose answer it is, NULL: a PDU of its own */
};

/* An R2T whose data is not all here: it ends before offset `end`. */
struct raceway_r2t {
	uint32_t ttt, end;
};

enum raceway_request_state {
	RACEWAY_REQUEST_ARRIVING, /* its PDU is not whole */
	RACEWAY_REQUEST_HELD,	  /* a CmdSN before it is missing */
	RACEWAY_REQUEST_DATA,	  /* waits for Data-Out */
	RACEWAY_REQUEST_MEMORY,	  /* waits until the connection may hold more */
	RACEWAY_REQUEST_READY,	  /* waits for commands that go before it */
	RACEWAY_REQUEST_RUNNING,  /* the device server's, or of whoever holds commands back */
	RACEWAY_REQUEST_ANSWERED, /* waits to be sent */
};

/* What an initiator asks for in one PDU, and of a command all that belongs to it. */
struct raceway_request {
	struct raceway_iscsi_conn *conn;
	struct raceway_request *next;  /* of its bucket, or of the free ones */
	struct raceway_request *after; /* of those held, or those that wait for memory */
	enum raceway_request_state state;
	bool immediate;
	bool begun; /* counted in the session's `running` or `immediates` */
	bool known; /* found by its ITT */
	bool plug;  /* only fills a gap of CmdSN */
	struct raceway_bhs bhs;
	uint8_t *data; /* data segment of what is no command; a command's Data-Out */
	uint32_t room, have;

	/* Commands. */
	struct raceway_request *turn_next, **turn_link; /* begun, not the device server's yet */
	bool unsolicited;				/* more data comes unasked */
	/* Not for the device server: its sense key and additional sense code, 0 if it is. */
	uint8_t refused_key;
	uint16_t refused_asc;
	uint8_t r2t_count;
	uint32_t datasn;			 /* expected of Data-Out, next of Data-In */
	uint32_t asked;				 /* offset up to which data was asked for */
	uint32_t r2tsn;				 /* next */
	struct raceway_r2t r2t[RACEWAY_MAX_R2T]; /* the oldest first */
	uint32_t early_bytes, late_bytes;	 /* accounted in the session's */
	uint32_t sent;				 /* of task.in */
	struct raceway_out answer;
	union {
		struct raceway_task task;
		struct {
			struct raceway_tmf_request tmf;
			bool aborted_here; /* a task that only the transport knew */
		};
	};
};

struct raceway_iscsi_session {
	struct raceway_nexus *nexus; /* NULL in a discovery session */
	struct raceway_iscsi_login who;
	struct raceway_params params;
	__be32 cid; /* as in struct raceway_login */
	uint64_t since_ns;

	uint32_t running, immediates; /* begun and not answered; immediate ones apart */
	struct raceway_request *buckets[RACEWAY_ITT_BUCKETS];
	struct raceway_request *held; /* by CmdSN */
	uint32_t last_ttt;
	/* Of data buffers: `early` is unsolicited data, which the window leaves room for, `late`
	 * is all else, for which requests wait. Each may be half of the connection's. */
	uint64_t early_bytes, late_bytes;
	struct raceway_request *waiting, **waiting_end;
	bool serving; /* who waits, up the stack */
	/* Commands that were begun and have not gone to the device server, in their order, and how
	 * many of them are ordered. */
	struct raceway_request *turns, **turns_end;
	uint32_t ordered;

	struct raceway_text text; /* a request's in several PDUs */
	struct raceway_text answer;
	size_t answered; /* bytes of the answer that were sent */
	uint32_t answer_ttt;
	__be32 text_itt;

	uint32_t ping_ttt; /* of a NOP-In that was not answered, 0: none */
};

enum raceway_phase {
	RACEWAY_PHASE_LOGIN,
	RACEWAY_PHASE_ENTERING, /* waits until the session can be opened */
	RACEWAY_PHASE_FULL,
	RACEWAY_PHASE_CLOSING, /* the last PDU is queued: what comes is not looked at */
};

enum raceway_receive_stage {
	RACEWAY_RECEIVE_HEADER,
	RACEWAY_RECEIVE_DATA,
	RACEWAY_RECEIVE_TRAILER, /* padding and digest */
};

struct raceway_receive {
	struct raceway_wait wait;
	bool busy;	 /* with the kernel */
	bool parsing;	 /* up the stack */
	uint32_t direct; /* bytes that were to go straight to the sink */
	uint8_t *buffer; /* NULL: only waits for the first byte */
	uint32_t room, start, end;

	enum raceway_receive_stage stage;
	struct raceway_bhs bhs;		 /* of the PDU whose data comes */
	struct raceway_request *request; /* it belongs to, NULL: to none */
	uint8_t *sink;			 /* NULL: it is thrown away */
	uint32_t left;			 /* of its data segment */
	uint32_t crc;
	struct iovec iov[2];
	struct msghdr msg;
};

struct raceway_iscsi_conn {
	struct raceway_iscsi *iscsi;
	struct raceway_worker *worker;
	struct raceway_iscsi_conn *next, **link; /* see struct raceway_conns */
	struct raceway_conns *in;
	int fd;
	void *portal;
	uint16_t group;
	enum raceway_phase phase;
	bool dropped;
	bool released; /* all but its memory is gone: calls of the registry are to come */
	unsigned int holds;
	struct raceway_call arrive, end;
	struct raceway_timer timer;
	uint64_t since_ns; /* of accept */
	uint64_t alive_ns; /* when something was received, or could be sent */
	uint64_t end_ns;   /* when it is dropped at the latest, 0: never */

	bool header_digest, data_digest;
	uint32_t max_recv; /* of a data segment, as the initiator was told */
	uint32_t statsn, exp_cmdsn, max_cmdsn;
	struct raceway_receive receive;

	struct raceway_wait send_wait;
	struct raceway_call flush;
	bool flush_queued;
	struct raceway_batch *batch; /* with the kernel */
	struct raceway_out *out, **out_end;
	unsigned int answers; /* not sent, without those of commands */

	struct raceway_registered registered;
	struct raceway_login *login;
	uint8_t *login_data; /* of the request that arrives */
	uint32_t login_room;
	uint32_t login_bytes; /* all that it holds for the login */
	struct raceway_iscsi_session *session;
};

/* Connections, the oldest first. */
struct raceway_conns {
	struct raceway_iscsi_conn *first, **end;
};

/* The transport on one worker. */
struct raceway_iscsi {
	struct raceway_worker *worker;
	const struct raceway_iscsi_ops *ops;
	struct raceway_iscsi_limits limits;
	struct raceway_conns entering, entered, leaving;
	uint32_t count;	      /* of connections */
	uint64_t login_bytes; /* held by those that enter */
	bool ending;
	struct raceway_call end;
	pthread_mutex_t lock; /* of `ended`, for raceway_iscsi_free() */
	pthread_cond_t changed;
	bool ended;
	/* For the next who needs one. */
	struct raceway_request *free_requests;
	struct raceway_out *free_outs;
	struct raceway_batch *free_batches;
};

/* conn.c */
void raceway_conn_init(struct raceway_iscsi_conn *conn);
void raceway_conn_hold(struct raceway_iscsi_conn *conn);
void raceway_conn_put(struct raceway_iscsi_conn *conn);
/* Ends the connection now. */
void raceway_conn_drop(struct raceway_iscsi_conn *conn);
/* Nothing is answered any more; what is queued is sent, then the connection ends. */
void raceway_conn_close(struct raceway_iscsi_conn *conn);
/* All that was queued before the close is sent. */
void raceway_conn_closed(struct raceway_iscsi_conn *conn);
/* Sets the timer to what comes next: end of the login, keepalive, end of a logout's time. */
void raceway_conn_set_timer(struct raceway_iscsi_conn *conn);

/* target.c */
void raceway_conns_add(struct raceway_conns *conns, struct raceway_iscsi_conn *conn);
void raceway_conns_remove(struct raceway_iscsi_conn *conn);
/* The connection is freed. */
void raceway_iscsi_gone(struct raceway_iscsi *iscsi);
/* What this connection holds for its login has changed: the oldest in login goes if all of them
 * hold too much. */
void raceway_iscsi_login_bytes(struct raceway_iscsi_conn *conn);

/* receive.c */
void raceway_receive_start(struct raceway_iscsi_conn *conn);
/* Looks at what is there and receives more, unless answers must leave first. */
void raceway_receive_go_on(struct raceway_iscsi_conn *conn);

/* send.c */
/* A PDU to fill in; NULL: no memory, and the connection was dropped. */
struct raceway_out *raceway_out_new(struct raceway_iscsi_conn *conn, enum raceway_pdu_opcode opcode,
				    __be32 itt);
void raceway_out_free(struct raceway_iscsi_conn *conn, struct raceway_out *out);
/* Queues it; it leaves with all others of this round. */
void raceway_send(struct raceway_iscsi_conn *conn, struct raceway_out *out);
/* The same with a copy of `bytes` at `data` as data segment. */
void raceway_send_data(struct raceway_iscsi_conn *conn, struct raceway_out *out, const void *data,
		       size_t bytes);
/* Reject of the PDU with this header (RFC 7143 11.17). */
void raceway_send_reject(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs,
			 enum raceway_reject reason);
/* A protocol error that a connection does not survive: a Reject is its last PDU. */
void raceway_send_fatal(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs,
			enum raceway_reject reason);
void raceway_send_init(struct raceway_iscsi_conn *conn);
void raceway_send_free(struct raceway_iscsi_conn *conn);
void raceway_batches_free(struct raceway_batch *batches);

/* order.c */
/* A PDU other than Data-Out and login whose header is here: a request for it, or NULL if it is
 * out of the window or was rejected. `ahs` is NULL if they make no sense. */
struct raceway_request *raceway_request_begin(struct raceway_iscsi_conn *conn,
					      const struct raceway_bhs *bhs,
					      const struct raceway_ahs *ahs);
/* It is whole: runs it if its turn has come. */
void raceway_request_arrived(struct raceway_request *request);
/* Gives all back that it has. */
void raceway_request_free(struct raceway_request *request);
/* Its final answer is about to be sent: the initiator may use its tag again. */
void raceway_request_answered(struct raceway_request *request);
struct raceway_request *raceway_request_find(struct raceway_iscsi_session *session, __be32 itt);
/* Whether a request with this CmdSN is one that may come. */
bool raceway_order_missing(const struct raceway_iscsi_conn *conn, uint32_t cmdsn);
/* The task of the missing CmdSN was aborted: it counts as received. */
void raceway_order_plug(struct raceway_iscsi_conn *conn, uint32_t cmdsn);
/* Moves MaxCmdSN on as far as room allows. */
void raceway_order_window(struct raceway_iscsi_conn *conn);

/* memory.c */
/* Buffer for the request's `room` bytes, of which `early` come unasked. 0 or -ENOMEM. */
int raceway_memory_take(struct raceway_request *request, uint32_t room, uint32_t early);
/* `bytes` more, at once or later: raceway_command_go_on() follows when they are there. */
void raceway_memory_ask(struct raceway_request *request, uint32_t bytes);
/* The first of the session's turns goes on in any case if others wait for it. */
void raceway_memory_first(struct raceway_iscsi_session *session);
/* Frees its buffer, and takes it off the list of those that wait. */
void raceway_memory_give_back(struct raceway_request *request);
/* How many commands with as much unsolicited data as allowed have room. */
uint32_t raceway_memory_commands(const struct raceway_iscsi_conn *conn);

/* command.c */
/* Header: 0, or the reason why it is rejected. */
enum raceway_reject raceway_command_begin(struct raceway_request *request,
					  const struct raceway_ahs *ahs);
/* Its data makes no sense: it fails when all that is to come has come. */
void raceway_command_spoil(struct raceway_request *request);
/* Its turn, or what is to come before anything else is done has come. */
void raceway_command_start(struct raceway_request *request);
/* All its data, or the memory for it, is there. */
void raceway_command_go_on(struct raceway_request *request);
/* What the answer is made of, for send.c: residual counts and their flags. */
void raceway_command_residual(const struct raceway_request *request, uint8_t *ret_flags,
			      uint32_t *ret_residual);

/* All is there and it is its turn: it goes to the device server. */
void raceway_command_submit(struct raceway_request *request);

/* turn.c */
/* The command has begun. */
void raceway_turn_wait(struct raceway_request *request);
/* It needs nothing any more: raceway_command_submit() follows in its turn. */
void raceway_turn_ready(struct raceway_request *request);
/* It never will. */
void raceway_turn_leave(struct raceway_request *request);

/* data.c */
void raceway_data_out_begin(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs);
void raceway_data_out_arrived(struct raceway_request *request, const struct raceway_bhs *bhs);
/* Asks for what may be asked for. */
void raceway_data_ask(struct raceway_request *request);

/* function.c, request.c */
void raceway_function_run(struct raceway_request *request);
void raceway_nop_run(struct raceway_request *request);
void raceway_text_run(struct raceway_request *request);
void raceway_logout_run(struct raceway_request *request);
/* NOP-In that nobody asked for: to be answered, or only to tell of the window. */
void raceway_nop_send(struct raceway_iscsi_conn *conn, bool ping);

/* enter.c */
/* The header of a login request is here: makes login_data ready for `bytes`. 0 or -ENOMEM. */
int raceway_enter_begin(struct raceway_iscsi_conn *conn, uint32_t bytes);
/* It is whole. */
void raceway_enter_step(struct raceway_iscsi_conn *conn, const struct raceway_bhs *bhs);
void raceway_enter_free(struct raceway_iscsi_conn *conn);
void raceway_enter_init(struct raceway_iscsi_conn *conn);

#endif
