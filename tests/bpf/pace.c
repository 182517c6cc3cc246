// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Departure times in the program: which frames of a local vNIC get one, and that it is that of the
 * rate. What a qdisc makes of it is for the VM tests. */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <time.h>

#include "bed.h"

#define PIR 80000000ULL /* a full frame takes 151 us */
#define HEADERS 54
#define FULL 1460
#define TCP 6
#define UDP 17
#define ICMP 1
#define LATE_NS 4000000ULL /* what may leave at once (raceway/pace.h) */
#define MANY 60
#define ENOUGH 35 /* for more than LATE_NS, twice for less than the meter has at once */

static struct bed bed;
static uint64_t guest_says; /* SO_TXTIME */

static struct raceway_port_meter *uplink(void)
{
	return &bed.dp->port_meters[U1 + 1];
}

static void set_rate(uint64_t pir, uint32_t idle_ms)
{
	const struct raceway_dp_rate rate = {
		.pir_bps = pir,
		.pbs_bytes = PIR / 8,
		.idle_ms = idle_ms,
	};

	bed_vnic(&bed, L)->dir[RACEWAY_TX] = bed_vnic(&bed, A)->dir[RACEWAY_TX] = rate;
	bed_fill(&bed);
}

static void setup(void)
{
	bed_open(&bed);
	set_rate(PIR, RACEWAY_IDLE_MS);
	uplink()->flags |= RACEWAY_LEAVING_FQ;
}

TestSuite(pace, .init = setup);

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * RACEWAY_NSEC_PER_SEC + (uint64_t)now.tv_nsec;
}

/* `payload` bytes behind IPv4 and TCP (or as much behind UDP), from L, or from A at a fabric port.
 * Returns the departure time that the frame was given. */
static uint64_t send_from(uint32_t from, uint32_t to, uint8_t proto, uint32_t payload)
{
	static uint8_t in[2048], out[2048];
	struct __sk_buff ctx = {
		.ifindex = bed.ifindex[from == L ? H1 : F1],
		.tstamp = guest_says,
	};
	int prog = bed.dp->prog[from == L ? RACEWAY_PROG_VNIC : RACEWAY_PROG_TC];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = in, .data_size_in = HEADERS + payload,
		    .data_out = out, .data_size_out = sizeof(out), .ctx_in = &ctx,
		    .ctx_size_in = sizeof(ctx), .ctx_out = &ctx, .ctx_size_out = sizeof(ctx),
		    .repeat = 1);

	memset(in, 0, sizeof(in));
	memcpy(in, mac_of(to), 6);
	memcpy(in + 6, mac_of(from), 6);
	in[12] = 0x08;
	in[14] = 0x45;
	in[16] = (uint8_t)((40 + payload) >> 8);
	in[17] = (uint8_t)(40 + payload);
	in[23] = proto;
	in[46] = 0x50;
	cr_assert(!bpf_prog_test_run_opts(prog, &opts), "%m");
	cr_assert_eq(opts.retval, TC_ACT_REDIRECT);
	return ctx.tstamp;
}

static uint64_t send_ip(uint32_t to, uint8_t proto, uint32_t payload)
{
	return send_from(L, to, proto, payload);
}

/* Sends until the flow has frames that wait. */
static void fill_up(void)
{
	for (int i = 0; i < ENOUGH; i++)
		(void)send_ip(X, TCP, FULL);
}

Test(pace, tcp_leaves_at_the_peak_rate)
{
	uint64_t cost = (HEADERS + FULL) * 8 * RACEWAY_NSEC_PER_SEC / PIR, last = 0;
	uint64_t began = now_ns(), most = RACEWAY_IDLE_MS * 1000000ULL * 3 / 4;
	int timed = 0, spaced = 0;

	for (int i = 0; i < MANY; i++) {
		uint64_t leaves = send_ip(X, TCP, FULL);

		cr_assert_geq(leaves, last, "none leaves before the one before it");
		timed += !!leaves;
		spaced += last && leaves >= last + cost - 1 && leaves <= last + cost + 1;
		last = leaves ? leaves : last;
	}
	/* 26 frames are the 4 ms that may leave at once; the rest is by the rate. */
	cr_expect_geq(timed, MANY - (int)(LATE_NS / cost) - 2);
	cr_expect_geq(spaced, timed - 3);
	cr_expect_leq(last, began + MANY * cost);
	cr_expect_leq(last, now_ns() + most);
}

/* What an idle vNIC has are two frames then, and last for longer than any frame may wait. */
Test(pace, no_frame_of_a_low_rate_waits_for_seconds)
{
	uint64_t leaves;

	set_rate(10000, RACEWAY_IDLE_MS);
	cr_expect_eq(send_ip(X, TCP, FULL), 0);
	leaves = send_ip(X, TCP, FULL / 3); /* after 1.2 s by the rate */
	cr_expect_leq(leaves, now_ns() + RACEWAY_NSEC_PER_SEC);
	cr_expect_geq(leaves, now_ns() + RACEWAY_NSEC_PER_SEC / 2);
}

Test(pace, only_tcp_with_data)
{
	fill_up();
	cr_expect_neq(send_ip(X, TCP, 1), 0);
	cr_expect_eq(send_ip(X, TCP, 0), 0, "a pure ACK");
}

Test(pace, no_datagram)
{
	for (int i = 0; i < ENOUGH; i++)
		cr_assert_eq(send_ip(X, UDP, FULL), 0);
	for (int i = 0; i < ENOUGH; i++)
		cr_assert_eq(send_ip(X, ICMP, FULL), 0);
}

Test(pace, only_where_the_port_has_fq)
{
	fill_up();
	uplink()->flags &= ~RACEWAY_LEAVING_FQ;
	cr_expect_eq(send_ip(X, TCP, FULL), 0);
	uplink()->flags |= RACEWAY_LEAVING_FQ;
	fill_up();
	cr_expect_eq(send_ip(A, TCP, FULL), 0, "another port");
	bed_fill(&bed);
	fill_up();
	cr_expect_neq(send_ip(X, TCP, FULL), 0, "a fill knows nothing of qdiscs");
}

/* What waited leaves later than it was charged. */
Test(pace, a_depth_leaves_room_for_what_waits)
{
	const struct raceway_vnic *local = &bed.dp->vnics[L], *other = &bed.dp->vnics[A];
	uint64_t most = RACEWAY_IDLE_MS * 1000000ULL * 3 / 4;
	uint64_t depth = local->slot[local->valid & 1].dir[RACEWAY_TX].excess.depth;

	cr_expect_eq(other->slot[other->valid & 1].dir[RACEWAY_TX].excess.depth - depth,
		     raceway_ticks(most));
}

Test(pace, only_local_vnics)
{
	for (int i = 0; i < ENOUGH; i++)
		cr_assert_eq(send_from(A, X, TCP, FULL), 0);
}

Test(pace, a_guest_cannot_put_off_its_frames)
{
	guest_says = now_ns() + 5 * RACEWAY_NSEC_PER_SEC;
	cr_expect_eq(send_ip(X, UDP, FULL), 0);
	cr_expect_eq(send_ip(X, TCP, FULL), 0);
	fill_up();
	cr_expect_leq(send_ip(X, TCP, FULL), now_ns() + RACEWAY_IDLE_MS * 1000000ULL);
	uplink()->flags &= ~RACEWAY_LEAVING_FQ;
	cr_expect_eq(send_ip(X, TCP, FULL), 0, "fq that is not known yet");
}

Test(pace, only_where_nobody_chose_a_burst)
{
	set_rate(PIR, 0);
	fill_up();
	cr_expect_eq(send_ip(X, TCP, FULL), 0);
	set_rate(0, RACEWAY_IDLE_MS);
	fill_up();
	cr_expect_eq(send_ip(X, TCP, FULL), 0, "no peak rate");
	set_rate(PIR, RACEWAY_IDLE_MS);
	fill_up();
	cr_expect_neq(send_ip(X, TCP, FULL), 0);
}
