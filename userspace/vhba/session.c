/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Opens and ends sessions, and keeps their view of LUNs as their vHBA has it. */
#include "vhba/session.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vhba/events.h"

#define PROTOCOL_ISCSI 5	    /* SPC-4 table 477 */
#define VERSION_ISCSI 0x0960	    /* SPC-4 table 143: iSCSI (no version claimed) */
#define TRANSPORT_ID_PORT (1U << 6) /* format 01b: an initiator port */

#define OF(type, member, pointer) ((type *)((char *)(pointer)-offsetof(type, member)))

struct raceway_vhba *raceway_vhba_hold(struct raceway_vhba *vhba)
{
	__atomic_fetch_add(&vhba->holds, 1, __ATOMIC_RELAXED);
	return vhba;
}

void raceway_vhba_put(struct raceway_vhba *vhba)
{
	if (__atomic_sub_fetch(&vhba->holds, 1, __ATOMIC_ACQ_REL))
		return;
	for (size_t i = 0; i < vhba->lun_count; i++)
		raceway_lu_put(vhba->luns[i].lu);
	free(vhba->luns);
	raceway_stats_free(&vhba->past);
	raceway_claim_free(&vhba->claim);
	explicit_bzero(&vhba->chap, sizeof(vhba->chap));
	free(vhba);
}

char *raceway_peer_format(const struct sockaddr_storage *peer, char buf[RACEWAY_PEER_TEXT])
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)peer;
	const struct sockaddr_in *in = (const struct sockaddr_in *)peer;
	char address[INET6_ADDRSTRLEN] = "";

	buf[0] = '\0';
	if (peer->ss_family == AF_INET &&
	    inet_ntop(AF_INET, &in->sin_addr, address, sizeof(address)))
		snprintf(buf, RACEWAY_PEER_TEXT, "%s:%u", address, ntohs(in->sin_port));
	else if (peer->ss_family == AF_INET6 &&
		 inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof(address)))
		snprintf(buf, RACEWAY_PEER_TEXT, "[%s]:%u", address, ntohs(in6->sin6_port));
	return buf;
}

static void tell(const struct raceway_session *session, const char *event)
{
	char peer[RACEWAY_PEER_TEXT];

	raceway_events_put(session->lane->engine->events,
			   json_pack("{s:s, s:s, s:s, s:s}", "event", event, "vhba",
				     session->vhba->name, "initiator", session->initiator, "peer",
				     raceway_peer_format(&session->peer, peer)));
}

/* iSCSI TransportID with the session's part of the name (SPC-4 7.6.4.6). */
static void set_transport_id(struct raceway_nexus_options *options,
			     const struct raceway_iscsi_login *login)
{
	const uint8_t *isid = login->isid;
	char *text = (char *)options->transport_id + 4;
	size_t room = sizeof(options->transport_id) - 4, length;

	length = (size_t)snprintf(text, room, "%s,i,0x%02x%02x%02x%02x%02x%02x", login->initiator,
				  isid[0], isid[1], isid[2], isid[3], isid[4], isid[5]);
	/* With its 0, in whole words. */
	length = (length + 1 + 3) & ~(size_t)3;
	options->transport_id[0] = TRANSPORT_ID_PORT | PROTOCOL_ISCSI;
	options->transport_id[2] = (uint8_t)(length >> 8);
	options->transport_id[3] = (uint8_t)length;
	options->transport_id_bytes = (uint16_t)(length + 4);
}

/* The LUNs of a vHBA as they are now, each held. 0 or -ENOMEM. */
static int copy_luns(struct raceway_engine *engine, struct raceway_vhba *vhba,
		     struct raceway_lun **ret_luns, size_t *ret_count)
{
	struct raceway_lun *luns;

	pthread_mutex_lock(&engine->lock);
	luns = calloc(vhba->lun_count + 1, sizeof(*luns));
	for (size_t i = 0; luns && i < vhba->lun_count; i++) {
		luns[i] = vhba->luns[i];
		raceway_lu_hold(luns[i].lu);
	}
	*ret_count = vhba->lun_count;
	pthread_mutex_unlock(&engine->lock);
	*ret_luns = luns;
	return luns ? 0 : -ENOMEM;
}

static void drop_luns(struct raceway_lun *luns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		raceway_lu_put(luns[i].lu);
	free(luns);
}

static int make_nexus(struct raceway_session *session, const struct raceway_iscsi_login *login)
{
	struct raceway_nexus_options options = {
		.protocol = PROTOCOL_ISCSI,
		.relative_port = session->portal->group,
		.version_descriptor = VERSION_ISCSI,
		.owner = session,
	};
	struct raceway_lun *luns;
	size_t count;
	int err;

	snprintf(options.initiator, sizeof(options.initiator), "%s", login->initiator);
	snprintf(options.target, sizeof(options.target), "%s", login->target);
	snprintf(options.target_port, sizeof(options.target_port), "%s,t,0x%04x", login->target,
		 session->portal->group);
	set_transport_id(&options, login);
	err = copy_luns(session->lane->engine, session->vhba, &luns, &count);
	if (err)
		return err;
	err = raceway_nexus_new(&options, luns, count, &session->nexus);
	drop_luns(luns, count);
	return err;
}

static void run(struct raceway_flow *flow, struct raceway_task *task)
{
	raceway_scsi_execute(task);
}

/* The session is over, and so are its tasks. */
static void gone(struct raceway_flow *flow)
{
	struct raceway_session *session = OF(struct raceway_session, flow, flow);
	struct raceway_engine *engine = session->lane->engine;

	pthread_mutex_lock(&engine->lock);
	raceway_stats_merge(&session->vhba->past, &session->stats);
	pthread_mutex_unlock(&engine->lock);
	raceway_stats_free(&session->stats);
	raceway_vhba_put(session->vhba);
	free(session);
}

int raceway_session_open(struct raceway_lane *lane, struct raceway_vhba *vhba,
			 const struct raceway_iscsi_login *login, struct raceway_iscsi_conn *conn,
			 struct raceway_nexus **ret_nexus)
{
	struct raceway_session *session = calloc(1, sizeof(*session));
	struct timespec now;
	int err;

	if (!session) {
		raceway_vhba_put(vhba);
		return -ENOMEM;
	}
	session->lane = lane;
	session->vhba = vhba;
	session->portal = login->portal;
	session->conn = conn;
	session->peer = login->peer;
	snprintf(session->initiator, sizeof(session->initiator), "%s", login->initiator);
	clock_gettime(CLOCK_REALTIME, &now);
	session->since_ns = (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
	err = make_nexus(session, login);
	if (err) {
		raceway_vhba_put(vhba);
		free(session);
		return err;
	}
	raceway_flow_init(&session->flow, &vhba->claim, lane->worker, run, gone);
	session->next = lane->sessions;
	session->link = &lane->sessions;
	if (session->next)
		session->next->link = &session->next;
	lane->sessions = session;
	__atomic_fetch_add(&lane->load, 1, __ATOMIC_RELAXED);
	*ret_nexus = session->nexus;
	tell(session, "session-open");
	return 0;
}

void raceway_session_close(void *context, struct raceway_nexus *nexus)
{
	struct raceway_session *session = raceway_nexus_owner(nexus);

	tell(session, "session-close");
	*session->link = session->next;
	if (session->next)
		session->next->link = session->link;
	__atomic_fetch_sub(&session->lane->load, 1, __ATOMIC_RELAXED);
	raceway_nexus_free(nexus);
	raceway_flow_put(&session->flow);
}

/* The device server has done with a task: it is counted, and goes back to the transport. */
static void served(struct raceway_task *task)
{
	struct raceway_flow *flow = task->serve.flow;
	struct raceway_session *session = OF(struct raceway_session, flow, flow);

	raceway_flow_leave(flow, task);
	if ((task->serve.reads || task->serve.writes) && !task->aborted)
		raceway_stats_add(&session->stats, task->serve.lun, task->serve.writes,
				  task->status == RACEWAY_SCSI_GOOD ? task->serve.bytes : 0,
				  raceway_clock_ns() - task->serve.since_ns);
	task->done = task->serve.done;
	task->done(task);
	raceway_flow_put(flow);
}

void raceway_session_submit(void *context, struct raceway_task *task)
{
	struct raceway_session *session = raceway_nexus_owner(task->nexus);
	const struct raceway_lun *lun = raceway_nexus_lun(task->nexus, task->lun);
	const struct raceway_disk *disk = lun ? raceway_lu_disk(lun->lu) : NULL;
	struct raceway_cdb_cost cost = { 0 };

	if (lun)
		raceway_cdb_cost(task->cdb, task->cdb_bytes, disk->block_bytes, &cost);
	/* Behind the end there is nothing: it is refused. */
	if (lun && cost.bytes > __atomic_load_n(&disk->bytes, __ATOMIC_RELAXED))
		cost.bytes = 0;
	task->serve = (struct raceway_task_serve){
		.done = task->done,
		.since_ns = raceway_worker_now(task->worker),
		.bytes = cost.bytes,
		.lun = lun ? lun->number : 0,
		.reads = cost.read,
		.writes = cost.write,
	};
	task->done = served;
	raceway_flow_hold(&session->flow);
	if (!raceway_flow_enter(&session->flow, task))
		raceway_scsi_execute(task);
}

static void follow(struct raceway_session *session)
{
	struct raceway_engine *engine = session->lane->engine;
	struct raceway_lun *luns;
	size_t count;
	bool gone;

	pthread_mutex_lock(&engine->lock);
	gone = session->vhba->gone || session->portal->gone;
	pthread_mutex_unlock(&engine->lock);
	/* Whoever lost it would take an answer for the disk's: it is sent away, and asks anew. */
	if (gone) {
		raceway_iscsi_end(session->conn, 0);
		return;
	}
	raceway_flow_look(&session->flow);
	/* What it may not see any more is gone at once; who cannot be told is sent away. */
	if (copy_luns(engine, session->vhba, &luns, &count) == 0) {
		int err = raceway_nexus_map(session->nexus, luns, count);

		drop_luns(luns, count);
		if (!err)
			return;
	}
	raceway_iscsi_end(session->conn, 0);
}

void raceway_session_follow(struct raceway_lane *lane, void *unused)
{
	struct raceway_session *session, *next;

	for (session = lane->sessions; session; session = next) {
		next = session->next;
		follow(session);
	}
}
