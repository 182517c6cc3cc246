/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Applied, and taken back unless somebody confirms it in time: the path of who applies may run
 * through this machine. The way back and the end of the time are written in the transaction of the
 * change, so that they survive whatever happens; while the daemon runs the time is counted by a
 * clock that nobody sets, from a start on by that of the wall, and is never longer than it was. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "api/core.h"
#include "api/rights.h"
#include "util/cleanup.h"
#include "util/units.h"

#define RETRY_NS RACEWAY_NSEC_PER_SEC /* the store could not be written */
#define CLOCK_TEXT 16
#define EVENT "confirm"

static void model_freep(struct raceway_model **model)
{
	raceway_model_free(*model);
}

#define MODEL RACEWAY_CLEANUP(model_freep)

static int64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * (int64_t)RACEWAY_NSEC_PER_SEC + now.tv_nsec;
}

static void arm(struct raceway_core *core, int64_t ns)
{
	struct itimerspec when = { .it_value = { ns / (int64_t)RACEWAY_NSEC_PER_SEC,
						 ns % (int64_t)RACEWAY_NSEC_PER_SEC } };

	(void)timerfd_settime(core->confirm.timer_fd, 0, &when, NULL);
}

static int64_t left_ns(const struct raceway_core *core)
{
	struct itimerspec when = { 0 };

	(void)timerfd_gettime(core->confirm.timer_fd, &when);
	return when.it_value.tv_sec * (int64_t)RACEWAY_NSEC_PER_SEC + when.it_value.tv_nsec;
}

static json_int_t number(const json_t *note, const char *key)
{
	return json_integer_value(json_object_get(note, key));
}

/* The model as it was; NULL with *err set. */
static struct raceway_model *former(const struct raceway_core *core, struct raceway_error *err)
{
	struct raceway_model *model = raceway_model_clone(core->model);
	const json_t *back = json_object_get(raceway_store_note(core->store), "back");

	if (!model) {
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	} else if (raceway_model_go_back(model, back, err)) {
		raceway_model_free(model);
		return NULL;
	}
	return model;
}

/* In the store and in memory; the rest is made from that. */
static int take_back(struct raceway_core *core, json_t **ret_changes, struct raceway_error *err)
{
	MODEL struct raceway_model *model = former(core, err);
	MODEL struct raceway_model *noted = NULL;
	json_auto_t *note = json_incref((json_t *)raceway_store_note(core->store));
	struct raceway_record record = { .who = raceway_caller_daemon.name,
					 .from = raceway_caller_daemon.from };
	json_auto_t *changes = NULL;
	json_auto_t *going = NULL;
	int ret;

	if (!model)
		return -EIO;
	going = raceway_volumes_going(core->model, model);
	noted = raceway_volumes_note(model, going);
	if (!noted)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	record.changes = changes = raceway_model_diff(core->model, model);
	raceway_store_set_note(core->store, NULL);
	ret = raceway_store_commit(core->store, core->model, noted, &record, err);
	if (ret) {
		raceway_store_set_note(core->store, note);
		return ret;
	}
	raceway_store_keep(core->store);
	*ret_changes = json_incref(changes);
	json_object_update(core->going, going);
	raceway_model_free(core->model);
	core->model = RACEWAY_TAKE(model);
	core->confirm.taken_back = true;
	fprintf(stderr, "racewayd: not confirmed in time: %zu changes are taken back\n",
		json_array_size(*ret_changes));
	return 0;
}

int raceway_confirm_open(struct raceway_core *core, struct raceway_error *err)
{
	const json_t *note = raceway_store_note(core->store);
	int64_t within_ns = number(note, "within"), left = number(note, "until") - wall_ns();
	json_auto_t *changes = NULL;

	core->confirm.timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (core->confirm.timer_fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "timer: %s",
					 strerror(errno));
	if (!note)
		return 0;
	if (left <= 0)
		return take_back(core, &changes, err);
	arm(core, left < within_ns ? left : within_ns);
	return 0;
}

int raceway_confirm_refuses(const struct raceway_core *core, const struct raceway_change *change,
			    struct raceway_error *err)
{
	time_t until = (wall_ns() + left_ns(core)) / (int64_t)RACEWAY_NSEC_PER_SEC;
	char text[CLOCK_TEXT] = "?";
	struct tm day;

	/* the daemon's own and the director's have nothing to do with it */
	if (!raceway_store_note(core->store) || change->dry_run || change->adopt ||
	    change->caller->how == RACEWAY_BY_DAEMON)
		return 0;
	if (localtime_r(&until, &day))
		strftime(text, sizeof(text), "%H:%M:%S", &day);
	return raceway_error_set(err, RACEWAY_FAULT_REFUSED, "", "",
				 "the last apply is taken back at %s unless it is confirmed, and "
				 "nothing else can change before: raceway apply --confirmed",
				 text);
}

/* What cannot be brought back, or not to what it was, is not for trying. */
int raceway_confirm_check(const struct raceway_core *core, const json_t *changes,
			  struct raceway_error *err)
{
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		const char *kind = json_string_value(json_object_get(change, "kind"));
		const char *op = json_string_value(json_object_get(change, "op"));
		const char *field = json_string_value(json_object_get(change, "field"));
		bool gone = !strcmp(op, "del") &&
			    json_object_get(json_object_get(change, "from"), "size");
		char object[96];

		if (!core->confirm.within_ns || strcmp(kind, "volume") ||
		    !(gone || (field && !strcmp(field, "size"))))
			continue;
		snprintf(object, sizeof(object), "%s %.80s", kind,
			 json_string_value(json_object_get(change, "name")));
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "",
					 "what is %s cannot be taken back: do that without "
					 "--confirm",
					 gone ? "deleted with it" : "resized");
	}
	return 0;
}

int raceway_confirm_note(struct raceway_core *core, const struct raceway_model *after,
			 struct raceway_error *err)
{
	json_auto_t *note = NULL;

	if (!core->confirm.within_ns)
		return 0;
	note = json_pack("{s:I, s:I, s:o}", "until",
			 (json_int_t)(wall_ns() + (int64_t)core->confirm.within_ns), "within",
			 (json_int_t)core->confirm.within_ns, "back",
			 raceway_model_back(core->model, after));
	if (!note)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	raceway_store_set_note(core->store, note);
	return 0;
}

void raceway_confirm_forget(struct raceway_core *core)
{
	if (core->confirm.within_ns)
		raceway_store_set_note(core->store, NULL);
}

static void tell(struct raceway_core *core, const char *state)
{
	const json_t *note = raceway_store_note(core->store);
	json_t *data = json_pack("{s:s}", "state", state);

	if (note)
		json_object_set_new(data, "until", json_integer(number(note, "until")));
	raceway_core_event(core, EVENT, data);
}

void raceway_confirm_begin(struct raceway_core *core)
{
	if (!core->confirm.within_ns)
		return;
	core->confirm.taken_back = false;
	arm(core, (int64_t)core->confirm.within_ns);
	tell(core, "pending");
}

static json_t *what_changed(const struct raceway_core *core)
{
	MODEL struct raceway_model *model = former(core, NULL);

	return model ? raceway_model_diff(model, core->model) : json_array();
}

int raceway_core_confirm(struct raceway_core *core, const struct raceway_caller *caller,
			 struct raceway_error *err)
{
	json_auto_t *note = json_incref((json_t *)raceway_store_note(core->store));
	json_auto_t *changes = NULL;
	int ret;

	if (!note)
		return raceway_error_set(
			err, RACEWAY_FAULT_REFUSED, "", "", "nothing waits to be confirmed%s",
			core->confirm.taken_back ? ": what did was taken back when its time was up"
						 : "");
	changes = what_changed(core);
	ret = raceway_rights_judge(caller, &core->role_groups, changes, err);
	if (ret)
		return ret;
	raceway_store_set_note(core->store, NULL);
	ret = raceway_store_commit(core->store, core->model, core->model, NULL, err);
	if (ret) {
		raceway_store_set_note(core->store, note);
		return ret;
	}
	arm(core, 0);
	tell(core, "confirmed");
	return 0;
}

json_t *raceway_core_confirm_show(const struct raceway_core *core)
{
	const json_t *note = raceway_store_note(core->store);
	int64_t left = left_ns(core);

	if (!note)
		return json_null();
	return json_pack("{s:I, s:I, s:I, s:o}", "until", (json_int_t)(wall_ns() + left), "left",
			 (json_int_t)left, "within", number(note, "within"), "changes",
			 what_changed(core));
}

void raceway_core_confirm_due(struct raceway_core *core)
{
	struct raceway_error err = { 0 };
	json_auto_t *changes = NULL;
	uint64_t expirations;
	char line[512];

	if (read(core->confirm.timer_fd, &expirations, sizeof(expirations)) < 0 ||
	    !raceway_store_note(core->store))
		return;
	if (take_back(core, &changes, &err)) {
		fprintf(stderr, "racewayd: not confirmed in time: %s\n",
			raceway_error_format(&err, line, sizeof(line)));
		arm(core, RETRY_NS);
		return;
	}
	tell(core, "taken-back");
	raceway_core_tell(core, changes, raceway_caller_daemon.name);
	/* An engine that is away is told when it returns. */
	if (raceway_storage_up(&core->storage))
		(void)raceway_storage_make(&core->storage, core->model, false, &err);
	if (raceway_core_reconcile(core, &err))
		fprintf(stderr, "racewayd: %s\n", raceway_error_format(&err, line, sizeof(line)));
	core->settle_due = true;
	if (raceway_storage_up(&core->storage))
		raceway_core_sweep(core);
}
