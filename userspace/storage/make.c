/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tells the engine what to serve, and gives it the sockets of portals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/document.h"
#include "storage/internal.h"
#include "util/cleanup.h"

#define AGAIN_MS 3000 /* for sockets that could not be made */

/* The engine's list of problems to an object by name; of several the first. */
static json_t *by_object(const json_t *list)
{
	json_t *problems = json_object(), *problem;
	size_t i;

	json_array_foreach (list, i, problem) {
		const char *object = raceway_storage_text(problem, "object");

		if (!json_object_get(problems, object))
			json_object_set(problems, object, json_object_get(problem, "message"));
	}
	return problems;
}

static const json_t *find(const json_t *list, const char *name)
{
	json_t *object;
	size_t i;

	json_array_foreach (list, i, object)
		if (strcmp(raceway_storage_text(object, "name"), name) == 0)
			return object;
	return NULL;
}

/* What `document` has of "vhba web1/h0". */
static const json_t *entry_of(const json_t *document, const char *object)
{
	size_t length = strcspn(object, " ");
	char list[32];

	snprintf(list, sizeof(list), "%.*ss", (int)length, object);
	return object[length] ? find(json_object_get(document, list), object + length + 1) : NULL;
}

/* The first that was none before, or is another one of an object that was changed. */
static int new_problem(const json_t *before, const json_t *now, const json_t *served,
		       const json_t *document, struct raceway_error *err)
{
	const char *object;
	json_t *message;

	json_object_foreach ((json_t *)now, object, message) {
		json_t *known = json_object_get(before, object);

		if (known && (json_equal(known, message) ||
			      json_equal((json_t *)entry_of(served, object),
					 (json_t *)entry_of(document, object))))
			continue;
		return raceway_error_set(err, RACEWAY_FAULT_REFUSED, object, "", "%s",
					 json_string_value(message));
	}
	return 0;
}

static int configure(struct raceway_storage *s, json_t *document, json_t **ret_problems,
		     struct raceway_error *err)
{
	json_auto_t *answer = NULL;
	int r = raceway_wire_call(&s->wire, "configure", NULL, json_copy(document), NULL, 0,
				  &answer, err);

	/* it may be anywhere between the two */
	json_decref(s->served);
	s->served = NULL;
	if (r < 0)
		return raceway_storage_heard(s, r, err);
	s->served = json_incref(document);
	*ret_problems = by_object(json_object_get(answer, "problems"));
	return 0;
}

/* The engine keeps a portal's socket as long as the address is the same. Where it must be another
 * one all the same, the portal goes first. */
static int release_sockets(struct raceway_storage *s, json_t *document, struct raceway_error *err)
{
	json_auto_t *without = json_deep_copy(document);
	json_auto_t *problems = NULL;
	json_t *portals = json_object_get(without, "portals");
	const json_t *served = json_object_get(s->served, "portals");
	bool any = false;
	size_t i = 0;

	while (i < json_array_size(portals)) {
		const char *name = raceway_storage_text(json_array_get(portals, i), "name");
		const struct raceway_listener *l = raceway_listeners_find(&s->listeners, name);

		if ((l && l->given) || !find(served, name)) {
			i++;
			continue;
		}
		json_array_remove(portals, i);
		any = true;
	}
	return any ? configure(s, without, &problems, err) : 0;
}

/* Sockets that the engine has from a former daemon. *ret_stale: some are in another namespace than
 * their portals by now. */
static int learn_sockets(struct raceway_storage *s, bool *ret_stale)
{
	json_auto_t *status = raceway_storage_status(s, false);
	json_t *portal;
	size_t i;

	json_array_foreach (json_object_get(status, "portals"), i, portal)
		if (json_is_true(json_object_get(portal, "listening")) &&
		    !raceway_listeners_given(
			    &s->listeners, raceway_storage_text(portal, "name"),
			    (uint64_t)json_integer_value(json_object_get(portal, "netns"))))
			*ret_stale = true;
	return status ? 0 : -EIO;
}

/* An engine that knows of no daemon yet: what it has that is right stays. */
static int meet(struct raceway_storage *s, json_t *document, json_t **problems,
		struct raceway_error *err)
{
	bool stale = false;
	int r = learn_sockets(s, &stale);

	if (r < 0 || !stale)
		return r;
	r = release_sockets(s, document, err);
	if (r < 0)
		return r;
	json_decref(*problems);
	*problems = NULL;
	return configure(s, document, problems, err);
}

static int make(struct raceway_storage *s, json_t *document, bool strict, struct raceway_error *err)
{
	struct raceway_error missing = { .fault = RACEWAY_FAULT_NONE };
	json_auto_t *problems = NULL;
	json_auto_t *before = json_incref(s->served);
	bool first = !s->served;
	int r = release_sockets(s, document, err), refused;

	if (r == 0)
		r = configure(s, document, &problems, err);
	if (r == 0 && first)
		r = meet(s, document, &problems, err);
	if (r < 0)
		return r;
	refused = strict ? new_problem(s->problems, problems, before, document, err) : 0;
	json_decref(s->problems);
	s->problems = RACEWAY_TAKE(problems);
	if (refused < 0)
		return refused;
	r = raceway_listeners_give(&s->listeners, &s->wire, &missing);
	if (raceway_listeners_missing(&s->listeners))
		raceway_storage_arm(s, AGAIN_MS);
	if (raceway_storage_heard(s, r, &missing) == 0 || (!strict && raceway_storage_up(s)))
		return 0;
	return raceway_error_set(err, missing.fault, missing.object, missing.field, "%s",
				 missing.message);
}

int raceway_storage_make(struct raceway_storage *s, const struct raceway_model *model, bool strict,
			 struct raceway_error *err)
{
	json_auto_t *document = NULL;
	int r;

	s->wanted = raceway_storage_any(model);
	if (!s->wanted && s->epoll_fd < 0)
		return 0;
	r = raceway_storage_ensure(s, model, err);
	if (r < 0)
		return s->wanted ? r : 0;
	document = raceway_storage_document(model, s->target);
	if (!document || raceway_listeners_sync(&s->listeners, model))
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "out of memory");
	if (s->served && json_equal(s->served, document) &&
	    !raceway_listeners_missing(&s->listeners))
		return 0;
	return make(s, document, strict, err);
}
