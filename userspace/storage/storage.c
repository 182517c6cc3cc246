/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The engine's life: found, started, told what to serve, lost, started again. */
#include "storage/storage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "storage/internal.h"
#include "storage/start.h"
#include "util/cleanup.h"
#include "vhba/protocol.h"

#define TARGET "iqn.2026-11.local.raceway:"
#define PAUSE_MIN_MS 100
#define PAUSE_MAX_MS 5000
#define WELL_MS 3000	 /* who was up so long has not died of what it was told */
#define AGAIN_MS 3000	 /* for sockets that could not be made */
#define STATE_DIR "vhba" /* below the daemon's */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void raceway_storage_arm(struct raceway_storage *s, unsigned int ms)
{
	struct itimerspec when = { .it_value = { ms / 1000, ms % 1000 * 1000000L } };

	if (s->timer_fd >= 0)
		(void)timerfd_settime(s->timer_fd, 0, &when, NULL);
}

char *raceway_storage_target(const char *node, char buf[RACEWAY_ISCSI_NAME_TEXT])
{
	size_t used;

	snprintf(buf, RACEWAY_ISCSI_NAME_TEXT, TARGET "%s", node);
	used = strlen(TARGET);
	for (char *c = buf + used; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
		else if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789.-:", *c))
			*c = '-';
	}
	return buf;
}

static int set_options(struct raceway_storage *s, const struct raceway_storage_options *options,
		       struct raceway_error *err)
{
	const char *target = options->target;

	if (target && *target && raceway_parse_iscsi_name(target, s->target))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "target-name", "",
					 "%s is no iSCSI name, as " TARGET "node", target);
	if (!target || !*target)
		raceway_storage_target(options->node, s->target);
	if (snprintf(s->socket, sizeof(s->socket), "%s/%s", options->run_dir,
		     RACEWAY_VHBA_SOCKET) >= (int)sizeof(s->socket))
		return raceway_error_set(err, RACEWAY_FAULT_INVALID, "run-dir", "",
					 "%s is too long for a socket's path", options->run_dir);
	snprintf(s->run_dir, sizeof(s->run_dir), "%s", options->run_dir);
	snprintf(s->state_dir, sizeof(s->state_dir), "%s/%s", options->state_dir, STATE_DIR);
	snprintf(s->node, sizeof(s->node), "%s", options->node);
	if (options->program && *options->program)
		snprintf(s->program, sizeof(s->program), "%s", options->program);
	else
		raceway_storage_program(s->program, sizeof(s->program));
	return 0;
}

int raceway_storage_open(struct raceway_storage *s, const struct raceway_storage_options *options,
			 struct raceway_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	int r;

	*s = (struct raceway_storage){ .epoll_fd = -1, .timer_fd = -1, .pause_ms = PAUSE_MIN_MS };
	raceway_wire_init(&s->wire);
	snprintf(s->why, sizeof(s->why), "it is not running");
	if (!options->run_dir)
		return 0;
	if (options->ms)
		s->wire.ms = options->ms;
	r = set_options(s, options, err);
	if (r < 0)
		return r;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	s->problems = json_object();
	if (s->epoll_fd < 0 || s->timer_fd < 0 || !s->problems ||
	    epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->timer_fd, &event))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "storage: %s",
					 strerror(errno));
	return 0;
}

void raceway_storage_close(struct raceway_storage *s)
{
	raceway_wire_close(&s->wire);
	raceway_listeners_close(&s->listeners);
	json_decref(s->served);
	json_decref(s->problems);
	if (s->epoll_fd >= 0)
		close(s->epoll_fd);
	if (s->timer_fd >= 0)
		close(s->timer_fd);
	*s = (struct raceway_storage){ .epoll_fd = -1, .timer_fd = -1, .wire.fd = -1 };
}

bool raceway_storage_up(const struct raceway_storage *s)
{
	return s->wire.fd >= 0;
}

static void tell(struct raceway_storage *s, const char *event, json_t *data)
{
	if (s->on_event)
		s->on_event(s->context, event, data);
	else
		json_decref(data);
}

/* What the engine was is forgotten, and it is tried again in a while. */
static void lost(struct raceway_storage *s, const char *why)
{
	bool was_up = s->up_ms;

	raceway_wire_close(&s->wire);
	json_decref(s->served);
	s->served = NULL;
	raceway_listeners_forget(&s->listeners);
	snprintf(s->why, sizeof(s->why), "%s", why);
	if (was_up && now_ms() - s->up_ms >= WELL_MS)
		s->pause_ms = PAUSE_MIN_MS;
	if (s->wanted)
		raceway_storage_arm(s, s->pause_ms);
	s->pause_ms = s->pause_ms * 2 > PAUSE_MAX_MS ? PAUSE_MAX_MS : s->pause_ms * 2;
	s->pid = 0;
	s->up_ms = 0;
	if (!was_up)
		return;
	fprintf(stderr, "racewayd: the storage engine is down: %s\n", why);
	tell(s, "engine", json_pack("{s:s, s:s}", "state", "down", "reason", why));
}

int raceway_storage_heard(struct raceway_storage *s, int result, const struct raceway_error *err)
{
	if (result < 0 && !raceway_storage_up(s))
		lost(s, err && err->message[0] ? err->message : "it does not answer");
	return result;
}

static int greet(struct raceway_storage *s, struct raceway_error *err)
{
	struct epoll_event event = { .events = EPOLLIN };
	json_auto_t *answer = NULL;
	int r = raceway_wire_call(
		&s->wire, "hello", "",
		json_pack("{s:i, s:s}", "protocol", RACEWAY_VHBA_PROTOCOL, "node", s->node), NULL,
		0, &answer, err);
	const char *version = json_string_value(json_object_get(answer, "version"));

	if (r == 0 && epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->wire.fd, &event))
		r = raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "storage: %s",
				      strerror(errno));
	if (r < 0) {
		raceway_wire_close(&s->wire);
		return raceway_storage_heard(s, r, err);
	}
	s->pid = (pid_t)json_integer_value(json_object_get(answer, "pid"));
	snprintf(s->version, sizeof(s->version), "%s", version ? version : "");
	s->why[0] = '\0';
	s->up_ms = now_ms();
	tell(s, "engine",
	     json_pack("{s:s, s:i, s:s}", "state", "up", "pid", (int)s->pid, "version",
		       s->version));
	return 0;
}

int raceway_storage_ensure(struct raceway_storage *s, const struct raceway_model *model,
			   struct raceway_error *err)
{
	int r;

	if (raceway_storage_up(s))
		return 0;
	if (s->epoll_fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_CANNOT, "", "",
					 "there is no storage engine here");
	r = raceway_storage_connect(s, raceway_storage_any(model), err);
	if (r < 0)
		return raceway_storage_heard(s, r, err);
	return greet(s, err);
}

/* --- what happens by itself --- */

static void make_tolerant(struct raceway_storage *s, const struct raceway_model *model)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	char before[sizeof(s->why)];

	memcpy(before, s->why, sizeof(before));
	/* said once, however often it is tried */
	if (raceway_storage_make(s, model, false, &err) &&
	    strncmp(before, err.message, sizeof(before) - 1))
		fprintf(stderr, "racewayd: storage: %s\n", err.message);
}

void raceway_storage_start(struct raceway_storage *s, const struct raceway_model *model)
{
	if (s->epoll_fd >= 0)
		make_tolerant(s, model);
}

void raceway_storage_tend(struct raceway_storage *s, const struct raceway_model *model)
{
	json_auto_t *events = json_array();
	uint64_t expirations;
	bool due = s->timer_fd >= 0 && read(s->timer_fd, &expirations, sizeof(expirations)) > 0;
	json_t *event;
	size_t i;
	int r = raceway_storage_up(s) ? raceway_wire_receive(&s->wire) : 0;

	while ((event = raceway_wire_event(&s->wire)))
		json_array_append_new(events, event);
	if (r < 0)
		lost(s, raceway_wire_why(r));
	else if (due)
		make_tolerant(s, model);
	/* last: who hears of it may change things */
	json_array_foreach (events, i, event) {
		char name[32];

		snprintf(name, sizeof(name), "%s", raceway_storage_text(event, "event"));
		json_object_del(event, "event");
		tell(s, name, json_incref(event));
	}
}

void raceway_storage_again(struct raceway_storage *s, const struct raceway_model *model)
{
	json_decref(s->served);
	s->served = NULL;
	if (raceway_storage_up(s))
		make_tolerant(s, model);
}

bool raceway_storage_pending(const struct raceway_storage *s)
{
	return json_array_size(s->wire.events) > 0;
}

void raceway_storage_look(struct raceway_storage *s, const struct raceway_model *model)
{
	bool changed = raceway_listeners_look(&s->listeners);

	if (raceway_storage_up(s) && (changed || raceway_listeners_missing(&s->listeners)))
		(void)raceway_storage_make(s, model, false, NULL);
}

json_t *raceway_storage_status(struct raceway_storage *s, bool statistics)
{
	struct raceway_error err = { .fault = RACEWAY_FAULT_NONE };
	json_t *status = NULL;

	if (raceway_storage_up(s))
		(void)raceway_storage_heard(
			s,
			raceway_wire_call(&s->wire, "status", NULL,
					  json_pack("{s:b}", "stats", statistics), NULL, 0, &status,
					  &err),
			&err);
	return status;
}

const char *raceway_storage_problem(const struct raceway_storage *s, const char *kind,
				    const char *name)
{
	char object[RACEWAY_VOLUME_NAME + 16];

	snprintf(object, sizeof(object), "%s %s", kind, name);
	return json_string_value(json_object_get(s->problems, object));
}
