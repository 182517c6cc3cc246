/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Finds the vHBA of an initiator and how it must prove to be it. Who is nobody is asked for a
 * proof that nobody has, so that names cannot be found out by trying. */
#include "vhba/access.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "vhba/events.h"
#include "vhba/location.h"
#include "vhba/session.h"

#define NOBODYS_SECRET_BYTES 32

/* Held; NULL if there is none. Initiator names are compared as RFC 3722 prepares them, which for
 * ASCII is without regard to case. */
static struct raceway_vhba *find(struct raceway_engine *engine, const char *initiator)
{
	struct raceway_vhba *vhba = NULL;

	pthread_mutex_lock(&engine->lock);
	for (size_t i = 0; i < engine->vhba_count && !vhba; i++) {
		if (!strcasecmp(engine->vhbas[i]->initiator, initiator))
			vhba = raceway_vhba_hold(engine->vhbas[i]);
	}
	pthread_mutex_unlock(&engine->lock);
	return vhba;
}

static bool is_target(struct raceway_engine *engine, const char *name)
{
	bool is;

	pthread_mutex_lock(&engine->lock);
	is = !strcasecmp(engine->target, name);
	pthread_mutex_unlock(&engine->lock);
	return is;
}

static bool has_mac(struct raceway_engine *engine, const struct raceway_vhba *vhba,
		    const uint8_t mac[6])
{
	bool has = false;

	pthread_mutex_lock(&engine->lock);
	for (size_t i = 0; i < vhba->mac_count && !has; i++)
		has = !memcmp(vhba->macs[i], mac, sizeof(vhba->macs[i]));
	pthread_mutex_unlock(&engine->lock);
	return has;
}

/* NULL: the connection comes from the vHBA's server. Else why that is not so. */
static const char *wrong_location(struct raceway_engine *engine, const struct raceway_vhba *vhba,
				  const struct raceway_iscsi_login *login)
{
	uint8_t mac[6];
	struct raceway_portal *portal = login->portal;
	struct raceway_location location;
	int err = -EBADF;

	pthread_mutex_lock(&portal->ask);
	if (portal->netlink >= 0)
		err = raceway_location_find(portal->netlink, &login->peer, &login->local,
					    &location);
	pthread_mutex_unlock(&portal->ask);
	if (err)
		return "where it is cannot be asked";
	if (location.local)
		return vhba->local ? NULL : "it is this machine, and the vHBA's server is not";
	if (!location.neighbour)
		return "it is not on the portal's link";
	if (raceway_location_syn_mac(login->fd, mac))
		return "the frame that it began with is not known";
	/* Who asks for an address by ARP is answered by anybody: both must be the server's. */
	if (memcmp(mac, location.mac, sizeof(mac)))
		return "it began with a frame of another MAC address than its neighbour's";
	if (!has_mac(engine, vhba, mac))
		return "its MAC address is of no vNIC of the vHBA's server";
	return NULL;
}

static void tell(struct raceway_engine *engine, const char *vhba,
		 const struct raceway_iscsi_login *login, const char *reason)
{
	char peer[RACEWAY_PEER_TEXT];

	raceway_events_put(engine->events,
			   json_pack("{s:s, s:s, s:s, s:s, s:s}", "event", "login-refused", "vhba",
				     vhba, "initiator", login->initiator, "peer",
				     raceway_peer_format(&login->peer, peer), "reason", reason));
}

static enum raceway_iscsi_login_status ask_nobody(struct raceway_iscsi_chap *ret_chap)
{
	struct raceway_iscsi_chap chap = { .required = true, .secret_bytes = NOBODYS_SECRET_BYTES };

	if (getrandom(chap.secret, chap.secret_bytes, 0) != NOBODYS_SECRET_BYTES)
		return RACEWAY_LOGIN_TARGET_ERROR;
	/* A user that no text of a login can have. */
	chap.user[0] = '\1';
	*ret_chap = chap;
	return RACEWAY_LOGIN_SUCCESS;
}

enum raceway_iscsi_login_status raceway_access_identify(void *context,
							const struct raceway_iscsi_login *login,
							struct raceway_iscsi_chap *ret_chap)
{
	struct raceway_engine *engine = context;
	struct raceway_vhba *vhba;
	const char *wrong = NULL;
	enum raceway_iscsi_login_status status = RACEWAY_LOGIN_SUCCESS;

	if (!login->discovery && !is_target(engine, login->target))
		return RACEWAY_LOGIN_NOT_FOUND;
	vhba = find(engine, login->initiator);
	if (!vhba)
		wrong = "unknown initiator";
	else if (vhba->auth == RACEWAY_AUTH_LOCATION)
		wrong = wrong_location(engine, vhba, login);
	if (wrong) {
		tell(engine, vhba ? vhba->name : "", login, wrong);
		status = ask_nobody(ret_chap);
	} else {
		*ret_chap = vhba->chap;
		ret_chap->proof = vhba->number;
	}
	if (vhba)
		raceway_vhba_put(vhba);
	return status;
}

enum raceway_iscsi_login_status raceway_access_open(void *context,
						    const struct raceway_iscsi_login *login,
						    struct raceway_iscsi_conn *conn,
						    struct raceway_worker *worker,
						    struct raceway_nexus **ret_nexus)
{
	struct raceway_engine *engine = context;
	const struct raceway_portal *portal = login->portal;
	struct raceway_vhba *vhba = find(engine, login->initiator);
	int err;

	/* The vHBA may have changed between the login's first request and its last: who has proven
	 * to be the one that was has not proven to be this one. */
	if (!vhba || vhba->number != login->proof ||
	    __atomic_load_n(&portal->gone, __ATOMIC_ACQUIRE)) {
		if (vhba)
			raceway_vhba_put(vhba);
		return RACEWAY_LOGIN_AUTH_FAILED;
	}
	err = raceway_session_open(raceway_engine_lane(engine, worker), vhba, login, conn,
				   ret_nexus);
	return err ? RACEWAY_LOGIN_NO_RESOURCES : RACEWAY_LOGIN_SUCCESS;
}

void raceway_access_discover(void *context, const struct raceway_iscsi_login *login,
			     raceway_iscsi_found found, void *found_context)
{
	struct raceway_engine *engine = context;

	pthread_mutex_lock(&engine->lock);
	for (const struct raceway_portal *p = engine->portals; p; p = p->next) {
		if (!p->gone && p->fd >= 0)
			found(found_context, engine->target, p->bound, p->group);
	}
	pthread_mutex_unlock(&engine->lock);
}

void raceway_access_refused(void *context, const struct raceway_iscsi_login *login,
			    const char *reason)
{
	struct raceway_engine *engine = context;
	struct raceway_vhba *vhba = find(engine, login->initiator);

	/* Why others could not prove to be who they are not has been told before. */
	if (vhba && vhba->auth == RACEWAY_AUTH_CHAP)
		tell(engine, vhba->name, login, reason);
	if (vhba)
		raceway_vhba_put(vhba);
}
