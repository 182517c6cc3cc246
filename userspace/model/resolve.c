/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* References of all objects to pointers, and the frame of the cross checks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/check.h"

#define HINT_NAMES 5

/* "; there are: up0, up1", so that the error says what would be right. Returns buf. */
static char *existing(const struct raceway_check *c, const struct raceway_kind *kind, char *buf,
		      size_t size)
{
	json_auto_t *names = raceway_model_names(c->model, kind);
	size_t used = (size_t)snprintf(buf, size, "; there are: "), i;
	json_t *name;

	if (json_array_size(names) == 0)
		snprintf(buf, size, "; there is no %s yet", kind->name);
	json_array_foreach (names, i, name) {
		used += (size_t)snprintf(buf + used, size - used, "%s%.63s", i ? ", " : "",
					 i < HINT_NAMES ? json_string_value(name) : "...");
		if (i == HINT_NAMES || used >= size)
			break;
	}
	return buf;
}

static int missing(struct raceway_check *c, const struct raceway_kind *kind, const char *name,
		   const struct raceway_attr *attr, const char *target)
{
	/* a list of LUNs has no word of its own: it is the volume that is missing */
	const char *word = attr->type == RACEWAY_TYPE_LUNS ? attr->ref : attr->word;
	char object[RACEWAY_MODEL_NAME], hint[160];

	/* Whoever deletes one is told of the references; only pruning leaves them. */
	if (raceway_model_before(c->model, attr->ref, target))
		return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED,
					 raceway_model_object(kind, name, object), word,
					 "%s %s is not in the document, so prune would remove it: "
					 "add %s %s to the document",
					 word, target, attr->ref, target);
	return raceway_error_set(c->err, RACEWAY_FAULT_REFUSED,
				 raceway_model_object(kind, name, object), word,
				 "%s %s does not exist%s", word, target,
				 existing(c, raceway_kind_find(attr->ref), hint, sizeof(hint)));
}

/* One REF attribute of all objects of a kind. */
static int check_references(struct raceway_check *c, const struct raceway_kind *kind,
			    const struct raceway_attr *attr)
{
	const struct raceway_kind *target = raceway_kind_find(attr->ref);
	char key[RACEWAY_MODEL_KEY];
	const char *name;
	json_t *doc, *item;
	size_t i;

	raceway_attr_key(attr, key, sizeof(key));
	json_object_foreach ((json_t *)raceway_model_all(c->model, kind), name, doc) {
		const json_t *value = json_object_get(doc, key);
		const char *text = json_string_value(value);

		if (text && !raceway_model_get(c->model, target, text))
			return missing(c, kind, name, attr, text);
		json_array_foreach (value, i, item) {
			text = raceway_model_reference(item);
			if (!raceway_model_get(c->model, target, text))
				return missing(c, kind, name, attr, text);
		}
	}
	return 0;
}

static int check_all_references(struct raceway_check *c)
{
	for (size_t i = 0; i < raceway_kind_count; i++) {
		/* templates first: what is wrong in one is wrong in all who follow it */
		const struct raceway_kind *kind =
			&raceway_kinds[(raceway_kind_known + i) % raceway_kind_count];

		for (size_t j = 0; j < kind->attr_count; j++) {
			int r = 0;

			if (kind->attrs[j].ref && !kind->attrs[j].later)
				r = check_references(c, kind, &kind->attrs[j]);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

/* Every element begins with its name. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void *find(const char *name, void *array, size_t count, size_t size)
{
	return name && count ? bsearch(&name, array, count, size, by_name) : NULL;
}

#define FIND(c, what, name) find(name, (c)->what##s, (c)->what##_count, sizeof(*(c)->what##s))

/* The names of a kind, sorted, into the first member of each element. */
static void *make_array(const struct raceway_check *c, const struct raceway_kind *kind, size_t size,
			size_t *ret_count)
{
	const json_t *all = raceway_model_all(c->model, kind);
	size_t count = json_object_size(all);
	char *array = calloc(count + 1, size), *at = array;
	const char *name;
	json_t *doc;

	if (!array)
		return NULL;
	json_object_foreach ((json_t *)all, name, doc) {
		*(const char **)at = name;
		at += size;
	}
	qsort(array, count, size, by_name);
	*ret_count = count;
	return array;
}

#define MAKE(c, what) make_array(c, (c)->what, sizeof(*(c)->what##s), &(c)->what##_count)

static bool is_other(const struct raceway_kind *kind, const json_t *old, const json_t *new,
		     const char *word)
{
	return strcmp(raceway_model_text(kind, old, word), raceway_model_text(kind, new, word));
}

/* A device that is away, or of which less is known by now, refuses what has to do with it only. */
static void resolve_ports(struct raceway_check *c)
{
	const json_t *old;

	for (size_t i = 0; i < c->port_count; i++) {
		struct raceway_check_port *p = &c->ports[i];

		p->doc = raceway_model_get(c->model, c->port, p->name);
		p->dev = raceway_model_text(c->port, p->doc, "dev");
		p->uplink = strcmp(raceway_model_text(c->port, p->doc, "role"), "uplink") == 0;
		p->touched = raceway_model_touched(c->model, "port", p->name);
		old = raceway_model_before(c->model, "port", p->name);
		p->new_dev = p->touched && (!old || is_other(c->port, old, p->doc, "dev"));
		p->new_rate = p->new_dev ||
			      (p->touched && (is_other(c->port, old, p->doc, "role") ||
					      raceway_model_u64(c->port, old, "rate") !=
						      raceway_model_u64(c->port, p->doc, "rate")));
	}
}

static void resolve_segments(struct raceway_check *c)
{
	for (size_t i = 0; i < c->segment_count; i++) {
		struct raceway_check_segment *s = &c->segments[i];
		const json_t *doc = raceway_model_get(c->model, c->segment, s->name);

		s->uplink = FIND(c, port, raceway_model_text(c->segment, doc, "uplink"));
		s->number = (uint16_t)raceway_model_u64(c->segment, doc, "number");
		s->vlan = (uint16_t)raceway_model_u64(c->segment, doc, "vlan");
		s->touched = raceway_model_touched(c->model, "segment", s->name);
	}
}

static void resolve_servers(struct raceway_check *c)
{
	for (size_t i = 0; i < c->server_count; i++) {
		struct raceway_check_server *s = &c->servers[i];
		const json_t *doc = raceway_model_get(c->model, c->server, s->name);

		s->ports = json_object_get(doc, "port");
		s->port = FIND(c, port, json_string_value(json_array_get(s->ports, 0)));
		s->local = strcmp(s->name, RACEWAY_MODEL_LOCAL) == 0;
		s->touched = raceway_model_touched(c->model, "server", s->name);
	}
}

static void resolve_profiles(struct raceway_check *c)
{
	for (size_t i = 0; i < c->profile_count; i++) {
		struct raceway_check_profile *p = &c->profiles[i];
		const json_t *doc = raceway_model_get(c->model, c->profile, p->name);

		p->server = FIND(c, server, raceway_model_text(c->profile, doc, "server"));
		p->touched = raceway_model_touched(c->model, "profile", p->name);
	}
}

const struct raceway_check_server *raceway_check_server_of(const struct raceway_check *c,
							   const char *name)
{
	char profile[RACEWAY_MODEL_NAME];
	const struct raceway_check_profile *p;

	snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(name, "/"), name);
	p = FIND(c, profile, profile);
	return p ? p->server : NULL;
}

static int resolve_vnics(struct raceway_check *c)
{
	for (size_t i = 0; i < c->vnic_count; i++) {
		struct raceway_check_vnic *v = &c->vnics[i];
		char profile[RACEWAY_MODEL_NAME];

		v->doc = raceway_model_get(c->model, c->vnic, v->name);
		snprintf(profile, sizeof(profile), "%.*s", (int)strcspn(v->name, "/"), v->name);
		v->segment = FIND(c, segment, raceway_model_text(c->vnic, v->doc, "segment"));
		v->profile = FIND(c, profile, profile);
		if (!v->profile || !v->segment)
			return RACEWAY_CHECK_FAIL(c, RACEWAY_FAULT_REFUSED, vnic, v->name, "name",
						  "profile %s does not exist", profile);
		v->touched = raceway_model_touched(c->model, "vnic", v->name);
		v->moved = v->touched || v->profile->touched || v->segment->touched;
		if (v->profile->server) {
			v->port = v->profile->server->port;
			v->local = v->profile->server->local;
			v->moved |= v->profile->server->touched;
		}
		v->cir_bps[RACEWAY_TX] = raceway_model_u64(c->vnic, v->doc, "tx-cir");
		v->cir_bps[RACEWAY_RX] = raceway_model_u64(c->vnic, v->doc, "rx-cir");
	}
	return 0;
}

int raceway_check_resolve(struct raceway_check *c)
{
	int r = check_all_references(c);

	if (r < 0)
		return r;
	c->ports = MAKE(c, port);
	c->segments = MAKE(c, segment);
	c->servers = MAKE(c, server);
	c->profiles = MAKE(c, profile);
	c->vnics = MAKE(c, vnic);
	if (!c->ports || !c->segments || !c->servers || !c->profiles || !c->vnics)
		return raceway_error_set(c->err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	resolve_ports(c);
	resolve_segments(c);
	resolve_servers(c);
	resolve_profiles(c);
	return resolve_vnics(c);
}

void raceway_check_clear(struct raceway_check *c)
{
	free(c->ports);
	free(c->segments);
	free(c->servers);
	free(c->profiles);
	free(c->vnics);
}

/* Whether the object was there before and differs in such words only as no check here reads. */
static bool differs_alone(const struct raceway_model *model, const char *object, const json_t *old)
{
	char word[RACEWAY_MODEL_KEY], key[RACEWAY_MODEL_KEY];
	size_t length = strcspn(object, " ");
	const struct raceway_kind *kind;
	const json_t *new;

	snprintf(word, sizeof(word), "%.*s", (int)length, object);
	kind = raceway_kind_find(word);
	new = raceway_model_get(model, kind, object + length + 1);
	if (!json_is_object(old) || !new)
		return false;
	for (const struct raceway_attr *a = kind->attrs; a < kind->attrs + kind->attr_count; a++) {
		const json_t *from, *to;

		if (a->flags & RACEWAY_ATTR_ALONE)
			continue;
		raceway_attr_key(a, key, sizeof(key));
		from = json_object_get(old, key);
		to = json_object_get(new, key);
		if (from != to && !json_equal(from, to))
			return false;
	}
	return true;
}

bool raceway_model_differs_alone(const struct raceway_model *model)
{
	const char *object;
	json_t *old;

	json_object_foreach (model->touched, object, old)
		if (!differs_alone(model, object, old))
			return false;
	return true;
}

int raceway_model_check(const struct raceway_model *model, const struct raceway_world *world,
			struct raceway_error *err)
{
	return raceway_model_differs_alone(model) ? 0 : raceway_model_check_all(model, world, err);
}

int raceway_model_check_all(const struct raceway_model *model, const struct raceway_world *world,
			    struct raceway_error *err)
{
	static const struct raceway_world nothing_known;
	struct raceway_check check __attribute__((cleanup(raceway_check_clear))) = {
		.model = model,
		.world = world ? world : &nothing_known,
		.err = err,
		.port = raceway_kind_find("port"),
		.segment = raceway_kind_find("segment"),
		.server = raceway_kind_find("server"),
		.profile = raceway_kind_find("profile"),
		.vnic = raceway_kind_find("vnic"),
	};
	int r = raceway_check_resolve(&check);

	if (r == 0)
		r = raceway_check_pools(&check);
	if (r == 0)
		r = raceway_check_unique(&check);
	if (r == 0)
		r = raceway_check_fit(&check);
	if (r == 0)
		r = raceway_check_admit(&check);
	if (r == 0)
		r = raceway_check_storage(&check);
	return r;
}
