/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The meter of a leaving port, at which guarantees are kept (docs/design.md section 6): green has
 * room always, yellow while green leaves some, by weight where that is short.
 *
 * A port is contended for RACEWAY_PATIENCE after it refused somebody. Then half of its depth is
 * anybody's, the other half is for vNICs that keep to their share, and a vNIC whose green it
 * carries is told to keep what its guarantee has saved: it may be one that was told to slow down.
 */
#ifndef RACEWAY_LEAVING_H
#define RACEWAY_LEAVING_H

#include <linux/types.h>

#include "meter.h"

/* raceway_port_meter.flags */
#define RACEWAY_LEAVING_FRAGS (1U << 0) /* takes multi-buffer frames from XDP */
#define RACEWAY_LEAVING_FQ (1U << 1)	/* its qdisc keeps to departure times */
#define RACEWAY_DEBT_SHIFT 28		/* ticks: 1.05 ms, so that 16 bits are 68 s */

struct raceway_port_meter {
	struct raceway_bucket rate; /* parameters, mult 0: unlimited */
	__u64 tat;		    /* state */
	__u32 mtu;		    /* payload bytes that the link carries, without tag */
	__u16 flags;		    /* RACEWAY_LEAVING_* */
	__u16 debt; /* what green may be charged beyond the depth, ticks >> RACEWAY_DEBT_SHIFT */
	__u64 contended; /* until then vNICs share what guarantees leave */
	__u64 green;	 /* window's sum of what guarantees used (share.h) */
	struct raceway_share vnics;
};

/* Charges a green frame. What it takes from the others counts only while they are short. */
static inline __attribute__((always_inline)) void
raceway_port_green(struct raceway_port_meter *port, __u64 now, __u64 cost)
{
	raceway_bucket_force(&port->tat, now, cost,
			     port->rate.depth + ((__u64)port->debt << RACEWAY_DEBT_SHIFT));
}

/* The same at a port that is contended. `meter`: of the vNIC and direction whose colour it is. */
static inline __attribute__((always_inline)) void
raceway_port_green_contended(struct raceway_port_meter *port, struct raceway_meter *meter,
			     __u64 now, __u64 cost)
{
	__u64 had;

	raceway_share_turn(&port->vnics, now, port->green);
	raceway_window_add(&port->green, now, cost, RACEWAY_WINDOW, &had);
	meter->busy = now + RACEWAY_PATIENCE;
	raceway_port_green(port, now, cost);
}

/* Takes for yellow from the room that nobody has to share. Returns 1 if there was enough. */
static inline __attribute__((always_inline)) int
raceway_port_room(struct raceway_port_meter *port, int contended, __u64 now, __u64 cost)
{
	return raceway_bucket_take(&port->tat, now, cost, port->rate.depth >> contended);
}

/* Yellow that found none: by its weight, 1 or more. Returns 1 if it may pass. */
static inline __attribute__((always_inline)) int raceway_port_share(struct raceway_port_meter *port,
								    struct raceway_class *class,
								    __u32 weight, int contended,
								    __u64 now, __u64 cost)
{
	if (contended && raceway_share_take(&port->vnics, class, weight, port->green, &port->tat,
					    port->rate.depth, now, cost))
		return 1;
	port->contended = now + RACEWAY_PATIENCE;
	return 0;
}

/* All of the above; weight 0 is green. */
static inline __attribute__((always_inline)) int raceway_port_take(struct raceway_port_meter *port,
								   struct raceway_meter *meter,
								   __u32 weight, __u64 now,
								   __u64 cost)
{
	int contended = raceway_is_contended(port->contended, now);

	if (weight)
		return raceway_port_room(port, contended, now, cost) ||
		       raceway_port_share(port, &meter->port, weight, contended, now, cost);
	if (contended)
		raceway_port_green_contended(port, meter, now, cost);
	else
		raceway_port_green(port, now, cost);
	return 1;
}

#endif
