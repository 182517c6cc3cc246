/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The director's side of the conversation with one server. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "node/director.h"
#include "node/document.h"
#include "node/protocol.h"
#include "util/cleanup.h"
#include "util/version.h"

#define STRANGER_BYTES 16384 /* of a message of who has no certificate */
#define SPEAK_MS 5000	     /* for the first words */
#define LEAVE_MS 1000	     /* for the last words */
#define REASON_TEXT 320
#define VERSION_BYTES 64

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What a peer says is not kept at any length. */
static json_t *short_text(const char *text, size_t bytes)
{
	size_t length = strnlen(text, bytes);

	/* not in the middle of a character (RFC 3629) */
	while (length && text[length] && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return json_stringn(text, length);
}

static json_int_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (json_int_t)1000000000 + now.tv_nsec;
}

void raceway_peer_lost(struct raceway_director *d, struct raceway_peer *peer, const char *why)
{
	json_t *agent;

	if (peer->dead)
		return;
	peer->dead = true;
	if (!peer->welcome)
		return;
	agent = raceway_director_agent(d, peer->server);
	json_object_set_new(agent, "connected", json_false());
	json_object_set_new(agent, "since", json_integer(now_ns()));
	json_object_set_new(agent, "why", json_string(why));
	raceway_director_tell(d, peer->server, "lost", json_pack("{s:s}", "reason", why));
}

static void say(struct raceway_director *d, struct raceway_peer *peer, json_t *message)
{
	json_auto_t *whole = message;
	int r = whole ? raceway_tls_send(&peer->tls, whole) : -ENOMEM;

	if (r)
		raceway_peer_lost(d, peer, peer->tls.why[0] ? peer->tls.why : strerror(-r));
}

static void leave(struct raceway_peer *peer)
{
	peer->leaving = peer->tls.deaf = true;
	raceway_frames_clear(&peer->tls.in);
	peer->end_ms = raceway_node_now_ms() + LEAVE_MS;
}

void raceway_peer_refuse(struct raceway_director *d, struct raceway_peer *peer, const char *reason)
{
	leave(peer);
	raceway_director_tell(d, peer->server, "refused",
			      json_pack("{s:s, s:s}", "address", peer->address, "reason", reason));
	say(d, peer, json_pack("{s:s, s:s}", "type", "refused", "reason", reason));
}

/* --- what it says --- */

/* The latest connection counts: after a power cut the old one looks alive for a while. */
static void replace(struct raceway_director *d, const struct raceway_peer *peer)
{
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (p != peer && p->welcome && !strcmp(p->server, peer->server))
			raceway_peer_lost(d, p, "it has connected anew");
}

static void on_hello(struct raceway_director *d, struct raceway_peer *peer, const json_t *message)
{
	const json_t *protocol = json_object_get(message, "protocol");
	json_int_t min = json_integer_value(json_object_get(protocol, "min"));
	json_int_t max = json_integer_value(json_object_get(protocol, "max"));
	int common = raceway_protocol_common(min, max);
	char reason[REASON_TEXT];
	json_t *agent;

	if (!common) {
		snprintf(reason, sizeof(reason),
			 "this director speaks protocol %d to %d, the server %lld to %lld: upgrade "
			 "the %s",
			 RACEWAY_PROTOCOL_MIN, RACEWAY_PROTOCOL_MAX, (long long)min, (long long)max,
			 min > RACEWAY_PROTOCOL_MAX ? "director" : "server");
		raceway_peer_refuse(d, peer, reason);
		return;
	}
	if (strcmp(text_of(message, "node"), peer->server)) {
		snprintf(reason, sizeof(reason),
			 "it says that it is server %.63s, and its certificate is that of %s",
			 text_of(message, "node"), peer->server);
		raceway_peer_refuse(d, peer, reason);
		return;
	}
	replace(d, peer);
	peer->welcome = true;
	peer->end_ms = 0;
	agent = raceway_director_agent(d, peer->server);
	json_object_set_new(agent, "connected", json_true());
	json_object_set_new(agent, "since", json_integer(now_ns()));
	json_object_set_new(agent, "address", json_string(peer->address));
	json_object_set_new(agent, "agent_version",
			    short_text(text_of(message, "version"), VERSION_BYTES));
	json_object_set_new(agent, "vnics", json_object()); /* nothing is known of them any more */
	json_object_del(agent, "why");
	raceway_director_tell(d, peer->server, "connected",
			      json_pack("{s:s}", "address", peer->address));
	say(d, peer,
	    json_pack("{s:s, s:i, s:s, s:s}", "type", "welcome", "protocol", common, "node",
		      d->core->node, "version", RACEWAY_VERSION));
	json_object_set_new(d->touched, peer->server, json_true());
}

/* One device of a report, if it is one that was sent. */
static void take_device(struct raceway_director *d, struct raceway_peer *peer, json_t *vnics,
			const json_t *device)
{
	const char *vnic = text_of(device, "vnic");
	const char *oper = strcmp(text_of(device, "oper"), "up") ? "down" : "up";
	const char *reason = text_of(device, "reason");
	json_t *had = json_object_get(vnics, vnic);

	if (!had ||
	    (!strcmp(text_of(had, "oper"), oper) && !strcmp(text_of(had, "reason"), reason)))
		return;
	json_object_set_new(
		vnics, vnic,
		json_pack("{s:s, s:o}", "oper", oper, "reason", short_text(reason, REASON_TEXT)));
	raceway_core_event(d->core, "vnic",
			   json_pack("{s:s, s:s, s:s, s:s}", "vnic", vnic, "server", peer->server,
				     "oper", oper, "reason", reason));
}

static void on_report(struct raceway_director *d, struct raceway_peer *peer, const json_t *message)
{
	json_t *vnics = json_object_get(raceway_director_agent(d, peer->server), "vnics");
	const json_t *devices = json_object_get(message, "devices"), *device;
	size_t i;

	/* what is said of an older delivery is no news of this one */
	if (json_integer_value(json_object_get(message, "generation")) != peer->generation)
		return;
	json_array_foreach (devices, i, device)
		take_device(d, peer, vnics, device);
}

static void on_enroll(struct raceway_director *d, struct raceway_peer *peer, const json_t *message)
{
	char server[RACEWAY_NODE_NAME] = "";
	struct raceway_error err = { 0 };
	json_t *answer = NULL;

	if (raceway_director_enroll(d, message, &answer, server, &err)) {
		json_decref(answer);
		raceway_peer_refuse(d, peer, err.message);
		return;
	}
	/* a connection with the certificate that counted before ends */
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (!strcmp(p->server, server))
			raceway_peer_lost(d, p, "it was enrolled anew");
	raceway_director_agent(d, server);
	raceway_director_tell(d, server, "enrolled", json_pack("{s:s}", "address", peer->address));
	leave(peer);
	say(d, peer, answer);
}

static void on_renew(struct raceway_director *d, struct raceway_peer *peer, const json_t *message)
{
	struct raceway_error err = { 0 };
	json_t *answer = NULL;

	if (peer->renewed) {
		raceway_peer_refuse(d, peer, "it has got a new certificate already");
		return;
	}
	peer->renewed = true;
	if (raceway_director_renew(d, peer->server, message, &answer, &err)) {
		json_decref(answer);
		raceway_peer_refuse(d, peer, err.message);
		return;
	}
	raceway_director_tell(d, peer->server, "renewed", NULL);
	say(d, peer, answer);
}

static void on_message(struct raceway_director *d, struct raceway_peer *peer, const json_t *message)
{
	const char *type = text_of(message, "type");

	if (!peer->server[0]) {
		if (!strcmp(type, "enroll"))
			on_enroll(d, peer, message);
		else
			raceway_peer_refuse(d, peer,
					    "it has shown no certificate: enroll the server first");
	} else if (!peer->welcome) {
		if (!strcmp(type, "hello"))
			on_hello(d, peer, message);
		else
			raceway_peer_refuse(d, peer, "hello comes first");
	} else if (!strcmp(type, "report")) {
		on_report(d, peer, message);
	} else if (!strcmp(type, "renew")) {
		on_renew(d, peer, message);
	} else {
		raceway_peer_refuse(d, peer, "it says what this director does not understand");
	}
}

/* One server does not keep many connections open without a word. */
static void drop_silent(struct raceway_director *d, const struct raceway_peer *peer)
{
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (p != peer && !p->welcome && !strcmp(p->server, peer->server))
			raceway_peer_lost(d, p, "it has connected anew");
}

static void judge(struct raceway_director *d, struct raceway_peer *peer, int64_t now_ms)
{
	struct raceway_error err = { 0 };

	peer->judged = true;
	peer->end_ms = now_ms + SPEAK_MS;
	if (raceway_director_judge(d, peer, &err))
		raceway_peer_refuse(d, peer, err.message);
	else if (!peer->server[0])
		peer->tls.message_max = STRANGER_BYTES;
	else
		drop_silent(d, peer);
}

void raceway_peer_turn(struct raceway_director *d, struct raceway_peer *peer, int64_t now_ms)
{
	int r = raceway_tls_turn(&peer->tls, now_ms), taken = 1;

	if (peer->tls.up && !peer->judged)
		judge(d, peer, now_ms);
	while (peer->tls.up && taken == 1 && !peer->dead && !peer->leaving) {
		json_auto_t *message = NULL;

		taken = raceway_tls_take(&peer->tls, &message);
		if (taken == 1)
			on_message(d, peer, message);
	}
	if (taken < 0 && !r)
		r = taken;
	if (!r && peer->end_ms && now_ms >= peer->end_ms)
		r = -ETIMEDOUT;
	if (r)
		raceway_peer_lost(d, peer, peer->tls.why[0] ? peer->tls.why : strerror(-r));
}

/* --- what is sent to it --- */

/* Whether a profile that it has is not among those that it shall have. */
static bool loses(const struct raceway_peer *peer, const json_t *profiles)
{
	json_auto_t *kept = json_object();
	json_t *profile;
	size_t i;

	json_array_foreach (profiles, i, profile)
		json_object_set(kept, text_of(profile, "name"), profile);
	json_array_foreach (peer->sent, i, profile)
		if (!json_object_get(kept, text_of(profile, "name")))
			return true;
	return false;
}

/* What is known of its vNICs: nothing yet of those that are new. */
static size_t expect(struct raceway_director *d, struct raceway_peer *peer, const json_t *profiles)
{
	json_t *agent = raceway_director_agent(d, peer->server), *known = json_object();
	const json_t *former = json_object_get(agent, "vnics");
	json_t *profile, *vnic, *had;
	char name[160];
	size_t i, k;

	json_array_foreach (profiles, i, profile) {
		json_array_foreach (json_object_get(profile, "vnics"), k, vnic) {
			snprintf(name, sizeof(name), "%s/%s", text_of(profile, "name"),
				 text_of(vnic, "name"));
			had = json_object_get(former, name);
			json_object_set_new(known, name,
					    had ? json_incref(had)
						: json_pack("{s:s, s:s}", "oper", "down", "reason",
							    "it has not reported yet"));
		}
	}
	json_object_set_new(agent, "vnics", known);
	return json_object_size(known);
}

static void deliver(struct raceway_director *d, struct raceway_peer *peer, json_t *profiles)
{
	size_t i, count = json_array_size(profiles), vnics = expect(d, peer, profiles);
	json_t *profile;

	peer->generation = ++d->generation;
	say(d, peer,
	    json_pack("{s:s, s:I}", "type", "begin", "generation", (json_int_t)peer->generation));
	json_array_foreach (profiles, i, profile) {
		if (!peer->dead)
			say(d, peer,
			    json_pack("{s:s, s:O}", "type", "profile", "profile", profile));
	}
	if (peer->dead)
		return;
	say(d, peer,
	    json_pack("{s:s, s:I, s:I}", "type", "end", "generation", (json_int_t)peer->generation,
		      "count", (json_int_t)count));
	json_decref(peer->sent);
	peer->sent = json_incref(profiles);
	raceway_director_tell(d, peer->server, "sent",
			      json_pack("{s:I, s:I, s:I}", "generation",
					(json_int_t)peer->generation, "profiles", (json_int_t)count,
					"vnics", (json_int_t)vnics));
}

/* Until what was sent before is on its way, more would only pile up. */
static bool takes_more(const struct raceway_peer *peer)
{
	return peer->welcome && !peer->dead && !peer->leaving && !raceway_tls_waiting(&peer->tls);
}

void raceway_peers_send(struct raceway_director *d)
{
	json_auto_t *due = json_object(), *later = json_object(), *documents = NULL;

	if (!json_object_size(d->touched))
		return;
	for (struct raceway_peer *p = d->peers; p; p = p->next)
		if (p->welcome && !p->dead && json_object_get(d->touched, p->server))
			json_object_set_new(takes_more(p) ? due : later, p->server, json_true());
	documents = json_object_size(due) ? raceway_node_documents(d->core->model, due) : NULL;
	for (int pass = 0; documents && pass < 2; pass++) {
		for (struct raceway_peer *p = d->peers; p; p = p->next) {
			json_t *profiles = json_object_get(documents, p->server);

			if (!profiles || !takes_more(p) || (!pass && !loses(p, profiles)))
				continue;
			if (!p->sent || !json_equal(p->sent, profiles))
				deliver(d, p, profiles);
			json_object_del(documents, p->server);
		}
	}
	/* who is not connected is told all when it comes */
	json_object_clear(d->touched);
	json_object_update(d->touched, later);
}
