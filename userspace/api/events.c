/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Events of the core, with the time at which they happened. */
#include <time.h>

#include "api/core.h"

void raceway_core_event(struct raceway_core *core, const char *event, json_t *data)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(
		data, "time",
		json_integer(now.tv_sec * (json_int_t)RACEWAY_NSEC_PER_SEC + now.tv_nsec));
	if (core->on_event)
		core->on_event(core->on_event_context, event, data);
	json_decref(data);
}
