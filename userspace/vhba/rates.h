/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a vHBA may have: a peak in bytes and in operations, kept by delay, and below it what it is
 * guaranteed. Reads and writes count together. The buckets are those of the network side
 * (raceway/bucket.h): one theoretical arrival time each, advanced by compare-and-swap, so that
 * the sessions of a vHBA share them on all workers without a lock.
 *
 * An operation passes while its peak buckets have any credit, and is charged as a whole, so that
 * one may be longer than a bucket is deep: what passes in any t is at most rate * (t + 8 ms) and
 * one operation; and rate * 10 ms more of what we did not let pass when we should, because we were
 * late. That is owed to the vHBA, not to the operation that waited: an initiator sends as many as
 * it may, so that what it would have sent meanwhile comes only when those that waited are answered.
 * It is owed as long as they come without a pause. */
#ifndef RACEWAY_VHBA_RATES_H
#define RACEWAY_VHBA_RATES_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "vhba/config.h"

enum raceway_rate {
	RACEWAY_RATE_PEAK_BYTES,
	RACEWAY_RATE_PEAK_IOS,
	RACEWAY_RATE_COMMITTED_BYTES,
	RACEWAY_RATE_COMMITTED_IOS,
	RACEWAY_RATES,
};

struct raceway_rates {
	__u64 mult[RACEWAY_RATES]; /* as in struct raceway_bucket; 0: no such rate; atomic */
	__u64 tat[RACEWAY_RATES];  /* ticks; atomic */
	__u64 owed[RACEWAY_RATES]; /* until when in ns, unless more of it is taken; atomic */
};

/* Sets the rates, also while they are used: debts stay as many bytes as they were. */
void raceway_rates_set(struct raceway_rates *rates, const struct raceway_limits_config *limits,
		       uint64_t now_ns);
/* When the next operation may pass, in ns; `now_ns` if at once. */
uint64_t raceway_rates_ready(struct raceway_rates *rates, uint64_t now_ns);
/* An operation passes that came at `since_ns`: charges the peak buckets. What has waited, and what
 * follows it, is charged as if it had passed when it could, so that nothing is lost when we are
 * late, up to 10 ms. */
void raceway_rates_charge(struct raceway_rates *rates, uint64_t bytes, uint64_t since_ns,
			  uint64_t now_ns);
/* From when on the next operation is within what is guaranteed, in ns; `now_ns` if it is;
 * UINT64_MAX if nothing is guaranteed. */
uint64_t raceway_rates_green(struct raceway_rates *rates, uint64_t now_ns);
/* Charges what is guaranteed, as raceway_rates_charge() does; here nothing is lost up to 100 ms,
 * for a store that pauses. */
void raceway_rates_charge_green(struct raceway_rates *rates, uint64_t bytes, uint64_t since_ns,
				uint64_t now_ns);

#endif
