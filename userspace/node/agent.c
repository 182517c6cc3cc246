/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The link of a server to its director: one connection at a time, dialled again and again. */
#include "node/agent.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "node/keepalive.h"
#include "node/node.h"
#include "util/cleanup.h"
#include "util/version.h"

#define PAUSE_MS 100	      /* before it dials again; twice as long each time, up to */
#define PAUSE_MAX_MS 3000     /* where nobody answers */
#define PAUSE_NO_MS 5000      /* where it was told no */
#define ANSWER_MS 5000	      /* for a certificate or a welcome */
#define LOOK_MS (3600 * 1000) /* at the own certificate */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* What `server show local` says. */
static void note(struct raceway_agent *a, bool connected, const char *why)
{
	json_t *link = json_object_get(a->core->agents, "local");
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(link, "connected", json_boolean(connected));
	json_object_set_new(link, "since",
			    json_integer(now.tv_sec * (json_int_t)1000000000 + now.tv_nsec));
	json_object_set_new(link, "address", json_string(a->address));
	json_object_set_new(link, "why", json_string(why));
}

static void tell(struct raceway_agent *a, const char *state, const char *reason)
{
	raceway_core_event(a->core, "director",
			   json_pack("{s:s, s:s, s:s}", "state", state, "address", a->address,
				     "reason", reason));
}

/* The same failure again and again is told once. */
static void fail(struct raceway_agent *a, const char *state, const char *why, int64_t pause_ms)
{
	bool linked = a->state == RACEWAY_AGENT_LINKED;
	uint8_t some = 0;

	raceway_tls_close(&a->tls);
	raceway_delivery_clear(&a->delivery);
	a->state = RACEWAY_AGENT_IDLE;
	/* up to half as long again, so that not all servers of a director dial at once */
	(void)gnutls_rnd(GNUTLS_RND_NONCE, &some, sizeof(some));
	a->retry_ms = raceway_node_now_ms() + pause_ms + pause_ms * some / 512;
	if (!linked && !strcmp(why, a->why))
		return;
	snprintf(a->why, sizeof(a->why), "%s", why);
	fprintf(stderr, "racewayd: director %s: %s: %s\n", a->address, state, why);
	note(a, false, why);
	tell(a, state, why);
}

static void lose(struct raceway_agent *a, const char *why)
{
	int64_t pause_ms = a->state == RACEWAY_AGENT_LINKED ? PAUSE_MS : a->pause_ms;

	a->pause_ms = 2 * pause_ms < PAUSE_MAX_MS ? 2 * pause_ms : PAUSE_MAX_MS;
	fail(a, "lost", why, pause_ms);
}

/* --- dialling --- */

static void dial(struct raceway_agent *a)
{
	RACEWAY_CLOSE int fd =
		socket(a->to.to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = a };
	gnutls_certificate_credentials_t credentials = a->enroll ? a->nobody : a->pki.credentials;

	if (fd < 0) {
		lose(a, strerror(errno));
		return;
	}
	raceway_keepalive(fd);
	if (connect(fd, (struct sockaddr *)&a->to.to, a->to.size) && errno != EINPROGRESS) {
		lose(a, strerror(errno));
		return;
	}
	if (raceway_tls_open(&a->tls, RACEWAY_TAKE_FD(fd), true, credentials) ||
	    epoll_ctl(a->epoll_fd, EPOLL_CTL_ADD, a->tls.fd, &event)) {
		lose(a, "out of memory");
		return;
	}
	a->armed = event.events;
	a->state = RACEWAY_AGENT_DIALLING;
}

static void say(struct raceway_agent *a, json_t *message)
{
	json_auto_t *whole = message;
	int r = whole ? raceway_tls_send(&a->tls, whole) : -ENOMEM;

	if (r)
		lose(a, a->tls.why[0] ? a->tls.why : strerror(-r));
}

/* The handshake is done. */
static void greet(struct raceway_agent *a, int64_t now_ms)
{
	struct raceway_error err = { 0 };
	json_t *message;

	if (raceway_agent_judge(a, &err)) {
		fail(a, "refused", err.message, PAUSE_NO_MS);
		return;
	}
	a->retry_ms = now_ms + ANSWER_MS;
	if (a->enroll) {
		message = raceway_agent_ask(a, false, &err);
		a->state = RACEWAY_AGENT_ENROLLING;
	} else {
		message = json_pack("{s:s, s:{s:i, s:i}, s:s, s:s}", "type", "hello", "protocol",
				    "min", RACEWAY_PROTOCOL_MIN, "max", RACEWAY_PROTOCOL_MAX,
				    "node", a->name, "version", RACEWAY_VERSION);
		a->state = RACEWAY_AGENT_GREETING;
	}
	say(a, message);
}

/* --- what the director says --- */

static void on_certificate(struct raceway_agent *a, const json_t *message)
{
	bool enrolled = a->state == RACEWAY_AGENT_ENROLLING;
	struct raceway_error err = { 0 };

	if (raceway_agent_answered(a, message, &err)) {
		fail(a, "refused", err.message, PAUSE_NO_MS);
		return;
	}
	tell(a, enrolled ? "enrolled" : "renewed", "");
	if (!enrolled)
		return;
	fprintf(stderr, "racewayd: director %s: enrolled as server %s\n", a->address, a->name);
	raceway_tls_close(&a->tls);
	a->state = RACEWAY_AGENT_IDLE;
	a->retry_ms = 0; /* at once, with the certificate */
}

static void on_welcome(struct raceway_agent *a, const json_t *message)
{
	json_int_t protocol = json_integer_value(json_object_get(message, "protocol"));
	char why[160];

	if (!raceway_protocol_common(protocol, protocol)) {
		snprintf(why, sizeof(why),
			 "it speaks protocol %lld, and this server %d to %d: upgrade one of them",
			 (long long)protocol, RACEWAY_PROTOCOL_MIN, RACEWAY_PROTOCOL_MAX);
		fail(a, "refused", why, PAUSE_NO_MS);
		return;
	}
	a->state = RACEWAY_AGENT_LINKED;
	a->pause_ms = PAUSE_MS;
	a->why[0] = '\0';
	json_decref(a->reported);
	a->reported = NULL;
	a->generation = -1; /* nothing is said of what an earlier connection brought */
	note(a, true, "");
	json_object_set_new(json_object_get(a->core->agents, "local"), "agent_version",
			    json_string(text_of(message, "version")));
	fprintf(stderr, "racewayd: director %s: connected\n", a->address);
	tell(a, "connected", "");
	a->look_ms = 0;
}

static void on_delivery(struct raceway_agent *a, const char *type, const json_t *message)
{
	json_t *profiles = NULL;
	int r = raceway_delivery_take(&a->delivery, type, message, &profiles);

	if (r < 0) {
		lose(a, "it says what has no place here");
		return;
	}
	if (r == 0)
		return;
	json_decref(a->profiles);
	a->profiles = profiles;
	a->generation = a->delivery.generation;
	json_decref(a->reported); /* each delivery is answered */
	a->reported = NULL;
	a->adopt_due = true;
}

static void on_refused(struct raceway_agent *a, const char *reason)
{
	bool enrolling = a->state == RACEWAY_AGENT_ENROLLING;

	fail(a, "refused", reason, PAUSE_NO_MS);
	/* a death between certificate and note leaves a token that was used */
	if (enrolling && a->pki.own && !raceway_agent_go_on(a))
		a->retry_ms = 0;
}

static void on_message(struct raceway_agent *a, const json_t *message)
{
	const char *type = text_of(message, "type");

	if (!strcmp(type, "refused"))
		on_refused(a, text_of(message, "reason"));
	else if (!strcmp(type, "certificate") &&
		 (a->state == RACEWAY_AGENT_ENROLLING || a->state == RACEWAY_AGENT_LINKED))
		on_certificate(a, message);
	else if (!strcmp(type, "welcome") && a->state == RACEWAY_AGENT_GREETING)
		on_welcome(a, message);
	else if (a->state == RACEWAY_AGENT_LINKED)
		on_delivery(a, type, message);
	else
		lose(a, "it says what has no place here");
}

/* --- each time around --- */

static void talk(struct raceway_agent *a, int64_t now_ms)
{
	int r = raceway_tls_turn(&a->tls, now_ms), taken = 1;

	if (!r && a->state == RACEWAY_AGENT_DIALLING && a->tls.up)
		greet(a, now_ms);
	while (taken == 1 && a->state > RACEWAY_AGENT_DIALLING) {
		json_auto_t *message = NULL;

		taken = raceway_tls_take(&a->tls, &message);
		if (taken == 1)
			on_message(a, message);
	}
	if (a->state == RACEWAY_AGENT_IDLE)
		return;
	if (taken < 0 && !r)
		r = taken;
	if (!r && now_ms >= a->retry_ms &&
	    (a->state == RACEWAY_AGENT_ENROLLING || a->state == RACEWAY_AGENT_GREETING)) {
		lose(a, "it does not answer");
		return;
	}
	if (r)
		lose(a, a->tls.why[0] ? a->tls.why : strerror(-r));
}

/* At the certificate: in time before it ends, over the link that there is. */
static void look(struct raceway_agent *a, int64_t now_ms)
{
	struct raceway_error err = { 0 };

	a->look_ms = now_ms + LOOK_MS;
	if (raceway_pki_old(a->pki.own, time(NULL)))
		say(a, raceway_agent_ask(a, true, &err));
}

static void work(struct raceway_agent *a, int64_t now_ms)
{
	json_t *report;

	if (a->state == RACEWAY_AGENT_LINKED && now_ms >= a->look_ms)
		look(a, now_ms);

	if (a->adopt_due) {
		raceway_agent_adopt(a);
		a->adopt_due = false; /* its own changes are no reason for another */
	}
	/* what piles up would be old when it is read */
	if (!a->report_due || a->state != RACEWAY_AGENT_LINKED || !a->profiles ||
	    raceway_tls_waiting(&a->tls))
		return;
	a->report_due = false;
	report = raceway_agent_report(a);
	if (report)
		say(a, report);
}

int64_t raceway_agent_turn(struct raceway_agent *a, int64_t now_ms)
{
	struct epoll_event event = { .data.ptr = a };
	int64_t next;

	if (a->state == RACEWAY_AGENT_IDLE && now_ms >= a->retry_ms)
		dial(a);
	else if (a->state != RACEWAY_AGENT_IDLE &&
		 (a->ready || now_ms >= raceway_tls_deadline(&a->tls) ||
		  (a->state != RACEWAY_AGENT_LINKED && now_ms >= a->retry_ms)))
		talk(a, now_ms);
	a->ready = false;
	work(a, now_ms);
	if (a->state > RACEWAY_AGENT_DIALLING && raceway_tls_waiting(&a->tls))
		talk(a, now_ms);
	if (a->state == RACEWAY_AGENT_IDLE)
		return a->retry_ms;
	event.events = raceway_tls_events(&a->tls);
	if (event.events != a->armed && !epoll_ctl(a->epoll_fd, EPOLL_CTL_MOD, a->tls.fd, &event))
		a->armed = event.events;
	next = raceway_tls_deadline(&a->tls);
	if (a->state == RACEWAY_AGENT_LINKED && a->look_ms < next)
		next = a->look_ms;
	if (a->state != RACEWAY_AGENT_LINKED && a->retry_ms < next && a->retry_ms > now_ms)
		next = a->retry_ms;
	return next;
}

void raceway_agent_event(struct raceway_agent *a, const char *event)
{
	if (!strcmp(event, "director"))
		return;
	a->report_due = true;
	/* where an uplink was missing, or its MTU too small, that may be over */
	if ((!strcmp(event, "object") || !strcmp(event, "link")) && json_object_size(a->refused))
		a->adopt_due = true;
}

/* --- opening --- */

int raceway_agent_open(struct raceway_agent *a, struct raceway_core *core, const char *state_dir,
		       const char *director, const char *token_file, int epoll_fd,
		       struct raceway_error *err)
{
	int r;

	*a = (struct raceway_agent){
		.core = core,
		.epoll_fd = epoll_fd,
		.tls.fd = -1,
		.pause_ms = PAUSE_MS,
	};
	core->agents = json_pack("{s:{s:b}}", "local", "connected", 0);
	r = raceway_pki_open(&a->pki, state_dir, err);
	if (!r)
		r = raceway_agent_identify(a, token_file, err);
	if (!r && gnutls_certificate_allocate_credentials(&a->nobody) < 0)
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	if (!r) {
		if ((!director || !*director) && a->enroll)
			director = a->token.director;
		if (!director || !*director)
			director = a->pki.director;
		if (!*director)
			r = raceway_error_set(err, RACEWAY_FAULT_INVALID, "director", "",
					      "where is it? racewayd --director ADDRESS:PORT");
		else if (raceway_parse_address(director, RACEWAY_NODE_PORT, &a->to))
			r = raceway_error_set(err, RACEWAY_FAULT_INVALID, "director", "",
					      "%s is no ADDRESS:PORT, as 192.0.2.1:%d", director,
					      RACEWAY_NODE_PORT);
	}
	if (r) {
		raceway_agent_close(a);
		return r;
	}
	raceway_format_address(&a->to, a->address);
	note(a, false, "");
	return 0;
}

void raceway_agent_close(struct raceway_agent *a)
{
	raceway_tls_close(&a->tls);
	raceway_delivery_clear(&a->delivery);
	json_decref(a->profiles);
	json_decref(a->refused);
	json_decref(a->reported);
	raceway_key_cleanup(&a->asked_key);
	if (a->nobody)
		gnutls_certificate_free_credentials(a->nobody);
	raceway_pki_close(&a->pki);
	explicit_bzero(&a->token, sizeof(a->token));
}
