// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One thread changes a vNIC all the time between two policies that differ in everything, while
 * frames are judged by it: each frame must see all of one policy or all of the other. */
#include <linux/bpf.h>
#include <pthread.h>
#include <time.h>

#include "bed.h"

#define HAMMER_SECONDS 3

static struct bed bed;
static uint64_t fills;
static bool stop;

/* Policy 0: native at F1, so untagged; PCP 1; MTU 1000; all green; full tag does not pass.
 * Policy 1: at F2, tagged; PCP 5; MTU 1500; no rate, so all yellow; a trunk. */
static void set_policy(int which)
{
	struct raceway_dp_vnic *b = bed_vnic(&bed, B);

	b->port = (uint16_t)(which ? F2 + 1 : F1 + 1);
	b->pcp = which ? 5 : 1;
	b->mtu = which ? 1500 : 1000;
	b->trunk = which;
	b->dir[RACEWAY_RX] = (struct raceway_dp_rate){ 0 };
	if (!which)
		b->dir[RACEWAY_RX] = (struct raceway_dp_rate){
			.cir_bps = RACEWAY_RATE_MAX_BPS,
			.pir_bps = RACEWAY_RATE_MAX_BPS,
			.cbs_bytes = 1 << 30,
			.pbs_bytes = 1 << 30,
		};
	bed_fill(&bed);
}

static void *change_policies(void *context)
{
	for (int which = 1; !__atomic_load_n(&stop, __ATOMIC_RELAXED); which = !which) {
		set_policy(which);
		fills++;
	}
	return NULL;
}

enum seen { UNTAGGED, TAGGED, PASSED, VLAN_DROP, TORN, SEEN };

static enum seen judge(const struct pkt *in, const struct pkt *tagged, const struct pkt *untagged)
{
	struct pkt out;

	switch (run_xdp(&bed, U1, in, &out)) {
	case XDP_PASS:
		return PASSED;
	case XDP_DROP:
		return VLAN_DROP;
	case XDP_REDIRECT:
		if (out.length == tagged->length && !memcmp(out.bytes, tagged->bytes, out.length))
			return TAGGED;
		if (out.length == untagged->length &&
		    !memcmp(out.bytes, untagged->bytes, out.length))
			return UNTAGGED;
	}
	return TORN;
}

Test(hammer, no_frame_sees_half_of_an_update, .timeout = 60)
{
	uint32_t in_tags[] = { C_TAG(100, 0), 0 }, out_tags[] = { C_TAG(10, 5), 0 };
	uint32_t trunk_in[] = { C_TAG(100, 0), C_TAG(7, 0), 0 };
	uint32_t trunk_out[] = { C_TAG(10, 5), C_TAG(7, 0), 0 };
	/* A short one, one that only policy 1 carries, one that only a trunk gets. */
	struct pkt in[3], tagged[3], untagged[3];
	uint64_t count[3][SEEN] = { 0 }, frames = 0;
	struct raceway_stats stats;
	struct timespec start, now;
	pthread_t thread;

	bed_open(&bed);
	in[0] = usual(B, X, in_tags);
	tagged[0] = usual(B, X, out_tags);
	untagged[0] = usual(B, X, NO_TAG);
	in[1] = frame(mac_of(B), mac_of(X), in_tags, 1200);
	tagged[1] = frame(mac_of(B), mac_of(X), out_tags, 1200);
	untagged[1] = frame(mac_of(B), mac_of(X), NO_TAG, 1200);
	in[2] = usual(B, X, trunk_in);
	tagged[2] = usual(B, X, trunk_out);
	untagged[2] = usual(B, X, NO_TAG);
	set_policy(0);
	clock_gettime(CLOCK_MONOTONIC, &start);
	cr_assert(!pthread_create(&thread, NULL, change_policies, NULL));
	do {
		for (int n = 0; n < 300; n++, frames++)
			count[n % 3][judge(&in[n % 3], &tagged[n % 3], &untagged[n % 3])]++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < HAMMER_SECONDS);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);

	cr_expect(fills > 20 && count[0][TAGGED] > 100 && count[0][UNTAGGED] > 100,
		  "%lu fills, %lu tagged, %lu untagged: nothing was tested", fills,
		  count[0][TAGGED], count[0][UNTAGGED]);
	for (int k = 0; k < 3; k++)
		cr_expect_eq(count[k][TORN], 0, "%lu frames saw half an update", count[k][TORN]);
	/* Short: passes either way. Long: handed over by policy 0's MTU, never untagged. With an
	 * inner tag: dropped by policy 0, never untagged. */
	cr_expect_eq(count[0][PASSED] + count[0][VLAN_DROP], 0, "lost: %lu",
		     count[0][PASSED] + count[0][VLAN_DROP]);
	cr_expect_eq(count[1][UNTAGGED] + count[1][VLAN_DROP], 0);
	cr_expect_eq(count[2][UNTAGGED] + count[2][PASSED], 0);
	/* Green was judged by the policy that takes the tag off, yellow by the other one. */
	cr_assert(!raceway_dp_stats(bed.dp, B, RACEWAY_RX, &stats));
	cr_expect_eq(stats.colour[RACEWAY_GREEN].packets, count[0][UNTAGGED]);
	cr_expect_eq(stats.colour[RACEWAY_YELLOW].packets,
		     count[0][TAGGED] + count[1][TAGGED] + count[2][TAGGED]);
	cr_expect_eq(stats.colour[RACEWAY_RED].packets, 0);
	cr_log_info("%lu frames, %lu fills", frames, fills);
}

/* The second word of segment 10 in two forms: its members get nothing by either, but by halves of
 * both, a veb that has members, they do. */
static void *change_segment(void *context)
{
	uint64_t *word = (uint64_t *)&bed.dp->segments[10] + 1, form[2];
	struct raceway_segment segment = bed.dp->segments[10];

	segment.switching = RACEWAY_VEPA;
	memcpy(&form[0], (uint64_t *)&segment + 1, sizeof(form[0]));
	segment.switching = RACEWAY_VEB;
	segment.member_count = 0;
	memcpy(&form[1], (uint64_t *)&segment + 1, sizeof(form[1]));
	for (int which = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); which = !which) {
		__atomic_store_n(word, form[which], __ATOMIC_RELEASE);
		fills++;
	}
	return NULL;
}

Test(hammer, no_frame_sees_half_of_a_segment, .timeout = 60)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct raceway_stats sent, got;
	struct __sk_buff ctx = { 0 };
	struct pkt in;
	pthread_t thread;

	bed_open(&bed);
	in = frame(broadcast, mac_of(A), NO_TAG, USUAL_BYTES - 14);
	cr_assert(!pthread_create(&thread, NULL, change_segment, NULL));
	while (!__atomic_load_n(&fills, __ATOMIC_RELAXED))
		;
	for (int i = 0; i < 20000; i++) {
		bed.dp->vnics[A].group_tat = 0; /* no limit */
		run_tc(&bed, RACEWAY_PROG_TC, F1, in.bytes, in.length, &ctx);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	cr_assert(!raceway_dp_stats(bed.dp, A, RACEWAY_TX, &sent));
	cr_assert(!raceway_dp_stats(bed.dp, B, RACEWAY_RX, &got));
	cr_expect(fills > 20000 && sent.colour[RACEWAY_YELLOW].packets == 20000,
		  "%lu changes, %llu sent", fills, sent.colour[RACEWAY_YELLOW].packets);
	cr_expect_eq(got.colour[RACEWAY_YELLOW].packets, 0, "%llu frames saw halves",
		     got.colour[RACEWAY_YELLOW].packets);
}
