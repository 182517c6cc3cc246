/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What should be served against what is: volumes first, then who sees them, then the sessions
 * follow; last goes what nobody sees any more. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vhba/copy.h"
#include "vhba/portal.h"
#include "vhba/session.h"
#include "vhba/volume.h"

static struct raceway_volume *find_volume(struct raceway_engine *engine, const char *name)
{
	struct raceway_volume *volume = engine->volumes;

	while (volume && strcmp(volume->name, name))
		volume = volume->next;
	return volume;
}

static void problem(json_t *problems, const char *kind, const char *name, const char *message)
{
	char object[RACEWAY_VHBA_NAME_MAX + 16];

	snprintf(object, sizeof(object), "%s %s", kind, name);
	raceway_problem_add(problems, object, "%s", message);
}

/* Volumes that are as they should be move from engine->volumes to the list that is returned,
 * others are opened into it. */
static struct raceway_volume *open_volumes(struct raceway_engine *engine,
					   const struct raceway_config *config, json_t *problems)
{
	struct raceway_volume *served = NULL;

	engine->incomplete = false;
	for (size_t i = 0; i < config->volume_count; i++) {
		const struct raceway_volume_config *c = &config->volumes[i];
		struct raceway_volume *volume = NULL, **link = &engine->volumes;
		struct raceway_error err = { 0 };

		if (c->san->type == RACEWAY_SAN_ISCSI)
			continue; /* opened in the name of each vHBA */
		while (*link && !raceway_volume_is(*link, c))
			link = &(*link)->next;
		if (*link) {
			volume = *link;
			*link = volume->next;
			if (raceway_volume_grow(volume, c->size))
				problem(problems, "volume", c->name, "its size cannot be read");
		} else if (raceway_copy_is_making(engine, c->name)) {
			continue; /* it is opened when it is all there */
		} else if (raceway_volume_open(engine, c, &volume, &err)) {
			problem(problems, "volume", c->name, err.message);
			engine->incomplete = true;
			continue;
		}
		volume->next = served;
		served = volume;
	}
	return served;
}

/* Whether nobody who came by one of its server's vNICs has lost it; there may be more of them. */
static bool keeps_macs(const struct raceway_vhba *vhba, const struct raceway_vhba_config *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < vhba->mac_count; i++) {
		size_t j = 0;

		while (j < c->mac_count && memcmp(vhba->macs[i], c->macs[j], sizeof(vhba->macs[i])))
			j++;
		kept += j < c->mac_count;
	}
	return kept == vhba->mac_count;
}

/* Whether a vHBA proves itself as before; its LUNs and rates may be others. */
static bool same_identity(const struct raceway_vhba *vhba, const struct raceway_vhba_config *c)
{
	return !strcasecmp(vhba->initiator, c->initiator) && vhba->auth == c->auth &&
	       !strcmp(vhba->san, c->san->name) && vhba->san_type == c->san->type &&
	       !memcmp(&vhba->chap, &c->chap, sizeof(c->chap)) &&
	       (vhba->auth != RACEWAY_AUTH_LOCATION ||
		(vhba->local == c->local && keeps_macs(vhba, c)));
}

/* The arbiter of a SAN; NULL if it needs none, or there is no memory. */
static struct raceway_arbiter *arbiter_of(struct raceway_engine *engine,
					  const struct raceway_san_config *san)
{
	struct raceway_store_of *store = engine->stores;

	if (san->type == RACEWAY_SAN_NULL)
		return NULL;
	while (store && strcmp(store->san, san->name))
		store = store->next;
	if (store)
		return store->arbiter;
	store = calloc(1, sizeof(*store));
	if (!store || raceway_arbiter_new(RACEWAY_ARBITER_DEPTH, &store->arbiter)) {
		free(store);
		return NULL;
	}
	memcpy(store->san, san->name, sizeof(store->san));
	store->next = engine->stores;
	engine->stores = store;
	return store->arbiter;
}

/* Arbiters of SANs that are not configured any more; all without a configuration. */
static void drop_arbiters(struct raceway_engine *engine, const struct raceway_config *config)
{
	struct raceway_store_of **link = &engine->stores;

	while (*link) {
		struct raceway_store_of *store = *link;

		if (config && raceway_config_san(config, store->san)) {
			link = &store->next;
			continue;
		}
		*link = store->next;
		raceway_arbiter_put(store->arbiter);
		free(store);
	}
}

static struct raceway_vhba *make_vhba(struct raceway_engine *engine,
				      const struct raceway_vhba_config *c)
{
	struct raceway_vhba *vhba = calloc(1, sizeof(*vhba));

	if (!vhba)
		return NULL;
	if (raceway_claim_init(&vhba->claim, arbiter_of(engine, c->san), &vhba->rates)) {
		free(vhba);
		return NULL;
	}
	vhba->holds = 1;
	vhba->number = ++engine->vhbas_made;
	vhba->san_type = c->san->type;
	memcpy(vhba->name, c->name, sizeof(vhba->name));
	memcpy(vhba->san, c->san->name, sizeof(vhba->san));
	memcpy(vhba->initiator, c->initiator, sizeof(vhba->initiator));
	vhba->auth = c->auth;
	memcpy(&vhba->chap, &c->chap, sizeof(vhba->chap));
	vhba->local = c->local;
	return vhba;
}

/* The volume for this vHBA, or NULL. */
static struct raceway_volume *volume_for(struct raceway_engine *engine,
					 const struct raceway_vhba_config *c,
					 const struct raceway_volume_config *v, json_t *problems)
{
	struct raceway_volume *volume = engine->upstreams;
	struct raceway_error err = { 0 };

	if (v->san->type != RACEWAY_SAN_ISCSI)
		return find_volume(engine, v->name);
	while (volume &&
	       (strcasecmp(volume->initiator, c->initiator) || !raceway_volume_is(volume, v)))
		volume = volume->next;
	if (!volume) {
		if (raceway_volume_open_upstream(engine, v, c->initiator, &volume, &err)) {
			problem(problems, "volume", v->name, err.message);
			return NULL;
		}
		volume->next = engine->upstreams;
		engine->upstreams = volume;
	}
	volume->wanted = true;
	return volume;
}

/* Upstreams that no vHBA maps any more. */
static void drop_upstreams(struct raceway_engine *engine)
{
	struct raceway_volume **link = &engine->upstreams;

	while (*link) {
		struct raceway_volume *volume = *link;

		if (volume->wanted) {
			volume->wanted = false;
			link = &volume->next;
			continue;
		}
		*link = volume->next;
		raceway_volume_close(volume);
	}
}

/* Its LUNs, held; those whose volume is not served are left out, which is a problem of the
 * volume. 0 or -ENOMEM. */
static int make_luns(struct raceway_engine *engine, const struct raceway_vhba_config *c,
		     json_t *problems, struct raceway_lun **ret_luns, size_t *ret_count)
{
	struct raceway_lun *luns = calloc(c->lun_count + 1, sizeof(*luns));
	size_t count = 0;

	if (!luns)
		return -ENOMEM;
	for (size_t i = 0; i < c->lun_count; i++) {
		struct raceway_volume *volume = volume_for(engine, c, c->luns[i].volume, problems);

		if (!volume)
			continue;
		luns[count++] = (struct raceway_lun){
			.number = c->luns[i].lun,
			.read_only = c->luns[i].read_only,
			.lu = raceway_lu_hold(volume->lu),
		};
	}
	*ret_luns = luns;
	*ret_count = count;
	return 0;
}

static int compare_names(const void *key, const void *member)
{
	return strcmp(key, (*(struct raceway_vhba *const *)member)->name);
}

static struct raceway_vhba *find_vhba(struct raceway_engine *engine, const char *name)
{
	struct raceway_vhba **found = NULL;

	if (engine->vhbas)
		found = bsearch(name, engine->vhbas, engine->vhba_count, sizeof(*found),
				compare_names);
	return found ? *found : NULL;
}

/* The vHBA of `c`, held: the one that is there if it proves itself as before. */
static struct raceway_vhba *follow_vhba(struct raceway_engine *engine,
					const struct raceway_vhba_config *c, json_t *problems)
{
	struct raceway_vhba *vhba = find_vhba(engine, c->name);
	struct raceway_lun *luns, *old;
	size_t count, old_count;

	vhba = vhba && same_identity(vhba, c) ? raceway_vhba_hold(vhba) : make_vhba(engine, c);
	if (!vhba)
		return NULL;
	if (make_luns(engine, c, problems, &luns, &count)) {
		raceway_vhba_put(vhba);
		return NULL;
	}
	raceway_rates_set(&vhba->rates, &c->limits, raceway_clock_ns());
	__atomic_store_n(&vhba->claim.weight, c->limits.weight, __ATOMIC_RELAXED);
	pthread_mutex_lock(&engine->lock);
	memcpy(vhba->macs, c->macs, sizeof(vhba->macs));
	vhba->mac_count = c->mac_count;
	old = vhba->luns;
	old_count = vhba->lun_count;
	vhba->luns = luns;
	vhba->lun_count = count;
	pthread_mutex_unlock(&engine->lock);
	for (size_t i = 0; i < old_count; i++)
		raceway_lu_put(old[i].lu);
	free(old);
	return vhba;
}

static int follow_vhbas(struct raceway_engine *engine, const struct raceway_config *config,
			json_t *problems)
{
	struct raceway_vhba **vhbas = calloc(config->vhba_count + 1, sizeof(*vhbas)), **old;
	size_t count = 0, old_count;

	if (!vhbas)
		return -ENOMEM;
	for (size_t i = 0; i < config->vhba_count; i++) {
		vhbas[count] = follow_vhba(engine, &config->vhbas[i], problems);
		if (vhbas[count])
			count++;
		else
			problem(problems, "vhba", config->vhbas[i].name, "out of memory");
	}
	pthread_mutex_lock(&engine->lock);
	memcpy(engine->target, config->target, sizeof(engine->target));
	old = engine->vhbas;
	old_count = engine->vhba_count;
	for (size_t i = 0; i < old_count; i++)
		old[i]->gone = true;
	for (size_t i = 0; i < count; i++)
		vhbas[i]->gone = false;
	engine->vhbas = vhbas;
	engine->vhba_count = count;
	pthread_mutex_unlock(&engine->lock);
	for (size_t i = 0; i < old_count; i++)
		raceway_vhba_put(old[i]);
	free(old);
	return 0;
}

void raceway_engine_resized(struct raceway_engine *engine, const char *name, uint64_t size)
{
	struct raceway_volume *volume = find_volume(engine, name);

	if (volume)
		raceway_volume_grow(volume, size);
}

bool raceway_engine_is_mapped(struct raceway_engine *engine, const char *name)
{
	const struct raceway_config *config = engine->config;

	for (size_t i = 0; config && i < config->vhba_count; i++) {
		for (size_t j = 0; j < config->vhbas[i].lun_count; j++) {
			if (!strcmp(config->vhbas[i].luns[j].volume->name, name))
				return true;
		}
	}
	return false;
}

/* Makes what is served as engine->config says. */
static void reconcile(struct raceway_engine *engine)
{
	const struct raceway_config *config = engine->config;
	json_t *problems = json_copy(engine->misread);
	struct raceway_volume *served, *left, *next;

	served = open_volumes(engine, config, problems);
	left = engine->volumes;
	engine->volumes = served;
	if (follow_vhbas(engine, config, problems))
		raceway_problem_add(problems, "", "out of memory");
	raceway_portal_configure(engine, config, problems);
	raceway_engine_each(engine, raceway_session_follow, NULL);
	for (; left; left = next) {
		next = left->next;
		raceway_volume_close(left);
	}
	drop_upstreams(engine);
	drop_arbiters(engine, config);
	json_decref(engine->problems);
	engine->problems = problems;
}

void raceway_engine_configure(struct raceway_engine *engine, struct raceway_config *config,
			      json_t *misread)
{
	struct raceway_config *old = engine->config;

	engine->config = config;
	json_decref(engine->misread);
	engine->misread = json_incref(misread);
	reconcile(engine);
	raceway_config_free(old);
}

void raceway_engine_again(struct raceway_engine *engine)
{
	if (engine->config)
		reconcile(engine);
}

void raceway_engine_forget(struct raceway_engine *engine)
{
	struct raceway_volume *volume, *next;

	for (size_t i = 0; i < engine->vhba_count; i++)
		raceway_vhba_put(engine->vhbas[i]);
	free(engine->vhbas);
	for (volume = engine->volumes; volume; volume = next) {
		next = volume->next;
		raceway_volume_close(volume);
	}
	drop_upstreams(engine);
	drop_arbiters(engine, NULL);
	raceway_config_free(engine->config);
	json_decref(engine->problems);
	json_decref(engine->misread);
}
