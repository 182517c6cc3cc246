/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Asks each worker for its sessions, and puts them to what the main thread knows. */
#include "vhba/status.h"

#include <stdlib.h>
#include <string.h>

#include "vhba/copy.h"
#include "vhba/disk.h"
#include "vhba/location.h"
#include "vhba/pool.h"
#include "vhba/session.h"

struct gather {
	json_t *vhbas;	 /* object by name */
	json_t *portals; /* object by name: sessions */
	struct raceway_vhba **table;
	size_t count;
	struct raceway_stats *sums; /* one for each of the table; NULL: not wanted */
};

static int compare_names(const void *key, const void *member)
{
	return strcmp(key, (*(struct raceway_vhba *const *)member)->name);
}

static void add_stats(const struct gather *g, const struct raceway_session *s)
{
	struct raceway_vhba **found =
		bsearch(s->vhba->name, g->table, g->count, sizeof(*found), compare_names);

	if (found && g->sums)
		raceway_stats_merge(&g->sums[found - g->table], &s->stats);
}

static json_t *session_object(const struct raceway_session *s)
{
	char peer[RACEWAY_PEER_TEXT];

	return json_pack("{s:s, s:s, s:s, s:s, s:I}", "peer", raceway_peer_format(&s->peer, peer),
			 "portal", s->portal->name, "transport", "iscsi", "initiator", s->initiator,
			 "since", (json_int_t)s->since_ns);
}

static void gather(struct raceway_lane *lane, void *context)
{
	struct gather *g = context;

	for (const struct raceway_session *s = lane->sessions; s; s = s->next) {
		json_t *vhba = json_object_get(g->vhbas, s->vhba->name);
		json_t *portal = json_object_get(g->portals, s->portal->name);
		json_t *depth = json_object_get(vhba, "queue_depth");
		json_t *sessions = json_object_get(portal, "sessions");

		json_integer_set(sessions, json_integer_value(sessions) + 1);
		if (!vhba)
			continue; /* it is on its way out */
		add_stats(g, s);
		json_array_append_new(json_object_get(vhba, "sessions"), session_object(s));
		json_integer_set(depth, json_integer_value(depth) +
						(json_int_t)raceway_nexus_depth(s->nexus));
	}
}

static json_t *problem_of(struct raceway_engine *engine, const char *kind, const char *name)
{
	char object[RACEWAY_VHBA_NAME_MAX + 16];
	json_t *problem;
	size_t i;

	snprintf(object, sizeof(object), "%s %s", kind, name);
	json_array_foreach (engine->problems, i, problem) {
		if (!strcmp(json_string_value(json_object_get(problem, "object")), object))
			return json_incref(json_object_get(problem, "message"));
	}
	return json_string("up");
}

static const struct raceway_volume *find_volume(struct raceway_engine *engine, const char *name)
{
	const struct raceway_volume *volume = engine->volumes;

	while (volume && strcmp(volume->name, name))
		volume = volume->next;
	return volume;
}

/* A volume of an array is up if it is for all who map it. */
static void add_upstream(struct raceway_engine *engine, const char *name, json_t *object)
{
	for (struct raceway_volume *v = engine->upstreams; v; v = v->next) {
		if (strcmp(v->name, name))
			continue;
		json_object_set_new(object, "size",
				    json_integer((json_int_t)__atomic_load_n(&v->disk->bytes,
									     __ATOMIC_RELAXED)));
		pthread_mutex_lock(&v->lock);
		if (v->why[0])
			json_object_set_new(object, "oper", json_string(v->why));
		pthread_mutex_unlock(&v->lock);
	}
}

/* Whether what a volume is to be served from is there, served or not. */
static void add_file(const struct raceway_volume_config *config, json_t *object)
{
	struct raceway_error unknown = { 0 };
	bool there;

	if (config->san->type == RACEWAY_SAN_POOL && !config->dev[0] &&
	    !raceway_pool_look(config->san->path, config->name, &there, &unknown))
		json_object_set_new(object, "file", json_boolean(there));
}

static json_t *volume_object(struct raceway_engine *engine,
			     const struct raceway_volume_config *config)
{
	const char *name = config->name;
	const struct raceway_volume *volume = find_volume(engine, name);
	int percent = raceway_copy_percent(engine, name);
	uint64_t used = 0;
	json_t *object =
		json_pack("{s:s, s:o}", "name", name, "oper", problem_of(engine, "volume", name));

	add_file(config, object);
	if (percent >= 0) {
		json_object_set_new(object, "oper", json_string("copying"));
		json_object_set_new(object, "copying", json_integer(percent));
	}
	if (!volume) {
		add_upstream(engine, name, object);
		return object;
	}
	if (volume->type == RACEWAY_SAN_POOL)
		raceway_disk_file_used(volume->disk, &used);
	json_object_set_new(object, "size", json_integer((json_int_t)volume->disk->bytes));
	json_object_set_new(object, "used", json_integer((json_int_t)used));
	return object;
}

static json_t *portal_object(const struct raceway_portal *portal)
{
	json_t *object = json_pack("{s:s, s:b, s:i}", "name", portal->name, "listening",
				   portal->fd >= 0, "sessions", 0);
	uint64_t netns = portal->fd < 0 ? 0 : raceway_location_netns(portal->fd);

	if (netns)
		json_object_set_new(object, "netns", json_integer((json_int_t)netns));
	return object;
}

static json_t *vhba_object(const struct raceway_vhba *vhba)
{
	return json_pack("{s:s, s:[], s:i}", "name", vhba->name, "sessions", "queue_depth", 0);
}

static json_t *counter_object(const struct raceway_counter *counter)
{
	return json_pack("{s:I, s:I}", "ios", (json_int_t)counter->ios, "bytes",
			 (json_int_t)counter->bytes);
}

static json_t *direction_object(const struct raceway_direction *direction)
{
	static const struct {
		const char *name;
		unsigned int per_mille;
	} quantiles[] = { { "p50", 500 }, { "p99", 990 }, { "p999", 999 } };
	json_t *object = counter_object(&direction->total), *latency = json_object();

	for (size_t i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++)
		json_object_set_new(latency, quantiles[i].name,
				    json_integer((json_int_t)raceway_stats_latency(
					    direction, quantiles[i].per_mille)));
	json_object_set_new(object, "latency", latency);
	return object;
}

static void set_stats(json_t *vhba, const struct raceway_stats *stats)
{
	json_t *luns = json_array();

	json_object_set_new(vhba, "read", direction_object(&stats->read));
	json_object_set_new(vhba, "write", direction_object(&stats->write));
	for (size_t i = 0; i < stats->lun_count; i++) {
		const struct raceway_lun_stats *lun = &stats->luns[i];

		json_array_append_new(luns, json_pack("{s:i, s:o, s:o}", "lun", lun->lun, "read",
						      counter_object(&lun->read), "write",
						      counter_object(&lun->write)));
	}
	json_object_set_new(vhba, "luns", luns);
}

/* What sessions that are over have left behind begins the sums. */
static struct raceway_stats *begin_sums(struct raceway_engine *engine)
{
	struct raceway_stats *sums = calloc(engine->vhba_count + 1, sizeof(*sums));

	pthread_mutex_lock(&engine->lock);
	for (size_t i = 0; sums && i < engine->vhba_count; i++)
		raceway_stats_merge(&sums[i], &engine->vhbas[i]->past);
	pthread_mutex_unlock(&engine->lock);
	return sums;
}

static void end_sums(struct gather *g)
{
	for (size_t i = 0; g->sums && i < g->count; i++) {
		set_stats(json_object_get(g->vhbas, g->table[i]->name), &g->sums[i]);
		raceway_stats_free(&g->sums[i]);
	}
	free(g->sums);
}

/* The members of an object, as a list. */
static json_t *to_list(json_t *object)
{
	json_t *list = json_array(), *member;
	const char *key;

	json_object_foreach (object, key, member) {
		json_array_append(list, member);
	}
	json_decref(object);
	return list;
}

void raceway_status_add(struct raceway_engine *engine, bool with_stats, json_t *answer)
{
	struct gather g = {
		.vhbas = json_object(),
		.portals = json_object(),
		.table = engine->vhbas,
		.count = engine->vhba_count,
		.sums = with_stats ? begin_sums(engine) : NULL,
	};
	const struct raceway_config *config = engine->config;
	json_t *volumes = json_array();

	for (const struct raceway_portal *p = engine->portals; p; p = p->next) {
		if (!p->gone)
			json_object_set_new(g.portals, p->name, portal_object(p));
	}
	for (size_t i = 0; i < engine->vhba_count; i++)
		json_object_set_new(g.vhbas, engine->vhbas[i]->name, vhba_object(engine->vhbas[i]));
	for (size_t i = 0; config && i < config->volume_count; i++)
		json_array_append_new(volumes, volume_object(engine, &config->volumes[i]));
	raceway_engine_each(engine, gather, &g);
	end_sums(&g);
	json_object_set_new(answer, "portals", to_list(g.portals));
	json_object_set_new(answer, "volumes", volumes);
	json_object_set_new(answer, "vhbas", to_list(g.vhbas));
}
