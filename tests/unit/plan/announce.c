/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which change is told to the LAN and which is not; how often, how fast, and for how long. */
#include "plan/announce.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UP0 11 /* ifindex */
#define UP1 12
#define MANY 1024

static struct raceway_dp_port ports[4];
static struct raceway_dp_segment segments[3];
static struct raceway_dp_vnic vnics[MANY];
static struct raceway_dp_config config = { .ports = ports, .segments = segments, .vnics = vnics };
static struct raceway_announcer announcer;
static uint64_t now;
/* what the LAN heard */
static char log_text[2000];
static unsigned int heard;
static bool deaf;

static int hear(void *context, uint32_t vnic, const struct raceway_place *place)
{
	size_t used = strlen(log_text);

	if (deaf)
		return -ENETDOWN;
	heard++;
	snprintf(log_text + used, sizeof(log_text) - used, "%d: %u at %u.%u mac %02x, ", (int)now,
		 vnic, place->ifindex, place->vid, place->mac[5]);
	return 0;
}

/* Two uplinks, two fabric ports; segment 10 is VLAN 100 of up0, 20 is untagged on up1, 30 has no
 * uplink. vNIC 1 is behind a fabric port in 10, 2 is local in 20, 3 behind a port in 30. */
static void begin(void)
{
	ports[0] = (struct raceway_dp_port){ .number = 1, .ifindex = UP0 };
	ports[1] = (struct raceway_dp_port){ .number = 2, .ifindex = UP1 };
	ports[2] = (struct raceway_dp_port){ .number = 3, .ifindex = 13 };
	ports[3] = (struct raceway_dp_port){ .number = 4, .ifindex = 14 };
	config.port_count = 4;
	segments[0] =
		(struct raceway_dp_segment){ .number = 10, .uplink_port = 1, .uplink_vid = 100 };
	segments[1] = (struct raceway_dp_segment){ .number = 20, .uplink_port = 2 };
	segments[2] = (struct raceway_dp_segment){ .number = 30 };
	config.segment_count = 3;
	vnics[0] = (struct raceway_dp_vnic){ .number = 1, .segment = 10, .port = 3, .up = true };
	vnics[1] =
		(struct raceway_dp_vnic){ .number = 2, .segment = 20, .ifindex = 70, .up = true };
	vnics[2] = (struct raceway_dp_vnic){ .number = 3, .segment = 30, .port = 3, .up = true };
	for (int i = 0; i < 3; i++)
		vnics[i].mac[5] = 0xa1 + i;
	config.vnic_count = 3;
}

static void end(void)
{
	raceway_announcer_free(&announcer);
}

static void update(void)
{
	struct raceway_places places;

	cr_assert_eq(raceway_places_build(&config, &places), 0);
	cr_assert_eq(raceway_announcer_update(&announcer, &places, now), 0);
	cr_assert_null(places.at);
}

/* Runs for so many ms, whenever it wants to. */
static void run(uint64_t ms)
{
	uint64_t stop = now + ms, wait;

	while (now <= stop) {
		wait = raceway_announcer_run(&announcer, now, hear, NULL);
		if (!wait || now + wait > stop)
			break;
		now += wait;
	}
	now = stop;
}

static void heard_is(const char *want)
{
	cr_assert_str_eq(log_text, want, "heard '%s', want '%s'", log_text, want);
	log_text[0] = '\0';
	heard = 0;
}

/* What is there now is known. */
static void settle(void)
{
	update();
	run(2000);
	log_text[0] = '\0';
	heard = 0;
	now = 0;
}

TestSuite(announce, .init = begin, .fini = end);

Test(announce, rounds)
{
	config.vnic_count = 1;
	update();
	run(5000);
	heard_is("0: 1 at 11.100 mac a1, 50: 1 at 11.100 mac a1, 200: 1 at 11.100 mac a1, "
		 "450: 1 at 11.100 mac a1, 800: 1 at 11.100 mac a1, ");
	update();
	run(5000);
	heard_is("");
}

Test(announce, who_has_an_uplink)
{
	update();
	run(0);
	cr_assert_eq(heard, 2);
	cr_assert(strstr(log_text, " 1 at 11.100 mac a1,") &&
		  strstr(log_text, " 2 at 12.0 mac a2,"));
}

/* Nothing that the LAN could see: other fabric port, local again, other segment number, rates. */
Test(announce, nothing_moved)
{
	settle();
	vnics[0].port = 4;
	vnics[1].ifindex = 71;
	vnics[0].mtu = 9000;
	segments[0].switching = RACEWAY_VEPA;
	update();
	run(2000);
	heard_is("");
	vnics[0].port = 0;
	vnics[0].ifindex = 72;
	update();
	run(2000);
	heard_is("");
	vnics[2].port = 4;
	update();
	run(2000);
	heard_is("");
}

Test(announce, what_moves)
{
	settle();
	segments[2].uplink_port = 1;
	segments[2].uplink_vid = 300;
	update();
	run(0);
	heard_is("0: 3 at 11.300 mac a3, ");
	segments[2].uplink_vid = 301;
	update();
	run(0);
	heard_is("0: 3 at 11.301 mac a3, ");
	segments[2].uplink_port = 2;
	update();
	run(0);
	heard_is("0: 3 at 12.301 mac a3, ");
	vnics[2].mac[5] = 0xaf;
	update();
	run(0);
	heard_is("0: 3 at 12.301 mac af, ");
	ports[1].ifindex = 99; /* unplugged and plugged in again: another netdev */
	vnics[1].up = false;
	update();
	run(0);
	heard_is("0: 3 at 99.301 mac af, ");
}

/* Down, unbound, without an uplink: nowhere. Back: announced, whatever was before. */
Test(announce, comes_and_goes)
{
	settle();
	vnics[0].up = false;
	update();
	run(1000);
	heard_is("");
	vnics[0].up = true;
	update();
	run(0);
	heard_is("1000: 1 at 11.100 mac a1, ");
	vnics[0].port = 0;
	update();
	run(1000);
	heard_is("");
	vnics[0].port = 4;
	update();
	run(0);
	heard_is("2000: 1 at 11.100 mac a1, ");
	config.vnic_count = 0;
	update();
	run(1000);
	heard_is("");
}

/* While it is announced it moves on: never a word of a place where it is no more. */
Test(announce, moves_on)
{
	config.vnic_count = 1;
	update();
	run(60);
	segments[0].uplink_vid = 101;
	update();
	run(2000);
	heard_is("0: 1 at 11.100 mac a1, 50: 1 at 11.100 mac a1, 60: 1 at 11.101 mac a1, "
		 "110: 1 at 11.101 mac a1, 260: 1 at 11.101 mac a1, 510: 1 at 11.101 mac a1, "
		 "860: 1 at 11.101 mac a1, ");
}

/* What the tables had already when the daemon came. */
Test(announce, restart)
{
	struct raceway_places places;

	cr_assert_eq(raceway_places_build(&config, &places), 0);
	raceway_announcer_begin(&announcer, &places);
	update();
	run(2000);
	heard_is("");
	segments[0].uplink_vid = 0;
	update();
	run(0);
	heard_is("2000: 1 at 11.0 mac a1, ");
}

Test(announce, no_carrier)
{
	config.vnic_count = 1;
	deaf = true;
	update();
	run(10000);
	cr_assert_eq(announcer.waiting, 1);
	deaf = false;
	raceway_announcer_wake(&announcer, UP1, now);
	run(1000);
	heard_is("");
	raceway_announcer_wake(&announcer, UP0, now);
	run(2000);
	heard_is("11000: 1 at 11.100 mac a1, 11050: 1 at 11.100 mac a1, "
		 "11200: 1 at 11.100 mac a1, 11450: 1 at 11.100 mac a1, "
		 "11800: 1 at 11.100 mac a1, ");
	cr_assert_eq(announcer.waiting, 0);
}

/* The carrier goes in the middle: all rounds again when it is back. Who leaves meanwhile is not
 * waited for. */
Test(announce, carrier_lost)
{
	update();
	run(100);
	deaf = true;
	run(1000);
	cr_assert_eq(announcer.waiting, 2);
	vnics[1].up = false;
	update();
	cr_assert_eq(announcer.waiting, 1);
	deaf = false;
	heard = 0;
	raceway_announcer_wake(&announcer, UP0, now);
	raceway_announcer_wake(&announcer, UP1, now);
	run(2000);
	cr_assert_eq(heard, RACEWAY_ANNOUNCE_ROUNDS);
}

/* A thousand at once: a few a millisecond, each five times, and an end. */
Test(announce, paced)
{
	unsigned int most = 0, before;
	uint64_t wait;

	for (uint32_t i = 0; i < MANY; i++)
		vnics[i] = (struct raceway_dp_vnic){
			.number = i + 1, .segment = 10, .port = 3, .up = true
		};
	config.vnic_count = MANY;
	update();
	do {
		before = heard;
		log_text[0] = '\0';
		wait = raceway_announcer_run(&announcer, now, hear, NULL);
		if (heard - before > most)
			most = heard - before;
		cr_assert(!wait || wait < 1000);
		now += wait;
	} while (wait);
	cr_assert_eq(heard, MANY * RACEWAY_ANNOUNCE_ROUNDS);
	cr_assert_eq(most, RACEWAY_ANNOUNCE_BATCH);
	cr_assert_geq(now, heard / RACEWAY_ANNOUNCE_BATCH - 1);
	cr_assert_leq(now, 2000);
}
