/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The daemon's state and the one way to change it.
 * Order: validate all, make the files of new volumes, commit to the store, tell the storage engine,
 * change the kernel, take over, delete files. A crash behind the commit is finished by the next
 * start, which makes engine and kernel as the store says. */
#include "api/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/peer.h"
#include "api/rights.h"
#include "api/samples.h"
#include "api/show.h"
#include "model/template.h"
#include "plan/programs.h"
#include "util/cleanup.h"

static void model_freep(struct raceway_model **model)
{
	raceway_model_free(*model);
}

#define MODEL RACEWAY_CLEANUP(model_freep)
#define WANT RACEWAY_CLEANUP(raceway_want_free)

static const struct raceway_link *find_link(void *context, const char *dev)
{
	struct raceway_core *core = context;

	return raceway_links_by_name(&core->kernel.links, dev);
}

static uint32_t world_mtu(void *context, const char *dev)
{
	const struct raceway_link *link = find_link(context, dev);

	return link ? link->mtu : 0;
}

static bool world_exists(void *context, const char *dev)
{
	return find_link(context, dev);
}

static uint64_t world_speed(void *context, const char *dev)
{
	return raceway_link_speed_bps(dev);
}

/* The engine may be allowed where we are not: what cannot be seen is for it to say. */
static int world_dir(void *context, const char *path)
{
	struct stat info;

	if (stat(path, &info))
		return errno == EACCES ? 0 : -errno;
	return S_ISDIR(info.st_mode) ? 0 : -ENOTDIR;
}

static void on_link(enum raceway_link_change change, const struct raceway_link *link, void *context)
{
	static const char *const names[] = {
		[RACEWAY_LINK_SAME] = "same",	      [RACEWAY_LINK_APPEARED] = "appeared",
		[RACEWAY_LINK_VANISHED] = "vanished", [RACEWAY_LINK_CHANGED] = "changed",
		[RACEWAY_LINK_CARRIER] = "carrier",   [RACEWAY_LINK_PROGRAMS] = "programs",
	};
	struct raceway_core *core = context;

	raceway_core_announce_link(core, link);
	if (change == RACEWAY_LINK_PROGRAMS)
		fprintf(stderr,
			"racewayd: %s: programs of ours were taken off by somebody; they are put "
			"back\n",
			link->name);
	if (!core->on_event)
		return;
	raceway_core_event(core, "link",
			   json_pack("{s:s, s:s, s:i, s:b, s:b}", "dev", link->name, "change",
				     names[change], "ifindex", (int)link->ifindex, "up", link->up,
				     "carrier", link->carrier));
}

static void on_storage(void *context, const char *event, json_t *data);

static int first_make(struct raceway_core *core, struct raceway_error *err)
{
	WANT struct raceway_want want = { 0 };
	int ret = raceway_want_build(core->model, &core->world, core->host_keep, &want, err);

	return ret ? ret : raceway_kernel_make(&core->kernel, &want, RACEWAY_MAKE_TOLERANT, err);
}

static int open_storage(struct raceway_core *core, const struct raceway_core_options *options,
			struct raceway_error *err)
{
	const struct raceway_storage_options storage = {
		.run_dir = options->run_dir,
		.state_dir = options->state_dir,
		.program = options->vhba,
		.target = options->target,
		.node = options->node,
	};
	int ret = raceway_storage_open(&core->storage, &storage, err);

	core->storage.on_event = on_storage;
	core->storage.context = core;
	return ret;
}

static int open_kernel(struct raceway_core *core, const struct raceway_core_options *options,
		       struct raceway_error *err)
{
	const struct raceway_kernel_options kernel = {
		.pin_dir = options->pin_dir,
		.max_vnics = options->max_vnics,
		.store_id = raceway_store_id(core->store),
		.state_dir = options->state_dir,
	};

	return raceway_kernel_open(&kernel, &core->kernel, err);
}

int raceway_core_open(struct raceway_core *core, const struct raceway_core_options *options,
		      struct raceway_error *err)
{
	int ret;

	*core = (struct raceway_core){
		.kernel = { .pin_fd = -1, .rtnl.fd = -1, .events_fd = -1 },
		.storage = { .epoll_fd = -1, .timer_fd = -1, .wire.fd = -1 },
		.announce = { .timer_fd = -1, .send_fd = -1 },
		.confirm = { .timer_fd = -1 },
		.role = options->role,
		.host_keep = options->role == RACEWAY_NODE_STANDALONE,
		.world = {
			.speed_bps = world_speed,
			.mtu = world_mtu,
			.dev_exists = world_exists,
			.dir_check = world_dir,
			.context = core,
		},
	};
	raceway_role_groups_default(&core->role_groups);
	if (options->role_groups)
		core->role_groups = *options->role_groups;
	snprintf(core->node, sizeof(core->node), "%s", options->node);
	snprintf(core->pin_dir, sizeof(core->pin_dir), "%s", options->pin_dir);
	ret = raceway_store_open(options->state_dir, &core->store, err);
	if (!ret)
		ret = raceway_store_load(core->store, &core->model, err);
	if (!ret)
		core->going = raceway_volumes_unnote(core->model);
	if (!ret)
		ret = raceway_confirm_open(core, err);
	if (!ret)
		ret = open_storage(core, options, err);
	if (!ret)
		ret = open_kernel(core, options, err);
	if (!ret) {
		core->world.max_vnics = raceway_dp_max_vnics(core->kernel.dp);
		core->kernel.on_link = on_link;
		core->kernel.on_link_context = core;
		core->samples = raceway_samples_new();
		ret = core->samples ? raceway_core_announce_open(core, err) : -1;
	}
	if (!ret)
		ret = first_make(core, err);
	if (!ret) {
		raceway_core_announce_update(core);
		raceway_storage_start(&core->storage, core->model);
		raceway_core_settle(core);
	}
	if (ret) {
		raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
		raceway_core_close(core);
	}
	return ret;
}

void raceway_core_close(struct raceway_core *core)
{
	raceway_storage_close(&core->storage);
	raceway_core_announce_close(core);
	raceway_kernel_close(&core->kernel);
	json_decref(core->going);
	core->going = NULL;
	json_decref(core->agents);
	core->agents = NULL;
	raceway_model_free(core->model);
	core->model = NULL;
	raceway_store_close(core->store);
	core->store = NULL;
	if (core->confirm.timer_fd >= 0)
		close(core->confirm.timer_fd);
	core->confirm.timer_fd = -1;
	raceway_samples_free(core->samples);
	core->samples = NULL;
}

void raceway_core_tell(struct raceway_core *core, const json_t *changes, const char *by)
{
	json_t *change;
	size_t i;

	if (core->nodes.on_change)
		core->nodes.on_change(core->nodes.context, changes);
	json_array_foreach (changes, i, change) {
		json_t *event = json_copy(change);

		json_object_set_new(event, "by", json_string(by));
		raceway_core_event(core, "object", event);
	}
}

/* Whether the engine must take part: without it a change of storage would be half done. A
 * template's vHBA is nothing to it. */
static bool is_storage(const struct raceway_model *model, const json_t *changes)
{
	const struct raceway_kind *kind;
	const json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		kind = raceway_kind_find(json_string_value(json_object_get(change, "kind")));
		if (raceway_storage_kind(kind->name) &&
		    !raceway_template_kind(model, kind,
					   json_string_value(json_object_get(change, "name")))
			     ->of)
			return true;
	}
	return false;
}

/* Engine, then kernel; what is refused is taken back. */
static int make(struct raceway_core *core, const struct raceway_model *model,
		struct raceway_want *want, enum raceway_make how, bool storage,
		struct raceway_error *err)
{
	int ret = 0;

	/* what else changes (a vNIC's MAC) reaches an engine that is away when it returns */
	if (storage || raceway_storage_up(&core->storage))
		ret = raceway_storage_make(&core->storage, model, storage, err);
	if (storage && ret)
		goto back;
	ret = raceway_kernel_make(&core->kernel, want, how, err);
	if (!ret)
		return 0;
back:
	if (raceway_storage_up(&core->storage))
		(void)raceway_storage_make(&core->storage, core->model, false, NULL);
	return ret;
}

/* Stores and makes it so; takes over *model and *want when all is done. `noted`: *model as the
 * store has it, with volumes whose files are to go. */
static int store_and_make(struct raceway_core *core, struct raceway_model **model,
			  const struct raceway_model *noted, struct raceway_want *want,
			  const struct raceway_record *record, enum raceway_make how,
			  struct raceway_error *err)
{
	struct raceway_error back = { 0 };
	int ret = raceway_confirm_note(core, noted, err);

	if (!ret)
		ret = raceway_store_commit(core->store, core->model, noted, record, err);
	if (ret) {
		raceway_confirm_forget(core);
		return ret;
	}
	ret = make(core, *model, want, how, is_storage(*model, record->changes), err);
	if (ret) {
		raceway_confirm_forget(core);
		if (raceway_store_take_back(core->store, core->model, noted, &back))
			fprintf(stderr,
				"racewayd: store: the refused change could not be taken "
				"back: %s\n",
				back.message);
		return ret;
	}
	raceway_store_keep(core->store);
	raceway_model_free(core->model);
	core->model = RACEWAY_TAKE(*model);
	core->settle_due = true;
	raceway_core_announce_update(core);
	return 0;
}

static int commit(struct raceway_core *core, struct raceway_model **model,
		  struct raceway_want *want, const struct raceway_record *record,
		  enum raceway_make how, struct raceway_error *err)
{
	struct raceway_storage_change change = { 0 };
	json_auto_t *going = raceway_volumes_going(core->model, *model);
	MODEL struct raceway_model *noted = NULL;
	int ret = 0;

	/* a state from elsewhere brings its volumes' files along, or they are missed */
	if (is_storage(*model, record->changes) && !record->marks)
		ret = raceway_storage_prepare(&core->storage, core->model, *model, &change, err);
	if (!ret) {
		noted = raceway_volumes_note(*model, going);
		ret = noted ? store_and_make(core, model, noted, want, record, how, err)
			    : raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	}
	if (ret)
		raceway_storage_take_back(&core->storage, &change);
	raceway_storage_change_clear(&change);
	if (!ret && json_object_size(going)) {
		json_object_update(core->going, going);
		raceway_core_sweep(core);
	}
	return ret;
}

/* Into effect, unless it is only to be tried. Takes over *model. */
static int effect(struct raceway_core *core, const struct raceway_change *change,
		  struct raceway_model **model, const json_t *changes, struct raceway_error *err)
{
	const struct raceway_record record = {
		.who = change->caller->name,
		.from = change->caller->from,
		.changes = changes,
		.marks = change->marks,
		.sequence = change->sequence,
	};
	WANT struct raceway_want want = { 0 };
	int ret;

	core->confirm.within_ns = change->confirm_ns;
	ret = raceway_confirm_check(core, changes, err);
	if (!ret)
		ret = raceway_want_change(&core->kernel.want, *model, &core->world, core->host_keep,
					  &want, err);
	if (!ret && !change->adopt)
		ret = raceway_kernel_make(&core->kernel, &want, RACEWAY_MAKE_CHECK, err);
	if (!ret && !change->dry_run)
		ret = commit(core, model, &want, &record,
			     change->adopt ? RACEWAY_MAKE_TOLERANT : RACEWAY_MAKE_STRICT, err);
	if (!ret && !change->dry_run) {
		raceway_core_tell(core, changes, record.who);
		raceway_confirm_begin(core);
	}
	return ret;
}

int raceway_core_change(struct raceway_core *core, const struct raceway_change *change,
			json_t **ret_changes, struct raceway_error *err)
{
	MODEL struct raceway_model *model = raceway_model_clone(core->model);
	json_auto_t *changes = NULL;
	json_auto_t *rest = NULL;
	int ret;

	if (!model)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	(void)raceway_kernel_listen(&core->kernel);
	ret = raceway_confirm_refuses(core, change, err);
	if (!ret)
		ret = change->edit(model, change->context, err);
	if (ret)
		return ret;
	changes = raceway_model_diff(core->model, model);
	if (!changes)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	rest = raceway_template_rest(model, changes);
	ret = raceway_rights_judge(change->caller, &core->role_groups, rest, err);
	if (!ret && !change->adopt)
		ret = raceway_agent_may(core, changes, err);
	if (!ret)
		ret = raceway_model_check(model, &core->world, err);
	/* marks: what no difference shows, such as numbers, may be another all the same */
	if (!ret && (json_array_size(changes) || change->marks))
		ret = effect(core, change, &model, changes, err);
	if (!ret && ret_changes)
		*ret_changes = RACEWAY_TAKE(changes);
	return ret;
}

int raceway_core_reconcile(struct raceway_core *core, struct raceway_error *err)
{
	WANT struct raceway_want want = { 0 };
	int ret;

	/* Port rates depend on link speeds, so what is wanted is worked out anew too. */
	ret = raceway_want_build(core->model, &core->world, core->host_keep, &want, err);
	if (!ret)
		ret = raceway_kernel_make(&core->kernel, &want, RACEWAY_MAKE_TOLERANT, err);
	if (!ret)
		raceway_core_announce_update(core);
	if (core->on_event)
		raceway_core_event(core, "reconcile",
				   json_pack("{s:s, s:i}", "result", ret ? err->message : "done",
					     "troubles", (int)core->kernel.trouble_count));
	return ret;
}

static void make_right(struct raceway_core *core)
{
	struct raceway_error err = { 0 };
	char line[512];

	if (raceway_core_reconcile(core, &err))
		fprintf(stderr, "racewayd: %s\n", raceway_error_format(&err, line, sizeof(line)));
}

void raceway_core_listen(struct raceway_core *core)
{
	if (raceway_kernel_listen(&core->kernel))
		make_right(core);
}

void raceway_core_look(struct raceway_core *core)
{
	if (raceway_kernel_look(&core->kernel, false))
		make_right(core);
}

static void on_storage(void *context, const char *event, json_t *data)
{
	struct raceway_core *core = context;
	json_auto_t *copy = json_copy(data);

	raceway_core_event(core, event, data);
	if (!strcmp(event, "volume-copy"))
		raceway_core_copy_event(core, copy);
}

void raceway_core_storage(struct raceway_core *core)
{
	raceway_storage_tend(&core->storage, core->model);
	raceway_core_settle(core);
}
