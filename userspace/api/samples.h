/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates from counters: two former readings per vNIC, kept only while somebody asks.
 * No timer: a rate is what passed since the last question that is half a second old or more. */
#ifndef RACEWAY_API_SAMPLES_H
#define RACEWAY_API_SAMPLES_H

#include <raceway/maps.h>
#include <stdint.h>

struct raceway_samples;

struct raceway_samples *raceway_samples_new(void);
void raceway_samples_free(struct raceway_samples *samples);

/* Takes a reading of the bytes of both directions at `now_ns` and gives the rates in bit/s since
 * a former one; 0 with the first. A counter that went back (a new vNIC of that number) starts
 * anew. */
void raceway_samples_take(struct raceway_samples *samples, uint32_t vnic, uint64_t now_ns,
			  const uint64_t bytes[RACEWAY_DIRS], uint64_t ret_bps[RACEWAY_DIRS]);

#endif
