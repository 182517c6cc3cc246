/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Rates in simulated time: what passes in a second, with initiators that always have more. */
#include <criterion/criterion.h>
#include <math.h>

#include "vhba/rates.h"

#define SECOND 1000000000ULL
#define START (77 * SECOND)

static struct raceway_rates rates;

/* How many operations of `bytes` pass in `seconds`; timers come `late_ns` too late. */
static uint64_t run(uint64_t bytes, double seconds, uint64_t late_ns, uint64_t start)
{
	uint64_t now = start, end = start + (uint64_t)(seconds * 1e9), passed = 0;

	while (now < end) {
		uint64_t at = raceway_rates_ready(&rates, now);

		if (at > now) {
			now = at + late_ns;
			continue;
		}
		raceway_rates_charge(&rates, bytes, now, now);
		passed++;
	}
	return passed;
}

struct cell {
	uint64_t iops, bps, bytes;
	double seconds;
};

Test(rates, peaks_are_kept_within_one_per_cent)
{
	static const struct cell cells[] = {
		{ 1000, 0, 4096, 1 },
		{ 5000, 0, 65536, 1 },
		{ 20000, 0, 4096, 1 },
		{ 50000, 0, 512, 1 },
		{ 100, 0, 4096, 10 },
		{ 0, 80000000, 4096, 1 },
		{ 0, 8000000000ULL, 65536, 1 },
		{ 0, 800000000, 1 << 20, 1 },
		{ 7, 0, 512, 100 },
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		const struct cell *c = &cells[i];
		const struct raceway_limits_config limits = { .iops_pir = c->iops,
							      .pir_bps = c->bps,
							      .weight = 1 };
		double want = c->iops ? (double)c->iops : (double)c->bps / 8 / (double)c->bytes;

		/* A timer that comes 6 ms too late costs nothing. */
		for (uint64_t late = 0; late <= 6000000; late += 6000000) {
			double got;

			rates = (struct raceway_rates){ 0 };
			raceway_rates_set(&rates, &limits, START);
			got = (double)run(c->bytes, c->seconds, late, START) / c->seconds;
			/* One operation more or less is where the second ends. */
			cr_expect_leq(fabs(got - want), want / 100 + 1 / c->seconds,
				      "cell %zu: %g, want %g", i, got, want);
		}
	}
}

Test(rates, the_lower_of_both_peaks_counts)
{
	const struct raceway_limits_config limits = { .iops_pir = 1000, .pir_bps = 8 * 4096 * 500 };

	raceway_rates_set(&rates, &limits, START);
	cr_expect_leq(fabs((double)run(4096, 1, 0, START) / 500 - 1), 0.02);
	cr_expect_leq(fabs((double)run(512, 1, 0, START + SECOND) / 1000 - 1), 0.02);
}

Test(rates, without_a_peak_nothing_waits)
{
	const struct raceway_limits_config none = { .weight = 1, .iops_cir = 10 };

	raceway_rates_set(&rates, &none, START);
	for (int i = 0; i < 100000; i++) {
		cr_assert_eq(raceway_rates_ready(&rates, START), START);
		raceway_rates_charge(&rates, 8 << 20, START, START);
	}
}

Test(rates, a_debt_is_paid_at_the_new_rate)
{
	struct raceway_limits_config limits = { .pir_bps = 8 * 1000000 };
	uint64_t slow, fast;

	raceway_rates_set(&rates, &limits, START);
	raceway_rates_charge(&rates, 8 << 20, START, START);
	slow = raceway_rates_ready(&rates, START) - START;
	cr_expect(slow > 8 * SECOND && slow < 9 * SECOND, "%lu", slow);
	limits.pir_bps *= 100;
	raceway_rates_set(&rates, &limits, START);
	fast = raceway_rates_ready(&rates, START) - START;
	cr_expect(fast > SECOND / 100 * 7 && fast < SECOND / 100 * 9, "%lu", fast);
	limits.pir_bps = 0;
	raceway_rates_set(&rates, &limits, START);
	cr_expect_eq(raceway_rates_ready(&rates, START), START);
}

Test(rates, an_idle_time_earns_no_more_than_the_depth)
{
	const struct raceway_limits_config limits = { .iops_pir = 10000 };
	uint64_t burst = 0;

	raceway_rates_set(&rates, &limits, START);
	run(4096, 1, 0, START);
	while (raceway_rates_ready(&rates, START + 100 * SECOND) == START + 100 * SECOND) {
		raceway_rates_charge(&rates, 4096, START + 100 * SECOND, START + 100 * SECOND);
		burst++;
	}
	cr_expect(burst >= 80 && burst <= 82, "%lu in 8 ms and one more", burst);
}

/* An initiator that pauses has the depth and no more, however busy it was before: nobody but us
 * is owed for. */
Test(rates, a_pause_of_the_initiator_is_not_ours)
{
	const struct raceway_limits_config limits = { .iops_pir = 10000 };
	uint64_t now = START, burst = 0;

	raceway_rates_set(&rates, &limits, START);
	/* It is limited: each operation waits for 1 ms, and passes in time. */
	for (int i = 0; i < 5000; i++) {
		now = raceway_rates_ready(&rates, now);
		raceway_rates_charge(&rates, 4096, now - 1000000, now);
	}
	now += 18000000;
	while (raceway_rates_ready(&rates, now) == now) {
		raceway_rates_charge(&rates, 4096, now, now);
		burst++;
	}
	cr_expect(burst >= 80 && burst <= 82, "%lu in 8 ms and one more", burst);
}

/* What we owe is taken by those that follow who waited, 10 ms of it at most, and not for ever. */
Test(rates, what_we_owe_is_taken_by_who_comes_next)
{
	const struct raceway_limits_config limits = { .iops_pir = 10000 };

	for (uint64_t pause = 1000000; pause <= 3000000; pause += 2000000) {
		uint64_t now = START, passed = 0;

		rates = (struct raceway_rates){ 0 };
		raceway_rates_set(&rates, &limits, START);
		run(4096, 0.1, 0, START);
		/* One waits, and we are 30 ms late. */
		now += 130000000;
		raceway_rates_charge(&rates, 4096, START + 100000000, now);
		now += pause;
		while (raceway_rates_ready(&rates, now) == now) {
			raceway_rates_charge(&rates, 4096, now, now);
			passed++;
		}
		if (pause == 1000000)
			cr_expect(passed >= 179 && passed <= 182, "%lu of 18 ms", passed);
		else
			cr_expect(passed >= 80 && passed <= 82, "%lu: too late", passed);
	}
}

Test(rates, green_is_what_is_guaranteed)
{
	const struct raceway_limits_config none = { .iops_pir = 10 };
	const struct raceway_limits_config limits = { .iops_cir = 2000 };
	uint64_t green = 0;

	raceway_rates_set(&rates, &none, START);
	cr_expect_eq(raceway_rates_green(&rates, START), UINT64_MAX, "nothing is");
	raceway_rates_set(&rates, &limits, START);
	for (uint64_t now = START; now < START + SECOND; now += 10000) {
		if (raceway_rates_green(&rates, now) == now) {
			raceway_rates_charge_green(&rates, 4096, now, now);
			green++;
		}
	}
	cr_expect(green >= 1980 && green <= 2020, "%lu of 2000", green);
}

Test(rates, what_waits_loses_nothing_when_we_are_late)
{
	const struct raceway_limits_config limits = { .iops_pir = 10000 };
	uint64_t now = START, passed = 0;

	raceway_rates_set(&rates, &limits, START);
	/* All of it waits from the beginning; we come every 15 ms. */
	for (; now < START + SECOND; now += 15000000) {
		while (raceway_rates_ready(&rates, now) == now) {
			raceway_rates_charge(&rates, 4096, START, now);
			passed++;
		}
	}
	cr_expect(passed >= 9800 && passed <= 10182, "%lu of 10000 and 180 in advance", passed);
	/* An hour later nothing is owed to who did not wait. */
	now += 3600 * SECOND;
	for (passed = 0; raceway_rates_ready(&rates, now) == now; passed++)
		raceway_rates_charge(&rates, 4096, now, now);
	cr_expect_leq(passed, 82);
}
