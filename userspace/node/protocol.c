/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The order of messages, and versions. */
#include "node/protocol.h"

#include <errno.h>
#include <string.h>

#include "util/cleanup.h"

int raceway_protocol_common(json_int_t min, json_int_t max)
{
	json_int_t highest = max < RACEWAY_PROTOCOL_MAX ? max : RACEWAY_PROTOCOL_MAX;

	return min <= max && highest >= min && highest >= RACEWAY_PROTOCOL_MIN ? (int)highest : 0;
}

void raceway_delivery_clear(struct raceway_delivery *delivery)
{
	json_decref(delivery->profiles);
	*delivery = (struct raceway_delivery){ 0 };
}

static int begin(struct raceway_delivery *d, const json_t *message)
{
	const json_t *generation = json_object_get(message, "generation");

	if (d->profiles || !json_is_integer(generation))
		return -EPROTO;
	d->profiles = json_array();
	d->generation = json_integer_value(generation);
	return d->profiles ? 0 : -ENOMEM;
}

static int add(struct raceway_delivery *d, const json_t *message)
{
	json_t *profile = json_object_get(message, "profile");

	if (!d->profiles || !json_is_object(profile) ||
	    json_array_size(d->profiles) >= RACEWAY_PROFILES_MAX)
		return -EPROTO;
	return json_array_append(d->profiles, profile) ? -ENOMEM : 0;
}

static int finish(struct raceway_delivery *d, const json_t *message, json_t **ret_profiles)
{
	const json_t *generation = json_object_get(message, "generation");
	const json_t *count = json_object_get(message, "count");

	if (!d->profiles || !json_is_integer(count) || !json_is_integer(generation) ||
	    json_integer_value(generation) != d->generation ||
	    json_integer_value(count) != (json_int_t)json_array_size(d->profiles))
		return -EPROTO;
	*ret_profiles = RACEWAY_TAKE(d->profiles);
	return 1;
}

int raceway_delivery_take(struct raceway_delivery *delivery, const char *type,
			  const json_t *message, json_t **ret_profiles)
{
	if (!strcmp(type, "begin"))
		return begin(delivery, message);
	if (!strcmp(type, "profile"))
		return add(delivery, message);
	if (!strcmp(type, "end"))
		return finish(delivery, message, ret_profiles);
	return -EPROTO;
}
