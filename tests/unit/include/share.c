// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* include/raceway/share.h: the count of shares, max-min fairness of flows under one cap, and
 * vNICs at a leaving port by weight. Flows here do not slow down, unless it says so. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "metered.h"

#define RATE 100000000ULL
#define PER_SHARE (1ULL << RACEWAY_SHARE_SHIFT)
#define MANY 64

/* Senders of a constant rate each, with gaps of half to one and a half of their mean. */
struct senders {
	size_t count;
	double load[MANY]; /* offered, as a part of RATE */
	uint64_t next_ns[MANY], sent[MANY], passed[MANY];
};

static size_t next_of(const struct senders *s)
{
	size_t first = 0;

	for (size_t i = 1; i < s->count; i++)
		if (s->next_ns[i] < s->next_ns[first])
			first = i;
	return first;
}

static void step(struct senders *s, struct dice *dice, size_t i)
{
	double mean = FRAME * 8e9 / (s->load[i] * (double)RATE);

	s->next_ns[i] += (uint64_t)(mean * (0.5 + (double)(dice_next(dice) % 1024) / 1024));
}

/* Counts what passes from `from` to `to` seconds. */
static void run(struct metered *m, struct senders *s, uint64_t from, uint64_t to)
{
	struct dice dice = { s->count };
	uint64_t start = 100 * NSEC, now = start;

	for (size_t i = 0; i < s->count; i++)
		s->next_ns[i] = start + i;
	while (now < start + to * NSEC) {
		size_t i = next_of(s);
		bool pass;

		now = s->next_ns[i];
		pass = metered_passes(m, (unsigned int)i, now, FRAME);
		if (now >= start + from * NSEC) {
			s->sent[i]++;
			s->passed[i] += pass;
		}
		step(s, &dice, i);
	}
}

/* The level to which all are cut so that the sum is the rate. */
static double max_min(const struct senders *s)
{
	double low = 0, high = 1;

	for (int i = 0; i < 50; i++) {
		double level = (low + high) / 2, sum = 0;

		for (size_t k = 0; k < s->count; k++)
			sum += s->load[k] < level ? s->load[k] : level;
		*(sum > 1 ? &high : &low) = level;
	}
	return low;
}

static void check_fair(struct senders *s, uint64_t cir, const char *what)
{
	struct metered *m = calloc(1, sizeof(*m));
	double level = max_min(s);

	cr_assert(m);
	metered_init(m, cir, RATE);
	run(m, s, 3, 11);
	for (size_t i = 0; i < s->count; i++) {
		double got = (double)s->passed[i] * FRAME * 8 / 8 / (double)RATE;

		if (s->load[i] < level * 0.95)
			cr_expect_eq(s->passed[i], s->sent[i],
				     "%s, CIR %lu, flow %zu offers %.3f: "
				     "%lu of %lu are lost",
				     what, cir, i, s->load[i], s->sent[i] - s->passed[i],
				     s->sent[i]);
		else
			cr_expect(got > 0.95 * level && got < 1.05 * level,
				  "%s, CIR %lu, flow %zu offers %.3f: %.4f instead of %.4f", what,
				  cir, i, s->load[i], got, level);
	}
	free(m);
}

static void check_both(const struct senders *s, const char *what)
{
	struct senders again = *s;

	check_fair(&again, 0, what);
	again = *s;
	check_fair(&again, RATE / 4, what);
}

Test(share, flows_are_max_min_fair)
{
	struct senders two = { .count = 2, .load = { 0.7, 2.1 } },
		       three = { .count = 3, .load = { 0.2, 0.9, 4 } };
	struct senders equal = { .count = 4, .load = { 0.5, 0.5, 0.5, 0.5 } };
	struct senders five = { .count = 5, .load = { 0.05, 0.15, 0.3, 0.6, 2 } };

	check_both(&two, "two");
	check_both(&three, "three");
	check_both(&equal, "equal");
	check_both(&five, "five");
}

Test(share, mice_beside_elephants)
{
	struct senders s = { .count = 53, .load = { 1, 1.5, 2 } };

	for (size_t i = 3; i < s.count; i++)
		s.load[i] = 0.002;
	check_both(&s, "mice");
}

/* A flood of three times the rate costs a flow nothing that keeps to its share. */
Test(share, a_flood_costs_others_nothing)
{
	static const double own[] = { 0.001, 0.01, 0.1, 0.25, 0.4, 0.45 };
	struct metered *m = calloc(1, sizeof(*m));

	cr_assert(m);
	for (size_t i = 0; i < 2 * COUNT(own); i++) {
		struct senders s = { .count = 2, .load = { own[i / 2], 3 } };
		double rest = 1 - own[i / 2], flood;

		metered_init(m, i % 2 ? RATE / 4 : 0, RATE);
		run(m, &s, 3, 11);
		cr_expect(s.passed[0] == s.sent[0], "of %.2f %lu frames are lost of %lu",
			  own[i / 2], s.sent[0] - s.passed[0], s.sent[0]);
		flood = (double)s.passed[1] * FRAME * 8 / 8 / (double)RATE;
		cr_expect(flood > 0.95 * rest && flood < 1.05 * rest, "the flood gets %.3f of %.3f",
			  flood, rest);
	}
	free(m);
}

static uint64_t window_start(uint64_t n)
{
	return (1000 + n) << RACEWAY_WINDOW_SHIFT;
}

/* Each of `members` asks for `part` of its window's share. */
static void ask(struct raceway_share *share, uint64_t n, size_t members, double part,
		uint32_t weight)
{
	uint64_t now = window_start(n);

	raceway_share_turn(share, now, 0);
	for (size_t i = 0; i < members; i++) {
		struct raceway_class class = { 0 };

		/* In two parts, of which the second may be more than is left. */
		raceway_share_offer(share, &class, now,
				    (uint64_t)(part * (double)RACEWAY_WINDOW / 2), weight);
		raceway_share_offer(share, &class, now + 1,
				    (uint64_t)(part * (double)RACEWAY_WINDOW / 2), weight);
	}
}

Test(share, a_window_counts_what_was_asked)
{
	struct raceway_share share = { 0 };

	ask(&share, 0, 3, 7, 1); /* nobody counts more than once */
	cr_expect_eq(raceway_shares_in_force(&share), PER_SHARE, "the first window has one share");
	raceway_share_turn(&share, window_start(1) - 1, 0);
	cr_expect_eq(raceway_shares_in_force(&share), PER_SHARE, "before the window's end");
	ask(&share, 1, 1000, 0.001, 1);
	cr_expect_eq(raceway_shares_in_force(&share), 3 * PER_SHARE);
	ask(&share, 2, 2, 1, 5);
	cr_expect(raceway_shares_in_force(&share) >= PER_SHARE * 99 / 100 &&
		  raceway_shares_in_force(&share) <= PER_SHARE);
	ask(&share, 3, 1, 0.25, 1);
	cr_expect_eq(raceway_shares_in_force(&share), 10 * PER_SHARE);
	/* A quarter is one: the one who asks may have all. */
	raceway_share_turn(&share, window_start(4), 0);
	cr_expect_eq(share.shares, PER_SHARE / 4);
	cr_expect_eq(raceway_shares_in_force(&share), PER_SHARE);
}

/* Many short costs are the sum that they are: at 10 Gb/s a frame of 64 bytes is 13,107 ticks, and
 * a sum counts in 65,536. */
Test(share, short_costs_add_up)
{
	struct raceway_share share = { 0 };
	struct raceway_class class[2] = { 0 };
	uint64_t now = window_start(0), part = RACEWAY_WINDOW / 8;

	raceway_share_turn(&share, now, 0);
	raceway_share_offer(&share, &class[0], now, RACEWAY_WINDOW, 1);
	for (uint64_t asked = 0; asked < part; asked += 13107)
		raceway_share_offer(&share, &class[1], now, 13107, 1);
	raceway_share_turn(&share, window_start(1), 0);
	cr_expect(raceway_shares_in_force(&share) - PER_SHARE - PER_SHARE / 8 <= 1, "%lu",
		  (uint64_t)raceway_shares_in_force(&share));
}

Test(share, who_was_silent_begins_anew)
{
	struct raceway_share share = { 0 };

	ask(&share, 0, 8, 1, 1);
	ask(&share, 1, 8, 1, 1);
	cr_expect_eq(raceway_shares_in_force(&share), 8 * PER_SHARE);
	ask(&share, 3, 8, 1, 1);
	cr_expect_eq(raceway_shares_in_force(&share), PER_SHARE);
	/* Nearly all window numbers of 16 bits later it is another window all the same; the one
	 * before is that of a CPU whose clock was read earlier, and nothing turns back for it. */
	ask(&share, 4, 1, 1, 1);
	cr_expect_eq(raceway_shares_in_force(&share), 8 * PER_SHARE);
	raceway_share_turn(&share, window_start(3), 0);
	cr_expect_eq(raceway_shares_in_force(&share), 8 * PER_SHARE);
	ask(&share, 4 + 65534, 1, 1, 1);
	cr_expect_eq(raceway_shares_in_force(&share), PER_SHARE);
}

#define CROWD 1000

Test(share, crowds_grow_by_half)
{
	struct raceway_share share = { 0 };
	uint64_t want = PER_SHARE;

	/* Mice by what they ask for, but they are told to slow down: as many shares at most. */
	for (uint64_t n = 0; n < 100; n++) {
		ask(&share, n, CROWD, 0.5 / CROWD, 1);
		cr_assert_eq(raceway_shares_in_force(&share), want, "window %lu: %lu, not %lu", n,
			     raceway_shares_in_force(&share), want);
		raceway_share_crowded(&share);
		raceway_share_crowded(&share);
		want += want / 2;
		if (want > CROWD * PER_SHARE)
			want = CROWD * PER_SHARE;
	}
	cr_expect_eq(want, CROWD * PER_SHARE);
	/* One window without a crowd, and what was asked counts again. */
	ask(&share, 100, 3, 1, 1);
	ask(&share, 101, 3, 1, 1);
	cr_expect_eq(raceway_shares_in_force(&share), 3 * PER_SHARE);
}

/* What guarantees used is not there to be shared: half of it makes twice as many shares. */
Test(share, what_others_use)
{
	uint64_t id = raceway_window_id(window_start(0)), window = RACEWAY_WINDOW;
	uint64_t others[] = { 0, window / 2, window / 4 * 3, window, ~0ULL >> 16 };
	uint64_t want[] = { 2, 4, 8, 128, 128 };

	for (size_t i = 0; i < COUNT(others); i++) {
		struct raceway_share share = { 0 };

		ask(&share, 0, 2, 1, 1);
		raceway_share_turn(&share, window_start(1), id | others[i]);
		cr_expect_eq(raceway_shares_in_force(&share), want[i] * PER_SHARE, "%zu", i);
	}
	/* A former window's does not count. */
	struct raceway_share share = { 0 };

	ask(&share, 0, 2, 1, 1);
	raceway_share_turn(&share, window_start(1),
			   raceway_window_id(window_start(0) - 1) | window / 2);
	cr_expect_eq(raceway_shares_in_force(&share), 2 * PER_SHARE);
}

/* A member's cost is its weight's part; nothing wraps, at whatever there may be. */
Test(share, extremes)
{
	static const uint32_t weights[] = { 0, 1, 2, 1000, ~0U };
	static const uint64_t costs[] = { 0, 1, 1 << 20, RACEWAY_SHARE_COST_MAX, ~0ULL };
	struct raceway_share most = { .shares = ~0ULL };

	for (size_t c = 0; c < COUNT(costs); c++)
		for (size_t w = 0; w < COUNT(weights); w++) {
			uint64_t cost = costs[c], own;
			uint32_t weight = weights[w] ? weights[w] : 1;

			if (cost > RACEWAY_SHARE_COST_MAX)
				cost = RACEWAY_SHARE_COST_MAX;
			own = raceway_share_cost(&most, costs[c], weights[w]);
			cr_expect_eq(own, (cost << 20) / weight, "%lu by %u", costs[c], weight);
		}
	/* As many members as there can be, of the highest weight: the sum still fits below its
	 * flag, and the count saturates. */
	struct raceway_share share = { 0 };

	ask(&share, 0, RACEWAY_VNICS_MAX, 9, RACEWAY_WEIGHT_MAX);
	cr_expect_eq(share.window, raceway_window_id(window_start(0)) |
					   (uint64_t)RACEWAY_VNICS_MAX * RACEWAY_WEIGHT_MAX << 20);
	raceway_share_crowded(&share);
	raceway_share_turn(&share, window_start(1), ~0ULL);
	cr_expect_eq(raceway_shares_in_force(&share), RACEWAY_SHARES_MAX);
	share.shares |= 0xffffffffULL << 32; /* members */
	share.window = raceway_window_id(window_start(1)) | RACEWAY_CROWDED | RACEWAY_SUM_MASK;
	raceway_share_turn(&share, window_start(2),
			   raceway_window_id(window_start(1)) | RACEWAY_WINDOW);
	cr_expect_eq(raceway_shares_in_force(&share), RACEWAY_SHARES_MAX);
}

/* Three vNICs at a port, each with twice the rate, beside green that takes `green` of it: they
 * have the rest by weight. */
static void check_weights(double green)
{
	static const uint32_t weight[] = { 1, 2, 5, 0 };
	struct raceway_port_meter port = {
		.rate = raceway_bucket_make(RATE, RATE / 8 / 100),
		.debt = UINT16_MAX,
	};
	struct raceway_meter meter[COUNT(weight)] = { 0 };
	struct senders s = { .count = 4, .load = { 2, 2, 2, green } };
	uint64_t start = 100 * NSEC, now_ns = start, cost;
	struct dice dice = { 5 };

	cost = raceway_cost(port.rate.mult, FRAME);
	for (size_t i = 0; i < s.count; i++)
		s.next_ns[i] = start + (green > 0 || i < 3 ? 0 : 1000 * NSEC);
	while (now_ns < start + 13 * NSEC) {
		size_t i = next_of(&s);
		int pass;

		now_ns = s.next_ns[i];
		pass = raceway_port_take(&port, &meter[i], weight[i], raceway_ticks(now_ns), cost);
		if (now_ns >= start + 3 * NSEC)
			s.passed[i] += (uint64_t)pass;
		step(&s, &dice, i);
	}
	for (size_t i = 0; i < 3; i++) {
		double due = (1 - green) * weight[i] / 8;
		double got = (double)s.passed[i] * FRAME * 8 / 10 / (double)RATE;

		cr_expect(got > 0.95 * due && got < 1.05 * due,
			  "weight %u beside green %.1f: %.4f instead of %.4f", weight[i], green,
			  got, due);
	}
}

Test(share, weights_at_a_port)
{
	check_weights(0);
	check_weights(0.3);
	check_weights(0.8);
}

/* Who keeps to its share at a port loses nothing to a flood there: `count` members that have `own`
 * of the rate each, in bursts of `burst` frames on average. */
static void check_members(uint64_t rate, size_t count, double own, uint64_t burst)
{
	uint64_t depth = rate / 8 / 500, start = 100 * NSEC, now_ns = start, cost, lost = 0,
		 all = 0;
	struct raceway_port_meter port = {
		.rate = raceway_bucket_make(rate, depth < 131072 ? 131072 : depth),
	};
	struct raceway_meter meter[MANY] = { 0 };
	struct senders s = { .count = count + 1 };
	struct dice dice = { 3 };

	cost = raceway_cost(port.rate.mult, FRAME);
	for (size_t i = 0; i <= count; i++) {
		s.next_ns[i] = start + i;
		s.load[i] = (i < count ? own : 3) * (double)rate / (double)RATE;
	}
	while (now_ns < start + 8 * NSEC) {
		size_t i = next_of(&s);
		int pass;

		now_ns = s.next_ns[i];
		pass = raceway_port_take(&port, &meter[i], 1, raceway_ticks(now_ns), cost);
		if (now_ns >= start + 2 * NSEC) {
			lost += i < count && !pass;
			all += (uint64_t)pass;
		}
		if (dice_next(&dice) % burst == 0)
			for (uint64_t n = 0; n < burst; n++)
				step(&s, &dice, i);
	}
	cr_expect_eq(lost, 0, "%zu x %.3f of %lu, bursts of %lu: %lu are lost", count, own, rate,
		     burst, lost);
	cr_expect_geq((double)all * FRAME * 8 / 6, 0.99 * (double)rate,
		      "%.3f of %lu: all that passed", own, rate);
}

Test(share, members_of_a_port_beside_a_flood)
{
	static const uint64_t port_rates[] = { 10000000, 100000000, 1000000000, 3000000000 };
	static const double own[] = { 0.005, 0.01, 0.05, 0.25, 0.4 };

	for (size_t i = 0; i < COUNT(port_rates) * COUNT(own); i++)
		check_members(port_rates[i % COUNT(port_rates)], 1, own[i / COUNT(port_rates)], 1);
	for (uint64_t burst = 1; burst <= 2; burst++)
		for (size_t i = 0; i < 3; i++) {
			check_members(port_rates[i], 10, 0.02, burst);
			check_members(port_rates[i], 1, 0.01, burst);
			check_members(port_rates[i], 1, 0.1, burst);
			check_members(port_rates[i], 3, 0.1, burst);
		}
}
