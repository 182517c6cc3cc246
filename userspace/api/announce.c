// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The LAN is told of vNICs that have come to a new place: after a change, off the reply's path,
 * by a timer. What the pinned tables have at the start is known to the LAN already. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "api/core.h"
#include "loader/send.h"
#include "net/address.h"
#include "net/announce.h"

#define MS_PER_S 1000
#define NS_PER_MS 1000000
#define ADDRESSES_MAX 8 /* of one vNIC; RARP alone moves them all, these spare the LAN a wait */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * MS_PER_S + (uint64_t)now.tv_nsec / NS_PER_MS;
}

static void arm(struct raceway_core *core, uint64_t ms)
{
	struct itimerspec when = {
		.it_value = { (time_t)(ms / MS_PER_S), (long)(ms % MS_PER_S) * NS_PER_MS },
	};

	(void)timerfd_settime(core->announce.timer_fd, 0, &when, NULL);
}

static int announce_open(struct raceway_core *core, struct raceway_error *err)
{
	struct raceway_places places;
	int ret = raceway_send_open(&core->announce.send_fd, err);

	if (ret)
		return ret;
	ret = raceway_dp_places(core->kernel.dp, &places);
	if (!ret)
		raceway_announcer_begin(&core->announce.announcer, &places);
	return ret;
}

int raceway_core_announce_open(struct raceway_core *core, struct raceway_error *err)
{
	core->announce.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (core->announce.timer_fd < 0)
		return raceway_error_set(err, RACEWAY_FAULT_SYSTEM, "", "", "a timer: %s",
					 strerror(errno));
	return announce_open(core, err);
}

void raceway_core_announce_close(struct raceway_core *core)
{
	raceway_announcer_free(&core->announce.announcer);
	if (core->announce.timer_fd >= 0)
		close(core->announce.timer_fd);
	if (core->announce.send_fd >= 0)
		close(core->announce.send_fd);
	core->announce.timer_fd = core->announce.send_fd = -1;
}

void raceway_core_announce_link(struct raceway_core *core, const struct raceway_link *link)
{
	struct raceway_announcer *a = &core->announce.announcer;

	if (!a->waiting || !link || !link->carrier)
		return;
	raceway_announcer_wake(a, link->ifindex, now_ms());
	arm(core, 1);
}

void raceway_core_announce_update(struct raceway_core *core)
{
	const struct raceway_dp_config *filled = &core->kernel.filled;
	struct raceway_places places;

	/* A server's uplink leads to a director, which knows, and which tells the LAN. */
	if (!core->kernel.is_filled || core->role == RACEWAY_NODE_SERVER)
		return;
	if (raceway_places_build(filled, &places)) {
		fprintf(stderr, "racewayd: out of memory: the LAN is not told who has moved\n");
		return;
	}
	if (raceway_announcer_update(&core->announce.announcer, &places, now_ms())) {
		fprintf(stderr, "racewayd: out of memory: the LAN is not told who has moved\n");
		raceway_places_free(&places);
		return;
	}
	if (raceway_heap_first(&core->announce.announcer.due))
		arm(core, 1);
	/* Where the event of a carrier was lost. */
	for (size_t i = 0; i < filled->port_count; i++)
		raceway_core_announce_link(core, raceway_links_by_index(&core->kernel.links,
									filled->ports[i].ifindex));
}

/* A local vNIC's guest end may have addresses; of one behind a fabric port nobody knows any. */
static size_t addresses_of(struct raceway_core *core, uint32_t vnic,
			   struct raceway_ip_address addresses[ADDRESSES_MAX], bool *ret_router)
{
	struct raceway_kernel *k = &core->kernel;
	const struct raceway_link *host;
	char name[IFNAMSIZ];
	size_t count = 0;

	snprintf(name, sizeof(name), "rw%u", vnic);
	host = raceway_links_by_name(&k->links, name);
	if (!host || strncmp(host->alias, k->prefix, strlen(k->prefix)) ||
	    raceway_addresses_read(&k->rtnl, host->peer_nsid, host->peer_ifindex, addresses,
				   ADDRESSES_MAX, &count) ||
	    raceway_address_router(&k->rtnl, host->peer_nsid, host->peer_ifindex, ret_router))
		return 0;
	return count;
}

static void send_addresses(struct raceway_core *core, uint32_t vnic,
			   const struct raceway_place *place)
{
	struct raceway_ip_address addresses[ADDRESSES_MAX];
	uint8_t frame[RACEWAY_ANNOUNCE_BYTES];
	bool router = false;
	size_t count = addresses_of(core, vnic, addresses, &router);

	for (size_t i = 0; i < count; i++) {
		const uint8_t *address = addresses[i].bytes;
		size_t bytes = addresses[i].v6 ? raceway_announce_na(frame, place->mac, place->vid,
								     address, router)
					       : raceway_announce_arp(frame, place->mac, place->vid,
								      address);

		(void)raceway_send_frame(core->announce.send_fd, place->ifindex, frame, bytes);
	}
}

static int send_place(void *context, uint32_t vnic, const struct raceway_place *place)
{
	struct raceway_core *core = context;
	const struct raceway_link *link =
		raceway_links_by_index(&core->kernel.links, place->ifindex);
	uint8_t frame[RACEWAY_ANNOUNCE_BYTES];

	if (!link || !link->carrier)
		return -ENETDOWN;
	(void)raceway_send_frame(core->announce.send_fd, place->ifindex, frame,
				 raceway_announce_rarp(frame, place->mac, place->vid));
	send_addresses(core, vnic, place);
	return 0;
}

void raceway_core_announce(struct raceway_core *core)
{
	uint64_t expirations, ms;

	if (read(core->announce.timer_fd, &expirations, sizeof(expirations)) < 0)
		return;
	ms = raceway_announcer_run(&core->announce.announcer, now_ms(), send_place, core);
	if (ms)
		arm(core, ms);
}
