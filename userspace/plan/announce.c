// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Places before and after, and a queue of who is told to the LAN when: bounded per vNIC by its
 * rounds, for all together by a few a millisecond. */
#include "plan/announce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"

#define GAP_MS 1 /* between two batches */

struct raceway_announcement {
	struct raceway_heap_node node; /* by ms; in no heap: waits for its uplink */
	uint32_t vnic;
	unsigned int rounds; /* done */
};

/* --- places --- */

static uint32_t uplink_ifindex(const struct raceway_dp_config *config,
			       const struct raceway_dp_segment *segment)
{
	for (size_t i = 0; segment && segment->uplink_port && i < config->port_count; i++)
		if (config->ports[i].number == segment->uplink_port)
			return config->ports[i].ifindex;
	return 0;
}

int raceway_places_build(const struct raceway_dp_config *config, struct raceway_places *ret_places)
{
	/* What every vNIC of a segment has in common. */
	RACEWAY_FREE struct raceway_place *of = calloc(RACEWAY_SEGMENTS, sizeof(*of));
	struct raceway_places places = { .count = 1 };

	for (size_t i = 0; i < config->vnic_count; i++)
		if (config->vnics[i].number >= places.count)
			places.count = config->vnics[i].number + 1;
	places.at = calloc(places.count, sizeof(*places.at));
	if (!of || !places.at) {
		free(places.at);
		return -ENOMEM;
	}
	for (size_t i = 0; i < config->segment_count; i++) {
		const struct raceway_dp_segment *segment = &config->segments[i];

		of[segment->number].ifindex = uplink_ifindex(config, segment);
		of[segment->number].vid = segment->uplink_vid;
	}
	for (size_t i = 0; i < config->vnic_count; i++) {
		const struct raceway_dp_vnic *vnic = &config->vnics[i];
		struct raceway_place *place = &places.at[vnic->number];

		if (!vnic->up || !(vnic->port || vnic->ifindex) || !of[vnic->segment].ifindex)
			continue;
		*place = of[vnic->segment];
		memcpy(place->mac, vnic->mac, sizeof(place->mac));
	}
	*ret_places = places;
	return 0;
}

void raceway_places_free(struct raceway_places *places)
{
	free(places->at);
	*places = (struct raceway_places){ 0 };
}

static const struct raceway_place *place_of(const struct raceway_places *places, size_t vnic)
{
	static const struct raceway_place nowhere;

	return vnic < places->count ? &places->at[vnic] : &nowhere;
}

static bool same_place(const struct raceway_place *one, const struct raceway_place *other)
{
	return one->ifindex == other->ifindex && one->vid == other->vid &&
	       !memcmp(one->mac, other->mac, sizeof(one->mac));
}

/* --- the queue --- */

static uint64_t delay_ms(unsigned int rounds_done)
{
	return RACEWAY_ANNOUNCE_FIRST_MS + (rounds_done - 1) * RACEWAY_ANNOUNCE_STEP_MS;
}

static void forget(struct raceway_announcer *a, uint32_t vnic)
{
	struct raceway_announcement *one = vnic < a->room ? a->pending[vnic] : NULL;

	if (!one)
		return;
	if (!one->node.place)
		a->waiting--;
	raceway_heap_remove(&a->due, &one->node);
	a->pending[vnic] = NULL;
	free(one);
}

/* All that may fail comes first. Who is to start anew has its memory then, and waits. */
static int prepare(struct raceway_announcer *a, const struct raceway_places *places)
{
	size_t room = places->count > a->room ? places->count : a->room, pending = 0;
	struct raceway_announcement **bigger = reallocarray(a->pending, room, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	memset(bigger + a->room, 0, (room - a->room) * sizeof(*bigger));
	a->pending = bigger;
	a->room = room;
	for (size_t i = 0; i < room; i++) {
		const struct raceway_place *after = place_of(places, i);

		if (!a->pending[i] && after->ifindex &&
		    !same_place(place_of(&a->places, i), after)) {
			a->pending[i] = calloc(1, sizeof(**a->pending));
			if (!a->pending[i])
				return -ENOMEM;
			a->pending[i]->vnic = (uint32_t)i;
			a->waiting++;
		}
		pending += !!a->pending[i];
	}
	return raceway_heap_reserve(&a->due, pending);
}

static void start(struct raceway_announcer *a, struct raceway_announcement *one, uint64_t now_ms)
{
	if (!one->node.place)
		a->waiting--;
	one->rounds = 0;
	raceway_heap_put(&a->due, &one->node, now_ms);
}

void raceway_announcer_begin(struct raceway_announcer *a, struct raceway_places *places)
{
	*a = (struct raceway_announcer){ .places = *places };
	*places = (struct raceway_places){ 0 };
}

void raceway_announcer_free(struct raceway_announcer *a)
{
	for (size_t i = 0; i < a->room; i++)
		forget(a, (uint32_t)i);
	free(a->pending);
	raceway_heap_free(&a->due);
	raceway_places_free(&a->places);
	*a = (struct raceway_announcer){ 0 };
}

int raceway_announcer_update(struct raceway_announcer *a, struct raceway_places *places,
			     uint64_t now_ms)
{
	if (prepare(a, places))
		return -ENOMEM;
	for (size_t i = 0; i < a->room; i++) {
		const struct raceway_place *after = place_of(places, i);

		if (same_place(place_of(&a->places, i), after))
			continue;
		if (after->ifindex)
			start(a, a->pending[i], now_ms);
		else
			forget(a, (uint32_t)i);
	}
	raceway_places_free(&a->places);
	a->places = *places;
	*places = (struct raceway_places){ 0 };
	return 0;
}

void raceway_announcer_wake(struct raceway_announcer *a, uint32_t ifindex, uint64_t now_ms)
{
	for (size_t i = 0; i < a->room && a->waiting; i++)
		if (a->pending[i] && !a->pending[i]->node.place &&
		    place_of(&a->places, i)->ifindex == ifindex)
			start(a, a->pending[i], now_ms);
}

uint64_t raceway_announcer_run(struct raceway_announcer *a, uint64_t now_ms,
			       raceway_announcer_send send, void *context)
{
	const struct raceway_heap_node *next;

	for (int sent = 0; sent < RACEWAY_ANNOUNCE_BATCH; sent++) {
		struct raceway_heap_node *node = raceway_heap_first(&a->due);
		struct raceway_announcement *one = (struct raceway_announcement *)node;

		if (!node || node->key > now_ms)
			break;
		if (send(context, one->vnic, &a->places.at[one->vnic]) == -ENETDOWN) {
			raceway_heap_remove(&a->due, node);
			a->waiting++;
		} else if (++one->rounds < RACEWAY_ANNOUNCE_ROUNDS) {
			raceway_heap_put(&a->due, node, now_ms + delay_ms(one->rounds));
		} else {
			forget(a, one->vnic);
		}
	}
	next = raceway_heap_first(&a->due);
	if (!next)
		return 0;
	return next->key > now_ms + GAP_MS ? next->key - now_ms : GAP_MS;
}
