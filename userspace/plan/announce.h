/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which vNICs have come to a new place on the LAN's side, and when the LAN is told. Pure: no I/O,
 * and the clock is the caller's.
 *
 * A place is an uplink's netdev, a VLAN on it and a MAC address: what a switch of the LAN learns.
 * A move between fabric ports is none, nor is a restart that finds the tables as they were. */
#ifndef RACEWAY_PLAN_ANNOUNCE_H
#define RACEWAY_PLAN_ANNOUNCE_H

#include "loader/datapath.h"
#include "util/heap.h"

/* As QEMU announces a guest: at once, then 50 ms later, and each time 100 ms later than before. */
#define RACEWAY_ANNOUNCE_ROUNDS 5
#define RACEWAY_ANNOUNCE_FIRST_MS 50
#define RACEWAY_ANNOUNCE_STEP_MS 100
/* vNICs that are announced together, a millisecond apart: 8,000 a second, 4 Mbit/s. */
#define RACEWAY_ANNOUNCE_BATCH 8

/* The places of a configuration: of vNICs that are up, have a location and an uplink. */
int raceway_places_build(const struct raceway_dp_config *config, struct raceway_places *ret_places);
void raceway_places_free(struct raceway_places *places);

/* vNICs that are being announced. */
struct raceway_announcer {
	struct raceway_places places;	       /* as the LAN has been told, or is being told */
	struct raceway_announcement **pending; /* by vNIC number, NULL: none */
	size_t room;
	struct raceway_heap due; /* by time in ms */
	size_t waiting;		 /* of those pending, for their uplink's carrier */
};

/* Where the vNICs are already: what is there needs no word. Takes over *places. */
void raceway_announcer_begin(struct raceway_announcer *a, struct raceway_places *places);
void raceway_announcer_free(struct raceway_announcer *a);
/* Where they are from now on: who has come to a new place is announced from now_ms on, who has left
 * one no more. Takes over *places; on -ENOMEM they stay the caller's, and the next update makes up
 * for it. */
int raceway_announcer_update(struct raceway_announcer *a, struct raceway_places *places,
			     uint64_t now_ms);
/* An uplink has its carrier again: who waited for it is announced from now_ms on. */
void raceway_announcer_wake(struct raceway_announcer *a, uint32_t ifindex, uint64_t now_ms);

/* Tells the LAN once. -ENETDOWN: it cannot hear now, and is told from the beginning when
 * raceway_announcer_wake() is called. Whatever else happens is not tried again before its time. */
typedef int (*raceway_announcer_send)(void *context, uint32_t vnic,
				      const struct raceway_place *place);
/* Sends what is due, RACEWAY_ANNOUNCE_BATCH at most. Returns in how many ms it is to be called
 * again, 0: not before something changes. */
uint64_t raceway_announcer_run(struct raceway_announcer *a, uint64_t now_ms,
			       raceway_announcer_send send, void *context);

#endif
