/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A vNIC's meter as the data path uses it, flows and all, and the windows that must hold. */
#ifndef RACEWAY_TESTS_METERED_H
#define RACEWAY_TESTS_METERED_H

#include <string.h>

#include "loader/dp.h"
#include "random.h"

#define NSEC 1000000000ULL
#define MSEC 1000000ULL
#define GSO_MAX 65549 /* 64 KiB behind an Ethernet header, less one */
#define FRAME 1514
#define FLOWS 1024
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Bits times ns: exact in 128 bits. */
typedef __int128 bitns;

/* The fullest any window has been: a bucket that drains at the rate, in exact arithmetic. For
 * frames in order of time, `worst` is the greatest excess over rate * t of all windows. */
struct window {
	uint64_t rate_bps, last_ns;
	bitns level, worst;
};

static inline void window_add(struct window *w, uint64_t now_ns, uint32_t bytes)
{
	w->level -= (bitns)w->rate_bps * (bitns)(now_ns - w->last_ns);
	if (w->level < 0)
		w->level = 0;
	w->last_ns = now_ns;
	w->level += (bitns)bytes * 8 * (bitns)NSEC;
	if (w->level > w->worst)
		w->worst = w->level;
}

static inline bool window_exceeds(const struct window *w, uint64_t burst_bytes)
{
	return w->worst > (bitns)burst_bytes * 8 * (bitns)NSEC;
}

static inline uint32_t any_size(struct dice *dice)
{
	switch (dice_next(dice) % 4) {
	case 0:
		return 60;
	case 1:
		return 1514;
	case 2:
		return (uint32_t)dice_between(dice, 14, 1518);
	default:
		return (uint32_t)dice_between(dice, 1519, GSO_MAX);
	}
}

/* One direction of a vNIC, and a class for each of its flows. */
struct metered {
	struct raceway_meter_params params;
	struct raceway_meter meter;
	struct raceway_class class[FLOWS];
};

/* As the model has it where nobody has chosen a burst; `cir` is far from `pir` or 0. */
static inline void metered_init(struct metered *m, uint64_t cir, uint64_t pir)
{
	struct raceway_dp_rate rate = {
		.cir_bps = cir,
		.cbs_bytes = cir / 8 * RACEWAY_BURST_MS / 1000,
		.pir_bps = pir,
		.pbs_bytes = pir / 8 * RACEWAY_BURST_MS / 1000,
		.idle_ms = RACEWAY_IDLE_MS,
	};

	memset(m, 0, sizeof(*m));
	m->params = raceway_meter_make(&rate, 1500);
}

/* The colour and perhaps RACEWAY_CONGESTED. */
static inline int metered_charge(struct metered *m, unsigned int flow, uint64_t now_ns,
				 uint32_t bytes)
{
	uint64_t now = raceway_ticks(now_ns);
	int colour = raceway_meter_charge(&m->params, &m->meter, now, bytes);

	if (colour == RACEWAY_BY_FLOW)
		colour = raceway_meter_charge_flow(&m->params, &m->meter, &m->class[flow], now,
						   bytes);
	return colour;
}

static inline bool metered_passes(struct metered *m, unsigned int flow, uint64_t now_ns,
				  uint32_t bytes)
{
	return (metered_charge(m, flow, now_ns, bytes) & RACEWAY_COLOUR_MASK) != RACEWAY_RED;
}

/* One flow of `load` times `rate_bps` for `ns`, evenly; returns the bytes that passed. */
static inline uint64_t metered_send(struct metered *m, unsigned int flow, uint64_t *now_ns,
				    uint64_t ns, double load, uint64_t rate_bps, uint32_t bytes)
{
	double gap = bytes * 8e9 / (load * (double)rate_bps), at = 0;
	uint64_t passed = 0, start = *now_ns;

	for (; at < (double)ns; at += gap)
		if (metered_passes(m, flow, start + (uint64_t)at, bytes))
			passed += bytes;
	*now_ns = start + ns;
	return passed;
}

/* What a flood gets at one moment, in seconds of `rate_bps`. */
static inline double metered_burst(struct metered *m, unsigned int flow, uint64_t now_ns,
				   uint64_t rate_bps, uint32_t bytes)
{
	uint64_t passed = 0;

	for (int red = 0; red < 10;)
		if (metered_passes(m, flow, now_ns, bytes))
			passed += bytes;
		else
			red++;
	return (double)passed * 8 / (double)rate_bps;
}

#endif
